//! What is compared again: a log is written before the indexes that items are read from, and before a save is done.
//!
//! Also which products ever showed which: when one is gone, its database takes along the rows that say it.

use std::collections::BTreeMap;

use rusqlite::params;

use super::store::Store;
use super::{feed_code, signed};
use crate::domain::Feed;
use crate::feeds::source::changes::Shown;

/// The newest version in the log of each index, by view.
pub(in crate::export) type Marks = BTreeMap<String, u64>;

/// Keys that are compared again, as one pass named them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::export) struct Group {
    /// Its number.
    pub id: i64,
    /// When it was named, by the database server's clock.
    pub since: i64,
    /// Where the indexes must get to.
    pub marks: Marks,
}

/// What a pass changes of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::export) struct Recheck {
    /// When this pass named its keys, by the database server's clock.
    pub since: i64,
    /// Where the indexes' logs stood before a record was read.
    pub marks: Marks,
    /// The groups that were compared for the last time.
    pub done: Vec<i64>,
    /// Whether named keys are compared again at all.
    pub is_wanted: bool,
}

impl Store {
    /// The groups of a feed.
    pub fn rechecks(&self, feed: Feed) -> rusqlite::Result<Vec<Group>> {
        let mut select =
            self.connection.prepare_cached("SELECT id, since, marks FROM rechecks WHERE feed = ?1 ORDER BY id")?;
        let groups = select.query_map([feed_code(feed)], |row| {
            let marks: String = row.get(2)?;
            Ok(Group { id: row.get(0)?, since: row.get(1)?, marks: serde_json::from_str(&marks).unwrap_or_default() })
        })?;
        groups.collect()
    }

    /// Chooses the keys of a group.
    pub fn choose_group(&mut self, feed: Feed, group: i64) -> rusqlite::Result<()> {
        let sql =
            "INSERT OR IGNORE INTO temp.chosen_keys SELECT key FROM recheck_keys WHERE feed = ?1 AND recheck = ?2";
        self.connection.prepare_cached(sql)?.execute([feed_code(feed), group]).map(drop)
    }

    /// Takes note that the records with these keys were named, and chooses them if `is_chosen`.
    pub fn name_keys(&mut self, keys: &[u64], is_chosen: bool) -> rusqlite::Result<()> {
        if is_chosen {
            self.choose_keys(keys)?;
        }
        let mut insert = self.connection.prepare_cached("INSERT OR IGNORE INTO temp.named_keys VALUES (?1)")?;
        for key in keys.iter().filter_map(|key| i64::try_from(*key).ok()) {
            insert.execute([key])?;
        }
        Ok(())
    }

    /// Keeps what was named, to be compared again, and lets go of what was compared for the last time.
    pub(super) fn keep_recheck(&mut self, feed: Feed, recheck: &Recheck) -> rusqlite::Result<()> {
        let code = feed_code(feed);
        let mut keys = self.connection.prepare_cached("DELETE FROM recheck_keys WHERE feed = ?1 AND recheck = ?2")?;
        for group in &recheck.done {
            keys.execute([code, *group])?;
        }
        if recheck.is_wanted {
            let next = "SELECT coalesce(max(id), 0) + 1 FROM rechecks WHERE feed = ?1";
            let id: i64 = self.connection.query_row(next, [code], |row| row.get(0))?;
            let sql = "INSERT OR REPLACE INTO recheck_keys SELECT ?1, key, ?2 FROM temp.named_keys";
            if self.connection.execute(sql, [code, id])? > 0 {
                // Numbers and texts always serialize.
                let marks = serde_json::to_string(&recheck.marks).unwrap_or_default();
                let sql = "INSERT INTO rechecks (feed, id, since, marks) VALUES (?1, ?2, ?3, ?4)";
                self.connection.execute(sql, params![code, id, recheck.since, marks])?;
            }
        }
        let empty = "DELETE FROM rechecks WHERE feed = ?1 AND NOT EXISTS
                     (SELECT 1 FROM recheck_keys k WHERE k.feed = rechecks.feed AND k.recheck = rechecks.id)";
        self.connection.prepare_cached(empty)?.execute([code]).map(drop)
    }

    /// Takes note of which products show which; what was so once is never forgotten.
    pub fn remember_shown(&mut self, pairs: &[Shown]) -> rusqlite::Result<()> {
        let mut insert = self.connection.prepare_cached("INSERT OR IGNORE INTO shown VALUES (?1, ?2, ?3)")?;
        for Shown { shown, holder, is_part } in pairs {
            insert.execute(params![signed(*shown), signed(*holder), is_part])?;
        }
        Ok(())
    }

    /// The products that show one of these or ever did, and the parts that these have or had; with `with_links`, also those that
    /// show them beside themselves only.
    pub fn partners(&self, keys: &[u64], with_links: bool) -> rusqlite::Result<Vec<u64>> {
        let mut partners = Vec::new();
        let least = i64::from(!with_links);
        let sql = format!("SELECT holder FROM shown WHERE shown = ?1 AND is_part >= {least}");
        let mut holders = self.connection.prepare_cached(&sql)?;
        let mut parts = self.connection.prepare_cached("SELECT shown FROM shown WHERE holder = ?1 AND is_part = 1")?;
        for key in keys {
            for select in [&mut holders, &mut parts] {
                let mut rows = select.query([signed(*key)])?;
                while let Some(row) = rows.next()? {
                    partners.extend(u64::try_from(row.get::<_, i64>(0)?).ok());
                }
            }
        }
        partners.sort_unstable();
        partners.dedup();
        Ok(partners)
    }
}
