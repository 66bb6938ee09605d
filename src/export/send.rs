//! Senders: each takes a batch, and does not let go of it before every item of it has its state.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Mutex, RwLockWriteGuard, mpsc};
use tokio::time::Instant;

use super::batch::{Batch, Batcher};
use super::batch_size::LearnedSize;
use super::cancel::Cause;
use super::failure;
use super::feed_run::FeedRun;
use super::ledger::{Answer, Attempt, BatchOutcome, Kept, Outgoing, Why, state_of_status};
use super::outcome::{self, Judged};
use super::progress::{FeedProgress, ItemFailure, ItemState, RunEvent};
use crate::client::models::{FeedAnswer, FeedOutcome, RETRYABLE_ITEM_CODE, RefusedItem};
use crate::client::retry::{Decision, GaveUp, Search, Tries, decide};
use crate::error::{Exit, Problem};
use crate::untrusted::SafeText;

/// After so many batches in a row that were given up, the feed ends: one bad batch must not hold up a catalogue, but a
/// gateway that takes nothing must not be asked ten thousand times.
const GIVE_UPS_IN_A_ROW: u32 = 3;

/// Where the stages before put items to be sent. In a dry run they are only measured.
pub(super) struct Outbox {
    feed_run: Arc<FeedRun>,
    batcher: Batcher,
    batches: Option<mpsc::Sender<Batch>>,
    /// In a dry run: how large batches will have become by then.
    planned: Option<LearnedSize>,
}

impl Outbox {
    /// Batches for `batches`; `None` = a dry run.
    pub fn new(feed_run: &Arc<FeedRun>, batches: Option<mpsc::Sender<Batch>>) -> Self {
        let feed_run = Arc::clone(feed_run);
        let planned = feed_run.run.control.learned_size(feed_run.plan.feed).filter(|_| batches.is_none());
        Self { batcher: Batcher::new(feed_run.batch_size(), feed_run.max_batch_bytes()), feed_run, batches, planned }
    }

    /// Hands items over, waiting while all senders are busy or the run is paused. Once the senders are gone it takes and
    /// drops: the run is cancelled then, and the ledger knows what was not sent.
    pub async fn push(&mut self, items: Vec<Outgoing>) {
        self.feed_run.wait_while_paused().await;
        self.batcher.set_max_items(self.batch_size());
        for item in items {
            self.batcher.limit_bytes(self.feed_run.max_batch_bytes());
            if let Some(batch) = self.batcher.push(item) {
                if !self.hand_over(batch).await {
                    return;
                }
                // That may have taken a while, in which the gateway has taught something.
                self.batcher.set_max_items(self.batch_size());
            }
        }
    }

    /// Hands over what is left.
    pub async fn flush(mut self) {
        if let Some(batch) = self.batcher.take() {
            // Without senders the run is cancelled; see `push`.
            self.hand_over(batch).await;
        }
    }

    /// Items in a batch that is made now.
    fn batch_size(&self) -> usize {
        self.planned.map_or_else(|| self.feed_run.batch_size(), |size| size.items)
    }

    async fn hand_over(&mut self, batch: Batch) -> bool {
        let Some(batches) = &self.batches else {
            let most = self.feed_run.plan.learns_up_to;
            self.planned = self.planned.zip(most).map(|(size, most)| size.taken(batch.items().len(), most));
            self.feed_run.run.live_progress.update(|feed| {
                feed.planned_requests += 1;
                feed.planned_bytes += batch.body_bytes() as u64;
            });
            return true;
        };
        batches.send(batch).await.is_ok()
    }
}

/// A batch that is ready to leave.
struct EncodedBatch {
    batch: Batch,
    /// Compressed.
    body: Vec<u8>,
    /// What the ledger keeps of the body at the next attempt.
    kept: Kept,
    /// Attempts so far.
    number: u32,
}

/// Why a sender has stopped working.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// There is nothing more to send, or the run is cancelled.
    NothingToDo,
    /// Fewer senders are wanted; this was its place.
    Surplus(usize),
}

/// A sender: works until there are no more batches, the run is cancelled, or its place, from 0, is one too many.
pub(super) async fn send_batches(
    feed_run: Arc<FeedRun>,
    batches: Arc<Mutex<mpsc::Receiver<Batch>>>,
    place: usize,
) -> Left {
    loop {
        let idle_since = Instant::now();
        let next = tokio::select! {
            biased;
            () = feed_run.cancel.pulled() => None,
            () = feed_run.run.control.is_surplus(place) => return Left::Surplus(place),
            batch = async { batches.lock().await.recv().await } => batch,
        };
        let Some(batch) = next else { return Left::NothingToDo };
        let busy_since = Instant::now();
        feed_run.deliver(batch).await;
        feed_run.run.live_progress.count_sender_time(busy_since - idle_since, busy_since.elapsed());
    }
}

