//! The prices and variants feeds of the Luma fixture, where it is there, against queries that know nothing of the program.

use crate::support;
use std::collections::BTreeMap;

use commerce_connector::domain::Feed;
use commerce_connector::error::Exit;
use commerce_connector::export::Plan;
use commerce_connector::export::progress::RunEnd;
use commerce_connector::feeds::content::Fields;
use commerce_connector::feeds::source::commerce::Commerce;
use commerce_connector::feeds::source::{Selection, Source};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use sha1::Sha1;
use support::gateway::Gateway;
use support::mariadb::{Server, TestDatabase};
use support::prices::price;

/// A day on which the fixture's rule prices hold; its shop is in UTC.
const RULE_DAY: &str = "2023-07-14T12:00:00Z";
/// A day on which none does.
const ANOTHER_DAY: &str = "2023-07-20T12:00:00Z";
/// Products that have prices, in the websites in which they are sold.
const SOLD: &str = "catalog_product_entity e JOIN catalog_product_website w ON w.product_id = e.entity_id \
                    JOIN store_website k ON k.website_id = w.website_id";
const PRICED: &str = "e.type_id NOT IN ('configurable', 'giftcard')";

async fn collect(shop: &TestDatabase, feed: Feed, moment: &str) -> Vec<Fields> {
    let (items, broken) = support::prices::collect(shop, feed, Selection::All, moment).await;
    assert_eq!(broken, []);
    items
}

/// The rows of a query, each as one line, in order.
fn lines(shop: &TestDatabase, sql: &str) -> Vec<String> {
    sorted(shop.query(sql).into_iter().map(|row| row.join("|")))
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort_unstable();
    lines
}

/// A number as the database writes it, with six digits after the point.
fn decimal(value: &Value) -> String {
    value.as_f64().map_or_else(|| "NULL".to_owned(), |number| format!("{number:.6}"))
}

fn text<'a>(item: &'a Fields, name: &str) -> &'a str {
    item[name].as_str().expect("text")
}

/// A discount, as `price:` or `percentage:` and the number, `NULL` without.
fn discount(item: &Fields, code: &str) -> String {
    let found = item["discounts"].as_array().into_iter().flatten().find(|discount| discount["code"] == code);
    found.map_or_else(|| "NULL".to_owned(), amount)
}

fn amount(of: &Value) -> String {
    if of["price"].is_number() { decimal(&of["price"]) } else { format!("{}%", decimal(&of["percentage"])) }
}

/// The same rows with the digest of what stands in their third column: not every server has MD5 and SHA1.
fn with_digest<D: Digest>(lines: Vec<String>) -> Vec<String> {
    sorted(lines.into_iter().map(|line| {
        let mut columns: Vec<String> = line.split('|').map(str::to_owned).collect();
        columns[2] = D::digest(&columns[2]).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        columns.join("|")
    }))
}

