//! The items of a feed, and one of them.

use commerce_connector::connector::items::{ItemView, NowSent};
use commerce_connector::export::ledger::{
    FieldChange, ItemAttempt, ItemDetail, ItemNumber, ItemPage, ItemQuery, ItemRow, LastRequest, PageFrom,
};
use commerce_connector::feeds::item::Sha1Hash;
use commerce_connector::tui::panes::items::requests::ItemsReply;
use serde_json::json;

use super::*;

fn item(number: i64, label: &str, state: ItemState) -> ItemRow {
    let (error, code) = match state {
        ItemState::NeedsAttention => ("attribute name is required and must not be empty", "/2/name"),
        ItemState::WillRetry => ("Service Unavailable", ""),
        ItemState::Awaiting | ItemState::Submitted => ("", ""),
    };
    ItemRow {
        number: ItemNumber(number),
        label: label.into(),
        source_id: Some(number / 2),
        state,
        is_deleted: number == 5,
        modified_at: "2026-03-04T10:58:00Z".parse().unwrap(),
        error: error.into(),
        code: code.into(),
        request_id: Some("7f3d2c1b-0000-4000-8000-1234567890ab".into()),
        request: Some(number),
    }
}

fn rows() -> Vec<ItemRow> {
    let state = |number| match number {
        3 => ItemState::NeedsAttention,
        4 => ItemState::WillRetry,
        7 => ItemState::Awaiting,
        _ => ItemState::Submitted,
    };
    let label = |number: i64| match number {
        6 => "東京タワー \u{1b}[31m\u{202e}evil · default with a label that is much longer than its column is wide"
            .to_owned(),
        _ => format!("24-MB{number:02} · default"),
    };
    (0..200).map(|number| item(number, &label(number), state(number))).collect()
}

fn reply(state: &mut State, reply: ItemsReply) {
    state.update(Event::Reply(Reply::Items(reply)), &now());
}

fn page(state: &mut State, query: &ItemQuery, rows: Vec<ItemRow>, total: u64) {
    let has_after = total > rows.len() as u64;
    let page = ItemPage { rows, has_before: false, has_after };
    reply(state, ItemsReply::Page { query: query.clone(), from: PageFrom::Start, result: Ok(Some(page)) });
    reply(state, ItemsReply::Count { query: query.clone(), result: Ok(Some(total)) });
}

/// The list of products, as it is asked for.
fn opened() -> State {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    (0..4).for_each(|_| key(&mut state, KeyCode::Down));
    press(&mut state, "m");
    state
}

fn many() -> State {
    let mut state = opened();
    page(&mut state, &ItemQuery::all(Feed::Products), rows(), 1_000_000);
    state
}

/// Some items of every state, with plain names.
pub fn failed() -> State {
    let mut state = opened();
    let query = ItemQuery::all(Feed::Products);
    let rows = rows().into_iter().filter(|row| row.label.as_str().is_ascii() || row.number.0 != 6).take(40).collect();
    page(&mut state, &query, rows, 40);
    state
}

#[test]
fn items_before_they_are_there_and_when_there_are_none() {
    let mut state = opened();
    snapshot("items-loading", &state);
    page(&mut state, &ItemQuery::all(Feed::Products), Vec::new(), 0);
    snapshot("items-none", &state);
}

#[test]
fn items_many_and_marked() {
    let mut state = many();
    press(&mut state, "jj  j");
    snapshot("items-marked", &state);
}

#[test]
fn items_that_are_searched_for() {
    let mut state = many();
    press(&mut state, "fE");
    press(&mut state, "name");
    key(&mut state, KeyCode::Enter);
    press(&mut state, "/24");
    let query = ItemQuery {
        search: "24".into(),
        state: Some(ItemState::NeedsAttention),
        error: "name".into(),
        ..ItemQuery::all(Feed::Products)
    };
    reply(&mut state, ItemsReply::Searching { query: query.clone(), looked: 120_000 });
    snapshot("items-searching", &state);
    page(&mut state, &query, vec![item(3, "24-MB03 · default", ItemState::NeedsAttention)], 1);
    snapshot("items-found", &state);
    page(&mut state, &query, Vec::new(), 0);
    snapshot("items-found-none", &state);
}

