//! What a run tells: counters that may be dropped, events that must arrive, and the report at the end.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::control::Paused;
use super::held::Held;
pub use super::item_state::ItemState;
use super::reasons::Reasons;
use super::requests::Requests;
use crate::domain::{Feed, KeysRemedy};
use crate::untrusted::SafeText;

/// What nobody may read into it.
pub const SENT_MEANS: &str = "Sent means accepted by the gateway; services may show it later.";

/// Where a feed is in its run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Not begun.
    #[default]
    Waiting,
    /// Records are read, compared and sent.
    Collecting,
    /// All records are read; what remains is sent.
    Sending,
    /// What is gone from the source is deleted in the service.
    Deleting,
    /// All done.
    Done,
    /// Stopped by the person; a re-run continues.
    Stopped,
    /// Ended by an error; a re-run continues.
    Failed,
}

impl Phase {
    /// One word for tables and logs.
    pub fn word(self) -> &'static str {
        match self {
            Phase::Waiting => "waiting",
            Phase::Collecting => "collecting",
            Phase::Sending => "sending",
            Phase::Deleting => "deleting",
            Phase::Done => "done",
            Phase::Stopped => "stopped",
            Phase::Failed => "failed",
        }
    }

    /// Whether work is under way.
    pub fn is_active(self) -> bool {
        matches!(self, Phase::Collecting | Phase::Sending | Phase::Deleting)
    }
}

/// Counters of one feed in this run. All but `source_records` and `source_read` count items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedProgress {
    pub feed: Feed,
    pub phase: Phase,
    /// How many source records there are; `None` if that cannot be known beforehand.
    pub source_records: Option<u64>,
    /// How many source records were read so far.
    pub source_read: u64,
    /// Items made of them.
    pub collected: u64,
    /// Items the service already has as they are.
    pub unchanged: u64,
    /// Items found new.
    pub new: u64,
    /// Items found changed (or not known to be submitted, or asked for again).
    pub changed: u64,
    /// Items found gone from the source.
    pub gone: u64,
    /// Items the gateway accepted (deletions included).
    pub submitted: u64,
    /// Those of `submitted` that are deletions.
    #[serde(default)]
    pub deleted: u64,
    /// Items that failed and will be retried by the next run.
    pub will_retry: u64,
    /// Items that need attention (broken records included).
    pub needs_attention: u64,
    /// Those of `will_retry` that failed because the gateway was down or busy.
    pub unanswered: u64,
    /// Items that have no final state after this run, whenever they were sent; known once the feed is done.
    pub unsettled: u64,
    /// Requests sent.
    pub requests: u64,
    /// Compressed bytes sent.
    pub bytes: u64,
    /// Items in a batch that is made now.
    pub batch_size: usize,
    /// Requests that a dry run found necessary.
    pub planned_requests: u64,
    /// The bytes of their bodies, before they are compressed.
    pub planned_bytes: u64,
    /// Items that a cleanup forgets.
    pub forgotten: u64,
    /// What was not sent because it is more than a run may send.
    pub held: Vec<Held>,
    /// Items that the feed has by a count query; `None` if that was not asked, or has no answer yet.
    #[serde(default)]
    pub estimated: Option<u64>,
}

impl FeedProgress {
    /// Nothing done yet.
    #[must_use]
    pub fn new(feed: Feed) -> Self {
        Self {
            feed,
            phase: Phase::Waiting,
            source_records: None,
            source_read: 0,
            collected: 0,
            unchanged: 0,
            new: 0,
            changed: 0,
            gone: 0,
            submitted: 0,
            deleted: 0,
            will_retry: 0,
            needs_attention: 0,
            unanswered: 0,
            unsettled: 0,
            requests: 0,
            bytes: 0,
            batch_size: feed.batch_size(),
            planned_requests: 0,
            planned_bytes: 0,
            forgotten: 0,
            held: Vec::new(),
            estimated: None,
        }
    }

    /// Items found so far that must be sent.
    pub fn to_send(&self) -> u64 {
        self.new + self.changed + self.gone
    }

    /// Items that have their final state of this run.
    pub fn settled(&self) -> u64 {
        self.submitted + self.will_retry + self.needs_attention
    }
}

