//! The catalogue of feeds: name, route, identity, minimal payload, what a content hash leaves out, batch size.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::nearest;

/// One of the eleven feeds, in the order in which Adobe recommends a first sync (protocol page §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Feed {
    /// Websites with their stores and store views.
    ScopesWebsite,
    /// Customer groups and the websites each may use.
    ScopesCustomerGroup,
    /// Product attribute metadata, per store view.
    ProductAttributes,
    /// Categories, per store view.
    Categories,
    /// Products, per store view.
    Products,
    /// Prices, per website and customer group.
    Prices,
    /// Which child product stands for which option values of its parent.
    Variants,
    /// Category permissions applied to products (Adobe Commerce only).
    ProductOverrides,
    /// Stock status, per stock.
    InventoryStockStatus,
    /// Category permissions (Adobe Commerce only).
    CategoryPermissions,
    Orders,
}

/// What is fixed about a feed: one row of the catalogue.
struct FeedSpec {
    name: &'static str,
    /// Relative to the gateway; the data space id follows.
    route: &'static str,
    /// Whether Adobe documents the route.
    route_is_public: bool,
    batch_size: usize,
    /// The most items in one request of Adobe's documented examples; 0 = no more than `batch_size`.
    largest_batch: usize,
    /// JSON pointers of the identity fields, in hash order.
    identity: &'static [&'static str],
    /// JSON pointers of the ids by which the service knows an item, where these are not its identity fields.
    wire_ids: &'static [&'static str],
    /// Top-level fields of the minimal payload; empty = the whole item.
    minimal: &'static [&'static str],
    /// Top-level fields besides `modifiedAt` and `updatedAt` that a content hash leaves out.
    hash_excluded: &'static [&'static str],
    /// The field that says when the item was made: `modifiedAt`, `updatedAt` or none.
    timestamp: Option<Stamp>,
    /// Whether its tables exist in Adobe Commerce only and are not public.
    is_experimental: bool,
    /// JSON paths, within the minimal payload, of the words that name the source record of an item.
    codes: &'static [&'static str],
    /// Whether its items hold personal data. Such a feed has no deletions either: that is true of orders alone.
    is_personal: bool,
}

/// Which field of an item says when it was made, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// `modifiedAt`, `yyyy-MM-dd HH:mm:ss` in UTC.
    ModifiedAt,
    /// `updatedAt`, RFC 3339.
    UpdatedAt,
}

/// Items in one request for every feed but prices (protocol page §3).
const BATCH_SIZE: usize = 100;
/// Items in one request of the price feed (protocol page §3).
const PRICE_BATCH_SIZE: usize = 500;

/// The most items in one request of the product feed in Adobe's examples; of prices these have 400 (protocol page §3).
const LARGEST_PRODUCT_BATCH: usize = 200;

/// What is true of most feeds.
const PLAIN: FeedSpec = FeedSpec {
    name: "",
    route: "",
    route_is_public: true,
    batch_size: BATCH_SIZE,
    largest_batch: 0,
    identity: &[],
    wire_ids: &[],
    minimal: &[],
    hash_excluded: &[],
    timestamp: Some(Stamp::ModifiedAt),
    is_experimental: false,
    codes: &[],
    is_personal: false,
};

impl Feed {
    /// Every feed, in the recommended order of a first sync.
    pub const ALL: [Feed; 11] = [
        Feed::ScopesWebsite,
        Feed::ScopesCustomerGroup,
        Feed::ProductAttributes,
        Feed::Categories,
        Feed::Products,
        Feed::Prices,
        Feed::Variants,
        Feed::ProductOverrides,
        Feed::InventoryStockStatus,
        Feed::CategoryPermissions,
        Feed::Orders,
    ];

