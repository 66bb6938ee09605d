//! How far the rolling compare of each feed has come, what it took of the database's time, and what is chosen for its next step.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::reader::LedgerReader;
use super::store::Store;
use super::{LedgerError, feed_code, feed_of_code};
use crate::domain::Feed;

/// Where the rolling compare of a feed stands. Times are in milliseconds, the database's time is in microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::export) struct Round {
    /// When this round began.
    pub started_at: Timestamp,
    /// When a step was last taken.
    pub stepped_at: Timestamp,
    /// How much of the round's time had passed by then.
    pub waited: i64,
    /// The last source key that was compared; `None` = none yet.
    pub position: Option<u64>,
    /// The feed's records, counted when the round's first step was taken; `None` = not yet.
    pub total: Option<u64>,
    /// Records that were compared in this round.
    pub records: u64,
    /// The database's time that this round took.
    pub spent: i64,
    /// The database's time that it may still take; negative = it took more than its share.
    pub credit: i64,
    /// The database's time that a whole round takes, as measured; `None` = nothing was measured yet.
    pub cost: Option<i64>,
    /// How long the last round took; `None` = none ended yet.
    pub took: Option<i64>,
    /// Whether it was said that the share of the database's time does not allow a round in time.
    pub is_late: bool,
}

impl Round {
    /// A round that begins.
    pub fn begun(now: Timestamp) -> Self {
        Self {
            started_at: now,
            stepped_at: now,
            waited: 0,
            position: None,
            total: None,
            records: 0,
            spent: 0,
            credit: 0,
            cost: None,
            took: None,
            is_late: false,
        }
    }

    /// The round after this one, which ended.
    pub fn next(&self, now: Timestamp) -> Self {
        let Self { credit, is_late, .. } = *self;
        Self { credit, is_late, cost: Some(self.spent), took: Some(self.waited), ..Self::begun(now) }
    }
}

/// The rolling compare of a feed, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollingSummary {
    pub feed: Feed,
    /// When the present round began.
    pub started_at: Timestamp,
    /// Records that were compared in it.
    pub records: u64,
    /// Records in all, counted at its beginning; `None` = not yet.
    pub total: Option<u64>,
    /// How long the last round took; `None` = none ended yet.
    pub took: Option<Duration>,
    /// The database's time that a round takes, as measured; `None` = nothing was measured yet.
    pub database_time: Option<Duration>,
}

impl LedgerReader {
    /// Where the rolling compare of each feed stands, in the recommended order. Blocking.
    pub fn rolling(&self) -> Result<Vec<RollingSummary>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<RollingSummary>> {
            let sql = "SELECT feed, started_at, records, total, took, cost FROM rounds";
            let mut select = self.connection.prepare(sql)?;
            let mut rows = select.query([])?;
            let mut feeds = Vec::new();
            while let Some(row) = rows.next()? {
                let Some(feed) = feed_of_code(row.get(0)?) else { continue };
                let number = |number: i64| u64::try_from(number).unwrap_or_default();
                feeds.push(RollingSummary {
                    feed,
                    started_at: Timestamp::from_millisecond(row.get(1)?).unwrap_or_default(),
                    records: number(row.get(2)?),
                    total: row.get::<_, Option<i64>>(3)?.map(number),
                    took: row.get::<_, Option<i64>>(4)?.map(|took| Duration::from_millis(number(took))),
                    database_time: row.get::<_, Option<i64>>(5)?.map(|cost| Duration::from_micros(number(cost))),
                });
            }
            feeds.sort_unstable_by_key(|summary| summary.feed);
            Ok(feeds)
        };
        read().map_err(|error| LedgerError::of_sqlite(&self.path, &error))
    }
}

/// What a step of the rolling compare is planned by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::export) struct Rounds {
    /// The feed's own round.
    pub own: Round,
    /// What a round of each of the other feeds costs, all of them together, and the most of one.
    pub others: (i64, i64),
    /// When the last partial sync of the feed ended.
    pub last_partial: Option<Timestamp>,
}

