//! A run: its feeds one after another, those with little to send first, and how it ends.

use std::convert::Infallible;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::cancel::Cause;
use super::feed_run::{Context, FeedRun};
use super::ledger::LedgerError;
use super::lock::RunLock;
use super::mode::SyncMode;
use super::nodes::{self, Claim, Turn, Turns};
use super::progress::{Phase, RunEnd, RunEvent, RunReport};
use super::{ExportError, FeedPlan, pass};
use crate::bounds::MOST_THREADS;
use crate::cluster::{PartState, Worker};
use crate::domain::{Feed, KeysRemedy};
use crate::error::{Exit, Problem};
use crate::untrusted::SafeText;
use crate::waiting;

/// How often a lock is looked at that is waited for: more often than any watch passes.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How often the number of requests in flight is fitted to the gateway.
const FIT_THREADS_EVERY: Duration = Duration::from_secs(1);

/// What a sender does between two requests, at most: it waits for a batch, compresses it and records it.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(200);

/// Requests in flight where the gateway has no limit: more than a small server can fill.
const UNLIMITED_THREADS: usize = 4;

/// How a feed ended.
#[derive(Debug)]
enum FeedEnd {
    Done,
    Stopped,
    Failed(Problem),
    KeysRefused { message: SafeText, remedy: KeysRemedy, request_id: Option<SafeText> },
    Ledger(LedgerError),
}

/// The feeds that were wanted and are not in the plan, and why.
pub(super) struct Missed {
    /// The source cannot give them.
    pub absent: Vec<(Feed, SafeText)>,
    /// They cannot be sent.
    pub left_out: Vec<(Feed, SafeText)>,
}

/// Runs the feeds of a plan. A feed's lock is held until the feed is done, the others and the ledger's thread to the very end.
pub(super) async fn run(
    context: Context,
    feeds: Vec<FeedPlan>,
    missed: Missed,
    mut locks: Vec<(Feed, RunLock)>,
    ledger_thread: JoinHandle<()>,
) -> Result<RunReport, ExportError> {
    let context = Arc::new(context);
    for (feed, reason) in missed.absent.iter().chain(&missed.left_out) {
        let text = SafeText::from(format!("not exported: {reason}"));
        context.events.tell(RunEvent::Note { feed: *feed, text }).await;
    }
    let planned = feeds.iter().map(|plan| plan.feed).collect();
    let recorded = begin_record(&context, &feeds).await;
    let end = tokio::select! {
        end = async { recorded.as_ref().map_err(Clone::clone)?; export_feeds(&context, feeds, &missed.absent, &mut locks).await } => end,
        never = context.live_progress.publish_changes() => match never {},
        lost = nodes::keep_alive(&context) => Err(lost.into()),
        never = tell_wanted(&context) => match never {},
        never = tell_waits(&context) => match never {},
        never = fit_threads(&context) => match never {},
        never = estimate_items(&context, planned) => match never {},
    };
    let progress = context.live_progress.publish();
    let unknown_ids = context.unknown_ids.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
    let unknown_ids = unknown_ids.iter().map(|id| SafeText::new(id)).collect();
    let requests_per_second = context.client.pace().reading().requests_per_second;
    let report = end.map(|end| RunReport { progress, end, unknown_ids, requests_per_second });
    if let (Ok(report), Ok(Some(run))) = (&report, recorded) {
        end_record(&context, run, report.clone()).await;
    }
    let worker = context.worker.clone();
    drop(context);
    // The thread ends with its last caller, and folds the write-ahead log in; a panic in it was answered as an error.
    let _ = tokio::task::spawn_blocking(move || ledger_thread.join()).await;
    drop(locks);
    nodes::end(worker.as_ref(), report.as_ref().ok()).await;
    report
}

/// Writes down that the run begins; a dry run leaves nothing behind.
async fn begin_record(context: &Context, feeds: &[FeedPlan]) -> Result<Option<i64>, LedgerError> {
    if context.dry_run {
        return Ok(None);
    }
    let request = context.request.clone();
    let feeds: Vec<Feed> = feeds.iter().map(|plan| plan.feed).collect();
    context.ledger.call(move |store| store.begin_run(&request, &feeds, Timestamp::now())).await.map(Some)
}

/// Writes down how the run ended. A watch passes a thousand times a day: a pass that had nothing to do is forgotten.
async fn end_record(context: &Context, run: i64, report: RunReport) {
    let is_idle = report.end == RunEnd::Complete && report.progress.feeds.iter().all(|feed| feed.to_send() == 0);
    let is_forgotten = context.is_watch && is_idle && report.held().next().is_none() && !report.has_failures();
    let recorded = context
        .ledger
        .call(
            move |store| {
                if is_forgotten { store.forget_run(run) } else { store.end_run(run, &report, Timestamp::now()) }
            },
        )
        .await;
    // What the items came to is recorded already, and the run ended as it did.
    if let Err(error) = recorded {
        tracing::warn!(%error, "the end of this run is missing in the run history");
    }
}

