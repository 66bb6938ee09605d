//! The codes of the `status` column, and the state that each stands for: Adobe's own (protocol page §3, "Item status"), and one
//! of ours below them.

use crate::export::progress::ItemState;

/// The gateway accepted the item.
pub const SUBMITTED: i64 = 200;
/// The payload was refused; it is not sent again until it changes.
pub const REFUSED: i64 = 400;
/// No usable answer.
pub const APPLICATION_ERROR: i64 = 0;
/// Refused inside a 200; it is not sent again until it changes.
pub const FAILED_IN_200: i64 = 1;
/// Refused inside a 200, for a reason that passes.
pub const RETRYABLE: i64 = 2;
/// The source record is broken, so nothing was sent. Not Adobe's: its list begins at -1.
pub const BROKEN: i64 = -2;
/// Adobe skipped the submission, so it is yet to come (feed map §1). Only Adobe's tables have it.
const SKIPPED: i64 = -1;

/// Every code, from the first to the last of a range, and its state; ascending.
///
/// What is retried are keys, address, pace or gateway: nothing was found wrong with the item. Adobe stores all of them as 2
/// since February 2025; its older tables hold the codes of HTTP and 0.
const STATES: [(i64, i64, ItemState); 10] = [
    (i64::MIN, BROKEN - 1, ItemState::WillRetry),
    (BROKEN, BROKEN, ItemState::NeedsAttention),
    (SKIPPED, SKIPPED, ItemState::Awaiting),
    (APPLICATION_ERROR, APPLICATION_ERROR, ItemState::WillRetry),
    (FAILED_IN_200, FAILED_IN_200, ItemState::NeedsAttention),
    (RETRYABLE, SUBMITTED - 1, ItemState::WillRetry),
    (SUBMITTED, SUBMITTED, ItemState::Submitted),
    (SUBMITTED + 1, REFUSED - 1, ItemState::WillRetry),
    (REFUSED, REFUSED, ItemState::NeedsAttention),
    (REFUSED + 1, i64::MAX, ItemState::WillRetry),
];

/// The state of an item with this code, in our ledger or in a feed table of Adobe's.
pub fn state_of_status(status: Option<i64>) -> ItemState {
    let Some(status) = status else { return ItemState::Awaiting };
    let range = STATES.iter().find(|(_, last, _)| status <= *last);
    range.map_or(ItemState::WillRetry, |(.., state)| *state)
}

/// What every row of the index `items_open` is, in SQL: SQLite uses it for a query only if these words are in it.
pub const OPEN: &str = "status IS NOT 200";

/// The same the other way round, in SQL: the ranges of the index `items_open` that make a state; of accepted items, which have no
/// index, the condition.
pub fn ranges_of(state: ItemState) -> Vec<String> {
    let range = |(first, last, _): &(i64, i64, ItemState)| match (*first, *last) {
        (SUBMITTED, SUBMITTED) => format!("status = {SUBMITTED}"),
        (first, last) if first == last => format!("{OPEN} AND status = {first}"),
        (first, last) => format!("{OPEN} AND status BETWEEN {first} AND {last}"),
    };
    let none = (state == ItemState::Awaiting).then(|| format!("{OPEN} AND status IS NULL"));
    none.into_iter().chain(STATES.iter().filter(|(.., of)| *of == state).map(range)).collect()
}

/// The codes, for `IN (…)`, of items that are left alone until they change: accepted, refused or broken.
pub fn settled() -> String {
    let is_settled = |state| matches!(state, ItemState::Submitted | ItemState::NeedsAttention);
    let codes = STATES.iter().filter(|(.., state)| is_settled(*state)).map(|(code, ..)| code.to_string());
    codes.collect::<Vec<_>>().join(", ")
}

/// Whether an item with this status is left alone for as long as it does not change.
pub fn is_final(status: Option<i64>) -> bool {
    matches!(status, Some(SUBMITTED | REFUSED | FAILED_IN_200))
}

/// Whether the last attempt to send an item with this status failed, for now or for good.
pub fn is_failed(status: Option<i64>) -> bool {
    status.is_some_and(|status| status != SUBMITTED)
}
