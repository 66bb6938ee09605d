//! Collect, assemble, compare: from the pages of a source to items that must be sent.
//!
//! At any time a few pages are in memory, never a feed: what reads ahead waits on bounded channels.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;

use futures_util::{Stream, StreamExt, stream};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Look;
use super::cancel::Cause;
use super::feed_run::{FeedRun, StopReason, in_ledger};
use super::ledger::{Compared, Contested, LedgerEntry, Measure, Outgoing, Why};
use super::progress::{FeedProgress, ItemFailure, ItemState, RunEvent};
use super::send::Outbox;
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::feeds::item::{FeedItem, StampText};
use crate::feeds::source::{Broken, Collected, Page, Remark, Selection};
use crate::untrusted::SafeText;

/// Pages that may wait between source and assembly.
const PAGES_AHEAD: usize = 1;

/// Pages that are assembled at the same time: two keep the usual small server's cores busy, and bound the memory.
const ASSEMBLED_AT_ONCE: usize = 2;

/// Kinds of remarks that are reported, each in one line.
const MOST_REMARKS: usize = 20;

/// What collecting a feed came to.
#[derive(Debug, Default)]
pub(super) struct Collection {
    /// Broken records whose identity is not known: any item that was not seen may be one of them.
    pub unidentified: u64,
    /// The source keys of those of them that have one: only items of these keys may be meant.
    pub unidentified_keys: Vec<u64>,
    /// Items that were refused before and did not change since.
    pub refused_before: u64,
    remarks: Remarks,
}

/// What items lack, each with how many do and the first of them.
type Remarks = BTreeMap<String, (u64, SafeText)>;

/// A page of records as items.
#[derive(Default)]
struct Assembled {
    source_records: u64,
    entries: Vec<LedgerEntry>,
    failures: Vec<ItemFailure>,
    unidentified: u64,
    unidentified_keys: Vec<u64>,
    remarks: Vec<Remark>,
}

/// Reads what is selected of the feed from the source, and puts what must be sent into the outbox.
///
/// # Errors
/// What ended the source early. What it gave before is compared, and sent.
pub(super) async fn collect(
    feed_run: &FeedRun,
    selection: Selection,
    outbox: &mut Outbox,
    collection: &mut Collection,
) -> Result<(), Problem> {
    let feed = feed_run.plan.feed;
    let source = feed_run.source();
    let look = feed_run.run.look.clone().filter(|_| selection == Selection::All);
    let (sender, pages) = mpsc::channel(PAGES_AHEAD);
    // A task of its own, which ends with this function: reading continues while pages are compared.
    let mut reader = JoinSet::new();
    reader.spawn(async move { source.read(feed, &selection, sender).await });
    compare_pages(feed_run, assembled(feed, pages, look), outbox, collection).await;
    tell_remarks(feed_run, std::mem::take(&mut collection.remarks)).await;
    if feed_run.cancel.is_pulled() {
        return Ok(());
    }
    match reader.join_next().await {
        None | Some(Ok(Ok(()))) => Ok(()),
        Some(Ok(Err(error))) => Err(feed_run.source_problem(&error)),
        Some(Err(error)) => Err(broken_off(&error)),
    }
}

fn broken_off(error: &tokio::task::JoinError) -> Problem {
    Problem::new(Exit::Other, format!("reading the source failed, a bug in this program: {error}"))
}

fn assembled(
    feed: Feed,
    pages: mpsc::Receiver<Page>,
    look: Option<Look>,
) -> impl Stream<Item = Result<Assembled, tokio::task::JoinError>> {
    let pages = stream::unfold((pages, look), move |(mut pages, look)| async move {
        let page = pages.recv().await?;
        if let Some(look) = &look {
            // Who does not look any more is not waited for.
            let _ = look.send((feed, page.clone())).await;
        }
        Some((page, (pages, look)))
    });
    // Some milliseconds of work, and not on the threads for what blocks: these are many, and each keeps memory of its own.
    pages.map(move |page| tokio::spawn(async move { assemble(feed, page) })).buffered(ASSEMBLED_AT_ONCE)
}

