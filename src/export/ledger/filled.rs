//! The tables (or files) that a feed was read from and that had something in them at its last compare.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::params;

use super::feed_code;
use super::store::Store;
use crate::domain::Feed;

/// After how long an empty table is believed: time for a person to notice, and an end for a shop that nobody looks at.
const BELIEVED_AFTER: Duration = Duration::from_hours(24);

impl Store {
    /// What must have something in it before the feed is read: what had at the last compare, but for what has been found empty
    /// for a day.
    pub fn filled(&self, feed: Feed, now: Timestamp) -> rusqlite::Result<BTreeSet<String>> {
        let believed = now.saturating_sub(BELIEVED_AFTER).unwrap_or(now).as_millisecond();
        let sql = "SELECT name FROM filled WHERE feed = ?1 AND (empty_since IS NULL OR empty_since > ?2)";
        let mut select = self.connection.prepare_cached(sql)?;
        let names = select.query_map(params![feed_code(feed), believed], |row| row.get(0))?;
        names.collect()
    }

    /// Writes down what had something in it at this compare.
    pub fn remember_filled(&mut self, feed: Feed, names: &BTreeSet<String>) -> rusqlite::Result<()> {
        self.connection.prepare_cached("DELETE FROM filled WHERE feed = ?1")?.execute([feed_code(feed)])?;
        let mut insert = self.connection.prepare_cached("INSERT INTO filled (feed, name) VALUES (?1, ?2)")?;
        for name in names {
            insert.execute(params![feed_code(feed), name])?;
        }
        Ok(())
    }

    /// Writes down that something was found empty, unless it was before.
    pub fn found_empty(&mut self, feed: Feed, name: &str, now: Timestamp) -> rusqlite::Result<()> {
        let sql = "UPDATE filled SET empty_since = ?3 WHERE feed = ?1 AND name = ?2 AND empty_since IS NULL";
        self.connection.prepare_cached(sql)?.execute(params![feed_code(feed), name, now.as_millisecond()])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DataSpaceId;

    #[test]
    fn an_empty_table_is_believed_after_a_day_and_one_that_was_filled_again_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let space: DataSpaceId = "6e1b5ac8-6d26-4f7c-9f0c-1c1f7c6f5f10".parse().expect("an id");
        let mut store = Store::open(directory.path(), &space).expect("a ledger");
        let (feed, now) = (Feed::Prices, Timestamp::from_second(1_800_000_000).expect("a time"));
        let names = BTreeSet::from(["store".to_owned(), "url_rewrite".to_owned()]);
        store.remember_filled(feed, &names).expect("written");
        store.found_empty(feed, "store", now).expect("written");
        let later = |hours| now + jiff::SignedDuration::from_hours(hours);
        store.found_empty(feed, "store", later(20)).expect("written");
        assert_eq!(store.filled(feed, later(23)).expect("names"), names);
        assert_eq!(store.filled(feed, later(24)).expect("names"), BTreeSet::from(["url_rewrite".to_owned()]));
        assert!(store.filled(Feed::Orders, now).expect("names").is_empty());
        store.remember_filled(feed, &names).expect("written");
        assert_eq!(store.filled(feed, later(24)).expect("names"), names);
    }
}
