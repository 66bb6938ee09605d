//! `services`: modules from composer.lock, feeds from the ledger and from health.

use serde_json::{Value, json};

use super::kit::{Shop, Told};
use super::support::home::Home;

fn service<'a>(lines: &'a [Value], name: &str) -> &'a Value {
    lines.iter().find(|line| line["service"] == name).unwrap_or_else(|| panic!("no service {name}"))
}

fn condition(service: &Value, feed: &str) -> Value {
    let feeds = service["feeds"].as_array().expect("feeds");
    feeds.iter().find(|entry| entry["feed"] == feed).map(|entry| entry["condition"].clone()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn modules_and_feeds() {
    let shop = Shop::healthy().await;
    shop.write_lock(&[
        ("magento/product-enterprise-edition", "2.4.8"),
        ("magento/live-search", "4.2.1"),
        ("magento/payment-services", "v2.11.1"),
    ]);
    let run =
        shop.command(&["export", "run", "--feed", "scopesWebsite,scopesCustomerGroup"]).output().expect("it runs");
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    shop.database()
        .execute("UPDATE indexer_state SET status = 'invalid' WHERE indexer_id = 'scopes_customergroup_data_exporter'");
    shop.configure();
    let lines = shop.home.json(&["services"]);
    let names: Vec<&str> = lines.iter().filter_map(|line| line["service"].as_str()).collect();
    assert_eq!(
        names,
        [
            "Product Recommendations",
            "Live Search",
            "Catalog Service",
            "Data Connection",
            "Site-Wide Analysis Tool",
            "Payment Services"
        ]
    );
    let search = service(&lines, "Live Search");
    assert_eq!((&search["module"], &search["version"]), (&json!("installed"), &json!("4.2.1")));
    assert_eq!(condition(search, "scopesWebsite"), "healthy");
    assert_eq!(condition(search, "scopesCustomerGroup"), "failed");
    assert_eq!(condition(search, "products"), "incomplete");
    let payment = service(&lines, "Payment Services");
    assert_eq!((&payment["version"], &payment["in_open_source"]), (&json!("2.11.1"), &json!(true)));
    let connection = service(&lines, "Data Connection");
    assert_eq!((&connection["module"], &connection["version"]), (&json!("not installed"), &Value::Null));

    let told = Told::by(&mut shop.command(&["services"]));
    assert!(told.text.contains("failed: scopesCustomerGroup; incomplete: "), "{}", told.text);
    assert!(told.text.contains("accepted by the gateway; services may show it later"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn magento_open_source_has_payment_services_only() {
    let shop = Shop::healthy().await;
    shop.write_lock(&[("magento/product-community-edition", "2.4.8")]);
    shop.configure();
    let lines = shop.home.json(&["services"]);
    assert_eq!(service(&lines, "Live Search")["available"], false);
    assert_eq!(service(&lines, "Live Search")["module"], "not in this edition");
    assert_eq!(service(&lines, "Payment Services")["available"], true);
}

#[test]
fn what_is_not_known_is_said() {
    let home = Home::new();
    home.write_config("[source.commerce]\nurl = \"mysql://clerk@localhost/shop?socket=/nowhere/s.sock\"\n");
    let output = home.run(&["services"]);
    let (out, err) = (super::support::home::stdout(&output), super::support::home::stderr(&output));
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(out.contains("all 7: unknown"), "{out}");
    assert!(
        err.contains("instance.root is not set or has no composer.lock") && err.contains("/nowhere/s.sock"),
        "{err}"
    );
}
