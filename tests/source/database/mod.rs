//! The database source against a real MariaDB: the very small shop of `tests/fixtures`, and the Luma fixture where it is there.

mod refused;
mod sessions;

use crate::support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use commerce_connector::commerce::database::{Database, DatabaseSettings, LinkColumn};
use commerce_connector::domain::Feed;
use commerce_connector::feeds::content::Fields;
use commerce_connector::feeds::item::FeedItem;
use commerce_connector::feeds::source::commerce::Commerce;
use commerce_connector::feeds::source::{Broken, Collected, Selection};
use serde_json::{Value, json};
use support::mariadb::{Server, TestDatabase};
use tokio::sync::mpsc;

/// The very small shop for tests that only read.
fn small_shop() -> &'static TestDatabase {
    static SHOP: OnceLock<TestDatabase> = OnceLock::new();
    SHOP.get_or_init(|| Server::shared().small_shop())
}

/// The Luma fixture for tests that only read.
fn luma() -> Option<&'static TestDatabase> {
    static SHOP: OnceLock<Option<TestDatabase>> = OnceLock::new();
    SHOP.get_or_init(|| Server::shared().luma()).as_ref()
}

/// Everything that a feed gives: items, broken records, and the number of source records.
async fn collect(shop: &TestDatabase, feed: Feed, selection: Selection) -> (Vec<Fields>, Vec<Broken>, u64) {
    let commerce = Commerce::connect(&shop.settings()).await.expect("a connection");
    let (sender, mut receiver) = mpsc::channel(1);
    let reader = tokio::spawn(async move { commerce.read(feed, &selection, sender).await });
    let (mut items, mut broken, mut records) = (Vec::new(), Vec::new(), 0);
    while let Some(page) = receiver.recv().await {
        records += page.source_records;
        for collected in page.collected {
            match collected {
                Collected::Item { content, .. } => items.push(content.to_fields()),
                Collected::Broken(record) => broken.push(record),
            }
        }
    }
    reader.await.expect("a reader").expect("all pages");
    (items, broken, records)
}

async fn items(shop: &TestDatabase, feed: Feed) -> Vec<Fields> {
    let (items, broken, _) = collect(shop, feed, Selection::All).await;
    assert_eq!(broken, []);
    items
}

fn find<'a>(items: &'a [Fields], wanted: &[(&str, &str)]) -> &'a Fields {
    let mut found = items.iter().filter(|item| wanted.iter().all(|(name, value)| item[*name] == json!(value)));
    let first = found.next().unwrap_or_else(|| panic!("no item {wanted:?}"));
    assert_eq!(found.next(), None, "one item {wanted:?}");
    first
}

fn ids(words: &[&str]) -> Selection {
    Selection::Ids(words.iter().map(|word| (*word).to_owned()).collect())
}

#[tokio::test]
async fn websites_with_their_stores_and_views() {
    let shop = small_shop();
    let expected = json!([
        {"website": {"websiteId": "1", "websiteCode": "base", "stores": [
            {"storeId": "1", "storeCode": "main", "storeViews": [
                {"storeViewId": "1", "storeViewCode": "default"}, {"storeViewId": "2", "storeViewCode": "de"}]}]}},
        {"website": {"websiteId": "2", "websiteCode": "eu", "stores": [
            {"storeId": "2", "storeCode": "eu_main", "storeViews": [{"storeViewId": "3", "storeViewCode": "eu_en"}]},
            {"storeId": "3", "storeCode": "eu_outlet", "storeViews": null}]}},
    ]);
    assert_eq!(json!(items(shop, Feed::ScopesWebsite).await), expected);
}

#[tokio::test]
async fn customer_groups_with_the_websites_they_may_use() {
    let shop = Server::shared().small_shop();
    let group = |id: &str, code: &str, websites: &[&str]| {
        let websites: Vec<Value> = websites.iter().map(|code| json!({"websiteCode": code})).collect();
        json!({"customerGroup": {"customerGroupId": id, "customerGroupCode": code, "websites": websites}})
    };
    let expected = json!([
        group("0", "b6589fc6ab0dc82cf12099d1c2d40ab994e8410c", &["base", "eu"]),
        group("1", "356a192b7913b04c54574d18c28d46e6395428ab", &["base", "eu"]),
        group("2", "da4b9237bacccdf19c0760cab7aec4a8359010b0", &["eu"]),
    ]);
    assert_eq!(json!(items(&shop, Feed::ScopesCustomerGroup).await), expected);
    shop.execute("DROP TABLE customer_group_excluded_website");
    let without = items(&shop, Feed::ScopesCustomerGroup).await;
    assert_eq!(without[2]["customerGroup"]["websites"], json!([{"websiteCode": "base"}, {"websiteCode": "eu"}]));
}

