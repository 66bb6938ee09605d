//! Following change logs: whether they can be followed from where they were left, and which records have to be compared since.
//!
//! A log is followed only if it is the one that was left: made at the same time, written by the same triggers, with the same
//! last entries. What no log tells (`Moment::fingerprints`) is compared with what it was. `gaps` knows about versions that are seen
//! later than those above them, `recheck` about indexes that are filled later than the log is written.

mod gaps;
mod recheck;

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::{Followed, FollowedLog, Gap, Position};
use crate::domain::Feed;
use crate::export::feed_run::{FeedRun, StopReason, in_ledger, or_cancelled};
use crate::feeds::source::changes::{
    Before, ChangeLog, Fingerprint, LogEntry, LogState, Moment, Reach, Shape, Span, Touched, around,
};
use crate::feeds::source::{IdKind, Selection};
use crate::format::count;

/// Entries in one read of a log: some hundred kilobytes, and a few milliseconds of the server.
const ENTRIES_AT_ONCE: usize = 10_000;

/// The last entries of a log that are kept, to know it again.
const TAIL: usize = 20;

/// Below this many versions nobody looks for what a full compare may have read before its index was filled, unless the log was
/// followed until then: the newest entries are those whose indexes lag.
const NEWEST: u64 = 10_000;

/// How the changes of a feed are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FollowPlan {
    /// By its logs, from where they were left.
    Follow,
    /// By comparing everything once; then the logs can be followed.
    Once {
        /// Why, as half a sentence.
        reason: String,
    },
    /// By comparing everything each time.
    Always {
        /// Why, as half a sentence.
        reason: String,
    },
}

/// What is known before a feed is read: where it was left, and how things stand.
#[derive(Debug, Default)]
pub(super) struct FollowState {
    pub followed: Option<Followed>,
    pub moment: Moment,
}

/// Where a feed was left, and how things stand now.
pub(super) async fn follow_state(feed_run: &FeedRun) -> Result<FollowState, StopReason> {
    let feed = feed_run.plan.feed;
    let followed = in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.followed(feed)).await)?;
    let moment = or_cancelled(feed_run, feed_run.run.source.moment(feed)).await?;
    Ok(FollowState { followed, moment })
}

/// Decides how the changes of a feed are found, as far as that is known without reading a log.
pub(super) fn follow_plan(FollowState { followed, moment }: &FollowState) -> FollowPlan {
    let once = |reason: String| FollowPlan::Once { reason };
    for (_, log) in &moment.logs {
        if let ChangeLog::NotKept { reason } = log {
            return FollowPlan::Always { reason: reason.to_string() };
        }
    }
    if moment.logs.is_empty() {
        return FollowPlan::Always { reason: "Commerce keeps no public change log of this feed".to_owned() };
    }
    let Some(followed) = followed else { return once("it was never compared in full from here".to_owned()) };
    for (of, log) in kept(moment) {
        if let Some(reason) = other_log(followed.logs.get(&of), log) {
            return once(reason);
        }
    }
    match changed_fingerprint(followed, moment) {
        Some(fingerprint) => once(fingerprint.reason.clone()),
        None => FollowPlan::Follow,
    }
}

/// The logs that are written.
fn kept(moment: &Moment) -> impl Iterator<Item = (Feed, &LogState)> {
    moment.logs.iter().filter_map(|(of, log)| match log {
        ChangeLog::Kept(state) => Some((*of, state)),
        ChangeLog::NotKept { .. } => None,
    })
}

/// Why a log cannot be followed from where it was left, by its numbers.
fn other_log(followed: Option<&FollowedLog>, log: &LogState) -> Option<String> {
    let Some(FollowedLog { name, cursor: from, .. }) = followed else {
        return Some("its change log was not followed before".to_owned());
    };
    let from = *from;
    if *name != log.name {
        return Some(format!("another change log was followed before ({name})"));
    }
    if log.next <= from {
        return Some(format!(
            "its change log was restarted: its next version is {}, but {} was read before",
            count(log.next),
            count(from)
        ));
    }
    let is_cut = match log.oldest {
        // Numbers of a database: whatever they are, they must not break a run.
        Some(oldest) => oldest.saturating_sub(1) > from,
        None => log.next.saturating_sub(1) > from,
    };
    is_cut.then(|| format!("its change log was cut: versions after {} are missing", count(from)))
}

