//! The main job: from a real MariaDB through the pipeline into the gateway. The shop is that of `tests/fixtures`.

mod absent;
mod adopt;
mod exchanged;
mod kit;
mod luma;
mod program;

use crate::support;

use std::collections::{BTreeMap, BTreeSet};

use commerce_connector::domain::Feed;
use commerce_connector::error::Exit;
use commerce_connector::export::progress::{Phase, RunEnd};
use kit::{BATCH, Kept, Shop, product, without_stamp};
use serde_json::{Value, json};
use support::gateway::Received;
use support::mariadb::{Server, TestDatabase};

/// Gives what cannot be exported what it lacks: a category its URL key, and two products a name.
fn repair(database: TestDatabase, link: &str, first: u64) -> TestDatabase {
    let [category, empty, half] = [8, 208, 209].map(|id| first + id);
    database.execute(&format!(
        "INSERT INTO {prefix}catalog_category_entity_varchar (attribute_id, store_id, {link}, value) \
         VALUES (5, 0, {category}, 'here'); \
         INSERT INTO {prefix}catalog_product_entity_varchar (attribute_id, store_id, {link}, value) \
         VALUES (61, 0, {empty}, 'Empty'), (61, 0, {half}, 'Half')",
        prefix = database.table_prefix
    ));
    database
}

/// The own shop, in which everything can be exported.
fn own_shop() -> TestDatabase {
    repair(Server::shared().product_shop(), "entity_id", 0)
}

fn keys(kept: &Kept) -> BTreeSet<(Feed, String)> {
    kept.keys().cloned().collect()
}

#[tokio::test]
async fn every_item_is_delivered_once_and_a_second_run_sends_nothing() {
    let shop = Shop::new(own_shop()).await;
    assert!(shop.run_well().await >= 6, "five feeds, and products in two requests");
    let kept = shop.kept().await;
    shop.assert_delivered(&kept, 1).await;
    let count = |feed| kept.keys().filter(|(of, _)| *of == feed).count() as u64;
    let number = |sql: &str| shop.database.number(sql);
    let sold = "catalog_product_entity e JOIN catalog_product_website w ON w.product_id = e.entity_id \
                JOIN store s ON s.website_id = w.website_id WHERE s.store_id > 0";
    assert_eq!(count(Feed::ScopesWebsite), 2);
    assert_eq!(count(Feed::ScopesCustomerGroup), 3);
    assert_eq!(count(Feed::ProductAttributes), 3 * number("SELECT COUNT(*) FROM catalog_eav_attribute"));
    assert_eq!(count(Feed::Categories), 2 * 6 + 2, "six below root 2 in two views, two below root 20 in one");
    assert_eq!(count(Feed::Products), number(&format!("SELECT COUNT(*) FROM {sold}")));

    assert_eq!(shop.run_well().await, 0, "not one request");
    assert_eq!(shop.kept().await, kept);
    let submitted: u64 = shop.gateway.ledger().iter().map(|feed| feed.submitted).sum();
    assert_eq!(submitted, kept.len() as u64);
}

#[tokio::test]
async fn a_new_name_sends_the_items_that_show_it_and_no_other() {
    let shop = Shop::new(own_shop()).await;
    shop.run_well().await;
    let before = shop.kept().await;
    let rename =
        "UPDATE catalog_product_entity_varchar SET value = 'New name' WHERE attribute_id = 61 AND store_id = 0";
    shop.database.execute(&format!("{rename} AND entity_id = 101"));
    assert_eq!(shop.run_well().await, 1);
    let sent = shop.sent_by(&before).await;
    assert_eq!(keys(&sent), BTreeSet::from([product("A-2", "default"), product("A-2", "de")]));
    assert!(sent.values().all(|received| received.item["name"] == "New name" && !received.deleted));

    // The German view has a name of its own, and the bundle shows the names of what it is made of.
    let before = shop.kept().await;
    shop.database.execute(&format!("{rename} AND entity_id = 201"));
    shop.run_well().await;
    let sent = shop.sent_by(&before).await;
    assert_eq!(keys(&sent), BTreeSet::from([product("TEE-RED", "default"), product("KIT-FIXED", "default")]));
    shop.assert_delivered(&shop.kept().await, 3).await;
}

#[tokio::test]
async fn a_deleted_product_is_deleted_in_each_of_its_store_views() {
    let shop = Shop::new(own_shop()).await;
    shop.run_well().await;
    let before = shop.kept().await;
    shop.database.execute(
        "DELETE FROM catalog_product_entity_varchar WHERE entity_id = 101; \
         DELETE FROM catalog_product_website WHERE product_id = 101; DELETE FROM catalog_product_entity WHERE entity_id = 101; \
         DELETE FROM catalog_product_website WHERE product_id = 100 AND website_id = 2",
    );
    assert_eq!(shop.run_well().await, 1);
    let sent = shop.sent_by(&before).await;
    let deletion = |id: u64, sku: &str, view: &str, store: &str, website: &str| {
        let payload = json!({"productId": id, "sku": sku, "storeViewCode": view, "storeCode": store, "websiteCode": website,
                             "deleted": true});
        (product(sku, view), payload)
    };
    let expected = [
        deletion(101, "A-2", "default", "main", "base"),
        deletion(101, "A-2", "de", "main", "base"),
        // This one is no longer sold on its second website.
        deletion(100, "A-1", "eu_en", "eu_main", "eu"),
    ];
    assert!(sent.values().all(|received| received.deleted));
    let payloads: BTreeMap<_, Value> =
        sent.into_iter().map(|(key, received)| (key, without_stamp(Feed::Products, received.item))).collect();
    assert_eq!(payloads, BTreeMap::from(expected));
    assert_eq!(shop.run_well().await, 0, "it is deleted once");
    shop.assert_delivered(&shop.kept().await, 1).await;
}

