//! Which row an item has, and after a run that died.

use super::*;

/// A product of a record of its own.
fn numbered(key: u64, sku: &str, name: &str) -> FeedItem {
    let Value::Object(fields) = json!({"sku": sku, "storeViewCode": "default", "name": name}) else {
        panic!("an object")
    };
    FeedItem::new(Feed::Products, Some(key), fields, now()).expect("an item")
}

fn number(shop: &Shop, sql: &str) -> i64 {
    shop.store.connection.query_row(sql, [], |row| row.get(0)).expect(sql)
}

/// The ledger as another process finds it, whatever this one has in memory.
fn opened_again(shop: Shop) -> Shop {
    let Shop { state, store, feed } = shop;
    drop(store);
    let store = Store::open(state.path(), &space()).expect("opened again");
    Shop { state, store, feed }
}

#[test]
fn an_item_is_found_by_whoever_opens_the_ledger_whatever_record_it_comes_from() {
    let mut shop = Shop::new(Feed::Products);
    shop.deliver(&[numbered(1, "A", "a"), numbered(2, "B", "b")]);
    let mut shop = opened_again(shop);
    // The same items by other records: known all the same.
    let compared = shop.collect(&[numbered(8, "A", "a"), numbered(9, "B", "b")]);
    assert_eq!((compared.unchanged, compared.send.len()), (2, 0));
    let mut shop = opened_again(shop);
    let compared = shop.collect(&[numbered(8, "A", "a"), numbered(7, "B", "c")]);
    assert_eq!((compared.unchanged, labels(&compared.send)), (1, vec![("B · default", Why::Changed)]));
    assert_eq!(number(&shop, "SELECT count(*) FROM items"), 2);
    let FeedItem { id, label, .. } = numbered(9, "B", "b");
    assert!(shop.reader().sent_as(Feed::Products, id, &label).expect("read").is_some(), "from outside as well");
}

#[test]
fn only_what_has_another_name_than_its_identity_is_in_the_table_and_found_after_a_move() {
    let mut shop = Shop::new(Feed::Products);
    shop.deliver(&[numbered(1, "A", "a")]);
    assert_eq!(number(&shop, "SELECT count(*) FROM identities"), 0, "nothing is written at a random place");
    shop.feed = Feed::Categories;
    shop.deliver(&[category("3", "old"), category("4", "other")]);
    assert_eq!(number(&shop, "SELECT count(*) FROM identities"), 2);
    let mut shop = opened_again(shop);
    let compared = shop.collect(&[category("3", "new"), category("4", "other")]);
    assert_eq!((compared.unchanged, labels(&compared.send)), (1, vec![("new · default", Why::Changed)]));
    assert_eq!(number(&shop, "SELECT count(*) FROM items WHERE feed = 4"), 2);
    // Found by its new name, and by what it was called before, for its identity is the same.
    for FeedItem { id, label, .. } in [category("3", "new"), category("3", "old")] {
        let found = shop.reader().sent_as(Feed::Categories, id, &label).expect("read").expect("there");
        assert_eq!(found.id, id);
    }
}

#[test]
fn of_two_items_of_one_identity_in_a_first_sync_the_first_one_wins() {
    for feed in [Feed::Products, Feed::Categories] {
        let mut shop = Shop::new(feed);
        let item = |key: u64, code: &str| match feed {
            Feed::Categories => category(code, &format!("path-{key}")),
            _ => numbered(key, code, "a name"),
        };
        shop.collect(&[item(1, "1"), item(2, "2")]);
        let again = [item(3, "3"), item(4, "1"), item(5, "4")];
        let expected = [again[0].label.clone(), again[2].label.clone()];
        let twin = again[1].label.clone();
        let compared = shop.store.compare(again.map(LedgerEntry::Whole).to_vec(), now()).expect("compared");
        assert_eq!(compared.send.iter().map(|sent| sent.item.label.clone()).collect::<Vec<_>>(), expected, "{feed}");
        assert_eq!(compared.twins, [twin]);
    }
}

#[test]
fn two_identities_in_the_same_words_are_two_items() {
    let mut shop = Shop::new(Feed::Products);
    let of =
        |sku: &str, view: &str| item_of(Feed::Products, json!({"sku": sku, "storeViewCode": view, "name": "a name"}));
    let items = [of("A", "b · c"), of("A · b", "c")];
    assert_eq!(items[0].label, items[1].label);
    assert_ne!(items[0].id, items[1].id);
    shop.deliver(&items);
    let mut shop = opened_again(shop);
    let [first, second] = items;
    let moved = [FeedItem { source_id: Some(9), ..second }, FeedItem { source_id: Some(8), ..first }];
    let compared = shop.collect(&moved);
    assert_eq!((compared.unchanged, compared.send.len(), compared.twins.len()), (2, 0, 0));
}

