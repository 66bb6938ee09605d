//! What an answer means for each item of its batch: pure.

use std::collections::BTreeMap;

use super::ledger::status;
use super::requests::RequestOutcome;
use crate::client::models::{FeedOutcome, RefusedItem};
use crate::client::retry::{Decision, GaveUp};
use crate::untrusted::SafeText;

/// The state of one item of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judged {
    /// Its place in the batch, from 0.
    pub place: usize,
    /// Its status code.
    pub status: i64,
    /// The server's own text; empty where all is well.
    pub text: SafeText,
    /// The server's code; may be empty.
    pub code: SafeText,
}

/// The items, of a batch of `items`, that have their state after this answer: those that `decision` does not send again.
pub(super) fn judge(outcome: &FeedOutcome, decision: &Decision, items: usize) -> Vec<Judged> {
    match decision {
        Decision::Retry { .. } | Decision::RenewToken | Decision::Split | Decision::Shrink => Vec::new(),
        Decision::Stop(GaveUp::SearchEnded) => (0..items).map(|place| judge_unsearched(outcome, place)).collect(),
        Decision::RetryPartial { without, .. } => judge_places(outcome, without.iter().copied(), items),
        Decision::Done | Decision::Stop(_) => judge_places(outcome, 0..items, items),
    }
}

/// The state of an item of a batch in which the bad ones were not found: most of them are not to blame.
fn judge_unsearched(outcome: &FeedOutcome, place: usize) -> Judged {
    let text = SafeText::from(format!("refused with its batch, which was not split further: {}", words(outcome)));
    Judged { place, status: status::APPLICATION_ERROR, text, code: SafeText::default() }
}

fn judge_places(outcome: &FeedOutcome, places: impl Iterator<Item = usize>, items: usize) -> Vec<Judged> {
    let refused: BTreeMap<usize, &RefusedItem> = match outcome {
        FeedOutcome::Accepted { refused } | FeedOutcome::Refused { refused, .. } => {
            refused.iter().map(|item| (item.index, item)).collect()
        }
        _ => BTreeMap::new(),
    };
    // Then some item of this batch was refused, and nobody knows which.
    let names_a_stranger = refused.keys().next_back().is_some_and(|&last| last >= items);
    let judge = |place| match refused.get(&place) {
        Some(item) => judge_named(outcome, item),
        None => judge_unnamed(outcome, place, !refused.is_empty(), names_a_stranger),
    };
    places.map(judge).collect()
}

/// The state of an item that the server named.
fn judge_named(outcome: &FeedOutcome, item: &RefusedItem) -> Judged {
    let status = match outcome {
        _ if item.is_retryable() => status::RETRYABLE,
        FeedOutcome::Refused { status, .. } => payload_status(*status),
        _ => status::FAILED_IN_200,
    };
    Judged { place: item.index, status, text: item.message.clone(), code: item.code.clone() }
}

/// The state of an item that the server did not name.
fn judge_unnamed(outcome: &FeedOutcome, place: usize, others_named: bool, names_a_stranger: bool) -> Judged {
    let judged = |status: i64, text: SafeText| Judged { place, status, text, code: SafeText::default() };
    match outcome {
        FeedOutcome::Accepted { .. } if names_a_stranger => {
            judged(status::APPLICATION_ERROR, "the gateway refused an item that is not in this batch".into())
        }
        FeedOutcome::Accepted { .. } => judged(status::SUBMITTED, SafeText::default()),
        FeedOutcome::Refused { .. } if others_named => {
            judged(status::APPLICATION_ERROR, "not accepted because of other items in its batch".into())
        }
        FeedOutcome::Refused { status, message, .. } => judged(payload_status(*status), message.clone()),
        FeedOutcome::KeysRefused { status, message, .. } | FeedOutcome::WrongAddress { status, message } => {
            judged(i64::from(*status), message.clone())
        }
        FeedOutcome::SlowDown { message, .. } => judged(429, message.clone()),
        FeedOutcome::Passing { status, message, .. } => {
            judged(status.map_or(status::APPLICATION_ERROR, i64::from), message.clone())
        }
        // Whatever its HTTP status says, an answer that is not understood says nothing about the items; a 200 least of all.
        FeedOutcome::NotUnderstood { message, .. } => judged(status::APPLICATION_ERROR, message.clone()),
    }
}