impl FeedRun {
    /// Items in a batch that is made now.
    fn batch_size(&self) -> usize {
        self.run.control.batch_size(self.plan.feed)
    }

    /// The largest body of a batch that is made now, in bytes.
    fn max_batch_bytes(&self) -> usize {
        self.max_batch_bytes.load(Ordering::Relaxed)
    }

    /// Waits until the run is not paused, or the run is cancelled.
    async fn wait_while_paused(&self) {
        tokio::select! {
            biased;
            () = self.cancel.pulled() => {}
            () = self.run.control.unpaused() => {}
        }
    }

    /// Sends a batch, and whatever it is split into, until every item has its state or the run is cancelled.
    async fn deliver(&self, batch: Batch) {
        let mut search = Search::default();
        let mut waiting = vec![batch];
        while let Some(batch) = waiting.pop() {
            let is_too_large = batch.body_bytes() > self.max_batch_bytes();
            let halves = if is_too_large && batch.items().len() > 1 {
                // It was gathered before the gateway found another one too large.
                Some(batch.halves())
            } else {
                self.deliver_whole(batch, &mut search).await
            };
            if let Some([first, second]) = halves {
                waiting.extend([second, first]);
            }
        }
    }

    /// Sends a batch as one until every item has its state or the run is cancelled; or returns the halves it must become.
    async fn deliver_whole(&self, batch: Batch, search: &mut Search) -> Option<[Batch; 2]> {
        let mut encoded = self.pack(batch).await?;
        let mut tries = Tries::default();
        // Held from the moment the keys are doubted until a new token is accepted, or the run is cancelled.
        let mut alone = None;
        loop {
            let (entry, token, answer) = self.attempt(&mut encoded, alone.is_some()).await?;
            let EncodedBatch { batch, number, .. } = &encoded;
            let budget = self.run.client.retry_budget();
            let decision = decide(&answer, batch.items().len(), &mut tries, search, budget);
            if !self.settle(entry, batch, &answer, &decision).await {
                return None;
            }
            self.learn_size(batch.items().len(), &answer.outcome, &decision).await;
            let mut reason = outcome::words(&answer.outcome);
            let (rest, pause) = match decision {
                Decision::Done => {
                    self.given_up.store(0, Ordering::Relaxed);
                    return None;
                }
                Decision::Stop(reason) => {
                    self.give_up(reason, &answer, search);
                    return None;
                }
                Decision::Split => return Some(encoded.batch.halves()),
                Decision::Shrink => {
                    self.shrink(batch.body_bytes(), &reason).await;
                    return Some(encoded.batch.halves());
                }
                Decision::RenewToken => {
                    alone = Some(self.doubt_keys(token).await?);
                    reason = SafeText::from(format!("trying a new token once: {reason}"));
                    (None, Duration::ZERO)
                }
                Decision::Retry { after } => {
                    alone = None;
                    (None, after)
                }
                Decision::RetryPartial { without, after } => {
                    alone = None;
                    (Some(without), after)
                }
            };
            let event = RunEvent::Retrying { feed: self.plan.feed, attempt: *number, after: pause, reason };
            self.run.events.tell(event).await;
            // If the run is cancelled meanwhile, the next attempt does not happen, and the items stay unknown.
            self.pause(pause, &answer).await;
            if let Some(without) = rest {
                let number = encoded.number;
                encoded = self.pack(encoded.batch.without(&without)).await?;
                encoded.number = number;
            }
        }
    }