#[test]
fn a_number_that_is_given_again_belongs_to_the_new_item() {
    for feed in [Feed::Products, Feed::Categories] {
        let mut shop = Shop::new(feed);
        let item = |key: u64| match feed {
            Feed::Categories => category(&key.to_string(), &key.to_string()),
            _ => numbered(key, &key.to_string(), "a name"),
        };
        let in_table = |shop: &Shop| number(shop, "SELECT count(*) FROM identities");
        shop.collect(&[item(1), item(2)]);
        // Never sent, so it is forgotten, and its number is free.
        shop.collect(&[item(1)]);
        assert_eq!(labels(&shop.sweep().gone), []);
        assert_eq!(in_table(&shop), i64::from(feed == Feed::Categories), "{feed}");
        assert_eq!(labels(&shop.collect(&[item(1), item(3)]).send).len(), 2);
        assert_eq!(number(&shop, "SELECT max(id) FROM items"), 2);
        let mut shop = opened_again(shop);
        let compared = shop.collect(&[item(1), item(3)]);
        assert_eq!(
            compared.send.iter().map(|sent| (sent.row, sent.why)).collect::<Vec<_>>(),
            [(1, Why::Changed), (2, Why::Changed)]
        );
        assert_eq!(check(shop.state.path(), &space()).expect("checked").expect("there").flaws, []);
    }
}

#[test]
fn what_left_without_an_answer_may_have_arrived_and_is_deleted_if_it_is_gone() {
    let mut shop = Shop::new(Feed::Products);
    let sent = shop.collect(&[numbered(1, "A", "a"), numbered(2, "B", "b"), numbered(3, "C", "c")]).send;
    // Two of the three leave, and the process dies before their answer.
    let rows = vec![sent[2].row, sent[0].row];
    let kept = Kept::Body(b"body".to_vec());
    let attempt = Attempt { run: 1, feed: Feed::Products, rows, bytes: 9, number: 1, kept };
    shop.store.journal(&attempt, now()).expect("journaled");
    let mut shop = opened_again(shop);
    shop.collect(&[]);
    assert_eq!(labels(&shop.sweep().gone), [("A · default", Why::Gone), ("C · default", Why::Gone)]);
    assert_eq!(number(&shop, "SELECT place FROM items WHERE label LIKE 'A%'"), 1, "its place in the body");
    assert_eq!(number(&shop, "SELECT items FROM payloads"), 2);
    assert_eq!(number(&shop, "SELECT count(*) FROM batches WHERE rows IS NOT NULL"), 0);
}

#[test]
fn what_is_sent_again_by_the_next_try_is_recorded_by_that_one() {
    let mut shop = Shop::new(Feed::Products);
    let sent = shop.collect(&[numbered(1, "A", "a"), numbered(2, "B", "b")]).send;
    let rows: Vec<i64> = sent.iter().map(|sent| sent.row).collect();
    let kept = Kept::Body(b"body".to_vec());
    let attempt = Attempt { run: 1, feed: Feed::Products, rows, bytes: 9, number: 1, kept };
    let first = shop.store.journal(&attempt, now()).expect("journaled");
    let busy = Answer { batch: first, status: Some(503), request_id: None, verdicts: Vec::new() };
    shop.store.record(&busy, now()).expect("recorded");
    assert_eq!(number(&shop, "SELECT count(*) FROM batches WHERE rows IS NOT NULL"), 1, "it may have arrived");
    shop.answer_and_keep(&sent, status::SUBMITTED, Kept::AsBefore(first));
    assert_eq!(number(&shop, "SELECT count(*) FROM batches WHERE rows IS NOT NULL"), 0);
    assert_eq!(number(&shop, "SELECT count(*) FROM items WHERE batch = 2 AND payload = 1 AND status = 200"), 2);
    assert_eq!(number(&shop, "SELECT items FROM payloads"), 2);
    shop.collect(&[numbered(1, "A", "a"), numbered(2, "B", "b")]);
    assert_eq!(number(&shop, "SELECT items FROM payloads"), 2, "what items point to is not dropped");
}

#[test]
fn a_body_that_no_item_came_to_point_to_is_dropped_by_the_next_run() {
    let mut shop = Shop::new(Feed::Products);
    let sent = shop.collect(&[numbered(1, "A", "a")]).send;
    let rows: Vec<i64> = sent.iter().map(|sent| sent.row).collect();
    let kept = Kept::Body(b"too large".to_vec());
    let attempt = Attempt { run: 1, feed: Feed::Products, rows, bytes: 9, number: 1, kept };
    let entry = shop.store.journal(&attempt, now()).expect("journaled");
    let refused = Answer { batch: entry, status: Some(413), request_id: None, verdicts: Vec::new() };
    shop.store.record(&refused, now()).expect("recorded");
    // It is sent again as something else.
    shop.answer_and_keep(&sent, status::SUBMITTED, Kept::Body(b"smaller".to_vec()));
    assert_eq!(number(&shop, "SELECT count(*) FROM bodies"), 2);
    shop.collect(&[numbered(1, "A", "a")]);
    assert_eq!(number(&shop, "SELECT count(*) FROM bodies"), 1);
    assert_eq!(number(&shop, "SELECT batch FROM items"), 2, "the later request is the last");
}

#[test]
fn the_check_finds_items_that_are_not_found_or_are_there_twice() {
    let mut shop = Shop::new(Feed::Categories);
    shop.deliver(&[category("1", "a"), category("2", "b")]);
    let flaws = |shop: &Shop| check(shop.state.path(), &space()).expect("checked").expect("there").flaws;
    assert_eq!(flaws(&shop), []);
    shop.store.connection.execute("DELETE FROM identities WHERE id = 1", []).expect("deleted");
    assert_eq!(flaws(&shop), [Flaw::Identity(1)]);
    shop.store
        .connection
        .execute("UPDATE items SET feed_id = (SELECT feed_id FROM items WHERE id = 2)", [])
        .expect("set");
    assert_eq!(flaws(&shop), [Flaw::Identity(2)], "one is not found, and one is there twice");
}
