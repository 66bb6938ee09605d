//! What the feed routes accept, refuse and keep.

use commerce_connector::domain::Feed;
use commerce_connector::feeds::item::FeedItem;
use commerce_connector::feeds::source::sample::Sample;
use commerce_connector::feeds::source::{Collected, Selection};
use commerce_connector::sandbox::Keep;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::sandbox::kit::{Kit, body, gzip, seconds_now, sign, signing_key};

/// One live item of every feed, in the shapes of the published specification.
fn example(feed: Feed) -> Value {
    match feed {
        Feed::ScopesWebsite => json!({
            "website": {"websiteCode": "base", "stores": [
                {"storeCode": "main", "storeViews": [{"storeViewCode": "default"}]}
            ]},
            "updatedAt": "2026-02-01T09:30:00+00:00", "deleted": false
        }),
        Feed::ScopesCustomerGroup => json!({
            "customerGroup": {"customerGroupCode": "General", "websites": [{"websiteCode": "base"}]},
            "updatedAt": "2026-02-01T09:30:00+00:00", "deleted": false
        }),
        Feed::ProductAttributes => json!({
            "id": "90", "storeCode": "main", "websiteCode": "base", "storeViewCode": "default",
            "attributeCode": "glaze", "attributeType": "catalog_product", "dataType": "int", "multi": false,
            "label": "Glaze", "frontendInput": "select", "required": false, "unique": false, "searchWeight": 1,
            "attributeOptions": ["Matt", "Gloss"]
        }),
        Feed::Categories => json!({
            "categoryId": "2", "storeViewCode": "default", "storeCode": "main", "websiteCode": "base",
            "name": "Root", "urlKey": "root", "image": null, "level": 1, "path": "1/2", "parentId": "1",
            "children": ["3"], "position": 1, "availableSortBy": null, "isAnchor": 0, "includeInMenu": 1,
            "isActive": 1, "createdAt": "2026-01-01 00:00:00", "modifiedAt": "2026-02-01 09:30:00"
        }),
        Feed::Products => json!({
            "sku": "CUP-1", "storeViewCode": "default", "storeCode": "main", "websiteCode": "base", "name": "Cup",
            "productId": 7, "type": "simple", "status": "Enabled", "createdAt": "2026-01-01 00:00:00",
            "urlKey": "cup", "weight": 0.4, "weightUnit": "kgs", "displayable": true, "buyable": true,
            "attributes": [{"attributeCode": "glaze", "value": ["Matt"]}], "videos": null, "parents": null,
            "images": [{"resource": {"url": "https://shop.example/c.jpg", "label": "", "roles": null},
                        "sortOrder": "1"}],
            "modifiedAt": "2026-02-01 09:30:00"
        }),
        Feed::Prices => json!({
            "sku": "CUP-1", "type": "SIMPLE", "customerGroupCode": "0", "websiteCode": "base", "regular": 10,
            "discounts": [{"code": "special_price", "percentage": 20}, {"code": "catalog_rule", "price": 9}],
            "deleted": false, "updatedAt": "2026-02-01T09:30:00+00:00"
        }),
        Feed::Variants => json!({
            "id": "cup-cup-s", "optionValues": [{"attributeCode": "size", "uid": "c2l6ZQ==", "valueIndex": "5"}],
            "parentSku": "CUP", "productSku": "CUP-S", "modifiedAt": "2026-02-01 09:30:00", "deleted": false
        }),
        Feed::ProductOverrides => json!({
            "sku": "CUP-1", "productId": 7, "websiteCode": "base", "customerGroupCode": "hide", "displayable": true,
            "priceDisplayable": false, "addToCartAllowed": false, "deleted": false, "modifiedAt": "2026-02-01 09:30:00"
        }),
        Feed::InventoryStockStatus => json!({
            "stockId": "1", "sku": "CUP-1", "isSalable": true, "qty": 4.5, "qtyForSale": 3, "infiniteStock": false,
            "updatedAt": "2026-02-01T09:30:00+00:00"
        }),
        Feed::CategoryPermissions => {
            json!({"categoryId": "2", "customerGroupCode": "0", "websiteCode": "base", "deleted": false})
        }
        Feed::Orders => json!({"commerceOrderId": 12, "deleted": false}),
    }
}

fn accepted(count: u64) -> (u16, Value) {
    (200, json!({"feedItemReceivedCount": count, "invalidFeedItems": []}))
}

#[tokio::test]
async fn an_item_of_every_feed_is_accepted_and_kept() {
    let kit = Kit::new().await;
    for feed in Feed::ALL {
        assert_eq!(kit.post(feed, &json!([example(feed)])).await, accepted(1), "{feed}");
        let arrived = kit.arrived(feed, "").await;
        assert_eq!(arrived["feed"], feed.name());
        assert_eq!((&arrived["live"], &arrived["received"]), (&json!(1), &json!(1)), "{feed}");
        assert_eq!(arrived["items"][0]["item"], example(feed), "{feed}");
    }
}