/// What holds a run back right now: the reason of its ETA.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Nothing measured yet.
    Unknown,
    /// The gateway's allowance, in requests a second.
    Gateway {
        /// Requests a second allowed now.
        requests_per_second: f64,
    },
    /// The source: senders wait for records.
    Source,
    /// A pause that the gateway asked for, or a back-off.
    Waiting {
        /// How long still.
        remaining: Duration,
        /// Why: `after a 429`, `after a 503`.
        reason: SafeText,
    },
    /// A person paused the run.
    Paused {
        /// Who, if that is known.
        by: Option<SafeText>,
    },
}

/// Counters of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// One per planned feed, in run order.
    pub feeds: Vec<FeedProgress>,
    /// Since the run began.
    pub elapsed: Duration,
    /// Items settled a second, over the last while; 0 before anything was.
    pub items_per_second: f64,
    /// Time left of the feed that runs; `None` while it cannot be known. Feeds that still wait are not in it: what they
    /// will send is known only once they are compared.
    pub eta: Option<Duration>,
    /// Time left of the whole run; `None` while it cannot be known, as where feeds wait of which nobody knows the items.
    #[serde(default)]
    pub run_eta: Option<Duration>,
    /// The reason of `eta`, or of its absence.
    pub limit: Limit,
    /// Whether only counting is under way.
    pub dry_run: bool,
    /// Whether it is paused, and by whom: batches in flight are finished, and nothing more is sent.
    pub paused: Option<Paused>,
    /// Requests in flight at a time.
    pub thread_count: usize,
    /// Whether a stop was asked for and batches in flight are being finished.
    pub stopping: bool,
    /// Its requests.
    #[serde(default)]
    pub requests: Requests,
    /// Why items failed.
    #[serde(default)]
    pub reasons: Reasons,
}

impl Progress {
    /// A run that has not moved yet.
    #[must_use]
    pub fn new(feeds: Vec<FeedProgress>, dry_run: bool) -> Self {
        Self {
            feeds,
            elapsed: Duration::ZERO,
            items_per_second: 0.0,
            eta: None,
            run_eta: None,
            limit: Limit::Unknown,
            dry_run,
            paused: None,
            thread_count: 1,
            stopping: false,
            requests: Requests::default(),
            reasons: Reasons::default(),
        }
    }
}

/// A lifecycle change: each must arrive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEvent {
    /// Nothing was ever recorded for this data space here, so everything will be sent. Comes before the first feed.
    FirstSync {
        /// The source records of each feed, if known.
        source_records: Vec<(Feed, Option<u64>)>,
    },
    /// A feed began.
    FeedStarted {
        feed: Feed,
        /// Its source records, if known.
        source_records: Option<u64>,
    },
    /// An item was refused, or a record is broken.
    ItemFailed(ItemFailure),
    /// A batch got no usable answer and is tried again.
    Retrying {
        feed: Feed,
        /// Which try failed, from 1.
        attempt: u32,
        /// When it is tried again.
        after: Duration,
        /// What happened.
        reason: SafeText,
    },
    /// A remark that a person should see, such as `deletions were not looked for because 2 lines could not be read`.
    Note {
        feed: Feed,
        /// The remark.
        text: SafeText,
    },
    /// Deletions or changes of a feed are not sent, because they are more than a run may send.
    Held(Held),
    /// A feed ended; its counters say how.
    FeedFinished(FeedProgress),
    /// The gateway refused the keys: the run stops and sends nothing more.
    KeysRefused {
        /// The gateway's own words.
        message: SafeText,
        /// The next step.
        remedy: KeysRemedy,
        request_id: Option<SafeText>,
    },
}

/// One item (or broken record) that did not make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemFailure {
    pub feed: Feed,
    /// SKU and store view, or the place of a broken record.
    pub label: SafeText,
    /// Its state now.
    pub state: ItemState,
    /// The server's (or source's) own text.
    pub message: SafeText,
    /// The server's code; may be empty.
    pub code: SafeText,
    /// The gateway's request id.
    pub request_id: Option<SafeText>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// The last counters.
    pub progress: Progress,
    /// How it ended.
    pub end: RunEnd,
    /// Ids that were asked for and that no feed of the run has, neither in the source nor in the ledger.
    pub unknown_ids: Vec<SafeText>,
    /// Requests a second that are allowed now: what the time that a dry run foretells rests on; `None` = no limit.
    pub requests_per_second: Option<f64>,
}

