//! The progress: the counters of a run, and when they are reported.
//!
//! Counters change as things happen; the newest values go out at most ten times a second, and never while nothing
//! changes. What is derived (rate, time left, what limits) is worked out only when it goes out.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::control::Wanted;
use super::eta::{Ahead, Measured, eta, run_eta};
use super::progress::{FeedProgress, ItemState, Limit, Phase, Progress};
use super::requests::{RequestLog, RequestOutcome};
use crate::domain::Feed;
use crate::untrusted::SafeText;

/// The least time between two values of the `watch`: a screen draws at most ten frames a second.
const PUBLISH_EVERY: Duration = Duration::from_millis(100);

/// How far back a rate looks: long enough to even out batches, short enough to notice a change.
const WINDOW: Duration = Duration::from_secs(30);

/// The counters of a run.
pub(super) struct LiveProgress {
    state: Mutex<ProgressState>,
    changed: Notify,
    values: watch::Sender<Progress>,
    /// Asks for the requests a second that are allowed now; `None` = no limit.
    allowance: Box<dyn Fn() -> Option<f64> + Send + Sync>,
}

#[derive(Debug)]
struct ProgressState {
    progress: Progress,
    begun: Instant,
    /// The feed that runs.
    current: usize,
    /// Broken records and refusals of before: they have their state but were never to be sent.
    settled_unsent: u64,
    senders: SenderTime,
    waiting: Option<(Instant, SafeText)>,
    samples: VecDeque<Sample>,
    requests: RequestLog,
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

impl LiveProgress {
    /// Progress in which nothing has happened yet, and the end at which to watch it. Requests without an answer are given up
    /// after `times_out`; `allowance` tells how many requests a second are allowed when it is asked.
    pub fn new(
        progress: Progress,
        times_out: Duration,
        allowance: impl Fn() -> Option<f64> + Send + Sync + 'static,
    ) -> (Self, watch::Receiver<Progress>) {
        let (values, watched) = watch::channel(progress.clone());
        let state = ProgressState {
            progress,
            begun: Instant::now(),
            current: 0,
            settled_unsent: 0,
            senders: SenderTime::default(),
            waiting: None,
            samples: VecDeque::new(),
            requests: RequestLog::new(times_out),
        };
        let live_progress =
            Self { state: Mutex::new(state), changed: Notify::new(), values, allowance: Box::new(allowance) };
        (live_progress, watched)
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
        let allowance = (self.allowance)();
        let mut state = self.state();
        state.derive(Instant::now(), allowance);
        let progress = state.progress.clone();
        drop(state);
        self.values.send_replace(progress.clone());
        progress
    }

    /// Within which time nine of ten of the last requests were answered; `None` before the first answer.
    pub fn latency(&self) -> Option<Duration> {
        Some(self.values.borrow().requests.latency?.p90)
    }

    /// Goes on to a feed.
    pub fn begin(&self, feed: usize) {
        let mut state = self.state();
        state.current = feed;
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

    /// Counts items that failed under their reason.
    pub fn count_failures<'a>(&self, failures: impl IntoIterator<Item = (Feed, ItemState, &'a SafeText)>) {
        let mut state = self.state();
        for (feed, item_state, message) in failures {
            state.progress.reasons.add(feed, item_state, message.as_str());
        }
    }

    /// A request leaves; its return counts it, and it is broken off if that is dropped.
    pub fn request_leaves(&self) -> InFlight<'_> {
        let number = self.state().requests.leave(Instant::now());
        self.changed.notify_one();
        InFlight { live_progress: self, number }
    }

    /// Says how many items a feed has by a count query.
    pub fn set_estimate(&self, feed: Feed, items: Option<u64>) {
        let mut state = self.state();
        if let Some(known) = state.progress.feeds.iter_mut().find(|known| known.feed == feed) {
            known.estimated = items;
        }
        drop(state);
        self.changed.notify_one();
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

    /// Says what is wanted of the run.
    pub fn set_wanted(&self, wanted: &Wanted) {
        let mut state = self.state();
        if state.progress.paused.is_some() && wanted.paused.is_none() {
            // The rates of a pause say nothing of the time after it.
            state.samples.clear();
        }
        state.progress.paused.clone_from(&wanted.paused);
        state.progress.thread_count = wanted.thread_count;
        for feed in &mut state.progress.feeds {
            feed.batch_size = wanted.batch_sizes.get(&feed.feed).map_or(feed.batch_size, |size| size.items);
        }
        drop(state);
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

    fn state(&self) -> MutexGuard<'_, ProgressState> {
        // Counters stay usable whatever panicked while holding them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that waits for its answer.
pub(super) struct InFlight<'a> {
    live_progress: &'a LiveProgress,
    number: u64,
}

impl InFlight<'_> {
    /// It came to this.
    pub fn came_back(self, outcome: RequestOutcome) {
        self.live_progress.state().requests.come_back(self.number, Some(outcome), Instant::now());
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        // After an outcome its number is not known any more.
        self.live_progress.state().requests.come_back(self.number, None, Instant::now());
        self.live_progress.changed.notify_one();
    }
}

