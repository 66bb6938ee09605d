//! A page of items: the records with these keys, read in one snapshot by their feed's own file.

use super::super::{Broken, Collected, Page};
use super::context::Context;
use super::tables::SourceTable;
use super::{
    attributes, categories, category_permissions, orders, prices, product_overrides, products, scopes, stock_status,
    variants,
};
use crate::commerce::database::{DatabaseError, Snapshot};
use crate::domain::Feed;
use crate::untrusted::SafeText;

/// A page of the records with these keys. One with a value that cannot be read is broken and costs no other: where a page cannot
/// be read for that reason, its halves are read, and so on.
pub(super) async fn page_of(
    context: &Context,
    source: &SourceTable,
    feed: Feed,
    keys: &[u64],
) -> Result<Page, DatabaseError> {
    let database = context.databases.of(feed);
    let mut page = Page::default();
    let mut parts = vec![keys];
    let mut undecodable = None;
    while let Some(part) = parts.pop() {
        match database.persist(|| part_of(context, source, feed, part)).await {
            Ok(mut more) => {
                page.source_records += more.source_records;
                page.collected.append(&mut more.collected);
            }
            Err(error @ DatabaseError::Undecodable { .. }) => {
                let [key] = part else {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                    continue;
                };
                // The same row spoils another record: it belongs to what all of them share.
                if undecodable.as_ref() == Some(&error) {
                    return Err(error);
                }
                page.source_records += 1;
                page.collected.push(unreadable(feed, *key, &error));
                undecodable = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(page)
}

/// The records in one snapshot. A snapshot for each page: one for the whole feed would make the server keep every old row for
/// as long as the gateway takes.
async fn part_of(context: &Context, source: &SourceTable, feed: Feed, keys: &[u64]) -> Result<Page, DatabaseError> {
    let database = context.databases.of(feed);
    let mut snapshot = database.snapshot().await?;
    // Looked up in the snapshot that is read: some feeds make an item of every key that they are given.
    let ids: Vec<u64> = source.existing(database, &mut snapshot, keys).await?.into_iter().collect();
    let page = page(&mut snapshot, context, feed, &ids).await?;
    // Afterwards, in the same moment: only now it is known what the page was read from.
    context.databases.check_tables(feed, database, &mut snapshot).await?;
    snapshot.end().await;
    Ok(page)
}

fn unreadable(feed: Feed, key: u64, error: &DatabaseError) -> Collected {
    Collected::Broken(Broken {
        source_id: Some(key),
        place: SafeText::from(format!("{feed} {key}")),
        reason: SafeText::from(error.to_string()),
        known: None,
    })
}

async fn page(snapshot: &mut Snapshot, context: &Context, feed: Feed, ids: &[u64]) -> Result<Page, DatabaseError> {
    if ids.is_empty() {
        return Ok(Page::default());
    }
    let mut remarks = Vec::new();
    let collected = match feed {
        Feed::ScopesWebsite => scopes::websites(snapshot, context, ids).await?,
        Feed::ScopesCustomerGroup => scopes::customer_groups(snapshot, context, ids).await?,
        Feed::ProductAttributes => attributes::page(snapshot, context, ids).await?,
        Feed::Categories => categories::page(snapshot, context, ids, &mut remarks).await?,
        Feed::Products => products::page(snapshot, context, ids, &mut remarks).await?,
        Feed::Prices => prices::page(snapshot, context, ids).await?,
        Feed::Variants => variants::page(snapshot, context, ids).await?,
        Feed::InventoryStockStatus => stock_status::page(snapshot, context, ids).await?,
        Feed::Orders => orders::page(snapshot, context, ids).await?,
        Feed::ProductOverrides => product_overrides::page(snapshot, context, ids).await?,
        Feed::CategoryPermissions => category_permissions::page(snapshot, context, ids).await?,
    };
    Ok(Page { source_records: ids.len() as u64, collected, remarks })
}
