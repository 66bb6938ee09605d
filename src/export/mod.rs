//! The export: plan → collect → compare → batch → encode → send → record.
//!
//! This room knows feeds, the ledger and the client. It must never know that there is a screen: it tells progress by a
//! `watch` and lifecycle by a bounded channel, and whoever wants to look, looks.

mod adopt;
mod allowance;
mod batch;
mod batch_size;
mod cancel;
mod collect;
mod compare;
pub mod control;
mod deliver;
mod eta;
mod events;
mod failure;
mod feed_run;
mod follow;
pub mod held;
mod hold;
pub mod item_state;
pub mod ledger;
mod live_progress;
mod lock;
mod mode;
pub mod nodes;
mod outcome;
pub mod owner;
mod pass;
pub mod progress;
pub mod reasons;
pub mod report_text;
pub mod requests;
mod rolling;
mod run;
mod send;
pub mod total;
pub mod total_text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{RwLock, mpsc, watch};

pub use adopt::Adoption;
use allowance::Allowance;
pub use batch::encode;
pub use batch_size::requests as requests_of;
use control::Control;
use events::Events;
use feed_run::Context;
#[cfg(any(test, fuzzing))]
pub(crate) use follow::shown_of_log;
use held::{Limit, What};
use ledger::{Ledger, Store};
use live_progress::LiveProgress;
use lock::RunLock;
pub use mode::{Following, Rolling, SyncMode};
use progress::{FeedProgress, Progress, RunEvent, RunReport};

use crate::client::Client;
use crate::cluster::{Worker, blocking};
use crate::domain::{DataSpaceId, Feed, MAX_DELETE, Most, ThreadCount};
use crate::error::{Exit, Explain, Problem};
use crate::feeds::source::{Page, Source};
use crate::private_file::PrivateFileError;
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// What a run is to do.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "four independent choices of a person, each with its flag")]
pub struct Plan {
    /// The feeds, in the order in which they are sent.
    pub feeds: Vec<FeedPlan>,
    /// How they are gone through.
    pub mode: SyncMode,
    /// What is asked for, in a few words, for the run history.
    pub request: SafeText,
    /// The data space that receives.
    pub data_space: DataSpaceId,
    /// Requests in flight at a time.
    pub thread_count: ThreadCount,
    /// The largest uncompressed body of a request, in bytes.
    pub max_batch_bytes: usize,
    /// Keep what was sent of each item in the ledger, compressed.
    pub keep_payloads: bool,
    /// Compare and count, but send and record nothing.
    pub dry_run: bool,
    /// Believe that tables which had rows at the last compare are empty on purpose.
    pub accept_empty: bool,
    /// Leave out a feed that another run holds, and say so, instead of refusing to start.
    pub skip_locked: bool,
    /// For how long settled deletions are remembered.
    pub keep_deletions: Duration,
    /// The installation that sends, written into the ledger once something was accepted; `None` if it is there already.
    pub sender: Option<ledger::Installation>,
    /// Where ledger and locks live.
    pub state_dir: PathBuf,
    /// This run among those of other nodes, where they share a ledger; `None` for a dry run.
    pub worker: Option<Arc<Worker>>,
    /// Feeds that were wanted and that the source cannot give, and why: reported when the run begins.
    pub absent: Vec<(Feed, SafeText)>,
    /// Feeds that were wanted and that this program cannot send, and why: likewise.
    pub left_out: Vec<(Feed, SafeText)>,
}

/// One feed of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPlan {
    pub feed: Feed,
    /// Route, relative to the gateway, without the data space id.
    pub route: String,
    /// Items in one request.
    pub batch_size: usize,
    /// Up to how many items a request may come to have, as the gateway takes them; `None` = always `batch_size`.
    pub learns_up_to: Option<usize>,
    /// How many deletions a run may send.
    pub max_delete: Limit,
    /// How many changes a run may send.
    pub max_change: Limit,
}

impl FeedPlan {
    /// How many of these a run may send.
    pub fn limit(&self, what: What) -> Limit {
        match what {
            What::Deletions => self.max_delete,
            What::Changes => self.max_change,
        }
    }
}

