//! The compare of what is read of a feed with the ledger, and the sweep of what is gone.

use std::sync::Arc;

use jiff::Timestamp;

use super::collect::{self, Collection, count_found};
use super::deliver::deliver;
use super::feed_run::{FeedRun, KEYS_AT_ONCE, StopReason, in_ledger, note, or_cancelled};
use super::hold;
use super::ledger::{Reach, Resend, SweepScope};
use super::mode::SyncMode;
use super::progress::{Phase, RunEvent};
use super::send::Outbox;
use crate::feeds::source::{IdKind, Selection};
use crate::format::counted;

/// What of a feed is read.
pub(super) enum Reading {
    /// The chosen keys.
    Chosen,
    /// This, in one go.
    Whole(Selection),
}

/// Begins a compare: nothing of the feed has been seen yet.
pub(super) async fn begin(feed_run: &FeedRun, resend: Resend) -> Result<(), StopReason> {
    let feed = feed_run.plan.feed;
    let keeps_nothing = !feed_run.run.keep_payloads && !feed_run.run.dry_run;
    let begun = feed_run.run.ledger.call(move |store| {
        if keeps_nothing {
            store.drop_payloads(feed)?;
        }
        store.begin_feed(feed, resend)
    });
    in_ledger(feed_run, begun.await)?;
    if !feed_run.run.dry_run {
        hold::drop_deletions(feed_run).await?;
    }
    Ok(())
}

/// Shows that the feed was started, with its number of source records where that is known.
pub(super) async fn started(feed_run: &FeedRun, source_records: Option<u64>) {
    feed_run.run.live_progress.update(|progress| progress.source_records = source_records);
    feed_run.run.events.tell(RunEvent::FeedStarted { feed: feed_run.plan.feed, source_records }).await;
}

/// Reads, compares and sends a part of a feed that was started, and deletes what is gone of that part.
pub(super) async fn compare_and_sweep(
    feed_run: &Arc<FeedRun>,
    reading: Reading,
    reach: Reach,
) -> Result<(), StopReason> {
    if matches!(feed_run.run.mode, SyncMode::Partial(_)) {
        hold::hold_changes(feed_run, || hold::chosen(feed_run), false).await?;
    }
    let Collection { unidentified, unidentified_keys, .. } = read(feed_run, reading).await?;
    if unidentified > 0 {
        note(
            feed_run,
            format!("deletions not checked for {} that could not be identified", counted(unidentified, "record")),
        )
        .await;
    }
    if unidentified > unidentified_keys.len() as u64 || !feed_run.plan.feed.has_deletions() {
        return Ok(());
    }
    or_cancelled(feed_run, feed_run.source().check(feed_run.plan.feed)).await?;
    in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.spare_keys(&unidentified_keys)).await)?;
    delete_gone(feed_run, reach.begin(), false).await
}

/// Deletes what is gone from `place` on, unless that is too much. A cleanup has forgotten what is gone: it only counts it.
pub(super) async fn delete_gone(feed_run: &Arc<FeedRun>, place: SweepScope, is_whole: bool) -> Result<(), StopReason> {
    feed_run.run.live_progress.set_phase(Phase::Deleting);
    if feed_run.run.mode != SyncMode::Cleanup && !hold::may_delete(feed_run, place, is_whole).await? {
        return Ok(());
    }
    deliver(feed_run, |outbox| sweep(feed_run, place, outbox)).await
}

/// Reads, compares and sends; returns once everything that was found has its state.
pub(super) async fn read(feed_run: &Arc<FeedRun>, reading: Reading) -> Result<Collection, StopReason> {
    let collection = deliver(feed_run, |mut outbox| async move {
        let mut collection = Collection::default();
        let went = fill(feed_run, reading, &mut outbox, &mut collection).await;
        // Also before an error: what was read is compared, and its intents are kept.
        outbox.flush().await;
        went.map(|()| collection)
    })
    .await?;
    if collection.refused_before > 0 && !feed_run.cancel.is_pulled() {
        let text =
            format!("not resent: {} refused before and unchanged since", counted(collection.refused_before, "item"));
        note(feed_run, text).await;
    }
    Ok(collection)
}

/// Reads and compares, and puts what must be sent into the outbox.
async fn fill(
    feed_run: &FeedRun,
    reading: Reading,
    outbox: &mut Outbox,
    collection: &mut Collection,
) -> Result<(), StopReason> {
    let selection = match reading {
        Reading::Whole(selection) => selection,
        Reading::Chosen => return fill_with_chosen(feed_run, outbox, collection).await,
    };
    collect::collect(feed_run, selection, outbox, collection).await.map_err(StopReason::Problem)
}

async fn fill_with_chosen(
    feed_run: &FeedRun,
    outbox: &mut Outbox,
    collection: &mut Collection,
) -> Result<(), StopReason> {
    let mut after = None;
    while !feed_run.cancel.is_pulled() {
        let keys = feed_run.run.ledger.call(move |store| store.chosen_keys(after, KEYS_AT_ONCE)).await;
        let keys = in_ledger(feed_run, keys)?;
        let Some(last) = keys.last() else { break };
        after = Some(*last);
        collect::collect(feed_run, Selection::Keys(keys), outbox, collection).await.map_err(StopReason::Problem)?;
    }
    fill_with_moved(feed_run, outbox, collection).await
}

/// Reads the records that have the items which the chosen records do not have any more: such an item moved, and is not gone.
async fn fill_with_moved(
    feed_run: &FeedRun,
    outbox: &mut Outbox,
    collection: &mut Collection,
) -> Result<(), StopReason> {
    if feed_run.cancel.is_pulled() || !feed_run.plan.feed.has_deletions() {
        return Ok(());
    }
    let codes = in_ledger(feed_run, feed_run.run.ledger.call(|store| store.unseen_codes()).await)?;
    for codes in codes.chunks(KEYS_AT_ONCE) {
        let resolved =
            or_cancelled(feed_run, feed_run.source().resolve(feed_run.plan.feed, codes, IdKind::Sku)).await?;
        let Selection::Keys(keys) = resolved.selection else { continue };
        let more = in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.choose_more(&keys)).await)?;
        if !more.is_empty() {
            collect::collect(feed_run, Selection::Keys(more), outbox, collection).await.map_err(StopReason::Problem)?;
        }
    }
    Ok(())
}

/// Finds what is gone from the source, from `place` on, and puts its deletions into the outbox.
async fn sweep(feed_run: &FeedRun, place: SweepScope, mut outbox: Outbox) -> Result<(), StopReason> {
    // A cleanup has forgotten them; its dry run only counts what that costs.
    let is_sent = feed_run.run.mode != SyncMode::Cleanup;
    let mut next = Some(place);
    while let Some(place) = next {
        if feed_run.cancel.is_pulled() {
            return Err(StopReason::Cancelled);
        }
        let step = feed_run.run.ledger.call(move |store| store.sweep(place, Timestamp::now())).await;
        let swept = in_ledger(feed_run, step)?;
        feed_run.run.live_progress.update(|feed| count_found(feed, &swept.gone));
        if is_sent {
            outbox.push(swept.gone).await;
        }
        next = swept.next;
    }
    outbox.flush().await;
    Ok(())
}
