//! What an item must hold to be accepted: its identity and core fields, feed by feed.
//!
//! Adobe's published specification contradicts its own examples, and the examples win (protocol page §3). So only what
//! every legitimate item has is demanded; other well-known fields are checked for their type where they are present.

use serde_json::{Map, Value};

use crate::domain::{Feed, Stamp};

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FieldKind {
    /// Text that is not blank.
    Text,
    /// Text that is not blank, or a number: the examples have ids in both forms.
    Id,
    /// `true`, `false`, or the 0 and 1 of the examples.
    Flag,
    Number,
    /// An array.
    List,
    /// A point in time in the form of the feed.
    Time(Stamp),
}

/// When a field must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Always: it is part of the minimal payload.
    Always,
    /// In items that are not deletions.
    Live,
    /// Never; but what is there and not null must be of the right kind.
    Optional,
}

type Rule = (&'static str, FieldKind, Need);

use FieldKind::{Flag, Id, List, Number, Text, Time};
use Need::{Always, Live, Optional};

const DELETED: Rule = ("/deleted", Flag, Optional);
const MODIFIED_AT: Rule = ("/modifiedAt", Time(Stamp::ModifiedAt), Always);
const UPDATED_AT: Rule = ("/updatedAt", Time(Stamp::UpdatedAt), Always);
const WEBSITE: Rule = ("/websiteCode", Text, Always);
const STORE: Rule = ("/storeCode", Text, Always);
const STORE_VIEW: Rule = ("/storeViewCode", Text, Always);
const CUSTOMER_GROUP: Rule = ("/customerGroupCode", Text, Always);
const SKU: Rule = ("/sku", Text, Always);

const SCOPES_WEBSITE: &[Rule] =
    &[("/website/websiteCode", Text, Always), ("/website/stores", List, Optional), UPDATED_AT, DELETED];
const SCOPES_CUSTOMER_GROUP: &[Rule] =
    &[("/customerGroup/customerGroupCode", Text, Always), ("/customerGroup/websites", List, Live), UPDATED_AT, DELETED];
const PRODUCT_ATTRIBUTES: &[Rule] = &[
    ("/attributeCode", Text, Always),
    STORE_VIEW,
    STORE,
    WEBSITE,
    ("/attributeType", Text, Always),
    ("/dataType", Text, Live),
    ("/multi", Flag, Live),
    ("/required", Flag, Live),
    ("/label", Text, Optional),
    ("/attributeOptions", List, Optional),
    // The specification's own examples of this feed leave it out.
    ("/modifiedAt", Time(Stamp::ModifiedAt), Optional),
    DELETED,
];
const CATEGORIES: &[Rule] = &[
    ("/categoryId", Id, Always),
    STORE_VIEW,
    STORE,
    WEBSITE,
    ("/parentId", Id, Optional),
    ("/level", Number, Optional),
    ("/position", Number, Optional),
    ("/isActive", Flag, Optional),
    ("/isAnchor", Flag, Optional),
    ("/includeInMenu", Flag, Optional),
    ("/children", List, Optional),
    ("/availableSortBy", List, Optional),
    MODIFIED_AT,
    DELETED,
];
const PRODUCTS: &[Rule] = &[
    SKU,
    STORE_VIEW,
    STORE,
    WEBSITE,
    ("/type", Text, Live),
    ("/productId", Id, Optional),
    ("/createdAt", Time(Stamp::ModifiedAt), Optional),
    ("/displayable", Flag, Optional),
    ("/buyable", Flag, Optional),
    ("/inStock", Flag, Optional),
    ("/lowStock", Flag, Optional),
    ("/images", List, Optional),
    ("/attributes", List, Optional),
    ("/categoryData", List, Optional),
    ("/categories", List, Optional),
    ("/optionsV2", List, Optional),
    ("/links", List, Optional),
    ("/parents", List, Optional),
    ("/urlRewrites", List, Optional),
    MODIFIED_AT,
    DELETED,
];
const PRICES: &[Rule] = &[
    SKU,
    CUSTOMER_GROUP,
    WEBSITE,
    ("/regular", Number, Live),
    ("/type", Text, Optional),
    ("/discounts", List, Optional),
    ("/tierPrices", List, Optional),
    ("/parents", List, Optional),
    UPDATED_AT,
    DELETED,
];
const VARIANTS: &[Rule] = &[
    ("/id", Text, Always),
    ("/parentSku", Text, Always),
    ("/productSku", Text, Always),
    ("/optionValues", List, Live),
    MODIFIED_AT,
    DELETED,
];
const PRODUCT_OVERRIDES: &[Rule] = &[
    SKU,
    CUSTOMER_GROUP,
    WEBSITE,
    ("/displayable", Flag, Live),
    ("/priceDisplayable", Flag, Optional),
    ("/addToCartAllowed", Flag, Optional),
    MODIFIED_AT,
    DELETED,
];
const INVENTORY_STOCK_STATUS: &[Rule] = &[
    ("/stockId", Id, Always),
    SKU,
    ("/isSalable", Flag, Live),
    ("/qty", Number, Live),
    ("/qtyForSale", Number, Optional),
    ("/infiniteStock", Flag, Optional),
    UPDATED_AT,
    DELETED,
];
const CATEGORY_PERMISSIONS: &[Rule] = &[
    ("/categoryId", Id, Always),
    CUSTOMER_GROUP,
    WEBSITE,
    ("/displayable", Flag, Optional),
    ("/priceDisplayable", Flag, Optional),
    ("/addToCartAllowed", Flag, Optional),
    DELETED,
];
// Its times are the order's own, and RFC 3339 (feed map §9).
const ORDERS: &[Rule] = &[
    ("/commerceOrderId", Id, Always),
    ("/commerceOrderNumber", Text, Optional),
    ("/orderId/id", Text, Optional),
    ("/externalId/id", Id, Optional),
    ("/createdAt", Time(Stamp::UpdatedAt), Optional),
    ("/updatedAt", Time(Stamp::UpdatedAt), Optional),
    ("/state", Number, Optional),
    ("/isVirtual", Flag, Optional),
    ("/grandTotal", Number, Optional),
    ("/totalQtyOrdered", Number, Optional),
    ("/items", List, Optional),
    ("/invoices", List, Optional),
    ("/shipments", List, Optional),
    ("/creditMemos", List, Optional),
    ("/transactions", List, Optional),
    DELETED,
];

fn rules(feed: Feed) -> &'static [Rule] {
    match feed {
        Feed::ScopesWebsite => SCOPES_WEBSITE,
        Feed::ScopesCustomerGroup => SCOPES_CUSTOMER_GROUP,
        Feed::ProductAttributes => PRODUCT_ATTRIBUTES,
        Feed::Categories => CATEGORIES,
        Feed::Products => PRODUCTS,
        Feed::Prices => PRICES,
        Feed::Variants => VARIANTS,
        Feed::ProductOverrides => PRODUCT_OVERRIDES,
        Feed::InventoryStockStatus => INVENTORY_STOCK_STATUS,
        Feed::CategoryPermissions => CATEGORY_PERMISSIONS,
        Feed::Orders => ORDERS,
    }
}

