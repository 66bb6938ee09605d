//! A part of a feed: keys and rows that are chosen, the sweep that stays among them, and how far a log was followed.

use std::collections::BTreeMap;

use super::*;
use crate::export::ledger::chosen::Reach;
use crate::export::ledger::{Followed, FollowedLog, Gap, Group, Marks, Position, Recheck};
use crate::export::ledger::{chosen, rolling};
use crate::feeds::source::changes::{Before, Details, Shown, Span};

fn keyed(feed: Feed, key: u64, fields: Value) -> FeedItem {
    let Value::Object(fields) = fields else { panic!("an object") };
    FeedItem::new(feed, Some(key), fields, now()).expect("an item")
}

/// The product with this key, in one store view; its SKU is its key unless it says otherwise.
fn numbered(key: u64, name: &str) -> FeedItem {
    keyed(Feed::Products, key, json!({"sku": format!("P{key}"), "storeViewCode": "default", "name": name}))
}

impl Shop {
    /// A pass over a part of the feed up to its sweep: what is found of the chosen.
    fn look_at(&mut self, keys: &[u64], found: &[FeedItem], resend: Resend) -> Compared {
        self.store.begin_feed(self.feed, resend).expect("begun");
        self.store.choose_keys(keys).expect("chosen");
        self.store.compare(found.iter().cloned().map(LedgerEntry::Whole).collect(), now()).expect("compared")
    }

    fn sweep_chosen(&mut self, reach: Reach) -> Vec<Outgoing> {
        let (mut all, mut next) = (Vec::new(), Some(reach.begin()));
        while let Some(place) = next {
            let swept = self.store.sweep(place, now()).expect("swept");
            all.extend(swept.gone);
            next = swept.next;
        }
        all
    }

    fn chosen(&self) -> Vec<u64> {
        self.store.chosen_keys(None, 100).expect("read")
    }
}

#[test]
fn a_sweep_of_some_keys_deletes_nothing_of_the_others() {
    let mut shop = Shop::new(Feed::Products);
    let all: Vec<FeedItem> = (1..=5).map(|key| numbered(key, "a")).collect();
    shop.deliver(&all);
    let compared = shop.look_at(&[2, 3, 9], &[numbered(2, "b")], Resend::None);
    assert_eq!(labels(&compared.send), [("P2 · default", Why::Changed)]);
    let gone = shop.sweep_chosen(Reach::KeysAndRows);
    assert_eq!(labels(&gone), [("P3 · default", Why::Gone)], "1, 4 and 5 were not looked at, 9 was never there");
    shop.answer(&gone, status::SUBMITTED);
    shop.look_at(&[3], &[], Resend::None);
    assert_eq!(shop.sweep_chosen(Reach::KeysAndRows).len(), 0, "it is deleted once");
}

#[test]
fn a_sweep_of_many_keys_goes_on_where_its_last_step_ended() {
    let mut shop = Shop::new(Feed::Products);
    shop.in_one_commit();
    shop.deliver(&(1..=2_500).map(|key| numbered(key, "")).collect::<Vec<_>>());
    let keys: Vec<u64> = (1..=2_400).collect();
    shop.look_at(&keys, &[], Resend::None);
    assert_eq!(shop.store.chosen_count().expect("counted"), 2_400);
    assert_eq!(shop.store.chosen_keys(Some(2_398), 10).expect("read"), [2_399, 2_400]);
    let first = shop.store.sweep(Reach::KeysAndRows.begin(), now()).expect("swept");
    assert_eq!((first.gone.len(), first.next), (1_000, Some(SweepScope::Key(1_000))));
    assert_eq!(shop.sweep_chosen(Reach::KeysAndRows).len(), 1_400, "what was looked at before is done");
}

#[test]
fn a_key_that_is_spared_keeps_its_items() {
    let mut shop = Shop::new(Feed::Products);
    shop.deliver(&[numbered(1, "a"), numbered(2, "a")]);
    shop.look_at(&[1, 2], &[], Resend::None);
    shop.store.spare_keys(&[1]).expect("spared");
    assert_eq!(labels(&shop.sweep_chosen(Reach::KeysAndRows)), [("P2 · default", Why::Gone)]);
    let gone = shop.look_at(&[1], &[numbered(1, "b")], Resend::None);
    shop.answer(&gone.send, 503);
    shop.store.begin_feed(shop.feed, Resend::OnlyFailed).expect("begun");
    shop.store.choose_failed("").expect("chosen");
    shop.store.spare_keys(&[1]).expect("spared");
    assert_eq!(labels(&shop.sweep_chosen(Reach::Rows)), [], "its row neither");
}

