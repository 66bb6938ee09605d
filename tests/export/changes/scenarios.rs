//! What can happen to a change log and to what no log tells, each met by the passes of a watch, which share a connection, and by
//! cron's, each of which is a program of its own. Nothing may be missed, and a full compare costs one reason.

use commerce_connector::domain::Feed;
use commerce_connector::export::SyncMode;

use super::kit::{Pace, Sent, Shop, products};
use super::support::mariadb::Server;
use super::{LOGS, logged_shop, rename};

pub const PACES: [Pace; 2] = [Pace::Watch, Pace::Cron];

/// The items of product 101.
pub fn one() -> Sent {
    products("A-2", &["default", "de"], false)
}

/// Passes that find nothing, until nothing is looked at any more.
pub async fn settle(shop: &Shop) {
    for _ in 0..4 {
        shop.age(61);
        assert_eq!(shop.pass().await, Sent::new());
    }
    assert_eq!(shop.gaps(), 0);
}

pub async fn followed(pace: Pace) -> Shop {
    let shop = Shop::at_pace(logged_shop(), &[Feed::Products], pace).await;
    shop.run_well(SyncMode::Full).await;
    shop.log(Feed::Products, 100);
    assert_eq!(shop.pass().await, Sent::new());
    settle(&shop).await;
    shop
}

/// A pass that compares everything once, for this reason, and finds product 101; the next has nothing to say.
pub async fn costs_one_full_compare(shop: &Shop, reason: &str) {
    let (sent, notes) = shop.pass_with_notes().await;
    assert!(
        notes.len() == 1 && notes[0].contains("compared in full, because") && notes[0].contains(reason),
        "{notes:?}"
    );
    assert_eq!(sent, one(), "{reason}");
    assert_eq!(shop.pass().await, Sent::new(), "{reason}");
    rename(shop, 101, "Followed again");
    shop.log(Feed::Products, 101);
    assert_eq!(shop.pass().await, one(), "{reason}");
}

/// A log that is not the one that was followed any more.
#[tokio::test]
async fn another_log_costs_one_full_compare() {
    for pace in PACES {
        for (spoil, reason) in [
            (
                "INSERT INTO cde_products_feed_cl VALUES (9, 100); DELETE FROM cde_products_feed_cl WHERE version_id < 9",
                "cut",
            ),
            ("INSERT INTO cde_products_feed_cl VALUES (9, 100); DELETE FROM cde_products_feed_cl", "cut"),
            ("TRUNCATE cde_products_feed_cl", ""),
            (
                "TRUNCATE cde_products_feed_cl; INSERT INTO cde_products_feed_cl (entity_id) VALUES (200), (200), (200)",
                "",
            ),
            (
                "DELETE FROM cde_products_feed_cl; INSERT INTO cde_products_feed_cl VALUES (1, 200), (2, 200), (3, 200)",
                "has changed",
            ),
            (
                "CREATE TABLE kept AS SELECT * FROM cde_products_feed_cl; DROP TABLE cde_products_feed_cl; \
              CREATE TABLE cde_products_feed_cl LIKE cde_categories_feed_cl; \
              INSERT INTO cde_products_feed_cl SELECT * FROM kept; DROP TABLE kept",
                "recreated",
            ),
        ] {
            let shop = followed(pace).await;
            shop.a_second_passes();
            shop.database.execute(spoil);
            rename(&shop, 101, "Lost in the log");
            costs_one_full_compare(&shop, reason).await;
        }
    }
}

#[tokio::test]
async fn a_log_that_commerce_cleans_is_followed() {
    for pace in PACES {
        let shop = followed(pace).await;
        for _ in 0..30 {
            shop.log(Feed::Products, 200);
        }
        assert_eq!(shop.pass().await, Sent::new());
        rename(&shop, 101, "After the cleaning");
        shop.log(Feed::Products, 101);
        shop.database.execute("DELETE FROM cde_products_feed_cl WHERE version_id < 25");
        assert_eq!(shop.pass().await, one());
        shop.database.execute("DELETE FROM cde_products_feed_cl");
        settle(&shop).await;
    }
}

#[tokio::test]
async fn a_view_that_was_disabled_in_between_is_not_followed_from_where_it_was_left() {
    for pace in PACES {
        let shop = followed(pace).await;
        let mode = |mode: &str| {
            shop.database
                .execute(&format!("UPDATE mview_state SET mode = '{mode}' WHERE view_id = 'cde_products_feed'"));
        };
        mode("disabled");
        let (sent, notes) = shop.daily_pass().await;
        assert!(sent.is_empty() && notes[0].contains("not set to Update by Schedule"), "{notes:?}");
        rename(&shop, 101, "While it was disabled");
        mode("enabled");
        costs_one_full_compare(&shop, "was not followed before").await;
    }
}

