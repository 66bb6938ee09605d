//! The same with the Luma fixture, where it is there. What must be sent is computed by queries of their own.

use std::collections::{BTreeMap, BTreeSet};

use commerce_connector::domain::Feed;
use commerce_connector::feeds::source::Selection;
use commerce_connector::feeds::source::commerce::Commerce;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::kit::{FEEDS, Shop, product, without_stamp};
use super::support::mariadb::{Server, TestDatabase};
use super::{keys, stop_half_way};

/// The store views of the website in which a product `e` is sold.
const SOLD: &str = "JOIN catalog_product_website w ON w.product_id = e.entity_id \
                    JOIN store s ON s.website_id = w.website_id AND s.store_id > 0";
/// Nothing is made of `e`, and `e` is made of nothing.
const ALONE: &str = "e.type_id = 'simple' \
                     AND NOT EXISTS (SELECT 1 FROM catalog_product_relation r WHERE e.entity_id IN (r.parent_id, r.child_id)) \
                     AND NOT EXISTS (SELECT 1 FROM catalog_product_bundle_selection b WHERE b.product_id = e.entity_id)";

/// The keys of the items that a query names by SKU and store view.
fn named(shop: &Shop, sql: &str) -> BTreeSet<(Feed, String)> {
    shop.database.query(sql).iter().map(|row| product(&row[0], &row[1])).collect()
}

/// What a deletion of a product must say, by key.
fn deletions(database: &TestDatabase, id: &str) -> BTreeMap<(Feed, String), Value> {
    let rows = database.query(&format!(
        "SELECT e.sku, s.code, g.code, k.code, e.entity_id FROM catalog_product_entity e {SOLD} \
         JOIN store_group g ON g.group_id = s.group_id JOIN store_website k ON k.website_id = s.website_id \
         WHERE e.entity_id = {id}"
    ));
    rows.into_iter()
        .map(|row| {
            let id: u64 = row[4].parse().expect("an id");
            let payload = json!({"productId": id, "sku": row[0], "storeViewCode": row[1], "storeCode": row[2],
                                 "websiteCode": row[3], "deleted": true});
            (product(&row[0], &row[1]), payload)
        })
        .collect()
}

#[tokio::test]
async fn the_whole_catalogue_and_what_changes_in_it() {
    let Some(database) = Server::shared().luma() else { return };
    let shop = Shop::new(database).await;
    everything_is_delivered_once(&shop).await;
    assert_eq!(shop.run_well().await, 0, "not one request");
    a_name_is_changed(&shop).await;
    a_product_nobody_points_to_is_deleted(&shop).await;
    a_product_that_others_link_to_is_deleted(&shop).await;
    assert_eq!(shop.run_well().await, 0);
    shop.assert_delivered(&shop.kept().await, 2).await;
}

async fn everything_is_delivered_once(shop: &Shop) {
    shop.run_well().await;
    let kept = shop.kept().await;
    shop.assert_delivered(&kept, 1).await;
    let wanted = [
        "store_website WHERE website_id > 0".to_owned(),
        "customer_group".to_owned(),
        "catalog_eav_attribute JOIN eav_attribute USING (attribute_id) JOIN store WHERE entity_type_id = 4 AND store_id > 0"
            .to_owned(),
        "catalog_category_entity c JOIN store s JOIN store_group g USING (group_id) WHERE s.store_id > 0 \
         AND FIND_IN_SET(g.root_category_id, REPLACE(c.path, '/', ','))"
            .to_owned(),
        format!("catalog_product_entity e {SOLD}"),
    ];
    for (feed, rows) in FEEDS.into_iter().zip(wanted) {
        let wanted = shop.database.number(&format!("SELECT COUNT(*) FROM {rows}"));
        assert_eq!(kept.keys().filter(|(of, _)| *of == feed).count() as u64, wanted, "{feed}");
    }
}

/// Of a product that is sold everywhere under one name, and whose name no bundle shows.
async fn a_name_is_changed(shop: &Shop) {
    let before = shop.kept().await;
    let name = "(SELECT attribute_id FROM eav_attribute WHERE entity_type_id = 4 AND attribute_code = 'name')";
    let id = &shop.database.query(&format!(
        "SELECT e.entity_id FROM catalog_product_entity e JOIN catalog_product_entity_varchar v \
         ON v.entity_id = e.entity_id AND v.attribute_id = {name} WHERE {ALONE} \
         AND (SELECT COUNT(*) FROM catalog_product_website w WHERE w.product_id = e.entity_id) = 2 \
         GROUP BY e.entity_id HAVING COUNT(*) = 1 AND MAX(v.store_id) = 0 ORDER BY e.entity_id LIMIT 1"
    ))[0][0];
    shop.database.execute(&format!(
        "UPDATE catalog_product_entity_varchar SET value = CONCAT(value, ' — new') \
         WHERE entity_id = {id} AND store_id = 0 AND attribute_id = {name}"
    ));
    let expected =
        named(shop, &format!("SELECT e.sku, s.code FROM catalog_product_entity e {SOLD} WHERE e.entity_id = {id}"));
    assert_eq!(expected.len(), 3, "three store views");
    assert_eq!(shop.run_well().await, 1);
    let sent = shop.sent_by(&before).await;
    assert_eq!(keys(&sent), expected);
    assert!(sent.values().all(|item| item.item["name"].as_str().is_some_and(|name| name.ends_with(" — new"))));
}

