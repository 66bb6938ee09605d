//! One feed of a run: what is read of it, what a sweep may call gone, and what is written down when it was gone through.
//!
//! Whatever the mode, an item takes the same way: compared with the ledger, its intent kept, sent, its answer recorded.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;

use super::compare::{Reading, begin, compare_and_sweep, delete_gone, read, started};
use super::feed_run::{Context, FeedRun, StopReason, before, in_ledger, note, or_cancelled};
use super::follow::{self, FollowPlan, FollowState};
use super::hold;
use super::ledger::{LedgerError, Reach, Resend, Store, SweepScope};
use super::mode::{Following, SyncMode};
use super::rolling::Turn;
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::feeds::source::{IdKind, Selection};
use crate::format::{counted, duration};
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// Goes through a feed.
///
/// # Errors
/// What ended it early, unless the cancellation knows.
pub(super) async fn go_through(feed_run: &Arc<FeedRun>) -> Result<(), Problem> {
    let went = match expect_filled(feed_run).await {
        Err(halt) => Err(halt),
        Ok(()) => go_through_as_asked(feed_run).await,
    };
    if let Some(name) = feed_run.take_emptied()
        && !feed_run.run.dry_run
    {
        let feed = feed_run.plan.feed;
        let wrote = feed_run.run.ledger.call(move |store| store.found_empty(feed, &name, Timestamp::now())).await;
        if let Err(StopReason::Problem(problem)) = in_ledger(feed_run, wrote) {
            return Err(problem);
        }
    }
    match went {
        Ok(()) | Err(StopReason::Cancelled) => Ok(()),
        Err(StopReason::Problem(problem)) => Err(problem),
    }
}

/// What the feed was read from at its last compare must have something in it before the feed is read again.
async fn expect_filled(feed_run: &Arc<FeedRun>) -> Result<(), StopReason> {
    if feed_run.run.accept_empty {
        return Ok(());
    }
    let feed = feed_run.plan.feed;
    let filled =
        in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.filled(feed, Timestamp::now())).await)?;
    feed_run.expect(filled);
    Ok(())
}

/// The feeds that were compared before and cannot be read now: what is missing says nothing about their items.
///
/// # Errors
/// If the ledger cannot be read.
pub(super) async fn incomplete(
    run: &Context,
    absent: &[(Feed, SafeText)],
) -> Result<Vec<(Feed, Problem)>, LedgerError> {
    let mut problems = Vec::new();
    for (feed, reason) in absent.iter().filter(|_| !run.accept_empty) {
        let feed = *feed;
        if !run.ledger.call(move |store| store.filled(feed, Timestamp::now())).await?.is_empty() {
            let what = format!(
                "{feed} is incomplete: {reason}, and was there at the last compare; nothing is sent or deleted"
            );
            let hint = Hint::from("restore the missing data; if it is meant to be gone, ").and(Remedy::AcceptEmpty);
            problems.push((feed, Problem::new(Exit::Guarded, what).hint(hint)));
        }
    }
    Ok(problems)
}

async fn go_through_as_asked(feed_run: &Arc<FeedRun>) -> Result<(), StopReason> {
    match &feed_run.run.mode {
        SyncMode::Full => in_full(feed_run, Resend::None, None).await,
        SyncMode::Partial(following) => partial(feed_run, *following).await,
        SyncMode::ByIds { words, kind } => by_ids(feed_run, words, *kind).await,
        SyncMode::Retry { error } => retry(feed_run, error).await,
        SyncMode::Cleanup => clean_up(feed_run).await,
    }
}

/// What a partial sync knows when it finds that only a full compare will do.
struct Known {
    follow_state: FollowState,
    /// Whether the logs are still those that were followed.
    is_same: bool,
}

/// Compares every record.
async fn in_full(feed_run: &Arc<FeedRun>, resend: Resend, known: Option<Known>) -> Result<(), StopReason> {
    let run = &feed_run.run;
    let feed = feed_run.plan.feed;
    let begun = Timestamp::now();
    begin(feed_run, resend).await?;
    // Before the first record is read: what changes from now on is read by the next partial sync, seen here or not.
    let position = if run.dry_run {
        None
    } else {
        let known = match known {
            Some(known) => known,
            None => Known { follow_state: follow::follow_state(feed_run).await?, is_same: true },
        };
        follow::begin_full(feed_run, &known.follow_state, known.is_same).await?
    };
    let source_records = or_cancelled(feed_run, run.source.count(feed)).await?;
    started(feed_run, source_records).await;
    hold::hold_changes(feed_run, || async { Ok(vec![Selection::All]) }, true).await?;
    let collection = read(feed_run, Reading::Whole(Selection::All)).await?;
    let broken_keys = collection.unidentified_keys;
    if collection.unidentified > broken_keys.len() as u64 {
        let text = format!(
            "deletions skipped: {} could not be identified; repair them and run again",
            counted(collection.unidentified, "record")
        );
        note(feed_run, text).await;
    } else if feed.has_deletions() {
        or_cancelled(feed_run, feed_run.source().check(feed)).await?;
        in_ledger(feed_run, run.ledger.call(move |store| store.see_keys(&broken_keys)).await)?;
        delete_gone(feed_run, SweepScope::WHOLE, true).await?;
    }
    if !feed.has_deletions() {
        // What failed before may be out of what a full sync reads.
        in_ledger(feed_run, run.ledger.call(Store::choose_unmet).await)?;
        read(feed_run, Reading::Chosen).await?;
    }
    finish(feed_run, move |store| {
        store.finish_full(feed, position.as_ref(), Timestamp::now())?;
        store.restart_round(feed, begun)
    })
    .await
}

