//! An insert, an update and a delete of every table that a change log of ours is written from: those that no other test plays,
//! and a proof that none is left out.

use std::collections::BTreeSet;
use std::path::Path;

use commerce_connector::domain::Feed;
use commerce_connector::export::SyncMode;

use super::kit::Shop;
use super::luma::{self, small_luma};
use super::tables::Shows::{self, No, Perhaps, Yes};
use super::tables::{self, play};

const OF_CATEGORIES: &[(&str, Shows)] = &[
    (
        "INSERT INTO catalog_category_entity (entity_id, attribute_set_id, parent_id, path, position, level, children_count) \
         VALUES (9001, 3, 3, '1/2/3/9001', 9, 3, 0); \
         INSERT INTO catalog_category_entity_varchar (attribute_id, store_id, entity_id, value) \
         VALUES (45, 0, 9001, 'New'), (119, 0, 9001, 'new'), (120, 0, 9001, 'gear/new')",
        Yes,
    ),
    ("UPDATE catalog_category_entity SET position = 8 WHERE entity_id = 9001", Yes),
    ("DELETE FROM catalog_category_entity WHERE entity_id = 9001", Yes),
    ("INSERT INTO catalog_category_entity_int (attribute_id, store_id, entity_id, value) VALUES (46, 2, 3, 0)", Yes),
    (
        "UPDATE catalog_category_entity_int SET value = 1 WHERE attribute_id = 46 AND store_id = 2 AND entity_id = 3",
        Yes,
    ),
    (
        "UPDATE catalog_category_entity_int SET value = 0 WHERE attribute_id = 46 AND store_id = 2 AND entity_id = 3",
        Yes,
    ),
    ("DELETE FROM catalog_category_entity_int WHERE attribute_id = 46 AND store_id = 2 AND entity_id = 3", Yes),
    (
        "INSERT INTO catalog_category_entity_text (attribute_id, store_id, entity_id, value) VALUES (47, 2, 3, 'Eins')",
        Yes,
    ),
    ("UPDATE catalog_category_entity_text SET value = 'Zwei' WHERE store_id = 2 AND entity_id = 3", Yes),
    ("DELETE FROM catalog_category_entity_text WHERE store_id = 2 AND entity_id = 3", Yes),
    (
        "INSERT INTO catalog_category_entity_varchar (attribute_id, store_id, entity_id, value) VALUES (49, 2, 3, 'Eins')",
        Yes,
    ),
    (
        "UPDATE catalog_category_entity_varchar SET value = 'Zwei' WHERE attribute_id = 49 AND store_id = 2 AND entity_id = 3",
        Yes,
    ),
    ("DELETE FROM catalog_category_entity_varchar WHERE attribute_id = 49 AND store_id = 2 AND entity_id = 3", Yes),
    // No field of an item is a date or a decimal.
    (
        "INSERT INTO catalog_category_entity_datetime (attribute_id, store_id, entity_id, value) VALUES (61, 0, 3, '2026-01-02')",
        No,
    ),
    ("UPDATE catalog_category_entity_datetime SET value = '2026-01-03' WHERE attribute_id = 61 AND entity_id = 3", No),
    ("DELETE FROM catalog_category_entity_datetime WHERE attribute_id = 61 AND entity_id = 3", No),
    ("INSERT INTO catalog_category_entity_decimal (attribute_id, store_id, entity_id, value) VALUES (72, 0, 3, 5)", No),
    ("UPDATE catalog_category_entity_decimal SET value = 6 WHERE attribute_id = 72 AND entity_id = 3", No),
    ("DELETE FROM catalog_category_entity_decimal WHERE attribute_id = 72 AND entity_id = 3", No),
];

const OF_ATTRIBUTES: &[(&str, Shows)] = &[
    (
        "INSERT INTO eav_attribute (attribute_id, entity_type_id, attribute_code, backend_type, frontend_input, frontend_label) \
         VALUES (901, 4, 'new_one', 'varchar', 'text', 'New')",
        No, // not an attribute of the catalogue yet
    ),
    ("INSERT INTO catalog_eav_attribute (attribute_id, is_visible_on_front) VALUES (901, 1)", Yes),
    ("UPDATE catalog_eav_attribute SET search_weight = 9 WHERE attribute_id = 901", Yes),
    ("UPDATE eav_attribute SET frontend_label = 'Newer' WHERE attribute_id = 901", Yes),
    ("DELETE FROM catalog_eav_attribute WHERE attribute_id = 901", Yes),
    ("DELETE FROM eav_attribute WHERE attribute_id = 901", No),
];

