//! Sweep: what the ledger has and the source has not. It runs only after a feed, or all that was chosen of it, was collected.

use jiff::Timestamp;
use rusqlite::{CachedStatement, params};

use super::compare::{Outgoing, Why, wire_key};
use super::store::{Mode, Store};
use super::{feed_code, status};
use crate::feeds::item::{FeedItem, Sha1Hash};
use crate::untrusted::SafeText;

/// How many index entries one step looks at: a few milliseconds, so that answers of other batches do not wait long, and
/// at most about a megabyte of deletions in memory.
const STEP: i64 = 2_000;

/// What one step of the sweep found.
#[derive(Debug, Default)]
pub(in crate::export) struct Swept {
    /// The deletions to send; the intent is already kept.
    pub gone: Vec<Outgoing>,
    /// Where to go on; `None` = the feed is swept.
    pub next: Option<Sha1Hash>,
}

struct Row {
    id: i64,
    feed_id: [u8; 20],
    source_id: Option<i64>,
    label: String,
    minimal: Vec<u8>,
    deleted: bool,
    status: Option<i64>,
    was_sent: bool,
}

impl Store {
    /// Looks at the next rows of the feed, in identity order, after `after`.
    ///
    /// The order is that of the unique index: it alone tells the row ids, so that rows which are still there are never
    /// read from the table.
    pub fn sweep(&mut self, after: Option<Sha1Hash>, now: Timestamp) -> rusqlite::Result<Swept> {
        let mut swept = Swept::default();
        let mut unseen = Vec::new();
        let mut entries = self.connection.prepare_cached(
            "SELECT id, feed_id FROM items WHERE feed = ?1 AND feed_id > ?2 ORDER BY feed_id LIMIT ?3",
        )?;
        let after: &[u8] = after.as_ref().map_or(&[], |hash| &hash.0);
        let mut rows = entries.query(params![feed_code(self.pass.feed), after, STEP])?;
        let mut met = 0;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            met += 1;
            if !self.pass.seen.contains(id) {
                unseen.push(id);
            }
            if met == STEP {
                swept.next = Some(Sha1Hash(row.get(1)?));
            }
        }
        drop(rows);
        drop(entries);
        for id in unseen {
            swept.gone.extend(self.gone(id, now)?);
        }
        Ok(swept)
    }

    /// The deletion to send for a row that was not seen, if any; the intent is kept.
    pub(super) fn gone(&self, id: i64, now: Timestamp) -> rusqlite::Result<Option<Outgoing>> {
        let row = self.row(id)?;
        Ok(self.judge(&row, now)?.map(|item| Outgoing { row: row.id, item, why: Why::Gone }))
    }

    /// The deletion to send for a row that was not seen, if any.
    fn judge(&self, row: &Row, now: Timestamp) -> rusqlite::Result<Option<FeedItem>> {
        if row.deleted && row.status == Some(status::SUBMITTED) {
            return Ok(None);
        }
        let item = FeedItem::deletion(
            self.pass.feed,
            Sha1Hash(row.feed_id),
            row.source_id.and_then(|id| u64::try_from(id).ok()),
            SafeText::new(&row.label),
            row.minimal.clone(),
            now,
        );
        if !row.was_sent || self.is_superseded(row.id, &item)? {
            self.forget(row.id)?;
            return Ok(None);
        }
        self.intend(row.id, &item, now)?;
        Ok(Some(item))
    }

    /// Whether an item that the source has goes by the same minimal payload: then a deletion would hit that one.
    fn is_superseded(&self, row: i64, item: &FeedItem) -> rusqlite::Result<bool> {
        let Some(wire) = wire_key(item) else { return Ok(false) };
        let mut twins: CachedStatement<'_> = self.connection.prepare_cached(
            "SELECT id FROM items WHERE feed = ?1 AND wire = ?2 AND wire IS NOT NULL AND minimal = ?3 AND id <> ?4",
        )?;
        let mut rows = twins.query(params![feed_code(item.feed), wire, item.minimal, row])?;
        while let Some(twin) = rows.next()? {
            if self.pass.seen.contains(twin.get(0)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn forget(&self, row: i64) -> rusqlite::Result<()> {
        if self.mode == Mode::Keep {
            self.leave_payloads(&[row])?;
            self.connection.prepare_cached("DELETE FROM attempts WHERE item = ?1")?.execute([row])?;
            self.connection.prepare_cached("DELETE FROM items WHERE id = ?1")?.execute([row])?;
        }
        Ok(())
    }

    fn row(&self, id: i64) -> rusqlite::Result<Row> {
        let mut select = self.connection.prepare_cached(
            "SELECT feed_id, source_id, label, minimal, deleted, status, batch IS NOT NULL FROM items WHERE id = ?1",
        )?;
        select.query_row([id], |row| {
            Ok(Row {
                id,
                feed_id: row.get(0)?,
                source_id: row.get(1)?,
                label: row.get(2)?,
                minimal: row.get(3)?,
                deleted: row.get(4)?,
                status: row.get(5)?,
                was_sent: row.get(6)?,
            })
        })
    }
}
