//! How fast requests may leave: one pace for all workers, additive increase, multiplicative decrease.
//!
//! It must never know what is sent. Requests leave evenly spaced, never two at once: a gateway that allows a small burst
//! then has it in reserve, and one that allows none is not provoked.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What is left of the rate after a 429.
const DECREASE: f64 = 0.5;

/// The least rate, in requests a second: one in ten seconds still finds out when things are better.
const FLOOR: f64 = 0.1;

/// The share of the ceiling that each answered request gives back: after a 429, full speed is back within ten answers.
const INCREASE_SHARE: f64 = 0.05;

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
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Requests a second; `None` = unlimited.
    ceiling: Option<f64>,
    /// Between [`FLOOR`] and the ceiling.
    rate: Option<f64>,
    /// When the next request may leave.
    next: Instant,
    /// When the last 429 allows to go on.
    paused_until: Instant,
    /// When the rate was last decreased.
    decreased: Option<Instant>,
    rng: fastrand::Rng,
}

/// When a request left; its answer is about the pace of that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Departure(Instant);

impl Pace {
    /// A pace that never exceeds `ceiling` requests a second; `None`, zero and what is no number mean no limit.
    pub(super) fn new(ceiling: Option<f64>, rng: fastrand::Rng) -> Self {
        let ceiling = ceiling.filter(|rate| rate.is_finite() && *rate > 0.0);
        let now = Instant::now();
        let state = State { ceiling, rate: ceiling, next: now, paused_until: now, decreased: None, rng };
        Self { gate: tokio::sync::Mutex::new(()), state: Mutex::new(state) }
    }

    /// What is allowed now.
    #[must_use]
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

    /// A 429: everyone pauses, and goes on more slowly.
    ///
    /// Requests that left before the last decrease were already in flight then; their 429s tell the same news again, so
    /// they can only make the pause longer.
    pub(super) fn slow_down(&self, left: Departure, retry_after: Option<Duration>) {
        let mut state = self.state();
        let now = Instant::now();
        if state.decreased.is_none_or(|decreased| left.0 >= decreased) {
            state.rate = state.rate.map(|rate| (rate * DECREASE).max(FLOOR.min(rate)));
            state.decreased = Some(now);
        }
        let pause = retry_after.unwrap_or_else(|| DEFAULT_PAUSE.mul_f64(state.rng.f64()));
        state.paused_until = state.paused_until.max(now + pause);
        state.next = state.next.max(state.paused_until);
    }

    /// An answer that is no 429: a little faster, up to the ceiling.
    pub(super) fn speed_up(&self, left: Departure) {
        let mut state = self.state();
        if state.decreased.is_some_and(|decreased| left.0 < decreased) {
            return;
        }
        if let (Some(rate), Some(ceiling)) = (state.rate, state.ceiling) {
            state.rate = Some((rate + ceiling * INCREASE_SHARE).min(ceiling));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the next departure if it may be now; otherwise says when.
    fn depart(&mut self, now: Instant) -> Result<(), Instant> {
        if now < self.next {
            return Err(self.next);
        }
        self.next = now + self.rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn pace(ceiling: f64) -> Pace {
        Pace::new(Some(ceiling), fastrand::Rng::with_seed(7))
    }

    #[tokio::test(start_paused = true)]
    async fn twenty_requests_at_two_a_second_take_nine_and_a_half_seconds() {
        let pace = Arc::new(pace(2.0));
        let start = Instant::now();
        let workers: Vec<_> = (0..20)
            .map(|_| {
                let pace = Arc::clone(&pace);
                tokio::spawn(async move { pace.acquire().await })
            })
            .collect();
        for worker in workers {
            worker.await.expect("no panic");
        }
        let took = start.elapsed();
        assert!((Duration::from_millis(9_500)..=Duration::from_millis(10_500)).contains(&took), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn idleness_does_not_save_up_a_burst() {
        let pace = pace(2.0);
        pace.acquire().await;
        tokio::time::advance(Duration::from_mins(1)).await;
        let start = Instant::now();
        pace.acquire().await;
        pace.acquire().await;
        assert!(start.elapsed() >= Duration::from_millis(500));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nobody_waits() {
        let pace = Pace::new(None, fastrand::Rng::with_seed(7));
        let start = Instant::now();
        for _ in 0..1_000 {
            pace.acquire().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(pace.reading(), PaceReading { requests_per_second: None, waiting: None });
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_stalls_everyone_also_who_waits_already() {
        let pace = Arc::new(pace(2.0));
        let left = pace.acquire().await;
        let start = Instant::now();
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let pace = Arc::clone(&pace);
                tokio::spawn(async move {
                    pace.acquire().await;
                    start.elapsed()
                })
            })
            .collect();
        tokio::task::yield_now().await;
        pace.slow_down(left, Some(Duration::from_secs(7)));
        assert_eq!(pace.reading().waiting, Some(Duration::from_secs(7)));
        for waiter in waiters {
            let waited = waiter.await.expect("no panic");
            assert!(waited >= Duration::from_secs(7), "{waited:?}");
        }
        assert_eq!(pace.reading().waiting, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_429_halves_the_rate_and_answers_bring_it_back_to_the_ceiling() {
        let pace = pace(2.0);
        let left = pace.acquire().await;
        pace.slow_down(left, Some(Duration::ZERO));
        assert_eq!(pace.reading().requests_per_second, Some(1.0));
        for _ in 0..10 {
            let left = pace.acquire().await;
            pace.speed_up(left);
        }
        let rate = pace.reading().requests_per_second.expect("a rate");
        assert!((rate - 2.0).abs() < 1e-9, "{rate}");
        let left = pace.acquire().await;
        pace.speed_up(left);
        assert!(pace.reading().requests_per_second.expect("a rate") <= 2.0);
    }

    #[tokio::test(start_paused = true)]
    async fn one_overload_told_by_several_answers_decreases_once() {
        let pace = pace(100.0);
        let first = pace.acquire().await;
        let second = pace.acquire().await;
        tokio::time::advance(Duration::from_millis(5)).await;
        pace.slow_down(first, Some(Duration::ZERO));
        pace.slow_down(second, Some(Duration::from_secs(3)));
        assert_eq!(pace.reading().requests_per_second, Some(50.0));
        assert_eq!(pace.reading().waiting, Some(Duration::from_secs(3)));
        pace.speed_up(second);
        assert_eq!(pace.reading().requests_per_second, Some(50.0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_has_a_floor() {
        let pace = pace(2.0);
        for _ in 0..20 {
            let left = pace.acquire().await;
            pace.slow_down(left, None);
        }
        assert_eq!(pace.reading().requests_per_second, Some(FLOOR));
    }

    #[tokio::test(start_paused = true)]
    async fn a_429_without_retry_after_pauses_within_the_default() {
        for seed in 0..200 {
            let pace = Pace::new(Some(2.0), fastrand::Rng::with_seed(seed));
            let left = pace.acquire().await;
            pace.slow_down(left, None);
            assert!(pace.reading().waiting.unwrap_or_default() <= DEFAULT_PAUSE);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_takes_nothing_from_the_others() {
        let pace = pace(1.0);
        pace.acquire().await;
        let start = Instant::now();
        for _ in 0..50 {
            let gave_up = tokio::time::timeout(Duration::from_millis(1), pace.acquire()).await;
            assert!(gave_up.is_err());
        }
        pace.acquire().await;
        assert!(start.elapsed() <= Duration::from_millis(1_010), "{:?}", start.elapsed());
    }
}
