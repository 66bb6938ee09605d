//! The requests of a run by outcome, how long answers take, and how long one has been waited for. Constant memory.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// How many of the newest outcomes are kept: a strip of them fills a wide window.
pub const RECENT: usize = 150;

/// How many of the newest answers percentiles are of.
const LATENCIES: usize = 512;

/// How long nothing may come back before that is said instead of a time left.
pub const SILENCE: Duration = Duration::from_secs(2);

/// Over how many seconds the requests that left are counted, to say how much of the allowance is used.
pub const LATELY: u64 = 60;

/// What a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestOutcome {
    /// The gateway took the batch; single items may be refused.
    Ok,
    /// 429: sent again later.
    SlowedDown,
    /// 5xx, no answer, or one that is not understood: sent again, while there are attempts.
    Failed,
    /// Another 4xx: the batch, the address or the keys.
    Refused,
}

/// How long answers took lately, from departure to the last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    pub p50: Duration,
    pub p90: Duration,
    pub p99: Duration,
}

/// How long answers took, in classes, as a histogram of Prometheus has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Durations {
    /// How many took no longer than each of [`Self::ENDS`], and longer than the one before; the last took longer than all.
    pub classes: [u64; Durations::ENDS.len() + 1],
    /// All together.
    pub sum: Duration,
}

impl Durations {
    /// A gateway nearby answers within the first, one that is given up within the last.
    pub const ENDS: [Duration; 9] = [
        Duration::from_millis(50),
        Duration::from_millis(100),
        Duration::from_millis(250),
        Duration::from_millis(500),
        Duration::from_secs(1),
        Duration::from_millis(2_500),
        Duration::from_secs(5),
        Duration::from_secs(10),
        Duration::from_secs(30),
    ];

    fn add(&mut self, took: Duration) {
        let class = Self::ENDS.iter().position(|end| took <= *end).unwrap_or(Self::ENDS.len());
        self.classes[class] += 1;
        self.sum += took;
    }
}

/// The requests of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    /// How many the gateway took.
    pub ok: u64,
    /// How many it answered with 429.
    pub slowed_down: u64,
    /// How many had no usable answer.
    pub failed: u64,
    /// How many it refused.
    pub refused: u64,
    /// How many wait for an answer.
    pub waiting: u64,
    /// Since when the oldest of those has been waiting, when this was counted.
    pub oldest: Option<Duration>,
    /// For how long nothing has come back, when this was counted; `None` if nothing is waited for.
    pub silent: Option<Duration>,
    /// After how long without an answer a request is given up; `None` if that is not known.
    pub times_out: Option<Duration>,
    /// `None` before the first answer.
    pub latency: Option<Latency>,
    /// The newest outcomes, newest last, at most [`RECENT`].
    pub recent: Vec<RequestOutcome>,
    /// How long answers took since the run began.
    #[serde(default)]
    pub durations: Durations,
    /// How many left within the last [`LATELY`] seconds.
    #[serde(default)]
    pub lately: u64,
}

impl Requests {
    /// Adds what another run came to.
    pub fn add(&mut self, other: &Requests) {
        self.ok += other.ok;
        self.slowed_down += other.slowed_down;
        self.failed += other.failed;
        self.refused += other.refused;
        self.durations.sum += other.durations.sum;
        for (mine, theirs) in self.durations.classes.iter_mut().zip(other.durations.classes) {
            *mine += theirs;
        }
    }

    /// Those whose batch had to be sent again.
    pub fn retried(&self) -> u64 {
        self.slowed_down + self.failed
    }

    /// For how long nothing has come back, `age` after this was counted; `None` while that is no news.
    pub fn silence(&self, age: Duration) -> Option<Duration> {
        self.silent.map(|silent| silent.saturating_add(age)).filter(|silent| *silent > SILENCE)
    }
}

/// Counts requests as they leave and are answered.
#[derive(Debug, Default)]
pub(super) struct RequestLog {
    counts: Requests,
    /// When those without an answer left, by their number.
    in_flight: BTreeMap<u64, Instant>,
    next: u64,
    answered: Option<Instant>,
    latencies: VecDeque<Duration>,
    recent: VecDeque<RequestOutcome>,
    /// How many left in each second of the last [`LATELY`], since the first of all.
    departures: VecDeque<(u64, u64)>,
    first: Option<Instant>,
}

impl RequestLog {
    /// Nothing sent yet; a request without an answer is given up after `times_out`.
    pub fn new(times_out: Duration) -> Self {
        Self { counts: Requests { times_out: Some(times_out), ..Requests::default() }, ..Self::default() }
    }

    /// A request leaves; its number.
    pub fn leave(&mut self, now: Instant) -> u64 {
        self.next += 1;
        self.in_flight.insert(self.next, now);
        let second = self.second(now);
        match self.departures.back_mut() {
            Some((last, number)) if *last == second => *number += 1,
            _ => keep(&mut self.departures, (second, 1), usize::try_from(LATELY).unwrap_or(usize::MAX)),
        }
        self.next
    }

    /// In which second since the first request this is.
    fn second(&mut self, now: Instant) -> u64 {
        (now - *self.first.get_or_insert(now)).as_secs()
    }

