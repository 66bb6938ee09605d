//! A run: its feeds one after another, in Adobe's order, and how it ends.

use std::convert::Infallible;
use std::sync::Arc;
use std::thread::JoinHandle;

use jiff::Timestamp;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::batch::Batch;
use super::board::Board;
use super::brake::Cause;
use super::collect::{self, Collection, count_found};
use super::events::Events;
use super::ledger::{Ledger, LedgerError};
use super::lock::RunLock;
use super::progress::{Phase, RunEnd, RunEvent, RunReport};
use super::send::{Lane, Outbox, send_batches};
use super::{ExportError, FeedPlan};
use crate::client::Client;
use crate::client::models::DataSpaceId;
use crate::error::{Exit, Problem};
use crate::feeds::Feed;
use crate::feeds::source::Source;
use crate::untrusted::SafeText;
use crate::words::counted;

/// What all feeds of a run share.
pub(super) struct Context {
    /// The run's number in the journal: its start, in milliseconds since 1970.
    pub id: i64,
    /// The data space that receives.
    pub data_space: DataSpaceId,
    /// Requests in flight at a time.
    pub thread_count: usize,
    /// The largest uncompressed body, in bytes.
    pub max_batch_bytes: usize,
    /// Compare and count only.
    pub dry_run: bool,
    /// Where items come from.
    pub source: Source,
    /// Where they go.
    pub client: Client,
    /// What is known of them.
    pub ledger: Ledger,
    /// The counters.
    pub board: Board,
    /// The lifecycle.
    pub events: Events,
    /// Stops the run.
    pub stop: CancellationToken,
}

/// How a feed ended.
#[derive(Debug)]
enum FeedEnd {
    Done,
    Stopped,
    Failed(Problem),
    KeysRefused { message: SafeText, request_id: Option<SafeText> },
    Ledger(LedgerError),
}

/// Runs the feeds of a plan. The locks are held, and the ledger's thread is waited for, to the very end.
pub(super) async fn run(
    context: Context,
    feeds: Vec<FeedPlan>,
    absent: Vec<(Feed, SafeText)>,
    locks: Vec<RunLock>,
    ledger_thread: JoinHandle<()>,
) -> Result<RunReport, ExportError> {
    let context = Arc::new(context);
    for (feed, reason) in absent {
        let text = SafeText::from(format!("not exported: {reason}"));
        context.events.tell(RunEvent::Note { feed, text }).await;
    }
    let end = tokio::select! {
        end = export_feeds(&context, feeds) => end,
        never = context.board.publish_changes() => match never {},
        never = say_stopping(&context) => match never {},
    };
    let progress = context.board.publish();
    drop(context);
    // The thread ends with its last caller, and folds the write-ahead log in; a panic in it was answered as an error.
    let _ = tokio::task::spawn_blocking(move || ledger_thread.join()).await;
    drop(locks);
    Ok(RunReport { progress, end: end? })
}

async fn say_stopping(context: &Context) -> Infallible {
    context.stop.cancelled().await;
    context.board.set_stopping();
    std::future::pending().await
}

async fn export_feeds(context: &Arc<Context>, feeds: Vec<FeedPlan>) -> Result<RunEnd, ExportError> {
    let mut problems: Vec<(Feed, Problem)> = Vec::new();
    for (index, plan) in feeds.into_iter().enumerate() {
        if context.stop.is_cancelled() {
            return Ok(RunEnd::Stopped);
        }
        context.board.begin(index, plan.batch_size);
        let feed = plan.feed;
        let end = export_feed(context, plan).await;
        context.board.set_phase(match &end {
            FeedEnd::Done => Phase::Done,
            FeedEnd::Stopped => Phase::Stopped,
            FeedEnd::Failed(_) | FeedEnd::KeysRefused { .. } | FeedEnd::Ledger(_) => Phase::Failed,
        });
        context.board.publish();
        if let Some(progress) = context.board.feed() {
            context.events.tell(RunEvent::FeedFinished(progress)).await;
        }
        match end {
            FeedEnd::Done => {}
            FeedEnd::Stopped => return Ok(RunEnd::Stopped),
            FeedEnd::Failed(problem) => problems.push((feed, problem)),
            FeedEnd::KeysRefused { message, request_id } => {
                context.events.tell(RunEvent::KeysRefused { message: message.clone(), request_id }).await;
                return Ok(RunEnd::KeysRefused { message });
            }
            FeedEnd::Ledger(error) => return Err(error.into()),
        }
    }
    Ok(if problems.is_empty() { RunEnd::Complete } else { RunEnd::Failed { problems } })
}