#[tokio::test]
async fn what_feed_item_makes_is_accepted_live_and_as_a_deletion() {
    let kit = Kit::new().await;
    let now = Timestamp::UNIX_EPOCH;
    for feed in Feed::ALL {
        let mut fields = example(feed).as_object().cloned().expect("an object");
        fields.entry("urlPath").or_insert_with(|| json!(""));
        let item = FeedItem::new(feed, None, fields, now).expect("an identity");
        let gone = FeedItem::deletion(feed, item.id, None, item.label.clone(), item.minimal.clone(), now);
        for (json, live, deleted) in [(&item.json, 1, 0), (&gone.json, 0, 1)] {
            let items = Value::Array(vec![serde_json::from_slice(json).expect("JSON")]);
            assert_eq!(kit.post(feed, &items).await, accepted(1), "{feed}");
            let arrived = kit.arrived(feed, "summary=true").await;
            assert_eq!((&arrived["live"], &arrived["deleted"]), (&json!(live), &json!(deleted)), "{feed}");
            assert!(arrived.get("items").is_none());
        }
    }
}

#[tokio::test]
async fn the_made_up_catalogue_is_accepted_whole() {
    let kit = Kit::with(|settings| {
        settings.requests_per_second = None;
        settings.keep = Keep::Counts;
    })
    .await;
    let catalogue = Sample { products: 120 };
    for feed in catalogue.feeds() {
        let (sender, mut pages) = tokio::sync::mpsc::channel(64);
        catalogue.read(feed, &Selection::All, sender).await.expect("read");
        let mut count = 0;
        while let Some(page) = pages.recv().await {
            let items = page.collected.into_iter().map(|collected| match collected {
                Collected::Item { source_id, content } => {
                    let item = FeedItem::new(feed, source_id, content, Timestamp::now()).expect("an identity");
                    serde_json::from_slice::<Value>(&item.json).expect("JSON")
                }
                Collected::Broken(broken) => panic!("{}", broken.reason),
            });
            let items: Vec<Value> = items.collect();
            for batch in items.chunks(feed.batch_size()) {
                count += batch.len() as u64;
                assert_eq!(kit.post(feed, &json!(batch)).await, accepted(batch.len() as u64), "{feed}");
            }
        }
        let arrived = kit.arrived(feed, "limit=1").await;
        assert_eq!((&arrived["live"], &arrived["received"]), (&json!(count), &json!(count)), "{feed}");
        assert!(arrived["items"][0].get("item").is_none(), "only counts are kept");
    }
}

#[tokio::test]
async fn bad_items_are_named_and_the_rest_is_kept() {
    let kit = Kit::new().await;
    let mut nameless = example(Feed::Products);
    nameless["sku"] = Value::Null;
    let (status, answer) = kit.post(Feed::Products, &json!([nameless, example(Feed::Products), 5])).await;
    assert_eq!((status, &answer["feedItemReceivedCount"]), (200, &json!(1)));
    assert_eq!(
        answer["invalidFeedItems"],
        json!([
            {"itemIndex": 0, "code": "required_field_missing", "message": "sku is required"},
            {"itemIndex": 2, "code": "invalid_field_value", "message": "the item is not an object"},
        ])
    );
    let (status, answer) = kit.post(Feed::Products, &json!([nameless])).await;
    assert_eq!((status, &answer["feedItemReceivedCount"]), (400, &json!(0)));
    assert_eq!(kit.arrived(Feed::Products, "").await["received"], 1);
}

#[tokio::test]
async fn prices_name_a_wrong_value_by_its_path() {
    let kit = Kit::new().await;
    let (good, mut late, mut bare) = (example(Feed::Prices), example(Feed::Prices), example(Feed::Prices));
    late["updatedAt"] = json!("yesterday");
    bare["regular"] = Value::Null;
    let (status, answer) = kit.post(Feed::Prices, &json!([good, bare, late])).await;
    assert_eq!(status, 200);
    let invalid = &answer["invalidFeedItems"];
    assert_eq!(invalid[0]["itemIndex"], 1);
    assert_eq!(invalid[1]["field"], "/2/updatedAt");
    assert!(invalid[1].get("itemIndex").is_none() && invalid[1]["message"].is_string());
}

#[tokio::test]
async fn the_two_scopes_share_a_route() {
    let kit = Kit::new().await;
    let both = json!([example(Feed::ScopesWebsite), example(Feed::ScopesCustomerGroup), {"other": 1}]);
    let (status, answer) = kit.post(Feed::ScopesWebsite, &both).await;
    assert_eq!((status, &answer["feedItemReceivedCount"]), (200, &json!(2)));
    assert_eq!(kit.arrived(Feed::ScopesWebsite, "").await["live"], 1);
    assert_eq!(kit.arrived(Feed::ScopesCustomerGroup, "").await["live"], 1);
}

