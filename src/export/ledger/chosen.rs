//! What is chosen of a feed that is not gone through whole: source keys and rows, beside the file, so that a million of them
//! cost no memory; and the sweep that is limited to them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::params;

use super::feed_code;
use super::listing::Needle;
use super::status::{self, OPEN, ranges_of};
use super::store::Store;
use super::sweep::SweepScope;
use crate::domain::Feed;
use crate::export::progress::ItemState;

/// How many keys, or rows, one step of a sweep looks at; see `sweep`.
const STEP: i64 = 1_000;

/// Items without an answer, and those whose last attempt failed for now.
fn unsettled() -> String {
    format!("{OPEN} AND (status IS NULL OR status NOT IN ({}))", status::settled())
}

/// Which rows a sweep looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::export) enum Reach {
    /// Those of the chosen keys, and the chosen rows.
    KeysAndRows,
    /// The chosen rows only.
    Rows,
}

impl Reach {
    /// Where its sweep begins.
    pub fn begin(self) -> SweepScope {
        match self {
            Reach::KeysAndRows => SweepScope::Key(i64::MIN),
            Reach::Rows => SweepScope::Row(i64::MIN),
        }
    }
}

/// The rows of the chosen keys between two. CROSS: from the few that are chosen to their items, see [`super::rolling::ITEMS_OF_CHOSEN`];
/// the plus sign has each key looked up by itself, and not all items between the two.
pub(super) const ROWS_OF_CHOSEN_KEYS: &str = "
    SELECT i.id FROM temp.chosen_keys k CROSS JOIN items i ON i.feed = ?1 AND i.source_id = +k.key
    WHERE k.key > ?2 AND k.key <= ?3";

impl Store {
    pub(super) fn choose_nothing(&mut self) -> rusqlite::Result<()> {
        self.connection
            .execute_batch("DELETE FROM temp.chosen_keys; DELETE FROM temp.chosen_rows; DELETE FROM temp.named_keys")
    }

    /// Chooses the records with these source keys.
    pub fn choose_keys(&mut self, keys: &[u64]) -> rusqlite::Result<()> {
        let mut insert = self.connection.prepare_cached("INSERT OR IGNORE INTO temp.chosen_keys VALUES (?1)")?;
        // A key beyond SQLite's integers is none that a ledger row could have.
        for key in keys.iter().filter_map(|key| i64::try_from(*key).ok()) {
            insert.execute([key])?;
        }
        Ok(())
    }

    /// Calls the items of records with these source keys seen: the records are there, and what they say cannot be read.
    pub fn see_keys(&mut self, keys: &[u64]) -> rusqlite::Result<()> {
        let mut rows = self.connection.prepare_cached("SELECT id FROM items WHERE feed = ?1 AND source_id = ?2")?;
        for key in keys.iter().filter_map(|key| i64::try_from(*key).ok()) {
            for id in rows.query_map([feed_code(self.pass.feed), key], |row| row.get::<_, i64>(0))? {
                self.pass.seen.insert(id?);
            }
        }
        Ok(())
    }

    /// Takes keys out of the choice: what is known of their records is not enough to call anything of them gone.
    pub fn spare_keys(&mut self, keys: &[u64]) -> rusqlite::Result<()> {
        let mut delete = self.connection.prepare_cached("DELETE FROM temp.chosen_keys WHERE key = ?1")?;
        let rows = "DELETE FROM temp.chosen_rows WHERE id IN (SELECT id FROM items WHERE feed = ?1 AND source_id = ?2)";
        let mut delete_rows = self.connection.prepare_cached(rows)?;
        for key in keys.iter().filter_map(|key| i64::try_from(*key).ok()) {
            delete.execute([key])?;
            delete_rows.execute([feed_code(self.pass.feed), key])?;
        }
        Ok(())
    }