/// What is wrong with an item itself stays wrong until the item changes, whichever of these codes says it. Others, such
/// as 404, are about the request: the next run may do better.
fn payload_status(status: u16) -> i64 {
    match status {
        400 | 413 | 422 => status::REFUSED,
        other => i64::from(other),
    }
}

/// Whether the gateway was down or busy, so that the same request may do better later.
pub(super) fn is_unanswered(outcome: &FeedOutcome) -> bool {
    matches!(outcome, FeedOutcome::Passing { .. } | FeedOutcome::SlowDown { .. } | FeedOutcome::NotUnderstood { .. })
}

/// How the request is counted.
pub(super) fn of_request(outcome: &FeedOutcome) -> RequestOutcome {
    match outcome {
        FeedOutcome::Accepted { .. } => RequestOutcome::Ok,
        FeedOutcome::SlowDown { .. } => RequestOutcome::SlowedDown,
        FeedOutcome::Passing { .. } | FeedOutcome::NotUnderstood { .. } => RequestOutcome::Failed,
        FeedOutcome::Refused { .. } | FeedOutcome::WrongAddress { .. } | FeedOutcome::KeysRefused { .. } => {
            RequestOutcome::Refused
        }
    }
}

/// The HTTP status behind an outcome, for the journal; `None` = there was no answer.
pub(super) fn http_status(outcome: &FeedOutcome) -> Option<u16> {
    match outcome {
        FeedOutcome::Accepted { .. } => Some(200),
        FeedOutcome::Refused { status, .. }
        | FeedOutcome::KeysRefused { status, .. }
        | FeedOutcome::WrongAddress { status, .. }
        | FeedOutcome::NotUnderstood { status, .. } => Some(*status),
        FeedOutcome::SlowDown { .. } => Some(429),
        FeedOutcome::Passing { status, .. } => *status,
    }
}

/// What happened, in few words: `after a 429`, `after a 503`, `after no response`.
pub(super) fn pause_reason(outcome: &FeedOutcome) -> SafeText {
    match (outcome, http_status(outcome)) {
        (FeedOutcome::NotUnderstood { .. }, _) => SafeText::from("after an invalid response"),
        (FeedOutcome::Accepted { .. }, _) => SafeText::from("before resending the refused items"),
        (_, Some(status)) => SafeText::from(format!("after a {status}")),
        (_, None) => SafeText::from("after no response"),
    }
}

