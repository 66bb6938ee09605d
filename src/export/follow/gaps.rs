//! Versions that are missing in a log: they are given out when an entry is inserted, and seen when its transaction is committed,
//! so an entry may appear below a cursor that has passed it.
//!
//! A stretch with missing versions is looked at by every pass until nothing can appear in it any more. Where the server shows
//! what is open, that is when a dirty read shows no more than is committed; a version that nobody has inserted by then was rolled
//! back. A replica, or a node of a cluster, does not show it: there a stretch is looked at for some minutes, and costs a full
//! compare if something is still missing in it.

use super::super::ledger::Gap;
use super::choose_span;
use crate::domain::Feed;
use crate::export::feed_run::{FeedRun, StopReason, or_cancelled};
use crate::feeds::source::changes::{LogEntry, LogState, Moment, Span};
use crate::format::count;

/// How often a stretch is looked at, at least: a version is given out a moment before its entry is written.
const LOOKS: u64 = 3;
/// The same in seconds of the database server's clock.
const LEAST_AGE: i64 = 60;
/// After so many seconds a version is given up on a server that does not show what is open.
const BLIND_AGE: i64 = 15 * 60;
/// Versions that are looked at for what was given out and not written yet.
const GIVEN_OUT: u64 = 1_000;

/// Looks at stretches with missing versions, and chooses what they name now. Returns those that have to be looked at again;
/// `Err` with the reason if only a full compare will do.
pub(super) async fn look(
    feed_run: &FeedRun,
    of: Feed,
    moment: &Moment,
    gaps: Vec<Gap>,
) -> Result<Result<Vec<Gap>, String>, StopReason> {
    let mut left = Vec::new();
    for gap in gaps {
        let present = or_cancelled(feed_run, feed_run.run.source.present(of, gap.span, moment.sight)).await?;
        if present.checksum != gap.present {
            choose_span(feed_run, of, gap.span, &[], true).await?;
        }
        let gap = Gap { present: present.checksum, looks: gap.looks.saturating_add(1), ..gap }.not_ahead_of(moment.now);
        match judge(&gap, moment, present.is_open, present.expected.saturating_sub(present.committed)) {
            Fate::Kept => left.push(gap),
            Fate::Done => {}
            Fate::Lost(missing) => {
                return Ok(Err(format!(
                    "{} of its change log never appeared, and this database server does not show whether a transaction \
                     still holds them",
                    if missing == 1 { "a version".to_owned() } else { format!("{} versions", count(missing)) }
                )));
            }
        }
    }
    Ok(Ok(left))
}

/// What becomes of a stretch.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    Done,
    /// So many versions are still missing, and nobody can tell why.
    Lost(u64),
}

fn judge(gap: &Gap, moment: &Moment, is_open: bool, missing: u64) -> Fate {
    let age = moment.now.saturating_sub(gap.since);
    if moment.sight.shows_open {
        let is_settled = !is_open && gap.looks >= LOOKS && age >= LEAST_AGE;
        return if is_settled { Fate::Done } else { Fate::Kept };
    }
    match (is_too_old(gap, moment), missing) {
        (false, _) => Fate::Kept,
        (true, 0) => Fate::Done,
        (true, missing) => Fate::Lost(missing),
    }
}

fn is_too_old(gap: &Gap, moment: &Moment) -> bool {
    !moment.sight.shows_open && moment.now.saturating_sub(gap.since) >= BLIND_AGE
}

impl Gap {
    /// The server's clock may have been put back: an age must not wait for it to come around again.
    fn not_ahead_of(self, now: i64) -> Self {
        Self { since: self.since.min(now), ..self }
    }
}

/// The stretches that must still be looked at after a full compare: what can be committed after it.
pub(super) fn still_possible(gaps: Vec<Gap>, moment: &Moment) -> Vec<Gap> {
    gaps.into_iter().map(|gap| gap.not_ahead_of(moment.now)).filter(|gap| !is_too_old(gap, moment)).collect()
}

