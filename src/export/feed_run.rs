//! What all stages of a run share: the run, one feed on its way through it, and why a stage ends early.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::RwLock;

use super::allowance::Allowance;
use super::cancel::{Cancel, Cause};
use super::control::Control;
use super::events::Events;
use super::ledger::{Installation, Ledger, LedgerError};
use super::live_progress::LiveProgress;
use super::mode::SyncMode;
use super::progress::RunEvent;
use super::{FeedPlan, Look};
use crate::client::Client;
use crate::cluster::Worker;
use crate::domain::{DataSpaceId, Feed};
use crate::error::Problem;
use crate::feeds::source::{Source, SourceError};
use crate::untrusted::SafeText;

/// Source keys in one reading of the source: what a reading finds out beforehand is then shared by a hundred pages, and the
/// keys are held in memory.
pub(super) const KEYS_AT_ONCE: usize = 20_000;

/// Why a pass ends before its end.
#[derive(Debug)]
pub(super) enum StopReason {
    /// The run is cancelled, and knows why.
    Cancelled,
    /// The source cannot be read.
    Problem(Problem),
}

/// What all feeds of a run share.
#[expect(clippy::struct_excessive_bools, reason = "four independent choices, as in the plan")]
pub(super) struct Context {
    /// The run's number in the journal: its start, in milliseconds since 1970.
    pub id: i64,
    /// How feeds are gone through.
    pub mode: SyncMode,
    /// What is asked for, in a few words.
    pub request: SafeText,
    /// Whether it is a pass of a watch.
    pub is_watch: bool,
    /// The feeds that are left out because another run holds them, and who that is.
    pub skipped: Vec<(Feed, SafeText)>,
    /// The feeds whose locks were left by a run that died, and whose that was.
    pub died: Vec<(Feed, SafeText)>,
    /// The feeds that partial syncs held when this run began: their locks are waited for.
    pub awaited: Vec<Feed>,
    /// This run among those of other nodes, where they share a ledger.
    pub worker: Option<Arc<Worker>>,
    /// Where the locks are.
    pub state_dir: PathBuf,
    /// The ids that were asked for and that none of the feeds so far has; `None` before the first.
    pub unknown_ids: Mutex<Option<BTreeSet<String>>>,
    /// The data space that receives.
    pub data_space: DataSpaceId,
    /// The largest uncompressed body, in bytes.
    pub max_batch_bytes: usize,
    /// Whether the ledger keeps what was sent.
    pub keep_payloads: bool,
    /// For how long settled deletions are remembered.
    pub keep_deletions: Duration,
    /// Compare and count only.
    pub dry_run: bool,
    /// Believe that tables which had rows at the last compare are empty on purpose.
    pub accept_empty: bool,
    /// Who sends, until that is written down.
    pub sender: Mutex<Option<Installation>>,
    /// Where items come from.
    pub source: Source,
    /// Where they go.
    pub client: Client,
    /// Who else sees what is read of whole feeds.
    pub look: Option<Look>,
    /// What other runs into the data space share with this one.
    pub allowance: Allowance,
    /// Every request passes it; shut while one of them finds out, alone, whether the keys are still good.
    pub keys_door: RwLock<()>,
    /// What is known of them.
    pub ledger: Ledger,
    /// The counters.
    pub live_progress: LiveProgress,
    /// The lifecycle.
    pub events: Events,
    /// What somebody wants of the run.
    pub control: Control,
}

impl Context {
    /// Who sends, if that is not written down yet; it is then up to the caller.
    pub fn take_sender(&self) -> Option<Installation> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// One feed on its way through a run: what all its stages share.
pub(super) struct FeedRun {
    pub run: Arc<Context>,
    /// The feed, its route and its batch size.
    pub plan: FeedPlan,
    /// Stops all stages.
    pub cancel: Cancel,
    pub(super) given_up: AtomicU32,
    /// The most bytes of a batch before it is compressed: less, once the gateway found one too large.
    pub(super) max_batch_bytes: AtomicUsize,
    /// The tables (or files) that must have something in them.
    expected: Mutex<BTreeSet<String>>,
    /// The one of them that was found empty.
    emptied: Mutex<Option<String>>,
}

impl FeedRun {
    /// A feed run on which nothing has moved yet.
    pub fn new(run: Arc<Context>, plan: FeedPlan) -> Self {
        let cancel = Cancel::new(run.control.stop_token());
        let max_batch_bytes = AtomicUsize::new(run.max_batch_bytes);
        Self {
            run,
            plan,
            cancel,
            given_up: AtomicU32::new(0),
            max_batch_bytes,
            expected: Mutex::default(),
            emptied: Mutex::default(),
        }
    }

    /// From now on the feed is only read while these tables (or files) have something in them.
    pub fn expect(&self, filled: BTreeSet<String>) {
        *self.expected.lock().unwrap_or_else(PoisonError::into_inner) = filled;
    }

    /// Where the feed is read from.
    pub fn source(&self) -> Source {
        self.run.source.expecting(self.expected.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// The words of an error of the source. It is remembered if something was found empty.
    pub fn source_problem(&self, error: &SourceError) -> Problem {
        if let Some(name) = error.emptied() {
            *self.emptied.lock().unwrap_or_else(PoisonError::into_inner) = Some(name.to_owned());
        }
        Problem::of(error)
    }

    /// What was found empty, once.
    pub fn take_emptied(&self) -> Option<String> {
        self.emptied.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Tells whoever follows the run something about the feed.
pub(super) async fn note(feed_run: &FeedRun, text: String) {
    feed_run.run.events.tell(RunEvent::Note { feed: feed_run.plan.feed, text: SafeText::from(text) }).await;
}

/// The result of a call to the ledger; a failure cancels the feed.
pub(super) fn in_ledger<T>(feed_run: &FeedRun, result: Result<T, LedgerError>) -> Result<T, StopReason> {
    result.map_err(|error| {
        feed_run.cancel.pull(Cause::Ledger(error));
        StopReason::Cancelled
    })
}

/// What the source answers, unless the run is cancelled first.
pub(super) async fn or_cancelled<T>(
    feed_run: &FeedRun,
    answer: impl Future<Output = Result<T, SourceError>>,
) -> Result<T, StopReason> {
    tokio::select! {
        biased;
        () = feed_run.cancel.pulled() => Err(StopReason::Cancelled),
        answer = answer => answer.map_err(|error| StopReason::Problem(feed_run.source_problem(&error))),
    }
}

/// The moment so long before `now`.
pub(super) fn before(now: Timestamp, rest: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(rest).ok().and_then(|rest| now.checked_sub(rest).ok()).unwrap_or(Timestamp::MIN)
}
