//! Retry as data: what to do after an answer, decided in one place and never by a loop that forgets why.

use std::time::Duration;

use super::models::FeedAnswer;

/// What to do after an answer to a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Every item has its final state; nothing more to send.
    Done,
    /// Send the same batch again after this pause.
    Retry {
        /// The pause; the pace may add to it.
        after: Duration,
    },
    /// Send the batch again without these items, which have their final state.
    RetryPartial {
        /// Places in the batch, from 0, ascending.
        without: Vec<usize>,
        /// The pause.
        after: Duration,
    },
    /// Nothing of this batch is to be sent again in this run.
    Stop(StopReason),
}

/// Why a batch is not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// 401 or 403: the whole run pauses.
    KeysRefused,
    /// The payload is refused for good.
    PayloadRefused,
    /// Too many tries of this batch.
    OutOfAttempts,
    /// The shared retry budget is used up: the gateway is in trouble, and hammering makes it worse.
    OutOfBudget,
}

/// One budget of retries for all workers: a share of the requests that succeed may be retries.
#[derive(Debug)]
pub struct RetryBudget {}

/// Decides what to do after `answer`, the `attempt`-th (from 1) for a batch of `items` items.
#[must_use]
pub fn decide(_answer: &FeedAnswer, _attempt: u32, _items: usize, _budget: &RetryBudget) -> Decision {
    unimplemented!()
}
