//! The rolling compare: each partial sync compares a range of every feed's records as well, deletions included, so that the
//! whole shop is compared within a set time. It finds what no change log tells.
//!
//! How much is due is planned by time; how much is done is bounded by the database's time that it takes, which is measured. Where
//! it stands is in the ledger, after each step, so that a service and cron continue where the other stopped, and so does a run
//! after one that died.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shares of counts and of microseconds, all above zero and far below 2^52"
)]

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::compare::{Reading, begin, compare_and_sweep};
use super::feed_run::{FeedRun, StopReason, in_ledger, note, or_cancelled};
use super::ledger::{Reach, Resend, Round, Rounds};
use super::mode::Rolling;
use super::progress::Phase;
use crate::format::duration;

/// Fewer records than this are not worth the queries that every step begins with, unless they are the last.
const LEAST: u64 = 200;

/// Records in a step: after each the place is kept, and the database's time is looked at.
const STEP: u64 = 2_000;

/// Which part of a round must be done before it is known how long it takes: the first steps are dear.
const ENOUGH_TO_TELL: f64 = 0.25;

/// A share of the database's time that is not a bound.
const ALL_OF_IT: u8 = 100;

/// The turn of a feed in this run, planned before anything else of the feed is done.
#[derive(Debug)]
pub(super) struct Turn {
    rolling: Rolling,
    rounds: Rounds,
}

impl Turn {
    /// Looks where the rolling compare of the feed stands. `None` if there is none.
    pub async fn plan(feed_run: &FeedRun, rolling: Option<Rolling>) -> Result<Option<Self>, StopReason> {
        let Some(rolling) = rolling.filter(|_| !feed_run.run.dry_run && feed_run.run.source.has_keys()) else {
            return Ok(None);
        };
        let feed = feed_run.plan.feed;
        let rounds = feed_run.run.ledger.call(move |store| store.rounds(feed, Timestamp::now())).await;
        Ok(Some(Self { rolling, rounds: in_ledger(feed_run, rounds)? }))
    }

