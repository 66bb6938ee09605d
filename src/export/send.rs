//! Senders: each takes a batch, and does not let go of it before every item of it has its state.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;

use super::FeedPlan;
use super::batch::{Batch, Batcher};
use super::brake::{Brake, Cause};
use super::ledger::{Answer, Attempt, Kept, Outgoing, Verdict, state_of_status};
use super::progress::{FeedProgress, ItemFailure, ItemState, RunEvent};
use super::run::Context;
use super::verdict::{self, Judged};
use crate::client::models::{FeedAnswer, FeedOutcome};
use crate::client::retry::{Decision, StopReason, decide};
use crate::error::{Exit, Problem};
use crate::untrusted::SafeText;

/// After so many batches in a row that were given up, the feed ends: one bad batch must not hold up a catalogue, but a
/// gateway that takes nothing must not be asked ten thousand times.
const GIVE_UPS_IN_A_ROW: u32 = 3;

/// One feed on its way through a run: what all its stages share.
pub(super) struct Lane {
    /// The run.
    pub run: Arc<Context>,
    /// The feed, its route and its batch size.
    pub plan: FeedPlan,
    /// Stops all stages.
    pub brake: Brake,
    given_up: AtomicU32,
}

impl Lane {
    /// A lane on which nothing has moved yet.
    pub fn new(run: Arc<Context>, plan: FeedPlan) -> Self {
        let brake = Brake::new(&run.stop);
        Self { run, plan, brake, given_up: AtomicU32::new(0) }
    }
}

/// Where the stages before put items to be sent. In a dry run they are only measured.
pub(super) struct Outbox {
    run: Arc<Context>,
    batcher: Batcher,
    batches: Option<mpsc::Sender<Batch>>,
}

impl Outbox {
    /// Batches for `batches`; `None` = a dry run.
    pub fn new(lane: &Lane, batches: Option<mpsc::Sender<Batch>>) -> Self {
        let run = Arc::clone(&lane.run);
        Self { batcher: Batcher::new(lane.plan.batch_size, run.max_batch_bytes), run, batches }
    }

    /// Hands items over, waiting while all senders are busy. Once the senders are gone it takes and drops: the brake is
    /// pulled then, and the ledger knows what was not sent.
    pub async fn push(&mut self, items: Vec<Outgoing>) {
        for item in items {
            if let Some(batch) = self.batcher.push(item)
                && !self.hand_over(batch).await
            {
                return;
            }
        }
    }

    /// Hands over what is left.
    pub async fn flush(mut self) {
        if let Some(batch) = self.batcher.take() {
            // Without senders the brake is pulled; see `push`.
            self.hand_over(batch).await;
        }
    }

    async fn hand_over(&self, batch: Batch) -> bool {
        let Some(batches) = &self.batches else {
            self.run.board.update(|feed| {
                feed.planned_requests += 1;
                feed.planned_bytes += batch.body_bytes() as u64;
            });
            return true;
        };
        batches.send(batch).await.is_ok()
    }
}

/// A sender: works until there are no more batches, or the brake is pulled.
pub(super) async fn send_batches(lane: Arc<Lane>, batches: Arc<Mutex<mpsc::Receiver<Batch>>>) {
    loop {
        let idle_since = Instant::now();
        let next = tokio::select! {
            biased;
            () = lane.brake.pulled() => None,
            batch = async { batches.lock().await.recv().await } => batch,
        };
        let Some(batch) = next else { return };
        let busy_since = Instant::now();
        lane.deliver(batch).await;
        lane.run.board.count_sender_time(busy_since - idle_since, busy_since.elapsed());
    }
}

impl Lane {
    /// Sends a batch, and whatever it is split into, until every item has its state or the brake is pulled.
    async fn deliver(&self, batch: Batch) {
        let mut waiting = vec![batch];
        while let Some(batch) = waiting.pop() {
            if let Some([first, second]) = self.deliver_whole(batch).await {
                waiting.extend([second, first]);
            }
        }
    }