#[test]
fn a_moved_category_is_not_deleted_by_a_partial_sweep_either() {
    let mut shop = Shop::new(Feed::Categories);
    let at = |path: &str| {
        keyed(Feed::Categories, 3, json!({"categoryId": "3", "storeViewCode": "default", "urlPath": path}))
    };
    shop.deliver(&[at("old")]);
    let compared = shop.look_at(&[3], &[at("new")], Resend::None);
    assert_eq!(labels(&compared.send), [("new · default", Why::Changed)]);
    shop.answer(&compared.send, status::SUBMITTED);
    assert_eq!(shop.sweep_chosen(Reach::KeysAndRows).len(), 0);
}

#[test]
fn an_item_that_another_record_gives_now_is_not_swept_with_the_old_one() {
    let mut shop = Shop::new(Feed::InventoryStockStatus);
    let stock = |key: u64| keyed(Feed::InventoryStockStatus, key, json!({"stockId": 1, "sku": "A", "productId": key}));
    shop.deliver(&[stock(5)]);
    // The product was made again under another key; the hash of this feed leaves the key out. Whether 5 still has it must be seen.
    let compared = shop.look_at(&[9], &[stock(9)], Resend::None);
    assert_eq!((compared.send.len(), compared.unchanged), (0, 0));
    assert_eq!(compared.contested.iter().map(|contested| contested.owner).collect::<Vec<_>>(), [5]);
    let compared = shop.look_at(&[5, 9], &[stock(9)], Resend::None);
    assert_eq!((compared.send.len(), compared.unchanged, compared.contested.len()), (0, 1, 0));
    shop.look_at(&[5], &[], Resend::None);
    assert_eq!(shop.sweep_chosen(Reach::KeysAndRows).len(), 0, "it belongs to 9 now");
    shop.look_at(&[9], &[], Resend::None);
    assert_eq!(shop.sweep_chosen(Reach::KeysAndRows).len(), 1);
}

#[test]
fn what_is_not_settled_and_was_not_met_is_chosen_and_counted() {
    let mut shop = Shop::new(Feed::Orders);
    let order =
        |number: u64, state: u64| keyed(Feed::Orders, number, json!({"commerceOrderId": number, "state": state}));
    let sent = shop.collect(&(1..=6).map(|number| order(number, 1)).collect::<Vec<_>>()).send;
    let states = [status::SUBMITTED, status::REFUSED, status::FAILED_IN_200, 503, 403];
    for (place, status) in states.into_iter().enumerate() {
        shop.answer(&sent[place..=place], status);
    }
    assert_eq!(
        shop.store.count_unsettled(Feed::Orders).expect("counted"),
        3,
        "503, 403, and the one without an answer"
    );
    // 4 is within the window of the next sync and fails again; 5 and 6 are not.
    let again = shop.collect(&[order(4, 1)]);
    shop.answer(&again.send, 503);
    shop.store.choose_unmet().expect("chosen");
    assert_eq!(shop.chosen(), [5, 6]);
}

#[test]
fn what_somebody_asks_for_is_sent_again_even_when_it_is_the_same_or_was_refused() {
    let mut shop = Shop::new(Feed::Products);
    shop.deliver(&[numbered(1, "a"), numbered(2, "a")]);
    let refused = shop.look_at(&[2], &[numbered(2, "b")], Resend::None);
    shop.answer(&refused.send, status::REFUSED);
    let items = [numbered(1, "a"), numbered(2, "b")];
    assert_eq!(shop.look_at(&[1, 2], &items, Resend::None).send.len(), 0);
    let forced = shop.look_at(&[1, 2], &items, Resend::All);
    assert_eq!(labels(&forced.send), [("P1 · default", Why::Changed), ("P2 · default", Why::Changed)]);
    assert_eq!((forced.unchanged, forced.refused_before), (0, 0));
}

