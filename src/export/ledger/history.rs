//! What is kept of an item beside its present state: earlier states, and the payload in which it left last.
//!
//! Payloads are kept as the compressed bodies that were sent, so keeping them costs no work and little room: the items of a
//! body compress together. A body stays for as long as it is the last of at least one item.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::feed_code;
use super::journal::{count, ranges};
use super::replica::Replica;
use super::store::Store;
use crate::domain::Feed;

/// How many states of an item are remembered, the present one among them: enough to see whether a failure comes back, and a
/// few kilobytes for an item that always fails.
pub(super) const KEPT_ATTEMPTS: usize = 10;

impl Store {
    /// Puts the present state of a row, which is about to be overwritten, to its earlier ones. A row without an answer has none.
    pub(super) fn remember_attempt(&self, row: i64) -> rusqlite::Result<()> {
        let mut insert = self.connection.prepare_cached(
            "INSERT OR REPLACE INTO attempts (item, at, status, error, code, request_id)
             SELECT id, modified_at, status, error, code, request_id FROM items WHERE id = ?1 AND status IS NOT NULL",
        )?;
        if insert.execute([row])? == 0 {
            return Ok(());
        }
        let mut trim = self.connection.prepare_cached(
            "DELETE FROM attempts WHERE item = ?1
                 AND at <= (SELECT at FROM attempts WHERE item = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2)",
        )?;
        trim.execute([row, count(KEPT_ATTEMPTS - 1)]).map(drop)
    }

    /// Keeps the body of a request, to which no item points yet; returns its number.
    pub(super) fn keep_payload(&mut self, feed: Feed, gzip: &[u8], now: Timestamp) -> rusqlite::Result<i64> {
        let number = Replica::number(&mut self.replica);
        let mut insert =
            self.connection.prepare_cached("INSERT INTO payloads (feed, sent_at, items, id) VALUES (?1, ?2, 0, ?3)")?;
        let payload = insert.insert(params![feed_code(feed), now.as_millisecond(), number])?;
        self.connection.prepare_cached("INSERT INTO bodies VALUES (?1, ?2)")?.execute(params![payload, gzip])?;
        Ok(payload)
    }

    /// So many more items point to a payload.
    pub(super) fn point_to_payload(&self, payload: Option<i64>, items: usize) -> rusqlite::Result<()> {
        let Some(payload) = payload.filter(|_| items > 0) else { return Ok(()) };
        let mut update = self.connection.prepare_cached("UPDATE payloads SET items = items + ?2 WHERE id = ?1")?;
        update.execute([payload, count(items)]).map(drop)
    }

    /// These rows point to their payloads no more; what then nobody points to is dropped.
    pub(super) fn leave_payloads(&self, rows: impl IntoIterator<Item = i64>) -> rusqlite::Result<()> {
        let mut left: BTreeMap<i64, i64> = BTreeMap::new();
        let sql = "SELECT payload FROM items WHERE id BETWEEN ?1 AND ?2 AND payload IS NOT NULL";
        let mut select = self.connection.prepare_cached(sql)?;
        for range in ranges(rows) {
            for payload in select.query_map(range, |row| row.get(0))? {
                *left.entry(payload?).or_default() += 1;
            }
        }
        for (payload, items) in left {
            let mut update = self
                .connection
                .prepare_cached("UPDATE payloads SET items = items - ?2 WHERE id = ?1 RETURNING items")?;
            let rest: Option<i64> = update.query_row([payload, items], |row| row.get(0)).optional()?;
            if rest.is_some_and(|rest| rest <= 0) {
                self.drop_payload(payload)?;
            }
        }
        Ok(())
    }

    /// Drops the payloads of a feed, by its number in the file, to which no item points.
    pub(super) fn drop_unused_payloads(&self, feed: i64) -> rusqlite::Result<()> {
        let sql = "SELECT id FROM payloads INDEXED BY payloads_unused WHERE feed = ?1 AND items <= 0";
        let mut select = self.connection.prepare_cached(sql)?;
        let unused = select.query_map([feed], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
        unused.into_iter().try_for_each(|payload| self.drop_payload(payload))
    }

    fn drop_payload(&self, payload: i64) -> rusqlite::Result<()> {
        self.connection.prepare_cached("DELETE FROM payloads WHERE id = ?1")?.execute([payload])?;
        self.connection.prepare_cached("DELETE FROM bodies WHERE payload = ?1")?.execute([payload]).map(drop)
    }

    /// Drops the payloads of a feed. Items continue pointing to them, and find nothing.
    pub fn drop_payloads(&mut self, feed: Feed) -> rusqlite::Result<()> {
        let bodies = "DELETE FROM bodies WHERE payload IN (SELECT id FROM payloads WHERE feed = ?1)";
        self.connection.execute(bodies, [feed_code(feed)])?;
        self.connection.execute("DELETE FROM payloads WHERE feed = ?1", [feed_code(feed)]).map(drop)
    }
}
