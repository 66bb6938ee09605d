//! When an item of ours is that of Adobe's exporter: the rules of a feed.
//!
//! Two values are equal although they look different if they are the same number (also as text), the same URL but for the name of
//! Commerce's script, the same JSON within a text, or the same list in another order where the order says nothing. How a value is
//! there is compared besides, and more strictly: absent, null, an empty list and the types of JSON are all different.

use serde_json::{Map, Value, json};

use crate::domain::{Feed, Stamp};
use crate::untrusted::SafeText;

/// Fields that say when the item was made.
const STAMPS: &[&str] = &["modifiedAt", "deleted"];
/// In some feeds that as well, elsewhere when the rows were changed.
const UPDATED: &str = "updatedAt";

/// The customer group that Adobe's full export forgets; its partial export does not.
const GROUP_OF_VISITORS: &str = "0";
/// Characters of a value that is shown.
const MOST_TEXT: usize = 300;

/// What Adobe's exporter does wrong, and this program does otherwise (`docs/differences.md`).
const DEFECTS: &[(Feed, &str)] = &[
    (Feed::Categories, "children"),
    (Feed::Orders, "creditMemos[].creditMemoComments"),
    (Feed::Orders, "creditMemos[].createdAt"),
    (Feed::Orders, "invoices[].createdAt"),
    (Feed::Orders, "creditMemos[].refundTaxes"),
    (Feed::Orders, "payment.paymentMethodName"),
    (Feed::Orders, "items[].updatedAt"),
];

/// Lists in which the order says nothing, and the fields by which two elements are the same one.
const UNORDERED: &[(&str, &[&str])] = &[
    ("attributes", &["attributeCode"]),
    ("categoryData", &["categoryId"]),
    ("categories", &[]),
    ("images", &["resource"]),
    ("videos", &[]),
    ("images[].resource.roles", &[]),
    ("videos[].preview.roles", &[]),
    ("media_gallery", &["url"]),
    ("media_gallery[].types", &[]),
    ("links", &["sku", "type"]),
    ("parents", &["sku"]),
    ("optionsV2", &["type", "id"]),
    ("optionsV2[].values", &["id"]),
    ("shopperInputOptions", &["id"]),
    ("samples", &["url"]),
    ("urlRewrites", &["url"]),
    ("children", &[]),
    ("optionValues", &[]),
    ("discounts", &["code"]),
    ("tierPrices", &["qty"]),
    ("stores", &["storeId"]),
    ("stores[].storeViews", &["storeViewId"]),
    ("websites", &[]),
    ("items", &["entityId"]),
    ("invoices", &["entityId"]),
    ("invoices[].invoiceItems", &["orderItemId"]),
    ("creditMemos", &["creditMemoId", "commerceCreditMemoNumber"]),
    ("creditMemos[].refundItems", &["orderItemId"]),
    ("creditMemos[].refundItems[].productTaxes", &[]),
    ("creditMemos[].refundTaxes", &[]),
    ("creditMemos[].creditMemoComments", &[]),
    ("transactions", &["entityId"]),
    ("shipments", &["shipmentId"]),
    ("shipments[].items", &["orderItemId"]),
    ("additionalInformation", &["name"]),
    ("items[].additionalInformation", &["name"]),
];

/// The rules of a feed.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    pub feed: Feed,
    identity: &'static [&'static str],
    /// Whether an `updatedAt` is compared.
    has_own_time: bool,
    has_random_uuids: bool,
}

/// A path at which two items differ.
#[derive(Debug)]
pub struct Finding {
    pub path: String,
    /// The value of Adobe's exporter; `absent` without one.
    pub theirs: SafeText,
    pub ours: SafeText,
}

/// What was found of one of our items.
#[derive(Debug)]
pub enum Verdict {
    Equal,
    Different(Vec<Finding>),
    OnlyOurs,
    /// Adobe's feed table has it, and does not hold all of it.
    NotCompared,
}