#[test]
fn a_retry_takes_what_failed_and_nothing_else() {
    let mut shop = Shop::new(Feed::Products);
    let items: Vec<FeedItem> = (1..=5).map(|key| numbered(key, "a")).collect();
    shop.deliver(&items);
    let again: Vec<FeedItem> = (1..=4).map(|key| numbered(key, "b")).collect();
    let compared = shop.look_at(&[1, 2, 3, 4, 5], &again, Resend::None);
    // 5 is gone; its deletion fails. 1 is refused, 2 fails for now, 3 is taken, 4 got no answer.
    let gone = shop.sweep_chosen(Reach::KeysAndRows);
    shop.answer(&gone, 503);
    for (place, status) in [(0, status::REFUSED), (1, 503), (2, status::SUBMITTED)] {
        shop.answer(&compared.send[place..=place], status);
    }
    shop.store.begin_feed(shop.feed, Resend::OnlyFailed).expect("begun");
    assert!(!shop.store.choose_failed("").expect("chosen"), "each has a key");
    assert_eq!(shop.chosen(), [1, 2, 5]);
    let found = [
        numbered(1, "b"),
        numbered(2, "c"),
        keyed(Feed::Products, 2, json!({"sku": "P2", "storeViewCode": "new-view", "name": "never sent"})),
    ];
    let compared = shop.store.compare(found.map(LedgerEntry::Whole).to_vec(), now()).expect("compared");
    assert_eq!(labels(&compared.send), [("P1 · default", Why::Changed), ("P2 · default", Why::Changed)]);
    assert_eq!(labels(&shop.sweep_chosen(Reach::Rows)), [("P5 · default", Why::Gone)]);
}

#[test]
fn a_retry_by_error_takes_the_items_with_that_error_and_no_others_of_their_records() {
    let mut shop = Shop::new(Feed::Products);
    let german = || keyed(Feed::Products, 1, json!({"sku": "P1", "storeViewCode": "german"}));
    let compared = shop.collect(&[numbered(1, "a"), german(), numbered(2, "a")]);
    shop.answer(&compared.send, 503);
    let set = |label: &str, error: &str| {
        let sql = "UPDATE items SET error = ?2 WHERE label = ?1";
        assert_eq!(shop.store.connection.execute(sql, [label, error]).expect("set"), 1, "{label}");
    };
    set("P1 · default", "Invalid value for TYPE");
    set("P1 · german", "busy");
    set("P2 · default", "busy");
    shop.store.begin_feed(shop.feed, Resend::OnlyFailed).expect("begun");
    assert!(!shop.store.choose_failed("value for type").expect("chosen"));
    assert_eq!(shop.chosen(), [1]);
    let found = [numbered(1, "a"), german()];
    let compared = shop.store.compare(found.map(LedgerEntry::Whole).to_vec(), now()).expect("compared");
    assert_eq!(labels(&compared.send), [("P1 · default", Why::Changed)]);
}

#[test]
fn failed_items_without_a_key_are_found_in_the_whole_source_only() {
    let mut shop = Shop::new(Feed::Products);
    let Value::Object(fields) = json!({"sku": "A", "storeViewCode": "default"}) else { panic!("an object") };
    let item = FeedItem::new(Feed::Products, None, fields, now()).expect("an item");
    let compared = shop.collect(std::slice::from_ref(&item));
    shop.answer(&compared.send, 503);
    shop.store.begin_feed(shop.feed, Resend::OnlyFailed).expect("begun");
    assert!(shop.store.choose_failed("").expect("chosen"));
    assert_eq!(shop.chosen(), [0_u64; 0]);
}

#[test]
fn a_partial_sync_takes_up_what_a_full_one_would_send_without_a_change() {
    let mut shop = Shop::new(Feed::Products);
    let items: Vec<FeedItem> = (1..=8).map(|key| numbered(key, "a")).collect();
    let compared = shop.collect(&items);
    // 7 gets no answer; 6 is broken, so its repair is what the log tells. Two were refused: they wait until they change.
    let states = [(0, 200), (1, 400), (2, 401), (3, 503), (4, 2), (7, status::FAILED_IN_200)];
    for (place, status) in states {
        shop.answer(&compared.send[place..=place], status);
    }
    let broken = LedgerEntry::Broken { item: numbered(6, "a"), reason: "no status".into() };
    shop.store.begin_feed(shop.feed, Resend::None).expect("begun");
    shop.store.compare(vec![broken], now()).expect("compared");
    let mut unsettled = |rest: i64, now: Timestamp| {
        let since = now.checked_sub(jiff::SignedDuration::from_secs(rest)).expect("a time");
        shop.store.begin_feed(Feed::Products, Resend::None).expect("begun");
        shop.store.choose_unsettled(since, now).expect("chosen");
        shop.chosen()
    };
    assert_eq!(unsettled(0, now()), [3, 4, 5, 7]);
    assert_eq!(unsettled(1, now()), [7], "what failed has not rested yet; what has no answer does not wait");
    let year = jiff::SignedDuration::from_hours(365 * 24);
    let put_back = now().checked_sub(year).expect("a time");
    assert_eq!(unsettled(300, put_back), [3, 4, 5, 7], "nothing waits for a clock that was put back by a year");
    let put_forward = now().checked_add(year).expect("a time");
    assert_eq!(unsettled(300, put_forward), [3, 4, 5, 7]);
}

