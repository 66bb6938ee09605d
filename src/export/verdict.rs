//! What an answer means for each item of its batch: pure.

use std::collections::BTreeMap;

use super::ledger::status;
use crate::client::models::{FeedOutcome, RETRYABLE_ITEM_CODE, RefusedItem};
use crate::client::retry::Decision;
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
        Decision::Retry { .. } => Vec::new(),
        Decision::RetryPartial { without, .. } => judge_places(outcome, without.iter().copied().filter(|p| *p < items)),
        Decision::Done | Decision::Stop(_) => judge_places(outcome, 0..items),
    }
}

fn judge_places(outcome: &FeedOutcome, places: impl Iterator<Item = usize>) -> Vec<Judged> {
    let refused = match outcome {
        FeedOutcome::Accepted { refused } | FeedOutcome::Refused { refused, .. } => by_place(refused),
        _ => BTreeMap::new(),
    };
    places.map(|place| judge_place(outcome, &refused, place)).collect()
}

fn by_place(refused: &[RefusedItem]) -> BTreeMap<usize, Vec<&RefusedItem>> {
    let mut by_place: BTreeMap<usize, Vec<&RefusedItem>> = BTreeMap::new();
    for item in refused {
        by_place.entry(item.index).or_default().push(item);
    }
    by_place
}

fn judge_place(outcome: &FeedOutcome, refused: &BTreeMap<usize, Vec<&RefusedItem>>, place: usize) -> Judged {
    let judged = |status: i64, text: SafeText| Judged { place, status, text, code: SafeText::default() };
    match outcome {
        FeedOutcome::Accepted { .. } => match refused.get(&place) {
            None => judged(status::SUBMITTED, SafeText::default()),
            Some(reasons) => named(place, reasons, status::FAILED_IN_200),
        },
        FeedOutcome::Refused { status, refused: list, message } => match refused.get(&place) {
            Some(reasons) => named(place, reasons, i64::from(*status)),
            None if list.is_empty() => judged(i64::from(*status), message.clone()),
            // The server said which items it minds, and this is none of them.
            None => {
                judged(status::APPLICATION_ERROR, SafeText::from("not accepted because of other items in its batch"))
            }
        },
        FeedOutcome::KeysRefused { status, message } => judged(i64::from(*status), message.clone()),
        FeedOutcome::SlowDown { .. } => judged(429, SafeText::from("the gateway asked to slow down")),
        FeedOutcome::Passing { status, message } => {
            judged(status.map_or(status::APPLICATION_ERROR, i64::from), message.clone())
        }
        // Whatever its HTTP status says, an answer that is not understood says nothing about the items; a 200 least of all.
        FeedOutcome::NotUnderstood { message, .. } => judged(status::APPLICATION_ERROR, message.clone()),
    }
}

/// The server may name an item several times, once per field: all its texts are kept.
fn named(place: usize, reasons: &[&RefusedItem], status: i64) -> Judged {
    let passes = !reasons.is_empty() && reasons.iter().all(|reason| reason.code.as_str() == RETRYABLE_ITEM_CODE);
    let join = |of: fn(&RefusedItem) -> &SafeText| {
        let mut parts: Vec<&str> = reasons.iter().map(|reason| of(reason).as_str()).filter(|t| !t.is_empty()).collect();
        parts.dedup();
        SafeText::from(parts.join("; "))
    };
    Judged {
        place,
        status: if passes { status::RETRYABLE } else { status },
        text: join(|reason| &reason.message),
        code: join(|reason| &reason.code),
    }
}

/// The HTTP status behind an outcome, for the journal; `None` = there was no answer.
pub(super) fn http_status(outcome: &FeedOutcome) -> Option<u16> {
    match outcome {
        FeedOutcome::Accepted { .. } => Some(200),
        FeedOutcome::Refused { status, .. }
        | FeedOutcome::KeysRefused { status, .. }
        | FeedOutcome::NotUnderstood { status, .. } => Some(*status),
        FeedOutcome::SlowDown { .. } => Some(429),
        FeedOutcome::Passing { status, .. } => *status,
    }
}

/// What happened, in few words: `after a 429`, `after a 503`, `after no answer`.
pub(super) fn pause_reason(outcome: &FeedOutcome) -> SafeText {
    match http_status(outcome) {
        Some(status) => SafeText::from(format!("after a {status}")),
        None => SafeText::from("after no answer"),
    }
}

/// What happened, in the server's words where it has some.
pub(super) fn words(outcome: &FeedOutcome) -> SafeText {
    match outcome {
        FeedOutcome::Accepted { .. } => SafeText::from("some items were refused for now"),
        FeedOutcome::SlowDown { .. } => SafeText::from("the gateway asked to slow down (429)"),
        FeedOutcome::Refused { message, .. }
        | FeedOutcome::KeysRefused { message, .. }
        | FeedOutcome::Passing { message, .. }
        | FeedOutcome::NotUnderstood { message, .. } => message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::retry::StopReason;

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
            refused: vec![refused(0, "/0/a", "no a"), refused(0, "/0/b", "no b")],
            message: SafeText::from("bad request"),
        };
        let partial = Decision::RetryPartial { without: vec![0], after: Duration::ZERO };
        let judged = judge(&outcome, &partial, 3);
        assert_eq!(judged.len(), 1);
        assert_eq!((judged[0].text.as_str(), judged[0].code.as_str()), ("no a; no b", "/0/a; /0/b"));
        let stop = Decision::Stop(StopReason::OutOfAttempts);
        assert_eq!(statuses(&outcome, &stop, 2), [(0, 400), (1, 0)], "only the named one needs attention");
    }

    #[test]
    fn a_400_that_names_nobody_settles_all() {
        let message = SafeText::from("not an array");
        let outcome = FeedOutcome::Refused { status: 400, refused: Vec::new(), message };
        let stop = Decision::Stop(StopReason::PayloadRefused);
        assert_eq!(statuses(&outcome, &stop, 2), [(0, 400), (1, 400)]);
    }

    #[test]
    fn an_answer_that_is_not_understood_never_counts_as_submitted() {
        let outcome = FeedOutcome::NotUnderstood { status: 200, message: SafeText::from("<html>") };
        assert_eq!(statuses(&outcome, &Decision::Stop(StopReason::OutOfAttempts), 1), [(0, 0)]);
    }

    #[test]
    fn a_retry_settles_nobody() {
        let outcome = FeedOutcome::Passing { status: Some(503), message: SafeText::from("busy") };
        assert!(statuses(&outcome, &Decision::Retry { after: Duration::ZERO }, 3).is_empty());
        assert_eq!(statuses(&outcome, &Decision::Stop(StopReason::OutOfBudget), 1), [(0, 503)]);
    }
}
