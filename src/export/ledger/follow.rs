//! How far each feed's change log was followed, and what is written down when a feed was gone through.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, params};

use super::feed_code;
use super::store::Store;
use crate::feeds::Feed;

/// How many missing versions of a log are remembered: more than this many entries of transactions that are under way at one
/// moment would be a mass update, after which somebody runs a full sync. The newest are kept.
pub(in crate::export) const GAPS_KEPT: usize = 10_000;

/// How long a missing version is remembered. A transaction that takes longer holds locks which no shop survives; a version
/// that is missing for longer was rolled back.
const GAP_AGE: SignedDuration = SignedDuration::from_mins(10);

/// How often a missing version is looked for at least, whatever its age: a clock that was put forward makes it old at once.
const GAP_LOOKS: i64 = 3;

/// What the ledger knows of a feed that was compared in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::export) struct Followed {
    /// When that was.
    pub last_full: Timestamp,
    /// Which change log was followed since, and up to which version.
    pub log: Option<(String, u64)>,
}

/// How far a log was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::export) struct Position {
    /// Which log.
    pub log: String,
    /// Up to which version.
    pub version: u64,
    /// Versions below it that were not there.
    pub missing: Vec<u64>,
    /// Versions that were remembered as missing, and were there now.
    pub found: Vec<u64>,
}

impl Store {
    /// What is known of the feed; `None` if no run ever went through all of it.
    pub fn followed(&self, feed: Feed) -> rusqlite::Result<Option<Followed>> {
        let mut select =
            self.connection.prepare_cached("SELECT last_full, log, log_cursor FROM feeds WHERE feed = ?1")?;
        select
            .query_row([feed_code(feed)], |row| {
                let log: Option<String> = row.get(1)?;
                let cursor: Option<i64> = row.get(2)?;
                let log = log.zip(cursor.and_then(|cursor| u64::try_from(cursor).ok()));
                Ok(Followed { last_full: Timestamp::from_millisecond(row.get(0)?).unwrap_or_default(), log })
            })
            .optional()
    }

    /// The versions of a feed's log that are remembered as missing, in order.
    pub fn gaps(&self, feed: Feed) -> rusqlite::Result<Vec<u64>> {
        let mut select = self.connection.prepare_cached("SELECT version FROM gaps WHERE feed = ?1 ORDER BY version")?;
        let versions = select.query_map([feed_code(feed)], |row| row.get::<_, i64>(0))?;
        versions.map(|version| version.map(|version| u64::try_from(version).unwrap_or_default())).collect()
    }

    /// Writes down that a run went through the whole feed, and where its change log stood when that run began.
    pub fn finish_full(&mut self, feed: Feed, position: Option<&Position>, now: Timestamp) -> rusqlite::Result<()> {
        let (log, cursor) = position.map(|position| (&position.log, version(position.version))).unzip();
        let sql = "INSERT INTO feeds (feed, last_full, log, log_cursor) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (feed) DO UPDATE SET last_full = ?2, log = ?3, log_cursor = ?4";
        self.connection.prepare_cached(sql)?.execute(params![feed_code(feed), now.as_millisecond(), log, cursor])?;
        self.connection.prepare_cached("DELETE FROM gaps WHERE feed = ?1")?.execute([feed_code(feed)])?;
        position.map_or(Ok(()), |position| self.remember_gaps(feed, position, now))
    }

    /// Writes down that every change of a feed up to this position was compared.
    pub fn finish_partial(&mut self, feed: Feed, position: &Position, now: Timestamp) -> rusqlite::Result<()> {
        let sql = "UPDATE feeds SET last_partial = ?2, log = ?3, log_cursor = ?4 WHERE feed = ?1";
        let cursor = version(position.version);
        self.connection.prepare_cached(sql)?.execute(params![
            feed_code(feed),
            now.as_millisecond(),
            position.log,
            cursor
        ])?;
        self.remember_gaps(feed, position, now)
    }

    fn remember_gaps(&mut self, feed: Feed, position: &Position, now: Timestamp) -> rusqlite::Result<()> {
        let code = feed_code(feed);
        let old = now.saturating_sub(GAP_AGE).unwrap_or(now).as_millisecond();
        self.connection.prepare_cached("UPDATE gaps SET looks = looks + 1 WHERE feed = ?1")?.execute([code])?;
        let forget = "DELETE FROM gaps WHERE feed = ?1 AND since < ?2 AND looks >= ?3";
        self.connection.prepare_cached(forget)?.execute([code, old, GAP_LOOKS])?;
        let mut delete = self.connection.prepare_cached("DELETE FROM gaps WHERE feed = ?1 AND version = ?2")?;
        for found in &position.found {
            delete.execute([code, version(*found)])?;
        }
        let mut insert =
            self.connection.prepare_cached("INSERT OR IGNORE INTO gaps (feed, version, since) VALUES (?1, ?2, ?3)")?;
        for missing in &position.missing {
            insert.execute([code, version(*missing), now.as_millisecond()])?;
        }
        let kept = i64::try_from(GAPS_KEPT).unwrap_or(i64::MAX);
        let sql = "DELETE FROM gaps WHERE feed = ?1 AND version IN
                   (SELECT version FROM gaps WHERE feed = ?1 ORDER BY version DESC LIMIT -1 OFFSET ?2)";
        self.connection.prepare_cached(sql)?.execute([code, kept])?;
        Ok(())
    }

    /// How many items are recorded of a feed, deleted ones included.
    pub fn count_items(&self, feed: Feed) -> rusqlite::Result<u64> {
        let sql = "SELECT count(*) FROM items WHERE feed = ?1";
        let count: i64 = self.connection.query_row(sql, [feed_code(feed)], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Forgets everything of a feed.
    pub fn forget_feed(&mut self, feed: Feed) -> rusqlite::Result<()> {
        self.drop_payloads(feed)?;
        let attempts = "DELETE FROM attempts WHERE item IN (SELECT id FROM items WHERE feed = ?1)";
        self.connection.execute(attempts, [feed_code(feed)])?;
        for table in ["items", "feeds", "gaps", "rounds", "deletions", "held"] {
            self.connection.execute(&format!("DELETE FROM {table} WHERE feed = ?1"), [feed_code(feed)])?;
        }
        Ok(())
    }

    /// Whether nothing was ever recorded for this data space.
    pub fn is_empty(&self) -> rusqlite::Result<bool> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM items) AND NOT EXISTS (SELECT 1 FROM feeds)";
        self.connection.query_row(sql, [], |row| row.get(0))
    }
}

/// Versions are unsigned 32-bit numbers in Commerce, far below SQLite's limit.
fn version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}
