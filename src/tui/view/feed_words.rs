//! What is said of a feed: a word, a shape and a role, from the run where there is one, else from the ledger.

use super::look::Role;
use crate::export::ledger::FeedSummary;
use crate::export::progress::{FeedProgress, Limit, Phase};
use crate::feeds::Feed;
use crate::tui::state::export::ExportPane;
use crate::tui::state::run::{ActiveRun, RunState};
use crate::tui::state::totals::is_collecting;
use crate::words::count;

/// The state of a feed as a person reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedWord {
    /// Shape and word.
    pub text: &'static str,
    /// Its role.
    pub role: Role,
}

const fn word(text: &'static str, role: Role) -> FeedWord {
    FeedWord { text, role }
}

/// The state of a feed. A run that ended leaves its word only where the ledger cannot say it.
pub fn state_of(pane: &ExportPane, feed: Feed) -> FeedWord {
    let progress = pane.progress_of(feed);
    let dry_run = pane.progress().is_some_and(|progress| progress.dry_run);
    match (&pane.run, progress) {
        (RunState::Active(_), Some(progress)) => of_progress(progress, dry_run),
        (RunState::Ended(_), Some(progress)) if dry_run || matches!(progress.phase, Phase::Stopped | Phase::Failed) => {
            of_progress(progress, dry_run)
        }
        _ => match pane.summary_of(feed) {
            Some(summary) => of_summary(summary),
            None if feed.is_experimental() => word("◇ on request", Role::Dim),
            None => word("○ never sent", Role::Dim),
        },
    }
}

fn of_progress(progress: &FeedProgress, dry_run: bool) -> FeedWord {
    match progress.phase {
        Phase::Waiting => word("○ waiting", Role::Dim),
        Phase::Collecting if dry_run => word("▶ counting", Role::Accent),
        Phase::Collecting => word("▶ collecting", Role::Accent),
        Phase::Sending => word("▶ sending", Role::Accent),
        Phase::Deleting => word("▶ deleting", Role::Accent),
        Phase::Stopped => word("■ stopped", Role::Warning),
        Phase::Failed => word("✗ failed", Role::Danger),
        Phase::Done if progress.needs_attention > 0 => word("▲ attention", Role::Danger),
        Phase::Done if progress.will_retry > 0 => word("◐ will retry", Role::Warning),
        Phase::Done if dry_run => word("◇ counted", Role::Text),
        Phase::Done if progress.to_send() == 0 => word("● unchanged", Role::Good),
        Phase::Done => word("● submitted", Role::Good),
    }
}

fn of_summary(summary: &FeedSummary) -> FeedWord {
    if summary.needs_attention > 0 {
        word("▲ attention", Role::Danger)
    } else if summary.will_retry > 0 {
        word("◐ will retry", Role::Warning)
    } else if summary.awaiting > 0 {
        word("○ awaiting", Role::Warning)
    } else if summary.last_sync.is_none() {
        word("■ not whole", Role::Warning)
    } else {
        word("● submitted", Role::Good)
    }
}

/// Items submitted of those to submit, exact. While more may be found, the total says so by `+`.
pub fn submitted(pane: &ExportPane, feed: Feed, room: usize) -> String {
    let running = matches!(pane.run, RunState::Active(_));
    match pane.progress_of(feed) {
        Some(progress) if pane.progress().is_some_and(|all| all.dry_run) => {
            format!("{} to send", count(progress.to_send()))
        }
        Some(progress) if running && progress.phase == Phase::Done && progress.to_send() == 0 => {
            format!("{} known", count(progress.unchanged))
        }
        Some(progress) if running && progress.phase != Phase::Waiting => {
            of_total(progress.submitted, progress.to_send(), is_collecting(progress), room)
        }
        _ => pane.summary_of(feed).map_or("-".to_owned(), |summary| count(summary.submitted)),
    }
}

/// So many of so many, in at most `room` columns. A number is shown whole or not at all.
pub fn of_total(sent: u64, total: u64, is_collecting: bool, room: usize) -> String {
    let more = if is_collecting { "+" } else { "" };
    let (sent, total) = (count(sent), count(total));
    [format!("{sent} of {total}{more}"), format!("{sent}/{total}{more}")]
        .into_iter()
        .find(|text| text.len() <= room)
        .unwrap_or(sent)
}

/// Items that failed, by either state.
pub fn failed(pane: &ExportPane, feed: Feed) -> u64 {
    let running = matches!(pane.run, RunState::Active(_));
    match pane.progress_of(feed) {
        Some(progress) if running => progress.will_retry + progress.needs_attention,
        _ => pane.summary_of(feed).map_or(0, |summary| summary.will_retry + summary.needs_attention),
    }
}

/// What holds the run back: the reason of its ETA.
pub fn limit(run: &ActiveRun) -> String {
    match &run.progress.limit {
        Limit::Unknown => "measuring".to_owned(),
        Limit::Gateway { requests_per_second } => {
            let rate = super::text::rate(*requests_per_second);
            format!("limited by the gateway ({} requests/s)", rate.strip_suffix(".0").unwrap_or(&rate))
        }
        Limit::Source => "limited by the source, which is still being read".to_owned(),
        Limit::Waiting { remaining, reason } => {
            let left = remaining.saturating_sub(run.age());
            // A wait that is nearly over still takes a moment: round up, never to zero.
            format!("waiting {} s {reason}", left.as_secs() + 1)
        }
    }
}
