//! Rows as shops have them and no catalogue should: what is sent of them, and what is withheld.

use commerce_connector::domain::Feed;
use commerce_connector::feeds::content::Fields;
use commerce_connector::feeds::item::FeedItem;
use commerce_connector::feeds::source::commerce::Commerce;
use commerce_connector::feeds::source::{Broken, Collected, Page, Selection, SourceError};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::mariadb::{Server, TestDatabase};
use crate::support::products::{collect, field, items, option};

/// The pages of a feed, and how reading it ended.
pub async fn pages(shop: &TestDatabase, feed: Feed) -> (Vec<Page>, Result<(), SourceError>) {
    let commerce = Commerce::connect(&shop.settings()).await.expect("a connection");
    let (sender, mut receiver) = mpsc::channel(1);
    let reader = tokio::spawn(async move { commerce.read(feed, &Selection::All, sender).await });
    let mut pages = Vec::new();
    while let Some(page) = receiver.recv().await {
        pages.push(page);
    }
    (pages, reader.await.expect("a reader"))
}

/// The items of a feed.
pub async fn items_of(shop: &TestDatabase, feed: Feed) -> Vec<Fields> {
    let (pages, end) = pages(shop, feed).await;
    end.expect("all pages");
    let fields = |collected| match collected {
        Collected::Item { content, .. } => content.to_fields(),
        Collected::Broken(record) => panic!("{}: {}", record.place, record.reason),
    };
    pages.into_iter().flat_map(|page| page.collected).map(fields).collect()
}

/// A field of a category in a store view; `null` if it is absent.
fn of_category(items: &[Fields], id: &str, view: &str, name: &str) -> Value {
    let is_wanted = |item: &&Fields| item["categoryId"] == id && item["storeViewCode"] == view;
    items.iter().find(is_wanted).and_then(|item| item.get(name)).cloned().unwrap_or_default()
}

/// Sets a value of an attribute.
pub fn set(shop: &TestDatabase, entity: &str, code: &str, backend: &str, id: u32, store: u32, value: &str) {
    let table = format!("catalog_{entity}_entity_{backend}");
    let attribute = format!(
        "(SELECT a.attribute_id FROM eav_attribute a JOIN eav_entity_type t ON t.entity_type_id = a.entity_type_id \
         WHERE t.entity_type_code = 'catalog_{entity}' AND a.attribute_code = '{code}')"
    );
    shop.execute(&format!(
        "DELETE FROM {table} WHERE entity_id = {id} AND store_id = {store} AND attribute_id = {attribute};
         INSERT INTO {table} (attribute_id, store_id, entity_id, value) SELECT {attribute}, {store}, {id}, {value};"
    ));
}

fn told(broken: &[Broken]) -> Vec<String> {
    broken.iter().map(|record| format!("{}: {}", record.place, record.reason)).collect()
}

#[tokio::test]
async fn a_status_that_commerce_does_not_know_is_withheld() {
    let shop = Server::shared().product_shop();
    let (_, before) = collect(&shop, Selection::All).await;
    set(&shop, "product", "status", "int", 200, 0, "0");
    set(&shop, "product", "status", "int", 200, 2, "7");
    set(&shop, "product", "status", "int", 200, 3, "NULL");
    let (all, broken) = collect(&shop, Selection::All).await;
    let new: Vec<String> = told(&broken).into_iter().filter(|text| !told(&before).contains(text)).collect();
    let reason =
        |status| format!("its status is {status:?}, neither 1 (enabled) nor 2 (disabled); save it in the Admin");
    assert_eq!(
        new,
        [
            format!("product 200 (BAG), store view default: {}", reason("0")),
            format!("product 200 (BAG), store view de: {}", reason("7")),
        ]
    );
    assert_eq!(field(&all, "BAG", "eu_en", "status"), "Disabled", "a status that nobody gave");
    let known = broken.iter().find(|record| record.source_id == Some(200)).and_then(|record| record.known.clone());
    assert!(known.is_some(), "or it would count as deleted");
}

#[tokio::test]
async fn a_blank_sku_is_no_identity() {
    let shop = Server::shared().product_shop();
    shop.execute("UPDATE catalog_product_entity SET sku = ' ' WHERE entity_id = 200");
    let (pages, end) = pages(&shop, Feed::Products).await;
    end.expect("all pages");
    let made = |collected| match collected {
        Collected::Item { source_id: Some(200), content } => {
            Some(FeedItem::new(Feed::Products, Some(200), content, Timestamp::UNIX_EPOCH).map(|_| ()))
        }
        _ => None,
    };
    let made: Vec<_> = pages.into_iter().flat_map(|page| page.collected).filter_map(made).collect();
    assert_eq!(made.len(), 3);
    for result in made {
        let error = result.expect_err("no identity").to_string();
        assert_eq!(error, "products item without its identity: sku missing or blank");
    }
}

#[tokio::test]
async fn without_a_category_index_nothing_is_sent() {
    let shop = Server::shared().product_shop();
    // A store view that sells nothing needs none.
    shop.execute(
        "INSERT INTO store_website (website_id, code) VALUES (9, 'later');
         INSERT INTO store_group SELECT 9, 9, root_category_id, 'later' FROM store_group WHERE group_id = 1;
         INSERT INTO store VALUES (9, 'later', 9, 9);",
    );
    assert!(!items(&shop).await.is_empty());
    shop.execute("DROP TABLE catalog_category_product_index_store2");
    let (pages, end) = pages(&shop, Feed::Products).await;
    assert_eq!(pages, []);
    let error = end.expect_err("a missing table").to_string();
    assert!(error.contains("catalog_category_product_index_store2 is missing"), "{error}");
    assert!(error.contains("indexer:reindex catalog_category_product"), "{error}");
}