impl Rules {
    /// `has_own_time`: whether the rows were changed at the same time, so that a feed's own `updatedAt` is compared.
    #[must_use]
    pub fn of(feed: Feed, has_own_time: bool) -> Self {
        let identity: &[&str] = match feed {
            Feed::Products => &["sku", "storeViewCode"],
            Feed::ProductAttributes => &["attributeCode", "storeViewCode"],
            Feed::Categories => &["categoryId", "storeViewCode"],
            Feed::Variants => &["parentSku", "productSku"],
            Feed::Prices => &["sku", "customerGroupCode", "websiteCode"],
            Feed::InventoryStockStatus => &["stockId", "sku"],
            // These have none in Adobe's exporter, so it is the key.
            Feed::ScopesWebsite => &["websiteId"],
            Feed::ScopesCustomerGroup => &["customerGroupId"],
            Feed::Orders => &["commerceOrderId"],
            Feed::ProductOverrides => &["sku", "websiteCode", "customerGroupCode"],
            Feed::CategoryPermissions => &["categoryId", "websiteCode", "customerGroupCode"],
        };
        Self {
            feed,
            identity,
            has_own_time: has_own_time && feed.stamp() != Some(Stamp::UpdatedAt),
            has_random_uuids: false,
        }
    }

    /// The same, where Adobe's exporter may have given UUIDs at random to ordered lines without one: ours have none then.
    #[must_use]
    pub fn with_random_uuids(self) -> Self {
        Self { has_random_uuids: true, ..self }
    }

    /// What tells an item from all others of its feed.
    pub fn identity(&self, item: &Value) -> String {
        let text = |field: &&str| item[*field].as_str().map_or_else(|| item[*field].to_string(), str::to_owned);
        self.identity.iter().map(text).collect::<Vec<_>>().join(" · ")
    }

    /// Whether an item has what tells it from others: another exporter's items may have other names for it.
    pub fn has_identity(&self, item: &Value) -> bool {
        let is_there = |value: &Value| !value.is_null() && !value.is_object();
        self.identity.iter().all(|field| is_there(&item[*field]))
    }

    /// One item of two with the same identity: the last counts.
    ///
    /// A price may be torn in two, where Adobe's exporter wrote a page out in the middle of a customer group: the first has the
    /// group's own discount, the second the catalogue rule's.
    #[must_use]
    pub fn joined(&self, mut first: Value, last: Value) -> Value {
        if self.feed == Feed::Prices
            && let (Some(all), Some(more)) = (first["discounts"].as_array_mut(), last["discounts"].as_array())
        {
            all.extend(more.iter().filter(|discount| discount["code"] == "catalog_rule").cloned());
            return first;
        }
        last
    }

    /// Whether Adobe's exporter never sends the item in full (`docs/differences.md`): the group of visitors.
    #[must_use]
    pub fn is_forgotten(&self, id: &str) -> bool {
        self.feed == Feed::ScopesCustomerGroup && id == GROUP_OF_VISITORS
    }

    /// Whether two items are the same. The minimal payload of a stock status has all that counts, and is taken for the whole.
    pub fn verdict(&self, theirs: &Value, mut ours: Value) -> Verdict {
        if self.feed == Feed::InventoryStockStatus
            && let (Some(ours), Some(theirs)) = (ours.as_object_mut(), theirs.as_object())
        {
            let is_bare =
                |name: &str| !theirs.contains_key(name) && (name == "deleted" || self.feed.is_hash_excluded(name));
            ours.retain(|name, _| !is_bare(name));
        }
        let findings = self.diff(theirs, &ours);
        if findings.is_empty() { Verdict::Equal } else { Verdict::Different(findings) }
    }

    /// Where two items differ.
    pub fn diff(&self, golden: &Value, ours: &Value) -> Vec<Finding> {
        let mut findings = Vec::new();
        if golden != ours {
            self.compare(Some(golden), Some(ours), "", &mut findings);
        }
        findings
    }

    fn is_compared(&self, path: &str) -> bool {
        let base = path.strip_suffix("[missing]").or_else(|| path.strip_suffix("[extra]")).unwrap_or(path);
        !DEFECTS.contains(&(self.feed, base))
    }

