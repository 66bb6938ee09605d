//! The board: the counters of a run, and when they are told.
//!
//! Counters change as things happen; the newest values go out at most ten times a second, and never while nothing
//! changes. What is derived (rate, time left, what limits) is worked out only when it goes out.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::outlook::{Measured, outlook};
use super::progress::{FeedProgress, Phase, Progress};
use crate::client::Client;
use crate::untrusted::SafeText;

/// The least time between two values of the `watch`: a screen draws at most ten frames a second.
const PUBLISH_EVERY: Duration = Duration::from_millis(100);

/// How far back a rate looks: long enough to even out batches, short enough to notice a change.
const WINDOW: Duration = Duration::from_secs(30);

/// The counters of a run.
#[derive(Debug)]
pub(super) struct Board {
    state: Mutex<State>,
    changed: Notify,
    values: watch::Sender<Progress>,
    client: Client,
}

#[derive(Debug)]
struct State {
    progress: Progress,
    begun: Instant,
    /// The feed that runs, and how many items a request of it may hold.
    current: usize,
    batch_size: usize,
    /// Broken records and refusals of before: they have their state but were never to be sent.
    settled_unsent: u64,
    senders: SenderTime,
    waiting: Option<(Instant, SafeText)>,
    samples: VecDeque<Sample>,
}

/// What the senders of a feed did with their time, all together.
#[derive(Debug, Clone, Copy, Default)]
struct SenderTime {
    starved: Duration,
    busy: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    settled: u64,
    read: u64,
    senders: SenderTime,
}

impl Board {
    /// A board on which nothing has happened, and the end at which to watch it.
    pub fn new(progress: Progress, client: Client) -> (Self, watch::Receiver<Progress>) {
        let (values, watched) = watch::channel(progress.clone());
        let state = State {
            progress,
            begun: Instant::now(),
            current: 0,
            batch_size: 1,
            settled_unsent: 0,
            senders: SenderTime::default(),
            waiting: None,
            samples: VecDeque::new(),
        };
        (Self { state: Mutex::new(state), changed: Notify::new(), values, client }, watched)
    }

    /// Tells changes as they come, until dropped.
    pub async fn publish_changes(&self) -> Infallible {
        loop {
            self.changed.notified().await;
            self.publish();
            tokio::time::sleep(PUBLISH_EVERY).await;
        }
    }

    /// Tells the newest values now, and returns them.
    pub fn publish(&self) -> Progress {
        let pace = self.client.pace().reading();
        let mut state = self.state();
        state.derive(Instant::now(), pace.requests_per_second);
        let progress = state.progress.clone();
        drop(state);
        self.values.send_replace(progress.clone());
        progress
    }

    /// Goes on to a feed.
    pub fn begin(&self, feed: usize, batch_size: usize) {
        let mut state = self.state();
        state.current = feed;
        state.batch_size = batch_size;
        state.settled_unsent = 0;
        state.senders = SenderTime::default();
        state.waiting = None;
        state.samples.clear();
        drop(state);
        self.set_phase(Phase::Collecting);
    }

    /// Changes the counters of the feed that runs.
    pub fn update(&self, change: impl FnOnce(&mut FeedProgress)) {
        let mut state = self.state();
        let current = state.current;
        if let Some(feed) = state.progress.feeds.get_mut(current) {
            change(feed);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Counts items that have their state without having been sent in this run.
    pub fn settle_unsent(&self, needs_attention: u64) {
        self.state().settled_unsent += needs_attention;
        self.update(|feed| feed.needs_attention += needs_attention);
    }

    /// Where the feed that runs is.
    pub fn set_phase(&self, phase: Phase) {
        self.update(|feed| feed.phase = phase);
    }

    /// The counters of the feed that runs.
    pub fn feed(&self) -> Option<FeedProgress> {
        let state = self.state();
        state.progress.feeds.get(state.current).cloned()
    }

    /// Says that a stop was asked for.
    pub fn set_stopping(&self) {
        self.state().progress.stopping = true;
        self.changed.notify_one();
    }

    /// Says that a sender waited that long for records, and then worked that long.
    pub fn count_sender_time(&self, starved: Duration, busy: Duration) {
        let mut state = self.state();
        state.senders.starved += starved;
        state.senders.busy += busy;
    }

    /// Says that nothing is sent for a while.
    pub fn set_waiting(&self, pause: Duration, reason: SafeText) {
        self.state().waiting = Some((Instant::now() + pause, reason));
        self.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Counters stay usable whatever panicked while holding them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn derive(&mut self, now: Instant, allowance: Option<f64>) {
        self.progress.elapsed = now - self.begun;
        self.waiting = self.waiting.take().filter(|(until, _)| *until > now);
        let Some(feed) = self.progress.feeds.get(self.current) else { return };
        let sample = Sample { at: now, settled: feed.settled(), read: feed.source_read, senders: self.senders };
        self.samples.push_back(sample);
        // The first one kept is the last that is older than the window, so that the whole window is covered.
        while self.samples.get(1).is_some_and(|second| now - second.at >= WINDOW) {
            self.samples.pop_front();
        }
        let first = self.samples.front().copied().unwrap_or(sample);
        let seconds = (now - first.at).as_secs_f64();
        let rate = |from: u64, to: u64| if seconds > 0.0 { to.saturating_sub(from) as f64 / seconds } else { 0.0 };
        let starved = sample.senders.starved.saturating_sub(first.senders.starved).as_secs_f64();
        let busy = sample.senders.busy.saturating_sub(first.senders.busy).as_secs_f64();
        let sent = feed.settled().saturating_sub(self.settled_unsent);
        let measured = Measured {
            source_records: feed.source_records,
            source_read: feed.source_read,
            is_collecting: matches!(feed.phase, Phase::Waiting | Phase::Collecting),
            to_send: feed.to_send(),
            sent,
            items_per_request: if sent > 0 && feed.requests > 0 {
                sent as f64 / feed.requests as f64
            } else {
                self.batch_size as f64
            },
            items_per_second: rate(first.settled, sample.settled),
            records_per_second: rate(first.read, sample.read),
            allowance,
            waiting: self.waiting.as_ref().map(|(until, reason)| (*until - now, reason.clone())),
            starved: (starved + busy > 0.0).then(|| starved / (starved + busy)),
        };
        let is_active = feed.phase.is_active();
        let (eta, limit) = outlook(&measured);
        self.progress.items_per_second = measured.items_per_second;
        self.progress.eta = eta.filter(|_| is_active);
        self.progress.limit = limit;
    }
}
