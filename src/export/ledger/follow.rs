//! How far the change logs of each feed were followed, what shaped it, and what is written down when it was gone through.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::reader::LedgerReader;
use super::recheck::Recheck;
use super::store::Store;
use super::{LedgerError, feed_code, feed_of_code, identity_table, signed};
use crate::domain::Feed;
use crate::feeds::source::changes::{Before, Details, Span};

/// What the ledger knows of a feed that was compared in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::export) struct Followed {
    pub last_full: Timestamp,
    /// Which change logs were followed since, by whose they are.
    pub logs: BTreeMap<Feed, FollowedLog>,
    /// What shaped it then, by name.
    pub fingerprints: BTreeMap<String, Before>,
}

/// How far a log was followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::export) struct FollowedLog {
    /// Which log it is.
    pub name: String,
    /// Up to which version.
    pub cursor: u64,
    /// The last entries that were read, oldest first: a version, and what it named.
    pub tail: Vec<(u64, String)>,
}

/// A stretch of a log in which versions were missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::export) struct Gap {
    pub span: Span,
    /// How many entries it had.
    pub present: u64,
    /// When it was found, by the database server's clock.
    pub since: i64,
    /// How often it was looked at since.
    pub looks: u64,
}

/// What is written down when a feed was gone through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::export) struct Position {
    /// How far each log was read, and where versions are missing in it: all of them, old and new.
    pub logs: Vec<(Feed, FollowedLog, Vec<Gap>)>,
    /// What shapes the feed now.
    pub fingerprints: Vec<(String, Before)>,
    /// What is compared again later.
    pub recheck: Recheck,
}

impl Store {
    /// What is known of the feed; `None` if no run ever went through all of it.
    pub fn followed(&self, feed: Feed) -> rusqlite::Result<Option<Followed>> {
        let code = feed_code(feed);
        let mut select = self.connection.prepare_cached("SELECT last_full FROM feeds WHERE feed = ?1")?;
        let Some(last_full) = select.query_row([code], |row| row.get(0)).optional()? else { return Ok(None) };
        let mut logs = BTreeMap::new();
        let mut select = self.connection.prepare_cached("SELECT log, name, cursor, tail FROM logs WHERE feed = ?1")?;
        let mut rows = select.query([code])?;
        while let Some(row) = rows.next()? {
            let tail: String = row.get(3)?;
            let tail = serde_json::from_str(&tail).unwrap_or_default();
            let log = FollowedLog { name: row.get(1)?, cursor: unsigned(row, 2)?, tail };
            logs.extend(feed_of_code(row.get(0)?).map(|of| (of, log)));
        }
        let mut fingerprints = BTreeMap::new();
        let mut select = self.connection.prepare_cached("SELECT name, value, details FROM signs WHERE feed = ?1")?;
        let mut rows = select.query([code])?;
        while let Some(row) = rows.next()? {
            let details: Vec<u8> = row.get(2)?;
            fingerprints.insert(row.get(0)?, Before { value: row.get(1)?, details: unpacked(&details) });
        }
        Ok(Some(Followed { last_full: Timestamp::from_millisecond(last_full).unwrap_or_default(), logs, fingerprints }))
    }

    /// The stretches of a log in which versions were missing, in order.
    pub fn gaps(&self, feed: Feed, log: Feed) -> rusqlite::Result<Vec<Gap>> {
        let sql =
            "SELECT after, last, present, since, looks FROM gaps WHERE feed = ?1 AND log = ?2 ORDER BY after, last";
        let mut select = self.connection.prepare_cached(sql)?;
        let gaps = select.query_map([feed_code(feed), feed_code(log)], |row| {
            let span = Span { after: unsigned(row, 0)?, to: unsigned(row, 1)? };
            Ok(Gap { span, present: unsigned(row, 2)?, since: row.get(3)?, looks: unsigned(row, 4)? })
        })?;
        gaps.collect()
    }

    /// Writes down that a run went through the whole feed, and where everything stood when that run began; `None` if nothing
    /// can be followed.
    pub fn finish_full(&mut self, feed: Feed, position: Option<&Position>, now: Timestamp) -> rusqlite::Result<()> {
        let sql = "INSERT INTO feeds (feed, last_full) VALUES (?1, ?2) ON CONFLICT (feed) DO UPDATE SET last_full = ?2";
        self.connection.prepare_cached(sql)?.execute(params![feed_code(feed), now.as_millisecond()])?;
        match position {
            Some(position) => self.keep_position(feed, position),
            None => self.unfollow(feed),
        }
    }