    /// Compares what is due.
    pub async fn take(self, feed_run: &Arc<FeedRun>) -> Result<(), StopReason> {
        let Self { rolling, mut rounds } = self;
        let feed = feed_run.plan.feed;
        let others = rounds.others;
        if rounds.own.total.is_none() {
            rounds.own.total = or_cancelled(feed_run, feed_run.run.source.count(feed)).await?;
            let counted = rounds.own.clone();
            in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.keep_round(feed, &counted)).await)?;
        }
        let (mut round, due) = due(rounds, rolling, Timestamp::now());
        let Some(mut left) = due else { return Ok(()) };
        while left > 0 && !feed_run.cancel.is_pulled() {
            let step = step(feed_run, &mut round, left.min(STEP)).await?;
            left = left.saturating_sub(step.records);
            if let Some(words) = lateness(&mut round, others, rolling) {
                note(feed_run, words).await;
            }
            let kept = round.clone();
            let is_end = step.is_end;
            let keep = feed_run.run.ledger.call(move |store| {
                if is_end { store.finish_round(feed, &kept, Timestamp::now()) } else { store.keep_round(feed, &kept) }
            });
            in_ledger(feed_run, keep.await)?;
            if is_end || (rolling.share < ALL_OF_IT && round.credit <= 0) {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// What a step came to.
struct Stepped {
    records: u64,
    is_end: bool,
}

/// Compares the next records of a round, and what the ledger has between them.
async fn step(feed_run: &Arc<FeedRun>, round: &mut Round, limit: u64) -> Result<Stepped, StopReason> {
    let run = &feed_run.run;
    let before = run.source.query_time();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let after = round.position;
    let keys = or_cancelled(feed_run, feed_run.source().keys_after(feed_run.plan.feed, after, limit))
        .await?
        .unwrap_or_default();
    let is_end = keys.len() < limit;
    let last = keys.last().copied().filter(|_| !is_end);
    let records = keys.len() as u64;
    begin(feed_run, Resend::None).await?;
    in_ledger(feed_run, run.ledger.call(move |store| store.choose_range(&keys, after, last)).await)?;
    run.live_progress.update(|feed| feed.source_records = feed.source_records.map(|before| before + records));
    run.live_progress.set_phase(Phase::Collecting);
    compare_and_sweep(feed_run, Reading::Chosen, Reach::KeysAndRows).await?;
    if feed_run.cancel.is_pulled() {
        return Err(StopReason::Cancelled);
    }
    let spent = micros(run.source.query_time().saturating_sub(before));
    round.position = last;
    round.records += records;
    round.spent += spent;
    round.credit -= spent;
    round.cost = Some(match round.cost {
        _ if is_end => round.spent,
        // What was spent, and what the rest took before.
        Some(cost) => round.spent + (cost as f64 * (1.0 - round.part_done())) as i64,
        None => (round.spent as f64 / round.part_done().max(f64::EPSILON)) as i64,
    });
    Ok(Stepped { records, is_end })
}

impl Round {
    /// Which part of the records was compared, from 0 to 1.
    fn part_done(&self) -> f64 {
        match self.total {
            Some(total) if total > self.records => self.records as f64 / total as f64,
            _ => 1.0,
        }
    }
}

/// How many records are due now; `None` = no step. If there is a step, the round's time and credit are counted up to now.
fn due(rounds: Rounds, rolling: Rolling, now: Timestamp) -> (Round, Option<u64>) {
    let Rounds { own: mut round, others: (others, _), last_partial } = rounds;
    let within = millis(rolling.within).max(1);
    let since = |before: Timestamp| match i64::try_from(now.duration_since(before).as_millis()) {
        Ok(passed @ 0..) => passed.min(within),
        // The clock was put back: nobody knows how long it was.
        _ => within,
    };
    let passed = since(round.stepped_at);
    // What becomes due before the next turn is due now, or it would be late by then.
    let time = round.waited.saturating_add(passed).saturating_add(last_partial.map_or(0, since));
    let total = round.total.unwrap_or_default();
    let wanted = if time >= within {
        u64::MAX
    } else {
        let wanted = (total as f64 * time as f64 / within as f64).ceil() as u64;
        wanted.saturating_sub(round.records)
    };
    if wanted < LEAST {
        return (round, None);
    }
    let part = round.cost.map_or(1.0, |cost| cost.max(1) as f64 / (cost.max(1) + others) as f64);
    let earned = |millis: i64| (millis as f64 * 1_000.0 * f64::from(rolling.share) / 100.0 * part) as i64;
    round.credit = round.credit.saturating_add(earned(passed)).min(earned(within));
    round.waited = round.waited.saturating_add(passed);
    round.stepped_at = now;
    let affordable = match round.cost {
        _ if rolling.share >= ALL_OF_IT => u64::MAX,
        _ if round.credit <= 0 => 0,
        // The first step is there to be measured.
        None => LEAST,
        Some(cost) => ((round.credit as f64 / cost.max(1) as f64 * total as f64) as u64).max(LEAST),
    };
    let due = wanted.min(affordable);
    (round, (due > 0).then_some(due))
}

/// What to say when the share of the database's time begins to be too small: by the feed that takes the most, once.
fn lateness(round: &mut Round, (others, greatest): (i64, i64), rolling: Rolling) -> Option<String> {
    let cost = round.cost?;
    let needed = cost.saturating_add(others);
    let allowed = micros(rolling.within) as f64 * f64::from(rolling.share) / 100.0;
    if rolling.share >= ALL_OF_IT || (needed as f64) <= allowed {
        round.is_late = false;
        return None;
    }
    if round.is_late || cost < greatest || round.part_done() < ENOUGH_TO_TELL {
        return None;
    }
    round.is_late = true;
    let length = |micros: f64| duration(Duration::from_micros(micros as u64));
    Some(format!(
        "{}% of the database's time is not enough to compare the whole shop within {}: one round of all feeds takes {} of it, so \
         a round takes about {}; raise --full-within or --database-share",
        rolling.share,
        duration(rolling.within),
        length(needed as f64),
        length(needed as f64 * 100.0 / f64::from(rolling.share.max(1))),
    ))
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Rolling = Rolling { within: Duration::from_hours(1), share: 10 };
    const SECOND: i64 = 1_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000_000 + seconds).expect("a time")
    }

    fn round(total: u64) -> Round {
        Round { total: Some(total), cost: Some(SECOND), ..Round::begun(at(0)) }
    }

    fn rounds(own: Round, last_partial: i64) -> Rounds {
        Rounds { own, others: (0, 0), last_partial: Some(at(last_partial)) }
    }

    /// Turns so many seconds apart, each of which does all that it may: the seconds after which rounds ended, and the most that
    /// was done in one turn.
    fn play(mut round: Round, others: i64, every: i64, hours: i64, cost: f64) -> (Vec<i64>, u64) {
        let total = round.total.expect("counted");
        let (mut ends, mut most) = (Vec::new(), 0);
        for turn in 1..=hours * 3600 / every {
            let now = turn * every;
            let rounds = Rounds { own: round, others: (others, 0), last_partial: Some(at(now - every)) };
            let due;
            (round, due) = super::due(rounds, HOUR, at(now));
            let Some(due) = due else { continue };
            let done = due.min(total - round.records);
            most = most.max(done);
            round.records += done;
            let spent = (cost * done as f64) as i64;
            round.spent += spent;
            round.credit -= spent;
            if due > done || round.records == total && due == u64::MAX {
                ends.push(now);
                round = Round { total: Some(total), ..round.next(at(now)) };
            }
        }
        (ends, most)
    }

    #[test]
    fn a_round_takes_the_set_time_in_steps_of_one_size() {
        let (ends, most) = play(round(100_000), 0, 60, 4, 10.0);
        assert_eq!(ends, [3540, 7080, 10_620, 14_160]);
        // The first step also does what becomes due until the second.
        assert!(most <= 100_000 / 30 + 1, "{most}");
    }

    #[test]
    fn cron_ends_its_rounds_in_time_as_well_whatever_its_step() {
        for every in [300, 420, 900, 1_500, 1_800] {
            let (ends, _) = play(round(100_000), 0, every, 12, 10.0);
            let lengths = ends.iter().scan(0, |last, end| Some(end - std::mem::replace(last, *end)));
            assert!(lengths.clone().all(|length| length <= 3600), "{every}: {ends:?}");
        }
        let (ends, _) = play(round(100_000), 0, 7_200, 12, 10.0);
        assert_eq!(ends, [7_200, 14_400, 21_600, 28_800, 36_000, 43_200], "everything each time");
    }

    #[test]
    fn a_small_feed_is_compared_once_a_round() {
        let (ends, most) = play(round(3), 0, 60, 3, 10.0);
        assert_eq!((ends, most), (vec![3540, 7080, 10_620], 3));
    }

    #[test]
    fn the_share_of_the_database_is_a_bound() {
        // A round takes 15 minutes of the database, of which it gets 6 minutes an hour: half of that while another feed takes as much.
        let dear = Round { cost: Some(900 * SECOND), ..round(900_000) };
        let (ends, _) = play(dear.clone(), 0, 60, 6, 1_000.0);
        assert_eq!(ends.len(), 2, "{ends:?}");
        assert!(ends[0] >= 9_000, "{ends:?}");
        let (ends, _) = play(dear, 900 * SECOND, 60, 6, 1_000.0);
        assert_eq!(ends.len(), 1, "{ends:?}");
        assert!(ends[0] >= 18_000, "{ends:?}");
    }

    #[test]
    fn what_was_not_measured_yet_is_tried_in_the_smallest_step() {
        let unknown = Round { cost: None, ..round(100_000) };
        assert_eq!(due(rounds(unknown.clone(), 0), HOUR, at(1_800)).1, Some(LEAST));
        let free = Rolling { share: ALL_OF_IT, ..HOUR };
        assert_eq!(due(rounds(unknown, 1_800), free, at(1_800)).1, Some(50_000));
    }

    #[test]
    fn a_machine_that_was_off_and_a_clock_that_was_put_back_are_no_reason_to_take_more() {
        let off = due(rounds(round(100_000), 0), HOUR, at(1_000_000)).0;
        assert_eq!((off.credit, off.waited), (360 * SECOND, 3_600_000), "an hour's share at most");
        let (back, due) = due(rounds(round(100_000), 0), HOUR, at(-1_000_000));
        assert_eq!((due.is_some(), back.credit, back.stepped_at), (true, 360 * SECOND, at(-1_000_000)));
    }

    #[test]
    fn a_share_that_is_too_small_is_told_once_by_the_feed_that_takes_the_most() {
        let mut round = Round { cost: Some(900 * SECOND), records: 50, ..round(100) };
        assert_eq!(lateness(&mut round, (1_000 * SECOND, 901 * SECOND), HOUR), None, "another one says it");
        let words = lateness(&mut round, (600 * SECOND, 500 * SECOND), HOUR).expect("words");
        assert!(words.contains("10% of the database's time") && words.contains("within 1 h 00 min"), "{words}");
        assert!(words.contains("takes 25 min 00 s of it, so a round takes about 4 h 10 min"), "{words}");
        assert_eq!(lateness(&mut round, (600 * SECOND, 500 * SECOND), HOUR), None, "once");
        round.cost = Some(SECOND);
        assert_eq!((lateness(&mut round, (0, 0), HOUR), round.is_late), (None, false), "and again when it comes back");
    }
}
