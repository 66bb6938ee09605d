//! How fast requests may leave: one pace for all workers, additive increase, multiplicative decrease, and a memory.
//!
//! It must never know what is sent. Requests leave evenly spaced, never two at once: a gateway that allows a small burst
//! then has it in reserve, and one that allows none is not provoked.
//!
//! Plain increase and decrease would ask for a 429 every few requests, and fall to half the speed each time. So the pace
//! remembers the rate that was good last: after a 429 it comes back to it quickly, stays there for a good while, and only
//! then probes for more. `docs/reliability.md` has the figures.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What is left of the rate right after a 429.
const DECREASE: f64 = 0.7;

/// The least rate, in requests a second: one in ten seconds still finds out when things are better.
const FLOOR: f64 = 0.1;

/// The share of the good rate that each answered request gives back: after a 429 it is reached again within a few answers.
const INCREASE_SHARE: f64 = 0.1;

/// What is left of the good rate when it was answered with a 429 after all.
const GOOD_DECREASE: f64 = 0.98;

/// The same, when that happened soon after the last 429: then the good rate is far from good.
const GOOD_DECREASE_SOON: f64 = 0.97;

/// How many answers after a 429 are soon.
const SOON: u32 = 50;

/// How many answers without a 429 before more is tried. A try costs about one 429, so this bounds their share to 1 in 300.
const PROBE_AFTER: u32 = 300;

/// By how much each answer raises the rate while more is tried.
const PROBE_GROWTH: f64 = 1.02;

/// How far a probing rate may be above what is good: a gateway that saves up a burst answers too fast a rate with a 429 only
/// when the burst is used up.
const PROBE_LEAD: f64 = 1.5;

/// A departure that is late by at most one so-manieth of the time between two does not delay the next one: a busy server wakes a
/// sender some milliseconds late each time, and over a first sync these are minutes.
const LATE_SHARE: u32 = 10;

/// The longest pause after a 429 that does not say how long to wait; the actual one is drawn from zero to this.
const DEFAULT_PAUSE: Duration = Duration::from_secs(4);

/// What a pace allows right now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaceReading {
    /// Requests a second allowed now; `None` = unlimited.
    pub requests_per_second: Option<f64>,
    /// Still to wait after a 429 or a `Retry-After`; `None` = not waiting.
    pub waiting: Option<Duration>,
}

/// The shared pace.
#[derive(Debug)]
pub struct Pace {
    /// The queue of those who want to leave, first come first served. Its holder waits for the next departure; one who
    /// gives up while waiting has taken nothing.
    gate: tokio::sync::Mutex<()>,
    state: Mutex<PaceState>,
}

#[derive(Debug)]
struct PaceState {
    /// Requests a second; `None` = unlimited.
    ceiling: Option<f64>,
    /// Between [`FLOOR`] and the ceiling.
    rate: Option<f64>,
    /// The rate that was good last; the ceiling, until there is a 429.
    good: f64,
    /// Answers since the last 429.
    answers: u32,
    /// When the next request may leave.
    next: Instant,
    /// When the last 429 allows to continue.
    paused_until: Instant,
    /// When the rate was last decreased.
    decreased: Option<Instant>,
    rng: fastrand::Rng,
}

/// When a request left; its answer is about the pace of that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Departure(Instant);

impl Pace {
    /// A pace that never exceeds `ceiling` requests a second; `None`, zero and what is not a number mean no limit.
    pub(super) fn new(ceiling: Option<f64>, rng: fastrand::Rng) -> Self {
        let ceiling = ceiling.filter(|rate| rate.is_finite() && *rate > 0.0);
        let now = Instant::now();
        let state = PaceState {
            ceiling,
            rate: ceiling,
            good: ceiling.unwrap_or(f64::INFINITY),
            answers: u32::MAX,
            next: now,
            paused_until: now,
            decreased: None,
            rng,
        };
        Self { gate: tokio::sync::Mutex::new(()), state: Mutex::new(state) }
    }

    /// What is allowed now.
    pub fn reading(&self) -> PaceReading {
        let state = self.state();
        let waiting = state.paused_until.saturating_duration_since(Instant::now());
        PaceReading { requests_per_second: state.rate, waiting: (!waiting.is_zero()).then_some(waiting) }
    }

    /// Waits until one more request may leave. Dropping the future takes nothing from the others.
    pub(super) async fn acquire(&self) -> Departure {
        let _turn = self.gate.lock().await;
        loop {
            let Err(earliest) = self.state().depart(Instant::now()) else { break };
            // A 429 that comes meanwhile moves the moment, so it is asked again afterwards.
            tokio::time::sleep_until(earliest).await;
        }
        Departure(Instant::now())
    }

    /// A 429: everyone pauses, and continues more slowly.
    ///
    /// Requests that left before the last decrease were already in flight then; their 429s tell the same news again, so
    /// they can only make the pause longer.
    pub(super) fn slow_down(&self, left: Departure, retry_after: Option<Duration>) {
        let mut state = self.state();
        let now = Instant::now();
        if state.decreased.is_none_or(|decreased| left.0 >= decreased) {
            state.decrease();
            state.decreased = Some(now);
        }
        let pause = retry_after.unwrap_or_else(|| DEFAULT_PAUSE.mul_f64(state.rng.f64()));
        state.hold(now + pause);
    }

    /// The gateway asks for a pause for another reason than too many requests: everyone pauses, and continues as before.
    pub(super) fn hold(&self, pause: Duration) {
        self.state().hold(Instant::now() + pause);
    }

    /// An answer that is no 429: a little faster, up to the ceiling.
    pub(super) fn speed_up(&self, left: Departure) {
        let mut state = self.state();
        if state.decreased.is_some_and(|decreased| left.0 < decreased) {
            return;
        }
        state.increase();
    }

    fn state(&self) -> MutexGuard<'_, PaceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PaceState {
    fn hold(&mut self, until: Instant) {
        self.paused_until = self.paused_until.max(until);
        self.next = self.next.max(self.paused_until);
    }

    /// After a 429. While more was tried, it only says where the end is; otherwise the good rate was not that good.
    fn decrease(&mut self) {
        let Some(rate) = self.rate else { return };
        let floor = FLOOR.min(rate);
        if rate <= self.good {
            let share = if self.answers < SOON { GOOD_DECREASE_SOON } else { GOOD_DECREASE };
            self.good = (rate * share).max(floor);
        }
        self.rate = Some((rate.min(self.good) * DECREASE).max(floor));
        self.answers = 0;
    }

    /// After an answer: back to the good rate, and after a good while slowly beyond it.
    fn increase(&mut self) {
        let (Some(rate), Some(ceiling)) = (self.rate, self.ceiling) else { return };
        self.answers = self.answers.saturating_add(1);
        let faster = if rate < self.good {
            (rate + self.good * INCREASE_SHARE).min(self.good)
        } else if self.answers > PROBE_AFTER {
            rate * PROBE_GROWTH
        } else {
            rate
        };
        self.rate = Some(faster.min(ceiling));
        self.good = self.good.max(faster.min(ceiling) / PROBE_LEAD);
    }

    /// Takes the next departure if it may be now; otherwise says when.
    fn depart(&mut self, now: Instant) -> Result<(), Instant> {
        if now < self.next {
            return Err(self.next);
        }
        let interval = self.rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate));
        let is_on_time = now.duration_since(self.next) <= interval / LATE_SHARE;
        self.next = if is_on_time { self.next } else { now } + interval;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
