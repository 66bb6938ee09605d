//! How far a feed and a whole run are, in items, and when it ends: arithmetic over the counters.

use std::time::Duration;

use super::progress::{FeedProgress, Phase, Progress};

/// How many items there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Items {
    /// `None` while nobody can say.
    pub number: Option<u64>,
    /// Whether the number is final.
    pub is_exact: bool,
}

/// How much of a run is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// All items of the feeds of which they are known, or estimated.
    pub items: u64,
    /// Those that need nothing more in this run.
    pub done: u64,
    /// Whether `items` is final.
    pub is_exact: bool,
    /// Whether the items of a feed are not known at all.
    pub is_part: bool,
}

impl Total {
    /// A whole number of percent: 100 only when all is done.
    pub fn percent(&self) -> u64 {
        percent(self.done, self.items)
    }
}

/// A whole number of percent: 100 only when all is done.
pub fn percent(done: u64, all: u64) -> u64 {
    u64::try_from(u128::from(done.min(all)) * 100 / u128::from(all.max(1))).unwrap_or(0)
}

impl FeedProgress {
    /// All items of the feed, as far as that is known: found, or by what the records read so far gave, or by the estimate.
    pub fn items(&self) -> Items {
        let found = self.collected + self.gone;
        let records = self.source_records.filter(|records| self.source_read < *records);
        let by_records = |records: u64| {
            let items = u128::from(self.collected) * u128::from(records) / u128::from(self.source_read.max(1));
            u64::try_from(items).unwrap_or(found)
        };
        // Of the first records nobody can say whether they are like the others.
        let says_more = |records: &u64| {
            self.source_read > 0 && (self.estimated.is_none() || self.source_read.saturating_mul(10) > *records)
        };
        let guess = match (self.phase, records) {
            (Phase::Collecting | Phase::Stopped | Phase::Failed, Some(records)) => {
                Some(records).filter(says_more).map(by_records).or(self.estimated)
            }
            (Phase::Waiting, _) => self.estimated,
            _ => None,
        };
        match guess {
            Some(guess) => Items { number: Some(guess.max(found)), is_exact: false },
            None if self.phase == Phase::Waiting || (self.phase == Phase::Collecting && found == 0) => {
                Items { number: None, is_exact: false }
            }
            None => Items { number: Some(found), is_exact: !matches!(self.phase, Phase::Collecting | Phase::Deleting) },
        }
    }

    /// Items that need nothing more in this run: unchanged, or with their final state; in a dry run all that were compared.
    pub fn done(&self, dry_run: bool) -> u64 {
        let found = self.collected + self.gone;
        if dry_run { found } else { (self.unchanged + self.settled()).min(found) }
    }
}

impl Progress {
    /// How much of the run is done, in items.
    pub fn total(&self) -> Total {
        let mut total = Total { items: 0, done: 0, is_exact: true, is_part: false };
        for feed in &self.feeds {
            let items = feed.items();
            total.items = total.items.saturating_add(items.number.unwrap_or_default());
            total.done = total.done.saturating_add(feed.done(self.dry_run));
            total.is_exact &= items.is_exact;
            total.is_part |= items.number.is_none();
        }
        total
    }

    /// For how long nothing has come back from the gateway, `age` after these counters were made; `None` while that is no news.
    pub fn silence(&self, age: Duration) -> Option<Duration> {
        self.requests.silence(age).filter(|_| self.paused.is_none())
    }

    /// Time left of the whole run, `age` after these counters were made. Nobody can say it while the gateway is silent.
    pub fn time_left(&self, age: Duration) -> Option<Duration> {
        self.run_eta.map(|left| left.saturating_sub(age)).filter(|_| self.silence(age).is_none() && !self.stopping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Feed;

    fn feed(phase: Phase, read: u64, collected: u64) -> FeedProgress {
        FeedProgress {
            phase,
            source_records: Some(1_000),
            source_read: read,
            collected,
            new: collected,
            submitted: collected / 2,
            ..FeedProgress::new(Feed::Products)
        }
    }

    fn items(feed: &FeedProgress) -> (Option<u64>, bool) {
        let Items { number, is_exact } = feed.items();
        (number, is_exact)
    }

    #[test]
    fn items_are_estimated_until_they_are_found() {
        let estimated = |feed: FeedProgress| FeedProgress { estimated: Some(2_500), ..feed };
        assert_eq!(items(&feed(Phase::Waiting, 0, 0)), (None, false));
        assert_eq!(items(&estimated(feed(Phase::Waiting, 0, 0))), (Some(2_500), false));
        assert_eq!(
            items(&estimated(feed(Phase::Collecting, 50, 150))),
            (Some(2_500), false),
            "too early to say better"
        );
        assert_eq!(items(&estimated(feed(Phase::Collecting, 500, 1_500))), (Some(3_000), false));
        assert_eq!(items(&estimated(feed(Phase::Sending, 1_000, 2_900))), (Some(2_900), true));
        assert_eq!(items(&feed(Phase::Done, 1_000, 0)), (Some(0), true));
        assert_eq!(items(&feed(Phase::Collecting, 0, 0)), (None, false));
    }

    #[test]
    fn a_total_says_what_is_missing_in_it() {
        let total = |feeds| Progress::new(feeds, false).total();
        let done = FeedProgress { submitted: 2_900, ..feed(Phase::Done, 1_000, 2_900) };
        let whole = total(vec![done.clone()]);
        assert_eq!((whole.percent(), whole.is_exact, whole.is_part), (100, true, false));
        let part = total(vec![done, feed(Phase::Waiting, 0, 0)]);
        assert_eq!((part.items, part.is_exact, part.is_part), (2_900, false, true));
        let half = total(vec![feed(Phase::Collecting, 500, 1_500)]);
        assert_eq!((half.done, half.items, half.percent()), (750, 3_000, 25));
        assert_eq!(total(vec![]).percent(), 0);
        assert_eq!(percent(999, 1_000), 99);
    }

    #[test]
    fn nothing_unchanged_or_counted_is_left_to_do() {
        let unchanged = FeedProgress { new: 0, unchanged: 1_500, submitted: 0, ..feed(Phase::Sending, 1_000, 1_500) };
        assert_eq!(Progress::new(vec![unchanged], false).total().percent(), 100);
        let counted = FeedProgress { submitted: 0, ..feed(Phase::Done, 1_000, 1_500) };
        assert_eq!(Progress::new(vec![counted], true).total().percent(), 100);
    }

    #[test]
    fn nobody_can_say_how_long_a_silent_gateway_takes() {
        let mut progress = Progress::new(vec![], false);
        progress.run_eta = Some(Duration::from_mins(1));
        assert_eq!(progress.time_left(Duration::from_secs(10)), Some(Duration::from_secs(50)));
        (progress.requests.waiting, progress.requests.silent) = (1, Some(Duration::from_secs(1)));
        assert_eq!(progress.time_left(Duration::from_secs(1)), Some(Duration::from_secs(59)));
        assert_eq!(progress.time_left(Duration::from_secs(2)), None);
        assert_eq!(progress.silence(Duration::from_secs(2)), Some(Duration::from_secs(3)));
    }
}
