//! How a run is controlled while it runs: pause, resume, stop, other threads, other batches.
//!
//! A [`Control`] may be held by a screen, a socket and the run itself at once. It knows what is wanted; it must never know who
//! carries it out, or how.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::FeedPlan;
use super::batch_size::LearnedSize;
use crate::bounds::{BATCH_SIZES, THREAD_COUNTS};
use crate::domain::{Feed, ThreadCount};
use crate::error::{Exit, Explain};
use crate::untrusted::SafeText;

/// What a run can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Finish the batches in flight, then send nothing until [`Command::Resume`].
    Pause,
    /// Go on.
    Resume,
    /// Finish the batches in flight, then end.
    Stop,
    /// Requests in flight at a time, from now on.
    SetThreadCount(usize),
    /// Items in one request, for the batches that are made from now on.
    SetBatchSize {
        /// The feed; `None` = every feed of the run.
        feed: Option<Feed>,
        /// How many items.
        items: usize,
    },
}

/// Why a command was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {what} must be from {} to {}, not {given}", .allowed.start(), .allowed.end())]
pub struct OutOfBounds {
    what: &'static str,
    given: usize,
    allowed: RangeInclusive<usize>,
}

impl Explain for OutOfBounds {
    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// That a run is paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// Who paused it, if that is known.
    pub by: Option<SafeText>,
}

/// What is wanted of a run right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Whether it is paused.
    pub paused: Option<Paused>,
    /// Requests in flight at a time.
    pub thread_count: usize,
    /// Whether a person said so.
    pub has_fixed_threads: bool,
    /// Items in one request of each feed, and what the gateway has taught of more.
    pub batch_sizes: BTreeMap<Feed, LearnedSize>,
    /// The feeds of which a person said that.
    pub has_fixed_batches: BTreeSet<Feed>,
}

/// A hold on a run; clones hold the same.
#[derive(Debug, Clone)]
pub struct Control {
    stop: CancellationToken,
    wanted: watch::Sender<Wanted>,
    /// Where commands go if the run is another process's.
    elsewhere: Option<mpsc::Sender<Command>>,
}

impl Control {
    /// A run that goes as planned.
    pub(super) fn new(thread_count: ThreadCount, feeds: &[FeedPlan]) -> Self {
        let wanted = Wanted {
            paused: None,
            thread_count: thread_count.at_first().clamp(1, *THREAD_COUNTS.end()),
            has_fixed_threads: thread_count != ThreadCount::Auto,
            batch_sizes: feeds.iter().map(|plan| (plan.feed, LearnedSize::untried(plan.batch_size))).collect(),
            has_fixed_batches: feeds.iter().filter(|plan| plan.learns_up_to.is_none()).map(|plan| plan.feed).collect(),
        };
        Self { stop: CancellationToken::new(), wanted: watch::Sender::new(wanted), elsewhere: None }
    }

    /// A hold on a run of another process, which is controlled by `commands`.
    #[must_use]
    pub fn elsewhere(commands: mpsc::Sender<Command>) -> Self {
        Self { elsewhere: Some(commands), ..Self::new(ThreadCount::Fixed(1), &[]) }
    }

    /// Has a command carried out; `by` is who gives it, if that is worth telling others. Never waits.
    ///
    /// # Errors
    /// [`OutOfBounds`], and nothing is changed.
    pub fn apply(&self, command: &Command, by: Option<SafeText>) -> Result<(), OutOfBounds> {
        match *command {
            Command::SetThreadCount(count) => check("thread count", count, THREAD_COUNTS)?,
            Command::SetBatchSize { items, .. } => check("batch size", items, BATCH_SIZES)?,
            Command::Pause | Command::Resume | Command::Stop => {}
        }
        if let Some(commands) = &self.elsewhere {
            if *command == Command::Stop {
                self.stop.cancel();
            }
            // Full only if the other process takes nothing any more; the counters, which stand still, say so.
            let _ = commands.try_send(command.clone());
            return Ok(());
        }
        match *command {
            Command::Stop => self.stop.cancel(),
            Command::Pause => drop(self.change(|wanted| {
                wanted.paused.get_or_insert(Paused { by });
            })),
            Command::Resume => drop(self.change(|wanted| wanted.paused = None)),
            Command::SetThreadCount(count) => drop(self.change(|wanted| {
                wanted.thread_count = count;
                wanted.has_fixed_threads = true;
            })),
            Command::SetBatchSize { feed, items } => drop(self.change(|wanted| {
                for (of, size) in &mut wanted.batch_sizes {
                    if feed.is_none_or(|feed| feed == *of) {
                        *size = LearnedSize::untried(items);
                        wanted.has_fixed_batches.insert(*of);
                    }
                }
            })),
        }
        Ok(())
    }

    /// Stops the run: batches in flight are finished and recorded first.
    pub fn stop(&self) {
        // A stop has no bounds to be out of.
        let _ = self.apply(&Command::Stop, None);
    }

    /// Whether the run is another process's.
    pub fn is_elsewhere(&self) -> bool {
        self.elsewhere.is_some()
    }

    /// Whether a stop was asked for.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Returns once a stop was asked for.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Cancelled by a stop.
    pub(super) fn stop_token(&self) -> &CancellationToken {
        &self.stop
    }

    /// What is wanted, and each change of it.
    pub(super) fn watch(&self) -> watch::Receiver<Wanted> {
        self.wanted.subscribe()
    }

    /// Requests in flight at a time.
    pub(super) fn thread_count(&self) -> usize {
        self.wanted.borrow().thread_count
    }

    /// Items in one request of a feed.
    pub(super) fn batch_size(&self, feed: Feed) -> usize {
        self.wanted.borrow().batch_sizes.get(&feed).map_or_else(|| feed.batch_size(), |size| size.items)
    }

