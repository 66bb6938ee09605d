//! Following a change log: whether it can be followed from where it was left, and which records it names since.
//!
//! Versions are given out when an entry is inserted, and seen when its transaction is committed. So an entry may appear below a
//! cursor that has passed it. A missing version is therefore remembered, and looked for again by the next partial sync.

use std::collections::VecDeque;

use super::ledger::{Followed, GAPS_KEPT, Position};
use super::pass::{Halt, in_ledger, or_braked};
use super::send::Lane;
use crate::feeds::Feed;
use crate::feeds::source::changes::{ChangeLog, Entry, LogState, Span, Touched};
use crate::feeds::source::{IdKind, Selection};
use crate::words::count;

/// Entries in one read of a log: some hundred kilobytes, and a few milliseconds of the server.
const ENTRIES_AT_ONCE: usize = 10_000;

/// Remembered versions in one query.
const VERSIONS_AT_ONCE: usize = 1_000;

/// How the changes of a feed are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course {
    /// By its log, from the version after this one.
    Follow {
        /// The last version that was compared.
        from: u64,
        /// Where the log stands.
        log: LogState,
    },
    /// By comparing everything once; then the log can be followed.
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

/// Decides how the changes of a feed are found.
pub(super) fn course(followed: Option<&Followed>, log: ChangeLog) -> Course {
    let log = match log {
        ChangeLog::Kept(log) => log,
        ChangeLog::NotKept { reason } => return Course::Always { reason: reason.to_string() },
    };
    let once = |reason: String| Course::Once { reason };
    let Some(followed) = followed else { return once("it was never compared in full from here".to_owned()) };
    let Some((name, from)) = &followed.log else {
        return once("its change log was not followed before".to_owned());
    };
    let from = *from;
    if *name != log.name {
        return once(format!("another change log was followed before ({name})"));
    }
    if log.next <= from {
        return once(format!(
            "its change log was restarted: its next version is {}, and {} was read before",
            count(log.next),
            count(from)
        ));
    }
    let is_cut = match log.oldest {
        // Numbers of a database: whatever they are, they must not break a run.
        Some(oldest) => oldest.saturating_sub(1) > from,
        None => log.next.saturating_sub(1) > from,
    };
    if is_cut {
        return once(format!("its change log was cut: versions after {} are not there any more", count(from)));
    }
    Course::Follow { from, log }
}

/// The silent stall in one line, with its fix; `None` if all is well.
pub(super) fn stall(log: &LogState) -> Option<String> {
    let ahead = log.stalled_by();
    let newest = log.next.saturating_sub(1);
    (ahead > 0).then(|| {
        format!(
            "silent stall: Commerce's own cursor {} is ahead of its change log, whose newest version is {}, so Commerce \
             itself skips the next {} changes without an error; to mend it: UPDATE mview_state SET version_id = {newest} \
             WHERE view_id = '{}', then bin/magento indexer:reindex {}",
            count(log.commerce_cursor),
            count(newest),
            count(ahead),
            log.view,
            log.indexer
        )
    })
}

/// Where a log stands now, for a full compare that begins after it was asked: `None` if there is none to follow.
pub(super) async fn position(lane: &Lane) -> Result<Option<Position>, Halt> {
    let feed = lane.plan.feed;
    let ChangeLog::Kept(log) = or_braked(lane, lane.run.source.change_log(feed)).await? else { return Ok(None) };
    let version = log.end();
    let after = version.saturating_sub(GAPS_KEPT as u64);
    let entries = or_braked(lane, lane.run.source.changes(feed, Span { after, to: version }, GAPS_KEPT)).await?;
    let mut gaps = Gaps::after(after);
    gaps.pass(&entries);
    let missing = gaps.up_to(version);
    Ok(Some(Position { log: log.name, version, missing, found: Vec::new() }))
}

