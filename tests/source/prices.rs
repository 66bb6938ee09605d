//! The prices feed against a real MariaDB: `tests/fixtures/prices.sql`.

use crate::support;
use std::collections::{BTreeMap, BTreeSet};

use commerce_connector::domain::Feed;
use commerce_connector::feeds::content::Content;
use commerce_connector::feeds::content::Fields;
use commerce_connector::feeds::source::{Broken, Selection};
use serde_json::{Value, json};
use support::mariadb::{Server, TestDatabase};
use support::prices::price;

/// The 13th in New York, the 14th in Auckland.
const EVENING: &str = "2026-07-14T03:00:00Z";
const ALL: &str = "0";
/// sha1 of 0, 1 and 2: guests, members, resellers.
const GUESTS: &str = "b6589fc6ab0dc82cf12099d1c2d40ab994e8410c";
const MEMBERS: &str = "356a192b7913b04c54574d18c28d46e6395428ab";
const RESELLERS: &str = "da4b9237bacccdf19c0760cab7aec4a8359010b0";

async fn collect(shop: &TestDatabase, moment: &str) -> (Vec<Fields>, Vec<Broken>) {
    support::prices::collect(shop, Feed::Prices, Selection::All, moment).await
}

async fn items(shop: &TestDatabase) -> Vec<Fields> {
    let (items, broken) = collect(shop, EVENING).await;
    assert_eq!(broken, []);
    items
}

