//! The sums of a run over all its feeds. Pure arithmetic.

use crate::domain::Feed;
use crate::export::progress::{FeedProgress, Phase, Progress};

/// Sums over all feeds of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Items that must be sent, as far as they are found.
    pub to_send: u64,
    /// Items that have their final state of this run.
    pub settled: u64,
    /// Items the gateway accepted.
    pub submitted: u64,
    /// Items the next run retries.
    pub will_retry: u64,
    /// Items that need attention.
    pub needs_attention: u64,
    /// Items the service already has as they are.
    pub unchanged: u64,
    /// Items found new.
    pub new: u64,
    /// Items found changed.
    pub changed: u64,
    /// Items found gone.
    pub gone: u64,
    /// Whether items may still be found.
    pub is_collecting: bool,
    /// Source records there are, where that is known.
    pub records: u64,
    /// Source records gone through: read, and what they gave is settled. Less than `records` until all is done.
    pub records_done: u64,
}

impl Totals {
    /// The sums of a run's counters. `known` gives the source records of feeds that have not begun.
    #[must_use]
    pub fn of(progress: &Progress, known: impl Fn(Feed) -> Option<u64>) -> Self {
        let mut sum = Self::default();
        for feed in &progress.feeds {
            sum.to_send += feed.to_send();
            sum.settled += feed.settled();
            sum.submitted += feed.submitted;
            sum.will_retry += feed.will_retry;
            sum.needs_attention += feed.needs_attention;
            sum.unchanged += feed.unchanged;
            sum.new += feed.new;
            sum.changed += feed.changed;
            sum.gone += feed.gone;
            sum.is_collecting |= is_collecting(feed);
            let records = feed.source_records.or_else(|| known(feed.feed)).unwrap_or(feed.source_read);
            sum.records += records;
            sum.records_done += records_done(feed, records);
        }
        sum
    }
}

/// How many of a feed's records are gone through. Reading runs ahead of sending, so the items decide how far it is.
fn records_done(feed: &FeedProgress, records: u64) -> u64 {
    if feed.phase == Phase::Done {
        return records;
    }
    let read = feed.source_read.min(records);
    match feed.to_send() {
        0 => read,
        to_send => u64::try_from(u128::from(read) * u128::from(feed.settled().min(to_send)) / u128::from(to_send))
            .unwrap_or(read),
    }
}

/// A bar that is full only when all is done.
pub fn bar(done: u64, all: u64, cells: usize) -> String {
    let filled = u128::from(done.min(all)) * cells as u128 / u128::from(all.max(1));
    let filled = usize::try_from(filled).unwrap_or(cells).min(cells);
    "█".repeat(filled) + &"░".repeat(cells - filled)
}

/// Whether more items of a feed may still be found, so that its total is not final.
pub fn is_collecting(feed: &FeedProgress) -> bool {
    matches!(feed.phase, Phase::Waiting | Phase::Collecting | Phase::Deleting)
}
