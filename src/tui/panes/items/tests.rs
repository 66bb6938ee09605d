//! The items of a feed and one of them: which pages are asked for, and where the cursor is when they come.

use crate::connector::explain::{Explanation, Shown};
use crate::connector::items::{ItemView, NowSent};
use crate::export::SyncMode;
use crate::export::ledger::{FieldChange, ItemDetail, ItemNumber, ItemOrder, ItemPage, ItemQuery, ItemRow, PageFrom};
use crate::feeds::item::Sha1Hash;
use crate::feeds::source::IdKind;
use crate::tui::model::tests::*;
use crate::tui::panes::export::ExportPage;
use crate::tui::panes::export::requests::{ExportReply, ExportWork};
use crate::tui::panes::items::requests::{ItemsReply, ItemsWork};
use crate::tui::panes::items::{ItemsPage, PAGE, WINDOW};
use crate::tui::panes::{Effect, Work};

/// How many items the ledger of these tests has.
const ALL: usize = 1_000;

fn row(number: usize) -> ItemRow {
    ItemRow {
        number: ItemNumber(i64::try_from(number).unwrap()),
        label: format!("SKU-{number:04} · default").into(),
        // Two store views share a record.
        source_id: Some(i64::try_from(number / 2).unwrap()),
        state: ItemState::Submitted,
        is_deleted: false,
        modified_at: jiff::Timestamp::UNIX_EPOCH,
        error: "".into(),
        code: "".into(),
        request_id: None,
        request: None,
    }
}

/// What a ledger of `ALL` items answers.
fn page(from: &PageFrom, limit: usize) -> ItemPage {
    let place = |row: &ItemRow| usize::try_from(row.number.0).unwrap();
    let (begin, end) = match from {
        PageFrom::Start => (0, limit),
        PageFrom::End => (ALL - limit, ALL),
        PageFrom::After(row) => (place(row) + 1, place(row) + 1 + limit),
        PageFrom::At(row) => (place(row), place(row) + limit),
        PageFrom::Before(row) => (place(row).saturating_sub(limit), place(row)),
    };
    let end = end.min(ALL);
    ItemPage { rows: (begin..end).map(row).collect(), has_before: begin > 0, has_after: end < ALL }
}

/// Answers everything that is asked for, and what that leads to.
fn answer(state: &mut State, effects: Effects) {
    let mut waiting = effects;
    while let Some(effect) = waiting.pop() {
        let reply = match effect {
            Effect::Work(Work::Items(ItemsWork::Page { query, from, limit })) => {
                let result = Ok(Some(page(&from, limit)));
                ItemsReply::Page { query, from, result }
            }
            Effect::Work(Work::Items(ItemsWork::Count(query))) => {
                ItemsReply::Count { query, result: Ok(Some(ALL as u64)) }
            }
            _ => continue,
        };
        waiting.extend(state.update(Event::Reply(Reply::Items(reply)), &now()));
    }
}

fn opened() -> State {
    let mut state = testing();
    key(&mut state, KeyCode::Down);
    let effects = press(&mut state, 'm');
    answer(&mut state, effects);
    state
}

fn items(state: &State) -> &ItemsPage {
    match &state.export.page {
        ExportPage::Items(items) => items,
        other => panic!("no list of items: {other:?}"),
    }
}

/// The numbers of the window, and what the screen says of its place.
fn window(state: &State) -> (usize, usize, Option<u64>) {
    let items = items(state);
    let numbers: Vec<usize> = items.rows.iter().map(|row| usize::try_from(row.number.0).unwrap()).collect();
    let first = *numbers.first().unwrap();
    assert!(numbers.iter().copied().eq(first..first + numbers.len()), "without a gap");
    assert!(numbers.len() <= WINDOW, "a window, however far one goes");
    (first, first + items.selected, items.before)
}

#[test]
fn a_list_of_any_length_is_gone_through_by_a_window_that_follows_the_cursor() {
    let mut state = opened();
    assert_eq!(items(&state).query.feed, Feed::Products);
    for place in 1..ALL {
        let effects = key(&mut state, KeyCode::Down);
        answer(&mut state, effects);
        let (first, selected, before) = window(&state);
        assert_eq!((selected, before), (place, Some(first as u64)));
    }
    let effects = key(&mut state, KeyCode::Down);
    assert!(effects.is_empty(), "the end is the end");
    for place in (0..ALL - 1).rev() {
        let effects = key(&mut state, KeyCode::Up);
        answer(&mut state, effects);
        let (first, selected, before) = window(&state);
        assert_eq!((selected, before), (place, Some(first as u64)));
    }
}

