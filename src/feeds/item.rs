//! The feed item: its identity, its content hash, and the exact JSON that would be sent.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde_json::Value;
use sha1::{Digest, Sha1};

use super::content::{Content, Fields};
use crate::domain::{Feed, Stamp};
use crate::untrusted::SafeText;

/// A SHA-1 of 20 bytes: an item's identity or its content (protocol page §3, "Identity and hash").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha1Hash(pub [u8; 20]);

impl fmt::Display for Sha1Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha1Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// An item that can be sent: it has an identity, and its JSON is final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedItem {
    /// The feed it belongs to.
    pub feed: Feed,
    /// By what the service knows it: sha1 of the identity values joined by a NUL byte, or of the ids on the wire where the feed
    /// has them (see [`Feed::wire_ids`]).
    pub id: Sha1Hash,
    /// sha1 of the JSON without the fields that a hash leaves out.
    pub hash: Sha1Hash,
    /// The key of the source record (`entity_id`, `attribute_id`, …); absent for sources without one.
    pub source_id: Option<u64>,
    /// The identity values as a person reads them, such as `24-MB01 · default`.
    pub label: SafeText,
    /// Whether this tells the service to delete the item.
    pub deleted: bool,
    /// One JSON object, compact.
    pub json: Vec<u8>,
    /// The minimal payload, one compact JSON object without its timestamp: what a later deletion is made of.
    pub minimal: Vec<u8>,
}

/// Why fields are not an item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{feed} item without its identity: {} missing or blank", missing.join(", "))]
pub struct NoIdentity {
    pub feed: Feed,
    /// The identity fields that are absent or null, and SKUs that are blank.
    pub missing: Vec<&'static str>,
}

impl FeedItem {
    /// Makes an item of the fields that a source gave: adds `deleted: false` and the timestamp, as the feed has them, then
    /// identity and hash.
    ///
    /// # Errors
    /// [`NoIdentity`] if an identity field is absent or null, or a SKU is blank; such an item is never sent.
    pub fn new(
        feed: Feed,
        source_id: Option<u64>,
        content: impl Into<Content>,
        now: Timestamp,
    ) -> Result<Self, NoIdentity> {
        Self::stamped(feed, source_id, content.into(), &StampText::at(feed, now))
    }

    /// The same, with the stamp of many items, which is written once.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn stamped(
        feed: Feed,
        source_id: Option<u64>,
        mut content: Content,
        stamp: &StampText,
    ) -> Result<Self, NoIdentity> {
        let (id, label) = identity(feed, &content)?;
        if feed.has_deletions() && content.get("deleted").is_none() {
            content.put("deleted", false);
        }
        let deleted = content.get("deleted") == Some(b"true");
        let Final { hash, minimal, json } = Final::of(feed, content, stamp);
        Ok(Self { feed, id, hash, source_id, label, deleted, json, minimal })
    }

    /// The item that deletes what `minimal` (as kept from [`Self::minimal`]) stands for.
    ///
    /// `id` is kept as it was: a minimal payload need not hold every identity field.
    #[must_use]
    pub fn deletion(
        feed: Feed,
        id: Sha1Hash,
        source_id: Option<u64>,
        label: SafeText,
        minimal: Vec<u8>,
        now: Timestamp,
    ) -> Self {
        // What is not an object was never made by `new`; an empty one lets the gateway say so instead of us guessing.
        let mut fields: Fields = serde_json::from_slice(&minimal).unwrap_or_default();
        fields.insert("deleted".to_owned(), Value::Bool(true));
        if feed == Feed::InventoryStockStatus {
            // Whoever does not look at the flag must not sell what is gone (feed map §7).
            fields.extend(["qty", "qtyForSale"].map(|name| (name.to_owned(), Value::from(0))));
            fields.extend(["isSalable", "infiniteStock"].map(|name| (name.to_owned(), Value::Bool(false))));
        }
        let Final { hash, json, .. } = Final::of(feed, fields.into(), &StampText::at(feed, now));
        Self { feed, id, hash, source_id, label, deleted: true, json, minimal }
    }
}

/// What content comes to once nothing is added to it any more.
struct Final {
    hash: Sha1Hash,
    minimal: Vec<u8>,
    json: Vec<u8>,
}

impl Final {
    /// Names are sorted first, so that a source may give the fields in any order. The stamp is in neither hash nor minimal payload.
    fn of(feed: Feed, mut content: Content, stamp: &StampText) -> Self {
        if let Some((name, text)) = &stamp.field {
            content.replace(name, text);
        }
        content.sort();
        let (json, hash) = content.hashed_object(|name| !feed.is_hash_excluded(name));
        let of_minimal = feed.minimal();
        let is_minimal = |name: &str| {
            !matches!(name, "modifiedAt" | "updatedAt" | "deleted")
                && (of_minimal.is_empty() || of_minimal.contains(&name))
        };
        let minimal = content.object(is_minimal);
        Self { hash: Sha1Hash(hash), minimal, json }
    }
}

