//! Why a feed stops early, for a person: what happened, and the fix.
//!
//! It must never decide that a feed ends.

use super::{FeedPlan, outcome};
use crate::client::models::FeedOutcome;
use crate::client::retry::GaveUp;
use crate::error::{Exit, Problem};
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// The problem behind batches that were given up for this reason after this outcome.
pub(super) fn of(reason: GaveUp, outcome: &FeedOutcome, plan: &FeedPlan) -> Problem {
    let words = outcome::words(outcome);
    match (reason, outcome) {
        (GaveUp::WrongAddress, FeedOutcome::WrongAddress { status, .. }) => wrong_address(*status, &words, plan),
        (GaveUp::RequestRefused, _) => {
            Problem::new(Exit::Other, format!("the gateway refuses every request of {}: {words}", plan.feed))
                .hint(Hint::from("contact Adobe support with the request ids from ").and(Remedy::Status))
        }
        (GaveUp::SearchEnded, _) => {
            let what = format!("the gateway refuses entire batches of {} without naming an item: {words}", plan.feed);
            Problem::new(Exit::Other, what)
                .hint("if all items share the error, correct it in Commerce; then run again to resume")
        }
        (_, FeedOutcome::Passing { failure: Some(failure), .. }) => {
            no_batches(&words).hint(failure.remedy().and(", then run again to resume"))
        }
        _ => no_batches(&words).hint("run again later to resume"),
    }
}

fn no_batches(words: &SafeText) -> Problem {
    Problem::new(Exit::TryAgain, format!("the gateway accepts no batches now: {words}"))
}

/// Every batch of the feed would be answered like this one.
fn wrong_address(status: u16, words: &SafeText, plan: &FeedPlan) -> Problem {
    let hint = if (300..400).contains(&status) {
        Hint::from("check the URL of the gateway under [gateway] in the configuration (").and(Remedy::Doctor).and(")")
    } else {
        format!("check `{}` under [export.routes] in the configuration, and the data space", plan.feed).into()
    };
    Problem::new(Exit::Other, format!("the gateway does not accept {}: {words}", plan.feed)).hint(hint)
}
