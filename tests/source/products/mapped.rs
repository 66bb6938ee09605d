//! Attributes that the configuration adds to products: from a value, a column, a table, or the shop's own attribute.

use commerce_connector::domain::{Feed, MappedAttribute};
use commerce_connector::error::{Exit, Explain as _};
use commerce_connector::feeds::content::Fields;
use commerce_connector::feeds::source::commerce::Commerce;
use commerce_connector::feeds::source::{Selection, SourceError};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::mariadb::{Server, TestDatabase};
use crate::support::products::{collect_from, field};

/// `[[attributes]]` as in a configuration.
fn mapped(toml: &str) -> Vec<MappedAttribute> {
    #[derive(Deserialize)]
    struct Section {
        attributes: Vec<MappedAttribute>,
    }
    toml::from_str::<Section>(toml).expect("a configuration").attributes
}

async fn items(shop: &TestDatabase, toml: &str) -> Vec<Fields> {
    let commerce = Commerce::connect(&shop.settings()).await.expect("a connection").with_attributes(mapped(toml));
    collect_from(commerce, Selection::All).await.0
}

/// The values of an attribute of a product; `null` if it has none.
fn attribute(items: &[Fields], sku: &str, code: &str) -> Value {
    let attributes = field(items, sku, "default", "attributes");
    let mut of_code = attributes.as_array().into_iter().flatten().filter(|entry| entry["attributeCode"] == code);
    let value = of_code.next().map(|entry| entry["value"].clone()).unwrap_or_default();
    assert_eq!(of_code.next(), None, "{code} once");
    value
}

#[tokio::test]
async fn a_value_a_column_a_table_and_an_attribute_supply_what_products_have() {
    let shop = Server::shared().product_shop();
    shop.execute(
        "ALTER TABLE catalog_product_entity ADD COLUMN `origin$` VARCHAR(20);
         UPDATE catalog_product_entity SET `origin$` = 'Peru' WHERE entity_id = 200;
         CREATE TABLE erp_badge (product INT UNSIGNED, badge VARCHAR(20));
         INSERT INTO erp_badge VALUES (200, 'new'), (200, 'eco'), (201, NULL), (207, 'hot'), (999, 'gone');
         CREATE TABLE erp_stock (item VARCHAR(64), pieces DECIMAL(8, 2));
         INSERT INTO erp_stock VALUES ('BAG', 7), ('NOBODY', 1);",
    );
    let all = items(
        &shop,
        "[[attributes]]\ncode = \"brand\"\nvalue = \"Acme\"\n[[attributes]]\ncode = \"origin\"\ncolumn = \"origin$\"\n\
         [[attributes]]\ncode = \"badge\"\ntable = \"erp_badge\"\ncolumn = \"badge\"\nkey = \"product\"\n\
         [[attributes]]\ncode = \"pieces\"\ntable = \"erp_stock\"\ncolumn = \"pieces\"\nkey = \"item\"\nby = \"sku\"\n\
         [[attributes]]\ncode = \"tax_class_id\"\n[[attributes]]\ncode = \"cost\"\nvalue = \"0\"\n\
         [[attributes]]\ncode = \"ac_downloadable\"\nvalue = \"none\"",
    )
    .await;
    let of = |sku: &str| {
        ["brand", "origin", "badge", "pieces", "tax_class_id", "cost", "is_gift"].map(|code| attribute(&all, sku, code))
    };
    let none = Value::Null;
    assert_eq!(
        of("BAG"),
        [
            json!(["Acme"]),
            json!(["Peru"]),
            json!(["eco", "new"]),
            json!(["7.00"]),
            json!(["2"]),
            json!(["0"]),
            json!(["yes"])
        ]
    );
    assert_eq!(of("TEE-RED")[..4], [json!(["Acme"]), none.clone(), none.clone(), none]);
    assert_eq!(attribute(&all, "FILM", "badge"), json!(["hot"]));
    assert_eq!(attribute(&all, "FILM", "ac_downloadable"), json!(["none"]), "what is mapped takes its place");
}

#[tokio::test]
async fn versions_and_prefixes_are_as_for_every_other_table() {
    let shop = Server::shared().staged_product_shop();
    shop.execute(
        "CREATE TABLE shop_erp (sku VARCHAR(64), badge VARCHAR(20)); INSERT INTO shop_erp VALUES ('BAG', 'new');",
    );
    let toml = "[[attributes]]\ncode = \"badge\"\ntable = \"erp\"\ncolumn = \"badge\"\nkey = \"sku\"\nby = \"sku\"\n\
                [[attributes]]\ncode = \"kind\"\ncolumn = \"type_id\"";
    let all = items(&shop, toml).await;
    assert_eq!((attribute(&all, "BAG", "badge"), attribute(&all, "BAG", "kind")), (json!(["new"]), json!(["simple"])));
}

/// Why the feed cannot be read.
async fn refusal(shop: &TestDatabase, toml: &str) -> SourceError {
    let commerce = Commerce::connect(&shop.settings()).await.expect("a connection").with_attributes(mapped(toml));
    let (sender, mut pages) = mpsc::channel(1);
    let reader = tokio::spawn(async move { commerce.read(Feed::Products, &Selection::All, sender).await });
    while pages.recv().await.is_some() {}
    reader.await.expect("a reader").expect_err("refused")
}

#[tokio::test]
async fn what_is_not_there_ends_the_feed_with_its_name() {
    let shop = Server::shared().product_shop();
    let error = refusal(&shop, "[[attributes]]\ncode = \"badge\"\ntable = \"erp\"\ncolumn = \"badge\"").await;
    assert!(error.to_string().contains("erp' doesn't exist"), "{error}");
    let error = refusal(&shop, "[[attributes]]\ncode = \"badge\"\ncolumn = \"badge\"").await;
    assert!(error.to_string().contains("Unknown column 'e.badge'"), "{error}");
    // One of the product's own columns has no values of attributes.
    for code in ["nothing", "media_gallery"] {
        let error = refusal(&shop, &format!("[[attributes]]\ncode = \"{code}\"")).await;
        assert!(error.to_string().contains(&format!("no attribute with values has the code {code}")), "{error}");
        assert_eq!(error.exit(), Exit::Usage);
    }
}