#[tokio::test]
async fn triggers_that_are_missing_or_made_anew_are_noticed() {
    for pace in PACES {
        let shop = followed(pace).await;
        let trigger = shop.database.query(
            "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() \
             AND event_object_table = 'catalog_product_entity_varchar' AND event_manipulation = 'UPDATE'",
        );
        shop.database.execute(&format!("DROP TRIGGER {}", trigger[0][0]));
        rename(&shop, 101, "Without a trigger");
        let (sent, notes) = shop.pass_with_notes().await;
        assert_eq!(sent, one());
        assert!(notes[0].contains("catalog_product_entity_varchar are missing"), "{notes:?}");
        shop.database.watch_idly();
        rename(&shop, 101, "Before it was back");
        costs_one_full_compare(&shop, "was not followed before").await;
        shop.a_second_passes();
        shop.database.watch_idly();
        rename(&shop, 101, "While they were made anew");
        costs_one_full_compare(&shop, "triggers of its change log were recreated").await;
    }
}

/// What no log names, and which costs a full compare of the products.
const SHAPES_MANY: &[&str] = &[
    "INSERT INTO core_config_data (scope, scope_id, path, value) VALUES ('websites', 1, 'currency/options/base', 'CHF')",
    "UPDATE core_config_data SET value = 'https://new.example/' WHERE path = 'web/unsecure/base_url' AND scope_id = 0",
    "UPDATE store SET code = 'deutsch' WHERE store_id = 2",
    "UPDATE store_group SET code = 'renamed' WHERE group_id = 1",
    "UPDATE store_website SET code = 'europe' WHERE website_id = 2; UPDATE inventory_stock_sales_channel SET code = 'europe' WHERE code = 'eu'",
    "UPDATE tax_class SET class_name = 'Taxed' WHERE class_id = 2",
    "UPDATE eav_attribute SET frontend_label = 'Colour?' WHERE attribute_id = 93",
    "UPDATE inventory_stock_sales_channel SET stock_id = 1 WHERE stock_id = 2",
];

/// What no log names, and which reaches some products.
const SHAPES_SOME: &[&str] = &[
    "UPDATE eav_attribute_option_value SET value = 'Crimson' WHERE option_id = 5 AND store_id = 0",
    "UPDATE eav_attribute_option_value SET value = 'Trucks' WHERE option_id = 8",
    "UPDATE eav_attribute_option_swatch SET value = '#ff0001' WHERE option_id = 5 AND store_id = 0",
    "DELETE FROM eav_attribute_option_value WHERE option_id = 9",
    "UPDATE catalog_category_entity_varchar SET value = 'moved' WHERE attribute_id = 5 AND entity_id = 3 AND store_id = 0",
    "INSERT INTO url_rewrite VALUES (99, 'product', 203, 'tee-again.html', 'catalog/product/view/id/203', 0, 1, NULL)",
    "INSERT INTO catalog_product_link VALUES (99, 201, 200, 1)",
    "INSERT INTO catalog_product_option VALUES (99, 203, 'field', 0, NULL, 5, NULL, NULL, NULL, 1); \
     INSERT INTO catalog_product_option_title VALUES (99, 0, 'More')",
];

#[tokio::test]
async fn what_shapes_many_items_costs_a_full_compare_and_what_shapes_some_only_those() {
    for pace in PACES {
        let shop = followed(pace).await;
        for (changes, is_full) in [(SHAPES_MANY, true), (SHAPES_SOME, false)] {
            for sql in changes {
                shop.database.execute(sql);
                let (sent, notes) = shop.pass_with_notes().await;
                assert!(!sent.is_empty(), "{sql}");
                assert_eq!((notes.len(), shop.left().await), (usize::from(is_full), vec![]), "{sql}: {notes:?}");
                assert_eq!(shop.pass().await, Sent::new(), "{sql}");
            }
        }
    }
}

