//! Which row has an identity, without a write at a random place for each new item.
//!
//! Identities are hashes, so an index of them is written at random: a page for each item. Here new identities stay in memory and
//! join the table `identities` together, sorted. The rows hold them as well, so nothing is lost with the memory: what is above
//! the mark in `identified` is read again when the feed is begun.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::bloom_filter::BloomFilter;
use super::feed_code;
use super::new_identities::NewIdentities;
use super::store::{Mode, Store};
use crate::domain::Feed;
use crate::feeds::item::Sha1Hash;

/// How many new identities wait in memory, about 9 MB. Fewer would mean more passes over the table: it is about a page for two
/// hundred identities, and each time nearly all of its pages are written.
const MOST_WAITING: usize = 200_000;

/// How many bytes of an identity the table holds: enough that two are hardly ever alike; the row has all of it.
const KEY_BYTES: usize = 8;

impl Store {
    /// Reads which identities of a feed the table does not have yet: another process may have gone through the feed.
    pub(super) fn read_identities(&mut self, feed: Feed) -> rusqlite::Result<()> {
        let up_to = up_to(&self.connection, feed)?;
        let has_settled =
            self.connection.prepare_cached("SELECT 1 FROM identities WHERE feed = ?1")?.exists([feed_code(feed)])?;
        let settled = (!has_settled).then(BloomFilter::default);
        self.new_identities = NewIdentities { feed: Some(feed), up_to, settled, rows: HashMap::new() };
        let mut select = self
            .connection
            .prepare_cached("SELECT id, feed_id FROM items NOT INDEXED WHERE id > ?1 AND feed = ?2 ORDER BY id")?;
        let mut rows = select.query([up_to, feed_code(feed)])?;
        while let Some(row) = rows.next()? {
            self.new_identities.rows.insert(Sha1Hash(row.get(1)?), row.get(0)?);
        }
        drop(rows);
        drop(select);
        if self.new_identities.rows.is_empty() {
            // What other feeds have added is not read again.
            return self.settle_identities();
        }
        self.settle_identities_if_many()
    }

    /// As [`Self::read_identities`], unless that feed is at hand already.
    pub(super) fn go_to_feed(&mut self, feed: Feed) -> rusqlite::Result<()> {
        if self.new_identities.feed == Some(feed) {
            return Ok(());
        }
        self.settle_identities()?;
        self.read_identities(feed)
    }

    /// The row of an identity.
    pub(super) fn row_of_identity(&self, feed: Feed, id: Sha1Hash) -> rusqlite::Result<Option<i64>> {
        debug_assert_eq!(self.new_identities.feed, Some(feed), "the feed that was begun");
        match self.new_identities.rows.get(&id) {
            Some(row) => Ok(Some(*row)),
            None if self.new_identities.settled.as_ref().is_some_and(|settled| !settled.may_have(&id)) => Ok(None),
            None => in_table(&self.connection, feed, id),
        }
    }

    /// Takes note of the row of a new identity.
    pub(super) fn add_identity(&mut self, feed: Feed, id: Sha1Hash, row: i64) -> rusqlite::Result<()> {
        if row > self.new_identities.up_to {
            self.new_identities.rows.insert(id, row);
            return Ok(());
        }
        // SQLite gave the number of a row that was forgotten; those above the mark alone are read again.
        if let Some(settled) = &mut self.new_identities.settled {
            settled.add([id].iter());
        }
        put(&self.connection, feed, &id, row)
    }

    /// Takes an identity out, with its row.
    pub(super) fn drop_identity(&mut self, row: i64) -> rusqlite::Result<()> {
        let sql = "SELECT feed, feed_id FROM items WHERE id = ?1";
        let mut select = self.connection.prepare_cached(sql)?;
        let found = select.query_row([row], |row| Ok((row.get::<_, i64>(0)?, Sha1Hash(row.get(1)?)))).optional()?;
        let Some((feed, id)) = found else { return Ok(()) };
        if self.new_identities.rows.remove(&id).is_none() {
            let sql = "DELETE FROM identities WHERE feed = ?1 AND key = ?2 AND id = ?3";
            self.connection.prepare_cached(sql)?.execute(params![feed, key(&id), row])?;
        }
        Ok(())
    }

