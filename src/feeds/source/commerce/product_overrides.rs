//! `productOverrides`, experimental: what a customer group may see of a product in a website (protocol page §6).
//!
//! Built from `magento_catalogpermissions_index_product`, which has a row for each product, store view and customer group;
//! the item is made after the published example of the feed. What is inferred is named in `permissions`.
//!
//! It must never know what becomes of an item.

use std::collections::HashMap;

use serde_json::json;

use super::super::{Broken, Collected};
use super::context::Context;
use super::eav::Entity;
use super::permissions::{GRANT_COLUMNS, Permissions, index_tables, union};
use crate::commerce::database::{DatabaseError, Snapshot, in_list};
use crate::untrusted::SafeText;

const INDEX: &str = "magento_catalogpermissions_index_product";

/// A row of the index: product, store view, customer group, grants.
type OverrideRow = (u64, u32, u64, Option<i64>, Option<i64>, Option<i64>);

/// Items of these products, by product, website and customer group.
pub(super) async fn page(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
) -> Result<Vec<Collected>, DatabaseError> {
    let ids = in_list(ids);
    let sql = format!(
        "SELECT e.entity_id, COALESCE(e.sku, '') FROM {} e WHERE e.entity_id IN ({ids}){}",
        context.table(Entity::Product.table()),
        context.is_current(Entity::Product, "e"),
    );
    let skus: HashMap<u64, String> = snapshot.rows(&sql).await?.into_iter().collect();
    let tables = index_tables(snapshot, context, INDEX).await?;
    let sql = union(&tables, |table| {
        format!(
            "SELECT product_id, store_id, customer_group_id, {GRANT_COLUMNS} FROM {table} WHERE product_id IN ({ids})"
        )
    });
    let rows: Vec<OverrideRow> = snapshot.rows(&sql).await?;
    let mut permissions = Permissions::default();
    for (product, store, group, browsing, prices, cart) in rows {
        if let Some(view) = context.scopes.store_views.iter().find(|view| view.id == store) {
            permissions.add(&context.settings, view, product, group, [browsing, prices, cart]);
        }
    }
    let mut collected = Vec::new();
    for (product, mut fields) in permissions.items(context) {
        match skus.get(&product).map(String::as_str) {
            // The index does not know yet that the product is gone.
            None => {}
            Some(sku) if sku.trim().is_empty() => collected.push(without_sku(product)),
            Some(sku) => {
                fields.insert("sku".to_owned(), json!(sku));
                fields.insert("productId".to_owned(), json!(product));
                collected.push(Collected::Item { source_id: Some(product), content: fields.into() });
            }
        }
    }
    // A product is broken once, however many groups the index has for it.
    collected.dedup();
    Ok(collected)
}

fn without_sku(product: u64) -> Collected {
    Collected::Broken(Broken {
        source_id: Some(product),
        place: SafeText::new(&format!("product {product}")),
        reason: SafeText::new("it has no SKU, which permissions need; set one in the Admin, or delete it"),
        known: None,
    })
}