    /// Whether the text of a value is of no importance: how it is there is.
    fn is_volatile(&self, path: &str) -> bool {
        STAMPS.contains(&path) || (path == UPDATED && !self.has_own_time)
    }

    fn compare(&self, golden: Option<&Value>, ours: Option<&Value>, path: &str, findings: &mut Vec<Finding>) {
        let is_uuid = self.has_random_uuids && (path.ends_with("itemId") || path.ends_with("orderItemId"));
        if !self.is_compared(path) || (is_uuid && ours.is_none_or(Value::is_null)) {
            return;
        }
        let mut found = |what: &str| {
            let text = |value: Option<&Value>| {
                value.map_or_else(|| "absent".into(), |value| SafeText::limited(&value.to_string(), MOST_TEXT))
            };
            findings.push(Finding { path: format!("{path}{what}"), theirs: text(golden), ours: text(ours) });
        };
        let both = (golden.unwrap_or(&Value::Null), ours.unwrap_or(&Value::Null));
        match both {
            (Value::Object(a), Value::Object(b)) if !a.is_empty() && !b.is_empty() => {
                self.compare_objects(a, b, path, findings);
            }
            (Value::Array(a), Value::Array(b)) if !a.is_empty() && !b.is_empty() => {
                self.compare_lists(a, b, path, findings);
            }
            (a, b) if Kind::of(golden) != Kind::of(ours) => {
                let is_only_its_kind = self.is_volatile(path) || self.is_same(a, b, path);
                found(if is_only_its_kind { " (kind)" } else { "" });
            }
            (a, b) if self.is_volatile(path) || self.is_same(a, b, path) => {}
            _ => found(""),
        }
    }

    fn compare_objects(&self, a: &Map<String, Value>, b: &Map<String, Value>, path: &str, findings: &mut Vec<Finding>) {
        for name in a.keys().chain(b.keys().filter(|name| !a.contains_key(*name))) {
            self.compare(a.get(name), b.get(name), &within(path, name), findings);
        }
    }

    fn compare_lists(&self, a: &[Value], b: &[Value], path: &str, findings: &mut Vec<Finding>) {
        let element = format!("{path}[]");
        let Some((_, key)) = UNORDERED.iter().find(|(of, _)| *of == path) else {
            let longest = a.len().max(b.len());
            return (0..longest).for_each(|at| self.compare(a.get(at), b.get(at), &element, findings));
        };
        let has_key =
            |a: &Value, b: &Value| !key.is_empty() && key.iter().all(|name| self.is_same(&a[*name], &b[*name], name));
        let mut left: (Vec<&Value>, Vec<&Value>) = (a.iter().collect(), b.iter().collect());
        let mut pairs = take_pairs(&mut left, |a, b| a == b);
        pairs.extend(take_pairs(&mut left, |a, b| self.is_same(a, b, &element)));
        pairs.extend(take_pairs(&mut left, has_key));
        for (a, b) in pairs {
            if a != b {
                self.compare(Some(a), Some(b), &element, findings);
            }
        }
        left.0.iter().for_each(|a| self.compare(Some(a), None, &format!("{path}[missing]"), findings));
        left.1.iter().for_each(|b| self.compare(None, Some(b), &format!("{path}[extra]"), findings));
    }

    /// Whether two values say the same, however they are there.
    fn is_same(&self, a: &Value, b: &Value, path: &str) -> bool {
        if !self.is_compared(path) || self.is_volatile(path) || (says_nothing(a) && says_nothing(b)) {
            return true;
        }
        match (a, b) {
            (Value::Object(a), Value::Object(b)) => {
                let nothing = Value::Null;
                let names = a.keys().chain(b.keys());
                let mut pairs =
                    names.map(|name| (name, a.get(name).unwrap_or(&nothing), b.get(name).unwrap_or(&nothing)));
                pairs.all(|(name, a, b)| self.is_same(a, b, &within(path, name)))
            }
            (Value::Array(a), Value::Array(b)) => a.len() == b.len() && self.are_same(a, b, path),
            (Value::Bool(_), _) | (_, Value::Bool(_)) => a == b,
            _ => a == b || is_same_number(a, b) || self.is_same_text(a, b),
        }
    }

