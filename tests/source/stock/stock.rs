//! `inventoryStockStatus`: each rule of the map, by hand.

use commerce_connector::domain::Feed;
use commerce_connector::error::Explain as _;
use commerce_connector::feeds::source::Selection;
use serde_json::{Value, json};

use super::support::mariadb::{Server, TestDatabase};
use super::{Read, STOCK, connect, ids, read, read_from};

const FEED: Feed = Feed::InventoryStockStatus;

/// What the shop of `stock.sql` gives.
fn expected() -> Value {
    let item = |stock: &str, id: u64, sku: &str, qty: f64, for_sale: f64, is_salable: bool, is_infinite: bool| {
        json!({"stockId": stock, "sku": sku, "productId": id, "qty": qty, "qtyForSale": for_sale, "isSalable": is_salable,
               "infiniteStock": is_infinite})
    };
    json!([
        // 10 - 3 + 0.5, and 4 - 1.
        item("1", 500, "CFG", 10.0, 7.5, true, false),
        item("2", 500, "CFG", 4.0, 3.0, true, false),
        // No stock item: in no default stock, and as configured in others.
        item("2", 501, "NO-ITEM", 0.0, -2.0, false, false),
        item("1", 502, "UNMANAGED", 0.0, 0.0, true, true),
        item("2", 502, "UNMANAGED", 7.0, 7.0, true, true),
        item("1", 503, "BACK", -3.0, -3.0, true, true),
        // Backorders end at a minimum of 5.
        item("1", 504, "BACK-MIN", 2.5, 2.5, false, false),
        // Not of the source `default`: in no default stock.
        item("2", 505, "NO-SOURCE", 12.25, 12.25, true, false),
        item("1", 507, "OWN-MANAGED", 0.0, 0.0, false, false),
        item("1", 508, "Größe \"M\" – 東京", 0.1, 0.3, true, false),
    ])
}

fn assert_is_whole(read: &Read) {
    assert_eq!(read.json(), expected());
    assert!(read.items.iter().all(|(id, fields)| fields["productId"] == json!(id)));
    assert_eq!(
        read.complaints(),
        ["product 506: it has no SKU, which stock is stored by; set one in the Admin, or delete it"]
    );
}

#[tokio::test]
async fn every_product_in_every_stock() {
    let shop = Server::shared().shop_with(&[STOCK]);
    let all = read(&shop, FEED).await;
    assert_is_whole(&all);
    assert_eq!((all.records, connect(&shop).await.count(FEED).await.expect("a count")), (12, Some(12)));

    let some =
        read_from(&connect(&shop).await, FEED, Selection::Ids(vec!["CFG".into(), "503".into(), "no".into()])).await;
    assert_eq!(some.items.len(), 3);
    assert_eq!(some.complaints(), ["inventoryStockStatus no: not in the database"]);

    // What the shop configured for everything counts where a product leaves it to that.
    let infinite = |read: &Read| -> Vec<Value> {
        let all = read.items.iter().filter(|(_, fields)| fields["infiniteStock"] == json!(true));
        all.map(|(_, fields)| fields["sku"].clone()).collect()
    };
    let setting = |name: &str, value: u8| {
        shop.execute(&format!(
            "UPDATE core_config_data SET value = '{value}' WHERE scope_id = 0 AND path = 'cataloginventory/item_options/{name}'"
        ));
    };
    setting("backorders", 2);
    let every =
        ["CFG", "CFG", "NO-ITEM", "UNMANAGED", "UNMANAGED", "BACK", "BACK-MIN", "NO-SOURCE", "Größe \"M\" – 東京"];
    assert_eq!(infinite(&read(&shop, FEED).await), every, "all but the one that is managed by its own word");
    setting("backorders", 0);
    setting("manage_stock", 0);
    assert_eq!(infinite(&read(&shop, FEED).await), every);
}

#[tokio::test]
async fn staging_and_a_table_prefix_give_the_same() {
    let shop = Server::shared().staged_shop_with(&[STOCK]);
    // A version to come, under another SKU, which the view shows as well.
    shop.execute(
        "UPDATE shop_catalog_product_entity SET updated_in = 2147480000, updated_at = updated_at WHERE entity_id = 500; \
         INSERT INTO shop_catalog_product_entity (row_id, entity_id, sku, created_in) VALUES (5500, 500, 'CFG-NEXT', 2147480000); \
         INSERT INTO shop_inventory_stock_2 VALUES ('CFG-NEXT', 77, 1)",
    );
    assert_is_whole(&read(&shop, FEED).await);
}

#[tokio::test]
async fn what_is_missing_is_no_data() {
    let shop = Server::shared().shop_with(&[STOCK]);
    shop.execute("DROP TABLE inventory_reservation; DROP TABLE inventory_stock_2");
    let left = read(&shop, FEED).await;
    assert_eq!(left.items.len(), 6);
    assert!(left.items.iter().all(|(_, fields)| fields["stockId"] == "1" && fields["qtyForSale"] == fields["qty"]));
    shop.execute("DROP VIEW inventory_stock_1");
    assert_eq!(read(&shop, FEED).await.items, []);

    shop.execute("DROP TABLE inventory_stock");
    let commerce = connect(&shop).await;
    assert!(!commerce.feeds().await.expect("feeds").contains(&FEED));
    let absent = commerce.absent();
    let reason = &absent.iter().find(|(feed, _)| *feed == FEED).expect("absent").1;
    assert_eq!(reason.as_str(), "its table inventory_stock is missing");
}

/// A dump brings the view along, and its definer stays behind.
fn with_a_strange_view(security: &str) -> TestDatabase {
    let shop = Server::shared().shop_with(&[STOCK]);
    shop.execute(&format!("CREATE OR REPLACE DEFINER = ghost@elsewhere SQL SECURITY {security} VIEW inventory_stock_1 AS \
         SELECT DISTINCT s.product_id, s.website_id, s.stock_id, s.qty AS quantity, s.stock_status AS is_salable, p.sku \
         FROM cataloginventory_stock_status s JOIN catalog_product_entity p ON p.entity_id = s.product_id"));
    shop
}

#[tokio::test]
async fn a_view_whose_definer_is_gone() {
    // Commerce makes it so that it asks as whoever reads it, and then nobody needs the definer.
    assert_is_whole(&read(&with_a_strange_view("INVOKER"), FEED).await);

    let shop = with_a_strange_view("DEFINER");
    let commerce = connect(&shop).await;
    let (sender, mut pages) = tokio::sync::mpsc::channel(1);
    let error = commerce.read(FEED, &ids([500]), sender).await.expect_err("it cannot be read");
    assert!(
        pages.recv().await.is_none(),
        "not even the other stocks: nobody is to think that the default stock is empty"
    );
    let text = error.to_string();
    for words in [
        "inventoryStockStatus",
        "inventory_stock_1 cannot be read",
        "ghost",
        "recreate it with an existing \
                                                                                        definer",
    ] {
        assert!(text.contains(words), "{words:?} is missing in: {text}");
    }
    assert_eq!(error.exit(), commerce_connector::error::Exit::Other);
    assert_eq!(read(&shop, Feed::ScopesWebsite).await.items.len(), 2, "the other feeds go on");
}
