//! Every answer of a feed route, from its status and body to its outcome; no network.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use super::*;
use crate::client::models::RETRYABLE_ITEM_CODE;

const ROUTE: &str = "feeds/things/v1";

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().expect("a timestamp")
}

fn reply(status: u16, body: &[u8], headers: &[(&'static str, &'static str)]) -> Reply {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    Reply { status, headers, body: body.to_vec(), redirect_host: None }
}

fn came_to(status: u16, body: &[u8]) -> FeedOutcome {
    outcome(&reply(status, body, &[]), ROUTE, now())
}

#[test]
fn a_count_below_the_number_that_was_sent_is_no_acceptance() {
    let came_to = |body: &Value, items: usize| {
        let reply = reply(200, body.to_string().as_bytes(), &[]);
        let answer =
            FeedAnswer { outcome: outcome(&reply, ROUTE, now()), request_id: None, received: received(&reply) };
        answer.counted(items).outcome
    };
    let refused = json!([{"itemIndex": 1, "code": "c", "message": "m"}]);
    for (body, items) in [
        (json!({"feedItemReceivedCount": 2, "invalidFeedItems": []}), 3),
        (json!({"feedItemReceivedCount": "1"}), 2),
        (json!({"feedItemReceivedCount": 1, "invalidFeedItems": refused}), 3),
    ] {
        let FeedOutcome::NotUnderstood { message, .. } = came_to(&body, items) else { panic!("{body} is accepted") };
        assert!(message.as_str().contains("unknown which"), "{message}");
    }
    for (body, items) in [
        (json!({"feedItemReceivedCount": 3}), 3),
        (json!({"feedItemReceivedCount": 2, "invalidFeedItems": refused}), 3),
        (json!({"feedItemReceivedCount": 3, "invalidFeedItems": refused}), 3),
        (json!({"invalidFeedItems": []}), 3),
    ] {
        assert!(matches!(came_to(&body, items), FeedOutcome::Accepted { .. }), "{body}");
    }
}

fn came_to_json(status: u16, body: &Value) -> FeedOutcome {
    came_to(status, body.to_string().as_bytes())
}

fn item(index: usize, code: &str, message: &str) -> RefusedItem {
    RefusedItem { index, code: code.into(), message: message.into() }
}

fn slowed_by(headers: &[(&'static str, &'static str)]) -> (Option<Duration>, String) {
    match outcome(&reply(429, b"", headers), ROUTE, now()) {
        FeedOutcome::SlowDown { retry_after, message } => (retry_after, message.to_string()),
        other => panic!("{other:?}"),
    }
}

fn retry_after(value: &'static str) -> Option<Duration> {
    slowed_by(&[("retry-after", value)]).0
}

#[test]
fn a_200_accepts_all_but_the_items_that_it_names_in_either_shape() {
    let body = json!({"feedItemReceivedCount": 2, "invalidFeedItems": [
        {"field": "/2/updatedAt", "message": "must be a date"},
        {"itemIndex": 0, "code": "bad", "message": "no sku"},
        {"itemIndex": "1", "code": 17, "message": null},
        {"field": "3/sku", "message": "m"},
    ]});
    let refused = vec![
        item(0, "bad", "no sku"),
        item(1, "17", ""),
        item(2, "/2/updatedAt", "must be a date"),
        item(3, "3/sku", "m"),
    ];
    assert_eq!(came_to_json(200, &body), FeedOutcome::Accepted { refused });
}

#[test]
fn a_200_that_names_nobody_accepts_all() {
    let all = FeedOutcome::Accepted { refused: vec![] };
    for body in
        [json!({"feedItemReceivedCount": 1}), json!({"invalidFeedItems": []}), json!({"invalidFeedItems": null})]
    {
        assert_eq!(came_to_json(200, &body), all, "{body}");
    }
    assert_eq!(came_to(200, b" \n"), all);
    assert_eq!(came_to(204, b""), all);
}

#[test]
fn a_200_outside_of_the_contract_is_not_understood() {
    for (body, expected) in [
        ("<html><title>Sign in</title></html>", "an HTML page with the title \"Sign in\""),
        ("{\"feedItemReceivedCount\":", "{\"feedItemReceivedCount\":"),
        ("[]", "[]"),
        ("OK", "OK"),
        ("{\"error\":{\"message\":\"inner trouble\"}}", "inner trouble"),
        ("{\"invalidFeedItems\":7}", "invalidFeedItems is not a list"),
        ("{\"invalidFeedItems\":[{\"message\":\"x\"}]}", "a refused item without its index: {\"message\":\"x\"}"),
        ("{\"invalidFeedItems\":[{\"field\":\"/sku\"}]}", "a refused item without its index: {\"field\":\"/sku\"}"),
        ("{\"invalidFeedItems\":[{\"itemIndex\":-1}]}", "a refused item without its index: {\"itemIndex\":-1}"),
    ] {
        let outcome = came_to(200, body.as_bytes());
        assert_eq!(outcome, FeedOutcome::NotUnderstood { status: 200, message: expected.into() });
    }
}

