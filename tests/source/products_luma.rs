//! The products feed of the Luma fixture, where it is there, against queries that know nothing of the program.

use crate::support;
use std::collections::{BTreeMap, BTreeSet};

use commerce_connector::feeds::content::Fields;
use commerce_connector::feeds::source::Selection;
use serde_json::Value;
use support::mariadb::Server;
use support::products::{collect, items};

fn texts(rows: Vec<Vec<String>>) -> BTreeSet<(String, String, String)> {
    rows.into_iter().map(|row| (row[0].clone(), row[1].clone(), row[2].clone())).collect()
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "NULL".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// `(sku, store view, field)` of every item.
fn fields(items: &[Fields], name: &str) -> BTreeSet<(String, String, String)> {
    items.iter().map(|item| (text(item.get("sku")), text(item.get("storeViewCode")), text(item.get(name)))).collect()
}

#[tokio::test]
async fn agrees_with_independent_queries() {
    let Some(shop) = Server::shared().luma() else { return };
    let (items, broken) = collect(&shop, Selection::All).await;
    assert_eq!(broken, []);
    let scope = "catalog_product_entity e JOIN catalog_product_website w ON w.product_id = e.entity_id \
                 JOIN store s ON s.website_id = w.website_id AND s.store_id > 0";
    assert_eq!(items.len() as u64, shop.number(&format!("SELECT COUNT(*) FROM {scope}")));

    // The value of an attribute: the store view's row if there is one, else the default row.
    let value = |code: &str, backend: &str| {
        format!(
            "(SELECT v.value FROM catalog_product_entity_{backend} v JOIN eav_attribute a ON a.attribute_id = v.attribute_id \
             AND a.entity_type_id = 4 AND a.attribute_code = '{code}' \
             WHERE v.entity_id = e.entity_id AND v.store_id IN (0, s.store_id) ORDER BY v.store_id DESC LIMIT 1)"
        )
    };
    let select = |expression: &str| texts(shop.query(&format!("SELECT e.sku, s.code, {expression} FROM {scope}")));
    assert_eq!(fields(&items, "name"), select(&value("name", "varchar")));
    let status = format!("IF({} = 1, 'Enabled', 'Disabled')", value("status", "int"));
    assert_eq!(fields(&items, "status"), select(&status));
    let url_key = value("url_key", "varchar");
    assert_eq!(fields(&items, "urlKey"), select(&url_key));
    let in_stock = "IF(s.website_id = 1, (SELECT IF(i.stock_status, 'true', 'false') FROM cataloginventory_stock_status i \
                    WHERE i.product_id = e.entity_id), (SELECT IF(i.is_salable, 'true', 'false') FROM inventory_stock_2 i \
                    WHERE i.sku = e.sku))";
    assert_eq!(fields(&items, "inStock"), select(&format!("IFNULL({in_stock}, 'false')")));
    let colors = format!(
        "IFNULL((SELECT IFNULL(t.value, d.value) FROM eav_attribute_option_value d LEFT JOIN eav_attribute_option_value t \
         ON t.option_id = d.option_id AND t.store_id = s.store_id WHERE d.store_id = 0 AND d.option_id = {}), 'NULL')",
        value("color", "int")
    );
    let of_color = |item: &Fields| {
        let listed = item["attributes"].as_array().into_iter().flatten();
        let color = listed.into_iter().find(|entry| entry["attributeCode"] == "color");
        text(color.map(|color| &color["value"][0]))
    };
    let found =
        items.iter().map(|item| (text(item.get("sku")), text(item.get("storeViewCode")), of_color(item))).collect();
    assert_eq!(select(&colors), found);
}

#[tokio::test]
async fn categories_media_and_options_agree_too() {
    let Some(shop) = Server::shared().luma() else { return };
    let items = items(&shop).await;
    for (id, view) in [(1, "default"), (2, "de"), (3, "eu_en")] {
        let rows = shop.query(&format!(
            "SELECT e.sku, c.category_id, c.position FROM catalog_category_product_index_store{id} c \
             JOIN catalog_product_entity e ON e.entity_id = c.product_id \
             JOIN catalog_product_website w ON w.product_id = e.entity_id \
             JOIN store s ON s.website_id = w.website_id AND s.store_id = {id} \
             JOIN catalog_category_entity k ON k.entity_id = c.category_id AND k.level > 1"
        ));
        let mut found = BTreeSet::new();
        for item in items.iter().filter(|item| item["storeViewCode"] == view) {
            for entry in item["categoryData"].as_array().into_iter().flatten() {
                assert!(!entry["categoryPath"].as_str().unwrap().is_empty());
                found.insert((
                    text(item.get("sku")),
                    text(entry.get("categoryId")),
                    text(entry.get("productPosition")),
                ));
            }
        }
        assert_eq!(found, texts(rows), "{view}");
    }

    let images = shop.query(
        "SELECT e.sku, COUNT(*) FROM catalog_product_entity_media_gallery_value_to_entity t \
         JOIN catalog_product_entity_media_gallery g ON g.value_id = t.value_id \
         JOIN catalog_product_entity e ON e.entity_id = t.entity_id \
         JOIN catalog_product_website w ON w.product_id = e.entity_id AND w.website_id = 1 \
         WHERE g.media_type = 'image' GROUP BY e.sku",
    );
    let in_default: BTreeMap<&str, &Fields> = items
        .iter()
        .filter(|item| item["storeViewCode"] == "default")
        .map(|item| (item["sku"].as_str().unwrap(), item))
        .collect();
    for row in images {
        let found = in_default[row[0].as_str()]["images"].as_array().map_or(0, Vec::len);
        assert_eq!(found.to_string(), row[1], "{}", row[0]);
    }

    // How many values each configurable product has for each attribute, in the first view.
    let options = shop.query(
        "SELECT p.sku, a.attribute_code, COUNT(DISTINCT v.value) FROM catalog_product_super_attribute sa \
         JOIN catalog_product_entity p ON p.entity_id = sa.product_id \
         JOIN catalog_product_website w ON w.product_id = p.entity_id AND w.website_id = 1 \
         JOIN eav_attribute a ON a.attribute_id = sa.attribute_id \
         JOIN catalog_product_super_link l ON l.parent_id = p.entity_id \
         JOIN catalog_product_entity_int v ON v.entity_id = l.product_id AND v.attribute_id = a.attribute_id \
          AND v.store_id = 0 \
         JOIN catalog_product_entity_int d ON d.entity_id = l.product_id AND d.store_id = 0 AND d.attribute_id = \
          (SELECT attribute_id FROM eav_attribute WHERE attribute_code = 'status' AND entity_type_id = 4) \
         LEFT JOIN catalog_product_entity_int o ON o.entity_id = l.product_id AND o.store_id = 1 \
          AND o.attribute_id = d.attribute_id \
         WHERE IF(o.value_id IS NULL, d.value, o.value) <> 2 GROUP BY p.sku, a.attribute_code",
    );
    assert!(options.len() > 250, "147 products with two attributes each: {}", options.len());
    for row in options {
        let all = &in_default[row[0].as_str()]["optionsV2"];
        let option = all.as_array().unwrap().iter().find(|option| option["id"] == row[1].as_str()).expect("the option");
        assert_eq!(option["values"].as_array().map_or(0, Vec::len).to_string(), row[2], "{} {}", row[0], row[1]);
    }
}

#[tokio::test]
async fn sample_items() {
    let Some(shop) = Server::shared().luma() else { return };
    let items = items(&shop).await;
    let types: BTreeSet<String> = items.iter().map(|item| text(item.get("type"))).collect();
    let expected = ["bundle", "configurable", "downloadable", "grouped", "simple"].map(str::to_owned);
    assert_eq!(types, BTreeSet::from(expected));
    assert!(items.iter().any(|item| !item["videos"].is_null()), "the one video");
    let european = items.iter().filter(|item| item["websiteCode"] == "eu");
    assert!(
        european.into_iter().all(|item| item["currency"] == "EUR" && item["url"].as_str().unwrap().contains("://eu."))
    );
    let heavy = items.iter().find(|item| item.contains_key("weight") && item["websiteCode"] == "eu").expect("a weight");
    assert_eq!(heavy["weightUnit"], "kgs");
}