    /// Sends a batch as one until every item has its state or the brake is pulled; or returns the halves it must become.
    async fn deliver_whole(&self, batch: Batch) -> Option<[Batch; 2]> {
        let (mut batch, mut body) = self.encode(batch).await?;
        let mut number = 1;
        let mut kept = self.kept(&body);
        loop {
            let (entry, answer) = self.attempt(&batch, &body, number, kept).await?;
            let decision = decide(&answer, number, batch.items().len(), self.run.client.retry_budget());
            if !self.settle(entry, &batch, &answer, &decision).await {
                return None;
            }
            let (rest, pause) = match decision {
                Decision::Done => {
                    self.given_up.store(0, Ordering::Relaxed);
                    return None;
                }
                Decision::Stop(reason) => {
                    self.give_up(reason, &answer);
                    return None;
                }
                Decision::Split => return Some(batch.halves()),
                Decision::Retry { after } => (None, after),
                Decision::RetryPartial { without, after } => (Some(without), after),
            };
            let reason = verdict::words(&answer.outcome);
            let event = RunEvent::Retrying { feed: self.plan.feed, attempt: number, after: pause, reason };
            self.run.events.tell(event).await;
            // If the brake is pulled meanwhile, the next attempt does not happen, and the items stay unknown.
            self.pause(pause, &answer).await;
            kept = Kept::AsBefore;
            if let Some(without) = rest {
                (batch, body) = self.encode(batch.without(&without)).await?;
                kept = self.kept(&body);
            }
            number += 1;
        }
    }

    /// What the ledger keeps of a body. Orders hold personal data, which has no business on this disk.
    fn kept(&self, body: &[u8]) -> Kept {
        if self.run.keep_payloads && !self.plan.feed.is_personal() { Kept::Body(body.to_vec()) } else { Kept::Nothing }
    }

    /// Compresses a batch off the async threads.
    async fn encode(&self, batch: Batch) -> Option<(Batch, Vec<u8>)> {
        let encoded = tokio::task::spawn_blocking(move || batch.encode().map(|body| (batch, body))).await;
        match encoded {
            Ok(Ok(encoded)) => Some(encoded),
            Ok(Err(error)) => self.fail(&error),
            Err(error) => self.fail(&error),
        }
    }

    fn fail<T>(&self, error: &dyn std::error::Error) -> Option<T> {
        let what = format!("a batch could not be compressed: {error}");
        self.brake.pull(Cause::Trouble(Problem::new(Exit::Other, what)));
        None
    }

    /// One request: journaled, then sent. `None` if it was not sent.
    async fn attempt(&self, batch: &Batch, body: &[u8], number: u32, kept: Kept) -> Option<(i64, FeedAnswer)> {
        if !self.wait_for_gateway().await {
            return None;
        }
        let feed = self.plan.feed;
        let attempt = Attempt { run: self.run.id, feed, rows: batch.rows(), bytes: body.len(), number, kept };
        let journaled = self.run.ledger.call(move |store| store.journal(&attempt, Timestamp::now())).await;
        let entry = match journaled {
            Ok(entry) => entry,
            Err(error) => {
                self.brake.pull(Cause::Ledger(error));
                return None;
            }
        };
        let answer = self.run.client.send_feed(&self.plan.route, &self.run.data_space, body.to_vec()).await;
        self.run.board.update(|feed| {
            feed.requests += 1;
            feed.bytes += body.len() as u64;
        });
        Some((entry, answer))
    }

