//! The ledger's promise, step by step on real files.

mod care;
mod formats;
mod held;
mod history;
mod identity;
mod listing;
mod million;
mod parts;
mod placing;
mod runs;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::store::Store;
use super::sweep::Swept;
use super::*;
use crate::export::progress::ItemState;
use crate::feeds::item::FeedItem;

fn space() -> DataSpaceId {
    "space".parse().expect("an id")
}

fn now() -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000).expect("a time")
}

fn item_of(feed: Feed, fields: Value) -> FeedItem {
    let Value::Object(fields) = fields else { panic!("an object") };
    FeedItem::new(feed, Some(7), fields, now()).expect("an item")
}

fn product(sku: &str, name: &str) -> FeedItem {
    item_of(Feed::Products, json!({"sku": sku, "storeViewCode": "default", "name": name}))
}

fn category(id: &str, path: &str) -> FeedItem {
    item_of(Feed::Categories, json!({"categoryId": id, "storeViewCode": "default", "urlPath": path}))
}

/// A ledger and the feed that goes through it.
struct Shop {
    state: TempDir,
    store: Store,
    feed: Feed,
}

impl Shop {
    fn new(feed: Feed) -> Self {
        let state = tempfile::tempdir().expect("a directory");
        let store = Store::open(state.path(), &space()).expect("a new ledger");
        Self { state, store, feed }
    }

    /// As the ledger's thread does it: one commit for all that follows.
    fn in_one_commit(&mut self) {
        self.store.connection.execute_batch("BEGIN").expect("begun");
    }

    /// A run up to the point where its batches would leave.
    fn collect(&mut self, items: &[FeedItem]) -> Compared {
        self.store.begin_feed(self.feed, Resend::None).expect("begun");
        self.store.compare(items.iter().cloned().map(LedgerEntry::Whole).collect(), now()).expect("compared")
    }

    fn sweep(&mut self) -> Swept {
        self.store.sweep(SweepScope::WHOLE, now()).expect("swept")
    }

    fn answer(&mut self, sent: &[Outgoing], status: i64) {
        self.answer_and_keep(sent, status, Kept::Nothing);
    }

    /// Sends, and records this answer for all; returns the journal entry.
    fn answer_and_keep(&mut self, sent: &[Outgoing], status: i64, kept: Kept) -> i64 {
        let rows: Vec<i64> = sent.iter().map(|outgoing| outgoing.row).collect();
        let attempt = Attempt { run: 1, feed: self.feed, rows: rows.clone(), bytes: 10, number: 1, kept };
        let batch = self.store.journal(&attempt, now()).expect("journaled");
        let outcome =
            |(place, row)| BatchOutcome { row, place, status, error: "the text".into(), code: "the code".into() };
        let verdicts = rows.into_iter().enumerate().map(outcome).collect();
        let answer = Answer { batch, status: Some(200), request_id: Some("req-1".into()), verdicts };
        self.store.record(&answer, now()).expect("recorded");
        batch
    }

    fn deliver(&mut self, items: &[FeedItem]) {
        let compared = self.collect(items);
        self.answer(&compared.send, status::SUBMITTED);
        let swept = self.sweep();
        self.answer(&swept.gone, status::SUBMITTED);
    }

    fn reader(&self) -> LedgerReader {
        LedgerReader::open(self.state.path(), &space()).expect("readable").expect("there")
    }
}

fn labels(outgoing: &[Outgoing]) -> Vec<(&str, Why)> {
    outgoing.iter().map(|outgoing| (outgoing.item.label.as_str(), outgoing.why)).collect()
}

#[test]
fn an_item_is_sent_until_an_answer_is_recorded_and_then_not_again() {
    let mut shop = Shop::new(Feed::Products);
    let items = [product("A", "a")];
    assert_eq!(labels(&shop.collect(&items).send), [("A · default", Why::New)]);
    // The run died before an answer: unknown, so it is sent again.
    let compared = shop.collect(&items);
    assert_eq!(labels(&compared.send), [("A · default", Why::Changed)]);
    shop.answer(&compared.send, status::SUBMITTED);
    let compared = shop.collect(&items);
    assert_eq!((compared.send.len(), compared.unchanged), (0, 1));
    assert_eq!(labels(&shop.collect(&[product("A", "b")]).send), [("A · default", Why::Changed)]);
}