#[test]
fn several_reasons_for_one_item_become_one_that_is_retryable_only_if_all_are() {
    let body = json!({"invalidFeedItems": [
        {"itemIndex": 1, "code": RETRYABLE_ITEM_CODE, "message": "full"},
        {"itemIndex": 1, "code": "bad", "message": "no sku"},
        {"itemIndex": 0, "code": RETRYABLE_ITEM_CODE, "message": "full"},
        {"itemIndex": 0, "code": RETRYABLE_ITEM_CODE, "message": "full"},
    ]});
    let refused = vec![item(0, RETRYABLE_ITEM_CODE, "full"), item(1, "bad", "full; no sku")];
    assert_eq!(came_to_json(200, &body), FeedOutcome::Accepted { refused });
}

#[test]
fn a_400_refuses_all_and_says_why_where_it_can() {
    let body =
        json!({"feedItemReceivedCount": 0, "invalidFeedItems": [{"itemIndex": 0, "code": "c", "message": "why"}]});
    let refused = vec![item(0, "c", "why")];
    assert_eq!(came_to_json(400, &body), FeedOutcome::Refused { status: 400, refused, message: "why".into() });
    for (body, message) in [
        ("{\"message\":\"not an array\",\"status\":400}", "not an array (400)"),
        ("Bad request", "Bad request"),
        ("", "no details"),
        ("{\"invalidFeedItems\":[{}]}", "{\"invalidFeedItems\":[{}]}"),
    ] {
        let expected = FeedOutcome::Refused { status: 400, refused: vec![], message: message.into() };
        assert_eq!(came_to(400, body.as_bytes()), expected);
    }
    assert!(matches!(came_to(400, b"<html>"), FeedOutcome::NotUnderstood { status: 400, .. }));
}

#[test]
fn refused_keys_come_with_the_words_and_the_code() {
    let remedy = KeysRemedy::CheckKeys;
    let body = json!({"error_code": "403053", "message": "JWT is invalid"});
    let inside = FeedOutcome::KeysRefused { status: 403, message: "JWT is invalid (403053)".into(), remedy };
    assert_eq!(came_to_json(200, &body), inside);
    for status in [401, 403] {
        let expected = FeedOutcome::KeysRefused { status, message: "JWT is invalid (403053)".into(), remedy };
        assert_eq!(came_to_json(status, &body), expected);
    }
}

#[test]
fn a_wrong_route_is_named() {
    for status in [404, 405] {
        let message = "unknown route feeds/things/v1: gone".into();
        assert_eq!(came_to(status, b"gone"), FeedOutcome::WrongAddress { status, message });
    }
}

#[test]
fn a_clock_that_is_wrong_here_is_told_apart_from_keys_that_are() {
    let body = br#"{"error_code":"403053","message":"JWT is invalid"}"#;
    let refused = |date| match outcome(&reply(403, body, &[("date", date)]), ROUTE, now()) {
        FeedOutcome::KeysRefused { status: 403, message, remedy } => (message.to_string(), remedy),
        other => panic!("{other:?}"),
    };
    let (words, remedy) = refused("Sun, 22 Nov 2026 09:00:00 GMT");
    let expected = "JWT is invalid (403053); this server's clock is 1 h 00 min ahead of the gateway's";
    assert_eq!((words.as_str(), remedy), (expected, KeysRemedy::SetClock));
    let (words, _) = refused("Sun, 22 Nov 2026 10:05:00 GMT");
    assert!(words.ends_with("is 5 min 00 s behind the gateway's"), "{words}");
    for date in ["Sun, 22 Nov 2026 10:03:00 GMT", "yesterday"] {
        assert_eq!(refused(date), ("JWT is invalid (403053)".to_owned(), KeysRemedy::CheckKeys));
    }
}

