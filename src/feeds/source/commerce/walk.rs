//! The walk over a feed's source table: the next ids, a page of items, and so on, until nobody listens or nothing is left.

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::super::{Broken, Collected, Page, Selection};
use super::context::Context;
use super::tables::SourceTable;
use super::{
    attributes, categories, category_permissions, orders, prices, product_overrides, products, scopes, stock_status,
    variants,
};
use crate::commerce::database::{Database, DatabaseError, Snapshot};
use crate::feeds::Feed;
use crate::untrusted::SafeText;

/// Source records in a page: enough that the fixed cost of its queries does not matter, few enough that a page of products in
/// many store views stays in the low megabytes.
const PAGE_SIZE: usize = 200;

/// How many source records a feed has.
pub(super) async fn count(database: &Database, feed: Feed, order_days: u32) -> Result<u64, DatabaseError> {
    let SourceTable { name, key, filter, window, .. } = SourceTable::of(database, feed, order_days);
    let mut snapshot = database.snapshot().await?;
    let sql = format!("SELECT COUNT(DISTINCT {key}) FROM {} WHERE {filter} AND {window}", database.table(name));
    let count = snapshot.rows::<u64>(&sql).await?.first().copied().unwrap_or_default();
    snapshot.end().await;
    Ok(count)
}

/// Reads the selected records of a feed, page by page. Returns early, and well, when nobody listens any more.
pub(super) async fn read(
    database: &Database,
    feed: Feed,
    order_days: u32,
    now: Timestamp,
    selection: &Selection,
    pages: &mpsc::Sender<Page>,
) -> Result<(), DatabaseError> {
    let source = SourceTable::of(database, feed, order_days);
    let mut snapshot = database.snapshot().await?;
    let context = Context::load(database, &mut snapshot, now).await?;
    match selection {
        Selection::All => {
            snapshot.end().await;
            read_all(database, &context, &source, feed, pages).await
        }
        Selection::Ids(words) => {
            let (ids, unknown) = resolve(database, &mut snapshot, &source, words).await?;
            snapshot.end().await;
            if !unknown.is_empty() && pages.send(not_found(feed, unknown)).await.is_err() {
                return Ok(());
            }
            for ids in ids.chunks(PAGE_SIZE) {
                let mut snapshot = database.snapshot().await?;
                let page = page(&mut snapshot, &context, feed, ids).await?;
                snapshot.end().await;
                if pages.send(page).await.is_err() {
                    return Ok(());
                }
            }
            Ok(())
        }
    }
}

async fn read_all(
    database: &Database,
    context: &Context,
    source: &SourceTable,
    feed: Feed,
    pages: &mpsc::Sender<Page>,
) -> Result<(), DatabaseError> {
    let mut last = None;
    loop {
        // A snapshot for each page: one for the whole feed would make the server keep every old row for as long as the
        // gateway takes.
        let mut snapshot = database.snapshot().await?;
        let ids = source.next(database, &mut snapshot, last, PAGE_SIZE).await?;
        last = ids.last().copied();
        let page = page(&mut snapshot, context, feed, &ids).await?;
        snapshot.end().await;
        if !ids.is_empty() && pages.send(page).await.is_err() {
            return Ok(());
        }
        if ids.len() < PAGE_SIZE {
            return Ok(());
        }
    }
}

async fn page(snapshot: &mut Snapshot, context: &Context, feed: Feed, ids: &[u64]) -> Result<Page, DatabaseError> {
    if ids.is_empty() {
        return Ok(Page::default());
    }
    let collected = match feed {
        Feed::ScopesWebsite => scopes::websites(snapshot, context, ids).await?,
        Feed::ScopesCustomerGroup => scopes::customer_groups(snapshot, context, ids).await?,
        Feed::ProductAttributes => attributes::page(snapshot, context, ids).await?,
        Feed::Categories => categories::page(snapshot, context, ids).await?,
        Feed::Products => products::page(snapshot, context, ids).await?,
        Feed::Prices => prices::page(snapshot, context, ids).await?,
        Feed::Variants => variants::page(snapshot, context, ids).await?,
        Feed::InventoryStockStatus => stock_status::page(snapshot, context, ids).await?,
        Feed::Orders => orders::page(snapshot, context, ids).await?,
        Feed::ProductOverrides => product_overrides::page(snapshot, context, ids).await?,
        Feed::CategoryPermissions => category_permissions::page(snapshot, context, ids).await?,
    };
    Ok(Page { source_records: ids.len() as u64, collected })
}

/// The keys that words stand for, in order, and the words that stand for nothing. A number is a key; if no record has it, or
/// if it is none, the word is a code.
async fn resolve(
    database: &Database,
    snapshot: &mut Snapshot,
    source: &SourceTable,
    words: &[String],
) -> Result<(Vec<u64>, Vec<String>), DatabaseError> {
    let keys: Vec<u64> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let mut found = source.existing(database, snapshot, &keys).await?;
    let mut unknown = Vec::new();
    for word in words {
        if word.parse().is_ok_and(|key: u64| found.contains(&key)) {
            continue;
        }
        let named = source.named(database, snapshot, word).await?;
        if named.is_empty() {
            unknown.push(word.clone());
        }
        found.extend(named);
    }
    Ok((found.into_iter().collect(), unknown))
}

fn not_found(feed: Feed, words: Vec<String>) -> Page {
    let reason = match feed {
        Feed::Orders => "the database has no such order, or Commerce gave it no UUID, without which none is exported",
        _ => "the database has no such record",
    };
    let broken = |word: String| {
        Collected::Broken(Broken {
            source_id: None,
            place: SafeText::new(&format!("{feed} {word}")),
            reason: SafeText::new(reason),
            fields: None,
        })
    };
    Page { source_records: 0, collected: words.into_iter().map(broken).collect() }
}
