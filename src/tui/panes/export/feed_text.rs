//! What is said of a feed: a word, a shape and a role, from the run where there is one, else from the ledger.

use crate::commerce::health::{IndexerStatus, Mode, Part};
use crate::connector::health::{BACKLOG_LIMIT, FeedHealth};
use crate::domain::Feed;
use crate::export::ledger::FeedSummary;
use crate::export::progress::{FeedProgress, Limit, Phase};
use crate::export::report_text::limit_words;
use crate::format::count;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::export::run::{ActiveRun, RunState};
use crate::tui::panes::export::totals::is_collecting;
use crate::tui::theme::Role;

/// The state of a feed as a person reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedWord {
    /// Shape and word.
    pub text: &'static str,
    pub role: Role,
}

const fn word(text: &'static str, role: Role) -> FeedWord {
    FeedWord { text, role }
}

/// The state of a feed. A run that ended leaves its word only where the ledger cannot say it.
pub fn state_of(pane: &ExportPane, feed: Feed) -> FeedWord {
    let progress = pane.progress_of(feed);
    let dry_run = pane.progress().is_some_and(|progress| progress.dry_run);
    // A run that found nothing to send has not made good what failed before.
    let failed_before = |feed| pane.summary_of(feed).filter(|known| known.needs_attention + known.will_retry > 0);
    match (&pane.run, progress) {
        (RunState::Active(_), Some(progress)) => match failed_before(feed) {
            Some(summary) if progress.phase == Phase::Done && !dry_run => of_summary(summary),
            _ if progress.phase.is_active() && is_paused(pane) => word("◌ paused", Role::Warning),
            _ => of_progress(progress, dry_run),
        },
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

fn is_paused(pane: &ExportPane) -> bool {
    pane.progress().is_some_and(|progress| progress.paused.is_some())
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
        Phase::Done if progress.needs_attention > 0 => word("▲ needs a fix", Role::Danger),
        Phase::Done if progress.will_retry > 0 => word("◐ will retry", Role::Warning),
        Phase::Done if dry_run => word("◇ counted", Role::Text),
        Phase::Done if progress.to_send() == 0 => word("● unchanged", Role::Good),
        Phase::Done => word("● sent", Role::Good),
    }
}

fn of_summary(summary: &FeedSummary) -> FeedWord {
    if summary.needs_attention > 0 {
        word("▲ needs a fix", Role::Danger)
    } else if summary.will_retry > 0 {
        word("◐ will retry", Role::Warning)
    } else if summary.awaiting > 0 {
        word("○ not sent", Role::Warning)
    } else if summary.last_sync.is_none() {
        word("■ incomplete", Role::Warning)
    } else {
        word("● sent", Role::Good)
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
        Some(progress) if running && progress.phase == Phase::Waiting && progress.estimated.is_some() => {
            of_total(0, progress.estimated.unwrap_or_default(), false, room)
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

/// The counters of a feed that this run has begun with, and has not ended: until then the ledger is behind them.
fn of_run(pane: &ExportPane, feed: Feed) -> Option<&FeedProgress> {
    let is_sending = pane.active().is_some_and(|run| !run.progress.dry_run);
    pane.progress_of(feed).filter(|progress| is_sending && progress.phase.is_active())
}

/// Items that failed: those that will be retried, and those that need attention.
pub fn failed(pane: &ExportPane, feed: Feed) -> (u64, u64) {
    match of_run(pane, feed) {
        Some(progress) => (progress.will_retry, progress.needs_attention),
        None => pane.summary_of(feed).map_or((0, 0), |summary| (summary.will_retry, summary.needs_attention)),
    }
}

/// Items that have no answer yet, as far as they are found.
pub fn awaiting(pane: &ExportPane, feed: Feed) -> u64 {
    match of_run(pane, feed) {
        Some(progress) => progress.to_send().saturating_sub(progress.settled()),
        None => pane.summary_of(feed).map_or(0, |summary| summary.awaiting),
    }
}

/// The changes that Commerce's own indexer has not seen yet, or why none are counted.
pub fn backlog(health: Option<&FeedHealth>) -> (String, Role) {
    let said = |text: &str, role| (text.to_owned(), role);
    let Some(path) = health.and_then(|health| health.path.as_ref()) else { return said("-", Role::Dim) };
    if path.stall().is_some() {
        return said("stalled", Role::Danger);
    }
    if path.indexer.known().and_then(Option::as_ref) == Some(&IndexerStatus::ReindexRequired) {
        return said("reindex", Role::Danger);
    }
    match path.view.known() {
        Some(Some(view)) if view.mode == Mode::OnSave => said("on save", Role::Warning),
        Some(Some(_)) => match path.log.known().and_then(|log| log.backlog) {
            Some(backlog) => (count(backlog), if backlog > BACKLOG_LIMIT { Role::Warning } else { Role::Dim }),
            None => said("no log", Role::Danger),
        },
        Some(None) => said("-", Role::Dim),
        None => said("unknown", Role::Warning),
    }
}

/// What Adobe's own export says of the feed: how many items failed, or else how many it submitted.
pub fn adobe(health: Option<&FeedHealth>) -> (String, Role) {
    let Some(adobe) = health.and_then(|health| health.adobe.as_ref()) else { return ("-".to_owned(), Role::Dim) };
    match adobe {
        Part::Known(items) => match items.by_state {
            Some(states) if states.needs_attention + states.will_retry > 0 => {
                let role = if states.needs_attention > 0 { Role::Danger } else { Role::Warning };
                (format!("▲ {}", count(states.needs_attention + states.will_retry)), role)
            }
            Some(states) => (count(states.submitted), Role::Dim),
            None => (count(items.rows), Role::Dim),
        },
        Part::Missing { .. } => ("-".to_owned(), Role::Dim),
        Part::Unreadable { .. } => ("unknown".to_owned(), Role::Warning),
    }
}

/// What holds the run back: the reason of its ETA.
pub fn limit(run: &ActiveRun) -> String {
    match &run.progress.limit {
        Limit::Waiting { remaining, reason } => {
            let remaining = remaining.saturating_sub(run.age());
            limit_words(&Limit::Waiting { remaining, reason: reason.clone() })
        }
        other => limit_words(other),
    }
}