/// The ends of a run that could start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Every feed was gone through. Items may still have failed: see the counters.
    Complete,
    /// Stopped on request; batches in flight were finished.
    Stopped,
    /// Some feed could not be gone through; the others were.
    Failed {
        /// Which, why, and the exit code.
        problems: Vec<(Feed, crate::error::Problem)>,
    },
    /// The gateway refused the keys.
    KeysRefused {
        /// Its own words.
        message: SafeText,
        /// The next step.
        remedy: KeysRemedy,
    },
}

impl RunReport {
    /// What was not sent because it is more than a run may send.
    pub fn held(&self) -> impl Iterator<Item = &Held> {
        self.progress.feeds.iter().flat_map(|feed| &feed.held)
    }

    /// Whether items failed in this run, or were asked for and are nowhere.
    pub fn has_failures(&self) -> bool {
        let failed = self.progress.feeds.iter().any(|feed| feed.will_retry + feed.needs_attention > 0);
        failed || !self.unknown_ids.is_empty()
    }

    /// The exit code that this end promises to scripts.
    pub fn exit(&self) -> crate::error::Exit {
        use crate::error::Exit;
        let feeds = &self.progress.feeds;
        let is_partial = self.has_failures() || feeds.iter().any(|feed| feed.unsettled > 0);
        let was_down = |problem: &crate::error::Problem| problem.exit == Exit::TryAgain;
        match &self.end {
            RunEnd::KeysRefused { .. } => Exit::Refused,
            RunEnd::Stopped => Exit::Interrupted,
            // Whatever else was found: the same command may do better later.
            RunEnd::Failed { problems } if problems.iter().any(|(_, problem)| was_down(problem)) => Exit::TryAgain,
            RunEnd::Failed { problems } => problems.first().map_or(Exit::Other, |(_, problem)| problem.exit),
            RunEnd::Complete if feeds.iter().any(|feed| feed.unanswered > 0) => Exit::TryAgain,
            RunEnd::Complete if self.held().next().is_some() => Exit::Guarded,
            RunEnd::Complete if is_partial => Exit::Partial,
            RunEnd::Complete => Exit::Done,
        }
    }
}

/// A run of one feed that ended like this, for tests.
#[cfg(test)]
pub(crate) fn report(end: RunEnd, change: impl FnOnce(&mut FeedProgress)) -> RunReport {
    let mut feed = FeedProgress::new(Feed::Products);
    change(&mut feed);
    let progress = Progress::new(vec![feed], false);
    RunReport { progress, end, unknown_ids: vec![], requests_per_second: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MAX_DELETE;
    use crate::error::{Exit, Problem};
    use crate::export::held::What;

    fn held() -> Held {
        let examples = Vec::new();
        Held {
            feed: Feed::Products,
            what: What::Deletions,
            items: 200,
            size: 300,
            most: MAX_DELETE,
            examples,
            since: None,
        }
    }

    #[test]
    fn a_run_is_done_only_if_nothing_failed_is_held_or_unsettled() {
        let exit = |change: fn(&mut FeedProgress)| report(RunEnd::Complete, change).exit();
        assert_eq!(exit(|_| {}), Exit::Done);
        assert_eq!(exit(|feed| feed.needs_attention = 1), Exit::Partial);
        assert_eq!(exit(|feed| feed.unsettled = 1), Exit::Partial);
        assert_eq!(exit(|feed| feed.held.push(held())), Exit::Guarded);
    }

    #[test]
    fn a_gateway_or_a_database_that_was_down_is_told_whatever_else_was_found() {
        let all = |feed: &mut FeedProgress| {
            feed.needs_attention = 3;
            feed.held.push(held());
            feed.will_retry = 2;
            feed.unanswered = 2;
        };
        assert_eq!(report(RunEnd::Complete, all).exit(), Exit::TryAgain);
        let problems = [Exit::Other, Exit::TryAgain].map(|exit| (Feed::Products, Problem::new(exit, "?"))).to_vec();
        assert_eq!(report(RunEnd::Failed { problems }, all).exit(), Exit::TryAgain);
        let other = vec![(Feed::Products, Problem::new(Exit::Other, "?"))];
        assert_eq!(report(RunEnd::Failed { problems: other }, |_| {}).exit(), Exit::Other);
    }
}