impl Plan {
    /// The feed plans for `feeds`, in the recommended order, with configured batch sizes and routes over the catalogue's.
    pub fn feed_plans(
        feeds: &[Feed],
        batch_size: impl Fn(Feed) -> Option<usize>,
        routes: &BTreeMap<Feed, String>,
    ) -> Vec<FeedPlan> {
        let mut feeds = feeds.to_vec();
        feeds.sort_unstable();
        feeds.dedup();
        feeds
            .into_iter()
            .map(|feed| FeedPlan {
                feed,
                route: routes.get(&feed).cloned().unwrap_or_else(|| feed.route().to_owned()),
                batch_size: batch_size(feed).unwrap_or_else(|| feed.batch_size()).max(1),
                learns_up_to: batch_size(feed).is_none().then(|| feed.largest_batch()),
                max_delete: Limit { usual: MAX_DELETE, now: None },
                max_change: Limit { usual: Most::NoLimit, now: None },
            })
            .collect()
    }
}

/// A run that was started.
#[derive(Debug)]
pub struct Run {
    /// Counters; the newest value is enough.
    pub progress: watch::Receiver<Progress>,
    /// What happened; every one must be seen.
    pub events: mpsc::Receiver<RunEvent>,
    /// Tells the run what to do.
    pub control: Control,
    /// How it ended.
    pub report: tokio::task::JoinHandle<Result<RunReport, ExportError>>,
}

/// Starts a run on the current tokio runtime. It takes the locks and opens the ledger before it returns (milliseconds of
/// disk); a dry run takes no lock and writes nothing.
///
/// # Errors
/// [`ExportError::Locked`] if another run holds a feed's lock, unless that is a partial sync: this run waits for it when it comes
/// to the feed, or leaves the feed to it if it is one itself. [`ExportError::Ledger`] if the ledger cannot be opened.
pub fn start(plan: Plan, source: Source, client: Client) -> Result<Run, ExportError> {
    start_looked_at(plan, source, client, None)
}

/// Where the pages of feeds that are read whole are shown, besides being exported. Full, it makes the run wait.
pub type Look = mpsc::Sender<(Feed, Page)>;

/// As [`start`]; what is read goes to `pages` as well, until the run ends.
///
/// # Errors
/// As [`start`].
pub fn start_looked_at(plan: Plan, source: Source, client: Client, pages: Option<Look>) -> Result<Run, ExportError> {
    let Plan {
        mut feeds,
        mode,
        request,
        data_space,
        thread_count,
        max_batch_bytes,
        keep_payloads,
        dry_run,
        accept_empty,
        skip_locked,
        keep_deletions,
        sender,
        state_dir,
        worker,
        absent,
        left_out,
    } = plan;
    let mut skipped = Vec::new();
    let mut died = Vec::new();
    let mut awaited = Vec::new();
    let is_pass = matches!(mode, SyncMode::Partial(_));
    let (store, locks) = if dry_run {
        (Store::open_to_look(&state_dir, &data_space)?, Vec::new())
    } else if let Some(worker) = &worker {
        // Feeds are claimed when their turn comes.
        (Store::open_shared(&state_dir, worker)?, Vec::new())
    } else {
        let mut locks = Vec::new();
        for plan in &feeds {
            match RunLock::take(&state_dir, &data_space, plan.feed, is_pass) {
                Ok(lock) => {
                    died.extend(lock.died.clone().map(|holder| (plan.feed, holder)));
                    locks.push((plan.feed, lock));
                }
                // A partial sync leaves to another one what that one is at; everything else waits for a partial sync.
                Err(ExportError::Locked { feed, holder, is_pass: other }) if skip_locked || (is_pass && other) => {
                    skipped.push((feed, holder));
                }
                Err(ExportError::Locked { feed, is_pass: true, .. }) => awaited.push(feed),
                Err(error) => return Err(error),
            }
        }
        feeds.retain(|plan| skipped.iter().all(|(feed, _)| *feed != plan.feed));
        (Store::open(&state_dir, &data_space)?, locks)
    };
    let (ledger, ledger_thread) = Ledger::spawn(store)?;
    let control = Control::new(thread_count, &feeds);
    let (events, reported) = Events::channel(control.stop_token().clone());
    let planned = feeds.iter().map(|plan| FeedProgress { batch_size: plan.batch_size, ..FeedProgress::new(plan.feed) });
    let begun = Progress { thread_count: control.thread_count(), ..Progress::new(planned.collect(), dry_run) };
    let (live_progress, progress) = LiveProgress::new(begun, client.answer_timeout(), {
        let client = client.clone();
        move || client.pace().reading().requests_per_second
    });
    let allowance = if dry_run { Allowance::Alone } else { Allowance::of(&state_dir, &data_space, worker.as_ref()) };
    let context = Context {
        id: Timestamp::now().as_millisecond(),
        mode,
        request,
        is_watch: skip_locked,
        skipped,
        died,
        awaited,
        worker,
        state_dir,
        unknown_ids: Mutex::default(),
        data_space,
        max_batch_bytes,
        keep_payloads,
        keep_deletions,
        dry_run,
        accept_empty,
        sender: Mutex::new(sender),
        source,
        client,
        look: pages,
        allowance,
        keys_door: RwLock::default(),
        ledger,
        live_progress,
        events,
        control: control.clone(),
    };
    let report = tokio::spawn(run::run(context, feeds, run::Missed { absent, left_out }, locks, ledger_thread));
    Ok(Run { progress, events: reported, control, report })
}