/// What identifies an item on the wire, also when it is a deletion.
///
/// It is the feed's identity but for categories, websites and customer groups: their names change, their ids do not.
fn wire_identity(feed: Feed, item: &Map<String, Value>) -> &'static [&'static str] {
    let has = |field| lookup(item, field).is_some_and(|value| !value.is_null());
    match feed {
        Feed::Categories => &["/categoryId", "/storeViewCode"],
        Feed::ScopesWebsite if has("/website/websiteId") => &["/website/websiteId"],
        Feed::ScopesCustomerGroup if has("/customerGroup/customerGroupId") => &["/customerGroup/customerGroupId"],
        _ => feed.identity(),
    }
}

/// What is known of an item that is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Accepted {
    /// Its identity values as a JSON array of texts: one item, one key.
    pub(super) key: String,
    /// Whether it is a deletion.
    pub(super) deleted: bool,
}

/// Why an item is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invalid {
    /// A JSON pointer into the item; empty = the item as a whole.
    pub(super) field: &'static str,
    /// A short word for programs.
    pub(super) code: &'static str,
    /// A sentence for people.
    pub(super) message: String,
}

/// The code of a field that is not there.
pub(super) const MISSING: &str = "required_field_missing";
/// The code of a field of the wrong kind.
pub(super) const WRONG: &str = "invalid_field_value";

/// Checks an item.
///
/// # Errors
/// [`Invalid`] with the first thing that is wrong.
pub(super) fn check(feed: Feed, item: &Map<String, Value>) -> Result<Accepted, Invalid> {
    let deleted = matches!(item.get("deleted"), Some(Value::Bool(true)));
    for &(field, kind, need) in rules(feed) {
        let is_needed = need == Always || (need == Live && !deleted);
        match lookup(item, field) {
            None | Some(Value::Null) if is_needed => {
                return Err(Invalid { field, code: MISSING, message: format!("{} is required", name(field)) });
            }
            None | Some(Value::Null) => {}
            Some(value) => kind.check(value).map_err(|expected| Invalid {
                field,
                code: WRONG,
                message: format!("{} is not {expected}", name(field)),
            })?,
        }
    }
    let values: Vec<String> = wire_identity(feed, item).iter().map(|field| text(lookup(item, field))).collect();
    Ok(Accepted { key: Value::from(values).to_string(), deleted })
}