    /// Takes as many threads as are needed, within bounds, unless a person said how many.
    pub(super) fn need_threads(&self, count: usize) {
        self.change(|wanted| {
            if !wanted.has_fixed_threads {
                wanted.thread_count = count.clamp(1, *THREAD_COUNTS.end());
            }
        });
    }

    /// What the gateway has taught of the batches of a feed; `None` if a person said how large they are.
    pub(super) fn learned_size(&self, feed: Feed) -> Option<LearnedSize> {
        let wanted = self.wanted.borrow();
        wanted.batch_sizes.get(&feed).copied().filter(|_| !wanted.has_fixed_batches.contains(&feed))
    }

    /// Makes batches of a feed as large as the gateway takes them, unless a person said how large. Whether that is something new.
    pub(super) fn learn_size(&self, feed: Feed, learned: LearnedSize) -> bool {
        self.change(|wanted| {
            if let Some(size) = wanted.batch_sizes.get_mut(&feed)
                && !wanted.has_fixed_batches.contains(&feed)
            {
                *size = learned;
            }
        })
    }

    /// Returns at once unless the run is paused; then when it continues. A stop does not end this wait.
    pub(super) async fn unpaused(&self) {
        self.until(|wanted| wanted.paused.is_none()).await;
    }

    /// Returns once the run is paused.
    pub(super) async fn paused(&self) {
        self.until(|wanted| wanted.paused.is_some()).await;
    }

    /// Returns once a sender in this place, from 0, is one too many.
    pub(super) async fn is_surplus(&self, place: usize) {
        self.until(|wanted| wanted.thread_count <= place).await;
    }

    async fn until(&self, is_so: impl FnMut(&Wanted) -> bool) {
        // We hold a sender, so the channel cannot close.
        let _ = self.wanted.subscribe().wait_for(is_so).await;
    }

    /// Whether something is different now.
    fn change(&self, change: impl FnOnce(&mut Wanted)) -> bool {
        self.wanted.send_if_modified(|wanted| {
            let before = wanted.clone();
            change(wanted);
            *wanted != before
        })
    }
}

fn check(what: &'static str, given: usize, allowed: RangeInclusive<usize>) -> Result<(), OutOfBounds> {
    if allowed.contains(&given) { Ok(()) } else { Err(OutOfBounds { what, given, allowed }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::Plan;

    fn control() -> Control {
        let feeds = [Feed::Products, Feed::Prices];
        Control::new(ThreadCount::Fixed(2), &Plan::feed_plans(&feeds, |_| None, &BTreeMap::new()))
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_in_words_and_changes_nothing() {
        let control = control();
        let before = control.watch().borrow().clone();
        for command in [
            Command::SetThreadCount(0),
            Command::SetThreadCount(33),
            Command::SetThreadCount(usize::MAX),
            Command::SetBatchSize { feed: None, items: 0 },
            Command::SetBatchSize { feed: Some(Feed::Products), items: 10_001 },
        ] {
            assert!(control.apply(&command, None).is_err(), "{command:?}");
        }
        assert_eq!(*control.watch().borrow(), before);
        let error = control.apply(&Command::SetThreadCount(33), None).expect_err("too many");
        assert_eq!(error.to_string(), "the thread count must be from 1 to 32, not 33");
    }

    #[test]
    fn a_batch_size_is_for_one_feed_or_for_all() {
        let control = control();
        let apply = |feed, items| control.apply(&Command::SetBatchSize { feed, items }, None).expect("in bounds");
        apply(Some(Feed::Prices), 50);
        assert_eq!((control.batch_size(Feed::Products), control.batch_size(Feed::Prices)), (100, 50));
        apply(None, 7);
        assert_eq!((control.batch_size(Feed::Products), control.batch_size(Feed::Prices)), (7, 7));
    }

    #[test]
    fn what_is_learned_gives_way_to_what_a_person_says() {
        let plans = Plan::feed_plans(&[Feed::Products, Feed::Prices], |_| None, &BTreeMap::new());
        let control = Control::new(ThreadCount::Auto, &plans);
        assert_eq!(control.thread_count(), 1);
        control.need_threads(99);
        control.learn_size(Feed::Products, LearnedSize::untried(150));
        assert_eq!((control.thread_count(), control.batch_size(Feed::Products)), (32, 150));
        control.apply(&Command::SetThreadCount(2), None).expect("in bounds");
        control.apply(&Command::SetBatchSize { feed: Some(Feed::Products), items: 7 }, None).expect("in bounds");
        control.need_threads(5);
        assert!(!control.learn_size(Feed::Products, LearnedSize::untried(200)));
        assert!(control.learn_size(Feed::Prices, LearnedSize::untried(400)));
        let sizes = [Feed::Products, Feed::Prices].map(|feed| control.batch_size(feed));
        assert_eq!((control.thread_count(), sizes), (2, [7, 400]));
        assert_eq!(control.learned_size(Feed::Products), None, "a person's size is not kept as learned");
        assert_eq!(control.learned_size(Feed::Prices), Some(LearnedSize::untried(400)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_paused_first_is_named_and_anyone_may_resume() {
        let control = control();
        control.apply(&Command::Pause, Some("ann".into())).expect("always");
        control.apply(&Command::Pause, Some("bob".into())).expect("always");
        assert_eq!(control.watch().borrow().paused, Some(Paused { by: Some("ann".into()) }));
        let waits = tokio::spawn({
            let control = control.clone();
            async move { control.unpaused().await }
        });
        tokio::time::sleep(std::time::Duration::from_hours(1)).await;
        assert!(!waits.is_finished());
        control.apply(&Command::Resume, None).expect("always");
        waits.await.expect("it goes on");
    }
}