#[test]
fn what_failed_for_now_is_sent_again_and_what_was_refused_is_not_until_it_changes() {
    let mut shop = Shop::new(Feed::Products);
    let codes = [(0, true), (1, false), (2, true), (429, true), (503, true), (401, true), (403, true), (400, false)];
    for (code, is_sent_again) in codes {
        let items = [product("A", &format!("{code}"))];
        let compared = shop.collect(&items);
        assert_eq!(compared.send.len(), 1, "changed content is always sent");
        shop.answer(&compared.send, code);
        let again = shop.collect(&items);
        assert_eq!(again.send.len() == 1, is_sent_again, "status {code}");
        assert_eq!(again.refused_before, u64::from(!is_sent_again), "status {code}");
        assert_eq!(again.unchanged, 0, "status {code}");
    }
}

#[test]
fn of_two_items_with_one_identity_the_first_is_taken_in_every_run() {
    let mut shop = Shop::new(Feed::Products);
    let items = [product("A", "first"), product("A", "second")];
    let compared = shop.collect(&items);
    assert_eq!((compared.send.len(), compared.twins.len()), (1, 1));
    shop.answer(&compared.send, status::SUBMITTED);
    let compared = shop.collect(&items);
    assert_eq!((compared.send.len(), compared.unchanged, compared.twins.len()), (0, 1, 1));
}

#[test]
fn what_is_gone_is_deleted_once_and_comes_back_as_a_change() {
    let mut shop = Shop::new(Feed::Products);
    shop.deliver(&[product("A", "a"), product("B", "b")]);
    shop.collect(&[product("A", "a")]);
    let swept = shop.sweep();
    assert_eq!(labels(&swept.gone), [("B · default", Why::Gone)]);
    let sent: Value = serde_json::from_slice(&swept.gone[0].item.json).expect("JSON");
    assert_eq!((&sent["sku"], &sent["deleted"]), (&json!("B"), &json!(true)));
    // Not answered, so unknown: deleted again.
    shop.collect(&[product("A", "a")]);
    let swept = shop.sweep();
    assert_eq!(swept.gone.len(), 1);
    shop.answer(&swept.gone, status::SUBMITTED);
    shop.collect(&[product("A", "a")]);
    assert_eq!(shop.sweep().gone.len(), 0);
    let compared = shop.collect(&[product("A", "a"), product("B", "b")]);
    assert_eq!(labels(&compared.send), [("B · default", Why::Changed)]);
}

#[test]
fn a_sweep_goes_on_where_its_last_step_ended_and_leaves_other_feeds_alone() {
    let mut shop = Shop::new(Feed::Orders);
    shop.in_one_commit();
    shop.deliver(&[item_of(Feed::Orders, json!({"commerceOrderId": 1}))]);
    shop.feed = Feed::Products;
    let items: Vec<FeedItem> = (0..2_500).map(|sku| product(&sku.to_string(), "")).collect();
    shop.deliver(&items);
    shop.collect(&[]);
    let first = shop.sweep();
    let second = shop.store.sweep(first.next.expect("more"), now()).expect("swept");
    assert_eq!((first.gone.len(), second.gone.len(), second.next), (2_000, 500, None));
}

#[test]
fn a_moved_category_stays_the_same_item_under_its_new_name() {
    let mut shop = Shop::new(Feed::Categories);
    shop.deliver(&[category("3", "old"), category("4", "other")]);
    let compared = shop.collect(&[category("3", "new")]);
    assert_eq!(labels(&compared.send), [("new · default", Why::Changed)]);
    shop.answer(&compared.send, status::REFUSED);
    assert_eq!(labels(&shop.sweep().gone), [("other · default", Why::Gone)], "only the category that is really gone");
    let failures = shop.reader().failures(Some(Feed::Categories), 10).expect("read");
    assert_eq!(failures[0].label.as_str(), "new · default", "it is listed by its new path");
}

#[test]
fn a_category_under_another_ones_path_leaves_no_ghost_of_that_one() {
    let mut shop = Shop::new(Feed::Categories);
    shop.deliver(&[category("3", "shoes"), category("4", "boots")]);
    // 3 was deleted and 9 made in its place; 4 has swapped its path with nobody.
    let compared = shop.collect(&[category("9", "shoes"), category("4", "boots")]);
    assert_eq!(labels(&compared.send), [("shoes · default", Why::New)]);
    let gone = shop.sweep().gone;
    let sent: Value = serde_json::from_slice(&gone[0].item.json).expect("JSON");
    assert_eq!((gone.len(), &sent["categoryId"], &sent["deleted"]), (1, &json!("3"), &json!(true)));
    // Two that take each other's path are two changes.
    shop.deliver(&[category("9", "shoes"), category("4", "boots")]);
    let swapped = shop.collect(&[category("9", "boots"), category("4", "shoes")]);
    assert_eq!(labels(&swapped.send), [("boots · default", Why::Changed), ("shoes · default", Why::Changed)]);
    assert_eq!(shop.sweep().gone.len(), 0);
}