    fn are_same(&self, a: &[Value], b: &[Value], path: &str) -> bool {
        let element = format!("{path}[]");
        if !UNORDERED.iter().any(|(of, _)| *of == path) {
            return a.iter().zip(b).all(|(a, b)| self.is_same(a, b, &element));
        }
        let mut left: Vec<&Value> = b.iter().collect();
        a.iter().all(|a| left.iter().position(|b| self.is_same(a, b, &element)).map(|at| left.remove(at)).is_some())
    }

    fn is_same_text(&self, a: &Value, b: &Value) -> bool {
        let (Some(a), Some(b)) = (a.as_str(), b.as_str()) else { return false };
        if is_url(a) && is_url(b) {
            return without_script(a) == without_script(b);
        }
        let json =
            |text: &str| text.starts_with(['{', '[']).then(|| serde_json::from_str::<Value>(text).ok()).flatten();
        json(a).zip(json(b)).is_some_and(|(a, b)| self.is_same(&a, &b, "(json)"))
    }
}

/// Takes out each two that are a pair.
fn take_pairs<'a>(
    left: &mut (Vec<&'a Value>, Vec<&'a Value>),
    is_pair: impl Fn(&Value, &Value) -> bool,
) -> Vec<(&'a Value, &'a Value)> {
    let mut pairs = Vec::new();
    left.0.retain(|a| {
        let at = left.1.iter().position(|b| is_pair(a, b));
        pairs.extend(at.map(|at| (*a, left.1.remove(at))));
        at.is_none()
    });
    pairs
}

fn within(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// How a value is there.
#[derive(PartialEq, Eq)]
enum Kind {
    Absent,
    Null,
    Bool,
    Number,
    Text,
    EmptyList,
    List,
    EmptyObject,
    Object,
}

impl Kind {
    fn of(value: Option<&Value>) -> Self {
        match value {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(Value::Bool(_)) => Self::Bool,
            Some(Value::Number(_)) => Self::Number,
            Some(Value::String(_)) => Self::Text,
            Some(Value::Array(list)) => {
                if list.is_empty() {
                    Self::EmptyList
                } else {
                    Self::List
                }
            }
            Some(Value::Object(object)) => {
                if object.is_empty() {
                    Self::EmptyObject
                } else {
                    Self::Object
                }
            }
        }
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.values().all(says_nothing),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn is_same_number(a: &Value, b: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse::<f64>().ok().filter(|_| is_plain_number(text)),
        _ => None,
    };
    number(a).zip(number(b)).is_some_and(|(a, b)| (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1.0))
}

/// `-12.50`: as JSON writes it, without exponent.
fn is_plain_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits(whole) && (whole == "0" || !whole.starts_with('0')) && rest.is_none_or(are_digits)
}

fn is_url(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.starts_with("http://") || text.starts_with("https://")
}

/// A URL without the name of Commerce's script, which is in it when rewrites are off: `index.php`, or `magento` where it was made on
/// the command line. A shop may be in a directory.
fn without_script(url: &str) -> String {
    let host = url.find("://").map_or(0, |at| at + 3);
    let is_script = |segment: &str| segment == "magento" || segment.strip_suffix(".php").is_some();
    let mut segments: Vec<&str> = url[host..].split('/').collect();
    if let Some(at) = segments.iter().take(3).skip(1).position(|segment| is_script(segment)) {
        segments.remove(at + 1);
    }
    format!("{}{}", &url[..host], segments.join("/"))
}

/// An item without the envelope in which scopes travel.
#[must_use]
pub fn without_envelope(item: Value) -> Value {
    for name in ["website", "customerGroup"] {
        let Some(Value::Object(inner)) = item.get(name) else { continue };
        let mut inner = inner.clone();
        if let Some(Value::Array(websites)) = inner.get_mut("websites") {
            websites
                .iter_mut()
                .filter(|website| website.is_object())
                .for_each(|website| *website = json!(website["websiteCode"]));
        }
        return Value::Object(inner);
    }
    item
}