/// The identity of these fields, and how a person reads it.
///
/// # Errors
/// [`NoIdentity`] if an identity field is absent or null, or a SKU is blank.
pub fn identity(feed: Feed, content: &Content) -> Result<(Sha1Hash, SafeText), NoIdentity> {
    let mut values = Vec::with_capacity(3);
    let mut missing = Vec::new();
    for pointer in feed.identity() {
        match text_at(content, pointer) {
            Some(text) if !(is_sku(pointer) && text.trim().is_empty()) => values.push(text),
            _ => missing.push(pointer.trim_start_matches('/')),
        }
    }
    if !missing.is_empty() {
        return Err(NoIdentity { feed, missing });
    }
    let id = wire_id(feed, content).unwrap_or_else(|| sha1_of(&values));
    Ok((id, SafeText::new(&values.join(" · "))))
}

/// What the service knows the item by; `None` if that is its identity, or if an id is absent (Adobe's examples of websites have
/// none).
fn wire_id(feed: Feed, content: &Content) -> Option<Sha1Hash> {
    let ids = feed.wire_ids();
    if ids.is_empty() {
        return None;
    }
    // A word first, so that no id is taken for a path or a code.
    let mut values = vec![Cow::Borrowed("id")];
    for pointer in ids {
        values.push(text_at(content, pointer)?);
    }
    Some(sha1_of(&values))
}

fn text_at<'a>(content: &'a Content, pointer: &str) -> Option<Cow<'a, str>> {
    if let Some(text) = pointer.strip_prefix('/').and_then(|name| content.plain_text(name)) {
        return Some(Cow::Borrowed(text));
    }
    match content.lookup(pointer)? {
        Value::Null => None,
        Value::String(text) => Some(Cow::Owned(text)),
        other => Some(Cow::Owned(other.to_string())),
    }
}

/// Of the values, joined by a NUL byte.
fn sha1_of(values: &[Cow<'_, str>]) -> Sha1Hash {
    let mut sha1 = Sha1::new();
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            sha1.update([0]);
        }
        sha1.update(value.as_bytes());
    }
    Sha1Hash(sha1.finalize().into())
}

/// Whether an identity field is a SKU. Other texts may be empty, such as the path of a store's root category.
fn is_sku(pointer: &str) -> bool {
    matches!(pointer, "/sku" | "/parentSku" | "/productSku")
}

/// What the items of a feed say of when they were made.
#[derive(Debug, Clone)]
pub struct StampText {
    field: Option<(&'static str, String)>,
}

impl StampText {
    /// That they were made now.
    #[must_use]
    pub fn at(feed: Feed, now: Timestamp) -> Self {
        let field = feed.stamp().map(|stamp| match stamp {
            Stamp::ModifiedAt => ("modifiedAt", now.strftime("%Y-%m-%d %H:%M:%S").to_string()),
            Stamp::UpdatedAt => ("updatedAt", now.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()),
        });
        Self { field }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: Value) -> Fields {
        let Value::Object(fields) = value else { panic!("an object") };
        fields
    }

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().expect("a timestamp")
    }

    #[test]
    fn identity_is_the_sha1_of_the_values_joined_by_nul() {
        let item =
            FeedItem::new(Feed::Products, Some(1), fields(json!({"sku": "A", "storeViewCode": "default"})), now())
                .expect("an item");
        assert_eq!(item.id, Sha1Hash(Sha1::digest(b"A\0default").into()));
        assert_eq!(item.label.as_str(), "A · default");
    }

    #[test]
    fn a_moved_category_and_a_renamed_website_stay_the_same_item_and_another_under_an_old_name_does_not() {
        let id = |feed, value| FeedItem::new(feed, None, fields(value), now()).expect("an item").id;
        let category = |id: u64, path: &str, view: &str| json!({"categoryId": id.to_string(), "urlPath": path, "storeViewCode": view});
        let of = |value| id(Feed::Categories, value);
        assert_eq!(of(category(3, "a", "d")), of(category(3, "b", "d")));
        assert_ne!(of(category(3, "a", "d")), of(category(4, "a", "d")));
        assert_ne!(of(category(3, "a", "d")), of(category(3, "a", "e")));
        for (feed, name, key, code) in [
            (Feed::ScopesWebsite, "website", "websiteId", "websiteCode"),
            (Feed::ScopesCustomerGroup, "customerGroup", "customerGroupId", "customerGroupCode"),
        ] {
            let of = |number: &str, text: &str| id(feed, json!({name: {key: number, code: text}}));
            assert_eq!(of("1", "a"), of("1", "b"), "{feed}");
            assert_ne!(of("1", "a"), of("2", "a"), "{feed}");
            let nameless = id(feed, json!({name: {code: "a"}}));
            assert_eq!(nameless, Sha1Hash(Sha1::digest(b"a").into()), "without an id it is known by its code");
        }
    }