/// How many of the items of what is selected the service has in another form; nothing is sent, recorded or reported.
///
/// # Errors
/// What ended the source early, unless the cancellation knows.
pub(super) async fn count_changed(
    feed_run: &FeedRun,
    selection: Selection,
    examples: usize,
) -> Result<Measure, StopReason> {
    let feed = feed_run.plan.feed;
    let source = feed_run.source();
    let (sender, pages) = mpsc::channel(PAGES_AHEAD);
    let mut reader = JoinSet::new();
    reader.spawn(async move { source.read(feed, &selection, sender).await });
    let mut measure = Measure::default();
    let mut pages = pin!(assembled(feed, pages, None));
    loop {
        let next = tokio::select! {
            biased;
            () = feed_run.cancel.pulled() => return Err(StopReason::Cancelled),
            next = pages.next() => next,
        };
        let page = match next {
            None => break,
            Some(page) => page.map_err(|error| StopReason::Problem(broken_off(&error)))?,
        };
        let whole = |entry| match entry {
            LedgerEntry::Whole(item) => Some(item),
            LedgerEntry::Broken { .. } => None,
        };
        let items: Vec<FeedItem> = page.entries.into_iter().filter_map(whole).collect();
        let counted = feed_run.run.ledger.call(move |store| store.count_changed(&items)).await;
        measure.add(in_ledger(feed_run, counted)?, examples);
    }
    match reader.join_next().await {
        None | Some(Ok(Ok(()))) => Ok(measure),
        Some(Ok(Err(error))) => Err(StopReason::Problem(feed_run.source_problem(&error))),
        Some(Err(error)) => Err(StopReason::Problem(broken_off(&error))),
    }
}

async fn compare_pages(
    feed_run: &FeedRun,
    pages: impl Stream<Item = Result<Assembled, tokio::task::JoinError>>,
    outbox: &mut Outbox,
    collection: &mut Collection,
) {
    let mut pages = pin!(pages);
    loop {
        let next = tokio::select! {
            biased;
            () = feed_run.cancel.pulled() => return,
            next = pages.next() => next,
        };
        let mut page = match next {
            None => return,
            Some(Ok(page)) => page,
            Some(Err(error)) => {
                feed_run.cancel.pull(Cause::Failure(broken_off(&error)));
                return;
            }
        };
        collection.unidentified += page.unidentified;
        collection.unidentified_keys.append(&mut page.unidentified_keys);
        for Remark { place, text } in page.remarks.drain(..) {
            collection.remarks.entry(text.to_string()).or_insert((0, place)).0 += 1;
        }
        let Some(compared) = compare(feed_run, page).await else { return };
        collection.refused_before += compared.refused_before;
        outbox.push(compared.send).await;
        if !compared.contested.is_empty() && !settle(feed_run, compared.contested, outbox, collection).await {
            return;
        }
    }
}

/// One line for each kind of remark, however many items it is about.
async fn tell_remarks(feed_run: &FeedRun, remarks: Remarks) {
    let feed = feed_run.plan.feed;
    let more = remarks.len().saturating_sub(MOST_REMARKS);
    let lines = remarks.into_iter().take(MOST_REMARKS).map(|(text, (count, place))| {
        let items = if count == 1 { "1 item".to_owned() } else { format!("{count} items") };
        format!("{text} ({items}; {place})")
    });
    let rest = (more > 0).then(|| format!("{more} more notes of this kind"));
    for line in lines.chain(rest) {
        feed_run.run.events.tell(RunEvent::Note { feed, text: SafeText::from(line) }).await;
    }
}

/// Compares items whose identity belongs to other records, once these were read as well. Whether it could be done.
async fn settle(
    feed_run: &FeedRun,
    contested: Vec<Contested>,
    outbox: &mut Outbox,
    collection: &mut Collection,
) -> bool {
    let owners: Vec<u64> =
        contested.iter().map(|contested| contested.owner).collect::<BTreeSet<_>>().into_iter().collect();
    let chosen = owners.clone();
    if let Err(error) = feed_run.run.ledger.call(move |store| store.choose_keys(&chosen)).await {
        feed_run.cancel.pull(Cause::Ledger(error));
        return false;
    }
    // Each of these owners has a lower key than who contests it, so this ends.
    if let Err(problem) = Box::pin(collect(feed_run, Selection::Keys(owners), outbox, collection)).await {
        feed_run.cancel.pull(Cause::Failure(problem));
        return false;
    }
    let entries = contested.into_iter().map(|contested| LedgerEntry::Whole(contested.item)).collect();
    let Some(compared) = compare(feed_run, Assembled { entries, ..Assembled::default() }).await else { return false };
    collection.refused_before += compared.refused_before;
    outbox.push(compared.send).await;
    true
}

