//! Reading the price and variant feeds, as of a moment, and finding something in them.

use commerce_connector::domain::Feed;
use commerce_connector::feeds::content::Fields;
use commerce_connector::feeds::source::commerce::Commerce;
use commerce_connector::feeds::source::{Broken, Collected, Selection};
use serde_json::json;
use tokio::sync::mpsc;

use super::mariadb::TestDatabase;

/// Everything that a feed gives of these products, as of a moment such as `2026-07-14T12:00:00Z`. Each item's source record is
/// its product.
pub async fn collect(
    shop: &TestDatabase,
    feed: Feed,
    selection: Selection,
    moment: &str,
) -> (Vec<Fields>, Vec<Broken>) {
    let commerce = Commerce::connect(&shop.settings()).await.expect("a connection");
    let commerce = commerce.at(moment.parse().expect("a moment"));
    let (sender, mut receiver) = mpsc::channel(1);
    let reader = tokio::spawn(async move { commerce.read(feed, &selection, sender).await });
    let (mut items, mut broken) = (Vec::new(), Vec::new());
    while let Some(page) = receiver.recv().await {
        for collected in page.collected {
            match collected {
                Collected::Item { source_id, content } => {
                    let fields = content.to_fields();
                    let id = source_id.expect("a product");
                    assert!(fields["productId"] == json!(id) || fields["productId"] == json!(id.to_string()));
                    items.push(fields);
                }
                Collected::Broken(record) => broken.push(record),
            }
        }
    }
    reader.await.expect("a reader").expect("all pages");
    (items, broken)
}

/// The one price of a product in a website for a customer group, by the group's code.
pub fn price<'a>(items: &'a [Fields], sku: &str, website: &str, group: &str) -> &'a Fields {
    let is_wanted =
        |item: &&Fields| item["sku"] == sku && item["websiteCode"] == website && item["customerGroupCode"] == group;
    let mut found = items.iter().filter(is_wanted);
    let first = found.next().unwrap_or_else(|| panic!("no price of {sku} in {website} for {group}"));
    assert_eq!(found.next(), None, "one price of {sku} in {website} for {group}");
    first
}
