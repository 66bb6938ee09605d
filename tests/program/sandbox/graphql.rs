//! `/graphql`: what Catalog Service and Live Search show of what was received.

use commerce_connector::domain::Feed;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::kit::{Kit, body};

const PRODUCTS: &str = "query($skus: [String]) { products(skus: $skus) { sku } }";
const SEARCH: &str = "query { productSearch(phrase: \"\") { total_count items { productView { sku } } } }";
/// sha1 of `2`.
const WHOLESALE: &str = "da4b9237bacccdf19c0760cab7aec4a8359010b0";

fn product(sku: &str, more: &Value) -> Value {
    let mut item = json!({
        "sku": sku, "storeViewCode": "default", "storeCode": "main", "websiteCode": "base", "type": "simple",
        "name": format!("{sku}, new"), "urlKey": "a", "currency": "EUR", "displayable": true, "status": "Enabled",
        "attributes": [{"attributeCode": "color", "value": ["red"]}], "modifiedAt": "2026-01-31 23:59:59",
    });
    item.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    item
}

fn query(kit: &Kit, view: &str, query: &str, skus: &[&str]) -> reqwest::RequestBuilder {
    kit.http
        .post(kit.url("graphql"))
        .header("x-api-key", &kit.pair().api_key)
        .header("magento-environment-id", &kit.data_space)
        .header("magento-website-code", "base")
        .header("magento-store-code", "main")
        .header("magento-store-view-code", view)
        .header("magento-customer-group", WHOLESALE)
        .json(&json!({"query": query, "variables": {"skus": skus}}))
}