#[tokio::test]
async fn product_attributes_for_every_store_view() {
    let shop = small_shop();
    let all = items(shop, Feed::ProductAttributes).await;
    assert_eq!(all.len(), 7 * 3, "7 of the 8 attributes belong to the catalogue");
    let color = find(&all, &[("attributeCode", "color"), ("storeViewCode", "de")]);
    let expected = json!({
        "id": "63", "attributeCode": "color", "attributeType": "catalog_product", "dataType": "int", "multi": false,
        "label": "Farbe", "frontendInput": "select", "required": false, "unique": false, "global": true, "visible": true,
        "searchable": false, "filterable": true, "visibleInCompareList": true, "visibleInListing": true, "sortable": false,
        "visibleInSearch": true, "filterableInSearch": true, "searchWeight": 1.0, "usedForRules": true, "boolean": false,
        "systemAttribute": true, "numeric": false, "storeViewCode": "de", "storeCode": "main", "websiteCode": "base",
    });
    assert_eq!(json!(color), expected);

    let get = |code: &str, view: &str, field: &str| {
        find(&all, &[("attributeCode", code), ("storeViewCode", view)]).get(field).cloned().unwrap_or_default()
    };
    assert_eq!(get("color", "eu_en", "label"), json!("Colour"));
    assert_eq!(get("name", "de", "label"), json!("Name"), "a label that is NULL is none");
    assert_eq!(get("name", "de", "global"), json!(false));
    assert_eq!(get("price", "de", "global"), json!(true), "website scope");
    assert_eq!(get("price", "de", "numeric"), json!(true));
    assert_eq!((get("is_gift", "de", "boolean"), get("is_gift", "de", "label")), (json!(true), json!(null)));
    assert_eq!((get("fits", "de", "multi"), get("fits", "de", "searchWeight")), (json!(true), json!(1.5)));
    assert_eq!(get("fits", "de", "numeric"), json!(true), "by its class");
    assert_eq!(get("sku", "de", "unique"), json!(true));
    assert_eq!(get("ac_downloadable", "de", "dataType"), json!("OBJECT"));
}

#[tokio::test]
async fn a_category_in_full() {
    let shop = small_shop();
    let all = items(shop, Feed::Categories).await;
    let gear = find(&all, &[("categoryId", "3"), ("storeViewCode", "default")]);
    let expected = json!({
        "categoryId": "3", "storeViewCode": "default", "storeCode": "main", "websiteCode": "base", "name": "Gear",
        "description": "<p>All of it</p>", "displayMode": "PRODUCTS", "metaTitle": "Gear and more",
        "metaKeywords": "gear, bags", "metaDescription": "What you carry", "urlKey": "gear", "urlPath": "gear",
        "image": "https://shop.example/media/catalog/category/gear.jpg", "level": 2, "path": "1/2/3", "parentId": "2",
        "children": ["4"], "position": 2, "defaultSortBy": "price", "availableSortBy": ["name", "price"], "isAnchor": 1,
        "includeInMenu": 1, "isActive": 1, "createdAt": "2026-01-02 03:04:05", "updatedAt": "2026-02-03 04:05:06",
    });
    assert_eq!(json!(gear), expected);
}

