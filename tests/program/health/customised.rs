//! Feeds that somebody changed in Adobe's exporter: refused with the change's file and line, until a person says how they are sent.

use std::fs;
use std::process::Output;

use commerce_connector::domain::Feed;
use serde_json::{Value, json};

use super::kit::Shop;
use super::support::home::{stderr, stdout};
use super::support::mariadb::Server;

const DI: &str = r#"<config>
<type name="Magento\CatalogDataExporter\Model\Query\ProductAttributeQuery"><arguments>
<argument name="systemAttributes"><item name="tax_class_id">tax_class_id</item></argument></arguments></type>
</config>"#;
const PLUGIN: &str = r#"<config><type name="Magento\CatalogDataExporter\Model\Provider\Product\Attributes">
<plugin name="acme" type="Acme\Feeds\Plugin"/></type></config>"#;

/// A shop of which a module lists a system attribute.
async fn changed_shop(di: &str) -> Shop {
    let shop = Shop::with(Server::shared().product_shop()).await;
    let etc = shop.root().join("app/code/Acme/Feeds/etc");
    fs::create_dir_all(&etc).expect("made");
    fs::write(etc.join("module.xml"), "<config><module name=\"Acme_Feeds\"/></config>").expect("written");
    fs::write(etc.join("di.xml"), di).expect("written");
    switch(&shop, 1);
    shop
}

/// Switches the module on or off.
fn switch(shop: &Shop, on: u8) {
    let php = format!("<?php return ['modules' => ['Acme_Feeds' => {on}]];");
    fs::write(shop.root().join("app/etc/config.php"), php).expect("written");
}

/// Runs the program with this at the end of its configuration.
async fn run(shop: &Shop, more: &str, args: &[&str]) -> Output {
    shop.configure();
    let config = fs::read_to_string(shop.home.config()).expect("a configuration");
    shop.home.write_config(&format!("{config}\n{more}\n"));
    let mut command = shop.home.command(args);
    tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("the program runs")
}

