//! Records that show something of other records: when one of those changes, a log names only that one.
//!
//! Commerce's own triggers cover most of it, and its indexers some of the rest. What is added here is what an item of the feed
//! is made of and no trigger tells: more keys than needed cost a read and nothing else, for what did not change is not sent.

use std::collections::BTreeSet;

use super::super::changes::{Shown, around};
use super::eav::Entity;
use crate::commerce::database::{Database, DatabaseError, Snapshot, in_list};
use crate::domain::Feed;

/// Keys in one query.
const AT_ONCE: usize = 1_000;

/// Products in one step of a walk over all of them.
const HOLDERS_AT_ONCE: usize = 5_000;

/// A table by which one product shows another.
struct Reference {
    table: &'static str,
    /// Of the product that is shown: its `entity_id`.
    shown: &'static str,
    /// Of the product that shows it: its link column's value.
    holder: &'static str,
    /// Whether the shown one is a part of its holder: SQL.
    is_part: &'static str,
}

/// The links of products to others that stand beside them; those of grouped products are parts.
const LINKS: Reference = Reference {
    table: "catalog_product_link",
    shown: "linked_product_id",
    holder: "product_id",
    is_part: "r.link_type_id = 3",
};

const PARTS: [Reference; 3] = [
    Reference { table: "catalog_product_relation", shown: "child_id", holder: "parent_id", is_part: "1" },
    Reference { table: "catalog_product_super_link", shown: "product_id", holder: "parent_id", is_part: "1" },
    Reference {
        table: "catalog_product_bundle_selection",
        shown: "product_id",
        holder: "parent_product_id",
        is_part: "1",
    },
];

/// The references that matter to a feed, in a shop that has their tables.
fn references(database: &Database, feed: Feed) -> Vec<&'static Reference> {
    let all: &[&'static Reference] = match feed {
        Feed::Products | Feed::InventoryStockStatus => &[&PARTS[0], &PARTS[1], &PARTS[2], &LINKS],
        Feed::Prices | Feed::Variants => &[&PARTS[0], &PARTS[1], &PARTS[2]],
        _ => &[],
    };
    all.iter().copied().filter(|reference| database.schema().has(reference.table)).collect()
}

/// The query of a reference, up to its conditions.
fn pairs(database: &Database, Reference { table, shown, holder, is_part }: &Reference) -> String {
    format!(
        "SELECT r.{shown}, p.entity_id, {is_part} FROM {table} r JOIN {product} p ON p.{link} = r.{holder}",
        table = database.table(table),
        product = database.table("catalog_product_entity"),
        link = Entity::Product.link(database).name()
    )
}

fn of_row((shown, holder, is_part): (u64, u64, i64)) -> Shown {
    Shown { shown, holder, is_part: is_part != 0 }
}

/// Which products show these, and which they show.
pub(super) async fn shown(database: &Database, feed: Feed, keys: &[u64]) -> Result<Vec<Shown>, DatabaseError> {
    let references = references(database, feed);
    let mut found = BTreeSet::new();
    if references.is_empty() || keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut snapshot = database.snapshot().await?;
    for keys in keys.chunks(AT_ONCE) {
        let keys = in_list(keys);
        for reference in &references {
            let pairs = pairs(database, reference);
            let sql =
                format!("{pairs} WHERE r.{} IN ({keys}) UNION {pairs} WHERE p.entity_id IN ({keys})", reference.shown);
            found.extend(snapshot.rows(&sql).await?.into_iter().map(of_row));
        }
    }
    snapshot.end().await;
    Ok(found.into_iter().collect())
}

/// The same of the next products above `after`, and which is the last of them; `None` if there are none.
pub(super) async fn next_shown(
    database: &Database,
    feed: Feed,
    after: Option<u64>,
) -> Result<Option<(Vec<Shown>, u64)>, DatabaseError> {
    let references = references(database, feed);
    if references.is_empty() {
        return Ok(None);
    }
    let mut snapshot = database.snapshot().await?;
    let from = after.map_or(0, |after| after.saturating_add(1));
    let product = database.table("catalog_product_entity");
    let sql = format!(
        "SELECT MAX(entity_id) FROM (SELECT DISTINCT entity_id FROM {product} WHERE entity_id >= {from} \
         ORDER BY entity_id LIMIT {HOLDERS_AT_ONCE}) AS next_keys"
    );
    let last: Vec<Option<u64>> = snapshot.rows(&sql).await?;
    let Some(last) = last.into_iter().next().flatten() else {
        snapshot.end().await;
        return Ok(None);
    };
    let mut found = Vec::new();
    for reference in references {
        let sql = format!("{} WHERE p.entity_id BETWEEN {from} AND {last}", pairs(database, reference));
        found.extend(snapshot.rows(&sql).await?.into_iter().map(of_row));
    }
    snapshot.end().await;
    Ok(Some((found, last)))
}

/// These keys, and those of the records that show something of the records with these keys; in order.
pub(super) async fn with_dependents(
    database: &Database,
    feed: Feed,
    keys: Vec<u64>,
) -> Result<Vec<u64>, DatabaseError> {
    let mut all: BTreeSet<u64> = keys.iter().copied().collect();
    if feed == Feed::Categories {
        let mut snapshot = database.snapshot().await?;
        for keys in keys.chunks(AT_ONCE) {
            all.extend(near(database, &mut snapshot, keys).await?);
        }
        snapshot.end().await;
    } else {
        let around = around(&all, &shown(database, feed, &keys).await?);
        all.extend(around);
    }
    Ok(all.into_iter().collect())
}

/// The path of a category is made of those above it, and the list of children shows what is active right below.
async fn near(database: &Database, snapshot: &mut Snapshot, keys: &[u64]) -> Result<Vec<u64>, DatabaseError> {
    let category = database.table("catalog_category_entity");
    let keys = in_list(keys);
    let sql = format!(
        "SELECT DISTINCT below.entity_id FROM {category} c JOIN {category} below \
         ON below.path LIKE CONCAT(c.path, '/%') WHERE c.entity_id IN ({keys}) \
         UNION SELECT DISTINCT c.parent_id FROM {category} c WHERE c.entity_id IN ({keys}) AND c.parent_id > 0"
    );
    snapshot.rows(&sql).await
}