/// Commerce's index of the default stock, on schedule: its state and its log.
const STOCK_INDEX: &str = "INSERT INTO mview_state (view_id, mode, version_id) VALUES ('cataloginventory_stock', 'enabled', 0); \
     CREATE TABLE cataloginventory_stock_cl LIKE cde_products_feed_cl; \
     CREATE TABLE indexer_state (state_id INT UNSIGNED PRIMARY KEY AUTO_INCREMENT, indexer_id VARCHAR(255), \
                                 status VARCHAR(16), updated DATETIME); \
     INSERT INTO indexer_state (indexer_id, status, updated) \
     VALUES ('cataloginventory_stock', 'valid', '2026-01-01'), ('catalog_data_exporter_products', 'valid', '2026-01-01')";

async fn with_a_stock_index(pace: Pace) -> Shop {
    let database = logged_shop();
    database.execute(STOCK_INDEX);
    let shop = Shop::at_pace(database, &[Feed::Products], pace).await;
    shop.run_well(SyncMode::Full).await;
    shop
}

/// The items of product 200 where its stock is the default one.
fn bag() -> Sent {
    products("BAG", &["default", "de"], false)
}

#[tokio::test]
async fn an_index_that_is_filled_after_the_log_is_waited_for() {
    for pace in PACES {
        for seconds in [0, 30, 7_200] {
            let shop = with_a_stock_index(pace).await;
            shop.log(Feed::Products, 200);
            shop.database.execute("INSERT INTO cataloginventory_stock_cl (entity_id) VALUES (200)");
            assert_eq!(shop.pass().await, Sent::new());
            shop.age(seconds);
            assert_eq!(shop.pass().await, Sent::new(), "the index is as it was");
            shop.database.execute(
                "UPDATE cataloginventory_stock_status SET stock_status = 0 WHERE product_id = 200 AND website_id = 0; \
                 UPDATE mview_state SET version_id = 1 WHERE view_id = 'cataloginventory_stock'",
            );
            assert_eq!(shop.pass().await, bag(), "after {seconds} s");
            shop.age(61);
            assert_eq!(shop.pass().await, Sent::new());
            let kept: i64 =
                shop.ledger().query_row("SELECT count(*) FROM recheck_keys", [], |row| row.get(0)).expect("read");
            assert_eq!(kept, 0, "what the index has passed is let go of");
        }
    }
}

#[tokio::test]
async fn a_save_that_writes_its_log_first_is_compared_again() {
    for pace in PACES {
        let shop = followed(pace).await;
        shop.log(Feed::Products, 101);
        assert_eq!(shop.pass().await, Sent::new());
        rename(&shop, 101, "Written a moment later");
        shop.age(300);
        assert_eq!(shop.pass().await, one(), "cron comes every five minutes");
    }
}

#[tokio::test]
async fn a_full_sync_that_reads_an_old_index_is_followed_by_a_look_at_what_was_named() {
    for pace in PACES {
        let shop = with_a_stock_index(pace).await;
        shop.log(Feed::Products, 200);
        shop.database.execute("INSERT INTO cataloginventory_stock_cl (entity_id) VALUES (200)");
        shop.run_well(SyncMode::Full).await;
        shop.database.execute(
            "UPDATE cataloginventory_stock_status SET stock_status = 0 WHERE product_id = 200 AND website_id = 0; \
             UPDATE mview_state SET version_id = 1 WHERE view_id = 'cataloginventory_stock'",
        );
        assert_eq!(shop.pass().await, bag());
    }
}

#[tokio::test]
async fn an_index_that_is_invalid_rebuilt_or_exchanged_costs_a_full_compare() {
    for pace in PACES {
        for (spoil, reason) in [
            (
                "UPDATE indexer_state SET updated = '2026-01-02' WHERE indexer_id = 'cataloginventory_stock'",
                "was rebuilt",
            ),
            (
                "UPDATE indexer_state SET status = 'invalid' WHERE indexer_id = 'cataloginventory_stock'",
                "marked invalid",
            ),
            (
                "UPDATE indexer_state SET status = 'invalid' WHERE indexer_id = 'catalog_data_exporter_products'",
                "marked invalid",
            ),
            (
                "CREATE TABLE beside AS SELECT * FROM cataloginventory_stock_status; \
                 RENAME TABLE cataloginventory_stock_status TO outdated, beside TO cataloginventory_stock_status",
                "replaced a table",
            ),
        ] {
            let shop = with_a_stock_index(pace).await;
            shop.a_second_passes();
            shop.database.execute(spoil);
            rename(&shop, 101, "In no log");
            costs_one_full_compare(&shop, reason).await;
        }
        let shop = with_a_stock_index(pace).await;
        shop.database.execute("UPDATE indexer_state SET status = 'working', updated = '2026-01-03'");
        rename(&shop, 101, "In no log");
        assert_eq!(shop.pass().await, Sent::new(), "what an index comes to is told when it is done");
        shop.database.execute("UPDATE indexer_state SET status = 'valid', updated = '2026-01-04'");
        costs_one_full_compare(&shop, "was rebuilt").await;
    }
}