fn field(items: &[Fields], sku: &str, website: &str, group: &str, name: &str) -> Value {
    price(items, sku, website, group).get(name).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_simple_product_in_full() {
    let all = items(&Server::shared().price_shop()).await;
    let bag: Vec<Value> = all.iter().filter(|item| item["sku"] == "BAG").map(|item| json!(item)).collect();
    let parents = |website: &str| match website {
        "base" => json!([
            {"type": "BUNDLE", "sku": "KIT-FIXED"}, {"type": "BUNDLE", "sku": "KIT"}, {"type": "GROUPED", "sku": "SET"},
        ]),
        _ => json!([{"type": "GROUPED", "sku": "SET"}]),
    };
    let item = |website: &str, group: &str, regular: f64, discounts: Value, tiers: Value| {
        json!({
            "sku": "BAG", "productId": 200, "type": "SIMPLE", "websiteCode": website, "customerGroupCode": group,
            "regular": regular, "discounts": discounts, "tierPrices": tiers, "parents": parents(website),
        })
    };
    let special = json!({"code": "special_price", "price": 15.0});
    let for_all = json!({"code": "group", "price": 17.0});
    let from_five = json!({"qty": 5.0, "price": 16.0});
    let members_from_five = json!({"qty": 5.0, "percentage": 25.0});
    let from_ten = json!({"qty": 10.0, "percentage": 20.0});
    let expected = [
        item("base", ALL, 19.0, json!([special, for_all]), json!([from_five])),
        item(
            "base",
            GUESTS,
            19.0,
            json!([special, for_all, {"code": "catalog_rule", "price": 12.5}]),
            json!([from_five]),
        ),
        item(
            "base",
            MEMBERS,
            19.0,
            json!([special, {"code": "group", "price": 14.5}, {"code": "catalog_rule", "price": 11.0}]),
            json!([members_from_five]),
        ),
        item("base", RESELLERS, 19.0, json!([special, for_all]), json!([{"qty": 2.5, "price": 15.25}, from_five])),
        item("eu", ALL, 20.0, json!([for_all]), json!([from_five, from_ten])),
        item(
            "eu",
            GUESTS,
            20.0,
            json!([{"code": "group", "percentage": 10.0}, {"code": "catalog_rule", "price": 13.75}]),
            json!([from_five, from_ten]),
        ),
        item("eu", MEMBERS, 20.0, json!([for_all]), json!([members_from_five, from_ten])),
    ];
    assert_eq!(bag, expected);
}

#[tokio::test]
async fn every_kind_of_product() {
    let all = items(&Server::shared().price_shop()).await;
    let kind = |sku: &str, website: &str| {
        let item = price(&all, sku, website, ALL);
        (item["type"].as_str().expect("a type").to_owned(), item["regular"].as_f64().expect("a number"))
    };
    assert_eq!(kind("A-1", "base"), ("SIMPLE".to_owned(), 34.0));
    assert_eq!(kind("EU", "eu"), ("SIMPLE".to_owned(), 0.0), "a virtual one, without a price");
    assert_eq!(kind("FILM", "eu"), ("DOWNLOADABLE".to_owned(), 9.99));
    assert_eq!(kind("KIT-FIXED", "base"), ("BUNDLE_FIXED".to_owned(), 100.0));
    assert_eq!(kind("KIT", "base"), ("BUNDLE_DYNAMIC".to_owned(), 0.0));
    assert_eq!(kind("SET", "base"), ("GROUPED".to_owned(), 0.0));
    let tees = [("TEE-RED", 28.0), ("TEE-BLUE", 30.0)];
    for (sku, regular) in tees {
        assert_eq!(kind(sku, "base"), ("SIMPLE".to_owned(), regular));
    }
    assert_eq!(
        field(&all, "TEE-RED", "base", ALL, "parents"),
        json!([{"type": "CONFIGURABLE", "sku": "TEE"}, {"type": "CONFIGURABLE", "sku": "TEE-2"}])
    );
    // Without discounts these are null; other lists with nothing in them are absent.
    let nothing = json!({
        "sku": "EU", "productId": 210, "type": "SIMPLE", "websiteCode": "eu", "customerGroupCode": "0", "regular": 0.0,
        "discounts": null,
    });
    assert_eq!(json!(price(&all, "EU", "eu", ALL)), nothing);
}

#[tokio::test]
async fn one_item_for_each_website_and_each_group_with_a_price_of_its_own() {
    let all = items(&Server::shared().price_shop()).await;
    let mut found: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for item in &all {
        let of = |name: &str| item[name].as_str().expect("text");
        found.entry((of("sku"), of("websiteCode"))).or_default().push(of("customerGroupCode"));
    }
    let expected = [
        (("300", "eu"), vec![ALL]),
        // The default time zone holds where a website has no default store.
        (("300", "pop_up"), vec![ALL, RESELLERS]),
        (("A-1", "base"), vec![ALL]),
        (("A-1", "eu"), vec![ALL]),
        (("A-2", "base"), vec![ALL]),
        (("BAG", "base"), vec![ALL, GUESTS, MEMBERS, RESELLERS]),
        (("BAG", "eu"), vec![ALL, GUESTS, MEMBERS]),
        (("EMPTY", "eu"), vec![ALL]),
        (("EU", "eu"), vec![ALL]),
        (("FILM", "base"), vec![ALL, MEMBERS, RESELLERS]),
        (("FILM", "eu"), vec![ALL, RESELLERS]),
        (("HALF", "base"), vec![ALL]),
        (("KIT", "base"), vec![ALL]),
        (("KIT-FIXED", "base"), vec![ALL]),
        (("SET", "base"), vec![ALL]),
        (("SET", "eu"), vec![ALL]),
        (("TEE-BLUE", "base"), vec![ALL]),
        (("TEE-RED", "base"), vec![ALL]),
    ];
    assert_eq!(found, BTreeMap::from(expected), "no configurable product, no gift card, nothing that is sold nowhere");
    assert_eq!(all.len(), 27);
}

#[tokio::test]
async fn special_prices() {
    let all = items(&Server::shared().price_shop()).await;
    let discounts = |sku: &str, website: &str| field(&all, sku, website, ALL, "discounts");
    assert_eq!(discounts("TEE-RED", "base"), json!([{"code": "special_price", "price": 25.0}]), "of the website");
    assert_eq!(discounts("TEE-BLUE", "base"), json!(null), "the last store view of the website has NULL");
    assert_eq!(discounts("FILM", "eu"), json!(null), "NULL for all websites");
    let percentage = |number: f64| json!([{"code": "special_price", "percentage": number}]);
    assert_eq!(discounts("KIT-FIXED", "base"), percentage(80.0));
    assert_eq!(discounts("KIT", "base"), percentage(62.5));
}

#[tokio::test]
async fn tiers_keep_what_they_are_and_those_of_the_website_decide() {
    let all = items(&Server::shared().price_shop()).await;
    let tiers = |website: &str, group: &str| field(&all, "FILM", website, group, "tierPrices");
    assert_eq!(tiers("base", ALL), json!(null));
    assert_eq!(tiers("base", MEMBERS), json!([{"qty": 2.0, "price": 8.0}, {"qty": 3.0, "percentage": 15.5}]));
    assert_eq!(
        tiers("base", RESELLERS),
        json!([{"qty": 4.0, "price": 7.0}]),
        "that of all websites is newer, and does not count"
    );
    assert_eq!(tiers("eu", RESELLERS), json!([{"qty": 4.0, "price": 6.0}]));
}

#[tokio::test]
async fn a_catalogue_rule_holds_on_its_day_on_the_wall_of_the_website() {
    let shop = Server::shared().price_shop();
    let (all, _) = collect(&shop, EVENING).await;
    let rule = |all: &[Fields], sku: &str, website: &str, group: &str| {
        let discounts = field(all, sku, website, group, "discounts");
        let found = discounts.as_array().into_iter().flatten().find(|discount| discount["code"] == "catalog_rule");
        found.and_then(|discount| discount["price"].as_f64())
    };
    assert_eq!(rule(&all, "BAG", "base", GUESTS), Some(12.5), "the 13th in New York");
    assert_eq!(rule(&all, "BAG", "eu", GUESTS), Some(13.75), "the 14th in Auckland");
    assert_eq!(rule(&all, "300", "pop_up", RESELLERS), Some(8.0), "the 13th in New York, of the whole shop");

    let (all, _) = collect(&shop, "2026-07-14T12:00:00Z").await;
    assert_eq!(rule(&all, "BAG", "base", GUESTS), Some(12.0), "the 14th in New York");
    assert_eq!(rule(&all, "BAG", "eu", GUESTS), None, "the 15th in Auckland; the group has a price of its own");
    assert_eq!(rule(&all, "BAG", "eu", RESELLERS), Some(10.0), "and another group has an item");
    assert_eq!(rule(&all, "300", "pop_up", RESELLERS), Some(7.0));

    // The zone of the default store view counts, not that of another view of the website.
    shop.execute("UPDATE store_group SET default_store_id = 2 WHERE group_id = 1");
    let (all, _) = collect(&shop, EVENING).await;
    assert_eq!(rule(&all, "BAG", "base", GUESTS), Some(12.0), "the 14th in Tokyo");
}

#[tokio::test]
async fn what_is_broken_is_reported_and_the_feed_goes_on() {
    let shop = Server::shared().price_shop();
    shop.execute(
        "ALTER TABLE catalog_product_entity_decimal MODIFY value VARCHAR(20);
         UPDATE catalog_product_entity_decimal SET value = 'abc' WHERE entity_id = 200 AND attribute_id = 62 AND store_id = 4;
         ALTER TABLE catalog_product_entity_tier_price MODIFY value VARCHAR(20), MODIFY qty VARCHAR(20);
         UPDATE catalog_product_entity_tier_price SET value = '' WHERE entity_id = 207 AND qty = 2;
         UPDATE catalog_product_entity_tier_price SET qty = 'few' WHERE entity_id = 200 AND customer_group_id = 2 AND qty = 0.5;
         UPDATE catalog_product_entity SET sku = ' ' WHERE entity_id = 201;",
    );
    let (all, broken) = collect(&shop, EVENING).await;
    let said: Vec<(&str, &str)> = broken.iter().map(|record| (record.place.as_str(), record.reason.as_str())).collect();
    let price_of_bag = "its price \"abc\" is not a number; correct it in the Admin";
    assert_eq!(
        said,
        [
            ("price of product 200 (BAG), website eu", price_of_bag),
            ("price of product 200 (BAG), website eu, customer group 0", price_of_bag),
            ("price of product 200 (BAG), website eu, customer group 1", price_of_bag),
            ("price of product 200 (BAG), website eu, customer group 2", price_of_bag),
            ("prices of product 201", "it has no SKU, which prices need; set one in the Admin, or delete it"),
            (
                "price of product 207 (FILM), website base, customer group 1",
                "its tier price \"\" is not a number; correct it in the Admin"
            ),
        ]
    );
    let known = broken[2].known.as_ref().map(Content::to_fields).expect("its identity");
    assert_eq!(json!(known), json!({"sku": "BAG", "websiteCode": "eu", "customerGroupCode": MEMBERS}));
    assert_eq!((broken[2].source_id, broken[4].source_id, &broken[4].known), (Some(200), Some(201), &None));
    assert_eq!(all.len(), 27 - 3 - 1 - 1, "all the others are there");
    assert_eq!(field(&all, "BAG", "base", ALL, "regular"), json!(19.0));
}

#[tokio::test]
async fn tables_of_modules_that_are_not_there_are_no_data() {
    let shop = Server::shared().price_shop();
    shop.execute("DROP TABLE catalogrule_product_price, catalog_product_relation");
    let all = items(&shop).await;
    assert_eq!(all.len(), 27 - 2, "two items are of rules alone");
    assert!(all.iter().all(|item| !item.contains_key("parents")));
    shop.execute("DELETE FROM eav_attribute WHERE attribute_code IN ('special_price', 'price_type')");
    let all = items(&shop).await;
    assert_eq!(field(&all, "KIT-FIXED", "base", ALL, "type"), "BUNDLE_DYNAMIC");
    assert_eq!(field(&all, "KIT-FIXED", "base", ALL, "discounts"), json!(null));
}

#[tokio::test]
async fn staging_and_a_prefix_change_no_item() {
    let plain = collect(&Server::shared().price_shop(), EVENING).await;
    let staged = Server::shared().staged_price_shop();
    assert_eq!(
        staged.number("SELECT COUNT(*) FROM shop_catalog_product_entity_decimal WHERE row_id = 5201"),
        2,
        "prices of a version to come"
    );
    assert_eq!(collect(&staged, EVENING).await, plain);
}

/// The queries for one page of these products, by how they begin: what is asked after the page's ids were looked up.
async fn queries(shop: &TestDatabase, feed: Feed, ids: &[String]) -> Vec<Vec<String>> {
    shop.execute("TRUNCATE mysql.general_log; SET GLOBAL general_log = ON");
    let (items, _) = support::prices::collect(shop, feed, Selection::Ids(ids.to_vec()), EVENING).await;
    shop.execute("SET GLOBAL general_log = OFF");
    assert!(items.len() >= ids.len() / 2);
    let mut asked = shop.query(
        "SELECT LEFT(argument, 60) FROM mysql.general_log WHERE argument LIKE 'SELECT%FROM%' ORDER BY event_time",
    );
    let lookup = asked.iter().rposition(|query| query[0].starts_with("SELECT DISTINCT")).expect("a look-up of ids");
    asked.split_off(lookup + 1)
}

#[tokio::test]
async fn a_page_of_ten_and_a_page_of_two_hundred_take_the_same_queries() {
    let shop = Server::own().price_shop();
    shop.execute(
        "INSERT INTO catalog_product_entity (entity_id, sku) SELECT 1000 + seq, CONCAT('S', seq) FROM seq_1_to_200;
         INSERT INTO catalog_product_website SELECT 1000 + seq, 1 FROM seq_1_to_200;
         INSERT INTO catalog_product_super_link SELECT 1000 + seq, 203 FROM seq_1_to_200;
         INSERT INTO catalog_product_entity_int (attribute_id, store_id, entity_id, value)
           SELECT 63, 0, 1000 + seq, 5 FROM seq_1_to_200;
         INSERT INTO catalog_product_entity_tier_price
           (entity_id, all_groups, customer_group_id, qty, value, website_id, percentage_value)
           SELECT 1000 + seq, 0, 1, 1, 5, 0, NULL FROM seq_1_to_200;",
    );
    let ids: Vec<String> = (200..=207).chain(1001..=1192).map(|id| id.to_string()).collect();
    let mut counts = BTreeMap::new();
    for feed in [Feed::Prices, Feed::Variants] {
        let ids: BTreeSet<String> =
            ids.iter().filter(|id| feed == Feed::Prices || id.len() == 4 || *id == "201").cloned().collect();
        let ids: Vec<String> = ids.into_iter().collect();
        let few = queries(&shop, feed, &ids[..10]).await;
        let many = queries(&shop, feed, &ids).await;
        assert_eq!(few, many, "{feed}");
        counts.insert(feed, many.len());
    }
    assert_eq!(counts, BTreeMap::from([(Feed::Prices, 6), (Feed::Variants, 1)]));
}