/// Puts on the progress what is wanted of the run, as it changes.
async fn tell_wanted(context: &Context) -> Infallible {
    let mut wanted = context.control.watch();
    // What was wanted before this run had its first turn counts as well.
    wanted.mark_changed();
    let mut is_stopping = false;
    loop {
        tokio::select! {
            () = context.control.stop_token().cancelled(), if !is_stopping => {
                is_stopping = true;
                context.live_progress.set_stopping();
            }
            changed = wanted.changed() => match changed {
                Ok(()) => context.live_progress.set_wanted(&wanted.borrow_and_update()),
                // The context holds the other end.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

/// Keeps as many requests in flight as the allowance needs, by how long answers take, unless a person said how many.
async fn fit_threads(context: &Context) -> Infallible {
    loop {
        tokio::time::sleep(FIT_THREADS_EVERY).await;
        if let Some(latency) = context.live_progress.latency() {
            let allowed = context.client.pace().reading().requests_per_second;
            context.control.need_threads(needed_threads(allowed, latency));
        }
    }
}

/// Requests in flight that use the allowance up, by the time that nine of ten answers take.
fn needed_threads(requests_per_second: Option<f64>, latency: Duration) -> usize {
    let Some(rate) = requests_per_second else { return UNLIMITED_THREADS };
    let busy = latency + BETWEEN_REQUESTS;
    (1..=MOST_THREADS).find(|count| f64::from(*count) >= rate * busy.as_secs_f64()).unwrap_or(MOST_THREADS).into()
}

/// Counts the items of each feed, for the time left of the whole run. Where only some of them are looked at, that says nothing.
async fn estimate_items(context: &Context, feeds: Vec<Feed>) -> Infallible {
    if matches!(context.mode, SyncMode::Full | SyncMode::Cleanup) {
        for feed in feeds {
            // A feed that cannot be counted says why when its turn comes.
            let items = context.source.estimate(feed).await.ok().flatten();
            context.live_progress.set_estimate(feed, items);
        }
    }
    std::future::pending().await
}

/// Tells what the run waits for.
async fn tell_waits(context: &Context) -> Infallible {
    let mut waits = waiting::Listener::new();
    loop {
        let text = waits.next().await;
        if let Some(progress) = context.live_progress.feed() {
            context.events.tell(RunEvent::Note { feed: progress.feed, text }).await;
        }
    }
}

async fn export_feeds(
    context: &Arc<Context>,
    feeds: Vec<FeedPlan>,
    absent: &[(Feed, SafeText)],
    locks: &mut Vec<(Feed, RunLock)>,
) -> Result<RunEnd, ExportError> {
    for (feed, holder) in &context.skipped {
        let text = SafeText::from(format!("skipped: it is being exported by {holder}"));
        context.events.tell(RunEvent::Note { feed: *feed, text }).await;
    }
    for (feed, holder) in &context.died {
        let text = format!("took over its lock from a run that ended unexpectedly ({holder})");
        context.events.tell(RunEvent::Note { feed: *feed, text: SafeText::from(text) }).await;
    }
    tell_first_sync(context, &feeds).await?;
    let mut problems = pass::incomplete(context, absent).await?;
    let mut turns = Turns::begin(context, in_turn(context, &feeds).await?).await?;
    loop {
        let index = match turns.next().await? {
            Turn::Feed(index) => index,
            Turn::Stopped => return Ok(RunEnd::Stopped),
            Turn::Over { done, failed } => {
                by_others(context, &feeds, &done, &failed, &mut problems);
                break;
            }
        };
        let plan = feeds[index].clone();
        context.live_progress.begin(index);
        let feed = plan.feed;
        if context.dry_run {
            tell_warnings(context, feed).await;
        }
        let end = match wait_for_lock(context, feed).await {
            Waited::Nothing | Waited::Claimed => export_feed(context, plan).await,
            Waited::Skipped => FeedEnd::Done,
            Waited::Got(lock) => {
                locks.push((feed, lock));
                export_feed(context, plan).await
            }
            Waited::Stopped => FeedEnd::Stopped,
            Waited::Failed(problem) => FeedEnd::Failed(problem),
        };
        context.live_progress.set_phase(match &end {
            FeedEnd::Done => Phase::Done,
            FeedEnd::Stopped => Phase::Stopped,
            FeedEnd::Failed(_) | FeedEnd::KeysRefused { .. } | FeedEnd::Ledger(_) => Phase::Failed,
        });
        context.live_progress.publish();
        if let Some(progress) = context.live_progress.feed() {
            context.events.tell(RunEvent::FeedFinished(progress)).await;
        }
        let state = match &end {
            FeedEnd::Done => PartState::Done,
            FeedEnd::Stopped | FeedEnd::KeysRefused { .. } => PartState::Waiting,
            FeedEnd::Failed(_) | FeedEnd::Ledger(_) => PartState::Failed,
        };
        if let Some(worker) = context.worker.as_deref().filter(|_| !matches!(end, FeedEnd::Ledger(_))) {
            turns.finish(feed, state).await?;
            nodes::release(worker, feed).await;
        }
        match end {
            FeedEnd::Done => {}
            FeedEnd::Stopped => return Ok(RunEnd::Stopped),
            FeedEnd::Failed(problem) => problems.push((feed, problem)),
            FeedEnd::KeysRefused { message, remedy, request_id } => {
                context.events.tell(RunEvent::KeysRefused { message: message.clone(), remedy, request_id }).await;
                return Ok(RunEnd::KeysRefused { message, remedy });
            }
            FeedEnd::Ledger(error) => return Err(error.into()),
        }
        // A watch beside a long run may go on with it.
        locks.retain(|(of, _)| *of != feed);
    }
    Ok(if problems.is_empty() { RunEnd::Complete } else { RunEnd::Failed { problems } })
}

/// What other nodes have done of an export that this run shared.
fn by_others(
    context: &Context,
    feeds: &[FeedPlan],
    done: &[usize],
    failed: &[usize],
    problems: &mut Vec<(Feed, Problem)>,
) {
    for (places, phase) in [(done, Phase::Done), (failed, Phase::Failed)] {
        for index in places {
            context.live_progress.begin(*index);
            context.live_progress.set_phase(phase);
        }
    }
    let problem = |index: &usize| {
        let feed = feeds[*index].feed;
        let problem = Problem::new(Exit::Other, "failed on another node").hint("see the log of that node");
        (feed, problem)
    };
    problems.extend(failed.iter().map(problem));
}

/// The feeds in the order in which they are gone through, each with its place in the plan: a few changes must not wait behind a
/// first sync of a million, so the feeds that were never compared in full come last.
async fn in_turn(context: &Context, feeds: &[FeedPlan]) -> Result<Vec<(usize, Feed)>, LedgerError> {
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for (index, plan) in feeds.iter().enumerate() {
        let feed = plan.feed;
        let is_first_sync = context.ledger.call(move |store| store.followed(feed)).await?.is_none();
        if is_first_sync { last.push((index, feed)) } else { first.push((index, feed)) }
    }
    first.append(&mut last);
    Ok(first)
}

/// What waiting for a feed's lock came to.
enum Waited {
    /// It is claimed among nodes.
    Claimed,
    /// Another node's partial sync is at it, and this one leaves it to that.
    Skipped,
    /// It is held since the run began.
    Nothing,
    /// It is held now.
    Got(RunLock),
    Stopped,
    Failed(Problem),
}

/// Waits for the partial sync that holds the feed, and says so if that takes long.
async fn wait_for_lock(context: &Context, feed: Feed) -> Waited {
    if let Some(worker) = &context.worker {
        return wait_for_claim(context, worker, feed).await;
    }
    if !context.awaited.contains(&feed) {
        return Waited::Nothing;
    }
    let begun = Instant::now();
    let mut is_told = false;
    loop {
        let (state_dir, data_space) = (context.state_dir.clone(), context.data_space.clone());
        let taken = tokio::task::spawn_blocking(move || RunLock::take(&state_dir, &data_space, feed, false)).await;
        match taken {
            Ok(Ok(lock)) => return Waited::Got(lock),
            Ok(Err(ExportError::Locked { holder, is_pass: true, .. })) => {
                if !is_told && begun.elapsed() >= waiting::PATIENCE {
                    is_told = true;
                    let text = SafeText::from(format!("waiting for the partial sync of {holder}"));
                    context.events.tell(RunEvent::Note { feed, text }).await;
                }
            }
            Ok(Err(error)) => return Waited::Failed(Problem::of(&error)),
            Err(error) => {
                return Waited::Failed(Problem::new(Exit::Other, format!("waiting for a lock failed: {error}")));
            }
        }
        tokio::select! {
            () = context.control.stop_token().cancelled() => return Waited::Stopped,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

/// The same among nodes.
async fn wait_for_claim(context: &Context, worker: &Worker, feed: Feed) -> Waited {
    let is_pass = matches!(context.mode, SyncMode::Partial(_));
    let begun = Instant::now();
    let mut is_told = false;
    loop {
        match nodes::claim(worker, feed, is_pass).await {
            Ok(Claim::Got { died }) => {
                if let Some(holder) = died {
                    let text = format!("took over from a run that ended unexpectedly ({holder})");
                    context.events.tell(RunEvent::Note { feed, text: SafeText::from(text) }).await;
                }
                return Waited::Claimed;
            }
            Ok(Claim::Held { holder, is_pass: other }) if context.is_watch || (is_pass && other) => {
                let text = SafeText::from(format!("skipped: it is being exported by {holder}"));
                context.events.tell(RunEvent::Note { feed, text }).await;
                return Waited::Skipped;
            }
            Ok(Claim::Held { holder, is_pass: true }) => {
                if !is_told && begun.elapsed() >= waiting::PATIENCE {
                    is_told = true;
                    let text = SafeText::from(format!("waiting for the partial sync of {holder}"));
                    context.events.tell(RunEvent::Note { feed, text }).await;
                }
            }
            Ok(Claim::Held { holder, is_pass }) => {
                return Waited::Failed(Problem::of(&ExportError::Locked { feed, holder, is_pass }));
            }
            Err(error) => return Waited::Failed(Problem::of(&error)),
        }
        tokio::select! {
            () = context.control.stop_token().cancelled() => return Waited::Stopped,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

/// Says beforehand that nothing was ever sent to this data space from here, and how much there is to send.
async fn tell_first_sync(context: &Context, feeds: &[FeedPlan]) -> Result<(), LedgerError> {
    let sends_all = matches!(context.mode, SyncMode::Full | SyncMode::Partial(_) | SyncMode::Cleanup);
    if !sends_all || !context.ledger.call(|store| store.is_empty()).await? {
        return Ok(());
    }
    let mut source_records = Vec::new();
    for plan in feeds {
        let count = tokio::select! {
            biased;
            () = context.control.stop_token().cancelled() => return Ok(()),
            count = context.source.count(plan.feed) => count,
        };
        // A feed that cannot be counted says why when its turn comes.
        source_records.push((plan.feed, count.ok().flatten()));
    }
    context.events.tell(RunEvent::FirstSync { source_records }).await;
    Ok(())
}

/// Says what looks like a mistake of the shop. A source that cannot be read says why when the feed is.
async fn tell_warnings(context: &Context, feed: Feed) {
    let warnings = tokio::select! {
        biased;
        () = context.control.stop_token().cancelled() => return,
        warnings = context.source.warnings(feed) => warnings.unwrap_or_default(),
    };
    for text in warnings {
        context.events.tell(RunEvent::Note { feed, text }).await;
    }
}

/// Begins with the batch size that earlier runs have learned.
async fn resume_batch_size(feed_run: &FeedRun) -> Result<(), LedgerError> {
    let Some(most) = feed_run.plan.learns_up_to else { return Ok(()) };
    let feed = feed_run.plan.feed;
    if let Some(size) = feed_run.run.ledger.call(move |store| store.learned_size(feed)).await? {
        feed_run.run.control.learn_size(feed, size.resumed(most, Timestamp::now()));
    }
    Ok(())
}

/// Exports one feed, and says how it ended. Whatever ends it early pulled the cancellation or is in the result of a stage.
async fn export_feed(context: &Arc<Context>, plan: FeedPlan) -> FeedEnd {
    let feed = plan.feed;
    let feed_run = Arc::new(FeedRun::new(Arc::clone(context), plan));
    if let Err(error) = resume_batch_size(&feed_run).await {
        return FeedEnd::Ledger(error);
    }
    let resumed = context.control.learned_size(feed);
    let went = pass::go_through(&feed_run).await;
    if let Some(learned) = context.control.learned_size(feed)
        && Some(learned) != resumed
    {
        let kept = context.ledger.call(move |store| store.keep_learned_size(feed, learned)).await;
        // A ledger that cannot be written has ended the feed already, and says so.
        kept.unwrap_or_else(|error| tracing::warn!(%error, "what was learned of the batch size is lost"));
    }
    match (feed_run.cancel.take_cause(), went) {
        (Some(Cause::KeysRefused { message, remedy, request_id }), _) => {
            FeedEnd::KeysRefused { message, remedy, request_id }
        }
        (Some(Cause::Ledger(error)), _) => FeedEnd::Ledger(error),
        (Some(Cause::Failure(problem)), _) | (None, Err(problem)) => FeedEnd::Failed(problem),
        (None, Ok(())) if feed_run.cancel.is_pulled() => FeedEnd::Stopped,
        (None, Ok(())) => FeedEnd::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_as_many_as_the_allowance_needs() {
        for (rate, milliseconds, threads) in [
            (Some(2.0), 5, 1),
            (Some(2.0), 300, 1),
            (Some(2.0), 500, 2),
            (Some(2.0), 3_000, 7),
            (Some(50.0), 500, 32),
            (Some(0.01), 60_000, 1),
            (None, 500, UNLIMITED_THREADS),
        ] {
            assert_eq!(needed_threads(rate, Duration::from_millis(milliseconds)), threads, "{rate:?} {milliseconds}");
        }
    }
}