    /// The name as Commerce prints it, such as `productAttributes`.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// What it holds, in a few words.
    pub fn what(self) -> &'static str {
        match self {
            Feed::ScopesWebsite => "websites with their stores and store views",
            Feed::ScopesCustomerGroup => "customer groups, and the websites that each may use",
            Feed::ProductAttributes => "attributes of products, for each store view",
            Feed::Categories => "categories, for each store view",
            Feed::Products => "products, for each store view",
            Feed::Prices => "prices, for each website and customer group",
            Feed::Variants => "which child product stands for which options of its parent",
            Feed::ProductOverrides => "category permissions of products (Adobe Commerce)",
            Feed::InventoryStockStatus => "stock status, for each stock",
            Feed::CategoryPermissions => "category permissions (Adobe Commerce)",
            Feed::Orders => "orders, with items, shipments, invoices and credit memos",
        }
    }

    /// The default route, relative to the gateway, without the data space id (protocol page §3).
    pub fn route(self) -> &'static str {
        self.spec().route
    }

    /// Whether Adobe documents [`Self::route`]; the others are inferred and stand in until configured.
    pub fn route_is_public(self) -> bool {
        self.spec().route_is_public
    }

    /// Items in one request, unless configured otherwise.
    pub fn batch_size(self) -> usize {
        self.spec().batch_size
    }

    /// The most items in one request that are tried unless configured otherwise.
    pub fn largest_batch(self) -> usize {
        self.spec().largest_batch.max(self.spec().batch_size)
    }

    /// JSON pointers of the fields that identify an item, in the order in which they are hashed.
    pub fn identity(self) -> &'static [&'static str] {
        self.spec().identity
    }

    /// JSON pointers of the ids by which the service knows an item, where these are not the identity fields: a category has
    /// another `urlPath` after a move, a website another code after a renaming, and each stays the same item under its id.
    pub fn wire_ids(self) -> &'static [&'static str] {
        self.spec().wire_ids
    }

    /// The top-level fields of the minimal payload that a deletion sends; empty means the whole item.
    pub fn minimal(self) -> &'static [&'static str] {
        self.spec().minimal
    }

    /// Whether a content hash leaves this top-level field out (protocol page §3).
    pub fn is_hash_excluded(self, field: &str) -> bool {
        matches!(field, "modifiedAt" | "updatedAt") || self.spec().hash_excluded.contains(&field)
    }

    /// Whether its tables exist in Adobe Commerce only and are not public: built from what is known of them, and left out of
    /// `all` unless asked for (protocol page §6).
    pub fn is_experimental(self) -> bool {
        self.spec().is_experimental
    }

    /// Whether an item that the source no longer has is deleted in the service. Orders are not: a full sync reads only the
    /// newest of them (feed map §9), and their feed table has no `is_deleted` (feed map §1).
    pub fn has_deletions(self) -> bool {
        !self.spec().is_personal
    }

    /// Whether its items hold personal data, so that nothing of them but the key is kept.
    pub fn is_personal(self) -> bool {
        self.spec().is_personal
    }

    /// JSON paths, within the minimal payload, of the words by which a person (or a change log) names the source record of an
    /// item; none for feeds whose minimal payload holds no such word.
    pub fn codes(self) -> &'static [&'static str] {
        self.spec().codes
    }

    /// Which field says when an item was made; none of an order does.
    pub fn stamp(self) -> Option<Stamp> {
        self.spec().timestamp
    }

    fn spec(self) -> FeedSpec {
        match self {
            Feed::ScopesWebsite => FeedSpec {
                name: "scopesWebsite",
                route: "feeds/scopes/v1",
                identity: &["/website/websiteCode"],
                wire_ids: &["/website/websiteId"],
                timestamp: Some(Stamp::UpdatedAt),
                codes: &["$.website.websiteCode"],
                ..PLAIN
            },
            Feed::ScopesCustomerGroup => FeedSpec {
                name: "scopesCustomerGroup",
                route: "feeds/scopes/v1",
                identity: &["/customerGroup/customerGroupCode"],
                wire_ids: &["/customerGroup/customerGroupId"],
                timestamp: Some(Stamp::UpdatedAt),
                ..PLAIN
            },
            Feed::ProductAttributes => FeedSpec {
                name: "productAttributes",
                route: "feeds/metadata/v2/metadata",
                identity: &["/attributeCode", "/storeViewCode"],
                minimal: &["websiteCode", "storeCode", "storeViewCode", "attributeCode", "attributeType", "modifiedAt"],
                codes: &["$.attributeCode"],
                ..PLAIN
            },
            Feed::Categories => FeedSpec {
                name: "categories",
                route: "feeds/categories/v1",
                identity: &["/urlPath", "/storeViewCode"],
                wire_ids: &["/categoryId", "/storeViewCode"],
                minimal: &["websiteCode", "storeCode", "storeViewCode", "categoryId", "modifiedAt"],
                ..PLAIN
            },
            Feed::Products => FeedSpec {
                name: "products",
                route: "feeds/catalog/v2/products",
                identity: &["/sku", "/storeViewCode"],
                largest_batch: LARGEST_PRODUCT_BATCH,
                minimal: &["productId", "sku", "storeViewCode", "storeCode", "websiteCode", "modifiedAt"],
                codes: &["$.sku"],
                ..PLAIN
            },
            Feed::Prices => FeedSpec {
                name: "prices",
                route: "feeds/products/v1/prices",
                batch_size: PRICE_BATCH_SIZE,
                identity: &["/sku", "/customerGroupCode", "/websiteCode"],
                minimal: &["sku", "customerGroupCode", "websiteCode", "updatedAt"],
                timestamp: Some(Stamp::UpdatedAt),
                codes: &["$.sku"],
                ..PLAIN
            },
            Feed::Variants => FeedSpec {
                name: "variants",
                route: "feeds/product_variant/v2/product_variant",
                identity: &["/parentSku", "/productSku"],
                minimal: &["id", "optionValues", "parentSku", "productSku", "productId", "modifiedAt"],
                codes: &["$.productSku", "$.parentSku"],
                ..PLAIN
            },
            Feed::ProductOverrides => FeedSpec {
                name: "productOverrides",
                route: "feeds/catalog/v2/product-overrides",
                identity: &["/sku", "/customerGroupCode", "/websiteCode"],
                minimal: &["sku", "productId", "customerGroupCode", "websiteCode", "modifiedAt"],
                codes: &["$.sku"],
                is_experimental: true,
                ..PLAIN
            },
            Feed::InventoryStockStatus => FeedSpec {
                name: "inventoryStockStatus",
                route: "feeds/inventory/v1/stock-status",
                route_is_public: false,
                identity: &["/stockId", "/sku"],
                minimal: &["stockId", "sku", "isSalable", "qty", "qtyForSale", "infiniteStock", "updatedAt"],
                hash_excluded: &["productId"],
                timestamp: Some(Stamp::UpdatedAt),
                codes: &["$.sku"],
                ..PLAIN
            },
            Feed::CategoryPermissions => FeedSpec {
                name: "categoryPermissions",
                route: "feeds/categories/v1/permissions",
                route_is_public: false,
                identity: &["/categoryId", "/customerGroupCode", "/websiteCode"],
                is_experimental: true,
                ..PLAIN
            },
            Feed::Orders => FeedSpec {
                name: "orders",
                route: "feeds/orders/v1",
                route_is_public: false,
                identity: &["/commerceOrderId"],
                // What is kept of an order is its key: it is never deleted, and the rest is personal data.
                minimal: &["commerceOrderId"],
                // `updatedAt` is the order's own, as its `createdAt` is (feed map §9).
                timestamp: None,
                is_personal: true,
                ..PLAIN
            },
        }
    }
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that names no feed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown feed {given:?}; {} {}", suggestion(given), names())]
pub struct UnknownFeed {
    /// The word.
    pub given: String,
}

fn suggestion(given: &str) -> String {
    match nearest(given, Feed::ALL.map(Feed::name)) {
        Some(name) => format!("did you mean {name}? The feeds are"),
        None => "the feeds are".to_owned(),
    }
}

fn names() -> String {
    Feed::ALL.map(Feed::name).join(", ")
}

impl FromStr for Feed {
    type Err = UnknownFeed;

    fn from_str(name: &str) -> Result<Self, UnknownFeed> {
        Feed::ALL
            .into_iter()
            .find(|feed| feed.name().eq_ignore_ascii_case(name.trim()))
            .ok_or_else(|| UnknownFeed { given: name.to_owned() })
    }
}
