//! Retry as data: what to do after an answer, decided in one place and never by a loop that forgets why.
//!
//! It must never wait or send: it looks at an answer and says what comes next.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::models::{FeedAnswer, FeedOutcome, RefusedItem};

/// The longest pause before the second try; it doubles with each further one.
pub const BACKOFF_BASE: Duration = Duration::from_secs(1);

/// The longest pause before any try.
pub const BACKOFF_CAP: Duration = Duration::from_mins(1);

/// How often a batch is tried when failures look passing: with the pauses, about two minutes.
pub const MAX_ATTEMPTS: u32 = 8;

/// How often a batch is tried when the gateway asks to slow down: that is not a failure, but it must not continue forever.
pub const MAX_SLOWED_ATTEMPTS: u32 = 100;

/// How often a batch is tried when a setting is in the way, such as a proxy that wants a login: more than once, in case it was a
/// hiccup, but not as long as what passes by itself.
pub const MAX_SETTING_ATTEMPTS: u32 = 3;

/// How many requests in a row may be refused as a whole while the bad items of a batch are searched. The way down to one bad
/// item of 500 takes 10, so this is several bad ones next to each other.
pub const MAX_FRUITLESS: u32 = 40;

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
    /// Send the same batch again, alone and with a new token: the keys were refused, and the token may be to blame.
    RenewToken,
    /// Send the two halves of the batch as batches of their own, at once: the whole is refused, but nobody says which
    /// item is to blame.
    Split,
    /// The same, and no batch of that many bytes again: it is too large, or took too long to arrive.
    Shrink,
    /// Nothing of this batch is to be sent again in this run.
    Stop(GaveUp),
}

/// Why a batch is not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GaveUp {
    /// 401 or 403: the whole run pauses.
    KeysRefused,
    /// The items are refused for good.
    PayloadRefused,
    /// The request is refused, whatever is in it.
    RequestRefused,
    /// There is no such feed at this address.
    WrongAddress,
    /// Somebody has to change a setting first.
    SettingInTheWay,
    /// Batch after batch is refused as a whole, so it is not about one item.
    SearchEnded,
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

/// What one batch has been through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tries {
    /// Answers that looked like a passing failure.
    failed: u32,
    /// Answers that asked to slow down.
    slowed: u32,
    /// Whether it was sent again with a new token.
    renewed: bool,
}

/// The search for the bad items of a batch that is refused as a whole: shared by everything it is split into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Search {
    /// Refusals of a whole in a row.
    fruitless: u32,
    ended: bool,
}

impl Search {
    /// Whether nothing was accepted since the last refusal of a whole.
    pub fn is_fruitless(&self) -> bool {
        self.fruitless > 0
    }

    /// Ends it; `false` if it had ended before.
    pub fn end(&mut self) -> bool {
        !std::mem::replace(&mut self.ended, true)
    }
}

/// Decides what to do after `answer` to a batch of `items` items, and counts it in `tries` and `search`.
///
/// An answer that names an item outside of the batch cannot be attributed: it is treated as one that is not understood.
pub fn decide(
    answer: &FeedAnswer,
    items: usize,
    tries: &mut Tries,
    search: &mut Search,
    budget: &RetryBudget,
) -> Decision {
    decide_with(answer, items, tries, search, budget, &mut fastrand::f64)
}

