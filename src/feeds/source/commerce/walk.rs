//! The walk over a feed's source table: the next ids, a page of items, and so on, until nobody listens or nothing is left.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::super::{Broken, Collected, IdKind, Page, Resolved, Selection};
use super::context::{Context, Run};
use super::databases::Databases;
use super::dependents::with_dependents;
use super::effective::SETTING_TABLES;
use super::page::page_of;
use super::tables::SourceTable;
use super::{page_size, prices, product_walk};
use crate::commerce::database::{Database, DatabaseError, Snapshot};
use crate::domain::Feed;
use crate::untrusted::SafeText;

/// Words of a person that are looked up at once.
const WORDS: usize = 200;

/// How many source records a feed has.
pub(super) async fn count(
    databases: &Databases,
    feed: Feed,
    orders_since: Option<Timestamp>,
) -> Result<u64, DatabaseError> {
    let SourceTable { name, key, filter, window, .. } = SourceTable::of(databases, feed, orders_since);
    let database = databases.of(feed);
    let mut snapshot = database.snapshot().await?;
    let sql = format!("SELECT COUNT(DISTINCT {key}) FROM {} WHERE {filter} AND {window}", database.table(name));
    let count = snapshot.rows::<u64>(&sql).await?.first().copied().unwrap_or_default();
    snapshot.end().await;
    Ok(count)
}

/// The next source keys of a feed above `after`, in order.
pub(super) async fn keys_after(
    databases: &Databases,
    feed: Feed,
    orders_since: Option<Timestamp>,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<u64>, DatabaseError> {
    let source = SourceTable::of(databases, feed, orders_since);
    let database = databases.of(feed);
    let mut snapshot = database.snapshot().await?;
    let keys = source.next(database, &mut snapshot, after, limit).await?;
    snapshot.end().await;
    Ok(keys)
}

/// Reads the selected records of a feed, page by page. Returns early, and well, when nobody listens any more.
pub(super) async fn read(
    databases: &Databases,
    feed: Feed,
    orders_since: Option<Timestamp>,
    run: &Run,
    selection: &Selection,
    pages: &mpsc::Sender<Page>,
) -> Result<(), DatabaseError> {
    let source = SourceTable::of(databases, feed, orders_since);
    let database = databases.of(feed);
    let context = database.persist(|| load(databases, feed, run)).await?;
    let walk = Walk { context: &context, source: &source, feed, pages };
    match selection {
        Selection::All if feed == Feed::Products => {
            let context = Arc::new(context);
            product_walk::read_all(database, &context, &source, pages).await
        }
        Selection::All => walk.read_all().await,
        Selection::Ids(words) => {
            let find = || async {
                let mut snapshot = database.snapshot().await?;
                let found = keys_of(database, &mut snapshot, &source, words, IdKind::Either).await?;
                snapshot.end().await;
                Ok(found)
            };
            let Named { keys, unknown, .. } = database.persist(find).await?;
            let ids: Vec<u64> = keys.into_iter().collect();
            if !unknown.is_empty() && pages.send(not_found(feed, unknown)).await.is_err() {
                return Ok(());
            }
            walk.read_keys(&ids).await
        }
        Selection::Keys(keys) => walk.read_keys(keys).await,
    }
}

/// What all pages share. The tables are looked at also where no page follows: a record that is not there is then really gone.
async fn load(databases: &Databases, feed: Feed, run: &Run) -> Result<Context, DatabaseError> {
    let main = &databases.main;
    let mut snapshot = main.snapshot().await?;
    main.check_tables(&mut snapshot).await?;
    main.depends_on(&SETTING_TABLES);
    let context = Context::load(databases, &mut snapshot, run).await?;
    databases.check_tables(feed, main, &mut snapshot).await?;
    snapshot.end().await;
    Ok(context)
}

/// What is read, and where to.
struct Walk<'a> {
    context: &'a Context,
    source: &'a SourceTable,
    feed: Feed,
    pages: &'a mpsc::Sender<Page>,
}