#[test]
fn end_and_home_jump_and_the_rows_are_counted_from_both() {
    let mut state = opened();
    let effects = key(&mut state, KeyCode::End);
    answer(&mut state, effects);
    assert_eq!(window(&state), (ALL - PAGE, ALL - 1, Some((ALL - PAGE) as u64)));
    let effects = key(&mut state, KeyCode::PageUp);
    answer(&mut state, effects);
    assert_eq!(window(&state).1, ALL - 11);
    let effects = press(&mut state, 'g');
    answer(&mut state, effects);
    let (first, selected, before) = window(&state);
    assert_eq!((first, selected, before), (0, 0, Some(0)));
}

#[test]
fn while_a_page_is_on_its_way_keys_move_as_far_as_there_are_rows_and_nothing_is_asked_twice() {
    let mut state = opened();
    let mut asked = 0;
    for _ in 0..40 {
        asked += key(&mut state, KeyCode::PageDown).len();
    }
    assert_eq!(asked, 1);
    assert_eq!(items(&state).selected, items(&state).rows.len() - 1);
}

#[test]
fn the_list_follows_what_is_typed_and_an_answer_to_an_older_text_is_dropped() {
    let mut state = opened();
    press(&mut state, '/');
    let old = press(&mut state, 'S');
    let new = press(&mut state, 'K');
    assert_eq!(new.len(), 2, "a page and a count");
    answer(&mut state, old);
    assert!(matches!(items(&state).load, Load::Loading), "that was of another text");
    let searching = ItemsReply::Searching { query: items(&state).query.clone(), looked: 5_000 };
    state.update(Event::Reply(Reply::Items(searching)), &now());
    assert_eq!(items(&state).looked, Some(5_000));
    answer(&mut state, new);
    assert_eq!(items(&state).query.search, "SK");
    assert!(matches!(items(&state).load, Load::Done { .. }) && items(&state).looked.is_none());
    key(&mut state, KeyCode::Enter);
    let effects = key(&mut state, KeyCode::Esc);
    assert_eq!(items(&state).query.search, "", "Esc clears it");
    answer(&mut state, effects);
    key(&mut state, KeyCode::Esc);
    assert!(matches!(state.export.page, ExportPage::Summary), "and then goes back");
}

#[test]
fn states_errors_and_orders_list_anew() {
    let mut state = opened();
    press(&mut state, 'f');
    assert_eq!(items(&state).query.state, Some(ItemState::NeedsAttention));
    press(&mut state, '>');
    assert_eq!(items(&state).query.order, ItemOrder::SourceId);
    press(&mut state, 'E');
    type_text(&mut state, "too long");
    let effects = key(&mut state, KeyCode::Enter);
    assert_eq!(items(&state).query.error, "too long");
    answer(&mut state, effects);
    for _ in 0..4 {
        press(&mut state, 'f');
    }
    assert_eq!(items(&state).query.state, None, "after the last state all again");
    key(&mut state, KeyCode::Esc);
    assert_eq!(items(&state).query, ItemQuery { order: ItemOrder::SourceId, ..ItemQuery::all(Feed::Products) });
    press(&mut state, '}');
    assert_eq!(items(&state).query.feed, Feed::Categories, "the next feed, and after the last the first");
}

#[test]
fn marked_items_are_sent_again_by_their_records_once_that_is_confirmed() {
    let mut state = opened();
    for _ in 0..3 {
        press(&mut state, ' ');
    }
    assert_eq!(items(&state).marked.len(), 3);
    press(&mut state, 's');
    let Some(Dialog::Question(Question::SendAgain { request, items, records })) = &state.dialog else {
        panic!("{:?}", state.dialog)
    };
    assert_eq!((*items, *records), (3, 2), "two store views of one record, and one of another");
    let words = vec!["0".to_owned(), "1".to_owned()];
    assert_eq!(request.mode, SyncMode::ByIds { words, kind: IdKind::Id });
    let effects = press(&mut state, 'y');
    assert!(
        matches!(&effects[..], [Effect::Work(Work::Export(ExportWork::StartExport(request)))] if request.feeds == [Feed::Products])
    );
    let mut state = opened();
    press(&mut state, ' ');
    press(&mut state, 'u');
    press(&mut state, 's');
    assert!(matches!(&state.dialog, Some(Dialog::Question(Question::SendAgain { items: 1, records: 1, .. }))));
}

#[test]
fn an_unreadable_ledger_keeps_the_rows_and_is_asked_again_by_a_key() {
    let mut state = opened();
    let effects = press(&mut state, 'r');
    let Some(Effect::Work(Work::Items(ItemsWork::Page { query, from, .. }))) = effects.get(1) else {
        panic!("{effects:?}")
    };
    let result = Err(Problem::usage("the ledger is away"));
    let reply = ItemsReply::Page { query: query.clone(), from: from.clone(), result };
    state.update(Event::Reply(Reply::Items(reply)), &now());
    assert!(matches!(items(&state).load, Load::Failed { .. }));
    assert_eq!(items(&state).rows.len(), PAGE);
    let effects = press(&mut state, 'r');
    answer(&mut state, effects);
    assert!(matches!(items(&state).load, Load::Done { .. }));
}