/// [`decide`] with its source of randomness, a number from 0 to 1.
fn decide_with(
    answer: &FeedAnswer,
    items: usize,
    tries: &mut Tries,
    search: &mut Search,
    budget: &RetryBudget,
    random: &mut dyn FnMut() -> f64,
) -> Decision {
    match &answer.outcome {
        FeedOutcome::Accepted { refused } if refused.iter().all(|item| item.index < items) => {
            budget.deposit();
            search.fruitless = 0;
            accepted(refused, items, tries, random)
        }
        FeedOutcome::Refused { status: 400 | 422, refused, .. } => refused_items(refused, items, tries, search, random),
        FeedOutcome::Refused { status: 408 | 413, .. } if items > 1 => Decision::Shrink,
        FeedOutcome::Refused { status: 413, .. } => Decision::Stop(GaveUp::PayloadRefused),
        FeedOutcome::Refused { status, .. } if *status != 408 => Decision::Stop(GaveUp::RequestRefused),
        FeedOutcome::WrongAddress { .. } => Decision::Stop(GaveUp::WrongAddress),
        FeedOutcome::KeysRefused { .. } if tries.renewed => Decision::Stop(GaveUp::KeysRefused),
        FeedOutcome::KeysRefused { .. } => {
            tries.renewed = true;
            Decision::RenewToken
        }
        FeedOutcome::SlowDown { retry_after, .. } => {
            tries.slowed += 1;
            if tries.slowed >= MAX_SLOWED_ATTEMPTS {
                return Decision::Stop(GaveUp::OutOfAttempts);
            }
            // Without `Retry-After`, the pace alone chooses the pause: it is the same for all workers.
            Decision::Retry { after: retry_after.unwrap_or_default() }
        }
        FeedOutcome::Passing { failure: Some(failure), .. } if failure.is_setting() => {
            failed(tries, MAX_SETTING_ATTEMPTS, GaveUp::SettingInTheWay, budget, random)
        }
        FeedOutcome::Accepted { .. }
        | FeedOutcome::Refused { .. }
        | FeedOutcome::Passing { .. }
        | FeedOutcome::NotUnderstood { .. } => failed(tries, MAX_ATTEMPTS, GaveUp::OutOfAttempts, budget, random),
    }
}

/// A failure that may pass: tried again while there are tries and budget.
fn failed(
    tries: &mut Tries,
    most: u32,
    at_the_end: GaveUp,
    budget: &RetryBudget,
    random: &mut dyn FnMut() -> f64,
) -> Decision {
    tries.failed += 1;
    if tries.failed >= most {
        Decision::Stop(at_the_end)
    } else if budget.withdraw() {
        Decision::Retry { after: backoff(tries.failed, random) }
    } else {
        Decision::Stop(GaveUp::OutOfBudget)
    }
}

/// Of an accepted batch, only the refused items that may come again are left.
fn accepted(refused: &[RefusedItem], items: usize, tries: &mut Tries, random: &mut dyn FnMut() -> f64) -> Decision {
    let is_again = |index: &usize| refused.iter().any(|item| item.index == *index && item.is_retryable());
    let without: Vec<usize> = (0..items).filter(|index| !is_again(index)).collect();
    if without.len() == items { Decision::Done } else { again(without, tries, random) }
}

/// Of a refused batch, all but the items that are to blame are left.
fn refused_items(
    refused: &[RefusedItem],
    items: usize,
    tries: &mut Tries,
    search: &mut Search,
    random: &mut dyn FnMut() -> f64,
) -> Decision {
    if refused.is_empty() || refused.iter().any(|item| item.index >= items) {
        search.fruitless += 1;
        return if items == 1 {
            Decision::Stop(GaveUp::PayloadRefused)
        } else if search.fruitless < MAX_FRUITLESS {
            Decision::Split
        } else {
            // Where whatever is sent is refused like this, the cause is not an item.
            Decision::Stop(GaveUp::SearchEnded)
        };
    }
    let mut without: Vec<usize> = refused.iter().filter(|item| !item.is_retryable()).map(|item| item.index).collect();
    without.sort_unstable();
    without.dedup();
    if without.len() == items {
        Decision::Stop(GaveUp::PayloadRefused)
    } else if refused.iter().any(RefusedItem::is_retryable) {
        again(without, tries, random)
    } else {
        // Each such round removes an item, so it ends; and the others did nothing wrong, so they need not wait.
        Decision::RetryPartial { without, after: Duration::ZERO }
    }
}

/// Some items met a limit that passes.
fn again(without: Vec<usize>, tries: &mut Tries, random: &mut dyn FnMut() -> f64) -> Decision {
    tries.failed += 1;
    if tries.failed >= MAX_ATTEMPTS {
        return Decision::Stop(GaveUp::OutOfAttempts);
    }
    let after = backoff(tries.failed, random);
    if without.is_empty() { Decision::Retry { after } } else { Decision::RetryPartial { without, after } }
}

/// Full jitter: anything from zero to the exponential limit, so that workers that failed together do not return together.
fn backoff(attempt: u32, random: &mut dyn FnMut() -> f64) -> Duration {
    let doubled = BACKOFF_BASE.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    doubled.min(BACKOFF_CAP).mul_f64(random().clamp(0.0, 1.0))
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