#[tokio::test]
async fn a_downloadable_product_calls_its_links_what_its_last_store_view_does() {
    let shop = Server::shared().product_shop();
    set(&shop, "product", "links_title", "varchar", 207, 3, "'Teile'");
    let all = items(&shop).await;
    for view in ["default", "de", "eu_en"] {
        assert_eq!(option(&all, "FILM", view, "downloadable")["label"], "Teile", "{view}");
    }
}

#[tokio::test]
async fn a_price_of_a_store_view_counts_beside_a_title_of_it() {
    let shop = Server::shared().product_shop();
    let price = |all: &[Fields]| option(all, "BAG", "eu_en", "custom_option")["values"][0]["price"].clone();
    shop.execute("INSERT INTO catalog_product_option_type_price VALUES (32, 3, 9, 'percent')");
    assert_eq!(price(&items(&shop).await), json!(1.0));
    shop.execute("INSERT INTO catalog_product_option_type_title VALUES (32, 3, NULL)");
    assert_eq!(price(&items(&shop).await), json!(9.0));
}

#[tokio::test]
async fn url_keys_that_are_null_or_empty() {
    let shop = Server::shared().product_shop();
    set(&shop, "category", "url_key", "varchar", 3, 1, "NULL");
    set(&shop, "category", "url_key", "varchar", 3, 2, "''");
    let all = items(&shop).await;
    assert_eq!(field(&all, "BAG", "default", "categories"), json!(["gear", "gear/bags"]));
    assert_eq!(field(&all, "BAG", "de", "categories"), json!(["/bags"]), "an empty key is a segment");
    let categories = items_of(&shop, Feed::Categories).await;
    assert_eq!(of_category(&categories, "4", "default", "urlPath"), "gear/bags");
    assert_eq!(of_category(&categories, "4", "de", "urlPath"), "/bags");
    assert_eq!(of_category(&categories, "3", "de", "urlPath"), "");
}

#[tokio::test]
async fn flags_of_categories_are_numbers_and_absent_where_they_are_null() {
    let shop = Server::shared().product_shop();
    for (code, value) in [("is_active", "1"), ("include_in_menu", "0"), ("is_anchor", "1")] {
        set(&shop, "category", code, "int", 3, 0, value);
        set(&shop, "category", code, "int", 3, 2, "NULL");
        set(&shop, "category", code, "int", 4, 0, "1");
    }
    let all = items_of(&shop, Feed::Categories).await;
    let flags = |id, view| ["isActive", "includeInMenu", "isAnchor"].map(|name| of_category(&all, id, view, name));
    assert_eq!(flags("3", "default"), [json!(1), json!(0), json!(1)]);
    assert_eq!(flags("3", "de"), [Value::Null, Value::Null, Value::Null]);
    assert_eq!(flags("4", "default"), [json!(1), json!(0), json!(1)], "what is above it is not in the menu");
    assert_eq!(flags("4", "de"), [json!(0), json!(0), json!(1)], "what is above it is not active");
}

#[tokio::test]
async fn the_attribute_that_the_exporter_would_create() {
    let shop = Server::shared().product_shop();
    shop.execute(
        "DELETE FROM catalog_eav_attribute WHERE attribute_id IN \
           (SELECT attribute_id FROM eav_attribute WHERE attribute_code = 'ac_downloadable');
         DELETE FROM eav_attribute WHERE attribute_code = 'ac_downloadable';",
    );
    let rows = shop.number("SELECT COUNT(*) FROM eav_attribute");
    let all = items_of(&shop, Feed::ProductAttributes).await;
    let made: Vec<&Fields> = all.iter().filter(|item| item["attributeCode"] == "ac_downloadable").collect();
    let views: Vec<&Value> = made.iter().map(|item| &item["storeViewCode"]).collect();
    assert_eq!(views, ["default", "de", "eu_en"]);
    let next = shop.number("SELECT MAX(attribute_id) + 1 FROM eav_attribute");
    for (name, value) in [
        ("id", json!(next.to_string())),
        ("dataType", json!("OBJECT")),
        ("label", json!("AC Downloadable product")),
        ("frontendInput", json!("textarea")),
        ("visible", json!(true)),
        ("visibleInSearch", json!(false)),
        ("global", json!(false)),
        ("searchWeight", json!(1.0)),
    ] {
        assert_eq!(made[0][name], value, "{name}");
    }
    assert_eq!(shop.number("SELECT COUNT(*) FROM eav_attribute"), rows, "nothing is written");
}

#[tokio::test]
async fn a_weight_unit_that_is_null_has_no_default() {
    let shop = Server::shared().product_shop();
    shop.execute(
        "DELETE FROM core_config_data WHERE path = 'general/locale/weight_unit' AND scope = 'stores';
         INSERT INTO core_config_data (scope, scope_id, path, value) VALUES ('stores', 3, 'general/locale/weight_unit', NULL)",
    );
    assert_eq!(field(&items(&shop).await, "BAG", "eu_en", "weightUnit"), Value::Null);
}