impl Walk<'_> {
    async fn read_keys(&self, keys: &[u64]) -> Result<(), DatabaseError> {
        for keys in keys.chunks(page_size::records(self.feed, self.context)) {
            let page = page_of(self.context, self.source, self.feed, keys).await?;
            if self.pages.send(page).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn read_all(&self) -> Result<(), DatabaseError> {
        let database = self.context.databases.of(self.feed);
        let records = page_size::records(self.feed, self.context);
        let mut last = None;
        loop {
            let next = || async {
                let mut snapshot = database.snapshot().await?;
                let ids = self.source.next(database, &mut snapshot, last, records).await?;
                snapshot.end().await;
                Ok(ids)
            };
            let ids = database.persist(next).await?;
            last = ids.last().copied();
            let page = page_of(self.context, self.source, self.feed, &ids).await?;
            if !ids.is_empty() && self.pages.send(page).await.is_err() {
                return Ok(());
            }
            if ids.len() < records {
                return Ok(());
            }
        }
    }
}

/// What looks like a mistake in what a feed is made of, and is sent all the same.
pub(super) async fn warnings(databases: &Databases, feed: Feed, run: &Run) -> Result<Vec<SafeText>, DatabaseError> {
    if feed != Feed::Prices {
        return Ok(Vec::new());
    }
    let mut snapshot = databases.main.snapshot().await?;
    let context = Context::load(databases, &mut snapshot, run).await?;
    let warnings = prices::warnings(&mut snapshot, &context).await?;
    snapshot.end().await;
    Ok(warnings)
}

/// The records that a person's words stand for. A variant is named by its child or by its parent.
pub(super) async fn resolve(
    databases: &Databases,
    feed: Feed,
    words: &[String],
    kind: IdKind,
) -> Result<Resolved, DatabaseError> {
    // The window of orders does not bind who names a record.
    let source = SourceTable::of(databases, if feed == Feed::Variants { Feed::Products } else { feed }, None);
    let database = databases.of(feed);
    let mut snapshot = database.snapshot().await?;
    let Named { keys, unknown, ambiguous } = keys_of(database, &mut snapshot, &source, words, kind).await?;
    let mut keys: Vec<u64> = keys.into_iter().collect();
    snapshot.end().await;
    if feed == Feed::Variants {
        keys = with_dependents(database, feed, keys).await?;
    }
    Ok(Resolved { selection: Selection::Keys(keys), unknown, ambiguous })
}

/// What words stand for.
#[derive(Default)]
struct Named {
    /// The keys, in order.
    keys: BTreeSet<u64>,
    /// The words that stand for nothing.
    unknown: Vec<String>,
    /// The numbers that are the code of one record and the key of another.
    ambiguous: Vec<String>,
}

/// The records that words stand for. A number is a code first, as in Commerce's own commands.
async fn keys_of(
    database: &Database,
    snapshot: &mut Snapshot,
    source: &SourceTable,
    words: &[String],
    kind: IdKind,
) -> Result<Named, DatabaseError> {
    let mut found = Named::default();
    for words in words.chunks(WORDS) {
        let key_of = |word: &String| if kind == IdKind::Sku { None } else { word.trim().parse::<u64>().ok() };
        let keys: Vec<u64> = words.iter().filter_map(key_of).collect();
        let there = source.existing(database, snapshot, &keys).await?;
        let all: Vec<&String> = words.iter().collect();
        let by_code = kind != IdKind::Id && !all.is_empty();
        let named = if by_code { source.named_all(database, snapshot, &all).await? } else { Vec::new() };
        for word in words {
            let mut codes: Vec<u64> = named.iter().filter(|(_, code)| code == word).map(|(key, _)| *key).collect();
            let key = key_of(word).filter(|key| there.contains(key));
            if codes.is_empty() && key.is_none() && kind != IdKind::Id {
                // The server's collation decides which letters are the same, so it is asked again about what is not equal.
                codes = source.named(database, snapshot, word).await?;
            }
            match (codes.is_empty(), key) {
                (false, Some(key)) if !codes.contains(&key) => found.ambiguous.push(word.clone()),
                (true, None) => found.unknown.push(word.clone()),
                _ => {}
            }
            found.keys.extend(if codes.is_empty() { key.into_iter().collect() } else { codes });
        }
    }
    Ok(found)
}

/// Why a record that somebody named is not there, in one sentence.
pub(in super::super) fn why_unknown(feed: Feed) -> &'static str {
    match feed {
        Feed::Orders => "not in the database, or it has no UUID from Commerce, which exports need",
        _ => "not in the database",
    }
}

fn not_found(feed: Feed, words: Vec<String>) -> Page {
    let reason = why_unknown(feed);
    let broken = |word: String| {
        Collected::Broken(Broken {
            source_id: None,
            place: SafeText::new(&format!("{feed} {word}")),
            reason: SafeText::new(reason),
            known: None,
        })
    };
    Page { collected: words.into_iter().map(broken).collect(), ..Page::default() }
}