#[tokio::test]
async fn more_items_than_a_request_may_hold_are_put_off() {
    let kit = Kit::new().await;
    let items: Vec<Value> = (0..1002).map(|id| json!({"commerceOrderId": id})).collect();
    let (status, answer) = kit.post(Feed::Orders, &json!(items)).await;
    assert_eq!((status, &answer["feedItemReceivedCount"]), (200, &json!(1000)));
    let refused = answer["invalidFeedItems"].as_array().expect("a list");
    assert_eq!(refused.len(), 2);
    assert_eq!((&refused[0]["itemIndex"], &refused[0]["code"]), (&json!(1000), &json!("items_limit_exceeded")));
}

#[tokio::test]
async fn bodies_that_are_no_feed_are_refused_whole() {
    let kit = Kit::new().await;
    let bomb = gzip(&vec![b' '; 65 << 20]);
    assert!(bomb.len() < 1 << 20, "it is small on the wire");
    for (content_type, encoding, bytes, status) in [
        ("text/plain", "identity", b"[]".to_vec(), 415),
        ("application/json", "br", b"[]".to_vec(), 415),
        ("application/json", "gzip", b"[]".to_vec(), 400),
        ("application/json", "identity", b"{}".to_vec(), 400),
        ("application/json", "identity", b"[{]".to_vec(), 400),
        ("application/json", "gzip", bomb, 413),
        ("application/json; charset=utf-8", "identity", b"[]".to_vec(), 200),
    ] {
        let request = kit.signed(Method::POST, kit.feed_url(Feed::Products)).header("content-type", content_type);
        let response = request.header("content-encoding", encoding).body(bytes).send().await.expect("an answer");
        assert_eq!(response.status(), status, "{content_type} {encoding}");
        assert!(body(response).await.is_object());
    }
}

#[tokio::test]
async fn a_large_body_is_read_before_it_is_refused() {
    let kit = Kit::new().await;
    for (length, status) in [(16 << 20, 403), ((16 << 20) + 1, 413)] {
        let url = kit.feed_url(Feed::Products);
        let request = kit.http.post(url).header("content-type", "application/json").body(vec![b' '; length]);
        match request.send().await {
            Ok(response) => assert_eq!(response.status(), status),
            // Beyond the limit the rest is not read, so the answer may be lost on the way; below it may not.
            Err(error) => assert_eq!(status, 413, "{error}"),
        }
    }
}

#[tokio::test]
async fn a_data_space_of_the_other_pair_is_not_there() {
    let mut kit = Kit::new().await;
    let other = kit.sandbox.ready.sandbox.clone();
    let now = seconds_now();
    let claims = json!({"iat": now, "exp": now + 300});
    let token = sign(&signing_key(&other.private_key_file), &json!({"alg": "RS256"}), &claims);
    let request = kit.http.get(kit.url("merchant-registry/v1/registry")).header("x-api-key", &other.api_key);
    let request = request.header("magento-api-key", &other.api_key).header("x-gw-signature", token);
    let rows = body(request.send().await.expect("an answer")).await;
    rows["results"][0]["environmentId"].as_str().expect("an id").clone_into(&mut kit.data_space);

    let (status, answer) = kit.post(Feed::Orders, &json!([example(Feed::Orders)])).await;
    assert_eq!(status, 404);
    assert!(answer["message"].is_string());
    assert_eq!(kit.summary().await["feeds"], json!({}), "it is there for whoever looks, and it is empty");
    let nobodys = kit.http.get(kit.url("sandbox/v1/data-spaces/none"));
    assert_eq!(nobodys.send().await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn what_arrived_can_be_paged_through() {
    let kit = Kit::new().await;
    let items: Vec<Value> = (10..15).map(|id| json!({"commerceOrderId": id})).collect();
    kit.post(Feed::Orders, &json!(items)).await;
    kit.post(Feed::Orders, &json!([{"commerceOrderId": 12, "deleted": true}])).await;
    let first = kit.arrived(Feed::Orders, "limit=2").await;
    let keys = |page: &Value| -> Vec<Value> {
        page["items"].as_array().expect("items").iter().map(|item| item["key"].clone()).collect()
    };
    assert_eq!(keys(&first), ["[\"10\"]", "[\"11\"]"]);
    let next = kit.arrived(Feed::Orders, "limit=2&after=%5B%2211%22%5D").await;
    assert_eq!(first["next"], "[\"11\"]");
    assert_eq!(keys(&next), ["[\"13\"]", "[\"14\"]"]);
    assert!(next.get("next").is_none());
    let gone = kit.arrived(Feed::Orders, "deleted=true").await;
    assert_eq!(keys(&gone), ["[\"12\"]"]);
    assert_eq!((&gone["items"][0]["deliveries"], &gone["items"][0]["changes"]), (&json!(2), &json!(1)));
    let summary = kit.summary().await;
    assert_eq!(summary["feeds"]["orders"], json!({"live": 4, "deleted": 1, "received": 6}));
    assert_eq!(summary["requests"], json!({"200": 2}));
}
