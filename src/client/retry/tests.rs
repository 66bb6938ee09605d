//! Every answer to every decision; nothing here waits.

use super::*;
use crate::client::models::FeedAnswer;

fn answer(outcome: FeedOutcome) -> FeedAnswer {
    FeedAnswer { outcome, request_id: None }
}

fn item(index: usize, code: &str) -> RefusedItem {
    RefusedItem { index, code: code.into(), message: "why".into() }
}

fn accepted_but(refused: Vec<RefusedItem>) -> FeedAnswer {
    answer(FeedOutcome::Accepted { refused })
}

fn refused_as(status: u16, refused: Vec<RefusedItem>) -> FeedAnswer {
    answer(FeedOutcome::Refused { status, refused, message: "no".into() })
}

fn passing() -> FeedAnswer {
    answer(FeedOutcome::Passing { status: Some(503), message: "busy".into() })
}

fn not_understood() -> FeedAnswer {
    answer(FeedOutcome::NotUnderstood { status: 200, message: "an HTML page".into() })
}

fn decided(answer: &FeedAnswer, attempt: u32, items: usize) -> Decision {
    decide_with(answer, attempt, items, &RetryBudget::new(), &mut || 1.0)
}

/// Takes everything out of a budget, and says how much that was.
fn drain(budget: &RetryBudget) -> u32 {
    let mut taken = 0;
    while budget.withdraw() {
        taken += 1;
    }
    taken
}

#[test]
fn an_accepted_batch_is_done_also_with_items_that_are_refused_for_good() {
    assert_eq!(decided(&accepted_but(vec![]), 1, 3), Decision::Done);
    assert_eq!(decided(&accepted_but(vec![item(1, "bad")]), 1, 3), Decision::Done);
}

#[test]
fn of_an_accepted_batch_only_items_over_the_limit_come_again() {
    let answer = accepted_but(vec![item(0, RETRYABLE_ITEM_CODE), item(2, "bad"), item(3, RETRYABLE_ITEM_CODE)]);
    assert_eq!(decided(&answer, 1, 4), Decision::RetryPartial { without: vec![1, 2], after: BACKOFF_BASE });
    assert_eq!(decided(&answer, MAX_ATTEMPTS, 4), Decision::Stop(StopReason::OutOfAttempts));
    let all = accepted_but(vec![item(0, RETRYABLE_ITEM_CODE)]);
    assert_eq!(decided(&all, 2, 1), Decision::Retry { after: BACKOFF_BASE * 2 });
}

#[test]
fn an_index_outside_of_the_batch_is_not_understood() {
    let answer = accepted_but(vec![item(3, "bad")]);
    assert_eq!(decided(&answer, 1, 3), Decision::Retry { after: BACKOFF_BASE });
    assert_eq!(decided(&answer, MAX_ATTEMPTS, 3), Decision::Stop(StopReason::OutOfAttempts));
    assert_eq!(decided(&refused_as(400, vec![item(3, "bad")]), 1, 3), Decision::Split);
}

#[test]
fn a_refused_batch_goes_again_at_once_without_the_items_to_blame() {
    let answer = refused_as(400, vec![item(2, "bad"), item(0, "bad"), item(2, "worse")]);
    assert_eq!(decided(&answer, 1, 4), Decision::RetryPartial { without: vec![0, 2], after: Duration::ZERO });
}

#[test]
fn a_refused_batch_of_which_every_item_is_to_blame_stops() {
    let answer = refused_as(400, vec![item(0, "bad"), item(1, "bad")]);
    assert_eq!(decided(&answer, 1, 2), Decision::Stop(StopReason::PayloadRefused));
}

#[test]
fn a_refused_batch_keeps_the_items_over_the_limit() {
    let answer = refused_as(400, vec![item(0, "bad"), item(1, RETRYABLE_ITEM_CODE)]);
    assert_eq!(decided(&answer, 1, 2), Decision::RetryPartial { without: vec![0], after: BACKOFF_BASE });
}