    /// Writes down that every change of a feed up to this position was compared.
    pub fn finish_partial(&mut self, feed: Feed, position: &Position, now: Timestamp) -> rusqlite::Result<()> {
        let sql = "UPDATE feeds SET last_partial = ?2 WHERE feed = ?1";
        self.connection.prepare_cached(sql)?.execute(params![feed_code(feed), now.as_millisecond()])?;
        self.keep_position(feed, position)
    }

    /// Forgets how far the logs of a feed were followed: nobody wrote them for a while.
    pub fn unfollow(&mut self, feed: Feed) -> rusqlite::Result<()> {
        for table in ["logs", "gaps", "signs", "rechecks", "recheck_keys"] {
            self.connection.execute(&format!("DELETE FROM {table} WHERE feed = ?1"), [feed_code(feed)])?;
        }
        Ok(())
    }

    fn keep_position(&mut self, feed: Feed, position: &Position) -> rusqlite::Result<()> {
        let code = feed_code(feed);
        for table in ["logs", "gaps"] {
            self.connection.execute(&format!("DELETE FROM {table} WHERE feed = ?1"), [code])?;
        }
        let mut log = self.connection.prepare_cached("INSERT INTO logs VALUES (?1, ?2, ?3, ?4, ?5)")?;
        let mut gap =
            self.connection.prepare_cached("INSERT OR REPLACE INTO gaps VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        for (of, followed, gaps) in &position.logs {
            // Numbers and texts always serialize.
            let tail = serde_json::to_string(&followed.tail).unwrap_or_default();
            log.execute(params![code, feed_code(*of), followed.name, signed(followed.cursor), tail])?;
            for Gap { span, present, since, looks } in gaps {
                let numbers = [span.after, span.to, *present].map(signed);
                gap.execute(params![code, feed_code(*of), numbers[0], numbers[1], numbers[2], since, signed(*looks)])?;
            }
        }
        let mut fingerprint = self.connection.prepare_cached("INSERT OR REPLACE INTO signs VALUES (?1, ?2, ?3, ?4)")?;
        for (name, Before { value, details }) in &position.fingerprints {
            fingerprint.execute(params![code, name, value, packed(details)])?;
        }
        drop((log, gap, fingerprint));
        self.keep_recheck(feed, &position.recheck)
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
        for table in ["items", "feeds", "rounds", "deletions", "held"] {
            self.connection.execute(&format!("DELETE FROM {table} WHERE feed = ?1"), [feed_code(feed)])?;
        }
        identity_table::forget(&self.connection, feed)?;
        self.unfollow(feed)
    }

    /// Whether nothing was ever recorded for this data space.
    pub fn is_empty(&self) -> rusqlite::Result<bool> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM items) AND NOT EXISTS (SELECT 1 FROM feeds)";
        self.connection.query_row(sql, [], |row| row.get(0))
    }
}

impl LedgerReader {
    /// Up to which version each feed has followed its own change log. Blocking.
    pub fn cursors(&self) -> Result<Vec<(Feed, u64)>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<(Feed, u64)>> {
            let mut select = self.connection.prepare("SELECT feed, cursor FROM logs WHERE feed = log")?;
            let cursors = select.query_map([], |row| Ok((feed_of_code(row.get(0)?), unsigned(row, 1)?)))?;
            cursors.filter_map(|row| row.map(|(feed, cursor)| Some((feed?, cursor))).transpose()).collect()
        };
        read().map_err(|error| LedgerError::of_sqlite(&self.path, &error))
    }
}

fn unsigned(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or_default())
}

/// Keys and hashes, sixteen bytes a pair.
fn packed(details: &Details) -> Vec<u8> {
    details.iter().flat_map(|(key, hash)| [key.to_be_bytes(), hash.to_be_bytes()].concat()).collect()
}

fn unpacked(bytes: &[u8]) -> Details {
    let numbers: Vec<u64> = bytes.as_chunks::<8>().0.iter().map(|chunk| u64::from_be_bytes(*chunk)).collect();
    numbers.as_chunks::<2>().0.iter().map(|[key, hash]| (*key, *hash)).collect()
}
