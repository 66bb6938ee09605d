//! The rest of the tables that Commerce's triggers watch: after each change a pass, and then a full compare that finds nothing
//! which the logs did not tell. A pass sends only what differs, so nothing else was sent either.

use commerce_connector::domain::Feed;
use commerce_connector::export::SyncMode;
use serde_json::json;

use super::kit::{Sent, Shop};
use super::luma::small_luma;
use super::support::mariadb::Server;

/// Whether a change is one of what items show.
#[derive(Clone, Copy, PartialEq)]
pub enum Shows {
    Yes,
    No,
    /// Items show what an indexer of Commerce makes of it, or what is true today.
    Perhaps,
}
use Shows::{No, Perhaps, Yes};

/// What belongs to a product.
const OF_A_PRODUCT: &[(&str, Shows)] = &[
    (
        "INSERT INTO catalog_product_entity_gallery (attribute_id, store_id, entity_id, value) VALUES (87, 0, 1, 'a')",
        No,
    ),
    ("UPDATE catalog_product_entity_gallery SET position = 3 WHERE entity_id = 1", No),
    ("DELETE FROM catalog_product_entity_gallery WHERE entity_id = 1", No),
    ("UPDATE catalog_product_entity_media_gallery_value SET label = 'Seen' WHERE entity_id = 1 AND store_id = 0", Yes),
    ("DELETE FROM catalog_product_entity_media_gallery_value WHERE entity_id = 1 AND store_id = 2", Yes),
    (
        "INSERT INTO catalog_product_entity_media_gallery_value (value_id, store_id, entity_id, label, position) \
         VALUES (1, 2, 1, 'Wieder', 2)",
        Yes,
    ),
    ("UPDATE cataloginventory_stock_item SET qty = qty + 1 WHERE product_id = 1", Perhaps),
    ("UPDATE catalog_category_product SET position = 5 WHERE product_id = 1", Perhaps),
    ("DELETE FROM catalog_category_product WHERE product_id = 1 AND category_id = 4", Perhaps),
    ("INSERT INTO catalog_category_product (category_id, product_id, position) VALUES (4, 1, 2)", Perhaps),
    ("UPDATE downloadable_link SET number_of_downloads = 7 WHERE product_id = 2041", Yes),
    ("INSERT INTO downloadable_link (product_id, sort_order) VALUES (2041, 9)", Yes),
    ("DELETE FROM downloadable_link WHERE product_id = 2041 AND sort_order = 9", Yes),
    ("INSERT INTO downloadable_sample (product_id, sort_order) VALUES (2041, 9)", Yes),
    ("UPDATE downloadable_sample SET sort_order = 8 WHERE product_id = 2041", Perhaps),
    ("DELETE FROM downloadable_sample WHERE product_id = 2041 AND sort_order = 8", Yes),
    ("UPDATE catalog_product_bundle_option SET required = 1 - required WHERE parent_id = 45 AND option_id = 1", Yes),
    (
        "UPDATE catalog_product_bundle_option_value SET title = 'Choose' WHERE parent_product_id = 45 AND option_id = 1",
        Yes,
    ),
    ("UPDATE catalog_product_bundle_selection SET selection_qty = 2 WHERE selection_id = 1", Yes),
    ("INSERT INTO catalog_product_bundle_selection_price VALUES (1, 1, 0, 5, 45)", Yes),
    ("UPDATE catalog_product_bundle_selection_price SET selection_price_value = 6 WHERE selection_id = 1", Yes),
    ("DELETE FROM catalog_product_bundle_selection_price WHERE selection_id = 1", Yes),
    ("DELETE FROM catalog_product_bundle_selection WHERE selection_id = 2", Yes),
    // A child that is disabled takes its values out of its configurable parent.
    (
        "UPDATE catalog_product_entity_int SET value = 2 WHERE entity_id IN (47, 48, 49) AND attribute_id = \
         (SELECT attribute_id FROM eav_attribute WHERE attribute_code = 'status' AND entity_type_id = 4)",
        Yes,
    ),
    ("UPDATE catalog_product_entity SET sku = 'RENAMED' WHERE entity_id = 62", Yes),
];