async fn a_product_nobody_points_to_is_deleted(shop: &Shop) {
    let before = shop.kept().await;
    let id = &shop.database.query(&format!(
        "SELECT e.entity_id FROM catalog_product_entity e WHERE {ALONE} \
         AND NOT EXISTS (SELECT 1 FROM catalog_product_link l WHERE l.linked_product_id = e.entity_id) \
         AND EXISTS (SELECT 1 FROM catalog_product_website w WHERE w.product_id = e.entity_id) ORDER BY e.entity_id LIMIT 1"
    ))[0][0];
    let expected = deletions(&shop.database, id);
    shop.database.execute(&format!("DELETE FROM catalog_product_entity WHERE entity_id = {id}"));
    assert_eq!(shop.run_well().await, 1);
    let sent = shop.sent_by(&before).await;
    assert!(!expected.is_empty() && sent.values().all(|received| received.deleted));
    let payloads: BTreeMap<_, Value> =
        sent.into_iter().map(|(key, received)| (key, without_stamp(Feed::Products, received.item))).collect();
    assert_eq!(payloads, expected);
}

/// The items that showed a link to it are sent again, without the link.
async fn a_product_that_others_link_to_is_deleted(shop: &Shop) {
    let before = shop.kept().await;
    let target = &shop.database.query(&format!(
        "SELECT e.entity_id, e.sku FROM catalog_product_entity e WHERE {ALONE} AND EXISTS \
         (SELECT 1 FROM catalog_product_link l WHERE l.linked_product_id = e.entity_id AND l.link_type_id IN (1, 4, 5)) \
         ORDER BY e.entity_id LIMIT 1"
    ))[0];
    let gone = deletions(&shop.database, &target[0]);
    let linking = named(
        shop,
        &format!(
            "SELECT DISTINCT e.sku, s.code FROM catalog_product_entity e {SOLD} \
             JOIN catalog_product_link l ON l.product_id = e.entity_id AND l.link_type_id IN (1, 4, 5) \
             JOIN catalog_product_website t ON t.product_id = l.linked_product_id AND t.website_id = w.website_id \
             WHERE l.linked_product_id = {id} AND e.entity_id <> {id}",
            id = target[0]
        ),
    );
    assert!(!gone.is_empty() && !linking.is_empty());
    let shows_it = |item: &Value| item["links"].as_array().into_iter().flatten().any(|link| link["sku"] == target[1]);
    assert!(linking.iter().all(|key| shows_it(&before[key].item)));
    shop.database.execute(&format!("DELETE FROM catalog_product_entity WHERE entity_id = {}", target[0]));
    shop.run_well().await;
    let (deleted, changed): (BTreeMap<_, _>, BTreeMap<_, _>) =
        shop.sent_by(&before).await.into_iter().partition(|(_, received)| received.deleted);
    assert_eq!(keys(&deleted), gone.into_keys().collect());
    assert_eq!(keys(&changed), linking);
    assert!(changed.values().all(|received| !shows_it(&received.item)));
}

#[tokio::test]
async fn a_stopped_run_is_completed_by_the_next() {
    let Some(database) = Server::shared().luma() else { return };
    stop_half_way(database).await;
}

/// What `export estimate` counts is what a read collects, feed by feed.
#[tokio::test]
async fn an_estimate_counts_what_is_collected() {
    let Some(database) = Server::shared().luma() else { return };
    let source = Commerce::connect(&database.settings()).await.expect("a connection").with_order_days(0);
    let wanted = [
        (Feed::ScopesWebsite, 2),
        (Feed::ScopesCustomerGroup, 6),
        (Feed::ProductAttributes, 255),
        (Feed::Categories, 74),
        (Feed::Products, 5_812),
        (Feed::Prices, 3_858),
        (Feed::Variants, 1_847),
        (Feed::InventoryStockStatus, 3_764),
        (Feed::Orders, 301),
    ];
    assert_eq!(source.feeds().await.expect("feeds"), wanted.map(|(feed, _)| feed));
    for (feed, items) in wanted {
        assert_eq!(source.estimate(feed).await.expect("an estimate"), items, "{feed}");
        assert_eq!(collected(&source, feed).await, items, "{feed}");
    }
}

/// How many items a read of the whole feed gives.
async fn collected(source: &Commerce, feed: Feed) -> u64 {
    let (sender, mut pages) = mpsc::channel(1);
    let reading = tokio::spawn({
        let source = source.clone();
        async move { source.read(feed, &Selection::All, sender).await }
    });
    let mut items = 0;
    while let Some(page) = pages.recv().await {
        items += page.collected.len() as u64;
    }
    reading.await.expect("no panic").expect("the feed is read");
    items
}
