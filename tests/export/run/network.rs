//! The network between the real client and the sandbox: cut, late, half-open, dripping, closed, swallowed.

use std::path::Path;
use std::time::Duration;

use commerce_connector::commands::linear::conclude;
use commerce_connector::domain::{Feed, ThreadCount};
use commerce_connector::error::Exit;
use commerce_connector::export::progress::RunEvent;

use super::shop::{BATCH, Shop, products};
use super::support::gateway::Ended;
use super::support::network::{BlackHole, Network, Way};

fn reasons(ended: &Ended) -> Vec<String> {
    let reasons = ended.events.iter().filter_map(|event| match event {
        RunEvent::Retrying { reason, .. } => Some(reason.to_string()),
        _ => None,
    });
    reasons.collect()
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_to_a_connection_every_item_arrives_and_the_reason_is_told() {
    let broke = "connection lost: ";
    let silent = "no response for 10 s (read time-out)";
    let late = Duration::from_secs(2);
    for (way, words, may_come_twice) in [
        (Way::Refuse, broke, false),
        (Way::CutRequest(0), broke, false),
        (Way::CutRequest(300), broke, false),
        (Way::CutRequest(900), broke, false),
        (Way::CutAnswer(0), broke, true),
        (Way::CutAnswer(40), broke, true),
        (Way::CutAnswer(150), broke, true),
        (Way::EndAnswer(40), broke, true),
        (Way::StopReading(0), silent, false),
        (Way::StopReading(300), silent, false),
        (Way::LoseAnswer, silent, true),
        (Way::Drip(Duration::from_secs(3)), silent, true),
        (Way::Delay(late), "", false),
    ] {
        let shop = Shop::new().await;
        shop.write(Feed::Products, &products(2 * BATCH));
        let network = Network::to(&shop.sandbox.ready.url, &[way]).await;
        let ended = shop.run_with(&shop.client_at(&network.url)).await;
        assert_eq!(ended.report().exit(), Exit::Done, "{way:?}: {ended:?}");
        assert_eq!(network.left(), 0, "{way:?}");
        let reasons = reasons(&ended);
        assert_eq!(reasons.is_empty(), words.is_empty(), "{way:?}: {reasons:?}");
        assert!(reasons.iter().all(|reason| reason.starts_with(words)), "{way:?}: {reasons:?}");
        let received = shop.received(Feed::Products).await;
        assert_eq!(received.len(), 2 * BATCH, "{way:?}");
        let twice = received.values().filter(|item| item.deliveries > 1).count();
        assert!(twice <= if may_come_twice { BATCH } else { 0 }, "{way:?}: {twice} came twice");
    }
}

#[tokio::test(start_paused = true)]
async fn several_workers_on_a_bad_line_lose_nothing() {
    let mut shop = Shop::new().await;
    shop.plan.thread_count = ThreadCount::Fixed(4);
    shop.write(Feed::Products, &products(30 * BATCH));
    let ways = [
        Way::CutAnswer(0),
        Way::CutRequest(500),
        Way::StopReading(100),
        Way::Refuse,
        Way::Delay(Duration::from_secs(1)),
        Way::CutAnswer(90),
        Way::LoseAnswer,
    ];
    let network = Network::to(&shop.sandbox.ready.url, &ways).await;
    let ended = shop.run_with(&shop.client_at(&network.url)).await;
    assert_eq!(ended.report().exit(), Exit::Done, "{ended:?}");
    let received = shop.received(Feed::Products).await;
    assert_eq!(received.len(), 30 * BATCH);
    let twice: u64 = received.values().map(|item| item.deliveries - 1).sum();
    assert!(twice <= 3 * BATCH as u64, "only what was answered and lost comes twice: {twice}");
}

/// A run that does not get anywhere, and what is said of it.
async fn stuck(shop: &Shop, url: &str, ca_file: Option<&Path>) -> (Exit, String) {
    shop.write(Feed::Products, &products(BATCH));
    let client = shop.client_with(|settings| {
        url.clone_into(&mut settings.gateway);
        settings.ca_file = ca_file.map(Path::to_owned);
    });
    let ended = shop.run_with(&client).await;
    let problem = conclude(ended.report()).expect_err("it gets nowhere");
    assert_eq!(shop.ledger()[0].submitted, 0);
    assert_eq!(shop.ledger()[0].will_retry + shop.ledger()[0].awaiting, BATCH as u64);
    (problem.exit, format!("{}\n{}", problem.what, problem.hint.unwrap_or_default().command_line()))
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_swallows_connections_ends_the_run_with_the_reason() {
    let mut shop = Shop::new().await;
    // So that the shared budget, and not three batches in a row, ends it.
    shop.plan.feeds[0].batch_size = 1;
    let hole = BlackHole::open().await;
    let (exit, told) = stuck(&shop, &format!("http://{}", hole.address), None).await;
    assert_eq!(exit, Exit::TryAgain);
    assert!(told.contains("no connection within 5 s (connect time-out)"), "{told}");
    assert!(told.contains("`commerce-connector doctor`"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn somebody_else_with_another_certificate_ends_the_run_soon_and_names_the_setting() {
    let shop = Shop::new().await;
    let ca = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls/ca.pem");
    // The sandbox speaks no TLS at all, so it is not the gateway either.
    let url = shop.sandbox.ready.url.replace("http://", "https://");
    let (exit, told) = stuck(&shop, &url, Some(&ca)).await;
    assert_eq!(exit, Exit::TryAgain);
    assert!(told.contains("TLS failed: ") && told.contains("gateway.ca_file"), "{told}");
}
