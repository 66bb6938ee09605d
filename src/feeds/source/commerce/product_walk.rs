//! The walk over all products, which are most of a shop: the database reads the next ones while items are made of the last.
//!
//! Two stages, each a little ahead of the next: products are read in large portions; their items are made and handed over in pages
//! as small as those of any other feed, so that memory does not grow with the portions. A page is a run of items, not of products:
//! one product in a thousand store views is several pages. This file must never know what an item is made of.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::task::AbortOnDropHandle;

use super::super::Page;
use super::context::Context;
use super::keys::{Keys, Run};
use super::page::page_of;
use super::page_size::{self, ITEMS_OF_PORTION, MOST_BYTES};
use super::products::Products;
use super::tables::SourceTable;
use crate::commerce::database::{Database, DatabaseError};
use crate::domain::Feed;
use crate::untrusted::SafeText;

/// Portions that are read besides the one that is waited for; each takes a connection, and some megabytes.
const PORTIONS_AHEAD: usize = 1;
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
    let Some(run) = source.next_run(database, &mut snapshot, after, page_size::portion(context)).await? else {
        snapshot.end().await;
        return Ok(None);
    };
    let context = Arc::clone(context);
    let reading = tokio::spawn(async move {
        let products = Products::load(&mut snapshot, &context, &Keys::Run(run)).await?;
        context.databases.main.check_tables(&mut snapshot).await?;
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
    let mut making = Making { context, pages, being_made: VecDeque::new() };
    let mut failure = None;
    while let Some(reading) = portions.recv().await {
        let run = reading.as_ref().ok().map(|(run, _)| *run);
        match (finished(reading).await, run) {
            (Ok(portion), _) => {
                if !making.hand_over(portion).await? {
                    return Ok(());
                }
            }
            (Err(error), Some(run)) if error.is_passing() || matches!(error, DatabaseError::Undecodable { .. }) => {
                if !making.finish().await? || !read_again(database, context, source, run, pages).await? {
                    return Ok(());
                }
            }
            (Err(error), _) => {
                failure = Some(error);
                break;
            }
        }
    }
    // What was read before a failure is whole.
    making.finish().await?;
    failure.map_or(Ok(()), Err)
}

/// Pages that are being made, in their order.
struct Making<'a> {
    context: &'a Arc<Context>,
    pages: &'a mpsc::Sender<Page>,
    being_made: VecDeque<JoinHandle<Made>>,
}

/// A page, and the places of its portion that did not fit into it.
struct Made {
    page: Page,
    portion: Arc<Portion>,
    rest: Range<usize>,
}

impl Making<'_> {
    /// Whether anybody listens.
    async fn hand_over(&mut self, portion: Portion) -> Result<bool, DatabaseError> {
        let portion = Arc::new(portion);
        let places = portion.products.places(self.context);
        for start in (0..places.max(1)).step_by(ITEMS_OF_PORTION) {
            self.being_made.push_back(make(self.context, &portion, start..places.min(start + ITEMS_OF_PORTION)));
            while self.being_made.len() >= PAGES_AHEAD {
                if !self.send_first().await? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Hands over what is left. Whether anybody listens.
    async fn finish(&mut self) -> Result<bool, DatabaseError> {
        while !self.being_made.is_empty() {
            if !self.send_first().await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sends the first of the pages that are being made. Whether anybody listens.
    async fn send_first(&mut self) -> Result<bool, DatabaseError> {
        let Some(made) = self.being_made.pop_front() else { return Ok(true) };
        let Made { page, portion, rest } = made.await.map_err(broken_off)?;
        if !rest.is_empty() {
            self.being_made.push_front(make(self.context, &portion, rest));
        }
        Ok(self.pages.send(page).await.is_ok())
    }
}

impl Portion {
    /// How many source records a page finishes that goes from one place to another: those that have no current version belong to the
    /// last page.
    fn records_between(&self, context: &Context, start: usize, end: usize) -> usize {
        let views = context.scopes.store_views.len().max(1);
        let done = if end == self.products.places(context) { self.records } else { end / views };
        done - start / views
    }
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
    for keys in keys.chunks(page_size::records(Feed::Products, context)) {
        let page = page_of(context, source, Feed::Products, keys).await?;
        if pages.send(page).await.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn finished(reading: Result<Reading, DatabaseError>) -> Result<Portion, DatabaseError> {
    reading?.1.await.unwrap_or_else(|error| Err(broken_off(error)))
}

/// A page of what is at these places of a portion.
fn make(context: &Arc<Context>, portion: &Arc<Portion>, places: Range<usize>) -> JoinHandle<Made> {
    let (context, portion) = (Arc::clone(context), Arc::clone(portion));
    // Not one of the threads for what blocks: these are many, and each keeps memory of its own.
    tokio::spawn(async move {
        let mut remarks = Vec::new();
        let (collected, end) = portion.products.items(places.clone(), MOST_BYTES, &mut remarks);
        let records = portion.records_between(&context, places.start, end);
        let page = Page { source_records: records as u64, collected, remarks };
        Made { page, portion, rest: end..places.end }
    })
}

/// A panic continues where it would have been without the task. What is left is a program that is ending.
fn broken_off(error: JoinError) -> DatabaseError {
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => DatabaseError::Query { reason: SafeText::new(&format!("it was interrupted: {error}")) },
    }
}