async fn products(kit: &Kit, view: &str, skus: &[&str]) -> Vec<Value> {
    let answer = body(query(kit, view, PRODUCTS, skus).send().await.expect("an answer")).await;
    answer["data"]["products"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

async fn accept(kit: &Kit, feed: Feed, items: Value) {
    let (status, answer) = kit.post(feed, &items).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn a_product_is_shown_as_it_was_received_and_only_where_it_was() {
    let kit = Kit::new().await;
    let disabled = product("D", &json!({"status": "Disabled"}));
    let hidden = product("H", &json!({"displayable": false}));
    accept(&kit, Feed::Products, json!([product("A", &json!({})), disabled, hidden])).await;
    let stamp = "2026-01-31T23:59:59+00:00";
    let price = |group: &str, discounts: Value| {
        json!({"sku": "A", "customerGroupCode": group, "websiteCode": "base", "regular": 20, "discounts": discounts,
               "updatedAt": stamp})
    };
    let for_all = price("0", json!([{"code": "special_price", "price": 18}]));
    let for_some = price(WHOLESALE, json!([{"code": "group", "percentage": 25}]));
    accept(&kit, Feed::Prices, json!([for_all, for_some])).await;

    let shown = products(&kit, "default", &["A", "D", "H", "none"]).await;
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert_eq!(
        (&shown[0]["sku"], &shown[1]["sku"]),
        (&json!("A"), &json!("H")),
        "Catalog Service shows what is hidden"
    );
    assert_eq!((&shown[0]["name"], &shown[0]["attributes"][0]["value"]), (&json!("A, new"), &json!("red")));
    let amount = |which: &str| shown[0]["price"][which]["amount"]["value"].as_f64();
    assert_eq!((amount("regular"), amount("final")), (Some(20.0), Some(15.0)));
    assert!(products(&kit, "de", &["A"]).await.is_empty(), "another store view");
    let found = body(query(&kit, "default", SEARCH, &[]).send().await.expect("an answer")).await;
    let search = &found["data"]["productSearch"];
    assert_eq!((&search["total_count"], &search["items"][0]["productView"]["sku"]), (&json!(1), &json!("A")));

    accept(&kit, Feed::Products, json!([product("A", &json!({"deleted": true}))])).await;
    assert!(products(&kit, "default", &["A"]).await.is_empty());
}

#[tokio::test]
async fn a_composite_needs_an_enabled_child() {
    let kit = Kit::new().await;
    let child = |status: &str| product("C", &json!({"status": status}));
    let variant = json!({"id": "1", "parentSku": "P", "productSku": "C", "optionValues": [],
                         "modifiedAt": "2026-01-31 23:59:59"});
    accept(&kit, Feed::Products, json!([product("P", &json!({"type": "configurable"})), child("Disabled")])).await;
    accept(&kit, Feed::Variants, json!([variant])).await;
    assert!(products(&kit, "default", &["P"]).await.is_empty());
    accept(&kit, Feed::Products, json!([child("Enabled")])).await;
    assert_eq!(products(&kit, "default", &["P"]).await[0]["__typename"], "ComplexProductView");
}

#[tokio::test]
async fn lost_stale_and_ghost_items_are_shown_as_the_script_says() {
    let kit = Kit::with_faults(
        "[[shown]]\nkind = 'lost'\nskus = ['L']\n[[shown]]\nkind = 'stale'\nskus = ['S']\n\
         [[shown]]\nkind = 'ghost'\nskus = ['G']\n[[shown]]\nkind = 'no-index'",
    )
    .await;
    let old = |sku| product(sku, &json!({"name": "old"}));
    accept(&kit, Feed::Products, json!([old("L"), old("S"), old("G"), old("A")])).await;
    let gone = product("G", &json!({"deleted": true}));
    accept(&kit, Feed::Products, json!([product("L", &json!({})), product("S", &json!({})), gone])).await;
    let shown = products(&kit, "default", &["L", "S", "G", "A"]).await;
    let names: Vec<_> = shown.iter().map(|product| (product["sku"].as_str(), product["name"].as_str())).collect();
    assert_eq!(names, [(Some("S"), Some("old")), (Some("G"), Some("old")), (Some("A"), Some("old"))]);
    let found = body(query(&kit, "default", SEARCH, &[]).send().await.expect("an answer")).await;
    assert_eq!(found["errors"][0]["message"], "No index was found for this request");
}

#[tokio::test]
async fn what_is_new_is_shown_after_its_delay_only() {
    let kit = Kit::with(|settings| {
        settings.requests_per_second = None;
        settings.visible_after = std::time::Duration::from_hours(1);
    })
    .await;
    accept(&kit, Feed::Products, json!([product("A", &json!({}))])).await;
    assert!(products(&kit, "default", &["A"]).await.is_empty());
    accept(&kit, Feed::Products, json!([product("A", &json!({"name": "newer"}))])).await;
    assert_eq!(products(&kit, "default", &["A"]).await[0]["name"], "A, new", "what it was before is shown meanwhile");
}

#[tokio::test]
async fn who_may_not_ask_is_told() {
    let kit = Kit::new().await;
    let website = json!({"website": {"websiteId": 1, "websiteCode": "base", "stores": [
        {"storeCode": "main", "storeViews": [{"storeViewCode": "default"}]}]}, "updatedAt": "2026-01-31T23:59:59+00:00"});
    accept(&kit, Feed::ScopesWebsite, json!([website])).await;
    let send = async |request: reqwest::RequestBuilder| {
        let answer = request.send().await.expect("an answer");
        (answer.status(), body(answer).await)
    };
    let of = |name, value| {
        let mut request = query(&kit, "default", PRODUCTS, &["A"]).build().expect("a request");
        match value {
            Some(value) => drop(request.headers_mut().insert(name, value)),
            None => drop(request.headers_mut().remove(name)),
        }
        reqwest::RequestBuilder::from_parts(kit.http.clone(), request)
    };
    let value = |text: &str| Some(text.parse().expect("a value"));
    let code = |body: &Value| body["error"]["details"]["error_code"].clone();
    let (status, body) = send(of("x-api-key", None)).await;
    assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, json!("403000")));
    let (status, body) = send(of("x-api-key", value("another"))).await;
    assert_eq!((status, code(&body)), (StatusCode::FORBIDDEN, json!("403003")));
    let (status, _) = send(of("magento-store-code", None)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    for (name, unknown) in [("magento-environment-id", "another"), ("magento-store-view-code", "fr")] {
        let (status, body) = send(of(name, value(unknown))).await;
        let message = body["errors"][0]["message"].as_str().unwrap_or_else(|| panic!("{body}"));
        assert!(status.is_success() && message.contains(unknown), "{status} {message}");
    }
    let many: Vec<String> = (0..101).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let (_, body) = send(query(&kit, "default", PRODUCTS, &many)).await;
    assert!(body["errors"][0]["message"].as_str().expect("a message").contains("100"));
}
