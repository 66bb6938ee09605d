//! What a store view shows of what was received: products as Catalog Service knows them, SKUs as Live Search finds them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::faults::{Oddity, ShownFaults};
use super::store::{Kept, Store};
use crate::domain::Feed;

/// The customer group whose price everybody gets who has none of their own.
const FALLBACK_GROUP: &str = "0";

/// For whom something is shown.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) website: String,
    pub(super) store: String,
    pub(super) store_view: String,
    /// The sha1 of the group's id; `None` = nobody in particular.
    pub(super) customer_group: Option<String>,
}

/// What one store view shows at a moment.
pub(super) struct Catalog<'a> {
    pub(super) store: &'a Store,
    pub(super) faults: &'a ShownFaults,
    pub(super) data_space: &'a str,
    pub(super) scope: &'a Scope,
    pub(super) now: Timestamp,
    /// How long after it was received something is shown.
    pub(super) visible_after: SignedDuration,
}

impl Catalog<'_> {
    /// Whether the websites that were received have this store view; anything goes where none were.
    pub(super) fn has_scope(&self) -> bool {
        let Some(websites) = self.store.received(self.data_space, Feed::ScopesWebsite) else { return true };
        websites.after(None, false).filter_map(|(_, kept)| self.value(kept)).any(|item| {
            let website = &item["website"];
            let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
            website["websiteCode"] == self.scope.website.as_str()
                && list(&website["stores"]).iter().any(|store| {
                    store["storeCode"] == self.scope.store.as_str()
                        && list(&store["storeViews"])
                            .iter()
                            .any(|view| view["storeViewCode"] == self.scope.store_view.as_str())
                })
        })
    }

    /// A product as Catalog Service shows it; `None` if it does not have it.
    pub(super) fn product_view(&self, sku: &str) -> Option<Value> {
        let item = self.product(sku)?;
        let is_composite = matches!(item["type"].as_str(), Some("configurable" | "bundle" | "grouped"));
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let attributes: Vec<Value> = list(&item["attributes"])
            .iter()
            .map(|attribute| {
                let values = list(&attribute["value"]);
                let value = if let [one] = values.as_slice() { one.clone() } else { Value::from(values) };
                json!({"name": attribute["attributeCode"], "label": attribute["attributeCode"], "value": value, "roles": []})
            })
            .collect();
        let images: Vec<Value> = list(&item["images"]).iter().map(|image| image["resource"].clone()).collect();
        let mut view = json!({
            "__typename": if is_composite { "ComplexProductView" } else { "SimpleProductView" },
            "sku": item["sku"],
            "name": item["name"],
            "url": item["url"],
            "urlKey": item["urlKey"],
            "externalId": item["productId"].as_str().map_or_else(|| item["productId"].to_string(), str::to_owned),
            "addToCartAllowed": item["buyable"],
            "inStock": item["inStock"],
            "lastModifiedAt": item["modifiedAt"],
            "attributes": attributes,
            "images": images,
        });
        if is_composite {
            view["options"] = item["optionsV2"].clone();
            view["priceRange"] = Value::Null;
        } else {
            view["price"] = self.price(sku, &item["currency"]);
        }
        Some(view)
    }

    /// The SKUs that Live Search finds, in their order: those of a list, or all.
    pub(super) fn searchable(&self, wanted: Option<&[String]>) -> Vec<String> {
        let is_found = |sku: &str| self.product(sku).is_some_and(|item| item["displayable"] == true);
        if let Some(skus) = wanted {
            return skus.iter().filter(|sku| is_found(sku)).cloned().collect();
        }
        let products = self.store.received(self.data_space, Feed::Products);
        let keys = products.into_iter().flat_map(|products| products.beginning_with("["));
        let skus = keys.filter_map(|(key, _)| {
            let [sku, view] = serde_json::from_str::<[String; 2]>(key).ok()?;
            (view == self.scope.store_view).then_some(sku)
        });
        skus.filter(|sku| is_found(sku)).collect()
    }

    /// A product's item as it is in effect here: enabled, and with an enabled child if it is made of children.
    fn product(&self, sku: &str) -> Option<Value> {
        let item = self.in_effect(sku).filter(|item| item["status"] != "Disabled")?;
        let is_whole = item["type"] != "configurable" || self.has_enabled_child(sku);
        is_whole.then_some(item)
    }

    fn has_enabled_child(&self, parent: &str) -> bool {
        let Some(variants) = self.store.received(self.data_space, Feed::Variants) else { return false };
        let begin = format!("[{},", Value::from(parent));
        variants.beginning_with(&begin).filter_map(|(_, kept)| self.value(kept)).any(|variant| {
            let child = variant["productSku"].as_str().and_then(|sku| self.in_effect(sku));
            child.is_some_and(|child| child["status"] != "Disabled")
        })
    }

    /// A product's item as far as it has arrived here, and with the oddities of the fault script.
    fn in_effect(&self, sku: &str) -> Option<Value> {
        if self.faults.is_asleep {
            return None;
        }
        let key = json!([sku, self.scope.store_view]).to_string();
        let kept = self.store.received(self.data_space, Feed::Products)?.item(&key)?;
        let shown = match self.faults.of(sku, &key, kept.is_deleted()) {
            Some(Oddity::Lost) => None,
            Some(Oddity::Stale | Oddity::Ghost) => kept.stale(),
            None => kept.shown(self.now, self.visible_after),
        };
        serde_json::from_str(shown?.get()).ok()
    }

    /// The price of the customer group, or else the one for everybody.
    fn price(&self, sku: &str, currency: &Value) -> Value {
        let groups = self.scope.customer_group.as_deref().into_iter().chain([FALLBACK_GROUP]);
        let prices = self.store.received(self.data_space, Feed::Prices);
        let found = prices.and_then(|prices| {
            groups
                .filter_map(|group| prices.item(&json!([sku, group, self.scope.website]).to_string()))
                .find_map(|kept| self.value(kept))
        });
        let Some(item) = found else { return Value::Null };
        let regular = item["regular"].as_f64().unwrap_or_default();
        let discounts = item["discounts"].as_array().cloned().unwrap_or_default();
        let reduced = discounts.iter().filter_map(|discount| {
            let by_share = || discount["percentage"].as_f64().map(|percent| regular * (1.0 - percent / 100.0));
            discount["price"].as_f64().or_else(by_share)
        });
        let amount = |value: f64| json!({"amount": {"value": (value * 100.0).round() / 100.0, "currency": currency}});
        json!({"regular": amount(regular), "final": amount(reduced.fold(regular, f64::min))})
    }

    fn value(&self, kept: &Kept) -> Option<Value> {
        serde_json::from_str(kept.shown(self.now, self.visible_after)?.get()).ok()
    }
}
