//! `prices`: what a product costs in a website, for everybody and for single customer groups (feed map §6).
//!
//! One item for each product × website that it is assigned to, with the customer group code `0` (the *fallback*), and one for
//! each customer group that has a price of its own there: a group price, a tier price, or today's price of a catalogue rule.
//!
//! | file | what |
//! |---|---|
//! | `websites` | the websites: their codes, their store views, their date of today |
//! | `batch` | the rows of a page of products |
//! | `price` | a price with its discounts and tiers, and how they become fields |
//! | `warnings` | what looks like a mistake of the shop and is sent all the same |
//!
//! This room must never know how pages are walked, or what becomes of an item.

mod batch;
mod price;
mod warnings;
mod websites;

use serde_json::{Value, json};

use super::super::{Broken, Collected};
use super::context::Context;
use super::scopes::customer_group_code;
use crate::commerce::database::{DatabaseError, Snapshot};
use crate::feeds::content::Fields;
use crate::untrusted::SafeText;
use batch::{Batch, Product};
use price::{NoNumber, Price, put_list};
pub(super) use warnings::warnings;
use websites::{Website, Websites};

/// The customer group code of the item that holds for every group without one of its own.
const FALLBACK_GROUP: &str = "0";
/// The product types that the feed knows; it takes any other, such as `virtual`, for a simple one.
const KNOWN_TYPES: [&str; 6] = ["simple", "configurable", "downloadable", "grouped", BUNDLE, "giftcard"];
const BUNDLE: &str = "bundle";

/// The date of today in each website, as one text.
pub(super) async fn dates(snapshot: &mut Snapshot, context: &Context) -> Result<String, DatabaseError> {
    Ok(Websites::load(snapshot, context).await?.dates_text())
}

/// The items of these products, in the order of product, website and customer group ids, the fallback before its groups.
pub(super) async fn page(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
) -> Result<Vec<Collected>, DatabaseError> {
    let websites = Websites::load(snapshot, context).await?;
    let batch = Batch::load(snapshot, context, &websites, ids).await?;
    let mut collected = Vec::new();
    for product in &batch.products {
        if product.sku.trim().is_empty() {
            collected.push(without_sku(product));
            continue;
        }
        for website in product.websites.iter().filter_map(|id| websites.get(*id)) {
            put_items(product, website, &mut collected);
        }
    }
    Ok(collected)
}

/// The items of a product in a website.
fn put_items(product: &Product, website: &Website, collected: &mut Vec<Collected>) {
    let fallback = product.fallback(website);
    collected.push(item(product, website, None, fallback.clone()));
    for group in product.groups(website) {
        // What is wrong with everybody's price is wrong with the group's as well.
        let price = fallback.clone().and_then(|fallback| product.of_group(fallback, website, group));
        collected.push(item(product, website, Some(group), price));
    }
}

fn item(product: &Product, website: &Website, group: Option<u64>, price: Result<Price, NoNumber>) -> Collected {
    let mut fields = Fields::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("sku", json!(product.sku));
    put("websiteCode", json!(website.code));
    put("customerGroupCode", Value::from(group.map_or_else(|| FALLBACK_GROUP.to_owned(), customer_group_code)));
    let price = match price {
        Ok(price) => price,
        Err(error) => return Collected::Broken(broken(product, website, group, &error, fields)),
    };
    put("productId", Value::from(product.id));
    put("type", Value::from(product.feed_type()));
    put_list(&mut fields, "parents", product.parents(website));
    price.put(&mut fields);
    Collected::Item { source_id: Some(product.id), content: fields.into() }
}

/// What is known of it is its identity, so that it is not mistaken for a deleted one.
fn broken(product: &Product, website: &Website, group: Option<u64>, error: &NoNumber, fields: Fields) -> Broken {
    let code = website.code.as_deref().unwrap_or("without a code");
    let group = group.map(|id| format!(", customer group {id}")).unwrap_or_default();
    Broken {
        source_id: Some(product.id),
        place: SafeText::new(&format!("price of product {} ({}), website {code}{group}", product.id, product.sku)),
        reason: SafeText::new(&format!("{error}; correct it in the Admin")),
        known: Some(fields.into()),
    }
}

fn without_sku(product: &Product) -> Collected {
    Collected::Broken(Broken {
        source_id: Some(product.id),
        place: SafeText::new(&format!("prices of product {}", product.id)),
        reason: SafeText::new("it has no SKU, which prices need; set one in the Admin, or delete it"),
        known: None,
    })
}

/// What the feed calls a product type.
fn type_name(type_id: &str) -> String {
    let known = KNOWN_TYPES.into_iter().find(|known| *known == type_id).unwrap_or(KNOWN_TYPES[0]);
    known.to_ascii_uppercase()
}