/// Compares what the change log names since the last sync; and, since nobody will name them again, what has no answer yet and
/// what failed for now. Without that, a crash between comparing and sending would leave items unsent until the next full sync:
/// their intents are kept, and the cursor has passed their changes.
async fn partial(feed_run: &Arc<FeedRun>, following: Following) -> Result<(), StopReason> {
    let run = &feed_run.run;
    let feed = feed_run.plan.feed;
    begin(feed_run, Resend::None).await?;
    if hold::is_allowed_again(feed_run).await? {
        note(feed_run, "compared in full, because some of it was paused".to_owned()).await;
        return in_full(feed_run, Resend::None, None).await;
    }
    let turn = Turn::plan(feed_run, following.rolling).await?;
    let follow_state = follow::follow_state(feed_run).await?;
    match follow::follow_plan(&follow_state) {
        FollowPlan::Follow => {}
        FollowPlan::Once { reason } => {
            return in_full_because(feed_run, reason, Known { follow_state, is_same: true }).await;
        }
        FollowPlan::Always { reason } => {
            let last_full = follow_state.followed.map(|followed| followed.last_full);
            return unfollowed(feed_run, following, turn, last_full, &reason).await;
        }
    }
    for words in follow::stalls(&follow_state.moment) {
        note(feed_run, words).await;
    }
    let position = match follow::choose_changed(feed_run, &follow_state).await? {
        Ok(position) => position,
        Err(reason) => return in_full_because(feed_run, reason, Known { follow_state, is_same: false }).await,
    };
    let now = Timestamp::now();
    let rested_since = before(now, following.rest);
    in_ledger(feed_run, run.ledger.call(move |store| store.choose_unsettled(rested_since, now)).await)?;
    compare_chosen(feed_run, Reading::Chosen, Reach::KeysAndRows).await?;
    finish(feed_run, move |store| store.finish_partial(feed, &position, Timestamp::now())).await?;
    match turn {
        Some(turn) => turn.take(feed_run).await,
        None => Ok(()),
    }
}

/// A feed without a change log: compared in full when that is due, or by the rolling compare where that comes around sooner. In
/// between, what has no answer and what failed for now is sent again, as in every feed.
async fn unfollowed(
    feed_run: &Arc<FeedRun>,
    following: Following,
    turn: Option<Turn>,
    last_full: Option<Timestamp>,
    reason: &str,
) -> Result<(), StopReason> {
    let run = &feed_run.run;
    let feed = feed_run.plan.feed;
    let every = following.full_every;
    let turn = turn.filter(|_| following.rolling.is_some_and(|rolling| rolling.within <= every));
    // The same words whether it is due or not, so that a watch says them once.
    let how_often = match following.rolling.filter(|_| turn.is_some()) {
        Some(rolling) => format!("in parts within {}", duration(rolling.within)),
        None if every.is_zero() => "in full".to_owned(),
        None => format!("in full every {}", duration(every)),
    };
    note(feed_run, format!("compared {how_often}, because {reason}")).await;
    let now = Timestamp::now();
    let is_due = match last_full {
        None => true,
        Some(last) => turn.is_none() && now.duration_since(last).unsigned_abs() >= every,
    };
    if is_due {
        return in_full(feed_run, Resend::None, None).await;
    }
    let rested_since = before(now, following.rest);
    let has_keyless = in_ledger(
        feed_run,
        run.ledger
            .call(move |store| {
                store.choose_unsettled(rested_since, now)?;
                store.has_unsettled_without_key(rested_since)
            })
            .await,
    )?;
    if has_keyless {
        return in_full(feed_run, Resend::None, None).await;
    }
    compare_chosen(feed_run, Reading::Chosen, Reach::KeysAndRows).await?;
    finish(feed_run, move |store| store.finish_unfollowed(feed, Timestamp::now())).await?;
    match turn {
        Some(turn) => turn.take(feed_run).await,
        None => Ok(()),
    }
}

