//! What the commands print of the reports that the screen shows as well: an item and an estimate.

use std::fs;

use commerce_connector::domain::DataSpaceKind;
use serde_json::json;

use super::support::gateway::Gateway;
use super::support::home::Home;

fn product(name: &str) -> String {
    json!({
        "sku": "SKU-0007", "storeViewCode": "default", "storeCode": "main", "websiteCode": "base", "productId": "7",
        "name": name, "type": "simple", "status": "Enabled", "visibility": "Catalog, Search",
        "createdAt": "2026-01-01 00:00:00", "updatedAt": "2026-01-01 00:00:00",
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_and_an_estimate_as_text() {
    let mut gateway = Gateway::new().await;
    let projects = gateway.client.projects().await.expect("projects");
    let spaces = &projects[0].data_spaces;
    gateway.space = spaces.iter().find(|space| space.kind == DataSpaceKind::Testing).expect("one").id.clone();
    let home = Home::new();
    let config = gateway.config("[source]\nkind = \"files\"");
    home.write_config(&config.replace("[saas]", "[saas]\nenvironment_type = \"Testing\""));
    let feeds = home.path(".config/commerce-connector/feeds");
    fs::create_dir(&feeds).expect("made");
    fs::write(feeds.join("products.ndjson"), product("Cup")).expect("written");

    let estimate = home.ok(&["export", "estimate"]);
    let lines: Vec<&str> = estimate.lines().collect();
    assert_eq!(lines[0].split_whitespace().last(), Some("BYTES"), "{estimate}");
    assert_eq!(
        lines[1].split_whitespace().collect::<Vec<_>>(),
        ["products", "unknown", "unknown", "100", "unknown", "unknown"]
    );
    assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>(), ["Total", "unknown", "unknown"], "{estimate}");
    assert!(estimate.contains("Items are counted, not read") && estimate.contains("rate limit"), "{estimate}");

    home.ok(&["export", "run", "--quiet"]);
    fs::write(feeds.join("products.ndjson"), product("Mug")).expect("written");
    let item = home.ok(&["export", "item", "--feed", "products", "SKU-0007"]);
    let at = |line: &str| item.lines().position(|known| known.starts_with(line)).unwrap_or_else(|| panic!("{item}"));
    let expected = [
        "Item of products",
        "  sku: SKU-0007",
        "State",
        "  State: Submitted to service, since 20",
        "  Meaning: The gateway accepted it; services may show it later.",
        "  Next step: None; `commerce-connector export run --feed products --by-ids IDS`: send it again anyway.",
        "Payload: 1 change since last sent, 20",
        "  - name: Cup",
        "  + name: Mug",
        "  status: Enabled",
    ];
    assert!(expected.map(at).is_sorted(), "{item}");
}
