//! Records that show something of other records: when one of those changes, a log names only that one.
//!
//! Commerce's own triggers cover most of it, and its indexers some of the rest. What is added here is what an item of the feed
//! is made of and no trigger tells: more keys than needed cost a read and nothing else, for what did not change is not sent.

use std::collections::BTreeSet;

use super::eav::Entity;
use crate::commerce::database::{Database, DatabaseError, Snapshot, in_list};
use crate::feeds::Feed;

/// Keys in one query.
const AT_ONCE: usize = 1_000;

/// These keys, and those of the records that show something of the records with these keys; in order.
pub(super) async fn with_dependents(
    database: &Database,
    feed: Feed,
    keys: Vec<u64>,
) -> Result<Vec<u64>, DatabaseError> {
    let mut all: BTreeSet<u64> = keys.iter().copied().collect();
    if !matches!(feed, Feed::Variants | Feed::Products | Feed::Prices | Feed::Categories) {
        return Ok(all.into_iter().collect());
    }
    let mut snapshot = database.snapshot().await?;
    for keys in keys.chunks(AT_ONCE) {
        all.extend(dependents(database, &mut snapshot, feed, keys).await?);
    }
    snapshot.end().await;
    Ok(all.into_iter().collect())
}

async fn dependents(
    database: &Database,
    snapshot: &mut Snapshot,
    feed: Feed,
    keys: &[u64],
) -> Result<Vec<u64>, DatabaseError> {
    let keys = in_list(keys);
    let product = database.table("catalog_product_entity");
    let link = Entity::Product.link(database).name();
    match feed {
        // The log holds parents too: their SKU, and which attributes they vary by.
        Feed::Variants => {
            let links = database.table("catalog_product_super_link");
            let sql = format!(
                "SELECT DISTINCT l.product_id FROM {links} l JOIN {product} p ON p.{link} = l.parent_id \
                 WHERE p.entity_id IN ({keys})"
            );
            snapshot.rows(&sql).await
        }
        // Configurable products and bundles show the values, names and states of what they are made of, and both feeds name the
        // parents of a product.
        Feed::Products | Feed::Prices => {
            let relations = database.table("catalog_product_relation");
            let related = format!(
                "SELECT r.child_id FROM {relations} r JOIN {product} p ON p.{link} = r.parent_id WHERE p.entity_id IN ({keys}) \
                 UNION SELECT p.entity_id FROM {relations} r JOIN {product} p ON p.{link} = r.parent_id \
                 WHERE r.child_id IN ({keys})"
            );
            let links = "catalog_product_link";
            if feed == Feed::Prices || !database.schema().has(links) {
                return snapshot.rows(&related).await;
            }
            // A product names those that it points to, wherever both are sold.
            let sql = format!(
                "{related} UNION SELECT p.entity_id FROM {links} l JOIN {product} p ON p.{link} = l.product_id \
                 WHERE l.linked_product_id IN ({keys})",
                links = database.table(links)
            );
            snapshot.rows(&sql).await
        }
        // The path of a category is made of those above it, and the list of children shows what is active right below.
        Feed::Categories => {
            let category = database.table("catalog_category_entity");
            let sql = format!(
                "SELECT DISTINCT below.entity_id FROM {category} c JOIN {category} below \
                 ON below.path LIKE CONCAT(c.path, '/%') WHERE c.entity_id IN ({keys}) \
                 UNION SELECT DISTINCT c.parent_id FROM {category} c WHERE c.entity_id IN ({keys}) AND c.parent_id > 0"
            );
            snapshot.rows(&sql).await
        }
        _ => Ok(Vec::new()),
    }
}