/// What belongs to prices and variants.
const OF_PRICES_AND_VARIANTS: &[(&str, Shows)] = &[
    ("UPDATE catalog_product_entity_tier_price SET value = 31 WHERE value_id = 1", Yes),
    (
        "INSERT INTO catalog_product_entity_tier_price (entity_id, all_groups, customer_group_id, qty, value, website_id) \
         VALUES (10, 1, 0, 20, 25, 0)",
        Yes,
    ),
    ("DELETE FROM catalog_product_entity_tier_price WHERE entity_id = 10 AND qty = 20", Yes),
    (
        "UPDATE catalog_product_entity_decimal SET value = value + 1 WHERE entity_id = 1 AND attribute_id = \
         (SELECT attribute_id FROM eav_attribute WHERE attribute_code = 'price' AND entity_type_id = 4)",
        Yes,
    ),
    (
        "INSERT INTO catalogrule_product_price (rule_date, customer_group_id, product_id, rule_price, website_id) \
         VALUES (CURRENT_DATE, 1, 1, 3, 1)",
        Perhaps,
    ),
    ("UPDATE catalogrule_product_price SET rule_price = 4 WHERE product_id = 1", Perhaps),
    ("DELETE FROM catalogrule_product_price WHERE product_id = 1", Perhaps),
    (
        "INSERT INTO catalogrule_product_price_replica (rule_date, customer_group_id, product_id, rule_price, website_id) \
         VALUES (CURRENT_DATE, 1, 1, 3, 1)",
        No,
    ),
    ("DELETE FROM catalog_product_website WHERE product_id = 2 AND website_id = 1", Yes),
    ("INSERT INTO catalog_product_website VALUES (2, 1)", Yes),
    ("DELETE FROM catalog_product_relation WHERE parent_id = 62 AND child_id = 47", Yes),
    ("INSERT INTO catalog_product_relation VALUES (62, 47)", Yes),
    ("DELETE FROM catalog_product_super_link WHERE parent_id = 62 AND product_id = 47", Yes),
    ("INSERT INTO catalog_product_super_link (product_id, parent_id) VALUES (47, 62)", Yes),
    ("UPDATE catalog_product_super_attribute SET position = 5 WHERE product_super_attribute_id = 2", Yes),
    ("DELETE FROM catalog_product_super_attribute WHERE product_id = 62 AND attribute_id = 144", Yes),
    ("INSERT INTO catalog_product_super_attribute (product_id, attribute_id, position) VALUES (62, 144, 0)", Yes),
    ("UPDATE catalog_product_entity SET sku = 'RENAMED' WHERE entity_id = 62", Yes),
];

/// What belongs to stock.
const OF_STOCK: &[(&str, Shows)] = &[
    ("INSERT INTO inventory_reservation (stock_id, sku, quantity) VALUES (1, '24-MB01', -3)", Yes),
    ("UPDATE inventory_reservation SET quantity = -4 WHERE sku = '24-MB01'", Yes),
    ("DELETE FROM inventory_reservation WHERE sku = '24-MB01'", Yes),
    ("UPDATE inventory_source_item SET quantity = 55 WHERE sku = '24-MB01' AND source_code = 'default'", Perhaps),
    ("DELETE FROM inventory_source_item WHERE sku = '24-MB01' AND source_code = 'default'", Yes),
    ("INSERT INTO inventory_source_item (source_code, sku, quantity, status) VALUES ('default', '24-MB01', 9, 1)", Yes),
];

/// What belongs to an order, and which order is sent for it.
const OF_AN_ORDER: &[(&str, Option<&str>)] = &[
    ("UPDATE sales_order SET status = 'changed' WHERE entity_id = 1005", Some("1005")),
    ("UPDATE sales_order SET status = 'changed' WHERE entity_id = 1", None), // it has no UUID
    ("UPDATE sales_invoice SET base_grand_total = base_grand_total + 1 WHERE order_id = 1006", Some("1006")),
    ("INSERT INTO sales_invoice (order_id, base_grand_total, increment_id) VALUES (1005, 5, 'I-1')", Some("1005")),
    ("DELETE FROM sales_invoice WHERE order_id = 1005", Some("1005")),
    ("INSERT INTO sales_shipment (order_id, increment_id) VALUES (1005, 'S-1')", Some("1005")),
    ("UPDATE sales_shipment SET increment_id = 'S-2' WHERE order_id = 1005", Some("1005")),
    ("DELETE FROM sales_shipment WHERE order_id = 1006", Some("1006")),
    ("UPDATE sales_creditmemo SET base_adjustment = 3 WHERE order_id = 2", Some("2")),
    ("DELETE FROM sales_creditmemo WHERE order_id = 2", Some("2")),
    ("UPDATE sales_payment_transaction SET txn_type = 'void' WHERE order_id = 1006", Some("1006")),
    ("DELETE FROM sales_payment_transaction WHERE order_id = 1006", Some("1006")),
    ("DELETE FROM sales_order WHERE entity_id = 1006", None),
];

/// Every statement that a test of this file plays.
pub fn statements() -> impl Iterator<Item = &'static str> {
    let shown = [OF_A_PRODUCT, OF_PRICES_AND_VARIANTS, OF_STOCK].into_iter().flatten().map(|(sql, _)| *sql);
    shown.chain(OF_AN_ORDER.iter().map(|(sql, _)| *sql))
}