#[tokio::test]
async fn categories_follow_their_store_view() {
    let shop = small_shop();
    let all = items(shop, Feed::Categories).await;
    let places: BTreeSet<(String, String)> = all
        .iter()
        .map(|item| (item["storeViewCode"].to_string(), item["categoryId"].to_string().trim_matches('"').to_owned()))
        .collect();
    assert_eq!(places.len(), all.len(), "no item twice");
    assert_eq!(all.len(), 2 * 6 + 2, "six below root 2 in two views, two below root 20 in one");

    let get = |id: &str, view: &str, field: &str| {
        find(&all, &[("categoryId", id), ("storeViewCode", view)]).get(field).cloned()
    };
    assert_eq!(get("3", "de", "name"), None, "a store row wins even if it is NULL");
    assert_eq!(get("8", "de", "name"), Some(json!("Nur hier")), "also without a default");
    assert_eq!(get("8", "default", "name"), None);
    assert_eq!(get("4", "de", "urlPath"), Some(json!("ausruestung/bags")));
    assert_eq!(get("4", "default", "urlPath"), Some(json!("gear/bags")));
    assert_eq!(get("2", "de", "urlPath"), Some(json!("")), "a root keeps an empty path");
    assert_eq!(get("8", "de", "urlPath"), None, "no URL key at all");
    assert_eq!((get("5", "de", "isActive"), get("5", "default", "isActive")), (Some(json!(0)), Some(json!(1))));
    assert_eq!((get("6", "de", "isActive"), get("6", "default", "isActive")), (Some(json!(0)), Some(json!(1))));
    assert_eq!(get("6", "de", "includeInMenu"), Some(json!(0)), "the ancestor's NULL is a no");
    assert_eq!((get("4", "de", "includeInMenu"), get("4", "de", "isAnchor")), (Some(json!(0)), Some(json!(0))));
    assert_eq!(get("8", "de", "isAnchor"), None);
    assert_eq!(get("2", "default", "children"), Some(json!(["5", "3"])), "active ones, by position");
    assert_eq!(get("2", "de", "children"), Some(json!(["3"])));
    assert_eq!(get("4", "de", "children"), Some(json!(null)));
    assert_eq!(get("5", "de", "defaultSortBy"), Some(json!("position")), "nothing it lists can be sorted by");
    assert_eq!(get("5", "de", "availableSortBy"), Some(json!(["colour", "weird"])));
    assert_eq!(get("6", "de", "defaultSortBy"), Some(json!("name")), "the store view's setting");
    assert_eq!(get("4", "default", "defaultSortBy"), Some(json!("name")), "the first it lists");
    assert_eq!(get("21", "eu_en", "name"), Some(json!("Größen – 東京")));
    assert_eq!(get("21", "eu_en", "image"), Some(json!("https://eu.shop.example/media/wysiwyg/eu.jpg")));
}

#[tokio::test]
async fn a_category_without_a_path_is_no_item() {
    let shop = small_shop();
    let all = items(shop, Feed::Categories).await;
    let now = "2026-11-22T10:00:00Z".parse().expect("a time");
    let refused: Vec<String> = all
        .into_iter()
        .filter_map(|fields| FeedItem::new(Feed::Categories, None, fields, now).err())
        .map(|error| error.to_string())
        .collect();
    assert_eq!(refused, vec!["categories item without its identity: urlPath missing or blank"; 2]);
}

#[tokio::test]
async fn staging_and_a_table_prefix_change_nothing() {
    let server = Server::shared();
    let (plain, staged) = (small_shop(), server.staged_shop());
    let commerce = Commerce::connect(&staged.settings()).await.expect("a connection");
    let database = Database::connect(&staged.settings()).await.expect("a connection");
    assert_eq!(database.schema().category_link, LinkColumn::RowId);
    assert_eq!(database.schema().product_link, LinkColumn::RowId);
    for feed in [Feed::ScopesWebsite, Feed::ScopesCustomerGroup, Feed::ProductAttributes, Feed::Categories] {
        let expected = items(plain, feed).await;
        assert!(!expected.is_empty());
        assert_eq!(items(&staged, feed).await, expected, "{feed}");
    }
    assert_eq!(commerce.count(Feed::Categories).await.expect("a count"), Some(9), "versions are not counted");
    assert_eq!(commerce.count(Feed::Products).await.expect("a count"), Some(3), "versions are not counted");
}

#[tokio::test]
async fn records_are_selected_by_key_or_by_code() {
    let shop = small_shop();
    let selection = ids(&["price", "63", "no such", "999"]);
    let (items, broken, records) = collect(shop, Feed::ProductAttributes, selection).await;
    let codes: BTreeSet<&str> = items.iter().filter_map(|item| item["attributeCode"].as_str()).collect();
    assert_eq!((codes, records), (BTreeSet::from(["color", "price"]), 2));
    let places: Vec<&str> = broken.iter().map(|record| record.place.as_str()).collect();
    assert_eq!(places, ["productAttributes no such", "productAttributes 999"]);
    let (items, broken, _) = collect(shop, Feed::Categories, ids(&["4", "21"])).await;
    assert_eq!((items.len(), broken.len()), (3, 0));
    let (_, broken, records) = collect(shop, Feed::Products, ids(&["101", "300", "A-1"])).await;
    assert_eq!((records, broken.len()), (3, 0), "a number that is no key is a SKU");
}

