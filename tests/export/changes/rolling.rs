//! The rolling compare: what no log tells is found within one round, deletions included, and nothing that lives is deleted.

use std::time::Duration;

use commerce_connector::domain::Feed;
use commerce_connector::export::{Following, Rolling, SyncMode};

use super::kit::{FEEDS, Sent, Shop, of, partial, products};
use super::{followed_shop, logged_shop, rename};

/// A pass that compares everything that is left of each round.
pub fn whole_round() -> SyncMode {
    rolling(Duration::from_millis(1), 100)
}

fn rolling(within: Duration, share: u8) -> SyncMode {
    SyncMode::Partial(Following { rolling: Some(Rolling { within, share }), ..Following::default() })
}

/// What a pass with a whole round sent.
async fn round(shop: &Shop) -> Sent {
    let before = shop.kept().await;
    shop.run_well(whole_round()).await;
    shop.sent_since(&before).await
}

/// What a full compare still finds.
async fn left_over(shop: &Shop) -> Sent {
    let before = shop.kept().await;
    shop.run_well(SyncMode::Full).await;
    shop.sent_since(&before).await
}

/// One number of a feed's round.
fn number(shop: &Shop, feed: i64, column: &str) -> i64 {
    let sql = format!("SELECT {column} FROM rounds WHERE feed = {feed}");
    shop.ledger().query_row(&sql, [], |row| row.get(0)).expect("a round")
}

const PRODUCTS: i64 = 5;

/// What no log and no fingerprint tells.
const SILENT: [&str; 5] = [
    "UPDATE catalog_product_entity_varchar SET value = 'Unlogged' WHERE attribute_id = 61 AND store_id = 0 AND entity_id = 101",
    // As the database removes rows along a foreign key: no trigger runs.
    "DELETE FROM catalog_product_website WHERE product_id = 102; DELETE FROM catalog_product_entity WHERE entity_id = 102",
    "DELETE FROM catalog_product_website WHERE product_id = 200",
    // The last keys of the table: nothing is left above the walk's last step.
    "DELETE FROM catalog_product_website WHERE product_id >= 207; DELETE FROM catalog_product_entity WHERE entity_id >= 207",
    "INSERT INTO catalog_product_entity (entity_id, sku) VALUES (9100, 'UNLOGGED'); \
     INSERT INTO catalog_product_website VALUES (9100, 2); \
     INSERT INTO catalog_product_entity_varchar (attribute_id, store_id, entity_id, value) VALUES (61, 0, 9100, 'Unlogged')",
];
/// What fingerprints may tell at once; the round is there for whatever they do not.
const UNLOGGED: [&str; 5] = [
    "UPDATE eav_attribute SET frontend_label = 'Unlogged' WHERE attribute_id = 61",
    "DELETE FROM customer_group WHERE customer_group_id = 2",
    "UPDATE store SET code = 'unlogged' WHERE store_id = 2",
    "UPDATE eav_attribute_option_value SET value = 'Unlogged' WHERE option_id = 5 AND store_id = 0",
    "UPDATE core_config_data SET value = 'https://unlogged.example/' WHERE path = 'web/unsecure/base_url' AND scope = 'default'",
];

#[tokio::test]
async fn unlogged_changes_of_every_kind_are_found_within_one_round() {
    let shop = followed_shop().await;
    for edit in SILENT {
        shop.database.execute(edit);
        assert_eq!(shop.pass().await, Sent::new(), "no log tells of it: {edit}");
        let found = round(&shop).await;
        assert_eq!(left_over(&shop).await, Sent::new(), "{edit}: only {found:?}");
        assert!(!found.is_empty(), "{edit}");
    }
    for edit in UNLOGGED {
        shop.database.execute(edit);
        let (mut found, _) = shop.pass_with_notes().await;
        found.extend(round(&shop).await);
        assert_eq!(left_over(&shop).await, Sent::new(), "{edit}: only {found:?}");
        assert!(!found.is_empty(), "{edit}");
    }
}

#[tokio::test]
async fn an_item_that_moved_to_another_record_is_never_deleted_in_between() {
    let shop = followed_shop().await;
    // Below the walk's first place and above its last: SKUs that go to lower and to higher keys.
    shop.database.execute(
        "UPDATE catalog_product_entity SET sku = 'moving' WHERE entity_id = 101; \
         UPDATE catalog_product_entity SET sku = 'A-2' WHERE entity_id = 200",
    );
    let deleted = |sent: &Sent| sent.iter().any(|(_, key, deleted)| *deleted && key.contains("\"A-2\""));
    // Steps of one record would do the same; here the chosen range ends below the new record.
    let ledger = shop.ledger();
    ledger.execute("UPDATE rounds SET position = 100, total = 1 WHERE feed = 5", []).expect("written");
    let sent = round(&shop).await;
    assert!(!sent.is_empty() && !deleted(&sent), "{sent:?}");
    let again = round(&shop).await;
    assert!(!deleted(&again), "{again:?}");
    assert_eq!(left_over(&shop).await, Sent::new());
}

