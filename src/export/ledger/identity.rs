//! Which row has an identity, without a write at a random place for each new item.
//!
//! Identities are hashes, so an index of them is written at random: a page for each item. Here new identities stay in memory and
//! join the table `identities` together, sorted. The rows hold them as well, so nothing is lost with the memory: what is above
//! the mark in `identified` is read again when the feed is begun.
//!
//! In a copy of a shared ledger other nodes' rows come in as well, and their identities join the table at once. Only those of the rows
//! that this worker adds wait: the mark is the last number that it had given before, and [`ALL`] when none waits.

use rusqlite::{OptionalExtension, params};

use super::bloom_filter::BloomFilter;
use super::feed_code;
use super::identity_table::{ALL, in_table, is_row_of, keep_up_to, key, put, up_to};
use super::new_identities::NewIdentities;
use super::store::{Mode, Store};
use crate::domain::Feed;
use crate::feeds::item::Sha1Hash;

/// How many new identities wait in memory, about 4 MB. Fewer would mean more passes over the table: it is about a page for two
/// hundred identities, and each time nearly all of its pages are written.
const MOST_WAITING: usize = 200_000;

impl Store {
    /// Reads which identities of a feed the table does not have yet: another process may have gone through the feed.
    pub(super) fn read_identities(&mut self, feed: Feed) -> rusqlite::Result<()> {
        let up_to = up_to(&self.connection, feed)?;
        let has_settled =
            self.connection.prepare_cached("SELECT 1 FROM identities WHERE feed = ?1")?.exists([feed_code(feed)])?;
        let settled = (!has_settled).then(BloomFilter::new);
        if up_to == ALL {
            let last = self.last_own_number();
            self.new_identities = NewIdentities::of(feed, last.unwrap_or(ALL), settled);
            return last.map_or(Ok(()), |last| keep_up_to(&self.connection, feed, last));
        }
        self.new_identities = NewIdentities::of(feed, up_to, settled);
        let mut select = self
            .connection
            .prepare_cached("SELECT id, feed_id FROM items NOT INDEXED WHERE id > ?1 AND feed = ?2 ORDER BY id")?;
        let mut rows = select.query([up_to, feed_code(feed)])?;
        while let Some(row) = rows.next()? {
            let (row, id) = (row.get(0)?, Sha1Hash(row.get(1)?));
            // A dry run writes nothing: in a case that hardly ever comes, it counts an item too many.
            if !self.new_identities.insert(key(&id), row) && self.mode == Mode::Keep {
                put(&self.connection, feed, key(&id), row)?;
            }
        }
        drop(rows);
        drop(select);
        if self.new_identities.len() == 0 && self.last_own_number().is_none() {
            // What other feeds have added is not read again.
            return self.settle();
        }
        self.settle_identities_if_many()
    }

    /// The newest number that this worker has given to a row, in a copy of a shared ledger.
    fn last_own_number(&self) -> Option<i64> {
        self.replica.as_ref().filter(|_| self.mode == Mode::Keep).map(|replica| replica.numbers.last())
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
        let key = key(&id);
        if let Some(row) = self.new_identities.get(key)
            && is_row_of(&self.connection, feed, id, row)?
        {
            return Ok(Some(row));
        }
        match &self.new_identities.settled {
            Some(settled) if !settled.may_have(key) => Ok(None),
            _ => in_table(&self.connection, feed, id),
        }
    }

    /// Takes note of the row of a new identity.
    pub(super) fn add_identity(&mut self, feed: Feed, id: Sha1Hash, row: i64) -> rusqlite::Result<()> {
        let key = key(&id);
        if row > self.new_identities.up_to && self.new_identities.insert(key, row) {
            return Ok(());
        }
        // SQLite gave the number of a row that was forgotten; those above the mark alone are read again.
        if let Some(settled) = &mut self.new_identities.settled {
            settled.add(key);
        }
        put(&self.connection, feed, key, row)
    }

    /// Takes an identity out, with its row.
    pub(super) fn drop_identity(&mut self, row: i64) -> rusqlite::Result<()> {
        let sql = "SELECT feed, feed_id FROM items WHERE id = ?1";
        let mut select = self.connection.prepare_cached(sql)?;
        let found = select.query_row([row], |row| Ok((row.get::<_, i64>(0)?, Sha1Hash(row.get(1)?)))).optional()?;
        let Some((feed, id)) = found else { return Ok(()) };
        if !self.new_identities.remove(key(&id), row) {
            let sql = "DELETE FROM identities WHERE feed = ?1 AND key = ?2 AND id = ?3";
            self.connection.prepare_cached(sql)?.execute(params![feed, key(&id), row])?;
        }
        Ok(())
    }

    /// Moves the new identities into the table, at the end of a feed.
    pub(in crate::export) fn settle_identities(&mut self) -> rusqlite::Result<()> {
        // The filter is for those that are still to come.
        self.new_identities.settled = None;
        self.settle()?;
        match self.new_identities.feed {
            Some(feed) if self.last_own_number().is_some() => {
                self.new_identities.up_to = ALL;
                keep_up_to(&self.connection, feed, ALL)
            }
            _ => Ok(()),
        }
    }

    /// Moves the new identities into the table. A dry run writes nothing and keeps them.
    fn settle(&mut self) -> rusqlite::Result<()> {
        let Some(feed) = self.new_identities.feed.filter(|_| self.mode == Mode::Keep) else { return Ok(()) };
        if self.new_identities.up_to == ALL {
            return Ok(());
        }
        let newest = match self.last_own_number() {
            Some(last) => last,
            None => self
                .connection
                .prepare_cached("SELECT coalesce(max(id), 0) FROM items")?
                .query_row([], |row| row.get(0))?,
        };
        if self.new_identities.up_to == newest {
            return Ok(());
        }
        // Sorted, so that each page of the table is written once.
        for (key, row) in self.new_identities.drain() {
            if let Some(settled) = &mut self.new_identities.settled {
                settled.add(key);
            }
            put(&self.connection, feed, key, row)?;
        }
        keep_up_to(&self.connection, feed, newest)?;
        self.new_identities.up_to = newest;
        Ok(())
    }

    /// Moves the new identities into the table once they are many.
    pub(super) fn settle_identities_if_many(&mut self) -> rusqlite::Result<()> {
        if self.new_identities.len() >= MOST_WAITING {
            self.settle()?;
        }
        Ok(())
    }
}
