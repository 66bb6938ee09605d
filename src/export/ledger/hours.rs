//! What the gateway accepted in each hour: counted as it is recorded, so that nobody has to go through the items.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::reader::LedgerReader;
use super::store::Store;
use super::{LedgerError, signed};
use crate::format::{count, counted};

/// How many hours are shown.
pub const HOURS: usize = 24;

/// The length of an hour, in milliseconds.
const HOUR: i64 = 3_600_000;

/// How many hours are kept: as long as runs are.
const KEPT: i64 = 90 * 24;

/// How many items the gateway accepted in each of the last hours, deletions among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentPerHour {
    /// When the newest hour began.
    pub newest: Timestamp,
    /// The oldest hour first; the newest is still going on.
    pub items: [u64; HOURS],
}

impl SentPerHour {
    /// Each hour with its beginning, oldest first.
    pub fn hours(&self) -> impl Iterator<Item = (Timestamp, u64)> + '_ {
        let begin = |ago: usize| {
            let ago = SignedDuration::from_hours(i64::try_from(ago).unwrap_or_default());
            self.newest.checked_sub(ago).unwrap_or_default()
        };
        self.items.iter().enumerate().map(move |(place, items)| (begin(HOURS - 1 - place), *items))
    }

    /// In all these hours.
    pub fn total(&self) -> u64 {
        self.items.iter().fold(0, |sum, items| sum.saturating_add(*items))
    }

    /// `15,540 items, most in the hour from 00:00: 12,435`; of nothing only that. Times are in `zone`.
    pub fn words(&self, zone: &TimeZone) -> String {
        let total = counted(self.total(), "item");
        match self.hours().max_by_key(|(_, items)| *items).filter(|(_, items)| *items > 0) {
            Some((at, most)) => {
                let at = at.to_zoned(zone.clone()).strftime("%H:%M").to_string();
                format!("{total}, most in the hour from {at}: {}", count(most))
            }
            None => total,
        }
    }
}

impl Store {
    /// Counts items of a feed, by its number in the file, that were accepted now.
    pub(super) fn add_to_hour(&mut self, feed: i64, items: u64, now: Timestamp) -> rusqlite::Result<()> {
        if items == 0 {
            return Ok(());
        }
        let sql = "INSERT INTO hours (hour, feed, sent) VALUES (?1, ?2, ?3)
                   ON CONFLICT (hour, feed) DO UPDATE SET sent = sent + ?3";
        self.connection.prepare_cached(sql)?.execute(params![hour_of(now), feed, signed(items)]).map(drop)
    }

    /// Forgets hours that are too old.
    pub(super) fn trim_hours(&mut self, now: Timestamp) -> rusqlite::Result<()> {
        self.connection.execute("DELETE FROM hours WHERE hour < ?1", [hour_of(now) - KEPT]).map(drop)
    }
}

impl LedgerReader {
    /// What was accepted in each of the last hours. Blocking.
    pub fn sent_per_hour(&self, now: Timestamp) -> Result<SentPerHour, LedgerError> {
        let newest = hour_of(now);
        let read = || -> rusqlite::Result<[u64; HOURS]> {
            let mut items = [0; HOURS];
            let mut select = self
                .connection
                .prepare("SELECT ?1 - hour, sum(sent) FROM hours WHERE hour <= ?1 AND hour > ?2 GROUP BY hour")?;
            let mut rows = select.query([newest, newest.saturating_sub_unsigned(HOURS as u64)])?;
            while let Some(row) = rows.next()? {
                let ago = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(HOURS);
                if let Some(hour) = items.iter_mut().rev().nth(ago) {
                    *hour = row.get::<_, i64>(1)?.unsigned_abs();
                }
            }
            Ok(items)
        };
        let items = read().map_err(|error| LedgerError::of_sqlite(&self.path, &error))?;
        Ok(SentPerHour { newest: Timestamp::from_millisecond(newest * HOUR).unwrap_or_default(), items })
    }
}

/// The number of an hour since 1970.
fn hour_of(now: Timestamp) -> i64 {
    now.as_millisecond().div_euclid(HOUR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_sent_hour_is_named() {
        let newest = "2026-03-04T11:00:00Z".parse().expect("a time");
        let mut sent = SentPerHour { newest, ..SentPerHour::default() };
        assert_eq!(sent.words(&TimeZone::UTC), "0 items");
        (sent.items[HOURS - 1], sent.items[0]) = (5, 1_200);
        assert_eq!(sent.words(&TimeZone::UTC), "1,205 items, most in the hour from 12:00: 1,200");
        assert_eq!(sent.hours().last(), Some((newest, 5)));
    }
}