#[tokio::test]
async fn only_feeds_whose_tables_are_there_are_offered() {
    let shop = Server::shared().small_shop();
    shop.execute("DROP TABLE customer_group");
    let commerce = Commerce::connect(&shop.settings()).await.expect("a connection");
    let feeds = commerce.feeds().await.expect("feeds");
    assert!(feeds.contains(&Feed::Categories) && !feeds.contains(&Feed::ScopesCustomerGroup), "{feeds:?}");
    let error = commerce.count(Feed::ScopesCustomerGroup).await.expect_err("no table").to_string();
    assert!(error.contains("scopesCustomerGroup") && error.contains("customer_group"), "{error}");
    let error = commerce.count(Feed::Orders).await.expect_err("no tables").to_string();
    assert!(error.contains("orders") && error.contains("its tables sales_order, "), "{error}");
}

#[tokio::test]
async fn a_reader_stops_when_nobody_listens() {
    let shop = small_shop();
    let commerce = Commerce::connect(&shop.settings()).await.expect("a connection");
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    assert!(commerce.read(Feed::Categories, &Selection::All, sender).await.is_ok());
}

#[tokio::test]
async fn a_snapshot_is_of_one_moment_and_cannot_write() {
    let shop = Server::shared().small_shop();
    let database = Database::connect(&shop.settings()).await.expect("a connection");
    let mut snapshot = database.snapshot().await.expect("a snapshot");
    shop.execute("UPDATE store_website SET code = 'changed' WHERE website_id = 1");
    let read = "SELECT code FROM store_website WHERE website_id = 1";
    assert_eq!(snapshot.rows::<String>(read).await.expect("rows"), ["base"]);
    let error = snapshot.rows::<String>("DELETE FROM store_website").await.expect_err("read only");
    assert!(error.to_string().contains("READ ONLY"), "{error}");
    let error = snapshot.rows::<u64>("SELECT NULL").await.expect_err("NULL is no number");
    assert!(error.to_string().contains("unexpected type"), "{error}");
    drop(snapshot);
    let mut snapshot = database.snapshot().await.expect("a snapshot");
    assert_eq!(snapshot.rows::<String>(read).await.expect("rows"), ["changed"], "a dropped snapshot is over");
    let session = "SELECT @@sql_mode, @@time_zone, @@character_set_connection";
    let session: Vec<(String, String, String)> = snapshot.rows(session).await.expect("rows");
    assert_eq!(session, [(String::new(), "+00:00".to_owned(), "utf8mb4".to_owned())]);
}

/// Statements that a read of categories sends, as a user who may only SELECT.
async fn statements(shop: &TestDatabase, user: &str) -> Vec<String> {
    shop.execute("SET GLOBAL general_log = ON");
    let settings = DatabaseSettings { user: user.to_owned(), ..shop.settings() };
    let commerce = Commerce::connect(&settings).await.expect("a connection");
    let (sender, mut receiver) = mpsc::channel(9);
    commerce.read(Feed::Categories, &Selection::All, sender).await.expect("all pages");
    let mut pages = 0;
    while receiver.recv().await.is_some() {
        pages += 1;
    }
    assert_eq!(pages, 1, "one page, or the numbers cannot be compared");
    let sql = format!(
        "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log \
         WHERE command_type IN ('Query', 'Execute') AND user_host LIKE '{user}[%'"
    );
    shop.query(&sql).into_iter().map(|row| row.join("\t")).collect()
}

#[tokio::test]
async fn the_number_of_queries_does_not_grow_with_the_page() {
    let shop = Server::shared().small_shop();
    for user in ["few", "many"] {
        shop.execute(&format!("CREATE USER {user}@localhost; GRANT SELECT ON {}.* TO {user}@localhost", shop.name));
    }
    let few = statements(&shop, "few").await;
    shop.execute(
        "INSERT INTO catalog_category_entity SELECT 1000 + seq, 3, NOW(), NOW(), CONCAT('1/2/3/', 1000 + seq), seq, 3 \
         FROM seq_1_to_150; \
         INSERT INTO catalog_category_entity_varchar (attribute_id, store_id, entity_id, value) \
         SELECT 5, 0, 1000 + seq, CONCAT('key-', seq) FROM seq_1_to_150",
    );
    let many = statements(&shop, "many").await;
    assert!(few.len() > 10, "the log was read: {few:?}");
    assert_eq!(few.len(), many.len(), "{few:?}\n{many:?}");
    assert!(few.iter().any(|sql| sql == "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"), "{few:?}");
    let locks = few.iter().filter(|sql| sql.contains("FOR UPDATE") || sql.contains("LOCK"));
    assert_eq!(locks.count(), 0);
}

