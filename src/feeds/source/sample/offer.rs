//! What the sample products cost, how many there are, and which child stands for which size.

use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::Question::Price;
use super::product::{self, FIRST_ID, Role};
use super::text::SIZES;
use super::{choose, fields, shop};
use crate::feeds::content::Fields;
use crate::feeds::item::Sha1Hash;

/// The cheapest and the dearest product, in cents.
const PRICES: std::ops::Range<usize> = 400..32_000;
/// One product with a special price in so many.
const SPECIAL_EVERY: u64 = 5;
/// One product with prices of its own for customer groups in so many.
const GROUP_EVERY: u64 = 4;
/// One product that is cheaper by the dozen in so many.
const TIER_EVERY: u64 = 7;
/// Groups with prices of their own, and what they save, in percent.
const GROUP_DISCOUNTS: [(u64, u32); 2] = [(2, 15), (3, 8)];
/// The code of the price that everybody gets who has none of their own.
const FALLBACK_GROUP: &str = "0";

/// `prices`: the fallback and some customer groups; a configurable product has no price of its own.
pub(super) fn prices(index: u64, products: u64) -> Vec<Fields> {
    let role = product::role(index, products);
    if role == Role::Configurable {
        return Vec::new();
    }
    let cents = PRICES.start + choose(index, Price, PRICES.len());
    let mut discounts = Vec::new();
    if index.is_multiple_of(SPECIAL_EVERY) {
        discounts.push(json!({"code": "special_price", "price": euros(cents * 4 / 5)}));
    }
    let tiers = if index.is_multiple_of(TIER_EVERY) { vec![json!({"qty": 12, "percentage": 10})] } else { Vec::new() };
    let parents = match role {
        Role::Child { parent, .. } => {
            json!([{"sku": product::sku(parent, Role::Configurable), "type": "CONFIGURABLE"}])
        }
        Role::Simple | Role::Configurable => Value::Null,
    };
    let fallback = fields(json!({
        "sku": product::sku(index, role),
        "productId": FIRST_ID + index,
        "type": "SIMPLE",
        "websiteCode": shop::WEBSITE,
        "customerGroupCode": FALLBACK_GROUP,
        "regular": euros(cents),
        "discounts": discounts,
        "tierPrices": tiers,
        "parents": parents,
    }));
    let mut items = vec![fallback];
    if index.is_multiple_of(GROUP_EVERY) {
        for (group, percentage) in GROUP_DISCOUNTS {
            let mut item = items[0].clone();
            let mut discounts = discounts.clone();
            discounts.push(json!({"code": "group", "percentage": percentage}));
            item.insert("customerGroupCode".to_owned(), Value::from(shop::customer_group_code(group)));
            item.insert("discounts".to_owned(), Value::from(discounts));
            items.push(item);
        }
    }
    items
}

fn euros(cents: usize) -> f64 {
    cents as f64 / 100.0
}

/// `inventoryStockStatus`, in the one stock there is.
pub(super) fn stock_status(index: u64, products: u64) -> Fields {
    let stock = product::stock(index);
    fields(json!({
        "stockId": 1,
        "sku": product::sku(index, product::role(index, products)),
        "productId": FIRST_ID + index,
        "qty": stock,
        "qtyForSale": stock,
        "isSalable": stock > 0,
        "infiniteStock": false,
    }))
}

/// `variants`, of the child with this product index.
pub(super) fn variant(index: u64, products: u64) -> Vec<Fields> {
    let role = product::role(index, products);
    let Role::Child { parent, size } = role else {
        return Vec::new();
    };
    let (parent_sku, sku) = (product::sku(parent, Role::Configurable), product::sku(index, role));
    let id = Sha1Hash(Sha1::digest(format!("configurable/{parent_sku}/{sku}")).into()).to_string();
    let option = product::size_option(size);
    vec![fields(json!({
        "id": id,
        "parentId": FIRST_ID + parent,
        "parentSku": parent_sku,
        "productId": FIRST_ID + index,
        "productSku": sku,
        "optionValues": [{
            "attributeCode": "size", "uid": shop::size_uid(option), "label": SIZES[size],
            "valueIndex": option.to_string(),
        }],
    }))]
}
