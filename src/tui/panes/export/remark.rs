//! The last remark or retry of a run, until it is over.

use std::time::Duration;

use crate::tui::widgets::text::{fit, fit_with_end};

/// What is remarked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    text: String,
    /// When the next attempt leaves, in uptime.
    again_at: Option<Duration>,
    /// How many requests the gateway had taken then.
    answers: u64,
}

impl Remark {
    /// A remark that the next success ends.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), again_at: None, answers: 0 }
    }

    /// A batch that is sent again at this uptime; `answers` requests were taken so far.
    pub(super) fn retrying(text: String, again_at: Duration, answers: u64) -> Self {
        Self { text, again_at: Some(again_at), answers }
    }

    /// Whether a request was taken since the time came.
    pub(super) fn is_over(&self, answers: u64, now: Duration) -> bool {
        answers > self.answers && self.again_at.is_none_or(|again_at| now >= again_at)
    }

    /// In at most `room` columns, with the time left, which is never cut.
    pub fn words(&self, now: Duration, room: usize) -> String {
        match self.again_at.map(|again_at| again_at.saturating_sub(now)) {
            None => fit(&self.text, room),
            Some(Duration::ZERO) => fit_with_end(&self.text, "; retrying now", room),
            Some(left) => fit_with_end(&self.text, &format!("; retrying in {:.1} s", left.as_secs_f64()), room),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_is_over_with_the_next_success_after_its_time() {
        let at = Duration::from_secs;
        let remark = Remark::retrying("products: attempt 1 failed (429)".to_owned(), at(12), 5);
        assert_eq!(remark.words(at(2), 80), "products: attempt 1 failed (429); retrying in 10.0 s");
        assert_eq!(remark.words(at(2), 40), "products: attempt 1…; retrying in 10.0 s", "the time is never cut");
        assert_eq!(remark.words(at(13), 80), "products: attempt 1 failed (429); retrying now");
        assert!(!remark.is_over(6, at(11)), "another batch succeeded meanwhile");
        assert!(!remark.is_over(5, at(13)), "nothing was taken yet");
        assert!(remark.is_over(6, at(13)));
    }
}
