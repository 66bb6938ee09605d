//! Made-up items, and what is known of them.

use commerce_connector::connector::explain::{self, Consequence, Explanation, Shown, ViewExplanation};
use commerce_connector::connector::items::{ItemView, NowSent};
use commerce_connector::connector::verify::{Difference, Sighting, Visibility};
use commerce_connector::export::ledger::{
    FieldChange, ItemAttempt, ItemDetail, ItemNumber, ItemOrder, ItemPage, ItemQuery, ItemRow, LastRequest, PageFrom,
};
use commerce_connector::feeds::item::Sha1Hash;
use commerce_connector::untrusted::SafeText;
use serde_json::{Value, json};

use super::tape::Tape;
use super::values::STATES;

pub fn number(tape: &mut Tape) -> ItemNumber {
    ItemNumber(i64::try_from(tape.count()).unwrap())
}

pub fn query(tape: &mut Tape) -> ItemQuery {
    ItemQuery {
        feed: tape.feed(),
        search: tape.raw(),
        state: tape.some(|tape| tape.pick(&STATES)),
        error: tape.raw(),
        order: tape.pick(&[ItemOrder::SourceId, ItemOrder::Label, ItemOrder::Newest]),
    }
}

fn row(tape: &mut Tape) -> ItemRow {
    ItemRow {
        number: number(tape),
        label: tape.safe(),
        source_id: tape.some(|_| 17),
        state: tape.pick(&STATES),
        is_deleted: tape.yes(),
        modified_at: tape.timestamp(),
        error: tape.safe(),
        code: tape.safe(),
        request_id: tape.some(Tape::safe),
        request: tape.some(|_| 17),
    }
}

pub fn page_from(tape: &mut Tape) -> PageFrom {
    match tape.count() % 4 {
        0 => PageFrom::Start,
        1 => PageFrom::End,
        2 => PageFrom::After(row(tape)),
        _ => PageFrom::Before(row(tape)),
    }
}

pub fn page(tape: &mut Tape) -> ItemPage {
    ItemPage { rows: tape.list(40, row), has_before: tape.yes(), has_after: tape.yes() }
}

/// Payloads are data, not text: nobody made them safe.
fn payload(tape: &mut Tape) -> Value {
    json!({ "sku": tape.raw(), tape.raw(): [tape.raw(), { "name": tape.raw() }, null, 1.5] })
}

pub fn explanation(tape: &mut Tape) -> Explanation {
    let cause = |tape: &mut Tape| explain::Cause {
        consequence: if tape.yes() { Consequence::Hidden } else { Consequence::Limited },
        what: tape.safe(),
        from: tape.safe(),
        fix: tape.safe(),
    };
    let view = |tape: &mut Tape| ViewExplanation {
        store_view: tape.safe(),
        website: tape.safe(),
        status: tape.safe(),
        visibility: tape.safe(),
        in_stock: tape.some(Tape::yes),
        url: tape.safe(),
        categories: tape.list(3, Tape::safe),
        causes: tape.list(3, cause),
    };
    Explanation {
        sku: tape.safe(),
        facts: None,
        views: tape.list(3, view),
        causes: tape.list(3, cause),
        prices: tape.list(20, |tape| (tape.safe(), tape.safe())),
        sent: tape.list(2, |tape| item_view(tape).detail),
        shown: if tape.yes() { Shown::Unknown(tape.safe()) } else { Shown::Seen(tape.list(3, sighting)) },
    }
}

fn sighting(tape: &mut Tape) -> Sighting {
    Sighting {
        sku: tape.safe(),
        store_view: tape.safe(),
        state: tape.pick(&[Visibility::AsSent, Visibility::Older, Visibility::Missing]),
        wrong: tape.yes(),
        why: tape.safe(),
        differs: tape.list(2, |tape| Difference { what: tape.safe(), sent: tape.safe(), shown: tape.safe() }),
        kind: tape.safe(),
        recorded_at: tape.timestamp(),
        expected_by: tape.some(Tape::timestamp),
    }
}

pub fn item_view(tape: &mut Tape) -> ItemView {
    let attempt = |tape: &mut Tape| ItemAttempt {
        at: tape.timestamp(),
        state: tape.pick(&STATES),
        status: 400,
        error: tape.safe(),
        code: tape.safe(),
        request_id: tape.some(Tape::safe),
    };
    let request = |tape: &mut Tape| LastRequest {
        sent_at: tape.timestamp(),
        number: 2,
        items: tape.count(),
        status: tape.some(|_| 400),
        is_over: tape.yes(),
    };
    let change = |tape: &mut Tape| match tape.count() % 4 {
        0 => FieldChange::Same(payload(tape)),
        1 => FieldChange::Added(payload(tape)),
        2 => FieldChange::Removed(payload(tape)),
        _ => FieldChange::Changed { sent: payload(tape), now: payload(tape) },
    };
    let named = |tape: &mut Tape| -> (SafeText, SafeText) { (tape.safe(), tape.safe()) };
    ItemView {
        detail: ItemDetail {
            row: row(tape),
            feed: tape.feed(),
            id: Sha1Hash([7; 20]),
            identity: tape.list(3, named),
            attempts: tape.list(4, attempt),
            request: tape.some(request),
            sent: tape.some(|tape| (tape.timestamp(), payload(tape))),
        },
        not_kept: tape.safe(),
        now: match tape.count() % 3 {
            0 => NowSent::Payload(payload(tape)),
            1 => NowSent::Gone,
            _ => NowSent::Unknown(tape.safe()),
        },
        changes: tape.list(6, |tape| (tape.safe(), change(tape))),
    }
}