#[test]
fn items_that_cannot_be_read_any_more() {
    let mut state = many();
    press(&mut state, "r");
    let problem = Problem::new(Exit::Other, "the ledger /var/lib/commerce-connector/ledger/6.sqlite3: disk I/O error")
        .hint("check the disk, then run again: it goes on where this run stopped");
    let (query, from) = (ItemQuery::all(Feed::Products), PageFrom::Start);
    reply(&mut state, ItemsReply::Page { query, from, result: Err(problem) });
    snapshot("items-unreadable", &state);
}

#[test]
fn items_sent_again() {
    let mut state = many();
    press(&mut state, "   s");
    snapshot("items-send-again", &state);
}

fn attempt(state: ItemState, status: i64, error: &str) -> ItemAttempt {
    ItemAttempt {
        at: "2026-03-03T08:12:00Z".parse().unwrap(),
        state,
        status,
        error: error.into(),
        code: "".into(),
        request_id: Some("5e1f".into()),
    }
}

fn detail() -> ItemDetail {
    let sent = json!({"sku": "24-MB03", "name": "Crown Summit Backpack"});
    ItemDetail {
        row: item(3, "24-MB03 · default", ItemState::NeedsAttention),
        feed: Feed::Products,
        id: Sha1Hash([0xab; 20]),
        identity: vec![("sku".into(), "24-MB03".into()), ("storeViewCode".into(), "default".into())],
        attempts: vec![
            attempt(ItemState::NeedsAttention, 400, "attribute name is required and must not be empty"),
            attempt(ItemState::WillRetry, 503, "Service Unavailable"),
            attempt(ItemState::Submitted, 200, ""),
        ],
        request: Some(LastRequest {
            sent_at: "2026-03-04T10:57:58Z".parse().unwrap(),
            number: 2,
            items: 100,
            status: Some(200),
            is_over: true,
        }),
        sent: Some(("2026-03-04T10:57:58Z".parse().unwrap(), sent)),
    }
}

fn looked_at(view: ItemView) -> State {
    let mut state = many();
    press(&mut state, "jjj");
    key(&mut state, KeyCode::Enter);
    let number = view.detail.row.number;
    reply(&mut state, ItemsReply::Looked { number, result: Ok(Box::new(view)) });
    state
}

/// The page of an item whose fields changed since it was sent.
pub fn with_changes() -> State {
    let long = "A backpack for every day. ".repeat(30);
    let changes = vec![
        ("description".into(), FieldChange::Changed { sent: json!("A backpack."), now: json!(long) }),
        ("displayable".into(), FieldChange::Added(json!(true))),
        (
            "name".into(),
            FieldChange::Changed { sent: json!("Crown \u{1b}[2JSummit"), now: json!("Crown\u{202e} Summit") },
        ),
        ("sku".into(), FieldChange::Same(json!("24-MB03"))),
        ("taxClassId".into(), FieldChange::Removed(json!({"id": 2}))),
    ];
    let view =
        ItemView { detail: detail(), not_kept: "".into(), now: NowSent::Payload(json!({"sku": "24-MB03"})), changes };
    looked_at(view)
}

#[test]
fn an_item_with_all_that_is_known_of_it() {
    let mut state = with_changes();
    snapshot("item", &state);
    for size in SIZES {
        let frame = draw(&state, THEME, size).backend().to_string();
        assert!(!frame.contains('\u{1b}') && !frame.contains('\u{202e}'), "{size:?}");
    }
    // To the long field: it is shown in more lines than one, and in full by a key.
    (0..19).for_each(|_| key(&mut state, KeyCode::Down));
    snapshot("item-diff", &state);
    key(&mut state, KeyCode::Enter);
    snapshot("item-field", &state);
}

#[test]
fn an_item_of_which_little_is_known() {
    let mut state = many();
    press(&mut state, "jjj");
    key(&mut state, KeyCode::Enter);
    snapshot("item-loading", &state);
    let row =
        ItemRow { state: ItemState::Awaiting, request_id: None, error: "".into(), code: "".into(), ..detail().row };
    let detail = ItemDetail { row, attempts: Vec::new(), request: None, sent: None, ..detail() };
    let now = NowSent::Unknown("the database at /run/mysqld/mysqld.sock cannot be reached".into());
    let not_kept = "it was never sent, or before payloads were stored".into();
    let view = ItemView { detail, not_kept, now, changes: Vec::new() };
    let number = view.detail.row.number;
    reply(&mut state, ItemsReply::Looked { number, result: Ok(Box::new(view)) });
    snapshot("item-little", &state);
}