#[test]
fn who_is_to_blame_is_searched_by_halves_while_the_budget_lasts() {
    let nobody = refused_as(400, vec![]);
    let budget = RetryBudget::new();
    assert_eq!(decide(&nobody, 1, 2, &budget), Decision::Split);
    assert_eq!(decided(&nobody, 1, 1), Decision::Stop(StopReason::PayloadRefused));
    drain(&budget);
    assert_eq!(decide(&nobody, 1, 2, &budget), Decision::Stop(StopReason::PayloadRefused));
}

#[test]
fn a_batch_that_is_too_large_is_halved_down_to_one_item() {
    assert_eq!(decided(&refused_as(413, vec![]), 1, 100), Decision::Split);
    assert_eq!(decided(&refused_as(413, vec![]), 1, 1), Decision::Stop(StopReason::PayloadRefused));
}

#[test]
fn what_is_not_about_items_stops_at_once() {
    assert_eq!(decided(&refused_as(404, vec![]), 1, 100), Decision::Stop(StopReason::PayloadRefused));
    let keys = answer(FeedOutcome::KeysRefused { status: 403, message: "JWT is invalid".into() });
    assert_eq!(decided(&keys, 1, 100), Decision::Stop(StopReason::KeysRefused));
}

#[test]
fn slowing_down_costs_no_budget_and_is_tried_for_long_but_not_forever() {
    let wait = Duration::from_secs(7);
    let slow = answer(FeedOutcome::SlowDown { retry_after: Some(wait) });
    let budget = RetryBudget::new();
    let full = drain(&RetryBudget::new());
    assert_eq!(decide(&slow, MAX_ATTEMPTS + 1, 1, &budget), Decision::Retry { after: wait });
    assert_eq!(drain(&budget), full);
    assert_eq!(decided(&slow, MAX_SLOWED_ATTEMPTS, 1), Decision::Stop(StopReason::OutOfAttempts));
    let silent = answer(FeedOutcome::SlowDown { retry_after: None });
    assert_eq!(decided(&silent, 1, 1), Decision::Retry { after: Duration::ZERO });
}

#[test]
fn passing_failures_and_garbage_are_tried_again_until_attempts_run_out() {
    for answer in [passing(), not_understood()] {
        assert_eq!(decided(&answer, 3, 1), Decision::Retry { after: BACKOFF_BASE * 4 });
        assert_eq!(decided(&answer, MAX_ATTEMPTS, 1), Decision::Stop(StopReason::OutOfAttempts));
    }
}

#[test]
fn every_pause_is_within_its_limit_and_the_whole_range_is_used() {
    for attempt in 1..MAX_ATTEMPTS {
        let limit = (BACKOFF_BASE * 2_u32.pow(attempt - 1)).min(BACKOFF_CAP);
        let mut longest = Duration::ZERO;
        let mut shortest = BACKOFF_CAP;
        for seed in 0..500 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let decision = decide_with(&passing(), attempt, 1, &RetryBudget::new(), &mut || rng.f64());
            let Decision::Retry { after } = decision else { panic!("{decision:?}") };
            assert!(after <= limit, "{after:?} > {limit:?}");
            longest = longest.max(after);
            shortest = shortest.min(after);
        }
        assert!(longest > limit.mul_f64(0.9) && shortest < limit.mul_f64(0.1), "{shortest:?} {longest:?} of {limit:?}");
    }
    assert_eq!(backoff(u32::MAX, &mut || 1.0), BACKOFF_CAP);
}

#[tokio::test(start_paused = true)]
async fn the_budget_is_shared_runs_out_and_is_earned_back() {
    let budget = RetryBudget::new();
    let full = drain(&budget);
    assert_eq!(full, 20);
    assert_eq!(decide(&passing(), 1, 1, &budget), Decision::Stop(StopReason::OutOfBudget));
    assert_eq!(decide(&accepted_but(vec![]), 1, 1, &budget), Decision::Done);
    assert_eq!(decide(&accepted_but(vec![]), 1, 1, &budget), Decision::Done);
    assert!(matches!(decide(&passing(), 1, 1, &budget), Decision::Retry { .. }));
    assert_eq!(decide(&passing(), 1, 1, &budget), Decision::Stop(StopReason::OutOfBudget));

    tokio::time::advance(BUDGET_REFILL).await;
    assert_eq!(drain(&budget), 1);
    tokio::time::advance(BUDGET_REFILL * 1_000).await;
    assert_eq!(drain(&budget), full);
}