async fn in_full_because(feed_run: &Arc<FeedRun>, reason: String, known: Known) -> Result<(), StopReason> {
    note(feed_run, format!("compared in full, because {reason}")).await;
    in_full(feed_run, Resend::None, Some(known)).await
}

/// Sends the records that somebody names, changed or not; deletes what is left of those that are gone.
async fn by_ids(feed_run: &Arc<FeedRun>, words: &[String], kind: IdKind) -> Result<(), StopReason> {
    let run = &feed_run.run;
    let feed = feed_run.plan.feed;
    begin(feed_run, Resend::All).await?;
    let resolved = or_cancelled(feed_run, run.source.resolve(feed, words, kind)).await?;
    if let Some(remark) = resolved.remark() {
        note(feed_run, remark).await;
    }
    let reading = match resolved.selection {
        Selection::Keys(keys) => {
            in_ledger(feed_run, run.ledger.call(move |store| store.choose_keys(&keys)).await)?;
            Reading::Chosen
        }
        selection @ (Selection::All | Selection::Ids(_)) => Reading::Whole(selection),
    };
    let mut unknown = resolved.unknown;
    if feed.has_deletions() && !unknown.is_empty() {
        let (by_key, by_code) = (kind != IdKind::Sku, kind != IdKind::Id);
        let named = run.ledger.call(move |store| store.choose_rows_named(&unknown, by_key, by_code)).await;
        unknown = in_ledger(feed_run, named)?;
    }
    {
        let mut known = run.unknown_ids.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown: BTreeSet<String> = unknown.into_iter().collect();
        // An id that one of the feeds has is not a mistake, whatever the others have.
        *known = Some(known.take().map_or_else(|| unknown.clone(), |known| &known & &unknown));
    }
    compare_chosen(feed_run, reading, Reach::KeysAndRows).await
}

/// Sends again what failed with this text in its error; an empty one is in all of them.
async fn retry(feed_run: &Arc<FeedRun>, error: &str) -> Result<(), StopReason> {
    begin(feed_run, Resend::OnlyFailed).await?;
    let error = error.to_owned();
    let chosen = feed_run.run.ledger.call(move |store| store.choose_failed(&error)).await;
    let has_keyless = in_ledger(feed_run, chosen)?;
    let reading = if has_keyless { Reading::Whole(Selection::All) } else { Reading::Chosen };
    compare_chosen(feed_run, reading, Reach::Rows).await
}

/// Forgets all that is known of the feed, and sends everything. What the source no longer has is forgotten with the rest, so the
/// service keeps it: that is counted as gone, in a dry run, and not sent.
async fn clean_up(feed_run: &Arc<FeedRun>) -> Result<(), StopReason> {
    let run = &feed_run.run;
    let feed = feed_run.plan.feed;
    or_cancelled(feed_run, feed_run.source().check(feed)).await?;
    let forgotten = in_ledger(feed_run, run.ledger.call(move |store| store.count_items(feed)).await)?;
    run.live_progress.update(|progress| progress.forgotten = forgotten);
    if !run.dry_run {
        in_ledger(feed_run, run.ledger.call(move |store| store.forget_feed(feed)).await)?;
    }
    in_full(feed_run, Resend::AsNew, None).await
}

/// As [`compare_and_sweep`], for a feed that is started by it.
async fn compare_chosen(feed_run: &Arc<FeedRun>, reading: Reading, reach: Reach) -> Result<(), StopReason> {
    let source_records = match reading {
        Reading::Chosen => Some(in_ledger(feed_run, feed_run.run.ledger.call(|store| store.chosen_count()).await)?),
        Reading::Whole(_) => None,
    };
    started(feed_run, source_records).await;
    compare_and_sweep(feed_run, reading, reach).await
}

/// Writes down that the feed was gone through, unless it was not, or this is a dry run.
async fn finish(
    feed_run: &FeedRun,
    write: impl FnOnce(&mut Store) -> rusqlite::Result<()> + Send + 'static,
) -> Result<(), StopReason> {
    if feed_run.cancel.is_pulled() || feed_run.run.dry_run {
        return Ok(());
    }
    let feed = feed_run.plan.feed;
    let filled = or_cancelled(feed_run, feed_run.source().filled(feed)).await?;
    let write = move |store: &mut Store| {
        write(store)?;
        filled.map_or(Ok(()), |filled| store.remember_filled(feed, &filled))?;
        store.count_unsettled(feed)
    };
    let unsettled = in_ledger(feed_run, feed_run.run.ledger.call(write).await)?;
    feed_run.run.live_progress.update(|progress| progress.unsettled = unsettled);
    Ok(())
}
