//! How fast a run was lately: items settled in each of the last steps of time. Pure arithmetic over a clock that is handed in.

use std::collections::VecDeque;
use std::time::Duration;

/// The length of one step: a batch or two at the gateway's usual allowance do not make it jump.
pub const STEP: Duration = Duration::from_secs(5);
/// How many steps are kept: five minutes.
pub const STEPS_KEPT: usize = 60;

/// Items settled, step by step.
#[derive(Debug)]
pub struct Rates {
    begun: Duration,
    /// How many were settled when it was looked last; `None` before that, so that what was before does not count.
    total: Option<u64>,
    /// What the newest steps gave, oldest first; the last one is still going on.
    steps: VecDeque<u64>,
    /// The number of that last one.
    step: u64,
}

impl Rates {
    /// Nothing settled yet.
    pub(super) fn new(begun: Duration) -> Self {
        Self { begun, total: None, steps: VecDeque::from([0]), step: 0 }
    }

    /// Takes in how many items are settled in all.
    pub(super) fn count(&mut self, total: u64, now: Duration) {
        self.go_on(now);
        if let Some(newest) = self.steps.back_mut() {
            *newest += total.saturating_sub(self.total.unwrap_or(total));
        }
        self.total = Some(total);
    }

    /// Lets the time go by.
    pub(super) fn go_on(&mut self, now: Duration) {
        let step = now.saturating_sub(self.begun).as_secs() / STEP.as_secs();
        let new = step.saturating_sub(self.step);
        self.step = self.step.max(step);
        // After a suspension only what would be kept is sample for.
        for _ in 0..new.min(STEPS_KEPT as u64) {
            self.steps.push_back(0);
        }
        let too_many = self.steps.len().saturating_sub(STEPS_KEPT);
        self.steps.drain(..too_many);
    }

    /// Items a second in each whole step, oldest first.
    pub fn per_second(&self) -> Vec<f64> {
        let whole = self.steps.len().saturating_sub(1);
        self.steps.iter().take(whole).map(|items| *items as f64 / STEP.as_secs_f64()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_fall_into_the_step_in_which_they_were_settled() {
        let at = |seconds: u64| Duration::from_secs(100 + seconds);
        let mut rates = Rates::new(at(0));
        rates.count(900, at(0));
        rates.count(1_000, at(1));
        rates.count(1_050, at(4));
        assert!(rates.per_second().is_empty(), "a step that goes on says nothing yet");
        rates.count(1_060, at(12));
        rates.go_on(at(21));
        assert_eq!(rates.per_second(), [30.0, 0.0, 2.0, 0.0]);
    }

    #[test]
    fn a_long_run_and_a_long_sleep_cost_no_memory() {
        let mut rates = Rates::new(Duration::ZERO);
        for second in 0..3_600 {
            rates.count(second * 10, Duration::from_secs(second));
        }
        assert_eq!(rates.per_second(), [10.0; STEPS_KEPT - 1]);
        rates.go_on(Duration::from_hours(100_000));
        assert_eq!(rates.per_second(), [0.0; STEPS_KEPT - 1]);
    }
}