/// The first sign of something that may have changed any item of the feed, or of something that nobody looked at before.
fn changed_fingerprint<'a>(followed: &Followed, moment: &'a Moment) -> Option<&'a Fingerprint> {
    moment.fingerprints.iter().find(|fingerprint| match followed.fingerprints.get(&fingerprint.name) {
        Some(before) => fingerprint.reach == Reach::Feed && before.value != fingerprint.value,
        None => true,
    })
}

/// The silent stalls of the logs that are followed, one line each.
pub(super) fn stalls(moment: &Moment) -> Vec<String> {
    kept(moment).filter_map(|(_, log)| stall(log)).collect()
}

/// The silent stall in one line, with its fix; `None` if all is well.
fn stall(log: &LogState) -> Option<String> {
    let ahead = log.stalled_by();
    let newest = log.next.saturating_sub(1);
    (ahead > 0).then(|| {
        format!(
            "silent stall: Commerce's own cursor {} is ahead of its change log, whose newest version is {}, so Commerce \
             itself skips the next {} changes without an error; to fix it: UPDATE mview_state SET version_id = {newest} \
             WHERE view_id = '{}', then bin/magento indexer:reindex {}",
            count(log.commerce_cursor),
            count(newest),
            count(ahead),
            log.view,
            log.indexer
        )
    })
}

/// Why a log is not the one that was left, by its last entries; `None` if it is.
async fn other_entries(
    feed_run: &FeedRun,
    of: Feed,
    followed: &FollowedLog,
    log: &LogState,
) -> Result<Option<String>, StopReason> {
    // What was read before may be cleaned away since, from below.
    let expected: BTreeMap<u64, &str> = followed
        .tail
        .iter()
        .filter(|(version, _)| log.oldest.is_some_and(|oldest| *version >= oldest))
        .map(|(version, record)| (*version, record.as_str()))
        .collect();
    if expected.is_empty() {
        return Ok(None);
    }
    let versions: Vec<u64> = expected.keys().copied().collect();
    let entries = or_cancelled(feed_run, feed_run.run.source.changes_at(of, &versions)).await?;
    let found: BTreeMap<u64, String> = entries.iter().map(|entry| (entry.version, word_of(&entry.record))).collect();
    let other = expected.iter().find(|(version, record)| found.get(version).map(String::as_str) != Some(**record));
    Ok(other.map(|(version, _)| {
        format!("its change log is not the one followed before: its version {} has changed", count(*version))
    }))
}

fn word_of(record: &Touched) -> String {
    match record {
        Touched::Key(key) => key.to_string(),
        Touched::Sku(sku) => sku.clone(),
    }
}

/// Chooses, in the ledger, the records that have to be compared. What is written down when they were; `Err` with the reason
/// if only a full compare will do.
pub(super) async fn choose_changed(
    feed_run: &FeedRun,
    follow_state: &FollowState,
) -> Result<Result<Position, String>, StopReason> {
    let FollowState { followed: Some(followed), moment } = follow_state else {
        return Ok(Err("it was never compared in full from here".to_owned()));
    };
    let feed = feed_run.plan.feed;
    let mut position = Position { recheck: recheck::choose(feed_run, moment).await?, ..Position::default() };
    for (of, log) in kept(moment) {
        let Some(left) = followed.logs.get(&of) else { continue };
        if let Some(reason) = other_entries(feed_run, of, left, log).await? {
            return Ok(Err(reason));
        }
        let gaps = in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.gaps(feed, of)).await)?;
        let mut gaps = match gaps::look(feed_run, of, moment, gaps).await? {
            Ok(gaps) => gaps,
            Err(reason) => return Ok(Err(reason)),
        };
        let span = Span { after: left.cursor, to: left.cursor.max(log.end()) };
        let (tail, missing) = choose_span(feed_run, of, span, &left.tail, true).await?;
        gaps.extend(missing.map(|span| Gap { span, present: 0, since: moment.now, looks: 0 }));
        position.logs.push((of, FollowedLog { name: log.name.clone(), cursor: span.to, tail }, gaps));
    }
    for fingerprint in &moment.fingerprints {
        let before = followed.fingerprints.get(&fingerprint.name);
        let now = before_of(feed_run, fingerprint, before).await?;
        if let (Reach::Records(shape), Some(before)) = (fingerprint.reach, before)
            && before.value != now.value
        {
            let keys = or_cancelled(feed_run, feed_run.run.source.reached(feed, shape, before, &now)).await?;
            choose_keys(feed_run, keys, true).await?;
        }
        position.fingerprints.push((fingerprint.name.clone(), now));
    }
    Ok(Ok(position))
}