/// The stretch of a log, followed for the first time, in which something may still appear.
pub(super) async fn open(
    feed_run: &FeedRun,
    of: Feed,
    log: &LogState,
    moment: &Moment,
) -> Result<Option<Gap>, StopReason> {
    let to = log.end();
    let mut span = Span { after: log.oldest.unwrap_or(log.next).saturating_sub(1).min(to), to };
    let source = &feed_run.run.source;
    let mut present = or_cancelled(feed_run, source.present(of, Span { after: 0, to }, moment.sight)).await?;
    if moment.sight.shows_open && !present.is_open {
        span.after = span.after.max(to.saturating_sub(GIVEN_OUT));
    } else if moment.sight.shows_open {
        // The lowest entry that is open, to some versions.
        let (mut low, mut high) = (0, to);
        while high - low > GIVEN_OUT {
            let middle = low + (high - low) / 2;
            let half =
                or_cancelled(feed_run, source.present(of, Span { after: low, to: middle }, moment.sight)).await?;
            if half.is_open {
                high = middle;
            } else {
                low = middle;
            }
        }
        span.after = low;
    }
    present = or_cancelled(feed_run, source.present(of, span, moment.sight)).await?;
    let is_whole = !present.is_open && present.committed >= span.to.saturating_sub(span.after);
    Ok((!is_whole).then_some(Gap { span, present: present.checksum, since: moment.now, looks: 0 }))
}

/// The versions that are missing in a log: from the first of them to the last.
#[derive(Debug)]
pub(super) struct Missing {
    next: u64,
    found: Option<Span>,
}

impl Missing {
    /// Nothing above `version` was met yet.
    pub(super) fn after(version: u64) -> Self {
        Self { next: version.saturating_add(1), found: None }
    }

    /// Takes note of the next entries of the log.
    pub(super) fn pass(&mut self, entries: &[LogEntry]) {
        for entry in entries {
            self.miss_until(entry.version);
            self.next = entry.version.saturating_add(1);
        }
    }

    /// The stretch of what is missing up to and with the last; `None` if nothing is.
    pub(super) fn up_to(mut self, last: u64) -> Option<Span> {
        self.miss_until(last.saturating_add(1));
        self.found
    }

    fn miss_until(&mut self, version: u64) {
        if self.next < version {
            let after = self.found.map_or(self.next - 1, |span| span.after);
            self.found = Some(Span { after, to: version - 1 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::source::changes::{Sight, Touched};

    fn entries(versions: &[u64]) -> Vec<LogEntry> {
        versions.iter().map(|version| LogEntry { version: *version, record: Touched::Key(1) }).collect()
    }

    fn moment(now: i64, shows_open: bool) -> Moment {
        Moment { now, sight: Sight { shows_open, stride: 1 }, ..Moment::default() }
    }

    fn gap(since: i64, looks: u64) -> Gap {
        Gap { span: Span { after: 4, to: 9 }, present: 0, since, looks }
    }

    #[test]
    fn missing_versions_are_one_stretch_whatever_their_number() {
        let mut missing = Missing::after(3);
        missing.pass(&entries(&[5, 6]));
        missing.pass(&entries(&[9]));
        assert_eq!(missing.up_to(10), Some(Span { after: 3, to: 10 }));
        assert_eq!(Missing::after(3).up_to(3), None);
        let mut missing = Missing::after(0);
        missing.pass(&entries(&[1, 1_000_000]));
        assert_eq!(missing.up_to(1_000_000), Some(Span { after: 1, to: 999_999 }));
    }

    #[test]
    fn what_is_open_is_kept_for_ever_and_what_is_not_for_some_looks_and_a_minute() {
        let later = moment(1_000_000, true);
        assert_eq!(judge(&gap(0, 1_000), &later, true, 3), Fate::Kept);
        assert_eq!(judge(&gap(0, LOOKS), &later, false, 3), Fate::Done);
        // A clock that jumps makes nothing settled by itself.
        assert_eq!(judge(&gap(0, LOOKS - 1), &later, false, 3), Fate::Kept);
        assert_eq!(judge(&gap(0, 1_000), &moment(LEAST_AGE - 1, true), false, 3), Fate::Kept);
        assert_eq!(judge(&gap(99, 5).not_ahead_of(10), &moment(10, true), false, 3), Fate::Kept);
    }

    #[test]
    fn a_server_that_hides_what_is_open_costs_a_full_compare_for_what_never_came() {
        let later = moment(BLIND_AGE, false);
        assert_eq!(judge(&gap(1, 9), &later, false, 3), Fate::Kept);
        assert_eq!(judge(&gap(0, 9), &later, false, 3), Fate::Lost(3));
        assert_eq!(judge(&gap(0, 9), &later, false, 0), Fate::Done);
        assert_eq!(still_possible(vec![gap(0, 9), gap(1, 9)], &later), [gap(1, 9)], "once");
    }
}
