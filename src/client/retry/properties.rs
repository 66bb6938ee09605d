//! Properties of back-off, of the budget, and of every sequence of answers to one batch.

use proptest::prelude::*;

use super::*;
use crate::client::models::RETRYABLE_ITEM_CODE;
use crate::domain::KeysRemedy;
use crate::http::Failure;

/// The most answers that one batch may take: its own tries, those while slowed down, and a token.
const MOST_ANSWERS: u32 = MAX_ATTEMPTS + MAX_SLOWED_ATTEMPTS + 1;

fn refused() -> impl Strategy<Value = Vec<RefusedItem>> {
    let code = prop::sample::select(&["bad", RETRYABLE_ITEM_CODE][..]);
    let item =
        (0_usize..12, code).prop_map(|(index, code)| RefusedItem { index, code: code.into(), message: "why".into() });
    prop::collection::vec(item, 0..6)
}

fn failure() -> impl Strategy<Value = Option<Failure>> {
    use Failure::{Connection, Name, Other, Proxy, ProxyLogin, Time, Tls};
    prop::option::of(prop::sample::select(&[Name, Connection, ProxyLogin, Proxy, Tls, Time, Other][..]))
}

fn outcome() -> impl Strategy<Value = FeedOutcome> {
    let message = || "words".into();
    prop_oneof![
        refused().prop_map(|refused| FeedOutcome::Accepted { refused }),
        (400_u16..500, refused()).prop_map(move |(status, refused)| FeedOutcome::Refused {
            status,
            refused,
            message: message()
        }),
        (0_u64..600).prop_map(move |wait| FeedOutcome::SlowDown {
            retry_after: Some(Duration::from_secs(wait)),
            message: message()
        }),
        (500_u16..600, failure()).prop_map(move |(status, failure)| FeedOutcome::Passing {
            status: failure.is_none().then_some(status),
            message: message(),
            failure
        }),
        Just(FeedOutcome::NotUnderstood { status: 200, message: message() }),
        Just(FeedOutcome::WrongAddress { status: 404, message: message() }),
        Just(FeedOutcome::KeysRefused { status: 403, message: message(), remedy: KeysRemedy::CheckKeys }),
    ]
}

fn balance(budget: &RetryBudget) -> f64 {
    budget.with(|balance| *balance)
}

proptest! {
    #[test]
    fn back_off_is_within_its_cap_and_the_caps_only_grow(attempt in 1_u32..1_000, jitter in -0.5_f64..1.5) {
        let cap = |attempt| backoff(attempt, &mut || 1.0);
        prop_assert!(backoff(attempt, &mut || jitter) <= cap(attempt));
        prop_assert!(cap(attempt) <= cap(attempt + 1) && cap(attempt) <= BACKOFF_CAP);
        prop_assert_eq!(backoff(attempt, &mut || 0.0), Duration::ZERO);
        // Full jitter: the pause is the drawn share of the cap.
        let share = jitter.clamp(0.0, 1.0);
        let off = backoff(attempt, &mut || jitter).as_secs_f64() - cap(attempt).as_secs_f64() * share;
        prop_assert!(off.abs() < 1e-6, "{}", off);
    }

    #[test]
    fn the_budget_is_never_negative_and_never_more_than_full(takes in prop::collection::vec(any::<bool>(), 0..200)) {
        let budget = RetryBudget::new();
        let mut left = BUDGET_CAPACITY;
        for takes_one in takes {
            if takes_one {
                let had = balance(&budget);
                prop_assert_eq!(budget.withdraw(), had >= 1.0);
            } else {
                budget.deposit();
            }
            left = balance(&budget);
            prop_assert!((0.0..=BUDGET_CAPACITY).contains(&left), "{}", left);
        }
        prop_assert!(left <= BUDGET_CAPACITY);
    }

    /// Whatever comes, a batch is done with, in a bounded number of answers, and no decision is nonsense.
    #[test]
    fn every_sequence_of_answers_comes_to_an_end(
        outcomes in prop::collection::vec(outcome(), 1..40),
        items in 1_usize..12,
    ) {
        let budget = RetryBudget::new();
        let (mut tries, mut search) = (Tries::default(), Search::default());
        let mut items = items;
        let mut rounds = 0_u32;
        let mut renewals = 0;
        for outcome in outcomes.iter().cycle() {
            rounds += 1;
            let most = MOST_ANSWERS + 12;
            prop_assert!(rounds <= most, "{} answers and no end", rounds);
            let answer = FeedAnswer { outcome: outcome.clone(), request_id: None, received: None };
            match decide(&answer, items, &mut tries, &mut search, &budget) {
                Decision::Done | Decision::Stop(_) => break,
                Decision::Split | Decision::Shrink => {
                    prop_assert!(items > 1, "one item has no halves");
                    break;
                }
                Decision::Retry { after } => prop_assert!(after <= Duration::from_mins(10)),
                Decision::RenewToken => {
                    renewals += 1;
                    prop_assert_eq!(renewals, 1);
                }
                Decision::RetryPartial { without, .. } => {
                    prop_assert!(!without.is_empty() && without.len() < items, "{:?} of {}", without, items);
                    prop_assert!(without.is_sorted() && without.iter().all(|place| *place < items));
                    items -= without.len();
                }
            }
            prop_assert!(balance(&budget) >= 0.0);
        }
    }
}