#[test]
fn what_is_gone_is_found_by_its_words_in_the_ledger() {
    let mut shop = Shop::new(Feed::Products);
    shop.deliver(&[numbered(1, "a"), numbered(2, "a")]);
    shop.store.begin_feed(shop.feed, Resend::All).expect("begun");
    let words = ["P1", "2", "P9", "7"].map(str::to_owned);
    let unknown = shop.store.choose_rows_named(&words, true, true).expect("chosen");
    assert_eq!(unknown, ["P9", "7"]);
    assert_eq!(labels(&shop.sweep_chosen(Reach::Rows)).len(), 2);
    shop.store.begin_feed(shop.feed, Resend::All).expect("begun");
    assert_eq!(shop.store.choose_rows_named(&words, true, false).expect("chosen"), ["P1", "P9", "7"]);
    shop.store.begin_feed(shop.feed, Resend::All).expect("begun");
    assert_eq!(shop.store.choose_rows_named(&words, false, true).expect("chosen"), ["2", "P9", "7"]);
}

#[test]
fn what_ever_showed_a_product_is_remembered() {
    let mut shop = Shop::new(Feed::Products);
    let pair = |shown, holder, is_part| Shown { shown, holder, is_part };
    shop.store.remember_shown(&[pair(1, 50, true), pair(2, 50, true), pair(1, 60, false)]).expect("kept");
    shop.store.remember_shown(&[pair(1, 50, true)]).expect("known");
    let partners = |keys: &[u64], with_links| shop.store.partners(keys, with_links).expect("read");
    assert_eq!(partners(&[50], false), [1, 2], "the parts of a product that is gone");
    assert_eq!((partners(&[1], false), partners(&[1], true)), (vec![50], vec![50, 60]));
    assert_eq!(partners(&[60, 77], true), [0_u64; 0], "a link goes one way");
}

fn position(cursor: u64, gaps: &[Gap]) -> Position {
    let log = FollowedLog { name: "a_cl".to_owned(), cursor, tail: vec![(cursor, "7".to_owned())] };
    let details = Details::from([(3, u64::MAX), (4, 0)]);
    Position {
        logs: vec![(Feed::Products, log, gaps.to_vec())],
        fingerprints: vec![("options".to_owned(), Before { value: cursor.to_string(), details })],
        recheck: Recheck::default(),
    }
}

#[test]
fn how_far_a_log_was_followed_is_kept_with_what_was_missing_and_what_shaped_the_feed() {
    let mut shop = Shop::new(Feed::Products);
    let feed = Feed::Products;
    assert_eq!(shop.store.followed(feed).expect("read"), None);
    let gap = |after, looks| Gap { span: Span { after, to: after + 2 }, present: 1 << 40, since: -5, looks };
    let known = |position: &Position| {
        let logs = position.logs.iter().map(|(of, log, _)| (*of, log.clone())).collect();
        Some(Followed { last_full: now(), logs, fingerprints: position.fingerprints.iter().cloned().collect() })
    };
    let first = position(12, &[gap(4, 0), gap(7, 2)]);
    shop.store.finish_full(feed, Some(&first), now()).expect("kept");
    assert_eq!(shop.store.followed(feed).expect("read"), known(&first));
    assert_eq!(shop.store.gaps(feed, feed).expect("read"), [gap(4, 0), gap(7, 2)]);
    let second = position(20, &[gap(7, 3)]);
    shop.store.finish_partial(feed, &second, now()).expect("kept");
    assert_eq!(shop.store.followed(feed).expect("read"), known(&second));
    assert_eq!(shop.store.gaps(feed, feed).expect("read"), [gap(7, 3)]);
    shop.store.unfollow(feed).expect("forgotten");
    let unfollowed = Followed { last_full: now(), logs: BTreeMap::new(), fingerprints: BTreeMap::new() };
    assert_eq!(shop.store.followed(feed).expect("read"), Some(unfollowed));
    assert_eq!(shop.store.gaps(feed, feed).expect("read"), []);
}

