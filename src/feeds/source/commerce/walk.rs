//! The walk over a feed's source table: the next ids, a page of items, and so on, until nobody listens or nothing is left.

use tokio::sync::mpsc;

use super::super::{Collected, Page, Selection};
use super::context::Context;
use super::{attributes, categories, products, scopes};
use crate::commerce::database::{Database, DatabaseError, Snapshot};
use crate::feeds::Feed;

/// Source records in a page: big enough that the queries' fixed cost does not matter, small enough that a page of products in
/// many store views stays in the low megabytes.
const PAGE_SIZE: usize = 200;

/// The tables without which a feed cannot be read; `None` for a feed that is not built.
pub(super) fn tables(feed: Feed) -> Option<&'static [&'static str]> {
    match feed {
        Feed::ScopesWebsite => Some(&["store", "store_group", "store_website"]),
        Feed::ScopesCustomerGroup => Some(&["customer_group", "store_website"]),
        Feed::ProductAttributes => Some(&["eav_attribute", "eav_entity_type", "catalog_eav_attribute"]),
        Feed::Categories => Some(&["catalog_category_entity", "eav_attribute"]),
        Feed::Products => Some(&["catalog_product_entity", "catalog_product_website"]),
        _ => None,
    }
}

pub(super) async fn count(database: &Database, feed: Feed) -> Result<u64, DatabaseError> {
    let mut snapshot = database.snapshot().await?;
    let (table, key, filter) = source(database, feed);
    let sql = format!("SELECT COUNT(DISTINCT {key}) FROM {table} WHERE {filter}");
    let count = snapshot.rows::<u64>(&sql).await?.first().copied().unwrap_or_default();
    snapshot.end().await;
    Ok(count)
}

/// The source table, its key, and which of its rows count.
fn source(database: &Database, feed: Feed) -> (String, &'static str, String) {
    match feed {
        Feed::ScopesWebsite => (database.table("store_website"), "website_id", "website_id <> 0".to_owned()),
        Feed::ScopesCustomerGroup => (database.table("customer_group"), "customer_group_id", "TRUE".to_owned()),
        Feed::ProductAttributes => {
            let types = database.table("eav_entity_type");
            let filter = format!(
                "entity_type_id = (SELECT t.entity_type_id FROM {types} t WHERE t.entity_type_code = 'catalog_product')"
            );
            (database.table("eav_attribute"), "attribute_id", filter)
        }
        Feed::Categories => (database.table("catalog_category_entity"), "entity_id", "TRUE".to_owned()),
        _ => (database.table("catalog_product_entity"), "entity_id", "TRUE".to_owned()),
    }
}

pub(super) async fn read(
    database: &Database,
    feed: Feed,
    selection: &Selection,
    pages: &mpsc::Sender<Page>,
) -> Result<(), DatabaseError> {
    let _ = selection;
    let (table, key, filter) = source(database, feed);
    let mut snapshot = database.snapshot().await?;
    let context = Context::load(database, &mut snapshot).await?;
    snapshot.end().await;
    let mut last: Option<u64> = None;
    loop {
        let mut snapshot = database.snapshot().await?;
        let after = last.map(|id| format!(" AND {key} > {id}")).unwrap_or_default();
        let sql = format!("SELECT DISTINCT {key} FROM {table} WHERE {filter}{after} ORDER BY {key} LIMIT {PAGE_SIZE}");
        let ids: Vec<u64> = snapshot.rows(&sql).await?;
        last = ids.last().copied();
        if last.is_none() {
            snapshot.end().await;
            return Ok(());
        }
        let collected = page(&mut snapshot, &context, feed, &ids).await?;
        snapshot.end().await;
        let page = Page { source_records: ids.len() as u64, collected };
        if pages.send(page).await.is_err() {
            return Ok(());
        }
    }
}

async fn page(
    snapshot: &mut Snapshot,
    context: &Context,
    feed: Feed,
    ids: &[u64],
) -> Result<Vec<Collected>, DatabaseError> {
    match feed {
        Feed::ScopesWebsite => scopes::websites(snapshot, context, ids).await,
        Feed::ScopesCustomerGroup => scopes::customer_groups(snapshot, context, ids).await,
        Feed::ProductAttributes => attributes::page(snapshot, context, ids).await,
        Feed::Categories => categories::page(snapshot, context, ids).await,
        Feed::Products => products::page(snapshot, context, ids).await,
        _ => Ok(Vec::new()),
    }
}