const RUN: [&str; 4] = ["export", "run", "--feed", "products"];

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_feed_is_refused_until_its_attribute_is_mapped() {
    let shop = changed_shop(DI).await;
    let refused = run(&shop, "", &RUN).await;
    let text = stderr(&refused);
    assert_eq!(refused.status.code(), Some(7), "{text}");
    assert!(
        text.contains(
            "Acme_Feeds changes the feed products in Adobe's exporter, and this program does not: adds the attribute \
             tax_class_id (app/code/Acme/Feeds/etc/di.xml line 3); nothing was sent"
        ),
        "{text}"
    );
    assert!(text.contains("[[feeds.products.attributes]]") && text.contains("send-anyway"), "{text}");
    let watched = run(&shop, "", &["export", "watch", "--feed", "products"]).await;
    assert_eq!(watched.status.code(), Some(7), "{}", stderr(&watched));
    let named = run(&shop, "", &["export", "run", "--feed", "products", "--i-know", "Live"]).await;
    assert_eq!(named.status.code(), Some(7), "a name says nothing about it: {}", stderr(&named));
    assert_eq!(shop.gateway.received(Feed::Products).await.len(), 0);

    let sent = run(&shop, "[[feeds.products.attributes]]\ncode = \"tax_class_id\"", &RUN).await;
    assert!(sent.status.code() != Some(7), "{}", stderr(&sent));
    let received = shop.gateway.received(Feed::Products).await;
    let bag = received.values().find(|received| received.item["sku"] == "BAG").expect("it arrived");
    let attributes = bag.item["attributes"].as_array().expect("attributes");
    assert!(attributes.contains(&json!({"attributeCode": "tax_class_id", "value": ["2"]})), "{attributes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_does_nobody_knows_so_it_must_be_sent_anyway() {
    let shop = changed_shop(PLUGIN).await;
    let mapped = run(&shop, "[[feeds.products.attributes]]\ncode = \"tax_class_id\"", &RUN).await;
    assert_eq!(mapped.status.code(), Some(7), "{}", stderr(&mapped));
    let other = run(&shop, "", &["export", "run", "--feed", "scopesWebsite"]).await;
    assert_eq!(other.status.code(), Some(0), "a feed that nobody changed: {}", stderr(&other));
    let anyway = run(&shop, "[feeds.products]\ncustomised = \"send-anyway\"", &RUN).await;
    assert!(anyway.status.code() != Some(7), "{}", stderr(&anyway));
    assert!(!shop.gateway.received(Feed::Products).await.is_empty());
    switch(&shop, 0);
    let off = run(&shop, "", &RUN).await;
    assert!(off.status.code() != Some(7), "{}", stderr(&off));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_and_the_dry_run_show_it() {
    let shop = changed_shop(PLUGIN).await;
    let told = shop.doctor();
    assert!(told.check("Guard").contains("1 change in Adobe's exporter, not sent: products"), "{}", told.text);
    let (_, next) =
        told.findings().into_iter().find(|(what, _)| what.contains("Acme_Feeds: plugin")).expect("a finding");
    assert!(next.contains("feeds.products.customised send-anyway"), "{next}");
    let dry = run(&shop, "", &["export", "run", "--feed", "products", "--dry-run", "--json"]).await;
    let lines: Vec<Value> = stdout(&dry).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let found = lines.iter().find(|line| line["type"] == "customisation").expect("a customisation");
    assert_eq!(
        (&found["module"], &found["file"], &found["line"], &found["not_sent"]),
        (&json!("Acme_Feeds"), &json!("app/code/Acme/Feeds/etc/di.xml"), &json!(2), &json!(["products"]))
    );
    let dry = stdout(&run(&shop, "", &["export", "run", "--feed", "products", "--dry-run"]).await);
    assert!(dry.contains("Changed, not sent: Acme_Feeds") && dry.contains("would be refused"), "{dry}");
    fs::write(shop.root().join("app/code/Acme/Feeds/etc/di.xml"), "<config>").expect("written");
    let told = shop.doctor();
    let unread = "app/code/Acme/Feeds/etc/di.xml line 1: it is not XML";
    assert!(told.text.contains(unread), "{}", told.text);
    let dry = stdout(&run(&shop, "", &["export", "run", "--feed", "products", "--dry-run"]).await);
    assert!(dry.contains(&format!("Not looked into: {unread}")), "{dry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn gift_cards_and_the_settings_of_commerce_optimizer_count() {
    let shop = Shop::healthy().await;
    assert!(shop.doctor().check("Guard").starts_with("+ ok"));
    shop.database().execute(
        "INSERT INTO core_config_data (scope, scope_id, path, value) VALUES ('default', 0, 'aco_exporter/general/enabled', '1')",
    );
    let told = shop.doctor();
    assert!(told.text.contains("aco_exporter/general/enabled: feeds Commerce Optimizer"), "{}", told.text);
    shop.database().execute(
        "UPDATE core_config_data SET value = '0' WHERE path = 'aco_exporter/general/enabled';
         CREATE TABLE magento_giftcard_amount (value_id INT)",
    );
    assert!(shop.doctor().check("Guard").starts_with("+ ok"));
    shop.database().execute("UPDATE catalog_product_entity SET type_id = 'giftcard' LIMIT 1");
    let told = shop.doctor();
    assert!(told.text.contains("Magento_GiftCard: adds ac_giftcard (catalog_product_entity)"), "{}", told.text);
    assert!(told.text.contains("map ac_giftcard in [[feeds.products.attributes]]"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_whose_route_nobody_knows_is_left_out_of_all_and_says_so() {
    let shop = Shop::healthy().await;
    let notes = |output: &Output| -> Vec<Value> {
        let lines = stdout(output);
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines
            .filter(|line| line["type"] == "note" && line["text"].to_string().contains("its route is not public"))
            .collect()
    };
    let all = run(&shop, "", &["export", "run", "--dry-run", "--json"]).await;
    let feeds: Vec<Value> = notes(&all).iter().map(|note| note["feed"].clone()).collect();
    assert_eq!(feeds, [json!("inventoryStockStatus"), json!("orders")], "{}", stdout(&all));
    // A module in a folder of its package brings the route of one.
    let etc = shop.root().join("vendor/adobe/export/src/Orders/etc");
    fs::create_dir_all(&etc).expect("made");
    fs::write(etc.join("module.xml"), "<config><module name=\"Magento_SaaSSalesOrders\"/></config>").expect("written");
    let config = "<config><default><commerce_data_export><routes><orders>feeds/orders/v2</orders></routes></commerce_data_export></default></config>";
    fs::write(etc.join("config.xml"), config).expect("written");
    let all = run(&shop, "", &["export", "run", "--dry-run", "--json"]).await;
    let feeds: Vec<Value> = notes(&all).iter().map(|note| note["feed"].clone()).collect();
    assert_eq!(feeds, [json!("inventoryStockStatus")], "{}", stdout(&all));
    let named = run(&shop, "", &["export", "run", "--feed", "inventoryStockStatus", "--dry-run"]).await;
    assert!(stderr(&named).contains("inventoryStockStatus: started"), "by name it is sent: {}", stderr(&named));
}
