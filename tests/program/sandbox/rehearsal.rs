//! The rate limit and the fault script, as a client meets them.

use commerce_connector::domain::Feed;
use serde_json::{Value, json};

use crate::sandbox::kit::{Kit, body};

fn order(id: u64) -> Value {
    json!([{ "commerceOrderId": id }])
}

#[tokio::test]
async fn the_burst_passes_and_the_next_request_is_told_when_to_come_back() {
    // So slow that nothing flows back while the test runs.
    let kit = Kit::with(|settings| {
        settings.requests_per_second = Some(0.01);
        settings.burst = 2;
    })
    .await;
    assert_eq!(kit.post(Feed::Orders, &order(1)).await.0, 200);
    assert_eq!(kit.post(Feed::Orders, &order(2)).await.0, 200);
    let response = kit.feed(Feed::Orders, &order(3)).send().await.expect("an answer");
    assert_eq!(response.status(), 429);
    let seconds: u64 = response.headers()["retry-after"].to_str().expect("text").parse().expect("whole seconds");
    assert!((1..=100).contains(&seconds), "{seconds}");
    // The registry is not limited, and what was refused was not kept.
    assert_eq!(kit.registry(reqwest::Method::GET, "ping").send().await.expect("an answer").status(), 200);
    assert_eq!(kit.summary().await["requests"], json!({"200": 2, "429": 1}));
    assert_eq!(kit.arrived(Feed::Orders, "").await["received"], 2);
}

#[tokio::test]
async fn statuses_come_as_written() {
    let kit = Kit::with_faults(
        "[[fault]]\nkind = 'status'\nstatus = 503\non = [1]\n\
         [[fault]]\nkind = 'status'\nstatus = 429\nretry_after = 3\non = [2]\n\
         [[fault]]\nkind = 'status'\nstatus = 429\nretry_after = 'none'\non = [3]\n\
         [[fault]]\nkind = 'expired-keys'\non = [4]\n\
         [[fault]]\nkind = 'garbage'\non = [5]",
    )
    .await;
    let mut seen = Vec::new();
    for id in 1..=6 {
        let response = kit.feed(Feed::Orders, &order(id)).send().await.expect("an answer");
        let retry_after = response.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned());
        seen.push((response.status().as_u16(), retry_after));
        let text = response.text().await.expect("a body");
        assert_eq!(text.starts_with("<!doctype html>"), id == 5, "{text}");
    }
    let three = Some("3".to_owned());
    assert_eq!(seen, [(503, None), (429, three), (429, None), (403, None), (200, None), (200, None)]);
    assert_eq!(kit.arrived(Feed::Orders, "").await["received"], 1, "only the last was kept");
}

#[tokio::test]
async fn a_reset_and_a_lost_answer_look_the_same_to_the_client_but_not_to_the_store() {
    let kit = Kit::with_faults("[[fault]]\nkind = 'reset'\non = [1]\n[[fault]]\nkind = 'lost-answer'\non = [2]").await;
    for (id, received) in [(1, 0), (2, 1)] {
        let error = kit.feed(Feed::Orders, &order(id)).send().await.expect_err("no answer");
        assert!(error.is_request() && !error.is_timeout() && error.status().is_none(), "{error:?}");
        assert_eq!(kit.arrived(Feed::Orders, "").await["received"], received);
    }
    assert_eq!(kit.post(Feed::Orders, &order(3)).await.0, 200, "the next request is fine");
    assert_eq!(kit.summary().await["requests"], json!({"200": 1, "cut": 2}));
}

#[tokio::test]
async fn a_slow_answer_comes_in_the_end() {
    let kit = Kit::with_faults("[[fault]]\nkind = 'slow'\nseconds = 0.05\non = [1]").await;
    let start = std::time::Instant::now();
    assert_eq!(kit.post(Feed::Orders, &order(1)).await.0, 200);
    assert!(start.elapsed().as_millis() >= 50);
}

#[tokio::test]
async fn refused_items_carry_the_code_of_the_script() {
    let kit = Kit::with_faults(
        "[[fault]]\nkind = 'refused-items'\nitems = 0.5\ncode = 'items_limit_exceeded'\non = [1]\n\
         [[fault]]\nkind = 'refused-items'\non = [2]",
    )
    .await;
    let items: Vec<Value> = (0..100).map(|id| json!({"commerceOrderId": id})).collect();
    let (status, answer) = kit.post(Feed::Orders, &json!(items)).await;
    let refused = answer["invalidFeedItems"].as_array().expect("a list");
    assert_eq!(status, 200);
    assert!((20..80).contains(&refused.len()), "{}", refused.len());
    assert!(refused.iter().all(|item| item["code"] == "items_limit_exceeded"));
    let (status, answer) = kit.post(Feed::Orders, &json!(items)).await;
    assert_eq!((status, answer["invalidFeedItems"].as_array().map(Vec::len)), (400, Some(100)));
}

#[tokio::test]
async fn a_script_with_a_mistake_stops_the_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("faults.toml");
    std::fs::write(&file, "[[fault]]\nkind = 'rest'\non = [1]\n").expect("written");
    let mut settings = commerce_connector::sandbox::SandboxSettings::new(directory.path().join("keys"));
    settings.faults = Some(file.clone());
    let error = commerce_connector::sandbox::Sandbox::start(settings).await.expect_err("refused").to_string();
    assert!(error.starts_with(&format!("{}, line 2: unknown variant `rest`", file.display())), "{error}");
    assert!(!directory.path().join("keys").exists(), "nothing was made");
}

#[tokio::test]
async fn the_shipped_fault_script_is_read() {
    let kit = Kit::with(|settings| {
        settings.faults = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/faults.toml").into());
    })
    .await;
    let ping = kit.registry(reqwest::Method::GET, "ping").send().await.expect("an answer");
    assert!(body(ping).await.is_object());
}