    /// Chooses the records of all items that a full compare would send again even if they did not change: those without an
    /// answer, and those whose last attempt, before `rested_since`, is not final. An attempt that is dated after `now` counts as
    /// old: the clock was put back since, and may need years to get there.
    ///
    /// A broken record is not among them: its repair is a change, which the log tells.
    pub fn choose_unsettled(&mut self, rested_since: Timestamp, now: Timestamp) -> rusqlite::Result<()> {
        // One part for each range of `items_open`, so that the rows of a ledger in which nearly all is well are not read.
        let part = |statuses: &str| {
            format!(
                "SELECT source_id FROM items INDEXED BY items_open
                 WHERE feed = ?1 AND {statuses} AND source_id IS NOT NULL"
            )
        };
        let rested = |statuses: &str| part(&format!("{statuses} AND modified_at NOT BETWEEN ?2 + 1 AND ?3"));
        let open = ranges_of(ItemState::Awaiting).into_iter().map(|range| part(&range));
        let parts = open.chain(ranges_of(ItemState::WillRetry).into_iter().map(|range| rested(&range)));
        let parts = parts.collect::<Vec<_>>().join(" UNION ALL ");
        let sql = format!("INSERT OR IGNORE INTO temp.chosen_keys {parts}");
        let times = [rested_since, now].map(Timestamp::as_millisecond);
        self.connection.prepare_cached(&sql)?.execute(params![feed_code(self.pass.feed), times[0], times[1]])?;
        Ok(())
    }

    /// Chooses the records of items that are not settled and that this pass has not met: of a feed that is not read whole, such
    /// as orders, which leave the window of a full sync.
    pub fn choose_unmet(&mut self) -> rusqlite::Result<()> {
        let sql = format!(
            "SELECT id, source_id FROM items INDEXED BY items_open WHERE feed = ?1 AND {} AND source_id IS NOT NULL",
            unsettled()
        );
        let mut select = self.connection.prepare_cached(&sql)?;
        let mut insert = self.connection.prepare_cached("INSERT OR IGNORE INTO temp.chosen_keys VALUES (?1)")?;
        let mut rows = select.query([feed_code(self.pass.feed)])?;
        while let Some(row) = rows.next()? {
            if !self.pass.seen.contains(row.get(0)?) {
                insert.execute([row.get::<_, i64>(1)?])?;
            }
        }
        Ok(())
    }

