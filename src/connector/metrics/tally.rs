//! What the runs of this process sent, all together: counters that only grow, as a monitoring system expects them.

use std::time::Duration;

use tokio::sync::watch;

use crate::export::progress::Progress;
use crate::export::requests::{LATELY, Requests};

/// The requests of all runs of this process.
#[derive(Debug, Default)]
pub struct Tally {
    /// Those of the runs that ended and are not kept.
    ended: Requests,
    /// The runs that go on, and the last one. A watch may have two at a time.
    runs: Vec<watch::Receiver<Progress>>,
}

impl Tally {
    /// A run begins.
    pub fn begin(&mut self, progress: watch::Receiver<Progress>) {
        for over in self.runs.extract_if(.., |run| !is_going_on(run)) {
            self.ended.add(&over.borrow().requests);
        }
        self.runs.push(progress);
    }

    /// All of them; `None` if there was no run.
    pub fn requests(&self) -> Option<Requests> {
        if self.runs.is_empty() {
            return None;
        }
        let mut all = self.ended.clone();
        for run in &self.runs {
            all.add(&run.borrow().requests);
        }
        Some(all)
    }

    /// Which share of `allowed` requests a second was used lately; `None` without a limit or before the first run.
    pub fn allowance_used(&self, allowed: f64) -> Option<f64> {
        if self.runs.is_empty() || allowed <= 0.0 {
            return None;
        }
        let used_by = |run: &watch::Receiver<Progress>| {
            let progress = run.borrow();
            let seconds = progress.elapsed.clamp(Duration::from_secs(1), Duration::from_secs(LATELY)).as_secs_f64();
            progress.requests.lately as f64 / seconds / allowed
        };
        Some(self.runs.iter().filter(|run| is_going_on(run)).map(used_by).sum())
    }
}

/// A run that has ended has dropped the other end.
fn is_going_on(run: &watch::Receiver<Progress>) -> bool {
    run.has_changed().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(ok: u64, lately: u64) -> Progress {
        let elapsed = Duration::from_mins(10);
        Progress {
            requests: Requests { ok, lately, ..Requests::default() },
            elapsed,
            ..Progress::new(Vec::new(), false)
        }
    }

    #[test]
    fn counters_grow_from_run_to_run_and_the_allowance_is_of_the_last_minute() {
        let mut tally = Tally::default();
        assert_eq!((tally.requests(), tally.allowance_used(2.0)), (None, None));
        let (first, watched) = watch::channel(progress(3, 60));
        tally.begin(watched);
        assert_eq!((tally.allowance_used(2.0), tally.allowance_used(0.0)), (Some(0.5), None));
        drop(first);
        assert_eq!(tally.allowance_used(2.0), Some(0.0), "it has ended");
        let (_second, watched) = watch::channel(progress(4, 0));
        tally.begin(watched);
        assert_eq!(tally.requests().map(|requests| requests.ok), Some(7));
        let (third, watched) = watch::channel(progress(1, 30));
        tally.begin(watched);
        third.send_replace(progress(2, 30));
        assert_eq!(tally.requests().map(|requests| requests.ok), Some(9), "beside the second");
        assert_eq!(tally.allowance_used(2.0), Some(0.25));
    }
}