/// The chosen items that are not deleted. CROSS: from the few that are chosen to their items; SQLite knows nothing of the size of a
/// table beside the file, and would go through all items otherwise.
pub(super) const ITEMS_OF_CHOSEN: &str = "
    SELECT i.id, i.minimal FROM temp.chosen_keys k CROSS JOIN items i ON i.feed = ?1 AND i.source_id = k.key
    WHERE NOT i.deleted
    UNION ALL
    SELECT i.id, i.minimal FROM temp.chosen_rows c CROSS JOIN items i ON i.id = c.id
    WHERE i.source_id IS NULL AND NOT i.deleted";

impl Store {
    /// Where the rolling compare stands; a round begins now if there was none.
    pub fn rounds(&mut self, feed: Feed, now: Timestamp) -> rusqlite::Result<Rounds> {
        let own = if let Some(round) = self.round(feed)? {
            round
        } else {
            let round = Round::begun(now);
            self.keep_round(feed, &round)?;
            round
        };
        let others = "SELECT coalesce(sum(cost), 0), coalesce(max(cost), 0) FROM rounds WHERE feed <> ?1";
        let mut others = self.connection.prepare_cached(others)?;
        let others = others.query_row([feed_code(feed)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut last = self.connection.prepare_cached("SELECT last_partial FROM feeds WHERE feed = ?1")?;
        let last: Option<Option<i64>> = last.query_row([feed_code(feed)], |row| row.get(0)).optional()?;
        let last_partial = last.flatten().and_then(|at| Timestamp::from_millisecond(at).ok());
        Ok(Rounds { own, others, last_partial })
    }

    fn round(&self, feed: Feed) -> rusqlite::Result<Option<Round>> {
        let mut select = self.connection.prepare_cached(
            "SELECT started_at, stepped_at, waited, position, total, records, spent, credit, cost, took,
                    is_late
             FROM rounds WHERE feed = ?1",
        )?;
        select
            .query_row([feed_code(feed)], |row| {
                let time = |at: i64| Timestamp::from_millisecond(at).unwrap_or_default();
                let number = |number: i64| u64::try_from(number).unwrap_or_default();
                Ok(Round {
                    started_at: time(row.get(0)?),
                    stepped_at: time(row.get(1)?),
                    waited: row.get(2)?,
                    position: row.get::<_, Option<i64>>(3)?.map(number),
                    total: row.get::<_, Option<i64>>(4)?.map(number),
                    records: number(row.get(5)?),
                    spent: row.get(6)?,
                    credit: row.get(7)?,
                    cost: row.get(8)?,
                    took: row.get(9)?,
                    is_late: row.get(10)?,
                })
            })
            .optional()
    }

    /// Writes down where the rolling compare of a feed stands.
    pub fn keep_round(&mut self, feed: Feed, round: &Round) -> rusqlite::Result<()> {
        let sql =
            "INSERT OR REPLACE INTO rounds (feed, started_at, stepped_at, waited, position, total, records, spent,
                       credit, cost, took, is_late) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.connection.prepare_cached(sql)?.execute(params![
            feed_code(feed),
            round.started_at.as_millisecond(),
            round.stepped_at.as_millisecond(),
            round.waited,
            round.position.map(number),
            round.total.map(number),
            number(round.records),
            round.spent,
            round.credit,
            round.cost,
            round.took,
            round.is_late,
        ])?;
        Ok(())
    }

    /// Writes down that a round ended: everything was compared since it began, so that this is what the last full compare is
    /// now. The place in the change log stays where it is.
    pub fn finish_round(&mut self, feed: Feed, ended: &Round, now: Timestamp) -> rusqlite::Result<()> {
        let sql = "UPDATE feeds SET last_full = max(last_full, ?2) WHERE feed = ?1";
        self.connection.prepare_cached(sql)?.execute([feed_code(feed), ended.started_at.as_millisecond()])?;
        self.keep_round(feed, &ended.next(now))
    }

    /// Begins a round when everything was compared in one go, which began at `begun`.
    pub fn restart_round(&mut self, feed: Feed, begun: Timestamp) -> rusqlite::Result<()> {
        let before = self.round(feed)?;
        let round = match before {
            Some(Round { cost, took, is_late, .. }) => Round { cost, took, is_late, ..Round::begun(begun) },
            None => Round::begun(begun),
        };
        self.keep_round(feed, &round)
    }

    /// Writes down that a partial sync of a feed without a change log ended. What happens meanwhile is in no log, so the way back
    /// to following one leads over a full compare.
    pub fn finish_unfollowed(&mut self, feed: Feed, now: Timestamp) -> rusqlite::Result<()> {
        let sql = "UPDATE feeds SET last_partial = ?2 WHERE feed = ?1";
        self.connection.prepare_cached(sql)?.execute([feed_code(feed), now.as_millisecond()])?;
        self.unfollow(feed)
    }

    /// Chooses a range of source keys: these, which the source has, and those that only the ledger has, above `after` and up to
    /// `last`. Without a `last` the range has no end, and rows without a source key belong to it: whatever the source has of
    /// them got its key earlier in the round.
    pub fn choose_range(&mut self, keys: &[u64], after: Option<u64>, last: Option<u64>) -> rusqlite::Result<()> {
        self.choose_keys(keys)?;
        let feed = feed_code(self.pass.feed);
        let bound = |key: Option<u64>, open: i64| key.map_or(open, |key| i64::try_from(key).unwrap_or(i64::MAX));
        let sql = "INSERT OR IGNORE INTO temp.chosen_keys
                   SELECT source_id FROM items WHERE feed = ?1 AND source_id > ?2 AND source_id <= ?3";
        self.connection.prepare_cached(sql)?.execute([feed, bound(after, -1), bound(last, i64::MAX)])?;
        if last.is_none() {
            let sql = "INSERT OR IGNORE INTO temp.chosen_rows
                       SELECT id FROM items WHERE feed = ?1 AND source_id IS NULL";
            self.connection.prepare_cached(sql)?.execute([feed])?;
        }
        Ok(())
    }

    /// The words by which the source may know the items of chosen records that were not seen: another record may have such an
    /// item by now.
    pub fn unseen_codes(&self) -> rusqlite::Result<Vec<String>> {
        let Some(path) = self.pass.feed.codes().first() else { return Ok(Vec::new()) };
        let pointer = path.trim_start_matches('$').replace('.', "/");
        let mut select = self.connection.prepare_cached(ITEMS_OF_CHOSEN)?;
        let mut codes = BTreeSet::new();
        let mut rows = select.query([feed_code(self.pass.feed)])?;
        while let Some(row) = rows.next()? {
            if self.pass.seen.contains(row.get(0)?) {
                continue;
            }
            let minimal: Vec<u8> = row.get(1)?;
            let item: serde_json::Value = serde_json::from_slice(&minimal).unwrap_or_default();
            codes.extend(item.pointer(&pointer).and_then(serde_json::Value::as_str).map(str::to_owned));
        }
        Ok(codes.into_iter().collect())
    }

    /// Chooses these keys, and gives those that were not chosen before.
    pub fn choose_more(&mut self, keys: &[u64]) -> rusqlite::Result<Vec<u64>> {
        let mut insert = self.connection.prepare_cached("INSERT OR IGNORE INTO temp.chosen_keys VALUES (?1)")?;
        let mut more = Vec::new();
        for key in keys {
            let Ok(number) = i64::try_from(*key) else { continue };
            if insert.execute([number])? > 0 {
                more.push(*key);
            }
        }
        Ok(more)
    }

    /// Whether one record is chosen and another is not.
    pub(super) fn is_only_chosen(&self, record: Option<i64>, other: Option<i64>) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM temp.chosen_keys WHERE key = ?1)
                   AND NOT EXISTS (SELECT 1 FROM temp.chosen_keys WHERE key = ?2)";
        self.connection.prepare_cached(sql)?.query_row(params![record, other], |row| row.get(0))
    }

    /// Whether items without a source key wait to be sent again: only reading the whole source finds them.
    pub fn has_unsettled_without_key(&self, rested_since: Timestamp) -> rusqlite::Result<bool> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM items WHERE feed = ?1 AND source_id IS NULL AND status IS NULL)
             OR EXISTS (SELECT 1 FROM items WHERE feed = ?1 AND source_id IS NULL AND modified_at <= ?2
                        AND status NOT IN ({}))",
            super::status::settled()
        );
        let rested = rested_since.as_millisecond();
        self.connection.prepare_cached(&sql)?.query_row(params![feed_code(self.pass.feed), rested], |row| row.get(0))
    }
}