/// Moves this server's ledger into the database that nodes share; `false` if there is none. Blocking.
///
/// # Errors
/// [`ExportError::Locked`] if an export is running on any node, [`ExportError::Ledger`] if it cannot be done; the file then still is the
/// ledger.
pub fn move_ledger_to_database(state_dir: &Path, worker: &Arc<Worker>) -> Result<bool, ExportError> {
    let _held = RunLock::take_all(state_dir, worker.data_space())?;
    blocking(nodes::claim_all(worker))?;
    Ok(ledger::to_database(state_dir, worker)?)
}

/// Makes this node's copy of a shared ledger a ledger of its own; `false` if it is that. Blocking.
///
/// # Errors
/// As [`move_ledger_to_database`]; the database then still has the ledger.
pub fn move_ledger_to_file(state_dir: &Path, worker: &Arc<Worker>) -> Result<bool, ExportError> {
    blocking(nodes::claim_all(worker))?;
    Ok(ledger::to_file(state_dir, worker)?)
}

/// Makes a new ledger from what can be read of a damaged one, or of a backup; `None` if nothing is wrong. No run of this data
/// space may continue meanwhile, so all its locks are taken. Blocking.
///
/// # Errors
/// [`ExportError::Locked`] if an export is running, [`ExportError::Ledger`] if it cannot be done; the old ledger is then as it was.
pub fn repair_ledger(
    state_dir: &Path,
    data_space: &DataSpaceId,
    from: ledger::RepairFrom<'_>,
) -> Result<Option<ledger::Repaired>, ExportError> {
    let _held = RunLock::take_all(state_dir, data_space)?;
    Ok(ledger::repair(state_dir, data_space, from)?)
}

/// Why a run could not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Another run holds the lock.
    #[error("{feed} is being exported by {holder}")]
    Locked {
        feed: Feed,
        /// User, host, pid and start.
        holder: SafeText,
        /// Whether it is a partial sync, which ends soon, or a run that has just begun and may be one.
        is_pass: bool,
    },
    /// A run of another process, which was looked at from here, has no report.
    #[error(transparent)]
    Elsewhere(Problem),
    /// There can be no lock: its file or directory is not ours alone, or cannot be written.
    #[error("the lock of this run: {0}")]
    LockFile(#[from] PrivateFileError),
    /// The ledger cannot be opened, read or written.
    #[error(transparent)]
    Ledger(#[from] ledger::LedgerError),
}

impl Explain for ExportError {
    fn exit(&self) -> Exit {
        match self {
            ExportError::Locked { .. } => Exit::Locked,
            ExportError::Elsewhere(problem) => problem.exit,
            ExportError::LockFile(_) => Exit::Other,
            ExportError::Ledger(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            ExportError::Locked { .. } => Some(Remedy::FollowRun.into()),
            ExportError::Elsewhere(problem) => problem.hint.clone(),
            ExportError::LockFile(error) => {
                error.hint().or_else(|| Some("make its directory writable, or set another one with --state-dir".into()))
            }
            ExportError::Ledger(error) => error.hint(),
        }
    }
}