pub async fn play(shop: &Shop, changes: &[(&str, Shows)]) {
    for (sql, shows) in changes {
        shop.database.execute(sql);
        let sent = shop.pass().await;
        assert!(*shows == Perhaps || sent.is_empty() == (*shows == No), "{sql}: {sent:?}");
        let mut plan = shop.plan(SyncMode::Full);
        plan.dry_run = true;
        let compared = shop.look(&plan).await;
        let left: Vec<_> = compared.report().progress.feeds.iter().filter(|feed| feed.to_send() > 0).collect();
        assert!(left.is_empty(), "{sql}: {left:?}");
    }
}

#[tokio::test]
async fn luma_what_belongs_to_a_product() {
    let Some(database) = small_luma() else { return };
    let shop = Shop::new(database, &[Feed::Products]).await;
    shop.run_well(SyncMode::Full).await;
    play(&shop, OF_A_PRODUCT).await;
}

#[tokio::test]
async fn luma_what_belongs_to_prices_and_variants() {
    let Some(database) = small_luma() else { return };
    let shop = Shop::new(database, &[Feed::Prices, Feed::Variants]).await;
    shop.run_well(SyncMode::Full).await;
    play(&shop, OF_PRICES_AND_VARIANTS).await;
}

#[tokio::test]
async fn luma_what_belongs_to_stock_is_logged_by_sku() {
    let Some(database) = small_luma() else { return };
    let shop = Shop::new(database, &[Feed::InventoryStockStatus]).await;
    shop.run_well(SyncMode::Full).await;
    play(&shop, OF_STOCK).await;
    // The product is gone, so its SKU leads to no key: what is left of it is in the ledger.
    let stocks = shop.kept().await.keys().filter(|(_, key)| key.contains("24-MB02")).count();
    assert!(stocks > 0);
    shop.database.execute(
        "DELETE FROM inventory_source_item WHERE sku = '24-MB02'; DELETE FROM catalog_product_entity WHERE sku = '24-MB02'",
    );
    let sent = shop.pass().await;
    assert_eq!(sent.len(), stocks);
    assert!(sent.iter().all(|(_, key, deleted)| *deleted && key.contains("24-MB02")), "{sent:?}");
}

#[tokio::test]
async fn luma_the_variants_of_a_parent_that_is_gone_are_deleted() {
    let Some(database) = small_luma() else { return };
    let shop = Shop::new(database, &[Feed::Products, Feed::Variants]).await;
    shop.run_well(SyncMode::Full).await;
    let children = shop.database.query(
        "SELECT p.sku, c.sku FROM catalog_product_super_link l JOIN catalog_product_entity p ON p.entity_id = l.parent_id \
         JOIN catalog_product_entity c ON c.entity_id = l.product_id WHERE l.parent_id = 78",
    );
    let expected: Sent =
        children.iter().map(|row| (Feed::Variants, json!([row[0], row[1]]).to_string(), true)).collect();
    assert!(!expected.is_empty());
    // The links go along a foreign key, which no trigger sees.
    shop.database.execute("DELETE FROM catalog_product_entity WHERE entity_id = 78");
    let mut sent = shop.pass().await;
    sent.retain(|(feed, _, _)| *feed == Feed::Variants);
    assert_eq!(sent, expected);
}

/// A shop of four orders that was compared in full; `None` where the fixture is absent.
pub async fn shop_with_orders() -> Option<Shop> {
    let kept =
        "DELETE FROM sales_order WHERE entity_id NOT IN (1, 2, 1005, 1006); UPDATE mview_state SET version_id = 0";
    let shop = Shop::new(Server::shared().luma_with_triggers(kept)?, &[Feed::Orders]).await;
    shop.run_well(SyncMode::Full).await;
    Some(shop)
}

/// An order is sent again for whatever belongs to it, and only that order; one that is gone is not taken back.
#[tokio::test]
async fn luma_what_belongs_to_an_order() {
    let Some(shop) = shop_with_orders().await else { return };
    assert!(shop.kept().await.is_empty(), "the orders of the fixture are older than what a full sync reads");
    for (sql, order) in OF_AN_ORDER {
        shop.database.execute(sql);
        let sent = shop.pass().await;
        assert!(sent.iter().all(|(_, _, deleted)| !deleted), "{sql}: {sent:?}");
        let numbers = sent.iter().map(|(_, key, _)| key.trim_matches(|c: char| !c.is_ascii_digit()));
        assert_eq!(numbers.collect::<Vec<_>>(), order.iter().copied().collect::<Vec<_>>(), "{sql}");
    }
}
