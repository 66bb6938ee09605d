//! `categoryPermissions`, experimental: what a customer group may see of a category in a website (protocol page §6).
//!
//! Built from `magento_catalogpermissions_index`, which has a row for each category, website and customer group. The feed is
//! not public at all: its item is made like one of `productOverrides`, with `categoryId` as the categories feed has it. What
//! else is inferred is named in `permissions`.
//!
//! It must never know what becomes of an item.

use std::collections::HashSet;

use serde_json::json;

use super::super::Collected;
use super::context::Context;
use super::eav::Entity;
use super::permissions::{GRANT_COLUMNS, Permissions, index_tables, union};
use crate::commerce::database::{DatabaseError, Snapshot, in_list};
use crate::feeds::content::Fields;

const INDEX: &str = "magento_catalogpermissions_index";

/// A row of the index: category, website, customer group, grants.
type PermissionRow = (u64, u32, u64, Option<i64>, Option<i64>, Option<i64>);

/// Items of these categories, by category, website and customer group.
pub(super) async fn page(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
) -> Result<Vec<Collected>, DatabaseError> {
    let ids = in_list(ids);
    let sql = format!(
        "SELECT e.entity_id FROM {} e WHERE e.entity_id IN ({ids}){}",
        context.table(Entity::Category.table()),
        context.is_current(Entity::Category, "e"),
    );
    let categories: HashSet<u64> = snapshot.rows(&sql).await?.into_iter().collect();
    let tables = index_tables(snapshot, context, INDEX).await?;
    let sql = union(&tables, |table| {
        format!(
            "SELECT category_id, website_id, customer_group_id, {GRANT_COLUMNS} FROM {table} WHERE category_id IN ({ids})"
        )
    });
    let rows: Vec<PermissionRow> = snapshot.rows(&sql).await?;
    let mut permissions = Permissions::default();
    for (category, website, group, browsing, prices, cart) in rows {
        // The row is for the whole website; what it leaves to the configuration may differ from view to view.
        for view in context.scopes.store_views.iter().filter(|view| view.website_id == website) {
            permissions.add(&context.settings, view, category, group, [browsing, prices, cart]);
        }
    }
    let of_category = |(category, mut fields): (u64, Fields)| {
        fields.insert("categoryId".to_owned(), json!(category.to_string()));
        Collected::Item { source_id: Some(category), content: fields.into() }
    };
    Ok(permissions.items(context).filter(|(category, _)| categories.contains(category)).map(of_category).collect())
}