const OF_SCOPES: &[(&str, Shows)] = &[
    ("INSERT INTO store_website (website_id, code, name) VALUES (9, 'nine', 'Nine')", Yes),
    (
        "INSERT INTO store_group (group_id, website_id, name, root_category_id, code) VALUES (9, 9, 'Nine', 2, 'nine')",
        Yes,
    ),
    (
        "INSERT INTO store (store_id, code, website_id, group_id, name, is_active) VALUES (9, 'nine', 9, 9, 'Nine', 1)",
        Yes,
    ),
    ("UPDATE store SET code = 'neuf' WHERE store_id = 9", Yes),
    ("UPDATE store_group SET code = 'neuf' WHERE group_id = 9", Yes),
    ("UPDATE store_website SET code = 'neuf' WHERE website_id = 9", Yes),
    ("DELETE FROM store WHERE store_id = 9", Yes),
    ("DELETE FROM store_group WHERE group_id = 9", Yes),
    ("DELETE FROM store_website WHERE website_id = 9", Yes),
];

const OF_GROUPS: &[(&str, Shows)] = &[
    ("INSERT INTO customer_group (customer_group_id, customer_group_code, tax_class_id) VALUES (99, 'New', 3)", Yes),
    ("UPDATE customer_group SET customer_group_code = 'Renamed' WHERE customer_group_id = 99", Perhaps),
    ("DELETE FROM customer_group WHERE customer_group_id = 99", Yes),
];

const OF_PRODUCTS: &[(&str, Shows)] = &[
    (
        "INSERT INTO catalog_product_bundle_option (option_id, parent_id, position, type) VALUES (9, 45, 9, 'radio')",
        Perhaps,
    ),
    (
        "INSERT INTO catalog_product_bundle_option_value (option_id, store_id, title, parent_product_id) VALUES (9, 0, 'More', 45)",
        Perhaps,
    ),
    (
        "INSERT INTO catalog_product_bundle_selection (selection_id, option_id, parent_product_id, product_id, selection_qty) \
         VALUES (901, 9, 45, 1, 1)",
        Yes,
    ),
    ("DELETE FROM catalog_product_bundle_option_value WHERE option_id = 9", Yes),
    ("DELETE FROM catalog_product_bundle_option WHERE option_id = 9", Yes),
    ("UPDATE catalog_product_relation SET child_id = 2 WHERE parent_id = 45 AND child_id = 1", Perhaps),
    ("INSERT INTO catalog_product_relation VALUES (45, 3)", Yes),
    ("UPDATE catalog_product_relation SET parent_id = 62 WHERE parent_id = 45 AND child_id = 3", Yes),
    ("UPDATE catalog_product_website SET website_id = 2 WHERE product_id = 1 AND website_id = 1", Yes),
    ("DELETE FROM cataloginventory_stock_item WHERE product_id = 1", Perhaps),
    ("INSERT INTO cataloginventory_stock_item (product_id, stock_id, qty, is_in_stock) VALUES (1, 1, 5, 1)", Perhaps),
    ("DELETE FROM catalog_product_entity WHERE entity_id = 8", Yes),
];

const OF_PRICES_AND_VARIANTS: &[(&str, Shows)] = &[
    (
        "INSERT INTO catalogrule_product_price_replica (rule_date, customer_group_id, product_id, rule_price, website_id) \
         VALUES (CURRENT_DATE, 1, 1, 3, 1)",
        No,
    ),
    ("UPDATE catalogrule_product_price_replica SET rule_price = 4 WHERE product_id = 1", No),
    ("DELETE FROM catalogrule_product_price_replica WHERE product_id = 1", No),
    ("UPDATE catalog_product_website SET website_id = 2 WHERE product_id = 1 AND website_id = 1", Yes),
    ("UPDATE catalog_product_super_link SET parent_id = 78 WHERE parent_id = 62 AND product_id = 47", Yes),
];

