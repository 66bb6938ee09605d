//! A watch whose first sync takes long: what was compared before does not wait for it.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use commerce_connector::domain::Feed;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{interval, timeout};

use super::support::edited::EditedShop;
use super::support::gateway::Gateway;
use super::support::home::Home;
use super::support::mariadb::Server;

/// Each item of the first sync travels alone, one after the other, and each answer takes a second.
const SLOW: &str = "[[fault]]\nkind = \"slow\"\nseconds = 1.0\nshare = 1.0\nfeed = \"categories\"";

/// What one category lacks.
const URL_PATH: &str =
    "INSERT INTO catalog_category_entity_varchar (attribute_id, store_id, entity_id, value) VALUES (5, 0, 8, 'here')";

/// No change takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The name that the gateway has of the edited product.
async fn name(gateway: &Gateway) -> Option<String> {
    let received: BTreeMap<String, _> = gateway.received(Feed::Products).await;
    let item = received.into_iter().find(|(key, _)| key.contains("EDITED-0"))?.1;
    item.item["name"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_does_not_wait_for_the_first_sync_of_another_feed() {
    let shop = EditedShop::new(Server::own(), 1);
    shop.database.execute(URL_PATH);
    let gateway = Gateway::with_faults(SLOW).await;
    let home = Home::new();
    let more = "[export]\nthread_count = 1\n[export.feeds.categories]\nbatch_size = 1\n[source.commerce]\nurl = ";
    home.write_config(&gateway.config(&format!("{more}\"{}\"", shop.database.url())));
    home.ok(&["export", "run", "--feed", "products"]);
    assert_eq!(name(&gateway).await.as_deref(), Some("as it began"));
    let mut watch = home.command(&["export", "watch", "--feed", "products,categories", "--every", "1", "--json"]);
    let watch = watch.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");

    let mut clock = interval(Duration::from_millis(50));
    let first = async {
        while gateway.received(Feed::Categories).await.is_empty() {
            clock.tick().await;
        }
    };
    timeout(PATIENCE, first).await.expect("the first sync begins");
    // Two, one after the other: passes beside it follow each other.
    for new in ["a new name", "a newer name"] {
        shop.database.execute(&format!(
            "UPDATE catalog_product_entity_varchar SET value = '{new}' WHERE attribute_id = 61 AND entity_id = 10000"
        ));
        let arrived = async {
            while name(&gateway).await.as_deref() != Some(new) {
                clock.tick().await;
            }
        };
        timeout(PATIENCE, arrived).await.expect("it arrives");
    }
    let sent = gateway.received(Feed::Categories).await.len();

    kill_process(Pid::from_child(&watch), Signal::TERM).expect("it is told to stop");
    let output = tokio::task::spawn_blocking(|| watch.wait_with_output()).await.expect("no panic").expect("it ends");
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
    // What is left of the first sync is sent by the next one.
    home.ok(&["export", "run", "--feed", "categories", "--batch-size", "100"]);
    let all = gateway.received(Feed::Categories).await;
    assert!(sent < all.len(), "the first sync was over: {sent} of {}", all.len());
    assert!(all.values().all(|item| item.deliveries == 1), "an item came twice");
    let passes =
        told.lines().filter(|line| line.contains("\"watch_pass\"") && line.contains("\"submitted\":1")).count();
    assert!(passes >= 2, "each is told: {told}");
}
