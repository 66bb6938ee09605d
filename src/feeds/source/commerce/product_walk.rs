//! The walk over all products, which are most of a shop: the database reads the next ones while items are made of the last.
//!
//! Two stages, each a little ahead of the next: products are read in large portions, for a range of a thousand costs the server
//! hardly more than one of a hundred; their items are made and handed over in pages as small as those of any other feed, so
//! that memory does not grow with the portions. This file must never know what an item is made of.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio_util::task::AbortOnDropHandle;

use super::super::Page;
use super::context::Context;
use super::keys::{Keys, Run};
use super::products::Products;
use super::tables::SourceTable;
use super::walk::page_of;
use crate::commerce::database::{Database, DatabaseError};
use crate::feeds::Feed;
use crate::untrusted::SafeText;

/// Products that are read at once, in one snapshot.
const PORTION: usize = 1_000;
/// Portions that are read besides the one that is waited for; each takes a connection.
const PORTIONS_AHEAD: usize = 2;
/// Products in a page.
const PAGE_SIZE: usize = 200;
/// Pages that are made at the same time.
const PAGES_AHEAD: usize = 2;

/// Products of one moment.
struct Portion {
    /// How many source records they are: also those that have no current version.
    records: usize,
    products: Products,
}

/// A portion that is being read, in a task of its own: rows are received while pages are made, and while nobody takes them.
type Reading = (Run, AbortOnDropHandle<Result<Portion, DatabaseError>>);

/// Reads all products, page by page. Returns early, and well, when nobody listens any more.
pub(super) async fn read_all(
    database: &Database,
    context: &Arc<Context>,
    source: &SourceTable,
    pages: &mpsc::Sender<Page>,
) -> Result<(), DatabaseError> {
    let (sender, portions) = mpsc::channel(PORTIONS_AHEAD);
    let ((), handed_over) = tokio::join!(
        begin_all(database, context, source, sender),
        hand_over(database, context, source, portions, pages)
    );
    handed_over
}

/// Begins to read one portion after the other, until nobody takes them or nothing is left.
async fn begin_all(
    database: &Database,
    context: &Arc<Context>,
    source: &SourceTable,
    portions: mpsc::Sender<Result<Reading, DatabaseError>>,
) {
    let mut after = None;
    loop {
        // First a place, then a snapshot: none is open for longer than its portion is read.
        let Ok(place) = portions.reserve().await else { return };
        match database.persist(|| begin(database, context, source, after)).await {
            Ok(Some((reading, last))) => {
                place.send(Ok(reading));
                after = Some(last);
            }
            Ok(None) => return,
            Err(error) => return place.send(Err(error)),
        }
    }
}

/// Begins to read the products above `after`, and says which is the last of them; `None` if there are none. The next portion
/// needs no more than that, and does not wait for the rest.
async fn begin(
    database: &Database,
    context: &Arc<Context>,
    source: &SourceTable,
    after: Option<u64>,
) -> Result<Option<(Reading, u64)>, DatabaseError> {
    let mut snapshot = database.snapshot().await?;
    let Some(run) = source.next_run(database, &mut snapshot, after, PORTION).await? else {
        snapshot.end().await;
        return Ok(None);
    };
    let context = Arc::clone(context);
    let reading = tokio::spawn(async move {
        let products = Products::load(&mut snapshot, &context, &Keys::Run(run)).await?;
        context.check_tables(&mut snapshot).await?;
        snapshot.end().await;
        Ok(Portion { records: run.len, products })
    });
    Ok(Some(((run, AbortOnDropHandle::new(reading)), run.last)))
}

/// Makes pages of portions, and hands them over in order, until nobody listens or there are no more portions.
async fn hand_over(
    database: &Database,
    context: &Arc<Context>,
    source: &SourceTable,
    mut portions: mpsc::Receiver<Result<Reading, DatabaseError>>,
    pages: &mpsc::Sender<Page>,
) -> Result<(), DatabaseError> {
    let mut being_made = VecDeque::new();
    let mut failure = None;
    while let Some(reading) = portions.recv().await {
        let run = reading.as_ref().ok().map(|(run, _)| *run);
        let portion = match (finished(reading).await, run) {
            (Ok(portion), _) => Arc::new(portion),
            (Err(error), Some(run)) if error.is_passing() || matches!(error, DatabaseError::Undecodable { .. }) => {
                while !being_made.is_empty() {
                    if !send_first(&mut being_made, pages).await? {
                        return Ok(());
                    }
                }
                if !read_again(database, context, source, run, pages).await? {
                    return Ok(());
                }
                continue;
            }
            (Err(error), _) => {
                failure = Some(error);
                break;
            }
        };
        let found = portion.products.len();
        for start in (0..found.max(1)).step_by(PAGE_SIZE) {
            let end = found.min(start + PAGE_SIZE);
            // Records that have no current version belong to the last page.
            let records = if end == found { portion.records - start } else { PAGE_SIZE };
            being_made.push_back(make(context, &portion, start..end, records));
            if being_made.len() >= PAGES_AHEAD && !send_first(&mut being_made, pages).await? {
                return Ok(());
            }
        }
    }
    // What was read before a failure is whole.
    while !being_made.is_empty() {
        if !send_first(&mut being_made, pages).await? {
            return Ok(());
        }
    }
    failure.map_or(Ok(()), Err)
}

/// Reads a portion page by page, as the pages of other feeds are: again if it was interrupted, and in ever smaller parts around a
/// value that cannot be read. Whether anybody listens.
async fn read_again(
    database: &Database,
    context: &Context,
    source: &SourceTable,
    run: Run,
    pages: &mpsc::Sender<Page>,
) -> Result<bool, DatabaseError> {
    let keys = || async {
        let mut snapshot = database.snapshot().await?;
        let keys = source.next(database, &mut snapshot, run.first.checked_sub(1), run.len).await?;
        snapshot.end().await;
        Ok(keys)
    };
    let keys = database.persist(keys).await?;
    for keys in keys.chunks(PAGE_SIZE) {
        let page = page_of(database, context, source, Feed::Products, keys).await?;
        if pages.send(page).await.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn finished(reading: Result<Reading, DatabaseError>) -> Result<Portion, DatabaseError> {
    reading?.1.await.unwrap_or_else(|error| Err(broken_off(error)))
}

/// A page of the products at these places of a portion, which are this many source records.
fn make(context: &Arc<Context>, portion: &Arc<Portion>, places: Range<usize>, records: usize) -> JoinHandle<Page> {
    let (context, portion) = (Arc::clone(context), Arc::clone(portion));
    spawn_blocking(move || {
        let mut remarks = Vec::new();
        let collected = portion.products.items(&context, places, &mut remarks);
        Page { source_records: records as u64, collected, remarks }
    })
}

/// Sends the first of the pages that are being made. Whether anybody listens.
async fn send_first(
    being_made: &mut VecDeque<JoinHandle<Page>>,
    pages: &mpsc::Sender<Page>,
) -> Result<bool, DatabaseError> {
    let Some(page) = being_made.pop_front() else { return Ok(true) };
    Ok(pages.send(page.await.map_err(broken_off)?).await.is_ok())
}

/// A panic goes on where it would have been without the task. What is left is a program that is ending.
fn broken_off(error: JoinError) -> DatabaseError {
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => DatabaseError::Query { reason: SafeText::new(&format!("it was broken off: {error}")) },
    }
}