#[tokio::test]
async fn prices_agree_with_independent_queries() {
    let Some(shop) = Server::shared().luma() else { return };
    let items = collect(&shop, Feed::Prices, RULE_DAY).await;

    // The website's own row if there is one, else that of all websites. No website of the fixture has two.
    let own = |code: &str, column: &str| {
        format!(
            "(SELECT {column} FROM catalog_product_entity_decimal v JOIN eav_attribute a USING (attribute_id) \
             LEFT JOIN store s ON s.store_id = v.store_id WHERE a.attribute_code = '{code}' AND a.entity_type_id = 4 \
             AND v.entity_id = e.entity_id AND s.website_id IN (0, w.website_id) ORDER BY s.website_id DESC LIMIT 1)"
        )
    };
    let (regular, special) = (own("price", "v.value"), own("special_price", "v.value"));
    let wanted = lines(
        &shop,
        &format!("SELECT e.sku, k.code, IFNULL({regular}, '0.000000'), {special} FROM {SOLD} WHERE {PRICED}"),
    );
    let fallback: Vec<&Fields> = items.iter().filter(|item| item["customerGroupCode"] == "0").collect();
    let found = |item: &&Fields| {
        let (regular, special) = (decimal(&item["regular"]), discount(item, "special_price"));
        format!("{}|{}|{regular}|{special}", text(item, "sku"), text(item, "websiteCode"))
    };
    assert_eq!(sorted(fallback.iter().map(found)), wanted);
    assert_eq!(fallback.len(), 3499);

    // Every group's own price and rule price.
    let of_groups = items.iter().filter(|item| item["customerGroupCode"] != "0");
    let groups = sorted(of_groups.map(|item| {
        let (group, rule) = (discount(item, "group"), discount(item, "catalog_rule"));
        let code = text(item, "customerGroupCode");
        format!("{}|{}|{code}|{group}|{rule}", text(item, "sku"), text(item, "websiteCode"))
    }));
    let own_price = "(SELECT IFNULL(CONCAT(CAST(t.percentage_value AS DECIMAL(20, 6)), '%'), t.value) \
                     FROM catalog_product_entity_tier_price t WHERE t.entity_id = e.entity_id AND t.qty = 1 \
                     AND t.all_groups = 0 AND t.customer_group_id = c.customer_group_id AND t.website_id IN (0, w.website_id))";
    let rule = "(SELECT r.rule_price FROM catalogrule_product_price r WHERE r.product_id = e.entity_id \
                AND r.website_id = w.website_id AND r.customer_group_id = c.customer_group_id AND r.rule_date = '2023-07-14')";
    let wanted = lines(
        &shop,
        &format!(
            "SELECT * FROM (SELECT e.sku, k.code, c.customer_group_id, {own_price} AS own, {rule} AS rule FROM {SOLD} \
             JOIN customer_group c WHERE {PRICED}) x WHERE own IS NOT NULL OR rule IS NOT NULL"
        ),
    );
    assert_eq!(groups, with_digest::<Sha1>(wanted));
    assert_eq!((groups.len(), items.len()), (1254, 4753));

    // Tiers are for all groups in this fixture, so a group's item has those of the fallback.
    let tiers = fallback.iter().flat_map(|item| {
        let (sku, website) = (text(item, "sku"), text(item, "websiteCode"));
        let tiers = item.get("tierPrices").and_then(Value::as_array).into_iter().flatten();
        tiers
            .map(move |tier| format!("{sku}|{website}|{:.4}|{}", tier["qty"].as_f64().expect("a number"), amount(tier)))
    });
    let of_all =
        "SELECT e.sku, k.code, t.qty, IFNULL(CONCAT(CAST(t.percentage_value AS DECIMAL(20, 6)), '%'), t.value)";
    let wanted = lines(
        &shop,
        &format!(
            "{of_all} FROM {SOLD} JOIN catalog_product_entity_tier_price t ON t.entity_id = e.entity_id \
             AND t.website_id IN (0, w.website_id) AND t.qty > 1 WHERE {PRICED}"
        ),
    );
    assert!(!wanted.is_empty());
    assert_eq!(sorted(tiers), wanted);
    let of_all: BTreeMap<_, _> =
        fallback.iter().map(|item| ((text(item, "sku"), text(item, "websiteCode")), item.get("tierPrices"))).collect();
    assert!(items.iter().all(|item| item.get("tierPrices") == of_all[&(text(item, "sku"), text(item, "websiteCode"))]));
}