#[test]
fn the_items_of_a_failure_are_those_that_failed_like_it() {
    let mut state = testing();
    let failure = ItemFailure {
        feed: Feed::Products,
        label: "A".into(),
        state: ItemState::WillRetry,
        message: "".into(),
        code: "".into(),
        request_id: None,
    };
    state.update(Event::Reply(Reply::Export(ExportReply::Ledger(Ok((Vec::new(), vec![failure]))))), &now());
    key(&mut state, KeyCode::End);
    press(&mut state, 'm');
    assert_eq!(items(&state).query.state, Some(ItemState::WillRetry));
}

fn looked(number: i64) -> Box<ItemView> {
    let row = row(usize::try_from(number).unwrap());
    let detail = ItemDetail {
        row,
        feed: Feed::Products,
        id: Sha1Hash([7; 20]),
        identity: vec![("sku".into(), "SKU-0000".into())],
        attempts: Vec::new(),
        request: None,
        sent: None,
    };
    let changes = vec![("name".into(), FieldChange::Added("b".into()))];
    Box::new(ItemView { detail, not_kept: "it was never sent".into(), now: NowSent::Gone, changes })
}

#[test]
fn an_item_is_opened_copied_saved_and_left_for_the_list_as_it_was() {
    let mut state = opened();
    key(&mut state, KeyCode::Down);
    press(&mut state, ' ');
    let effects = key(&mut state, KeyCode::Enter);
    assert!(matches!(&effects[..], [Effect::Work(Work::Items(ItemsWork::Look(ItemNumber(2))))]));
    let reply = ItemsReply::Looked { number: ItemNumber(2), result: Ok(looked(2)) };
    state.update(Event::Reply(Reply::Items(reply)), &now());
    key(&mut state, KeyCode::Down);
    let effects = press(&mut state, 'y');
    assert!(matches!(&effects[..], [Effect::Copy(text)] if text.joined("\n") == "SKU-0002 · default"), "{effects:?}");
    let effects = press(&mut state, 'P');
    let Some(Effect::ShowPlain(text)) = effects.first() else { panic!("{effects:?}") };
    assert!(text.joined("\n").contains("\n+ name: b"), "{text:?}");
    let effects = press(&mut state, 'w');
    assert!(matches!(&effects[..], [Effect::Work(Work::Items(ItemsWork::Save(ItemNumber(2))))]));
    press(&mut state, 's');
    assert!(matches!(&state.dialog, Some(Dialog::Question(Question::SendAgain { items: 1, records: 1, .. }))));
    press(&mut state, 'n');
    key(&mut state, KeyCode::Esc);
    assert_eq!((items(&state).selected, items(&state).marked.len()), (2, 1));
}

#[test]
fn a_key_explains_the_product_of_an_item_and_leads_back_to_it() {
    let mut state = opened();
    key(&mut state, KeyCode::Down);
    key(&mut state, KeyCode::Enter);
    assert!(press(&mut state, 'W').is_empty(), "its SKU is not known yet");
    let reply = ItemsReply::Looked { number: ItemNumber(1), result: Ok(looked(1)) };
    state.update(Event::Reply(Reply::Items(reply)), &now());
    let effects = press(&mut state, 'W');
    let Some(Effect::Work(Work::Items(ItemsWork::Explain(sku)))) = effects.first() else { panic!("{effects:?}") };
    let explanation = Explanation {
        sku: sku.clone(),
        facts: None,
        views: Vec::new(),
        causes: Vec::new(),
        prices: Vec::new(),
        sent: Vec::new(),
        shown: Shown::default(),
    };
    let of = |sku: &str| ItemsReply::Explained { sku: sku.into(), result: Ok(Box::new(explanation.clone())) };
    let shown = |state: &mut State| {
        let effects = press(state, 'P');
        let Some(Effect::ShowPlain(text)) = effects.first() else { panic!("{effects:?}") };
        text.joined("\n")
    };
    state.update(Event::Reply(Reply::Items(of("another"))), &now());
    assert!(shown(&mut state).contains("Payload"), "an answer about another product is left out");
    state.update(Event::Reply(Reply::Items(of("SKU-0000"))), &now());
    assert!(shown(&mut state).contains("never sent to this data space"));
    assert!(press(&mut state, 'W').is_empty());
    assert!(shown(&mut state).contains("Payload"), "back to the item");
}