#[tokio::test]
async fn a_run_that_was_stopped_half_way_is_completed_by_the_next() {
    let database = own_shop();
    database.execute(
        "INSERT INTO catalog_product_entity (entity_id, sku) SELECT 1000 + seq, CONCAT('MORE-', seq) FROM seq_1_to_150; \
         INSERT INTO catalog_product_website SELECT 1000 + seq, 1 FROM seq_1_to_150; \
         INSERT INTO catalog_product_entity_varchar (attribute_id, store_id, entity_id, value) \
         SELECT 61, 0, 1000 + seq, CONCAT('More ', seq) FROM seq_1_to_150",
    );
    let shop = stop_half_way(database).await;
    assert_eq!(shop.run_well().await, 0);
}

/// Stops a first run among the products, and checks what a second one does.
async fn stop_half_way(database: TestDatabase) -> Shop {
    // After the first batch the gateway takes its time, so that the run is not over before it is told to stop.
    let faults = "[[fault]]\nkind = \"slow\"\nseconds = 0.4\nfeed = \"products\"\non = [2, 3, 4, 5, 6]";
    let shop = Shop::with_faults(database, faults).await;
    let ended = shop.run_and_stop().await;
    let report = ended.report();
    assert_eq!((&report.end, report.exit()), (&RunEnd::Stopped, Exit::Interrupted));
    let phases: Vec<Phase> = report.progress.feeds.iter().map(|feed| feed.phase).collect();
    assert_eq!(phases, [Phase::Done, Phase::Done, Phase::Done, Phase::Done, Phase::Stopped]);
    let submitted: u64 = report.progress.feeds.iter().map(|feed| feed.submitted).sum();
    let half = shop.kept().await;
    assert_eq!(half.len() as u64, submitted, "what was in flight is recorded");
    let products = report.progress.feeds[4].submitted;
    assert!(products > 0 && products <= 6 * BATCH as u64, "{products} products before the stop");

    shop.run_well().await;
    let whole = shop.kept().await;
    assert!(whole.len() > half.len() + 5 * BATCH, "the greater part was left: {} of {}", half.len(), whole.len());
    // A stopped run records the batch in flight, so not even that one comes twice.
    shop.assert_delivered(&whole, 1).await;
    shop
}

#[tokio::test]
async fn staging_and_a_table_prefix_deliver_the_same_items() {
    let plain = Shop::new(own_shop()).await;
    plain.run_well().await;
    let staged = Shop::new(repair(Server::shared().staged_product_shop(), "row_id", 1000)).await;
    staged.run_well().await;
    let items = |kept: Kept| -> BTreeMap<(Feed, String), Received> {
        kept.into_iter()
            .map(|((feed, key), received)| {
                let item = without_stamp(feed, received.item);
                ((feed, key), Received { item, ..received })
            })
            .collect()
    };
    let kept = staged.kept().await;
    staged.assert_delivered(&kept, 1).await;
    assert_eq!(items(kept), items(plain.kept().await));
    assert_eq!(staged.run_well().await, 0);
}

#[tokio::test]
async fn what_cannot_be_an_item_is_told_and_the_rest_is_delivered() {
    let shop = Shop::new(Server::shared().product_shop()).await;
    let ended = shop.run().await;
    assert_eq!((&ended.report().end, ended.report().exit()), (&RunEnd::Complete, Exit::Partial));
    let failures = ended.failures();
    let because = |reason: &str| failures.iter().filter(|(_, words)| words.contains(reason)).count();
    assert_eq!(because("urlPath missing"), 2, "category 8 in its two store views: {failures:?}");
    assert_eq!(
        because("no attribute values"),
        2,
        "a product without any, and one without any in one view: {failures:?}"
    );
    assert_eq!(failures.len(), 4, "{failures:?}");
    let kept = shop.kept().await;
    assert_eq!(kept.keys().filter(|(feed, _)| *feed == Feed::Categories).count(), 2 * 5 + 2);
    assert!(kept.contains_key(&product("HALF", "de")) && !kept.contains_key(&product("HALF", "default")));
    assert!(kept.values().all(|received| received.deliveries == 1));

    // What is known of category 8 is its key, so its items are not called gone; those of others are.
    shop.database.execute("DELETE FROM catalog_category_entity WHERE entity_id = 6");
    shop.run().await;
    let kept = shop.kept().await;
    let deleted = kept.iter().filter(|(_, received)| received.deleted).map(|((feed, _), _)| *feed);
    assert_eq!(deleted.collect::<Vec<_>>(), [Feed::Categories; 2], "those of category 6");
}