#[tokio::test]
async fn sample_prices() {
    let Some(shop) = Server::shared().luma() else { return };
    let items = collect(&shop, Feed::Prices, RULE_DAY).await;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for item in &items {
        *kinds.entry(text(item, "type")).or_default() += 1;
    }
    let expected = [("BUNDLE_DYNAMIC", 2), ("DOWNLOADABLE", 9), ("GROUPED", 2), ("SIMPLE", 4740)];
    assert_eq!(kinds, BTreeMap::from(expected));

    let wp12 = |website: &str, group: &str, discounts: Value, tiers: Value| {
        let expected = json!({
            "sku": "WP12-28-Blue", "productId": 1890, "type": "SIMPLE", "websiteCode": website, "customerGroupCode": group,
            "regular": 63.0, "discounts": discounts, "tierPrices": tiers,
            "parents": [{"type": "CONFIGURABLE", "sku": "WP12"}],
        });
        assert_eq!(json!(price(&items, "WP12-28-Blue", website, group)), expected, "{website} {group}");
    };
    let tiers = json!([{"qty": 5.0, "price": 59.85}, {"qty": 10.0, "price": 56.7}]);
    let rule = json!({"code": "catalog_rule", "price": 50.4});
    wp12("base", "0", json!(null), tiers.clone());
    wp12("base", "b6589fc6ab0dc82cf12099d1c2d40ab994e8410c", json!([rule]), tiers.clone());
    // sha1 of 2 and 4
    wp12(
        "base",
        "da4b9237bacccdf19c0760cab7aec4a8359010b0",
        json!([{"code": "group", "price": 44.1}, rule]),
        tiers.clone(),
    );
    wp12("base", "1b6453892473a467d07372d45eb05abc2031647a", json!([{"code": "group", "percentage": 15.0}]), tiers);
    let tiers = json!([{"qty": 3.0, "percentage": 8.0}, {"qty": 5.0, "price": 59.85}, {"qty": 10.0, "price": 56.7}]);
    wp12("eu", "0", json!(null), tiers.clone());
    // sha1 of 5
    wp12("eu", "ac3478d69a3c81fa62e60f5c3696165a4e5e6ac4", json!([{"code": "group", "price": 37.8}]), tiers);

    let of = |sku: &str, website: &str| {
        let item = price(&items, sku, website, "0");
        (
            item["type"].clone(),
            item["regular"].clone(),
            item["discounts"].clone(),
            item.get("parents").cloned().unwrap_or_default(),
        )
    };
    let special = |amount: f64| json!([{"code": "special_price", "price": amount}]);
    let nothing = json!(null);
    assert_eq!(of("24-WG080", "eu"), (json!("BUNDLE_DYNAMIC"), json!(0.0), nothing.clone(), nothing.clone()));
    assert_eq!(of("24-WG085_Group", "base"), (json!("GROUPED"), json!(0.0), nothing.clone(), nothing.clone()));
    assert_eq!(of("240-LV07", "base"), (json!("DOWNLOADABLE"), json!(14.0), nothing.clone(), nothing.clone()));
    assert_eq!(of("240-LV07", "eu"), (json!("DOWNLOADABLE"), json!(12.6), nothing.clone(), nothing.clone()));
    let wp02 = json!([{"type": "CONFIGURABLE", "sku": "WP02"}]);
    assert_eq!(of("WP02-28-Blue", "base"), (json!("SIMPLE"), json!(42.0), nothing.clone(), wp02.clone()));
    assert_eq!(of("WP02-28-Blue", "eu"), (json!("SIMPLE"), json!(37.8), special(31.5), wp02));
    let mp12 = json!([{"type": "CONFIGURABLE", "sku": "MP12"}]);
    assert_eq!(of("MP12-34-Blue", "base"), (json!("SIMPLE"), json!(48.0), special(38.4), mp12.clone()));
    assert_eq!(of("MP12-34-Blue", "eu"), (json!("SIMPLE"), json!(48.0), nothing, mp12), "NULL takes it away");

    // On a day without rules, a group has an item only for a price of its own.
    let items = collect(&shop, Feed::Prices, ANOTHER_DAY).await;
    assert_eq!(items.len(), 3499 + 359);
    assert!(items.iter().all(|item| discount(item, "catalog_rule") == "NULL"));
}