/// Chooses, in the ledger, the records that the log names since `from`. Returns how far it was read.
pub(super) async fn choose_changed(lane: &Lane, from: u64, log: LogState) -> Result<Position, Halt> {
    let feed = lane.plan.feed;
    let mut position = Position { log: log.name.clone(), version: from.max(log.end()), ..Position::default() };
    let remembered = in_ledger(lane, lane.run.ledger.call(move |store| store.gaps(feed)).await)?;
    for versions in remembered.chunks(VERSIONS_AT_ONCE) {
        let entries = or_braked(lane, lane.run.source.changes_at(feed, versions)).await?;
        position.found.extend(entries.iter().map(|entry| entry.version));
        choose(lane, entries).await?;
    }
    let mut gaps = Gaps::after(from);
    let mut after = from;
    loop {
        let span = Span { after, to: position.version };
        let entries = or_braked(lane, lane.run.source.changes(feed, span, ENTRIES_AT_ONCE)).await?;
        gaps.pass(&entries);
        let read = entries.len();
        after = entries.last().map_or(after, |entry| entry.version);
        choose(lane, entries).await?;
        if read < ENTRIES_AT_ONCE {
            break;
        }
    }
    position.missing = gaps.up_to(position.version);
    Ok(position)
}

/// Chooses the records that these entries name, and those that show something of them.
async fn choose(lane: &Lane, entries: Vec<Entry>) -> Result<(), Halt> {
    let feed = lane.plan.feed;
    let (mut keys, mut skus) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry.record {
            Touched::Key(key) => keys.push(key),
            Touched::Sku(sku) => skus.push(sku),
        }
    }
    keys.sort_unstable();
    keys.dedup();
    skus.sort_unstable();
    skus.dedup();
    if !skus.is_empty() {
        let resolved = or_braked(lane, lane.run.source.resolve(feed, &skus, IdKind::Sku)).await?;
        if let Selection::Keys(known) = resolved.selection {
            keys.extend(known);
        }
        if !resolved.unknown.is_empty() {
            // There is no such product any more: what is left of it is in the ledger only.
            let gone = resolved.unknown;
            let chosen = lane.run.ledger.call(move |store| store.choose_rows_named(&gone, false, true)).await;
            in_ledger(lane, chosen)?;
        }
    }
    if keys.is_empty() {
        return Ok(());
    }
    if feed == Feed::Variants {
        choose_children_of_gone(lane, &keys).await?;
    }
    let keys = or_braked(lane, lane.run.source.with_dependents(feed, keys)).await?;
    in_ledger(lane, lane.run.ledger.call(move |store| store.choose_keys(&keys)).await)
}

/// Chooses what were variants of those of these products that are gone.
async fn choose_children_of_gone(lane: &Lane, keys: &[u64]) -> Result<(), Halt> {
    let words: Vec<String> = keys.iter().map(u64::to_string).collect();
    let resolved = or_braked(lane, lane.run.source.resolve(Feed::Products, &words, IdKind::Id)).await?;
    let gone: Vec<u64> = resolved.unknown.iter().filter_map(|key| key.parse().ok()).collect();
    if gone.is_empty() {
        return Ok(());
    }
    in_ledger(lane, lane.run.ledger.call(move |store| store.choose_children_of(&gone)).await)
}

/// The versions that are missing in a log, the newest [`GAPS_KEPT`] of them.
#[derive(Debug)]
struct Gaps {
    next: u64,
    missing: VecDeque<u64>,
}

impl Gaps {
    /// Nothing above `version` was met yet.
    fn after(version: u64) -> Self {
        Self { next: version.saturating_add(1), missing: VecDeque::new() }
    }