#[test]
fn what_was_named_is_kept_in_its_newest_group_until_that_is_done() {
    let mut shop = Shop::new(Feed::Products);
    let feed = Feed::Products;
    let mut pass = |since, keys: &[u64], done: &[i64]| {
        shop.store.begin_feed(feed, Resend::None).expect("begun");
        shop.store.name_keys(keys, false).expect("named");
        let marks = Marks::from([("stock".to_owned(), 7)]);
        let recheck = Recheck { since, marks, done: done.to_vec(), is_wanted: true };
        shop.store.finish_partial(feed, &Position { recheck, ..Position::default() }, now()).expect("kept");
        let groups = shop.store.rechecks(feed).expect("read");
        let mut keys = |group: &Group| {
            shop.store.begin_feed(feed, Resend::None).expect("begun");
            shop.store.choose_group(feed, group.id).expect("chosen");
            shop.store.chosen_keys(None, 10).expect("read")
        };
        groups.iter().map(|group| (group.since, keys(group))).collect::<Vec<_>>()
    };
    assert_eq!(pass(100, &[1, 2], &[]), [(100, vec![1, 2])]);
    assert_eq!(pass(200, &[], &[]), [(100, vec![1, 2])], "an empty group is none");
    assert_eq!(pass(300, &[2, 3], &[]), [(100, vec![1]), (300, vec![2, 3])]);
    assert_eq!(pass(400, &[3], &[2]), [(100, vec![1]), (400, vec![3])], "what was named again is not done");
    assert_eq!(pass(500, &[], &[1, 3]), []);
}

#[test]
fn a_feed_can_be_forgotten_and_only_that_one() {
    let mut shop = Shop::new(Feed::Products);
    assert!(shop.store.is_empty().expect("read"));
    shop.deliver(&[numbered(1, "a")]);
    shop.store.finish_full(Feed::Products, None, now()).expect("kept");
    shop.store.forget_feed(Feed::Prices).expect("nothing to forget");
    assert!(!shop.store.is_empty().expect("read"));
    shop.store.forget_feed(Feed::Products).expect("forgotten");
    assert!(shop.store.is_empty().expect("read"));
    assert_eq!(labels(&shop.collect(&[numbered(1, "a")]).send), [("P1 · default", Why::New)]);
}

#[test]
fn what_is_sent_and_in_which_order_does_not_depend_on_the_clock() {
    let mut shop = Shop::new(Feed::Products);
    let at = |years: i64| now().checked_add(jiff::SignedDuration::from_hours(years * 365 * 24)).expect("a time");
    // Each run at another time, back and forth.
    for (run, years) in [0, 5, -5, 3, -30].into_iter().enumerate() {
        let items = [numbered(1, &run.to_string()), numbered(2, "same")];
        shop.store.begin_feed(shop.feed, Resend::None).expect("begun");
        let entries = items.into_iter().map(LedgerEntry::Whole).collect();
        let compared = shop.store.compare(entries, at(years)).expect("compared");
        let expected = if run == 0 { 2 } else { 1 };
        assert_eq!(compared.send.len(), expected, "run {run}");
        let rows: Vec<i64> = compared.send.iter().map(|sent| sent.row).collect();
        let attempt = Attempt { run: 1, feed: shop.feed, rows: rows.clone(), bytes: 9, number: 1, kept: Kept::Nothing };
        let batch = shop.store.journal(&attempt, at(years)).expect("journaled");
        assert_eq!(batch, i64::try_from(run).expect("small") + 1, "the journal goes on");
        let outcome =
            |(place, row)| BatchOutcome { row, place, status: status::SUBMITTED, error: "".into(), code: "".into() };
        let verdicts = rows.into_iter().enumerate().map(outcome).collect();
        let answer = Answer { batch, status: Some(200), request_id: None, verdicts };
        // The answer comes before the request, by this clock.
        shop.store.record(&answer, at(years - 1)).expect("recorded");
    }
    shop.store.begin_feed(shop.feed, Resend::None).expect("begun");
    let last = vec![LedgerEntry::Whole(numbered(1, "4"))];
    assert_eq!(shop.store.compare(last, at(100)).expect("compared").unchanged, 1);
    assert_eq!(labels(&shop.store.sweep(SweepScope::WHOLE, at(-100)).expect("swept").gone).len(), 1);
}

#[test]
fn a_partial_sync_goes_from_what_is_chosen_to_its_items_and_never_through_all() {
    let shop = Shop::new(Feed::Products);
    for sql in [rolling::ITEMS_OF_CHOSEN, chosen::ROWS_OF_CHOSEN_KEYS] {
        let mut explain = shop.store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a plan");
        let steps =
            explain.query_map(rusqlite::params_from_iter([1].repeat(explain.parameter_count())), |row| row.get(3));
        let steps: Vec<String> = steps.expect("steps").map(|step| step.expect("a step")).collect();
        let of_items: Vec<&String> = steps.iter().filter(|step| step.split(' ').any(|word| word == "i")).collect();
        let by_key = ["(feed=? AND source_id=?)", "INTEGER PRIMARY KEY (rowid=?)"];
        assert!(!of_items.is_empty());
        assert!(of_items.iter().all(|step| by_key.iter().any(|by_key| step.ends_with(by_key))), "{steps:?}");
    }
}