/// Order 1005 once more, under another number, and with all that an order needs to be exported.
const A_NEW_ORDER: &str = "CREATE TEMPORARY TABLE o SELECT * FROM sales_order WHERE entity_id = 1005; \
     CREATE TEMPORARY TABLE p SELECT * FROM sales_order_payment WHERE parent_id = 1005; \
     UPDATE o SET entity_id = 9005, increment_id = 'N-9005', updated_at = NOW(); UPDATE p SET entity_id = 9005, parent_id = 9005; \
     INSERT INTO data_exporter_uuid (uuid, entity_id, type) VALUES ('99999999-0000-4000-8000-000000000001', 9005, 'order'); \
     INSERT INTO sales_order SELECT * FROM o; INSERT INTO sales_order_payment SELECT * FROM p";

const OF_ORDERS: &[(&str, Shows)] = &[
    (A_NEW_ORDER, Yes),
    ("INSERT INTO sales_creditmemo (order_id, base_adjustment, increment_id) VALUES (9005, 3, 'C-1')", Yes),
    (
        "INSERT INTO sales_payment_transaction (order_id, payment_id, txn_id, txn_type) VALUES (9005, 9005, 'T-1', 'capture')",
        Yes,
    ),
];

/// Plays changes of these feeds on a shop that was compared in full.
async fn play_on_luma(feeds: &[Feed], changes: &[(&str, Shows)]) {
    let Some(database) = small_luma() else { return };
    let shop = Shop::new(database, feeds).await;
    shop.run_well(SyncMode::Full).await;
    play(&shop, changes).await;
}

#[tokio::test]
async fn luma_categories() {
    play_on_luma(&[Feed::Categories], OF_CATEGORIES).await;
}

/// Each by itself: what a scope means for the items of other feeds is told by a full sync (`docs/running.md`).
#[tokio::test]
async fn luma_attributes_and_scopes() {
    play_on_luma(&[Feed::ProductAttributes], OF_ATTRIBUTES).await;
    play_on_luma(&[Feed::ScopesWebsite], OF_SCOPES).await;
    play_on_luma(&[Feed::ScopesCustomerGroup], OF_GROUPS).await;
}

#[tokio::test]
async fn luma_products() {
    play_on_luma(&[Feed::Products], OF_PRODUCTS).await;
}

#[tokio::test]
async fn luma_prices_and_variants() {
    play_on_luma(&[Feed::Prices, Feed::Variants], OF_PRICES_AND_VARIANTS).await;
}

/// Orders are stamped anew each time, so that a full compare tells nothing here: a pass sends the one that changed.
#[tokio::test]
async fn luma_orders() {
    let Some(shop) = tables::shop_with_orders().await else { return };
    for (sql, _) in OF_ORDERS {
        shop.database.execute(sql);
        let sent = shop.pass().await;
        assert!(sent.len() == 1 && sent.iter().all(|(_, key, gone)| key.contains("9005") && !gone), "{sql}: {sent:?}");
    }
}

#[test]
fn no_watched_table_is_left_out() {
    let triggers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/triggers.sql");
    let Ok(triggers) = std::fs::read_to_string(&triggers) else {
        println!("Commerce's triggers are absent, this test is skipped: {}", triggers.display());
        return;
    };
    let logs: Vec<String> = Feed::ALL.iter().filter_map(|feed| Some(feed.in_commerce()?.change_log())).collect();
    let watched: BTreeSet<(&str, &str)> = triggers
        .split("CREATE TRIGGER ")
        .filter(|trigger| logs.iter().any(|log| trigger.contains(&format!("INSERT IGNORE INTO `{log}`"))))
        .map(|trigger| {
            let mut words = trigger.split_whitespace().skip_while(|word| *word != "AFTER").skip(1);
            let event = words.next().expect("an event");
            (event, words.nth(1).expect("a table").trim_matches('`'))
        })
        .collect();
    assert!(watched.len() > 100, "{} triggers were understood", watched.len());
    let lists = [OF_CATEGORIES, OF_ATTRIBUTES, OF_SCOPES, OF_GROUPS, OF_PRODUCTS, OF_PRICES_AND_VARIANTS, OF_ORDERS];
    let here = lists.into_iter().flatten().map(|(sql, _)| *sql);
    let played: Vec<String> = here.chain(tables::statements()).map(str::to_owned).chain(luma::statements()).collect();
    let is_played = |(event, table): &(&str, &str)| {
        let begin = match *event {
            "INSERT" => format!("INSERT INTO {table} "),
            "UPDATE" => format!("UPDATE {table} SET "),
            _ => format!("DELETE FROM {table} "),
        };
        played.iter().any(|sql| sql.contains(&begin))
    };
    let left_out: Vec<_> = watched.into_iter().filter(|trigger| !is_played(trigger)).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
}