    /// Takes note of the next entries of the log.
    fn pass(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.miss_until(entry.version);
            self.next = entry.version.saturating_add(1);
        }
    }

    /// The missing versions up to and with the last.
    fn up_to(mut self, last: u64) -> Vec<u64> {
        self.miss_until(last.saturating_add(1));
        self.missing.into()
    }

    fn miss_until(&mut self, version: u64) {
        let first = self.next.max(version.saturating_sub(GAPS_KEPT as u64));
        self.missing.extend(first..version);
        let surplus = self.missing.len().saturating_sub(GAPS_KEPT);
        self.missing.drain(..surplus);
    }
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
    let followed = Followed { last_full: jiff::Timestamp::UNIX_EPOCH, log: Some((name.to_owned(), cursor)) };
    let course = course(Some(&followed), ChangeLog::Kept(log("a_cl".to_owned())));
    let mut gaps = Gaps::after(cursor);
    gaps.pass(&versions.iter().map(|version| Entry { version: *version, record: Touched::Key(1) }).collect::<Vec<_>>());
    assert!(gaps.up_to(newest).len() <= GAPS_KEPT);
    let reason = match course {
        Course::Follow { .. } => None,
        Course::Once { reason } | Course::Always { reason } => Some(reason),
    };
    reason.into_iter().chain(stall(&log(name.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn log(oldest: Option<u64>, newest: Option<u64>, next: u64) -> LogState {
        LogState { name: "a_cl".to_owned(), oldest, newest, next, commerce_cursor: 0, view: "a", indexer: "a_indexer" }
    }

    fn followed(cursor: u64) -> Followed {
        Followed { last_full: Timestamp::UNIX_EPOCH, log: Some(("a_cl".to_owned(), cursor)) }
    }

    fn reason(course: &Course) -> &str {
        match course {
            Course::Follow { .. } => "",
            Course::Once { reason } | Course::Always { reason } => reason,
        }
    }

    #[test]
    fn a_log_is_followed_from_where_it_was_left() {
        for (oldest, newest, next, cursor) in [
            (Some(1), Some(9), 10, 0),
            (Some(1), Some(9), 10, 9),
            // Commerce cleans below its own cursor: what was read before may go.
            (Some(6), Some(9), 10, 5),
            (None, None, 10, 9),
            (None, None, 1, 0),
        ] {
            let log = log(oldest, newest, next);
            let course = course(Some(&followed(cursor)), ChangeLog::Kept(log.clone()));
            assert_eq!(course, Course::Follow { from: cursor, log });
        }
    }

    #[test]
    fn a_log_that_was_cut_restarted_exchanged_or_never_followed_costs_one_full_compare() {
        let kept = |oldest, newest, next| ChangeLog::Kept(log(oldest, newest, next));
        let once = |followed: Option<&Followed>, log| {
            let course = course(followed, log);
            assert!(matches!(course, Course::Once { .. }), "{course:?}");
            reason(&course).to_owned()
        };
        assert!(once(Some(&followed(5)), kept(Some(7), Some(9), 10)).contains("cut"));
        assert!(once(Some(&followed(5)), kept(None, None, 10)).contains("cut"));
        assert!(once(Some(&followed(5)), kept(Some(1), Some(4), 5)).contains("restarted"));
        assert!(once(Some(&followed(5)), kept(None, None, 1)).contains("restarted"));
        assert!(once(None, kept(None, None, 1)).contains("never compared"));
        let unfollowed = Followed { last_full: Timestamp::UNIX_EPOCH, log: None };
        assert!(once(Some(&unfollowed), kept(None, None, 1)).contains("not followed before"));
        let other = Followed { log: Some(("b_cl".to_owned(), 5)), ..unfollowed };
        assert!(once(Some(&other), kept(Some(1), Some(9), 10)).contains("b_cl"));
        let none = ChangeLog::NotKept { reason: "it is missing".into() };
        assert_eq!(course(Some(&followed(5)), none), Course::Always { reason: "it is missing".to_owned() });
    }

    #[test]
    fn a_stall_is_named_with_its_fix_and_only_a_stall() {
        let mut log = log(Some(1), Some(11), 12);
        for commerce_cursor in [0, 11] {
            log.commerce_cursor = commerce_cursor;
            assert_eq!(stall(&log), None);
        }
        log.commerce_cursor = 900;
        let words = stall(&log).expect("a stall");
        assert!(words.contains("skips the next 889 changes"), "{words}");
        assert!(words.contains("SET version_id = 11 WHERE view_id = 'a'"), "{words}");
        assert!(words.contains("indexer:reindex a_indexer"), "{words}");
    }

    fn entries(versions: &[u64]) -> Vec<Entry> {
        versions.iter().map(|version| Entry { version: *version, record: Touched::Key(1) }).collect()
    }

    #[test]
    fn missing_versions_are_those_between_and_the_newest_are_kept() {
        let mut gaps = Gaps::after(3);
        gaps.pass(&entries(&[5, 6]));
        gaps.pass(&entries(&[9]));
        assert_eq!(gaps.up_to(10), [4, 7, 8, 10]);
        assert_eq!(Gaps::after(3).up_to(3), [0_u64; 0]);
        let mut gaps = Gaps::after(0);
        gaps.pass(&entries(&[2, 1_000_000]));
        let missing = gaps.up_to(1_000_001);
        assert_eq!((missing.len(), missing[0], missing[GAPS_KEPT - 1]), (GAPS_KEPT, 990_001, 1_000_001));
    }
}
