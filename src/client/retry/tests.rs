//! Every answer to every decision; nothing here waits.

use super::*;
use crate::client::models::{FeedAnswer, RETRYABLE_ITEM_CODE};
use crate::domain::KeysRemedy;
use crate::http::Failure;

fn answer(outcome: FeedOutcome) -> FeedAnswer {
    FeedAnswer { outcome, request_id: None, received: None }
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
    answer(FeedOutcome::Passing { status: Some(503), message: "busy".into(), failure: None })
}

fn unreached(failure: Failure) -> FeedAnswer {
    answer(FeedOutcome::Passing { status: None, message: "no".into(), failure: Some(failure) })
}

fn not_understood() -> FeedAnswer {
    answer(FeedOutcome::NotUnderstood { status: 200, message: "an HTML page".into() })
}

fn keys_refused() -> FeedAnswer {
    answer(FeedOutcome::KeysRefused { status: 403, message: "JWT is invalid".into(), remedy: KeysRemedy::CheckKeys })
}

/// After so many failures before.
fn after_failures(failed: u32) -> Tries {
    Tries { failed, ..Tries::default() }
}

/// The longest decision after the `attempt`-th failure, from 1.
fn decided(answer: &FeedAnswer, attempt: u32, items: usize) -> Decision {
    let (mut tries, mut search) = (after_failures(attempt - 1), Search::default());
    decide_with(answer, items, &mut tries, &mut search, &RetryBudget::new(), &mut || 1.0)
}

fn decided_with(answer: &FeedAnswer, budget: &RetryBudget) -> Decision {
    decide(answer, 1, &mut Tries::default(), &mut Search::default(), budget)
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
    assert_eq!(decided(&answer, MAX_ATTEMPTS, 4), Decision::Stop(GaveUp::OutOfAttempts));
    let all = accepted_but(vec![item(0, RETRYABLE_ITEM_CODE)]);
    assert_eq!(decided(&all, 2, 1), Decision::Retry { after: BACKOFF_BASE * 2 });
}

#[test]
fn an_index_outside_of_the_batch_is_not_understood() {
    let answer = accepted_but(vec![item(3, "bad")]);
    assert_eq!(decided(&answer, 1, 3), Decision::Retry { after: BACKOFF_BASE });
    assert_eq!(decided(&answer, MAX_ATTEMPTS, 3), Decision::Stop(GaveUp::OutOfAttempts));
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
    assert_eq!(decided(&answer, 1, 2), Decision::Stop(GaveUp::PayloadRefused));
}

#[test]
fn a_refused_batch_keeps_the_items_over_the_limit() {
    let answer = refused_as(400, vec![item(0, "bad"), item(1, RETRYABLE_ITEM_CODE)]);
    assert_eq!(decided(&answer, 1, 2), Decision::RetryPartial { without: vec![0], after: BACKOFF_BASE });
}

#[test]
fn who_is_to_blame_is_searched_by_halves_until_it_is_plain_that_nobody_is() {
    let nobody = refused_as(400, vec![]);
    let budget = RetryBudget::new();
    let mut search = Search::default();
    let mut search_on = |answer: &FeedAnswer, items| decide(answer, items, &mut Tries::default(), &mut search, &budget);
    for _ in 1..MAX_FRUITLESS {
        assert_eq!(search_on(&nobody, 2), Decision::Split);
    }
    assert_eq!(search_on(&nobody, 2), Decision::Stop(GaveUp::SearchEnded));
    assert_eq!(search_on(&nobody, 1), Decision::Stop(GaveUp::PayloadRefused), "alone, it is found out");
    assert_eq!(search_on(&accepted_but(vec![]), 2), Decision::Done);
    assert_eq!(search_on(&nobody, 2), Decision::Split, "there was something to find");
    assert_eq!(drain(&budget), 20, "a search costs no retries");
    assert!(search.end() && !search.end());
}

#[test]
fn a_batch_that_is_too_large_is_halved_down_to_one_item() {
    for status in [408, 413] {
        assert_eq!(decided(&refused_as(status, vec![]), 1, 100), Decision::Shrink);
    }
    assert_eq!(decided(&refused_as(413, vec![]), 1, 1), Decision::Stop(GaveUp::PayloadRefused));
    assert_eq!(decided(&refused_as(408, vec![]), 1, 1), Decision::Retry { after: BACKOFF_BASE });
}

#[test]
fn what_is_not_about_items_stops_at_once() {
    let address = answer(FeedOutcome::WrongAddress { status: 404, message: "no".into() });
    assert_eq!(decided(&address, 1, 100), Decision::Stop(GaveUp::WrongAddress));
    assert_eq!(decided(&refused_as(402, vec![]), 1, 100), Decision::Stop(GaveUp::RequestRefused));
}

