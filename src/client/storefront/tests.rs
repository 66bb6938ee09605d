//! Every shape of an answer, and what is made of it.

use reqwest::header::HeaderMap;
use serde_json::json;

use super::*;

fn told(status: u16, body: &str) -> Result<Value, StorefrontError> {
    let reply = crate::http::wire::Reply {
        status,
        headers: HeaderMap::new(),
        body: body.as_bytes().to_vec(),
        redirect_host: None,
    };
    checked(&reply, &"service".into())
}

fn sentence(status: u16, body: &str) -> String {
    told(status, body).expect_err(body).to_string()
}

#[test]
fn a_failure_is_one_sentence_whatever_its_shape() {
    let forbidden = |code: &str| {
        json!({"error": {"code": "Forbidden", "message": "Client ID is invalid",
                                                  "details": {"error_code": code}}})
        .to_string()
    };
    let no_service = "service does not accept this API key (403003): it is not registered for this service, or belongs \
                      to the other pair";
    for (status, body, words) in [
        (403, forbidden("403003"), no_service),
        (403, json!({"error_code": 403_003, "message": "Api Key is invalid"}).to_string(), no_service),
        (200, json!({"error_code": "403003", "message": "Api Key is invalid"}).to_string(), no_service),
        (403, forbidden("403000"), "service refused the API key: Client ID is invalid (403000)"),
        (
            200,
            json!({"errors": [{"message": "No index was found for this request"}]}).to_string(),
            "Live Search has no index for this store view",
        ),
        (
            200,
            json!({"errors": [{"message": "no such view", "extensions": {"code": 7}}], "data": null}).to_string(),
            "service refused: no such view (7)",
        ),
        (
            200,
            json!({"errors": [{}], "data": {"products": []}}).to_string(),
            "service refused: an error without a message",
        ),
        (429, String::new(), "rate limit of service reached"),
        (503, "busy".to_owned(), "no usable response from service: HTTP status 503: busy"),
        (400, "{}".to_owned(), "service refused: {}"),
        (
            200,
            "<html><title>Sign in</title>".to_owned(),
            "unexpected response from service: an HTML page with the title \"Sign in\"",
        ),
        (200, "[]".to_owned(), "unexpected response from service: []"),
        (302, String::new(), "unexpected response from service: no details"),
    ] {
        assert_eq!(sentence(status, &body), words, "{status} {body}");
    }
}

#[test]
fn numbers_may_be_text_and_what_is_left_out_is_not_known() {
    let data = json!({"products": [
        null,
        {"sku": 24, "name": "Bag", "inStock": "1", "attributes": [
            {"name": "size", "value": ["L", 7]}, {"name": "eco", "value": true}, {"name": "none", "value": null}],
         "price": {"final": {"amount": {"value": "18.50", "currency": "EUR"}},
                   "regular": {"amount": {"value": 20, "currency": null}}}},
        {"sku": "B", "price": {"final": {"amount": {"value": "NaN"}}}},
    ]});
    let products = shown_products(&data).expect("products");
    let price = |value, currency: &str| Some(Price { value, currency: currency.to_owned() });
    let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    assert_eq!(products[0].sku, "24");
    assert_eq!((&products[0].finally, &products[0].regular), (&price(18.5, "EUR"), &price(20.0, "")));
    assert_eq!(products[0].in_stock, Some(true));
    let attributes =
        [("size", texts(&["7", "L"])), ("eco", texts(&["true"])), ("none", Vec::new())].map(|(n, v)| (n.to_owned(), v));
    assert_eq!(products[0].attributes, attributes);
    assert_eq!(products[1], ShownProduct { sku: "B".to_owned(), ..ShownProduct::default() });
    assert!(shown_products(&json!({"products": {}})).is_err());
    assert!(shown_products(&json!({"products": [{"name": "x"}]})).is_err());
}

#[test]
fn what_is_found_is_read_in_both_shapes() {
    let data = json!({"productSearch": {"items": [{"productView": {"sku": "A"}}, {"product": {"sku": 7}}, {}]}});
    assert_eq!(found_skus(&data).expect("SKUs"), ["A", "7"]);
    assert!(found_skus(&json!({"productSearch": null})).is_err());
}

#[test]
fn an_address_that_cannot_be_asked_is_named_with_its_setting() {
    let settings = |url: &str| StorefrontSettings {
        url: url.to_owned(),
        ca_file: None,
        connect_timeout: FIRST_PAUSE,
        read_timeout: FIRST_PAUSE,
        total_timeout: FIRST_PAUSE,
        requests_per_second: None,
        data_space: "30f2d4a7-8f3c-4f6e-9a51-0b8d5f4c9e21".parse().expect("an id"),
    };
    let key = ApiKey::parse("c0ffee00c0ffee00c0ffee00c0ffee00").expect("a key");
    for url in ["http://catalog.example/graphql", "nonsense", "ftp://x.example"] {
        let error = Storefront::new(&settings(url), &key).expect_err(url).to_string();
        assert!(error.starts_with("gateway.graphql_url: "), "{error}");
    }
    let storefront = Storefront::new(&settings("http://127.0.0.1:1/graphql"), &key).expect("loopback");
    assert_eq!(storefront.wire.url(&[]).as_str(), "http://127.0.0.1:1/graphql");
}
