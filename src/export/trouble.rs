//! Why a feed ends before its end, as a person is told: what happened, and the one thing that helps.
//!
//! It must never decide that a feed ends.

use super::FeedPlan;
use super::verdict;
use crate::client::models::FeedOutcome;
use crate::client::retry::StopReason;
use crate::error::{Exit, Problem};
use crate::untrusted::SafeText;

/// The problem behind batches that were given up for this reason after this outcome.
pub(super) fn of(reason: StopReason, outcome: &FeedOutcome, plan: &FeedPlan) -> Problem {
    let words = verdict::words(outcome);
    match (reason, outcome) {
        (StopReason::WrongAddress, FeedOutcome::WrongAddress { status, .. }) => wrong_address(*status, &words, plan),
        (StopReason::RequestRefused, _) => {
            Problem::new(Exit::Other, format!("the gateway refuses every request of {}: {words}", plan.feed))
                .hint("ask Adobe's support with the request ids that `commerce-connector export status` shows")
        }
        (StopReason::SearchEnded, _) => {
            let what = format!("the gateway refuses whole batches of {} and names no item: {words}", plan.feed);
            Problem::new(Exit::Other, what).hint(
                "look at its words: if all items share the mistake, correct it in Commerce; then run it again, it goes on \
                 where this run stopped",
            )
        }
        (_, FeedOutcome::Passing { trouble: Some(trouble), .. }) => no_batches(&words)
            .hint(format!("{}, then run it again: it goes on where this run stopped", trouble.remedy())),
        _ => no_batches(&words).hint("run it again later: it goes on where this run stopped"),
    }
}

fn no_batches(words: &SafeText) -> Problem {
    Problem::new(Exit::TryAgain, format!("the gateway takes no batches now: {words}"))
}

/// Every batch of the feed would be answered like this one.
fn wrong_address(status: u16, words: &SafeText, plan: &FeedPlan) -> Problem {
    let hint = if (300..400).contains(&status) {
        "check the URL of the gateway under [gateway] in the configuration (`commerce-connector doctor`)".to_owned()
    } else {
        format!("check `{}` under [export.routes] in the configuration, and the data space", plan.feed)
    };
    Problem::new(Exit::Other, format!("the gateway does not take {}: {words}", plan.feed)).hint(hint)
}
