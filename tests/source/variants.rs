//! The variants feed against a real MariaDB: `tests/fixtures/prices.sql`.

use crate::support;
use commerce_connector::domain::Feed;
use commerce_connector::feeds::content::Fields;
use commerce_connector::feeds::source::{Broken, Selection};
use serde_json::{Value, json};
use support::mariadb::{Server, TestDatabase};

async fn collect(shop: &TestDatabase) -> (Vec<Fields>, Vec<Broken>) {
    support::prices::collect(shop, Feed::Variants, Selection::All, "2026-07-14T12:00:00Z").await
}

#[tokio::test]
async fn one_item_for_each_child_and_parent() {
    let (items, broken) = collect(&Server::shared().price_shop()).await;
    assert_eq!(broken, []);
    // base64 of configurable/63/5, configurable/63/6, configurable/63/99, configurable/93/9 and configurable/93/10
    let color = |option: &str, label: Value| {
        let uid = match option {
            "5" => "Y29uZmlndXJhYmxlLzYzLzU=",
            "6" => "Y29uZmlndXJhYmxlLzYzLzY=",
            _ => "Y29uZmlndXJhYmxlLzYzLzk5",
        };
        json!({"attributeCode": "color", "uid": uid, "label": label, "valueIndex": option})
    };
    let small = json!({"attributeCode": "size", "uid": "Y29uZmlndXJhYmxlLzkzLzk=", "label": "S", "valueIndex": "9"});
    let medium = json!({"attributeCode": "size", "uid": "Y29uZmlndXJhYmxlLzkzLzEw", "label": "M", "valueIndex": "10"});
    let expected = json!([
        // Each label of an option, and the other colour of the German view with each of its labels, one of which is NULL.
        {"id": "3b1ace2ebcde6f4595c9cd008d2efe2e", "productId": "201", "parentId": "203", "productSku": "TEE-RED",
         "parentSku": "TEE", "optionValues": [color("5", json!("Red")), color("5", json!("Rot")),
         color("6", json!("Blue")), color("6", json!(null)), small]},
        {"id": "aba42e7596924a5e765aa48125d13d6c", "productId": "201", "parentId": "213", "productSku": "TEE-RED",
         "parentSku": "TEE-2", "optionValues": [small]},
        {"id": "1d46ba420b4d7b11334bf35561b3a43d", "productId": "202", "parentId": "203", "productSku": "TEE-BLUE",
         "parentSku": "TEE", "optionValues": [color("6", json!("Blue")), color("6", json!(null)), small]},
        // A disabled child, of an option that is gone.
        {"id": "250211a9ef0ef4d0231348726621d739", "productId": "214", "parentId": "203", "productSku": "TEE-GREEN",
         "parentSku": "TEE", "optionValues": [color("99", json!(null)), medium]},
    ]);
    assert_eq!(json!(items), expected, "and none for a child without any value");
}

#[tokio::test]
async fn staging_and_a_prefix_change_no_item() {
    let plain = collect(&Server::shared().price_shop()).await;
    assert_eq!(collect(&Server::shared().staged_price_shop()).await, plain);
}

#[tokio::test]
async fn what_has_no_sku_is_reported_and_the_feed_goes_on() {
    let shop = Server::shared().price_shop();
    shop.execute("UPDATE catalog_product_entity SET sku = '' WHERE entity_id IN (202, 213)");
    let (items, broken) = collect(&shop).await;
    assert_eq!(items.len(), 2);
    let said: Vec<(&str, &str)> = broken.iter().map(|record| (record.place.as_str(), record.reason.as_str())).collect();
    let advice = "set one in the Admin, or remove the variant from its product";
    let (of_parent, of_child) =
        (format!("product 213 has no SKU; {advice}"), format!("product 202 has no SKU; {advice}"));
    assert_eq!(
        said,
        [("variant 201 of product 213", of_parent.as_str()), ("variant 202 of product 203", of_child.as_str()),]
    );
    assert_eq!((broken[0].source_id, broken[1].source_id), (Some(201), Some(202)));
}

#[tokio::test]
async fn without_labels_options_go_without() {
    let shop = Server::shared().price_shop();
    shop.execute("DROP TABLE eav_attribute_option_value");
    let (items, _) = collect(&shop).await;
    let values = |item: &Fields| item["optionValues"].as_array().map_or(0, Vec::len);
    assert_eq!(items.iter().map(values).collect::<Vec<_>>(), [3, 1, 2, 2]);
    assert!(items.iter().all(|item| item["optionValues"][0]["label"].is_null()));
}
