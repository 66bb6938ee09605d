//! Reading the products feed, and finding something in it.

use commerce_connector::domain::Feed;
use commerce_connector::feeds::content::Content;
use commerce_connector::feeds::content::Fields;
use commerce_connector::feeds::source::commerce::Commerce;
use commerce_connector::feeds::source::{Broken, Collected, Selection};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::mariadb::TestDatabase;

/// Everything that the feed gives of these products.
pub async fn collect(shop: &TestDatabase, selection: Selection) -> (Vec<Fields>, Vec<Broken>) {
    collect_from(Commerce::connect(&shop.settings()).await.expect("a connection"), selection).await
}

/// The same from a shop that is connected already.
pub async fn collect_from(commerce: Commerce, selection: Selection) -> (Vec<Fields>, Vec<Broken>) {
    let (sender, mut receiver) = mpsc::channel(1);
    let reader = tokio::spawn(async move { commerce.read(Feed::Products, &selection, sender).await });
    let (mut items, mut broken) = (Vec::new(), Vec::new());
    while let Some(page) = receiver.recv().await {
        for collected in page.collected {
            match collected {
                Collected::Item { source_id, content } => {
                    let fields = content.to_fields();
                    // Or the hash of a value would depend on who wrote it.
                    assert_eq!(Content::from(fields.clone()), content, "the names within a value are sorted");
                    assert_eq!(json!(source_id), fields["productId"]);
                    items.push(fields);
                }
                Collected::Broken(record) => broken.push(record),
            }
        }
    }
    reader.await.expect("a reader").expect("all pages");
    (items, broken)
}

/// The items of all products.
pub async fn items(shop: &TestDatabase) -> Vec<Fields> {
    collect(shop, Selection::All).await.0
}

/// The one item of a product in a store view.
pub fn find<'a>(items: &'a [Fields], sku: &str, view: &str) -> &'a Fields {
    let mut found = items.iter().filter(|item| item["sku"] == sku && item["storeViewCode"] == view);
    let first = found.next().unwrap_or_else(|| panic!("no item {sku} in {view}"));
    assert_eq!(found.next(), None, "one item {sku} in {view}");
    first
}

/// A field, `null` if it is absent.
pub fn field(items: &[Fields], sku: &str, view: &str, name: &str) -> Value {
    find(items, sku, view).get(name).cloned().unwrap_or_default()
}

/// The option of a type, among a product's options.
pub fn option(items: &[Fields], sku: &str, view: &str, kind: &str) -> Value {
    let options = field(items, sku, view, "optionsV2");
    let mut found = options.as_array().into_iter().flatten().filter(|option| option["type"] == kind);
    let first = found.next().unwrap_or_else(|| panic!("no {kind} option of {sku} in {view}: {options}")).clone();
    assert!(found.next().is_none(), "one {kind} option of {sku} in {view}: {options}");
    first
}