#[tokio::test]
async fn two_records_with_one_identity_do_not_take_turns() {
    let shop = followed_shop().await;
    // Two products with one SKU: the first of them is the item, as in a full compare.
    shop.database.execute(
        "INSERT INTO catalog_product_entity (entity_id, sku) VALUES (9001, 'A-2'); \
         INSERT INTO catalog_product_website SELECT 9001, website_id FROM catalog_product_website WHERE product_id = 101; \
         INSERT INTO catalog_product_entity_varchar (attribute_id, store_id, entity_id, value) VALUES (61, 0, 9001, 'Twin')",
    );
    let before = shop.kept().await;
    let ended = shop.run(SyncMode::Full).await;
    let twins = ended.failures().len();
    assert!(twins > 0, "there are twins: {:?}", shop.sent_since(&before).await);
    // A log names only the second.
    shop.log(Feed::Products, 9001);
    let before = shop.kept().await;
    let ended = shop.run(partial()).await;
    assert_eq!(shop.sent_since(&before).await, Sent::new(), "{ended:?}");
    assert_eq!(ended.failures().len(), twins);
}

#[tokio::test]
async fn a_round_goes_on_where_a_run_left_it() {
    let shop = followed_shop().await;
    // As after a kill: the places up to 150 are kept.
    shop.ledger().execute("UPDATE rounds SET position = 150, records = 3 WHERE feed = 5", []).expect("written");
    rename(&shop, 101, "Before the place");
    rename(&shop, 200, "After the place");
    let sent = round(&shop).await;
    assert!(!sent.is_empty() && sent.is_disjoint(&products("A-2", &["default", "de"], false)), "{sent:?}");
    assert_eq!(
        round(&shop).await,
        products("A-2", &["default", "de"], false),
        "the next round begins at the beginning"
    );
}

#[tokio::test]
async fn nothing_is_read_before_it_is_due_and_a_round_counts_as_a_full_compare() {
    let shop = Shop::new(logged_shop(), &FEEDS).await;
    shop.run_well(SyncMode::Full).await;
    let hourly = || rolling(Duration::from_hours(1), 10);
    let ended = shop.run_well(hourly()).await;
    assert_eq!(of(&ended, Feed::Products).source_read, 0, "an hour from now");
    // Half an hour later: the shop is smaller than a step, so it waits for the end of its hour.
    let set_back = |minutes: i64| {
        let milliseconds = minutes * 60_000;
        shop.ledger()
            .execute_batch(&format!(
                "UPDATE rounds SET started_at = started_at - {milliseconds}, stepped_at = stepped_at - {milliseconds};
                 UPDATE feeds SET last_full = last_full - {milliseconds}"
            ))
            .expect("written");
    };
    set_back(30);
    let ended = shop.run_well(hourly()).await;
    assert_eq!(of(&ended, Feed::Products).source_read, 0);
    let full = || -> i64 {
        shop.ledger().query_row("SELECT last_full FROM feeds WHERE feed = 5", [], |row| row.get(0)).expect("read")
    };
    set_back(31);
    let before = full();
    let begun = number(&shop, PRODUCTS, "started_at");
    let ended = shop.run_well(hourly()).await;
    let read = of(&ended, Feed::Products).source_read;
    assert!(read > 0);
    assert_eq!((number(&shop, PRODUCTS, "records"), full().max(before)), (0, begun.max(before)), "the round is over");
    assert!(number(&shop, PRODUCTS, "cost") > 0, "the database's time is measured");
    // A share that was used up is waited for, whatever is due.
    shop.ledger().execute("UPDATE rounds SET credit = -360000000", []).expect("written");
    set_back(61);
    let ended = shop.run_well(hourly()).await;
    assert_eq!(of(&ended, Feed::Products).source_read, 0, "in debt");
}

#[tokio::test]
async fn a_feed_without_a_log_is_compared_piece_by_piece_where_that_is_sooner() {
    let shop = followed_shop().await;
    shop.database.execute("UPDATE mview_state SET mode = 'disabled' WHERE view_id = 'cde_products_feed'");
    let daily = Following { full_every: Duration::from_hours(24), ..Following::default() };
    let hour = Rolling { within: Duration::from_hours(1), share: 10 };
    let ended = shop.run_well(SyncMode::Partial(Following { rolling: Some(hour), ..daily })).await;
    assert!(ended.notes().iter().any(|note| note.contains("in parts within 1 h 00 min, because")), "{ended:?}");
    assert_eq!(of(&ended, Feed::Products).source_read, 0);
    // What failed for now is sent again in between.
    let failed = shop.ledger().execute("UPDATE items SET status = 0 WHERE label = 'A-2 · default'", []);
    assert_eq!(failed.expect("written"), 1);
    let before = shop.kept().await;
    shop.run_well(SyncMode::Partial(Following { rolling: Some(hour), ..daily })).await;
    assert_eq!(shop.sent_since(&before).await, products("A-2", &["default"], false));
    rename(&shop, 101, "No log");
    let soon = Rolling { within: Duration::from_millis(1), share: 100 };
    let before = shop.kept().await;
    shop.run_well(SyncMode::Partial(Following { rolling: Some(soon), ..daily })).await;
    assert_eq!(shop.sent_since(&before).await, products("A-2", &["default", "de"], false));
}