/// What is written down when a full compare that begins now is done; `None` if nothing can be followed.
///
/// `is_same` says whether the logs are those that were followed. Whatever they name since is compared again later: its
/// index may lag behind the log.
pub(super) async fn begin_full(
    feed_run: &FeedRun,
    follow_state: &FollowState,
    is_same: bool,
) -> Result<Option<Position>, StopReason> {
    let FollowState { followed, moment } = follow_state;
    if moment.logs.is_empty() || moment.logs.iter().any(|(_, log)| matches!(log, ChangeLog::NotKept { .. })) {
        return Ok(None);
    }
    let feed = feed_run.plan.feed;
    let mut position = Position { recheck: recheck::look(feed_run, moment).await?.0, ..Position::default() };
    remember_all_shown(feed_run).await?;
    for (of, log) in kept(moment) {
        let left = followed.as_ref().and_then(|followed| followed.logs.get(&of));
        let left = left.filter(|left| is_same && left.name == log.name && left.cursor < log.next);
        let end = log.end();
        let (span, mut gaps) = if let Some(left) = left {
            let gaps = in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.gaps(feed, of)).await)?;
            (Span { after: left.cursor, to: end.max(left.cursor) }, gaps::still_possible(gaps, moment))
        } else {
            let span = Span { after: end.saturating_sub(NEWEST), to: end };
            (span, gaps::open(feed_run, of, log, moment).await?.into_iter().collect())
        };
        let (tail, missing) = choose_span(feed_run, of, span, &[], false).await?;
        gaps.extend(missing.map(|span| Gap { span, present: 0, since: moment.now, looks: 0 }));
        position.logs.push((of, FollowedLog { name: log.name.clone(), cursor: span.to, tail }, gaps));
    }
    for fingerprint in &moment.fingerprints {
        let before = followed.as_ref().and_then(|followed| followed.fingerprints.get(&fingerprint.name));
        let now = before_of(feed_run, fingerprint, before).await?;
        if let Reach::Records(shape @ Shape::Indexed(log)) = fingerprint.reach
            && let Some(index) = moment.indexes.iter().find(|index| index.view == log.view())
            && index.cursor < index.newest
        {
            // What this index has yet to do is read as it is, and looked at again when it is done.
            let behind = Before { value: index.cursor.to_string(), ..Before::default() };
            let keys = or_cancelled(feed_run, feed_run.run.source.reached(feed, shape, &behind, &now)).await?;
            choose_keys(feed_run, keys, false).await?;
        }
        position.fingerprints.push((fingerprint.name.clone(), now));
    }
    Ok(Some(position))
}

/// A sign as it is kept; its details are read only if it is not what it was.
async fn before_of(
    feed_run: &FeedRun,
    fingerprint: &Fingerprint,
    before: Option<&Before>,
) -> Result<Before, StopReason> {
    if let Some(before) = before.filter(|before| before.value == fingerprint.value) {
        return Ok(before.clone());
    }
    let details = match fingerprint.reach {
        Reach::Feed => BTreeMap::new(),
        Reach::Records(shape) => or_cancelled(feed_run, feed_run.run.source.details(feed_run.plan.feed, shape)).await?,
    };
    Ok(Before { value: fingerprint.value.clone(), details })
}

/// Names the records of a stretch of a log. Returns its last entries, and the stretch in which versions are missing.
async fn choose_span(
    feed_run: &FeedRun,
    of: Feed,
    span: Span,
    tail: &[(u64, String)],
    is_chosen: bool,
) -> Result<(Vec<(u64, String)>, Option<Span>), StopReason> {
    let mut tail = tail.to_vec();
    let mut missing = gaps::Missing::after(span.after);
    let mut after = span.after;
    loop {
        let entries =
            or_cancelled(feed_run, feed_run.run.source.changes(of, Span { after, to: span.to }, ENTRIES_AT_ONCE))
                .await?;
        missing.pass(&entries);
        let read = entries.len();
        after = entries.last().map_or(after, |entry| entry.version);
        tail.extend(
            entries.iter().skip(read.saturating_sub(TAIL)).map(|entry| (entry.version, word_of(&entry.record))),
        );
        tail.drain(..tail.len().saturating_sub(TAIL));
        choose_entries(feed_run, entries, is_chosen).await?;
        if read < ENTRIES_AT_ONCE {
            break;
        }
    }
    Ok((tail, missing.up_to(span.to)))
}