#[tokio::test]
async fn what_a_product_was_part_of_is_compared_when_it_leaves() {
    for pace in PACES {
        let shop = followed(pace).await;
        shop.database.execute(
            "DELETE FROM catalog_product_super_link WHERE product_id = 202; DELETE FROM catalog_product_relation WHERE child_id = 202",
        );
        shop.log(Feed::Products, 202);
        assert!(!shop.pass().await.is_empty());
        assert_eq!(shop.left().await, [""; 0], "its former parent was compared");
        // As the database does along foreign keys, which no trigger sees.
        shop.database.execute(
            "DELETE FROM catalog_product_relation WHERE parent_id = 203; DELETE FROM catalog_product_super_link WHERE parent_id = 203; \
             DELETE FROM catalog_product_link WHERE linked_product_id = 203; DELETE FROM catalog_product_website WHERE product_id = 203; \
             DELETE FROM catalog_product_entity WHERE entity_id = 203",
        );
        shop.log(Feed::Products, 203);
        assert!(!shop.pass().await.is_empty());
        assert_eq!(shop.left().await, [""; 0], "its former children, and who linked to it");
    }
}

#[tokio::test]
async fn a_new_day_changes_the_prices_of_rules() {
    let database = Server::shared().price_shop();
    database.execute(LOGS);
    database.execute(
        "CREATE TABLE cde_product_prices_feed_cl LIKE cde_products_feed_cl; \
         INSERT INTO mview_state (view_id, mode, version_id) VALUES ('cde_product_prices_feed', 'enabled', 0)",
    );
    database.watch_idly();
    let columns = "(rule_date, customer_group_id, product_id, rule_price, website_id)";
    database.execute(&format!("INSERT INTO catalogrule_product_price {columns} VALUES ('2026-11-27', 1, 101, 1.5, 1)"));
    let mut shop = Shop::new(database, &[Feed::Prices]).await;
    // Midnight in New York, the time zone of the first website.
    shop.set_clock("2026-11-27T04:59:59Z".parse().expect("a time"));
    shop.run_well(SyncMode::Full).await;
    assert_eq!(shop.pass().await, Sent::new());
    shop.set_clock("2026-11-27T05:00:01Z".parse().expect("a time"));
    let (sent, notes) = shop.pass_with_notes().await;
    assert!(!sent.is_empty() && notes.len() == 1 && notes[0].contains("a new day began"), "{notes:?}");
    assert_eq!((shop.pass().await, shop.left().await), (Sent::new(), vec![]));
}

#[tokio::test]
async fn a_staged_update_that_begins_or_ends_is_found_without_a_log() {
    for pace in PACES {
        let database = Server::shared().staged_product_shop();
        database.execute("DELETE FROM shop_catalog_product_website WHERE product_id IN (208, 209)");
        let mut logs = LOGS.to_owned();
        for name in ["mview_state", "cde_", "scopes_"] {
            logs = logs.replace(&format!("`{name}"), &format!("`shop_{name}"));
        }
        database.execute(&logs);
        database.watch_idly();
        let shop = Shop::at_pace(database, &[Feed::Products], pace).await;
        shop.run_well(SyncMode::Full).await;
        assert_eq!(shop.pass().await, Sent::new());
        // Now, by the server's clock, the version of product 201 that was to come is the current one; then it ends.
        let boundary = |from: u64, to: u64| {
            shop.database.execute(&format!(
                "UPDATE shop_catalog_product_entity SET updated_in = {to} WHERE entity_id = 201 AND updated_in = {from}; \
                 UPDATE shop_catalog_product_entity SET created_in = {to} WHERE entity_id = 201 AND created_in = {from}"
            ));
        };
        shop.a_second_passes();
        let now = shop.database.number("SELECT UNIX_TIMESTAMP()");
        boundary(2_147_480_000, now);
        let begun = shop.pass().await;
        assert!(begun.iter().any(|(_, key, _)| key.contains("TEE-RED")), "{begun:?}");
        assert_eq!((shop.pass().await, shop.left().await), (Sent::new(), vec![]));
    }
}