    /// Moves the new identities into the table. A dry run writes nothing and keeps them.
    pub(in crate::export) fn settle_identities(&mut self) -> rusqlite::Result<()> {
        let Some(feed) = self.new_identities.feed.filter(|_| self.mode == Mode::Keep) else { return Ok(()) };
        let newest = self
            .connection
            .prepare_cached("SELECT coalesce(max(id), 0) FROM items")?
            .query_row([], |row| row.get(0))?;
        if self.new_identities.up_to == newest {
            return Ok(());
        }
        if let Some(settled) = &mut self.new_identities.settled {
            settled.add(self.new_identities.rows.keys());
        }
        let mut new: Vec<(Sha1Hash, i64)> = self.new_identities.rows.drain().collect();
        // Sorted, so that each page of the table is written once.
        new.sort_unstable();
        for (id, row) in new {
            put(&self.connection, feed, &id, row)?;
        }
        let mut keep = self.connection.prepare_cached("INSERT OR REPLACE INTO identified VALUES (?1, ?2)")?;
        keep.execute([feed_code(feed), newest])?;
        self.new_identities.up_to = newest;
        Ok(())
    }

    /// Moves the new identities into the table once they are many.
    pub(super) fn settle_identities_if_many(&mut self) -> rusqlite::Result<()> {
        if self.new_identities.rows.len() >= MOST_WAITING {
            self.settle_identities()?;
        }
        Ok(())
    }
}

/// Up to which row the table has the identities of a feed.
fn up_to(connection: &Connection, feed: Feed) -> rusqlite::Result<i64> {
    let mut select = connection.prepare_cached("SELECT up_to FROM identified WHERE feed = ?1")?;
    Ok(select.query_row([feed_code(feed)], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// What the table holds of an identity. Made here and not by the statement, which SQLite would then compile anew each time.
fn key(id: &Sha1Hash) -> &[u8] {
    &id.0[..KEY_BYTES]
}

fn put(connection: &Connection, feed: Feed, id: &Sha1Hash, row: i64) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO identities VALUES (?1, ?2, ?3)")?;
    insert.execute(params![feed_code(feed), key(id), row]).map(drop)
}

fn in_table(connection: &Connection, feed: Feed, id: Sha1Hash) -> rusqlite::Result<Option<i64>> {
    let mut select = connection.prepare_cached(
        "SELECT i.id FROM identities k CROSS JOIN items i
         WHERE k.feed = ?1 AND k.key = ?2 AND i.id = k.id AND i.feed = ?1 AND i.feed_id = ?3",
    )?;
    select.query_row(params![feed_code(feed), key(&id), id.0], |row| row.get(0)).optional()
}

/// The row of an identity, from outside of a run: what the table does not have yet is looked for among the newest rows.
pub(super) fn find(connection: &Connection, feed: Feed, id: Sha1Hash) -> rusqlite::Result<Option<i64>> {
    if let Some(row) = in_table(connection, feed, id)? {
        return Ok(Some(row));
    }
    let sql = "SELECT id FROM items NOT INDEXED WHERE id > ?1 AND feed = ?2 AND feed_id = ?3";
    let mut select = connection.prepare_cached(sql)?;
    select.query_row(params![up_to(connection, feed)?, feed_code(feed), id.0], |row| row.get(0)).optional()
}

/// Fills the table from all rows, as a repair does that has made these.
pub(super) fn index_all(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute(
        &format!(
            "INSERT INTO identities SELECT feed, substr(feed_id, 1, {KEY_BYTES}), id FROM items ORDER BY feed, feed_id, id"
        ),
        [],
    )?;
    connection.execute("INSERT INTO identified SELECT feed, max(id) FROM items GROUP BY feed", []).map(drop)
}