/// Names the records that these entries name, and those that show something of them; chooses them if `is_chosen`.
async fn choose_entries(feed_run: &FeedRun, entries: Vec<LogEntry>, is_chosen: bool) -> Result<(), StopReason> {
    let feed = feed_run.plan.feed;
    let (mut keys, mut skus) = (Vec::new(), BTreeSet::new());
    for entry in entries {
        match entry.record {
            Touched::Key(key) => keys.push(key),
            Touched::Sku(sku) => {
                skus.insert(sku);
            }
        }
    }
    if !skus.is_empty() {
        let skus: Vec<String> = skus.into_iter().collect();
        let resolved = or_cancelled(feed_run, feed_run.run.source.resolve(feed, &skus, IdKind::Sku)).await?;
        if let Selection::Keys(known) = resolved.selection {
            keys.extend(known);
        }
        if !resolved.unknown.is_empty() && is_chosen {
            // There is no such product any more: what is left of it is in the ledger only.
            let gone = resolved.unknown;
            let chosen = feed_run.run.ledger.call(move |store| store.choose_rows_named(&gone, false, true)).await;
            in_ledger(feed_run, chosen)?;
        }
    }
    choose_keys(feed_run, keys, is_chosen).await
}

/// Names these records, and those that show something of them, or did: when a product is gone, the database has taken along
/// the rows that say who showed it.
async fn choose_keys(feed_run: &FeedRun, keys: Vec<u64>, is_chosen: bool) -> Result<(), StopReason> {
    if keys.is_empty() {
        return Ok(());
    }
    let feed = feed_run.plan.feed;
    let mut all: BTreeSet<u64> = keys.into_iter().collect();
    let keys: Vec<u64> = all.iter().copied().collect();
    let pairs = or_cancelled(feed_run, feed_run.run.source.shown(feed, &keys)).await?;
    all.extend(around(&all.clone(), &pairs));
    if feed == Feed::Categories {
        all.extend(or_cancelled(feed_run, feed_run.run.source.with_dependents(feed, keys.clone())).await?);
    }
    let keeps = !feed_run.run.dry_run;
    let named = feed_run.run.ledger.call(move |store| {
        if keeps {
            store.remember_shown(&pairs)?;
        }
        if shows_others(feed) {
            all.extend(store.partners(&keys, feed == Feed::Products)?);
        }
        let all: Vec<u64> = all.into_iter().collect();
        store.name_keys(&all, is_chosen)
    });
    in_ledger(feed_run, named.await)
}

/// Whether an item of a feed shows something of other records than its own.
fn shows_others(feed: Feed) -> bool {
    matches!(feed, Feed::Products | Feed::Prices | Feed::Variants | Feed::InventoryStockStatus)
}

/// Takes note of which products show which, before anything of it can be gone.
async fn remember_all_shown(feed_run: &FeedRun) -> Result<(), StopReason> {
    let feed = feed_run.plan.feed;
    let mut after = None;
    while let Some((pairs, last)) = or_cancelled(feed_run, feed_run.run.source.next_shown(feed, after)).await? {
        after = Some(last);
        in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.remember_shown(&pairs)).await)?;
    }
    Ok(())
}

/// What would be said of a log that stands here, of which these versions were read: any numbers.
#[cfg(any(test, fuzzing))]
pub(crate) fn shown_of_log(numbers: [u64; 5], name: &str, versions: &[u64]) -> Vec<String> {
    let [oldest, newest, next, commerce_cursor, cursor] = numbers;
    let log = |name: String| LogState {
        name,
        oldest: (oldest > 0).then_some(oldest),
        newest: (newest > 0).then_some(newest),
        next,
        commerce_cursor,
        view: "view",
        indexer: "indexer",
    };
    let followed = FollowedLog { name: name.to_owned(), cursor, tail: Vec::new() };
    let reason = other_log(Some(&followed), &log("a_cl".to_owned()));
    let mut missing = gaps::Missing::after(cursor);
    missing.pass(
        &versions.iter().map(|version| LogEntry { version: *version, record: Touched::Key(1) }).collect::<Vec<_>>(),
    );
    assert!(missing.up_to(newest).is_none_or(|span| span.after < span.to));
    reason.into_iter().chain(stall(&log(name.to_owned()))).collect()
}

#[cfg(test)]
mod tests;
