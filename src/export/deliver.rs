//! Senders beside a stage: while a stage reads, compares or sweeps, what it finds is sent; both end together.
//!
//! It must never know what a stage looks for.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::batch::Batch;
use super::cancel::Cause;
use super::feed_run::{FeedRun, StopReason};
use super::progress::Phase;
use super::send::{Left, Outbox, send_batches};
use crate::bounds::THREAD_COUNTS;
use crate::error::{Exit, Problem};

/// Runs senders beside a stage that fills the outbox, and returns when both are done.
pub(super) async fn deliver<T, F: Future<Output = Result<T, StopReason>>>(
    feed_run: &Arc<FeedRun>,
    stage: impl FnOnce(Outbox) -> F,
) -> Result<T, StopReason> {
    let result = if feed_run.run.dry_run {
        stage(Outbox::new(feed_run, None)).await
    } else {
        send_beside(feed_run, stage).await
    };
    if feed_run.cancel.is_pulled() && result.is_ok() {
        return Err(StopReason::Cancelled);
    }
    result
}

async fn send_beside<T, F: Future<Output = T>>(feed_run: &Arc<FeedRun>, stage: impl FnOnce(Outbox) -> F) -> T {
    // One batch waits per sender, so that none is idle while the next batch is gathered.
    let (sender, batches) = mpsc::channel::<Batch>(feed_run.run.control.thread_count());
    let stage = async {
        let result = stage(Outbox::new(feed_run, Some(sender))).await;
        feed_run.run.live_progress.update(|feed| {
            if feed.phase == Phase::Collecting {
                feed.phase = Phase::Sending;
            }
        });
        result
    };
    tokio::join!(stage, keep_sending(feed_run, batches)).0
}

/// Keeps as many senders at work as are wanted, until all batches are sent or the run is cancelled.
async fn keep_sending(feed_run: &Arc<FeedRun>, batches: mpsc::Receiver<Batch>) {
    let batches = Arc::new(Mutex::new(batches));
    let mut wanted = feed_run.run.control.watch();
    let mut senders = JoinSet::new();
    let mut is_at_work = [false; *THREAD_COUNTS.end()];
    let mut is_ending = false;
    loop {
        let thread_count = wanted.borrow_and_update().thread_count;
        for (place, is_at_work) in is_at_work.iter_mut().enumerate().take(thread_count) {
            if !*is_at_work && !is_ending {
                *is_at_work = true;
                senders.spawn(send_batches(Arc::clone(feed_run), Arc::clone(&batches), place));
            }
        }
        let left = tokio::select! {
            left = senders.join_next() => left,
            _ = wanted.changed() => continue,
        };
        match left {
            Some(Ok(Left::Surplus(place))) => is_at_work[place] = false,
            Some(Ok(Left::NothingToDo)) => is_ending = true,
            Some(Err(error)) => {
                is_ending = true;
                let what = format!("a sender failed, a bug in this program: {error}");
                feed_run.cancel.pull(Cause::Failure(Problem::new(Exit::Other, what)));
            }
            None => return,
        }
    }
}