/// Exports one feed, and says how it ended. Whatever ends it early pulled the brake or is in the result of a stage.
async fn export_feed(context: &Arc<Context>, plan: FeedPlan) -> FeedEnd {
    let lane = Arc::new(Lane::new(Arc::clone(context), plan));
    let went = go_through(&lane).await;
    match (lane.brake.take_cause(), went) {
        (Some(Cause::KeysRefused { message, request_id }), _) => FeedEnd::KeysRefused { message, request_id },
        (Some(Cause::Ledger(error)), _) => FeedEnd::Ledger(error),
        (Some(Cause::Trouble(problem)), _) | (None, Err(problem)) => FeedEnd::Failed(problem),
        (None, Ok(())) if lane.brake.is_pulled() => FeedEnd::Stopped,
        (None, Ok(())) => FeedEnd::Done,
    }
}

async fn go_through(lane: &Arc<Lane>) -> Result<(), Problem> {
    let run = &lane.run;
    let feed = lane.plan.feed;
    let Some(()) =
        in_ledger(lane, run.ledger.call(move |store| store.begin_feed(feed, super::ledger::Resend::None)).await)
    else {
        return Ok(());
    };
    let source_records = tokio::select! {
        biased;
        () = lane.brake.pulled() => return Ok(()),
        count = run.source.count(feed) => count.map_err(|error| collect::source_problem(&error))?,
    };
    run.board.update(|progress| progress.source_records = source_records);
    run.events.tell(RunEvent::FeedStarted { feed, source_records }).await;

    let source = run.source.clone();
    let collection = deliver(lane, |outbox| collect::collect(lane, source, outbox)).await?;
    if lane.brake.is_pulled() {
        return Ok(());
    }
    tell_collection(lane, &collection).await;
    if collection.unidentified == 0 {
        run.board.set_phase(Phase::Deleting);
        deliver(lane, |outbox| sweep(lane, outbox)).await;
    }
    if !lane.brake.is_pulled() && !run.dry_run {
        in_ledger(lane, run.ledger.call(move |store| store.finish_full(feed, None, Timestamp::now())).await);
    }
    Ok(())
}

/// Runs senders beside a stage that fills the outbox, and returns when both are done.
async fn deliver<T, F: Future<Output = T>>(lane: &Arc<Lane>, stage: impl FnOnce(Outbox) -> F) -> T {
    if lane.run.dry_run {
        return stage(Outbox::new(lane, None)).await;
    }
    // One batch waits per sender, so that none is idle while the next batch is gathered.
    let (sender, batches) = mpsc::channel::<Batch>(lane.run.thread_count);
    let batches = Arc::new(Mutex::new(batches));
    let mut senders = JoinSet::new();
    for _ in 0..lane.run.thread_count {
        senders.spawn(send_batches(Arc::clone(lane), Arc::clone(&batches)));
    }
    drop(batches);
    let result = stage(Outbox::new(lane, Some(sender))).await;
    lane.run.board.update(|feed| {
        if feed.phase == Phase::Collecting {
            feed.phase = Phase::Sending;
        }
    });
    while let Some(ended) = senders.join_next().await {
        if let Err(error) = ended {
            let what = format!("a sender broke off, which is a mistake of this program: {error}");
            lane.brake.pull(Cause::Trouble(Problem::new(Exit::Other, what)));
        }
    }
    result
}

/// Finds what is gone from the source, and puts its deletions into the outbox.
async fn sweep(lane: &Lane, mut outbox: Outbox) {
    let mut after = None;
    while !lane.brake.is_pulled() {
        let step = lane.run.ledger.call(move |store| store.sweep(after, Timestamp::now())).await;
        let Some(swept) = in_ledger(lane, step) else { return };
        lane.run.board.update(|feed| count_found(feed, &swept.gone));
        outbox.push(swept.gone).await;
        after = swept.next;
        if after.is_none() {
            return outbox.flush().await;
        }
    }
}

/// The result of a call to the ledger; a failure pulls the brake.
fn in_ledger<T>(lane: &Lane, result: Result<T, LedgerError>) -> Option<T> {
    result.map_err(|error| lane.brake.pull(Cause::Ledger(error))).ok()
}

async fn tell_collection(lane: &Lane, collection: &Collection) {
    let feed = lane.plan.feed;
    if collection.unidentified > 0 {
        let text = format!(
            "deletions were not looked for, because {} could not be identified: repair them and run again",
            counted(collection.unidentified, "record")
        );
        lane.run.events.tell(RunEvent::Note { feed, text: SafeText::from(text) }).await;
    }
    if collection.refused_before > 0 {
        let text = format!(
            "not sent again: {} that the gateway refused before and that did not change since",
            counted(collection.refused_before, "item")
        );
        lane.run.events.tell(RunEvent::Note { feed, text: SafeText::from(text) }).await;
    }
}