    /// Waits until nothing else is on the way, keeps it so, and has a new token signed unless somebody else did since.
    async fn doubt_keys(&self, token: u64) -> Option<RwLockWriteGuard<'_, ()>> {
        let alone = tokio::select! {
            biased;
            () = self.cancel.pulled() => return None,
            alone = self.run.keys_door.write() => alone,
        };
        self.run.client.renew_token(token);
        Some(alone)
    }

    /// A batch of so many bytes was too large: from now on, those of this feed are at most half of that.
    async fn shrink(&self, bytes: usize, reason: &SafeText) {
        let half = bytes.div_ceil(2);
        if self.max_batch_bytes.fetch_min(half, Ordering::Relaxed) > half {
            let size = crate::format::bytes(half as u64);
            let text = SafeText::from(format!("batch size reduced to {size}: {reason}"));
            self.run.events.tell(RunEvent::Note { feed: self.plan.feed, text }).await;
        }
    }

    /// Learns from what became of a batch of so many items how large the next ones may be.
    async fn learn_size(&self, items: usize, outcome: &FeedOutcome, decision: &Decision) {
        let Some(most) = self.plan.learns_up_to else { return };
        let (control, feed) = (&self.run.control, self.plan.feed);
        let Some(size) = control.learned_size(feed) else { return };
        match outcome {
            FeedOutcome::Accepted { refused } if items > 1 && refused.iter().any(RefusedItem::is_retryable) => {
                let smaller = size.refused(items, Timestamp::now());
                if control.learn_size(feed, smaller) && smaller.items < size.items {
                    let text = format!("batch size reduced to {} items: {RETRYABLE_ITEM_CODE}", smaller.items);
                    self.run.events.tell(RunEvent::Note { feed, text: SafeText::from(text) }).await;
                }
            }
            FeedOutcome::Accepted { .. } => drop(control.learn_size(feed, size.taken(items, most))),
            _ if *decision == Decision::Shrink => drop(control.learn_size(feed, size.refused(items, Timestamp::now()))),
            _ => {}
        }
    }

    /// Compresses a batch, in a task of its own.
    async fn pack(&self, batch: Batch) -> Option<EncodedBatch> {
        let encoded = tokio::spawn(async move { batch.encode().map(|body| (batch, body)) }).await;
        match encoded {
            Ok(Ok((batch, body))) => Some(EncodedBatch { kept: self.kept(&body), batch, body, number: 0 }),
            Ok(Err(error)) => self.fail(&error),
            Err(error) => self.fail(&error),
        }
    }

    /// What the ledger keeps of a body. Orders hold personal data, which has no business on this disk.
    fn kept(&self, body: &[u8]) -> Kept {
        if self.run.keep_payloads && !self.plan.feed.is_personal() { Kept::Body(body.to_vec()) } else { Kept::Nothing }
    }

    fn fail<T>(&self, error: &dyn std::error::Error) -> Option<T> {
        let what = format!("a batch could not be compressed: {error}");
        self.cancel.pull(Cause::Failure(Problem::new(Exit::Other, what)));
        None
    }

    /// One request: journaled, then sent; its entry, the number of its token and the answer. `None` if it was not sent.
    async fn attempt(&self, encoded: &mut EncodedBatch, is_alone: bool) -> Option<(i64, u64, FeedAnswer)> {
        let client = &self.run.client;
        let (departure, _door) = loop {
            if !self.wait_for_gateway().await {
                return None;
            }
            let ready = async {
                if let Some(rate) = client.pace().reading().requests_per_second {
                    let interval = Duration::from_secs_f64(1.0 / rate);
                    tokio::time::sleep(self.run.allowance.reserve(interval).await).await;
                }
                let departure = client.depart().await;
                let door = if is_alone { None } else { Some(self.run.keys_door.read().await) };
                (departure, door)
            };
            tokio::select! {
                biased;
                () = self.cancel.pulled() => return None,
                () = self.run.control.paused() => {}
                ready = ready => break ready,
            }
        };
        encoded.number += 1;
        let attempt = Attempt {
            run: self.run.id,
            feed: self.plan.feed,
            rows: encoded.batch.rows(),
            bytes: encoded.body.len(),
            number: encoded.number,
            kept: std::mem::replace(&mut encoded.kept, Kept::Nothing),
        };
        let journaled = self.run.ledger.call(move |store| store.journal(&attempt, Timestamp::now())).await;
        let entry = match journaled {
            Ok(entry) => entry,
            Err(error) => {
                self.cancel.pull(Cause::Ledger(error));
                return None;
            }
        };
        encoded.kept = Kept::AsBefore(entry);
        let token = client.token_number();
        let body = encoded.body.clone();
        let in_flight = self.run.live_progress.request_leaves();
        let answer = client.send_feed(departure, &self.plan.route, &self.run.data_space, body).await;
        if let Some(pause) = client.pace().reading().waiting {
            self.run.allowance.hold_off(pause).await;
        }
        let answer = answer.counted(encoded.batch.items().len());
        in_flight.came_back(outcome::of_request(&answer.outcome));
        self.run.live_progress.update(|feed| {
            feed.requests += 1;
            feed.bytes += encoded.body.len() as u64;
        });
        Some((entry, token, answer))
    }

    /// Waits here, and not within the client, for a pause that a person or the gateway asked for: this wait can be broken
    /// off. `false` if it was.
    async fn wait_for_gateway(&self) -> bool {
        loop {
            self.wait_while_paused().await;
            if self.cancel.is_pulled() {
                return false;
            }
            let Some(pause) = self.run.client.pace().reading().waiting.filter(|pause| !pause.is_zero()) else {
                return true;
            };
            self.run.live_progress.set_waiting(pause, SafeText::from("as the gateway requested"));
            tokio::select! {
                () = self.cancel.pulled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Records what an answer means for the items that are not sent again, counts them and tells the refused ones.
    /// `false` if it could not be recorded.
    async fn settle(&self, entry: i64, batch: &Batch, answer: &FeedAnswer, decision: &Decision) -> bool {
        let judged = outcome::judge(&answer.outcome, decision, batch.items().len());
        let verdicts = judged.iter().filter_map(|judged| Some(verdict_of(batch.items().get(judged.place)?, judged)));
        let record = Answer {
            batch: entry,
            status: outcome::http_status(&answer.outcome),
            request_id: answer.request_id.clone(),
            verdicts: verdicts.collect(),
        };
        // In the same transaction: from the first accepted item on, this installation is the one that sends here.
        let is_accepted = judged.iter().any(|judged| state_of_status(Some(judged.status)) == ItemState::Submitted);
        let sender = if is_accepted { self.run.take_sender() } else { None };
        let recorded = self
            .run
            .ledger
            .call(move |store| {
                sender.map_or(Ok(()), |sender| store.remember(&sender))?;
                store.record(&record, Timestamp::now())
            })
            .await;
        if let Err(error) = recorded {
            self.cancel.pull(Cause::Ledger(error));
            return false;
        }
        let is_unanswered = outcome::is_unanswered(&answer.outcome);
        let is_gone = |judged: &Judged| batch.items().get(judged.place).is_some_and(|sent| sent.why == Why::Gone);
        self.run.live_progress.update(|feed| {
            for judged in &judged {
                count(feed, judged, is_gone(judged), is_unanswered);
            }
        });
        let failed = judged.iter().filter_map(|judged| {
            let state = state_of_status(Some(judged.status));
            (state != ItemState::Submitted).then_some((self.plan.feed, state, &judged.text))
        });
        self.run.live_progress.count_failures(failed);
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

    /// A pause before the next try, shorter if the run is cancelled.
    async fn pause(&self, pause: Duration, answer: &FeedAnswer) {
        if self.run.control.thread_count() == 1 {
            // With more senders the others continue, so the run as a whole does not wait.
            self.run.live_progress.set_waiting(pause, outcome::pause_reason(&answer.outcome));
        }
        tokio::select! {
            biased;
            () = self.cancel.pulled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }

    /// A batch has its state, and it is not a good one: decides what that means for the feed.
    fn give_up(&self, reason: GaveUp, answer: &FeedAnswer, search: &mut Search) {
        match (reason, &answer.outcome) {
            (GaveUp::KeysRefused, FeedOutcome::KeysRefused { message, remedy, .. }) => {
                let (message, request_id) = (message.clone(), answer.request_id.clone());
                self.cancel.pull(Cause::KeysRefused { message, remedy: *remedy, request_id });
                return;
            }
            // These items have their state; the next batch may be all right.
            (GaveUp::PayloadRefused, _) => {
                if !search.is_fruitless() {
                    self.given_up.store(0, Ordering::Relaxed);
                }
                return;
            }
            (GaveUp::SearchEnded, _) if !search.end() => return,
            _ => {}
        }
        let is_hopeless = match reason {
            GaveUp::OutOfAttempts | GaveUp::RequestRefused | GaveUp::SearchEnded => {
                self.given_up.fetch_add(1, Ordering::Relaxed) + 1 >= GIVE_UPS_IN_A_ROW
            }
            _ => true,
        };
        if is_hopeless {
            self.cancel.pull(Cause::Failure(failure::of(reason, &answer.outcome, &self.plan)));
        }
    }
}

fn verdict_of(outgoing: &Outgoing, judged: &Judged) -> BatchOutcome {
    let place = judged.place;
    BatchOutcome {
        row: outgoing.row,
        place,
        status: judged.status,
        error: judged.text.clone(),
        code: judged.code.clone(),
    }
}

fn count(feed: &mut FeedProgress, judged: &Judged, is_gone: bool, is_unanswered: bool) {
    match state_of_status(Some(judged.status)) {
        ItemState::Submitted => {
            feed.submitted += 1;
            feed.deleted += u64::from(is_gone);
        }
        ItemState::WillRetry | ItemState::Awaiting => {
            feed.will_retry += 1;
            feed.unanswered += u64::from(is_unanswered);
        }
        ItemState::NeedsAttention => feed.needs_attention += 1,
    }
}