#[tokio::test]
async fn luma_in_numbers() {
    let Some(shop) = luma() else { return };
    let commerce = Commerce::connect(&shop.settings()).await.expect("a connection");
    let expected = [
        (Feed::ScopesWebsite, "store_website WHERE website_id > 0", "store_website WHERE website_id > 0"),
        (Feed::ScopesCustomerGroup, "customer_group", "customer_group"),
        (
            Feed::ProductAttributes,
            "eav_attribute WHERE entity_type_id = 4",
            "catalog_eav_attribute JOIN eav_attribute USING (attribute_id) JOIN store \
             WHERE entity_type_id = 4 AND store_id > 0",
        ),
        (
            Feed::Categories,
            "catalog_category_entity",
            "catalog_category_entity c JOIN store s JOIN store_group g USING (group_id) WHERE s.store_id > 0 \
             AND FIND_IN_SET(g.root_category_id, REPLACE(c.path, '/', ','))",
        ),
    ];
    for (feed, records, wanted) in expected {
        let records = shop.number(&format!("SELECT COUNT(*) FROM {records}"));
        assert_eq!(commerce.count(feed).await.expect("a count"), Some(records), "{feed}");
        let (items, broken, read) = collect(shop, feed, Selection::All).await;
        assert_eq!((read, broken.len()), (records, 0), "{feed}");
        assert_eq!(items.len() as u64, shop.number(&format!("SELECT COUNT(*) FROM {wanted}")), "{feed}");
        let now = "2026-11-22T10:00:00Z".parse().expect("a time");
        let identities: BTreeSet<_> =
            items.iter().map(|item| FeedItem::new(feed, None, item.clone(), now).expect("an identity").id).collect();
        assert_eq!(identities.len(), items.len(), "{feed}: no identity twice");
    }
}

#[tokio::test]
async fn luma_categories_agree_with_sql_of_another_shape() {
    let Some(shop) = luma() else { return };
    let all = items(shop, Feed::Categories).await;
    let by_key: BTreeMap<(String, String), &Fields> = all
        .iter()
        .map(|item| {
            let text = |name: &str| item[name].as_str().expect("text").to_owned();
            ((text("categoryId"), text("storeViewCode")), item)
        })
        .collect();
    for (field, code) in [("name", "name"), ("urlKey", "url_key"), ("displayMode", "display_mode")] {
        let rows = shop.query(&format!(
            "SELECT e.entity_id, st.code, IF(s.value_id IS NULL, d.value, s.value) FROM catalog_category_entity e \
             JOIN store st ON st.store_id > 0 JOIN store_group g USING (group_id) \
             JOIN eav_attribute a ON a.entity_type_id = 3 AND a.attribute_code = '{code}' \
             LEFT JOIN catalog_category_entity_varchar d \
               ON d.entity_id = e.entity_id AND d.attribute_id = a.attribute_id AND d.store_id = 0 \
             LEFT JOIN catalog_category_entity_varchar s \
               ON s.entity_id = e.entity_id AND s.attribute_id = a.attribute_id AND s.store_id = st.store_id \
             WHERE FIND_IN_SET(g.root_category_id, REPLACE(e.path, '/', ','))"
        ));
        assert_eq!(rows.len(), all.len());
        for row in rows {
            let item = by_key[&(row[0].clone(), row[1].clone())];
            let expected = (row[2] != "NULL").then(|| json!(row[2]));
            assert_eq!(item.get(field), expected.as_ref(), "{field} of {row:?}");
        }
    }
    let get = |id: &str, view: &str, field: &str| by_key[&(id.to_owned(), view.to_owned())][field].clone();
    assert_eq!(get("4", "de", "urlPath"), json!("gear/taschen"));
    assert_eq!(get("4", "default", "urlPath"), json!("gear/bags"));
    assert_eq!(get("36", "default", "isActive"), json!(0), "active itself, but category 7 above it is not");
    assert_eq!((get("3", "de", "isActive"), get("4", "de", "isActive")), (json!(1), json!(1)));
    assert_eq!(get("44", "eu_en", "urlPath"), json!("eu-apparel/jackets"));
}