/// Compares a page with the ledger, counts it and tells its failures. `None` if the ledger failed.
async fn compare(feed_run: &FeedRun, page: Assembled) -> Option<Compared> {
    let Assembled { source_records, entries, mut failures, .. } = page;
    let items = entries.iter().filter(|entry| matches!(entry, LedgerEntry::Whole(_))).count() as u64;
    let compared = match feed_run.run.ledger.call(move |store| store.compare(entries, Timestamp::now())).await {
        Ok(compared) => compared,
        Err(error) => {
            feed_run.cancel.pull(Cause::Ledger(error));
            return None;
        }
    };
    failures.extend(compared.twins.iter().map(|label| twin(feed_run.plan.feed, label)));
    feed_run.run.live_progress.update(|feed| {
        feed.source_read += source_records;
        // A contested one is counted when it is compared.
        feed.collected += items - compared.contested.len() as u64;
        feed.unchanged += compared.unchanged;
        count_found(feed, &compared.send);
    });
    feed_run.run.live_progress.settle_unsent(failures.len() as u64 + compared.refused_before);
    let reasons = failures.iter().map(|failure| (failure.feed, failure.state, &failure.message));
    feed_run.run.live_progress.count_failures(reasons);
    for failure in failures {
        feed_run.run.events.tell(RunEvent::ItemFailed(failure)).await;
    }
    Some(compared)
}

/// Counts items that must be sent by why that is.
pub(super) fn count_found(feed: &mut FeedProgress, found: &[Outgoing]) {
    for outgoing in found {
        match outgoing.why {
            Why::New => feed.new += 1,
            Why::Changed => feed.changed += 1,
            Why::Gone => feed.gone += 1,
        }
    }
}

impl Assembled {
    fn add_unidentified(&mut self, key: Option<u64>) {
        self.unidentified += 1;
        self.unidentified_keys.extend(key);
    }
}

/// Makes items of a page. CPU work.
fn assemble(feed: Feed, page: Page) -> Assembled {
    let stamp = StampText::at(feed, Timestamp::now());
    let mut assembled = Assembled {
        source_records: page.source_records,
        entries: Vec::with_capacity(page.collected.len()),
        failures: Vec::new(),
        unidentified: 0,
        unidentified_keys: Vec::new(),
        remarks: page.remarks,
    };
    for collected in page.collected {
        match collected {
            Collected::Item { source_id, content } => match FeedItem::stamped(feed, source_id, content, &stamp) {
                Ok(item) => assembled.entries.push(LedgerEntry::Whole(item)),
                Err(error) => {
                    let place = source_id.map_or_else(|| format!("a record of {feed}"), |id| format!("{feed} {id}"));
                    assembled.add_unidentified(source_id);
                    assembled.failures.push(failure(feed, place.into(), error.to_string().into()));
                }
            },
            Collected::Broken(broken) => take_broken(feed, broken, &stamp, &mut assembled),
        }
    }
    assembled
}

fn take_broken(feed: Feed, broken: Broken, stamp: &StampText, assembled: &mut Assembled) {
    let Broken { source_id, place, reason, known } = broken;
    match known.and_then(|content| FeedItem::stamped(feed, source_id, content, stamp).ok()) {
        Some(item) => assembled.entries.push(LedgerEntry::Broken { item, reason: reason.clone() }),
        None => assembled.add_unidentified(source_id),
    }
    assembled.failures.push(failure(feed, place, reason));
}

fn twin(feed: Feed, label: &SafeText) -> ItemFailure {
    let message = "same identity as another source item; only the first is used";
    failure(feed, label.clone(), SafeText::from(message))
}

fn failure(feed: Feed, label: SafeText, message: SafeText) -> ItemFailure {
    ItemFailure { feed, label, state: ItemState::NeedsAttention, message, code: SafeText::default(), request_id: None }
}