    /// Waits here, and not within the client, for a pause that the gateway asked for: this wait can be broken off.
    async fn wait_for_gateway(&self) -> bool {
        while !self.brake.is_pulled() {
            let Some(pause) = self.run.client.pace().reading().waiting.filter(|pause| !pause.is_zero()) else {
                return true;
            };
            self.run.board.set_waiting(pause, SafeText::from("after a 429"));
            tokio::select! {
                () = self.brake.pulled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        false
    }

    /// Records what an answer means for the items that are not sent again, counts them and tells the refused ones.
    /// `false` if it could not be recorded.
    async fn settle(&self, entry: i64, batch: &Batch, answer: &FeedAnswer, decision: &Decision) -> bool {
        let judged = verdict::judge(&answer.outcome, decision, batch.items().len());
        let verdicts = judged.iter().filter_map(|judged| Some(verdict_of(batch.items().get(judged.place)?, judged)));
        let record = Answer {
            batch: entry,
            status: verdict::http_status(&answer.outcome),
            request_id: answer.request_id.clone(),
            verdicts: verdicts.collect(),
        };
        let recorded = self.run.ledger.call(move |store| store.record(&record, Timestamp::now())).await;
        if let Err(error) = recorded {
            self.brake.pull(Cause::Ledger(error));
            return false;
        }
        self.run.board.update(|feed| judged.iter().for_each(|judged| count(feed, judged)));
        if matches!(answer.outcome, FeedOutcome::Accepted { .. } | FeedOutcome::Refused { .. }) {
            self.tell_refused(batch, answer, &judged).await;
        }
        true
    }

    async fn tell_refused(&self, batch: &Batch, answer: &FeedAnswer, judged: &[Judged]) {
        for judged in judged {
            let state = state_of_status(Some(judged.status));
            let Some(outgoing) = batch.items().get(judged.place).filter(|_| state != ItemState::Submitted) else {
                continue;
            };
            let failure = ItemFailure {
                feed: self.plan.feed,
                label: outgoing.item.label.clone(),
                state,
                message: judged.text.clone(),
                code: judged.code.clone(),
                request_id: answer.request_id.clone(),
            };
            self.run.events.tell(RunEvent::ItemFailed(failure)).await;
        }
    }

    /// A pause before the next try, shorter if the brake is pulled.
    async fn pause(&self, pause: Duration, answer: &FeedAnswer) {
        if self.run.thread_count == 1 {
            // With more senders the others go on, so the run as a whole does not wait.
            self.run.board.set_waiting(pause, verdict::pause_reason(&answer.outcome));
        }
        tokio::select! {
            biased;
            () = self.brake.pulled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }

    /// A batch has its state, and it is not a good one: decides what that means for the feed.
    fn give_up(&self, reason: StopReason, answer: &FeedAnswer) {
        let words = verdict::words(&answer.outcome);
        match (reason, verdict::http_status(&answer.outcome)) {
            (StopReason::KeysRefused, _) => {
                let request_id = answer.request_id.clone();
                self.brake.pull(Cause::KeysRefused { message: words, request_id });
            }
            (StopReason::PayloadRefused, Some(404 | 405)) => {
                self.brake.pull(Cause::Trouble(no_route(&words, &self.plan)));
            }
            // These items have their state; the next batch may be all right.
            (StopReason::PayloadRefused, _) => self.given_up.store(0, Ordering::Relaxed),
            (StopReason::OutOfAttempts, _) => {
                if self.given_up.fetch_add(1, Ordering::Relaxed) + 1 >= GIVE_UPS_IN_A_ROW {
                    self.brake.pull(Cause::Trouble(trouble(&words)));
                }
            }
            (StopReason::OutOfBudget, _) => self.brake.pull(Cause::Trouble(trouble(&words))),
        }
    }
}

/// Every batch of the feed would be answered like this one.
fn no_route(words: &SafeText, plan: &FeedPlan) -> Problem {
    let hint = format!("check `{}` under [export.routes] in the configuration, and the data space", plan.feed);
    Problem::new(Exit::Other, format!("the gateway does not take {}: {words}", plan.feed)).hint(hint)
}

fn trouble(words: &SafeText) -> Problem {
    Problem::new(Exit::TryAgain, format!("the gateway takes no batches now: {words}"))
        .hint("run it again later: it goes on where this run stopped")
}

fn verdict_of(outgoing: &Outgoing, judged: &Judged) -> Verdict {
    Verdict { row: outgoing.row, status: judged.status, error: judged.text.clone(), code: judged.code.clone() }
}

fn count(feed: &mut FeedProgress, judged: &Judged) {
    match state_of_status(Some(judged.status)) {
        ItemState::Submitted => feed.submitted += 1,
        ItemState::WillRetry | ItemState::Awaiting => feed.will_retry += 1,
        ItemState::NeedsAttention => feed.needs_attention += 1,
    }
}
