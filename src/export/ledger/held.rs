//! Holding back, as the ledger keeps it: how much would be deleted, how much was within the last day, and which feeds are held.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, params};

use super::feed_code;
use super::store::{Mode, Store};
use crate::domain::Feed;
use crate::export::held::{Held, Limit, What};
use crate::untrusted::SafeText;

/// For how long deletions count together: a mistake that comes in parts is found within a day, and who removes a tenth of a
/// shop each day is asked once.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// How much of a feed a run would send.
#[derive(Debug, Default)]
pub(in crate::export) struct Measure {
    pub items: u64,
    /// Some of them.
    pub examples: Vec<SafeText>,
}

impl Measure {
    /// Counts more, keeping at most so many examples.
    pub fn add(&mut self, more: Measure, examples: usize) {
        self.items += more.items;
        self.examples.extend(more.examples);
        self.examples.truncate(examples);
    }
}

/// What is to be decided.
#[derive(Debug)]
pub(in crate::export) struct Ruling {
    pub feed: Feed,
    /// Whether about deletions or changes.
    pub what: What,
    /// How many there may be.
    pub limit: Limit,
    /// Whether the whole feed was measured.
    pub is_whole: bool,
    pub now: Timestamp,
}

impl Store {
    /// Decides whether so much may be sent: returns what is held back, if anything is, and keeps that.
    pub fn rule(&mut self, ruling: &Ruling, measure: Measure) -> rusqlite::Result<Option<Held>> {
        let &Ruling { feed, what, limit, is_whole, now } = ruling;
        self.pass.allowed = false;
        let before = self.held(feed, what)?;
        if let Some(before) = before.filter(|_| !is_whole && limit.now.is_none()) {
            return Ok(Some(Held { most: limit.most(), ..before }));
        }
        let (mut items, mut size) = (measure.items, 0);
        if items > 0 {
            let recent = if what == What::Deletions { self.deleted_lately(feed, now)? } else { 0 };
            items += recent;
            size = self.live_items(feed)? + recent;
        }
        if limit.most().is_exceeded_by(items, size) && measure.items > 0 {
            let held = Held { feed, what, items, size, most: limit.most(), examples: measure.examples, since: None };
            self.keep_held(&held, now)?;
            return Ok(Some(held));
        }
        if is_whole {
            self.release(feed, what)?;
        }
        if what == What::Deletions && limit.usual.is_exceeded_by(items, size) {
            // A person has allowed these: what comes after is measured from here.
            self.pass.allowed = true;
            self.forget_deletions(feed)?;
        }
        Ok(None)
    }

    /// What is held back of a feed.
    pub fn held(&self, feed: Feed, what: What) -> rusqlite::Result<Option<Held>> {
        let mut select =
            self.connection.prepare_cached("SELECT since, items, size FROM held WHERE feed = ?1 AND what = ?2")?;
        select
            .query_row(params![feed_code(feed), code(what)], |row| {
                Ok(Held {
                    feed,
                    what,
                    items: row.get::<_, i64>(1)?.unsigned_abs(),
                    size: row.get::<_, i64>(2)?.unsigned_abs(),
                    most: crate::domain::MAX_DELETE,
                    examples: Vec::new(),
                    since: Some(Timestamp::from_millisecond(row.get(0)?).unwrap_or_default()),
                })
            })
            .optional()
    }

    fn keep_held(&mut self, held: &Held, now: Timestamp) -> rusqlite::Result<()> {
        if self.mode == Mode::Look {
            return Ok(());
        }
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO held (feed, what, since, items, size) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (feed, what) DO UPDATE SET items = ?4, size = ?5",
        )?;
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        insert
            .execute(params![
                feed_code(held.feed),
                code(held.what),
                now.as_millisecond(),
                number(held.items),
                number(held.size)
            ])
            .map(drop)
    }

    fn release(&mut self, feed: Feed, what: What) -> rusqlite::Result<()> {
        if self.mode == Mode::Look {
            return Ok(());
        }
        let mut delete = self.connection.prepare_cached("DELETE FROM held WHERE feed = ?1 AND what = ?2")?;
        delete.execute(params![feed_code(feed), code(what)]).map(drop)
    }

    /// Live items of a feed, as far as they are known.
    fn live_items(&self, feed: Feed) -> rusqlite::Result<u64> {
        let sql = "SELECT (SELECT count(*) FROM items INDEXED BY items_source WHERE feed = ?1)
                        - (SELECT count(*) FROM items INDEXED BY items_open
                           WHERE feed = ?1 AND status IS NOT 200 AND deleted = 1)
                        - (SELECT count(*) FROM items INDEXED BY items_gone
                           WHERE feed = ?1 AND deleted = 1 AND status = 200)";
        let count: i64 = self.connection.prepare_cached(sql)?.query_row([feed_code(feed)], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Items of a feed that were deleted within the last day, but for those that a person allowed. What is dated after `now`
    /// counts as well: the clock was put back since.
    fn deleted_lately(&self, feed: Feed, now: Timestamp) -> rusqlite::Result<u64> {
        let sql = "SELECT coalesce(sum(items), 0) FROM deletions WHERE feed = ?1 AND at > ?2";
        let since = now.saturating_sub(WINDOW).unwrap_or(Timestamp::MIN).as_millisecond();
        let sum: i64 =
            self.connection.prepare_cached(sql)?.query_row(params![feed_code(feed), since], |row| row.get(0))?;
        Ok(sum.unsigned_abs())
    }

    /// Counts deletions that are about to be sent, unless a person has allowed them.
    pub(super) fn count_deletions(&self, items: usize, now: Timestamp) -> rusqlite::Result<()> {
        if items == 0 || self.pass.allowed || self.mode == Mode::Look {
            return Ok(());
        }
        let (feed, at) = (feed_code(self.pass.feed), now.as_millisecond());
        let items = i64::try_from(items).unwrap_or(i64::MAX);
        let old = now.saturating_sub(WINDOW).unwrap_or(Timestamp::MIN).as_millisecond();
        self.connection
            .prepare_cached("DELETE FROM deletions WHERE feed = ?1 AND at <= ?2")?
            .execute(params![feed, old])?;
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO deletions (feed, at, items) VALUES (?1, ?2, ?3)
             ON CONFLICT (feed, at) DO UPDATE SET items = items + ?3",
        )?;
        insert.execute(params![feed, at, items]).map(drop)
    }

    fn forget_deletions(&mut self, feed: Feed) -> rusqlite::Result<()> {
        if self.mode == Mode::Look {
            return Ok(());
        }
        self.connection.prepare_cached("DELETE FROM deletions WHERE feed = ?1")?.execute([feed_code(feed)]).map(drop)
    }
}

/// The number that stands for it in the file.
fn code(what: What) -> i64 {
    match what {
        What::Deletions => 0,
        What::Changes => 1,
    }
}