#[tokio::test]
async fn variants_agree_with_independent_queries() {
    let Some(shop) = Server::shared().luma() else { return };
    let items = collect(&shop, Feed::Variants, RULE_DAY).await;
    assert_eq!(items.len(), 1847);
    let values = "catalog_product_super_link l JOIN catalog_product_entity c ON c.entity_id = l.product_id \
                  JOIN catalog_product_entity p ON p.entity_id = l.parent_id \
                  JOIN catalog_product_entity_int v ON v.entity_id = c.entity_id AND v.attribute_id IN \
                   (SELECT s.attribute_id FROM catalog_product_super_attribute s WHERE s.product_id = p.entity_id) \
                  JOIN eav_attribute a ON a.attribute_id = v.attribute_id \
                  LEFT JOIN eav_attribute_option_value o ON o.option_id = v.value";
    let wanted = lines(
        &shop,
        &format!(
            "SELECT c.entity_id, p.entity_id, CONCAT('configurable/', p.sku, '/', c.sku), c.sku, p.sku, \
             a.attribute_code, v.value, o.value, TO_BASE64(CONCAT('configurable/', a.attribute_id, '/', v.value)) FROM {values}"
        ),
    );
    let mut found = Vec::new();
    for item in &items {
        let head = ["productId", "parentId", "id", "productSku", "parentSku"].map(|name| text(item, name)).join("|");
        for value in item["optionValues"].as_array().expect("values") {
            let of = |name: &str| value[name].as_str().unwrap_or("NULL");
            let tail = ["attributeCode", "valueIndex", "label", "uid"].map(of).join("|");
            found.push(format!("{head}|{tail}"));
        }
    }
    found.sort_unstable();
    assert_eq!(found, with_digest::<Md5>(wanted));
    assert_eq!(found.len(), 5536, "two values each, and the colours once more in German");

    let blue = items.iter().find(|item| item["productSku"] == "WP12-28-Blue").expect("the variant");
    let color = |label: &str| json!({"attributeCode": "color", "uid": "Y29uZmlndXJhYmxlLzkzLzUw", "label": label, "valueIndex": "50"});
    // base64 of configurable/144/171, the size being the parent's first option
    let expected = json!({
        "id": "85c03789ad541fe493f204bed7a462c6", "productId": "1890", "parentId": "1896", "productSku": "WP12-28-Blue",
        "parentSku": "WP12", "optionValues": [
            {"attributeCode": "size", "uid": "Y29uZmlndXJhYmxlLzE0NC8xNzE=", "label": "28", "valueIndex": "171"},
            color("Blue"), color("Blau"),
        ],
    });
    assert_eq!(json!(blue), expected);
}

/// The whole way: what is collected is what the gateway's own checks accept, and a second run has nothing to say.
#[tokio::test]
async fn the_gateway_takes_every_item_once() {
    let Some(shop) = Server::shared().luma() else { return };
    let gateway = Gateway::new().await;
    let plan = gateway.plan(Plan::feed_plans(&[Feed::Prices, Feed::Variants], |_| None, &BTreeMap::new()));
    let source =
        Commerce::connect(&shop.settings()).await.expect("a connection").at(RULE_DAY.parse().expect("a moment"));
    for requests in [29, 29] {
        let ended = gateway.run(&plan, Source::Commerce(source.clone())).await;
        assert_eq!((&ended.report().end, ended.report().exit()), (&RunEnd::Complete, Exit::Done), "{ended:?}");
        assert_eq!((ended.failures(), ended.notes()), (vec![], vec![]));
        // 4753 prices by 500, and 1847 variants by 100.
        assert_eq!(gateway.requests().await, requests);
    }
    for (feed, count) in [(Feed::Prices, 4753), (Feed::Variants, 1847)] {
        let received = gateway.received(feed).await;
        assert_eq!(received.len(), count, "{feed}");
        assert!(received.values().all(|item| !item.deleted && item.deliveries == 1), "{feed}");
    }
}
