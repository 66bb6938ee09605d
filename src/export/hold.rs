//! Holding back: a run that would delete more of a feed than usual (or change more, where that is limited) sends none of it, and
//! says so. Absence is not a proof of a deletion: a table that was emptied by mistake looks the same.
//!
//! The rule. What a run finds gone, together with what was deleted within the last day, is measured against the feed as it was
//! before that. So a mistake that comes in small parts, pass by pass, is held back as one that comes at once. A feed whose
//! deletions are held back stays so until a full compare finds few enough of them, or until a person allows them with a number
//! of their own. Changes are measured run by run.

use jiff::Timestamp;

use super::collect;
use super::feed_run::{FeedRun, KEYS_AT_ONCE, StopReason, before, in_ledger};
use super::held::What;
use super::ledger::{Measure, Ruling, SweepScope};
use super::mode::SyncMode;
use super::progress::RunEvent;
use crate::domain::{Feed, Most};
use crate::feeds::source::Selection;

/// How many of the items are named.
const EXAMPLES: usize = 3;

/// Whether the deletions found from `place` on may be sent: counted before the first of them is. Tells what is held back.
///
/// # Errors
/// If the ledger cannot be read, or the run is stopped.
pub(super) async fn may_delete(feed_run: &FeedRun, place: SweepScope, is_whole: bool) -> Result<bool, StopReason> {
    let feed = feed_run.plan.feed;
    let mut measure = Measure::default();
    let mut next = Some(place);
    while let Some(place) = next {
        if feed_run.cancel.is_pulled() {
            return Err(StopReason::Cancelled);
        }
        let (step, then) = in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.count_gone(place)).await)?;
        measure.add(step, EXAMPLES);
        next = then;
    }
    rule(feed_run, feed, What::Deletions, measure, is_whole).await
}

/// Whether the changes in what is selected may be sent: the selected records are read and compared beforehand, which sends
/// nothing. Only done where changes are limited.
///
/// # Errors
/// If source or ledger cannot be read, or the run is stopped.
pub(super) async fn may_change(
    feed_run: &FeedRun,
    selections: Vec<Selection>,
    is_whole: bool,
) -> Result<bool, StopReason> {
    let feed = feed_run.plan.feed;
    let mut measure = Measure::default();
    for selection in selections {
        measure.add(collect::count_changed(feed_run, selection, EXAMPLES).await?, EXAMPLES);
    }
    rule(feed_run, feed, What::Changes, measure, is_whole).await
}

/// Lets the ledger rule, and tells what is held back.
async fn rule(
    feed_run: &FeedRun,
    feed: Feed,
    what: What,
    measure: Measure,
    is_whole: bool,
) -> Result<bool, StopReason> {
    let limit = feed_run.plan.limit(what);
    let ruled = feed_run.run.ledger.call(move |store| {
        let ruling = Ruling { feed, what, limit, is_whole, now: Timestamp::now() };
        store.rule(&ruling, measure)
    });
    let Some(held) = in_ledger(feed_run, ruled.await)? else { return Ok(true) };
    feed_run.run.live_progress.update(|progress| progress.held.push(held.clone()));
    feed_run.run.events.tell(RunEvent::Held(held)).await;
    Ok(false)
}

/// Where changes are limited, finds out whether they may be sent, and leaves them as they are if not.
pub(super) async fn hold_changes<F: Future<Output = Result<Vec<Selection>, StopReason>>>(
    feed_run: &FeedRun,
    selections: impl FnOnce() -> F,
    is_whole: bool,
) -> Result<(), StopReason> {
    let limit = feed_run.plan.max_change;
    if limit.usual == Most::NoLimit && limit.now.is_none() || feed_run.run.mode == SyncMode::Cleanup {
        return Ok(());
    }
    if !may_change(feed_run, selections().await?, is_whole).await? {
        let held = feed_run.run.ledger.call(|store| {
            store.hold_changes();
            Ok(())
        });
        in_ledger(feed_run, held.await)?;
    }
    Ok(())
}

/// Whether somebody allows now what was held back before: only a full compare finds all of it again.
pub(super) async fn is_allowed_again(feed_run: &FeedRun) -> Result<bool, StopReason> {
    let feed = feed_run.plan.feed;
    for what in [What::Deletions, What::Changes] {
        if feed_run.plan.limit(what).now.is_some() {
            let held = in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.held(feed, what)).await)?;
            if held.is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// What is chosen, as the source is asked for it.
pub(super) async fn chosen(feed_run: &FeedRun) -> Result<Vec<Selection>, StopReason> {
    let mut selections = Vec::new();
    let mut after = None;
    loop {
        let keys = feed_run.run.ledger.call(move |store| store.chosen_keys(after, KEYS_AT_ONCE)).await;
        let keys = in_ledger(feed_run, keys)?;
        let Some(last) = keys.last() else { return Ok(selections) };
        after = Some(*last);
        selections.push(Selection::Keys(keys));
    }
}

/// Drops settled deletions that are old enough, step by step, so that answers of other feeds never wait long.
pub(super) async fn drop_deletions(feed_run: &FeedRun) -> Result<(), StopReason> {
    let feed = feed_run.plan.feed;
    let old = before(Timestamp::now(), feed_run.run.keep_deletions);
    while !feed_run.cancel.is_pulled() {
        if in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.drop_deletions(feed, old)).await)? {
            break;
        }
    }
    Ok(())
}