#[test]
fn a_200_of_another_type_is_told_by_it_and_never_accepts() {
    let of_type = |kind, body: &[u8]| outcome(&reply(200, body, &[("content-type", kind)]), ROUTE, now());
    let words = |outcome| match outcome {
        FeedOutcome::NotUnderstood { status: 200, message } => message.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(words(of_type("text/plain; charset=utf-8", b"OK")), "response of type text/plain: OK");
    assert_eq!(words(of_type("application/json", b"OK")), "OK");
    assert_eq!(words(of_type("text/html", b"")), "empty response of type text/html");
    let all = FeedOutcome::Accepted { refused: vec![] };
    assert_eq!(of_type("text/plain", b"{\"feedItemReceivedCount\":1}"), all, "the body is what the contract says");
}

#[test]
fn a_200_that_received_nothing_and_refused_nothing_is_not_understood() {
    for body in [json!({"feedItemReceivedCount": 0}), json!({"feedItemReceivedCount": 0, "invalidFeedItems": []})] {
        assert!(matches!(came_to_json(200, &body), FeedOutcome::NotUnderstood { .. }), "{body}");
    }
}

#[test]
fn other_statuses_are_refused_passing_or_not_understood() {
    for status in [402, 408, 409, 413, 415, 422, 499] {
        assert!(matches!(came_to(status, b"x"), FeedOutcome::Refused { status: same, .. } if same == status));
    }
    for status in [500, 502, 503, 504, 599] {
        let message = format!("HTTP status {status}: busy").into();
        let expected = FeedOutcome::Passing { status: Some(status), message, failure: None };
        assert_eq!(came_to(status, b"busy"), expected);
    }
    for status in [100, 300, 302, 304, 600, 999] {
        assert!(matches!(came_to(status, b"x"), FeedOutcome::NotUnderstood { status: same, .. } if same == status));
    }
}

#[test]
fn retry_after_is_seconds_or_a_date_capped_and_never_garbage() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(retry_after("7"), seconds(7));
    assert_eq!(retry_after(" 0 "), seconds(0));
    assert_eq!(retry_after("Sun, 22 Nov 2026 10:00:12 GMT"), seconds(12));
    assert_eq!(retry_after("Mon, 22 Nov 2026 10:00:12 GMT"), seconds(12));
    assert_eq!(retry_after("999999"), seconds(600));
    assert_eq!(retry_after("99999999999999999999999"), seconds(600));
    assert_eq!(retry_after("Sun, 22 Nov 2099 10:00:12 GMT"), seconds(600));
    for garbage in ["", "-5", "1.5", "soon", "Sun, 22 Nov 2026 09:59:00 GMT", "Sun, 99 Nov 2026 10:00:12 GMT"] {
        assert_eq!(retry_after(garbage), None, "{garbage}");
    }
    assert_eq!(slowed_by(&[]), (None, "rate limit reached (429)".to_owned()));
}

#[test]
fn a_strange_retry_after_is_said_so() {
    let words = |value| slowed_by(&[("retry-after", value)]).1;
    assert_eq!(words("7"), "rate limit reached (429)");
    assert!(words("86400").ends_with("(429); Retry-After 24 h 00 min, limited to 10 min 00 s"), "{}", words("86400"));
    assert!(words("-5").ends_with("(429); invalid Retry-After \"-5\""), "{}", words("-5"));
}

#[test]
fn a_retry_after_that_is_a_date_is_seen_from_the_gateways_own_clock() {
    let headers = [("retry-after", "Sun, 22 Nov 2026 12:00:12 GMT"), ("date", "Sun, 22 Nov 2026 12:00:00 GMT")];
    assert_eq!(slowed_by(&headers).0, Some(Duration::from_secs(12)));
}

#[test]
fn the_request_id_is_the_first_known_header_made_safe() {
    let id = |headers: &[(&'static str, &'static str)]| reply(200, b"", headers).request_id().map(|id| id.to_string());
    assert_eq!(id(&[("x-correlation-id", "c"), ("x-request-id", "r")]).as_deref(), Some("r"));
    assert_eq!(id(&[("x-correlation-id", "a\tb")]).as_deref(), Some("a\\tb"));
    assert_eq!(id(&[("content-type", "x")]), None);
}

#[test]
fn no_answer_whatever_its_bytes_makes_a_panic() {
    let body = json!({"feedItemReceivedCount": 2, "invalidFeedItems": [
        {"itemIndex": 1, "code": "c", "message": "m"}, {"field": "/0/x", "message": "m"}]})
    .to_string();
    for seed in 0..5_000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut bytes = body.clone().into_bytes();
        for _ in 0..rng.usize(1..6) {
            let at = rng.usize(..bytes.len());
            bytes[at] = rng.u8(..);
        }
        bytes.truncate(rng.usize(..=bytes.len()));
        let outcome = came_to(*rng.choice([200, 400, 403, 429, 503].iter()).expect("one"), &bytes);
        assert!(!format!("{outcome:?}").contains('\u{1b}'));
    }
}
