//! What a log names is compared again: Commerce writes the log first and fills the indexes that items are read from later, and a
//! save may commit its log before its last row.
//!
//! Keys are compared again by every pass for some minutes, and once more when every index has passed the moment in which they
//! were named, however late that is.

use super::super::ledger::{Group, Marks, Recheck};
use crate::domain::Feed;
use crate::export::feed_run::{FeedRun, StopReason, in_ledger};
use crate::feeds::source::changes::Moment;

/// For how many seconds keys are compared again at least, whatever the indexes say: the longest save.
const LEAST_AGE: i64 = 60;
/// For how many seconds they are compared by every pass; then only once more, when the indexes have passed them.
const EVERY_PASS: i64 = 15 * 60;

/// Chooses what was named before and must be compared again. Returns what is to be kept of it when this pass is done.
pub(super) async fn choose(feed_run: &FeedRun, moment: &Moment) -> Result<Recheck, StopReason> {
    let feed = feed_run.plan.feed;
    let (recheck, wanted) = look(feed_run, moment).await?;
    let chosen =
        feed_run.run.ledger.call(move |store| wanted.iter().try_for_each(|group| store.choose_group(feed, *group)));
    in_ledger(feed_run, chosen.await)?;
    Ok(recheck)
}

/// What is to be kept, and which groups this pass must compare.
pub(super) async fn look(feed_run: &FeedRun, moment: &Moment) -> Result<(Recheck, Vec<i64>), StopReason> {
    let feed = feed_run.plan.feed;
    let groups = in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.rechecks(feed)).await)?;
    let done = groups.iter().filter(|group| is_done(group, moment)).map(|group| group.id).collect();
    let wanted = groups.iter().filter(|group| is_wanted(group, moment)).map(|group| group.id).collect();
    let marks = moment.indexes.iter().map(|index| (index.view.clone(), index.newest)).collect();
    // An order is sent for each change of it; no index is behind it.
    Ok((Recheck { since: moment.now, marks, done, is_wanted: feed != Feed::Orders }, wanted))
}

/// Seconds since a group was named; a clock that was put back counts as well.
fn age(group: &Group, moment: &Moment) -> i64 {
    moment.now.saturating_sub(group.since).saturating_abs()
}

/// Whether every index has passed the moment in which a group was named.
fn is_passed(marks: &Marks, moment: &Moment) -> bool {
    moment.indexes.iter().all(|index| marks.get(&index.view).is_none_or(|mark| index.is_idle && index.cursor >= *mark))
}

fn is_done(group: &Group, moment: &Moment) -> bool {
    age(group, moment) >= LEAST_AGE && is_passed(&group.marks, moment)
}

fn is_wanted(group: &Group, moment: &Moment) -> bool {
    age(group, moment) <= EVERY_PASS || is_passed(&group.marks, moment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::source::changes::IndexView;

    fn moment(now: i64, cursor: u64, is_idle: bool) -> Moment {
        let index = IndexView { view: "stock".to_owned(), newest: 9, cursor, is_idle };
        Moment { now, indexes: vec![index], ..Moment::default() }
    }

    #[test]
    fn keys_are_compared_for_some_minutes_and_once_more_when_the_index_has_passed_them() {
        let group = Group { id: 1, since: 1_000, marks: Marks::from([("stock".to_owned(), 7)]) };
        let fate = |moment: &Moment| (is_wanted(&group, moment), is_done(&group, moment));
        assert_eq!(fate(&moment(1_001, 7, true)), (true, false), "the save may not be done");
        assert_eq!(fate(&moment(1_060, 7, true)), (true, true));
        assert_eq!(fate(&moment(1_060, 6, true)), (true, false), "the index is behind");
        assert_eq!(fate(&moment(1_060, 7, false)), (true, false), "it is being filled");
        assert_eq!(fate(&moment(9_000, 6, true)), (false, false), "not by every pass");
        assert_eq!(fate(&moment(9_000, 7, true)), (true, true), "but once more");
        assert_eq!(fate(&moment(100, 7, true)), (true, true), "the clock was put back");
    }

    #[test]
    fn an_index_that_keeps_no_log_is_passed() {
        let marks = Marks::from([("gone".to_owned(), 7)]);
        assert!(is_passed(&marks, &moment(0, 0, true)));
        assert!(is_passed(&Marks::new(), &moment(0, 0, false)));
    }
}
