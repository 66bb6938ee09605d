//! Items in Adobe's own feed tables, where its exporter kept them whole.
//!
//! What it keeps by default is the minimal payload, of which a deletion is made; and Commerce Optimizer's connector keeps items of
//! another shape in the same tables. Neither is compared.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::rules::{Rules, without_envelope};
use super::theirs::{Their, Theirs};
use super::{TheirFeed, explained};
use crate::commerce::database::Database;
use crate::commerce::feed_rows::{FeedRow, FeedRows};
use crate::domain::Feed;
use crate::error::Problem;

/// Adobe's code of an item that the service accepted (protocol page §3).
const ACCEPTED: i64 = 200;

/// What a row holds.
enum Payload {
    Whole(Value),
    Minimal(Value),
    OtherShape,
}

/// Puts the rows of the feed tables that there are into `theirs`, and returns it: of this feed, or of all.
///
/// # Errors
/// A [`Problem`] if one of them cannot be read.
pub(super) async fn read(
    database: &Database,
    feed: Option<Feed>,
    theirs: Theirs,
) -> Result<(BTreeMap<Feed, TheirFeed>, Theirs), Problem> {
    let mut found = BTreeMap::new();
    for of in Feed::ALL.into_iter().filter(|of| feed.is_none_or(|feed| feed == *of)) {
        let Some(names) = of.in_commerce().filter(|names| database.has(names.feed_table)) else { continue };
        let rows = FeedRows::of(database, names.feed_table).await.map_err(explained)?;
        let mut kept = TheirFeed::default();
        let mut after = 0;
        loop {
            let page = rows.after(database, after).await.map_err(explained)?;
            let Some(last) = page.last() else { break };
            after = last.id;
            tokio::task::block_in_place(|| page.iter().try_for_each(|row| put(of, row, &theirs, &mut kept)))?;
        }
        if kept != TheirFeed::default() {
            found.insert(of, kept);
        }
    }
    Ok((found, theirs))
}

fn put(feed: Feed, row: &FeedRow, theirs: &Theirs, kept: &mut TheirFeed) -> Result<(), Problem> {
    let is_accepted = row.status == Some(ACCEPTED);
    // The service has nothing of it any more.
    if row.is_deleted && (is_accepted || row.status.is_none()) {
        return Ok(());
    }
    let (item, is_whole) = match payload(feed, &row.data) {
        Payload::Whole(item) => (item, true),
        Payload::Minimal(item) => (item, false),
        Payload::OtherShape => {
            kept.other_shape += 1;
            return Ok(());
        }
    };
    if !row.is_deleted {
        *if is_whole { &mut kept.whole } else { &mut kept.only_minimal } += 1;
    }
    let at = row.modified_at.unwrap_or_else(Timestamp::now);
    let their = Their { item, is_whole, is_gone: row.is_deleted, is_accepted, at };
    theirs.put(feed, &Rules::of(feed, true).identity(&their.item), &their)
}

fn payload(feed: Feed, data: &str) -> Payload {
    let Ok(Value::Object(fields)) = serde_json::from_str(data) else { return Payload::OtherShape };
    let item = without_envelope(Value::Object(fields));
    if !Rules::of(feed, true).has_identity(&item) {
        return Payload::OtherShape;
    }
    if is_whole(feed, &item) { Payload::Whole(item) } else { Payload::Minimal(item) }
}

/// Whether an item has more than its minimal payload and its identity. That of a stock status says all there is.
fn is_whole(feed: Feed, item: &Value) -> bool {
    let is_identity = |name: &str| feed.identity().iter().any(|pointer| pointer.strip_prefix('/') == Some(name));
    let is_minimal = |name: &str| feed.minimal().contains(&name) || is_identity(name) || name == "deleted";
    let has_more = item.as_object().is_some_and(|fields| fields.keys().any(|name| !is_minimal(name)));
    feed.minimal().is_empty() || feed == Feed::InventoryStockStatus || has_more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minimal_payload_and_another_shape_are_never_taken_for_an_item() {
        let kind = |feed, data: &str| match payload(feed, data) {
            Payload::Whole(_) => "whole",
            Payload::Minimal(_) => "minimal",
            Payload::OtherShape => "other",
        };
        let minimal =
            r#"{"productId":1,"sku":"A","storeViewCode":"de","storeCode":"m","websiteCode":"b","modifiedAt":"x"}"#;
        assert_eq!(kind(Feed::Products, minimal), "minimal");
        assert_eq!(kind(Feed::Products, r#"{"sku":"A","storeViewCode":"de","name":null}"#), "whole");
        let of_category = r#"{"categoryId":"3","urlPath":"a","storeViewCode":"de","storeCode":"m","websiteCode":"b"}"#;
        assert_eq!(kind(Feed::Categories, of_category), "minimal");
        assert_eq!(kind(Feed::ScopesWebsite, r#"{"websiteId":"1","websiteCode":"base"}"#), "whole");
        assert_eq!(kind(Feed::InventoryStockStatus, r#"{"stockId":"1","sku":"A","qty":3}"#), "whole");
        for optimizer in [r#"{"sku":"A","source":{"locale":"en"},"name":"Bag"}"#, "[]", "", r#"{"sku":"A""#] {
            assert_eq!(kind(Feed::Products, optimizer), "other", "{optimizer}");
        }
    }
}