#[test]
fn refused_keys_get_one_new_token_and_no_more() {
    let (mut tries, budget) = (Tries::default(), RetryBudget::new());
    let mut decided = |answer: &FeedAnswer| decide(answer, 9, &mut tries, &mut Search::default(), &budget);
    assert_eq!(decided(&keys_refused()), Decision::RenewToken);
    assert!(matches!(decided(&passing()), Decision::Retry { .. }));
    assert_eq!(decided(&keys_refused()), Decision::Stop(GaveUp::KeysRefused));
}

#[test]
fn a_setting_in_the_way_is_not_tried_for_long_and_what_may_pass_is() {
    for failure in [Failure::Tls, Failure::ProxyLogin, Failure::Proxy] {
        assert!(matches!(decided(&unreached(failure), MAX_SETTING_ATTEMPTS - 1, 1), Decision::Retry { .. }));
        let end = decided(&unreached(failure), MAX_SETTING_ATTEMPTS, 1);
        assert_eq!(end, Decision::Stop(GaveUp::SettingInTheWay));
    }
    for failure in [Failure::Name, Failure::Connection, Failure::Time, Failure::Other] {
        assert!(matches!(decided(&unreached(failure), MAX_ATTEMPTS - 1, 1), Decision::Retry { .. }));
    }
}

#[test]
fn slowing_down_costs_no_budget_and_is_tried_for_long_but_not_forever() {
    let wait = Duration::from_secs(7);
    let slow = answer(FeedOutcome::SlowDown { retry_after: Some(wait), message: "slow".into() });
    let (budget, mut tries) = (RetryBudget::new(), Tries::default());
    for _ in 1..MAX_SLOWED_ATTEMPTS {
        assert_eq!(decide(&slow, 1, &mut tries, &mut Search::default(), &budget), Decision::Retry { after: wait });
    }
    assert_eq!(drain(&budget), drain(&RetryBudget::new()));
    let end = decide(&slow, 1, &mut tries, &mut Search::default(), &budget);
    assert_eq!(end, Decision::Stop(GaveUp::OutOfAttempts));
    let silent = answer(FeedOutcome::SlowDown { retry_after: None, message: "slow".into() });
    assert_eq!(decided(&silent, 1, 1), Decision::Retry { after: Duration::ZERO });
}

#[test]
fn being_slowed_down_does_not_use_up_the_tries_for_failures() {
    let slow = answer(FeedOutcome::SlowDown { retry_after: None, message: "slow".into() });
    let (budget, mut tries, mut search) = (RetryBudget::new(), Tries::default(), Search::default());
    for _ in 0..50 {
        assert!(matches!(decide(&slow, 1, &mut tries, &mut search, &budget), Decision::Retry { .. }));
    }
    for _ in 1..MAX_ATTEMPTS {
        assert!(matches!(decide(&passing(), 1, &mut tries, &mut search, &budget), Decision::Retry { .. }));
    }
    let end = decide(&passing(), 1, &mut tries, &mut search, &budget);
    assert_eq!(end, Decision::Stop(GaveUp::OutOfAttempts));
}

#[test]
fn passing_failures_and_garbage_are_tried_again_until_attempts_run_out() {
    for answer in [passing(), not_understood()] {
        assert_eq!(decided(&answer, 3, 1), Decision::Retry { after: BACKOFF_BASE * 4 });
        assert_eq!(decided(&answer, MAX_ATTEMPTS, 1), Decision::Stop(GaveUp::OutOfAttempts));
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
            let (mut tries, mut search) = (after_failures(attempt - 1), Search::default());
            let mut random = || rng.f64();
            let decision = decide_with(&passing(), 1, &mut tries, &mut search, &RetryBudget::new(), &mut random);
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
    assert_eq!(decided_with(&passing(), &budget), Decision::Stop(GaveUp::OutOfBudget));
    assert_eq!(decided_with(&accepted_but(vec![]), &budget), Decision::Done);
    assert_eq!(decided_with(&accepted_but(vec![]), &budget), Decision::Done);
    assert!(matches!(decided_with(&passing(), &budget), Decision::Retry { .. }));
    assert_eq!(decided_with(&passing(), &budget), Decision::Stop(GaveUp::OutOfBudget));

    tokio::time::advance(BUDGET_REFILL).await;
    assert_eq!(drain(&budget), 1);
    tokio::time::advance(BUDGET_REFILL * 1_000).await;
    assert_eq!(drain(&budget), full);
}
