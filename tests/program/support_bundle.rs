//! `support-bundle`: what is in the archive, and what never is.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;

use commerce_connector::domain::DataSpaceKind;
use flate2::read::GzDecoder;
use serde_json::json;

use super::support::gateway::Gateway;
use super::support::home::Home;

const API_KEY: &str = "c0ffee00c0ffee01c0ffee02c0ffee03";

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_has_failures_runs_and_errors_but_no_secret_and_no_customer() {
    let faults = "[[fault]]\nkind = \"refused-items\"\nitems = 1.0\nholding = \"SKU\"\n\n\
                  [[fault]]\nkind = \"refused-items\"\nitems = 1.0\nholding = \"ann\"\n";
    let mut gateway = Gateway::with_faults(faults).await;
    let projects = gateway.client.projects().await.expect("projects");
    let spaces = &projects[0].data_spaces;
    gateway.space = spaces.iter().find(|space| space.kind == DataSpaceKind::Testing).expect("one").id.clone();
    let home = Home::new();
    let shop = home.path("shop");
    let source = "[export.routes]\norders = \"feeds/orders/v1\"\n[source]\nkind = \"files\"";
    let instance = format!("[instance]\nroot = \"{}\"", shop.display());
    let config = gateway.config(source).replace("[saas]", "[saas]\nenvironment_type = \"Testing\"");
    home.write_config(&config.replace("[instance]", &instance));
    let feeds = home.path(".config/commerce-connector/feeds");
    fs::create_dir(&feeds).expect("made");
    let product = json!({"sku": "SKU-0007", "storeViewCode": "default", "storeCode": "main", "websiteCode": "base", "productId": "7",
        "name": "Cup", "type": "simple", "status": "Enabled", "visibility": "Catalog, Search",
        "createdAt": "2026-01-01 00:00:00", "updatedAt": "2026-01-01 00:00:00"});
    fs::write(feeds.join("products.ndjson"), product.to_string()).expect("written");
    let order = json!({"commerceOrderId": "order-of-ann", "customerEmail": "ann@example.com"});
    fs::write(feeds.join("orders.ndjson"), order.to_string()).expect("written");
    fs::create_dir_all(shop.join("var/log")).expect("made");
    let log = format!(
        "CDE02-05 Failed to submit feed batch for feed products. x-api-key: {API_KEY}\nCDE01-06 order of ann@example.com\n"
    );
    fs::write(shop.join("var/log/commerce-data-export-errors.log"), log).expect("written");
    let lock = r#"{"packages":[{"name":"magento/product-community-edition","version":"2.4.8"},{"name":"acme/secret-plans","version":"1"}]}"#;
    fs::write(shop.join("composer.lock"), lock).expect("written");
    let run = home.run(&["export", "run", "--quiet"]);
    assert_eq!(run.status.code(), Some(3), "{}", String::from_utf8_lossy(&run.stderr));

    let failed = home.run(&["export", "items", "--feed", "orders"]);
    assert!(String::from_utf8_lossy(&failed.stdout).contains("order-of-ann"), "an order failed, too: {failed:?}");

    let archive = home.path("bundle.tar.gz");
    let name = archive.display().to_string();
    let refused = home.run(&["support-bundle", "--file", &name]);
    assert_eq!(refused.status.code(), Some(2), "nobody could be asked");
    assert!(!archive.exists());
    let told = home.ok(&["support-bundle", "--file", &name, "--yes"]);
    assert!(told.contains("failures.txt") && told.contains("Wrote "), "{told}");
    assert_eq!(fs::metadata(&archive).expect("there").permissions().mode() & 0o777, 0o600);

    let mut all = String::new();
    let mut names = Vec::new();
    let mut unpacked = tar::Archive::new(GzDecoder::new(fs::File::open(&archive).expect("there")));
    for entry in unpacked.entries().expect("a tar") {
        let mut entry = entry.expect("an entry");
        names.push(entry.path().expect("a name").display().to_string());
        entry.read_to_string(&mut all).expect("text");
    }
    assert!(names.contains(&"commerce-connector-support/doctor.txt".to_owned()), "{names:?}");
    for there in [
        "SKU-0007",
        "refused by the fault script",
        "CDE02-05: 1 line",
        "x-api-key: [masked]",
        "product-community-edition",
        "(exit code 3)",
    ] {
        assert!(all.contains(there), "{there} is missing in {all}");
    }
    for never in [API_KEY, "ann@example.com", "order-of-ann", "secret-plans"] {
        assert!(!all.contains(never), "{never} is in {all}");
    }
    assert_eq!(home.run(&["support-bundle", "--file", &name, "--yes"]).status.code(), Some(2), "it is not overwritten");
}

#[test]
fn a_command_that_fails_says_in_the_bundle_what_to_do_about_it() {
    let home = Home::new();
    home.write_config("[instance]\nname = \"shop\"\n");
    let told = home.ok(&["support-bundle", "--print"]);
    let runs = told.split("== runs.txt").nth(1).and_then(|rest| rest.split("== ").next()).expect("the runs");
    let failed = home.run(&["export", "runs"]);
    let failed = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(failed.starts_with("error: ") && failed.contains("\n  fix: "), "{failed}");
    assert!(runs.contains(&failed), "as the command says it: {runs}");
}