#[test]
fn a_website_whose_code_changes_is_sent_and_not_deleted() {
    let mut shop = Shop::new(Feed::ScopesWebsite);
    let website = |id: &str, code: &str| {
        item_of(Feed::ScopesWebsite, json!({"website": {"websiteId": id, "websiteCode": code, "stores": []}}))
    };
    shop.deliver(&[website("1", "base"), website("2", "outlet")]);
    let compared = shop.collect(&[website("1", "main"), website("3", "base")]);
    assert_eq!(labels(&compared.send), [("main", Why::Changed), ("base", Why::New)]);
    assert_eq!(labels(&shop.sweep().gone), [("outlet", Why::Gone)]);
}

#[test]
fn an_item_that_never_left_needs_no_deletion() {
    let mut shop = Shop::new(Feed::Products);
    shop.collect(&[product("A", "a")]);
    shop.collect(&[]);
    assert_eq!(shop.sweep().gone.len(), 0);
    assert_eq!(shop.reader().summary().expect("read"), []);
}

#[test]
fn a_broken_record_keeps_its_item_alive_and_is_sent_once_it_is_whole() {
    let mut shop = Shop::new(Feed::Products);
    shop.deliver(&[product("A", "a")]);
    shop.store.begin_feed(shop.feed, Resend::None).expect("begun");
    let broken = |sku| LedgerEntry::Broken { item: product(sku, "?"), reason: "no status".into() };
    shop.store.compare(vec![broken("A"), broken("B")], now()).expect("compared");
    assert_eq!(shop.sweep().gone.len(), 0, "neither is taken for deleted");
    let failures = shop.reader().failures(Some(Feed::Products), 10).expect("read");
    assert_eq!(failures.len(), 2);
    assert!(failures.iter().all(|f| f.state == ItemState::NeedsAttention && f.message.as_str() == "no status"));
    assert_eq!(shop.collect(&[product("A", "a"), product("B", "b")]).send.len(), 2);
}

#[test]
fn a_dry_run_tells_the_same_and_writes_nothing() {
    let mut shop = Shop::new(Feed::Products);
    shop.deliver(&[product("A", "a"), product("B", "b"), product("C", "c")]);
    let mut store = Store::open_to_look(shop.state.path(), &space()).expect("opened");
    let items = [product("A", "a"), product("B", "x"), product("D", "d"), product("D", "d")];
    for _ in 0..2 {
        store.begin_feed(Feed::Products, Resend::None).expect("begun");
        let compared = store.compare(items.iter().cloned().map(LedgerEntry::Whole).collect(), now()).expect("compared");
        assert_eq!(labels(&compared.send), [("B · default", Why::Changed), ("D · default", Why::New)]);
        assert_eq!((compared.unchanged, compared.twins.len()), (1, 1));
        assert_eq!(store.sweep(SweepScope::WHOLE, now()).expect("swept").gone.len(), 1);
    }
    assert_eq!(shop.reader().summary().expect("read")[0].submitted, 3);
}

#[test]
fn a_dry_run_needs_no_ledger_and_makes_none() {
    let state = tempfile::tempdir().expect("a directory");
    let mut store = Store::open_to_look(state.path(), &space()).expect("opened");
    store.begin_feed(Feed::Products, Resend::None).expect("begun");
    let compared = store.compare(vec![LedgerEntry::Whole(product("A", "a"))], now()).expect("compared");
    assert_eq!(compared.send.len(), 1);
    assert_eq!(std::fs::read_dir(state.path()).expect("readable").count(), 0);
}

#[test]
fn the_reader_counts_by_state_and_tells_failures_in_the_servers_words() {
    let mut shop = Shop::new(Feed::Products);
    shop.deliver(&[product("A", "a"), product("gone", "")]);
    shop.deliver(&[product("A", "a")]);
    let compared = shop.collect(&[product("A", "a"), product("B", "b"), product("C", "c"), product("D", "d")]);
    shop.answer(&compared.send[..1], status::REFUSED);
    shop.answer(&compared.send[1..2], 503);
    shop.store.finish_full(Feed::Products, None, now()).expect("finished");
    let summary = shop.reader().summary().expect("read");
    let expected = FeedSummary {
        feed: Feed::Products,
        submitted: 1,
        awaiting: 1,
        will_retry: 1,
        needs_attention: 1,
        last_sync: Some(now()),
        last_partial: None,
    };
    assert_eq!(summary, [expected]);
    let failures = shop.reader().failures(None, 10).expect("read");
    assert_eq!(failures.len(), 2);
    let refused = failures.iter().find(|failure| failure.state == ItemState::NeedsAttention).expect("one");
    assert_eq!(refused.label.as_str(), "B · default");
    assert_eq!((refused.message.as_str(), refused.code.as_str()), ("the text", "the code"));
    assert_eq!(refused.request_id.as_ref().map(SafeText::as_str), Some("req-1"));
    assert_eq!(shop.reader().failures(None, 1).expect("read").len(), 1);
    assert_eq!(shop.reader().failures(Some(Feed::Prices), 10).expect("read").len(), 0);
}