    /// It came to this; `None` = it was broken off.
    pub fn come_back(&mut self, number: u64, outcome: Option<RequestOutcome>, now: Instant) {
        let Some(left) = self.in_flight.remove(&number) else { return };
        let Some(outcome) = outcome else { return };
        match outcome {
            RequestOutcome::Ok => self.counts.ok += 1,
            RequestOutcome::SlowedDown => self.counts.slowed_down += 1,
            RequestOutcome::Failed => self.counts.failed += 1,
            RequestOutcome::Refused => self.counts.refused += 1,
        }
        self.answered = Some(now);
        self.counts.durations.add(now - left);
        keep(&mut self.latencies, now - left, LATENCIES);
        keep(&mut self.recent, outcome, RECENT);
    }

    /// The counters as they are now.
    pub fn counted(&self, now: Instant) -> Requests {
        let oldest = self.in_flight.values().min().map(|left| now - *left);
        let since_answer = self.answered.map(|at| now - at);
        let second = self.first.map_or(0, |first| (now - first).as_secs());
        let is_late = |(left, _): &&(u64, u64)| left + LATELY > second;
        Requests {
            waiting: self.in_flight.len() as u64,
            oldest,
            silent: oldest.map(|oldest| since_answer.map_or(oldest, |since| since.min(oldest))),
            latency: latency(&self.latencies),
            recent: self.recent.iter().copied().collect(),
            lately: self.departures.iter().filter(is_late).map(|(_, number)| number).sum(),
            ..self.counts.clone()
        }
    }
}

fn keep<T>(list: &mut VecDeque<T>, newest: T, most: usize) {
    if list.len() == most {
        list.pop_front();
    }
    list.push_back(newest);
}

/// Percentiles by rank; `None` without a value.
fn latency(values: &VecDeque<Duration>) -> Option<Latency> {
    let mut sorted: Vec<Duration> = values.iter().copied().collect();
    sorted.sort_unstable();
    let percentile = |percent: usize| {
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    };
    Some(Latency { p50: percentile(50)?, p90: percentile(90)?, p99: percentile(99)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn outcomes_are_counted_and_the_newest_come_last() {
        let start = Instant::now();
        let mut log = RequestLog::new(Duration::from_mins(1));
        let outcomes =
            [RequestOutcome::Ok, RequestOutcome::SlowedDown, RequestOutcome::Failed, RequestOutcome::Refused];
        for outcome in outcomes {
            let number = log.leave(start);
            log.come_back(number, Some(outcome), start + MS);
        }
        let broken_off = log.leave(start);
        log.come_back(broken_off, None, start + MS);
        let counted = log.counted(start + MS);
        assert_eq!((counted.ok, counted.retried(), counted.refused, counted.waiting), (1, 2, 1, 0));
        assert_eq!(counted.recent, outcomes);
        assert_eq!((counted.silent, counted.times_out), (None, Some(Duration::from_mins(1))));
    }

    #[test]
    fn percentiles_are_of_the_newest_answers_and_memory_is_bounded() {
        let start = Instant::now();
        let mut log = RequestLog::new(MS);
        for number in 0..10_000_u32 {
            let number_of_request = log.leave(start);
            // A slow beginning, which is forgotten; then 1 to 100 ms.
            let took = if number < 5_000 { MS * 60_000 } else { MS * (number % 100 + 1) };
            log.come_back(number_of_request, Some(RequestOutcome::Ok), start + took);
        }
        let counted = log.counted(start);
        let latency = counted.latency.unwrap();
        assert!((49..=52).contains(&latency.p50.as_millis()), "{latency:?}");
        assert!((88..=92).contains(&latency.p90.as_millis()), "{latency:?}");
        assert!((98..=100).contains(&latency.p99.as_millis()), "{latency:?}");
        assert_eq!((log.latencies.len(), counted.recent.len(), counted.ok), (LATENCIES, RECENT, 10_000));
    }

    #[test]
    fn answers_are_counted_by_class_and_departures_for_a_minute() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut log = RequestLog::new(Duration::from_mins(1));
        for took in [MS * 50, MS * 51, MS * 30_000, MS * 30_001] {
            let number = log.leave(start);
            log.come_back(number, Some(RequestOutcome::Ok), start + took);
        }
        let mut counted = log.counted(start);
        assert_eq!(counted.durations.classes, [1, 1, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!((counted.durations.sum, counted.lately), (MS * 60_102, 4));
        counted.add(&counted.clone());
        assert_eq!((counted.ok, counted.durations.classes[0], counted.durations.sum), (8, 2, MS * 120_204));
        for second in 1..=200 {
            log.leave(at(second));
        }
        assert_eq!(log.counted(at(200)).lately, LATELY);
        assert_eq!(log.counted(at(230)).lately, LATELY - 30);
        assert_eq!(log.departures.len() as u64, LATELY, "memory is bounded");
    }

    #[test]
    fn silence_is_since_the_last_answer_but_never_longer_than_somebody_waits() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut log = RequestLog::new(Duration::from_mins(1));
        log.leave(at(0));
        let counted = log.counted(at(1));
        assert_eq!(counted.silence(Duration::ZERO), None, "a second is no news");
        assert_eq!(counted.silence(Duration::from_secs(33)), Some(Duration::from_secs(34)));
        let second = log.leave(at(10));
        log.come_back(second, Some(RequestOutcome::Ok), at(12));
        let counted = log.counted(at(20));
        assert_eq!(counted.oldest, Some(Duration::from_secs(20)));
        assert_eq!(counted.silence(Duration::ZERO), Some(Duration::from_secs(8)));
    }
}