impl ProgressState {
    fn derive(&mut self, now: Instant, allowance: Option<f64>) {
        self.progress.elapsed = now - self.begun;
        self.progress.requests = self.requests.counted(now);
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
                feed.batch_size as f64
            },
            items_per_second: rate(first.settled, sample.settled),
            records_per_second: rate(first.read, sample.read),
            allowance,
            paused: self.progress.paused.clone(),
            waiting: self.waiting.as_ref().map(|(until, reason)| (*until - now, reason.clone())),
            starved: (starved + busy > 0.0).then(|| starved / (starved + busy)),
            answers_per_second: self.answers_per_second(),
        };
        let is_active = feed.phase.is_active();
        let (eta, limit) = eta(&measured);
        self.progress.items_per_second = measured.items_per_second;
        self.progress.eta = eta.filter(|_| is_active);
        let is_by_source = limit == Limit::Source;
        self.progress.limit = limit;
        self.progress.run_eta = match self.progress.eta {
            Some(left) => run_eta(left, &self.ahead(&measured, is_by_source)),
            None => None,
        };
    }

    /// How many answers a second the senders can get, by how long they take: more than the gateway gives nobody sends.
    fn answers_per_second(&self) -> Option<f64> {
        let latency = self.progress.requests.latency?.p50.as_secs_f64();
        (latency > 0.0).then(|| self.progress.thread_count as f64 / latency)
    }

    /// The feeds whose turn comes, as far as is known of them.
    fn ahead(&self, measured: &Measured, is_by_source: bool) -> Ahead {
        let feeds = &self.progress.feeds;
        let waiting = || feeds.iter().filter(|feed| feed.phase == Phase::Waiting);
        let collected: u64 = feeds.iter().map(|feed| feed.collected).sum();
        let to_send: u64 = feeds.iter().map(FeedProgress::to_send).sum();
        let seconds = self.progress.elapsed.as_secs_f64();
        let is_read_rate_known = collected > 0 && seconds > 0.0 && (is_by_source || to_send == 0);
        Ahead {
            items: waiting().map(|feed| feed.estimated).sum(),
            requests: waiting()
                .filter_map(|feed| Some((feed.estimated? as f64 / feed.batch_size.max(1) as f64).ceil()))
                .sum(),
            share_to_send: if collected > 0 { (to_send as f64 / collected as f64).min(1.0) } else { 1.0 },
            requests_per_second: measured.pace(),
            items_read_per_second: is_read_rate_known.then(|| collected as f64 / seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::Feed;
    use crate::export::progress::Limit;

    fn live_progress() -> (Arc<LiveProgress>, watch::Receiver<Progress>) {
        let mut feed = FeedProgress::new(Feed::Products);
        feed.source_records = Some(1_000);
        let progress = Progress::new(vec![feed], false);
        let (live_progress, watched) = LiveProgress::new(progress, Duration::from_mins(1), || Some(2.0));
        live_progress.begin(0);
        (Arc::new(live_progress), watched)
    }

    #[tokio::test(start_paused = true)]
    async fn changes_are_told_ten_times_a_second_and_silence_costs_nothing() {
        let (live_progress, mut watched) = live_progress();
        let publisher = Arc::clone(&live_progress);
        tokio::spawn(async move { publisher.publish_changes().await });
        let counter = tokio::spawn(async move {
            let mut reported = 0;
            while watched.changed().await.is_ok() {
                reported += 1;
                if watched.borrow_and_update().feeds[0].source_read == 1_000 {
                    break;
                }
            }
            (reported, watched)
        });
        for _ in 0..1_000 {
            live_progress.update(|feed| feed.source_read += 1);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let (reported, mut watched) = counter.await.expect("the last value is told as well");
        assert!((9..=12).contains(&reported), "{reported} times in a second");
        let silence = tokio::time::timeout(Duration::from_hours(1), watched.changed()).await;
        assert!(silence.is_err(), "nothing changed, but something was told");
    }

    #[tokio::test(start_paused = true)]
    async fn rates_look_back_half_a_minute_only() {
        let (live_progress, _watched) = live_progress();
        for second in 0..120_u64 {
            // A slow minute, then a fast one.
            let records = if second < 60 { 1 } else { 5 };
            live_progress.update(|feed| {
                feed.source_read += records;
                feed.new += records;
                feed.submitted += records;
            });
            live_progress.count_sender_time(Duration::from_millis(100), Duration::from_millis(900));
            tokio::time::sleep(Duration::from_secs(1)).await;
            live_progress.publish();
        }
        let progress = live_progress.publish();
        assert!((progress.items_per_second - 5.0).abs() < 0.2, "{}", progress.items_per_second);
        assert_eq!(progress.limit, Limit::Gateway { requests_per_second: 2.0 });
        // 640 records are left, and at 5 a second the source takes longer than the gateway.
        let eta = progress.eta.expect("known by now").as_secs();
        assert!((120..140).contains(&eta), "{eta} s");
        assert_eq!(progress.elapsed, Duration::from_mins(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_told_until_it_is_over() {
        let (live_progress, _watched) = live_progress();
        live_progress.set_waiting(Duration::from_secs(5), SafeText::from("after a 429"));
        tokio::time::sleep(Duration::from_secs(2)).await;
        let waiting = Limit::Waiting { remaining: Duration::from_secs(3), reason: SafeText::from("after a 429") };
        assert_eq!(live_progress.publish().limit, waiting);
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert_eq!(live_progress.publish().limit, Limit::Unknown);
    }
}