    #[test]
    fn the_hash_ignores_timestamps_and_order_but_not_content() {
        let make = |value| FeedItem::new(Feed::Products, None, fields(value), now()).expect("an item").hash;
        let base = make(json!({"sku": "A", "storeViewCode": "d", "name": "n"}));
        assert_eq!(base, make(json!({"name": "n", "updatedAt": "x", "storeViewCode": "d", "sku": "A"})));
        assert_ne!(base, make(json!({"sku": "A", "storeViewCode": "d", "name": "m"})));
    }

    #[test]
    fn stock_status_hash_also_leaves_out_the_product_id() {
        let make = |id: u64| {
            let value = json!({"stockId": 1, "sku": "A", "productId": id});
            FeedItem::new(Feed::InventoryStockStatus, None, fields(value), now()).expect("an item").hash
        };
        assert_eq!(make(1), make(2));
    }

    #[test]
    fn a_missing_or_null_identity_is_named() {
        let error = FeedItem::new(Feed::Products, None, fields(json!({"sku": null})), now()).expect_err("no identity");
        assert_eq!(error.missing, ["sku", "storeViewCode"]);
    }

    #[test]
    fn a_blank_sku_is_none_but_a_root_category_has_an_empty_path() {
        let missing = |feed, value| FeedItem::new(feed, None, fields(value), now()).err().map(|error| error.missing);
        let product = |sku: &str| json!({"sku": sku, "storeViewCode": "d"});
        assert_eq!(missing(Feed::Products, product("")), Some(vec!["sku"]));
        assert_eq!(missing(Feed::Products, product(" \t")), Some(vec!["sku"]));
        assert_eq!(missing(Feed::Products, product(" A ")), None);
        assert_eq!(missing(Feed::Variants, json!({"parentSku": "A", "productSku": ""})), Some(vec!["productSku"]));
        assert_eq!(missing(Feed::Categories, json!({"urlPath": "", "storeViewCode": "d"})), None);
    }

    #[test]
    fn a_deletion_is_the_minimal_payload_and_the_flag() {
        let value = json!({"categoryId": "3", "urlPath": "a", "storeViewCode": "d", "name": "n"});
        let item = FeedItem::new(Feed::Categories, Some(3), fields(value), now()).expect("an item");
        let gone = FeedItem::deletion(item.feed, item.id, item.source_id, item.label.clone(), item.minimal, now());
        let sent: Value = serde_json::from_slice(&gone.json).expect("JSON");
        assert_eq!(
            sent,
            json!({"categoryId": "3", "storeViewCode": "d", "deleted": true, "modifiedAt": "2026-11-22 10:00:00"})
        );
        assert_eq!(gone.id, item.id);
    }

    #[test]
    fn a_deleted_stock_status_has_nothing_for_sale() {
        let value = json!({"stockId": "1", "sku": "A", "productId": 7, "qty": 3.5, "qtyForSale": 2.0, "isSalable": true,
                           "infiniteStock": true});
        let item = FeedItem::new(Feed::InventoryStockStatus, Some(7), fields(value), now()).expect("an item");
        let gone = FeedItem::deletion(item.feed, item.id, item.source_id, item.label, item.minimal, now());
        let sent: Value = serde_json::from_slice(&gone.json).expect("JSON");
        let expected = json!({"stockId": "1", "sku": "A", "qty": 0, "qtyForSale": 0, "isSalable": false, "infiniteStock": false,
                              "deleted": true, "updatedAt": "2026-11-22T10:00:00+00:00"});
        assert_eq!(sent, expected);
    }

    #[test]
    fn nothing_personal_is_kept_of_an_order() {
        let value = json!({"commerceOrderId": "12", "customerEmail": "ada@example.com", "updatedAt": "2026-01-02T03:04:05+00:00"});
        let item = FeedItem::new(Feed::Orders, Some(12), fields(value), now()).expect("an item");
        assert_eq!(item.minimal, br#"{"commerceOrderId":"12"}"#);
        let sent: Value = serde_json::from_slice(&item.json).expect("JSON");
        let expected = json!({"commerceOrderId": "12", "customerEmail": "ada@example.com", "updatedAt": "2026-01-02T03:04:05+00:00"});
        assert_eq!(sent, expected, "its own time of change, and nothing added");
    }
}
