//! The real binary: what is said of feeds that the database lacks, and of the experimental ones.

use commerce_connector::domain::Feed;
use serde_json::{Value, json};

use super::support::gateway::Gateway;
use super::support::home::{Home, stderr, stdout};
use super::support::mariadb::Server;
use super::{ORDERS, PERMISSIONS, STOCK};

fn home_with(url: &str, more: &str) -> Home {
    let home = Home::new();
    home.write_config(&format!("[source.commerce]\nurl = \"{url}\"\n{more}"));
    home
}

#[test]
fn feeds_that_are_not_there_are_listed_with_what_is_missing() {
    let shop = Server::shared().shop_with(&[STOCK]);
    shop.execute("DROP TABLE inventory_source_item");
    let home = home_with(&shop.url(), "");
    let text = home.ok(&["feeds", "list"]);
    for line in [
        "inventoryStockStatus is not in this source: its table inventory_source_item is missing",
        "orders is not in this source: its tables sales_order, sales_order_item, sales_order_payment, data_exporter_uuid are missing",
        "categoryPermissions is not in this source: its table magento_catalogpermissions_index is missing",
    ] {
        assert_eq!(text.lines().filter(|told| *told == line).count(), 1, "{line:?} in:\n{text}");
    }
    let row =
        |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}:\n{text}"));
    assert!(row("productOverrides *").contains("not in this source"));
    assert!(text.contains("* experimental: "), "{text}");
    let records = home.json(&["feeds", "list"]);
    let of = |feed: &str| records.iter().find(|line| line["feed"] == feed).cloned().unwrap_or_default();
    assert_eq!(of("inventoryStockStatus")["not_in_source_because"], "its table inventory_source_item is missing");
    assert_eq!(
        (&of("categories")["not_in_source_because"], &of("categories")["in_source"]),
        (&Value::Null, &json!(true))
    );
    let experimental: Vec<Value> =
        records.iter().filter(|line| line["experimental"] == json!(true)).map(|line| line["feed"].clone()).collect();
    assert_eq!(json!(experimental), json!(["productOverrides", "categoryPermissions"]));

    let refused = home.run(&["feeds", "items", "orders"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("its tables sales_order, "), "{}", stderr(&refused));
}

#[test]
fn order_days_is_a_setting() {
    let shop = Server::shared().shop_with(&[ORDERS]);
    let orders = |home: &Home| {
        let line = home.json(&["feeds", "list"]).into_iter().find(|line| line["feed"] == "orders");
        line.expect("a line")["source_records"].clone()
    };
    assert_eq!(orders(&home_with(&shop.url(), "")), json!(3));
    assert_eq!(orders(&home_with(&shop.url(), "order_days = 0\n")), json!(11));
    assert_eq!(orders(&home_with(&shop.url(), "order_days = 9\n")), json!(4));

    // It says nothing of where the database is.
    let home = Home::new();
    home.write_config("[source.commerce]\norder_days = 30\n");
    let told = home.run(&["feeds", "list"]);
    assert_eq!(told.status.code(), Some(2));
    assert!(stderr(&told).contains("no Commerce database is configured"), "{}", stderr(&told));
}

/// A home that is set up for this gateway and its data space.
fn home_of(gateway: &Gateway, database: &str) -> Home {
    let ready = &gateway.sandbox.ready;
    let home = Home::new();
    home.write_config(&format!(
        "[gateway]\nproduction_url = \"{url}\"\nrequests_per_second = 0\n[credentials.production]\napi_key = \"{api_key}\"\n\
         private_key_file = \"{key}\"\n[saas]\nenvironment_id = \"{space}\"\n[instance]\nkind = \"production\"\n\
         [source.commerce]\nurl = \"{database}\"\n[export.routes]\ninventoryStockStatus = \"feeds/inventory/v1/stock-status\"\n",
        url = ready.url,
        api_key = ready.production.api_key,
        key = ready.production.private_key_file.display(),
        space = gateway.space,
    ));
    home
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_all_goes_on_without_them() {
    let shop = Server::shared().shop_with(&[STOCK, PERMISSIONS]);
    shop.execute(
        "DELETE FROM catalog_product_entity WHERE sku = ''; DELETE FROM catalog_category_entity WHERE entity_id = 8; \
                  DROP TABLE catalog_product_website",
    );
    let gateway = Gateway::with_faults("").await;
    let home = home_of(&gateway, &shop.url());
    let run = |args: &'static [&'static str]| {
        let command = home.command(args);
        tokio::task::spawn_blocking(move || {
            let mut command = command;
            command.output().expect("the program runs")
        })
    };
    let all = run(&["export", "run", "--json"]).await.expect("no panic");
    let lines: Vec<Value> = stdout(&all).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let notes: Vec<Value> = lines.iter().filter(|line| line["type"] == "note").cloned().collect();
    let of = |feed: Feed| {
        notes.iter().filter(|note| note["feed"] == json!(feed)).map(|note| note["text"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(json!(of(Feed::Products)), json!(["not exported: its table catalog_product_website is missing"]));
    assert_eq!(of(Feed::Orders).len(), 1, "{notes:?}");
    assert_eq!(of(Feed::ProductOverrides), Vec::<Value>::new(), "{notes:?}");
    assert_eq!(gateway.received(Feed::InventoryStockStatus).await.len(), 10);
    assert_eq!(gateway.received(Feed::ProductOverrides).await.len(), 0, "it is no part of all");

    let named = run(&["export", "run", "--feed", "productOverrides,categoryPermissions"]).await.expect("no panic");
    assert_eq!(named.status.code(), Some(0), "{}", stderr(&named));
    assert_eq!(gateway.received(Feed::ProductOverrides).await.len(), 4);

    let mixed = run(&["export", "run", "--feed", "all,productOverrides"]).await.expect("no panic");
    assert_eq!(mixed.status.code(), Some(2));
    assert!(stderr(&mixed).contains("productOverrides is experimental and not part of `all`"), "{}", stderr(&mixed));

    let missing = run(&["export", "run", "--feed", "orders"]).await.expect("no panic");
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("its tables sales_order, "), "{}", stderr(&missing));
}