    /// How many items of the feed are not settled: they have no answer, or the last attempt failed for now.
    pub fn count_unsettled(&self, feed: Feed) -> rusqlite::Result<u64> {
        let sql = format!("SELECT count(*) FROM items INDEXED BY items_open WHERE feed = ?1 AND {}", unsettled());
        let count: i64 = self.connection.prepare_cached(&sql)?.query_row([feed_code(feed)], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Chooses the rows whose last attempt failed with `error` in its text or code, whatever the case, and the keys of their
    /// records. Returns whether some have no key, so that only reading the whole source finds them.
    pub fn choose_failed(&mut self, error: &str) -> rusqlite::Result<bool> {
        let feed = feed_code(self.pass.feed);
        let rows = format!(
            "SELECT id, error, code FROM items INDEXED BY items_open WHERE feed = ?1 AND {OPEN} AND status IS NOT NULL"
        );
        let needle = Needle::new(error);
        let mut select = self.connection.prepare_cached(&rows)?;
        let mut insert = self.connection.prepare_cached("INSERT OR IGNORE INTO temp.chosen_rows VALUES (?1)")?;
        let mut failed = select.query([feed])?;
        while let Some(row) = failed.next()? {
            let has = |column| row.get_ref(column).map(|text| needle.is_in(text.as_str().unwrap_or_default()));
            if !needle.is_set() || has(1)? || has(2)? {
                insert.execute([row.get::<_, i64>(0)?])?;
            }
        }
        let keys = "INSERT OR IGNORE INTO temp.chosen_keys SELECT source_id FROM items
                    WHERE id IN (SELECT id FROM temp.chosen_rows) AND source_id IS NOT NULL";
        self.connection.prepare_cached(keys)?.execute([])?;
        let rest =
            "SELECT EXISTS (SELECT 1 FROM items WHERE id IN (SELECT id FROM temp.chosen_rows) AND source_id IS NULL)";
        self.connection.prepare_cached(rest)?.query_row([], |row| row.get(0))
    }

    /// Whether a row is chosen.
    pub(super) fn is_chosen_row(&self, row: i64) -> rusqlite::Result<bool> {
        self.connection.prepare_cached("SELECT 1 FROM temp.chosen_rows WHERE id = ?1")?.exists([row])
    }

    /// Chooses the rows of items that are named by these words, though the source has no such record: by key, if `by_key`,
    /// and by the codes of the feed, if `by_code`. Returns the words that name nothing here either.
    ///
    /// The codes are looked for in every minimal payload of the feed. That takes a second for a million items, and is only
    /// needed for what is gone.
    pub fn choose_rows_named(
        &mut self,
        words: &[String],
        by_key: bool,
        by_code: bool,
    ) -> rusqlite::Result<Vec<String>> {
        let feed = feed_code(self.pass.feed);
        let mut insert = self.connection.prepare_cached("INSERT OR IGNORE INTO temp.chosen_rows VALUES (?1)")?;
        let mut unknown: BTreeSet<&str> = words.iter().map(String::as_str).collect();
        if by_key {
            let mut select =
                self.connection.prepare_cached("SELECT id FROM items WHERE feed = ?1 AND source_id = ?2")?;
            for word in words {
                let Ok(key) = word.parse::<i64>() else { continue };
                let mut rows = select.query([feed, key])?;
                while let Some(row) = rows.next()? {
                    insert.execute([row.get::<_, i64>(0)?])?;
                    unknown.remove(word.as_str());
                }
            }
        }
        let paths = if by_code { self.pass.feed.codes() } else { &[] };
        for path in paths {
            let mut select = self.connection.prepare_cached(
                "SELECT id, word FROM (SELECT id, json_extract(CAST(minimal AS TEXT), ?2) AS word FROM items WHERE feed = ?1)
                 WHERE word IN (SELECT value FROM json_each(?3))",
            )?;
            // Texts always serialize.
            let list = serde_json::to_string(words).unwrap_or_default();
            let mut rows = select.query(params![feed, path, list])?;
            while let Some(row) = rows.next()? {
                insert.execute([row.get::<_, i64>(0)?])?;
                let code: String = row.get(1)?;
                unknown.remove(code.as_str());
            }
        }
        Ok(words.iter().filter(|word| unknown.contains(word.as_str())).cloned().collect())
    }

    /// How many keys are chosen.
    pub fn chosen_count(&self) -> rusqlite::Result<u64> {
        let count: i64 =
            self.connection.prepare_cached("SELECT count(*) FROM temp.chosen_keys")?.query_row([], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// The next chosen keys above `after`, in order; at most `limit`.
    pub fn chosen_keys(&self, after: Option<u64>, limit: usize) -> rusqlite::Result<Vec<u64>> {
        let mut select =
            self.connection.prepare_cached("SELECT key FROM temp.chosen_keys WHERE key > ?1 ORDER BY key LIMIT ?2")?;
        let after = after.map_or(-1, |key| i64::try_from(key).unwrap_or(i64::MAX));
        let keys = select.query_map([after, i64::try_from(limit).unwrap_or(i64::MAX)], |row| row.get::<_, i64>(0))?;
        keys.map(|key| key.map(|key| u64::try_from(key).unwrap_or_default())).collect()
    }

    /// The rows of the next chosen keys above `after`, and where a sweep continues.
    pub(super) fn of_chosen_keys(&self, after: i64) -> rusqlite::Result<(Vec<i64>, Option<SweepScope>)> {
        let keys = "SELECT key FROM temp.chosen_keys WHERE key > ?1 ORDER BY key LIMIT ?2";
        let mut last = self.connection.prepare_cached(&format!("SELECT max(key), count(*) FROM ({keys})"))?;
        let (last, met): (Option<i64>, i64) = last.query_row([after, STEP], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let last = last.unwrap_or(after);
        let mut select = self.connection.prepare_cached(ROWS_OF_CHOSEN_KEYS)?;
        let ids = select.query_map([feed_code(self.pass.feed), after, last], |row| row.get(0))?;
        let ids = ids.collect::<rusqlite::Result<Vec<i64>>>()?;
        Ok((ids, Some(if met < STEP { SweepScope::Row(i64::MIN) } else { SweepScope::Key(last) })))
    }

    /// The next chosen rows above `after`, and where a sweep continues.
    pub(super) fn of_chosen_rows(&self, after: i64) -> rusqlite::Result<(Vec<i64>, Option<SweepScope>)> {
        let mut select =
            self.connection.prepare_cached("SELECT id FROM temp.chosen_rows WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let ids = select.query_map([after, STEP], |row| row.get(0))?;
        let ids = ids.collect::<rusqlite::Result<Vec<i64>>>()?;
        let next = ids.last().map(|last| SweepScope::Row(*last));
        Ok((ids, next))
    }
}