#[test]
fn the_ledger_is_for_its_owner_only() {
    let shop = Shop::new(Feed::Products);
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let path = path_of(shop.state.path(), &space());
    assert_eq!(mode(path.parent().expect("a directory")), 0o700);
    for entry in std::fs::read_dir(path.parent().expect("a directory")).expect("readable") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_ledger_that_cannot_be_one_is_refused_with_what_to_do() {
    let refused = |spoil: &dyn Fn(&Path)| {
        let shop = Shop::new(Feed::Products);
        let path = path_of(shop.state.path(), &space());
        let Shop { state, store, .. } = shop;
        drop(store);
        spoil(&path);
        let error = Store::open(state.path(), &space()).expect_err("refused");
        let looked = LedgerReader::open(state.path(), &space()).expect_err("refused").to_string();
        assert_eq!(error.to_string(), looked);
        (error.to_string(), error.hint().expect("what to do").command_line())
    };
    let (what, hint) = refused(&|path| std::fs::write(path, "rubbish ".repeat(1_000)).expect("written"));
    assert!(
        what.contains("space.sqlite3 is damaged: file is not a database") && hint.contains("export ledger repair"),
        "{what} {hint}"
    );
    let pragma =
        |path: &Path, sql: &str| rusqlite::Connection::open(path).expect("open").execute_batch(sql).expect(sql);
    let (what, _) = refused(&|path| pragma(path, "PRAGMA user_version = 99"));
    assert!(what.contains("newer version"), "{what}");
    let (what, _) = refused(&|path| pragma(path, "UPDATE meta SET value = 'elsewhere'"));
    assert!(what.contains("another data space (elsewhere)"), "{what}");
}

#[test]
fn there_is_no_summary_of_what_was_never_recorded() {
    let state = tempfile::tempdir().expect("a directory");
    assert!(LedgerReader::open(state.path(), &space()).expect("no error").is_none());
}

/// A ledger on a disk that has no page left to give.
fn full_ledger(state: &Path) -> Store {
    let store = Store::open(state, &space()).expect("a new ledger");
    let pages: i64 = store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).expect("a count");
    store.connection.pragma_update(None, "max_page_count", pages).expect("set");
    store
}

#[tokio::test]
async fn after_a_full_disk_nothing_more_is_written_and_every_caller_is_told() {
    let state = tempfile::tempdir().expect("a directory");
    let (ledger, thread) = Ledger::spawn(full_ledger(state.path())).expect("a thread");
    let items: Vec<LedgerEntry> = (0..1_000).map(|sku| LedgerEntry::Whole(product(&sku.to_string(), ""))).collect();
    let error = ledger.call(move |store| store.compare(items, now())).await.expect_err("no room");
    assert!(error.hint().expect("what to do").command_line().contains("free disk space"), "{error:?}");
    let small = vec![LedgerEntry::Whole(product("A", ""))];
    let later = ledger.call(move |store| store.compare(small, now())).await.expect_err("nothing after a failure");
    assert_eq!(later, error);
    drop(ledger);
    thread.join().expect("it ended by itself");
    let reader = LedgerReader::open(state.path(), &space()).expect("readable").expect("there");
    assert_eq!(reader.summary().expect("read"), [], "all of a commit or nothing");
}

#[tokio::test]
async fn calls_that_wait_together_are_all_answered() {
    let state = tempfile::tempdir().expect("a directory");
    let (ledger, thread) = Ledger::spawn(Store::open(state.path(), &space()).expect("a ledger")).expect("a thread");
    ledger.call(|store| store.begin_feed(Feed::Products, Resend::None)).await.expect("begun");
    let calls = (0..50).map(|sku: u32| {
        let entries = vec![LedgerEntry::Whole(product(&sku.to_string(), ""))];
        ledger.call(move |store| store.compare(entries, now()))
    });
    let compared = futures_util::future::join_all(calls).await;
    let rows: std::collections::BTreeSet<i64> =
        compared.into_iter().flat_map(|compared| compared.expect("compared").send).map(|sent| sent.row).collect();
    assert_eq!(rows.len(), 50);
    drop(ledger);
    thread.join().expect("it ended by itself");
}