impl FieldKind {
    /// Whether a value is of this kind; if not, what it should have been.
    fn check(self, value: &Value) -> Result<(), &'static str> {
        let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
        let (is_right, expected) = match self {
            Text => (is_text(value), "a text that is not blank"),
            Id => (is_text(value) || value.is_number(), "a number or a text that is not blank"),
            Flag => (value.is_boolean() || matches!(value.as_u64(), Some(0 | 1)), "true or false"),
            Number => (value.is_number(), "a number"),
            List => (value.is_array(), "a list"),
            Time(stamp) => (value.as_str().is_some_and(|text| is_time(stamp, text)), stamp_form(stamp)),
        };
        if is_right { Ok(()) } else { Err(expected) }
    }
}

fn is_time(stamp: Stamp, text: &str) -> bool {
    match stamp {
        Stamp::ModifiedAt => jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", text).is_ok(),
        Stamp::UpdatedAt => text.parse::<jiff::Timestamp>().is_ok(),
    }
}

fn stamp_form(stamp: Stamp) -> &'static str {
    match stamp {
        Stamp::ModifiedAt => "a time such as 2026-01-31 23:59:59",
        Stamp::UpdatedAt => "a time such as 2026-01-31T23:59:59+00:00",
    }
}

fn lookup<'a>(item: &'a Map<String, Value>, pointer: &str) -> Option<&'a Value> {
    let mut names = pointer.trim_start_matches('/').split('/');
    let first = item.get(names.next()?)?;
    names.try_fold(first, |value, name| value.get(name))
}

fn name(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

/// Ids come as texts and as numbers, and mean the same.
fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(feed: Feed, value: &Value) -> Result<Accepted, Invalid> {
        check(feed, value.as_object().expect("an object"))
    }

    fn product() -> Value {
        json!({"sku": "CUP-1", "storeViewCode": "default", "storeCode": "main", "websiteCode": "base",
               "type": "simple", "productId": 7, "modifiedAt": "2026-01-31 23:59:59"})
    }

    #[test]
    fn a_product_without_a_name_is_still_a_product() {
        let accepted = checked(Feed::Products, &product()).expect("accepted");
        assert_eq!(accepted, Accepted { key: r#"["CUP-1","default"]"#.to_owned(), deleted: false });
    }

    #[test]
    fn every_required_field_is_required_and_named() {
        for field in ["sku", "storeViewCode", "storeCode", "websiteCode", "type", "modifiedAt"] {
            for bad in [None, Some(Value::Null)] {
                let mut item = product();
                let fields = item.as_object_mut().expect("an object");
                match bad {
                    None => fields.remove(field),
                    Some(null) => fields.insert(field.to_owned(), null),
                };
                let invalid = checked(Feed::Products, &item).expect_err("refused");
                assert_eq!(invalid.field.trim_start_matches('/'), field);
                assert_eq!((invalid.code, invalid.message), (MISSING, format!("{field} is required")));
            }
        }
    }

    #[test]
    fn wrong_kinds_are_refused() {
        for (field, bad) in [
            ("sku", json!(" ")),
            ("sku", json!(["CUP-1"])),
            ("productId", json!(true)),
            ("images", json!({})),
            ("buyable", json!("yes")),
            ("deleted", json!("false")),
            ("modifiedAt", json!("2026-01-31T23:59:59Z")),
            ("modifiedAt", json!("2026-02-31 23:59:59")),
        ] {
            let mut item = product();
            item[field] = bad.clone();
            assert_eq!(checked(Feed::Products, &item).expect_err("refused").code, WRONG, "{field}: {bad}");
        }
    }

    #[test]
    fn a_deletion_needs_its_minimal_payload_only_and_has_the_same_key() {
        let live = json!({"categoryId": "3", "urlPath": "cups", "storeViewCode": "default", "storeCode": "main",
                          "websiteCode": "base", "modifiedAt": "2026-01-31 23:59:59"});
        let gone = json!({"categoryId": 3, "storeViewCode": "default", "storeCode": "main", "websiteCode": "base",
                          "modifiedAt": "2026-01-31 23:59:59", "deleted": true});
        let live = checked(Feed::Categories, &live).expect("accepted");
        let gone = checked(Feed::Categories, &gone).expect("accepted");
        assert_eq!(live.key, gone.key);
        assert!(gone.deleted && !live.deleted);

        let price = json!({"sku": "A", "customerGroupCode": "0", "websiteCode": "base",
                           "updatedAt": "2026-01-31T23:59:59+00:00"});
        assert_eq!(checked(Feed::Prices, &price).expect_err("refused").field, "/regular");
        let mut deletion = price;
        deletion["deleted"] = json!(true);
        assert!(checked(Feed::Prices, &deletion).is_ok());
    }

    #[test]
    fn every_rule_of_a_minimal_payload_is_about_a_field_of_it() {
        for feed in Feed::ALL.into_iter().filter(|feed| !feed.minimal().is_empty()) {
            for (field, _, need) in rules(feed) {
                let is_minimal = feed.minimal().contains(&field.trim_start_matches('/'));
                assert!(*need != Always || is_minimal, "{feed}: a deletion would be refused for {field}");
            }
        }
    }
}