/// What happened, in the server's words where it has some.
pub(super) fn words(outcome: &FeedOutcome) -> SafeText {
    match outcome {
        FeedOutcome::Accepted { refused } if refused.iter().any(RefusedItem::is_retryable) => {
            SafeText::from("some items were refused temporarily")
        }
        // It is not done with this answer, so it names an item that is not there.
        FeedOutcome::Accepted { .. } => SafeText::from("the answer refuses an item that is not in the batch"),
        FeedOutcome::SlowDown { message, .. }
        | FeedOutcome::Refused { message, .. }
        | FeedOutcome::WrongAddress { message, .. }
        | FeedOutcome::KeysRefused { message, .. }
        | FeedOutcome::Passing { message, .. }
        | FeedOutcome::NotUnderstood { message, .. } => message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::models::RETRYABLE_ITEM_CODE;

    fn refused(index: usize, code: &str, message: &str) -> RefusedItem {
        RefusedItem { index, code: SafeText::from(code), message: SafeText::from(message) }
    }

    fn statuses(outcome: &FeedOutcome, decision: &Decision, items: usize) -> Vec<(usize, i64)> {
        judge(outcome, decision, items).into_iter().map(|judged| (judged.place, judged.status)).collect()
    }

    #[test]
    fn a_200_accepts_all_but_the_named_items() {
        let outcome = FeedOutcome::Accepted {
            refused: vec![refused(1, "", "bad price"), refused(2, RETRYABLE_ITEM_CODE, "later")],
        };
        assert_eq!(statuses(&outcome, &Decision::Done, 4), [(0, 200), (1, 1), (2, 2), (3, 200)]);
        assert_eq!(judge(&outcome, &Decision::Done, 4)[1].text.as_str(), "bad price");
    }

    #[test]
    fn a_400_settles_the_named_items_and_leaves_the_others_for_the_next_try() {
        let outcome = FeedOutcome::Refused {
            status: 400,
            refused: vec![refused(0, "/0/a", "no a")],
            message: SafeText::from("bad request"),
        };
        let partial = Decision::RetryPartial { without: vec![0], after: Duration::ZERO };
        let judged = judge(&outcome, &partial, 3);
        assert_eq!(judged.len(), 1);
        assert_eq!((judged[0].text.as_str(), judged[0].code.as_str()), ("no a", "/0/a"));
        let stop = Decision::Stop(GaveUp::OutOfAttempts);
        assert_eq!(statuses(&outcome, &stop, 2), [(0, 400), (1, 0)], "only the named one needs attention");
    }

    #[test]
    fn a_200_that_refuses_an_item_of_another_batch_accepts_nothing_for_sure() {
        let outcome = FeedOutcome::Accepted { refused: vec![refused(9, "", "?")] };
        assert_eq!(statuses(&outcome, &Decision::Stop(GaveUp::OutOfAttempts), 2), [(0, 0), (1, 0)]);
    }

    #[test]
    fn what_is_about_the_request_is_not_final_for_the_item() {
        for (http, expected) in [(413, 400), (422, 400), (404, 404), (415, 415)] {
            let outcome = FeedOutcome::Refused { status: http, refused: Vec::new(), message: SafeText::from("no") };
            assert_eq!(statuses(&outcome, &Decision::Stop(GaveUp::PayloadRefused), 1), [(0, expected)]);
        }
    }

    #[test]
    fn who_was_not_found_out_is_not_called_bad() {
        let outcome = FeedOutcome::Refused { status: 400, refused: Vec::new(), message: SafeText::from("no") };
        let stop = Decision::Stop(GaveUp::SearchEnded);
        assert_eq!(statuses(&outcome, &stop, 2), [(0, 0), (1, 0)]);
    }

    #[test]
    fn a_400_that_names_nobody_settles_all() {
        let message = SafeText::from("not an array");
        let outcome = FeedOutcome::Refused { status: 400, refused: Vec::new(), message };
        let stop = Decision::Stop(GaveUp::PayloadRefused);
        assert_eq!(statuses(&outcome, &stop, 2), [(0, 400), (1, 400)]);
    }

    #[test]
    fn an_answer_that_is_not_understood_never_counts_as_submitted() {
        let outcome = FeedOutcome::NotUnderstood { status: 200, message: SafeText::from("<html>") };
        assert_eq!(statuses(&outcome, &Decision::Stop(GaveUp::OutOfAttempts), 1), [(0, 0)]);
    }

    #[test]
    fn a_retry_settles_nobody_and_neither_does_a_split() {
        let outcome = FeedOutcome::Passing { status: Some(503), message: SafeText::from("busy"), failure: None };
        assert!(statuses(&outcome, &Decision::Split, 3).is_empty());
        assert!(statuses(&outcome, &Decision::Retry { after: Duration::ZERO }, 3).is_empty());
        assert_eq!(statuses(&outcome, &Decision::Stop(GaveUp::OutOfBudget), 1), [(0, 503)]);
    }
}
