//! Retry as data: what to do after an answer, decided in one place and never by a loop that forgets why.
//!
//! It must never wait or send: it looks at an answer and says what comes next.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::models::{FeedAnswer, FeedOutcome, RETRYABLE_ITEM_CODE, RefusedItem};

/// The longest pause before the second try; it doubles with each further one.
pub const BACKOFF_BASE: Duration = Duration::from_secs(1);

/// The longest pause before any try.
pub const BACKOFF_CAP: Duration = Duration::from_mins(1);

/// How often a batch is tried when failures look passing: with the pauses, about two minutes.
pub const MAX_ATTEMPTS: u32 = 8;

/// How often a batch is tried when the gateway asks to slow down: that is no failure, but it must not go on forever.
pub const MAX_SLOWED_ATTEMPTS: u32 = 100;

/// How many retries the budget holds at most, and at first.
const BUDGET_CAPACITY: f64 = 20.0;

/// How many retries each accepted request earns: in the long run, at most one retry to two successes.
const BUDGET_DEPOSIT: f64 = 0.5;

/// How long until the budget earns one retry by itself: a run an hour after a bad one starts afresh.
const BUDGET_REFILL: Duration = Duration::from_secs(10);

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
    /// Send the two halves of the batch as batches of their own, at once: the whole is refused, but nobody says which
    /// item is to blame, or it is too large.
    Split,
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
pub struct RetryBudget(Mutex<Account>);

#[derive(Debug)]
struct Account {
    /// Retries left, between 0 and [`BUDGET_CAPACITY`].
    balance: f64,
    /// When the balance was last brought up to date.
    at: Instant,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new()
    }
}

impl RetryBudget {
    /// A full budget.
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(Account { balance: BUDGET_CAPACITY, at: Instant::now() }))
    }

    /// A request was accepted.
    fn deposit(&self) {
        self.with(|balance| *balance = (*balance + BUDGET_DEPOSIT).min(BUDGET_CAPACITY));
    }

    /// Takes one retry; `false` if there is none.
    fn withdraw(&self) -> bool {
        self.with(|balance| {
            let is_covered = *balance >= 1.0;
            if is_covered {
                *balance -= 1.0;
            }
            is_covered
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut f64) -> T) -> T {
        let mut account = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let earned = now.saturating_duration_since(account.at).as_secs_f64() / BUDGET_REFILL.as_secs_f64();
        account.balance = (account.balance + earned).min(BUDGET_CAPACITY);
        account.at = now;
        change(&mut account.balance)
    }
}

/// Decides what to do after `answer`, the `attempt`-th (from 1) for a batch of `items` items.
///
/// An answer that names an item outside of the batch cannot be attributed: it is treated as one that is not understood.
#[must_use]
pub fn decide(answer: &FeedAnswer, attempt: u32, items: usize, budget: &RetryBudget) -> Decision {
    decide_with(answer, attempt, items, budget, &mut fastrand::f64)
}

/// [`decide`] with its source of randomness, a number from 0 to 1.
fn decide_with(
    answer: &FeedAnswer,
    attempt: u32,
    items: usize,
    budget: &RetryBudget,
    random: &mut dyn FnMut() -> f64,
) -> Decision {
    match &answer.outcome {
        FeedOutcome::Accepted { refused } if refused.iter().all(|item| item.index < items) => {
            budget.deposit();
            accepted(refused, attempt, items, random)
        }
        FeedOutcome::Refused { status: 400 | 422, refused, .. } => {
            refused_items(refused, attempt, items, budget, random)
        }
        FeedOutcome::Refused { status: 413, .. } => split(items),
        FeedOutcome::Refused { .. } => Decision::Stop(StopReason::PayloadRefused),
        FeedOutcome::KeysRefused { .. } => Decision::Stop(StopReason::KeysRefused),
        FeedOutcome::SlowDown { .. } if attempt >= MAX_SLOWED_ATTEMPTS => Decision::Stop(StopReason::OutOfAttempts),
        // Without `Retry-After`, the pace alone chooses the pause: it is the same for all workers.
        FeedOutcome::SlowDown { retry_after } => Decision::Retry { after: retry_after.unwrap_or_default() },
        FeedOutcome::Accepted { .. } | FeedOutcome::Passing { .. } | FeedOutcome::NotUnderstood { .. } => {
            if attempt >= MAX_ATTEMPTS {
                Decision::Stop(StopReason::OutOfAttempts)
            } else if budget.withdraw() {
                Decision::Retry { after: backoff(attempt, random) }
            } else {
                Decision::Stop(StopReason::OutOfBudget)
            }
        }
    }
}

/// Of an accepted batch, only the refused items that may come again are left.
fn accepted(refused: &[RefusedItem], attempt: u32, items: usize, random: &mut dyn FnMut() -> f64) -> Decision {
    let is_again = |index: &usize| refused.iter().any(|item| item.index == *index && is_retryable(item));
    let without: Vec<usize> = (0..items).filter(|index| !is_again(index)).collect();
    if without.len() == items { Decision::Done } else { again(without, attempt, random) }
}

/// Of a refused batch, all but the items that are to blame are left.
fn refused_items(
    refused: &[RefusedItem],
    attempt: u32,
    items: usize,
    budget: &RetryBudget,
    random: &mut dyn FnMut() -> f64,
) -> Decision {
    if refused.is_empty() || refused.iter().any(|item| item.index >= items) {
        // Looking for one bad item is worth a few requests. Where every batch is refused like this, the cause is not an
        // item, and the budget ends the search.
        return if budget.withdraw() { split(items) } else { Decision::Stop(StopReason::PayloadRefused) };
    }
    let mut without: Vec<usize> = refused.iter().filter(|item| !is_retryable(item)).map(|item| item.index).collect();
    without.sort_unstable();
    without.dedup();
    if without.len() == items {
        Decision::Stop(StopReason::PayloadRefused)
    } else if refused.iter().any(is_retryable) {
        again(without, attempt, random)
    } else {
        // Each such round removes an item, so it ends; and the others did nothing wrong, so they need not wait.
        Decision::RetryPartial { without, after: Duration::ZERO }
    }
}

/// Some items met a limit that passes.
fn again(without: Vec<usize>, attempt: u32, random: &mut dyn FnMut() -> f64) -> Decision {
    if attempt >= MAX_ATTEMPTS {
        return Decision::Stop(StopReason::OutOfAttempts);
    }
    let after = backoff(attempt, random);
    if without.is_empty() { Decision::Retry { after } } else { Decision::RetryPartial { without, after } }
}

fn split(items: usize) -> Decision {
    if items > 1 { Decision::Split } else { Decision::Stop(StopReason::PayloadRefused) }
}

fn is_retryable(item: &RefusedItem) -> bool {
    item.code.as_str() == RETRYABLE_ITEM_CODE
}

/// Full jitter: anything from zero to the exponential limit, so that workers that failed together do not return together.
fn backoff(attempt: u32, random: &mut dyn FnMut() -> f64) -> Duration {
    let doubled = BACKOFF_BASE.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    doubled.min(BACKOFF_CAP).mul_f64(random().clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
