//! What a run tells, in words: one line for each change, the same in plain lines and on the screen.
//!
//! Pure: it must never know who reads the lines, and it reads no clock but the run's own.

use std::fmt::Write as _;
use std::time::Duration;

use super::progress::{FeedProgress, ItemFailure, Limit, Phase, Progress, RunEnd, RunEvent, RunReport};
use crate::error::Exit;
use crate::feeds::Feed;
use crate::words::{count, counted, duration, rate};

/// The least time between two lines about what holds a run back: where two limits are nearly equal they take turns.
const LIMIT_EVERY: Duration = Duration::from_secs(10);

/// A lifecycle change in one line.
#[must_use]
pub fn event_line(event: &RunEvent) -> String {
    match event {
        RunEvent::FirstSync { source_records } => {
            let known = source_records.iter().filter_map(|(_, records)| *records).sum();
            format!(
                "This data space has nothing from here yet: everything will be sent, of {}",
                counted(known, "source record")
            )
        }
        RunEvent::FeedStarted { feed, source_records } => {
            let records = source_records.map_or("an unknown number of".to_owned(), count);
            format!("{feed}: started, {records} source records")
        }
        RunEvent::ItemFailed(failure) => failure_line(failure),
        RunEvent::Retrying { feed, attempt, after, reason } => {
            format!("{feed}: try {attempt} of a batch failed ({reason}); again in {}", short(*after))
        }
        RunEvent::Note { feed, text } => format!("{feed}: {text}"),
        RunEvent::FeedFinished(feed) => finished_line(feed),
        RunEvent::KeysRefused { message, request_id, .. } => {
            let id = request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default();
            format!("The gateway refused the keys: {message}{id}")
        }
    }
}

/// A wait of less than a minute with its tenths: most waits are short.
fn short(wait: Duration) -> String {
    if wait < Duration::from_mins(1) { format!("{:.1} s", wait.as_secs_f64()) } else { duration(wait) }
}

/// How a feed ended, in one line.
#[must_use]
pub fn finished_line(feed: &FeedProgress) -> String {
    format!(
        "{}: {}; {} submitted to service, {} unchanged, {} will be retried, {} need attention",
        feed.feed,
        feed.phase.word(),
        counted(feed.submitted, "item"),
        count(feed.unchanged),
        count(feed.will_retry),
        count(feed.needs_attention),
    )
}

/// A failed item in one line: which, its state, the server's own text, code and request id.
#[must_use]
pub fn failure_line(failure: &ItemFailure) -> String {
    let mut text = format!("{}: {}: {}: {}", failure.feed, failure.label, failure.state.words(), failure.message);
    if !failure.code.is_empty() {
        let _ = write!(text, " [{}]", failure.code);
    }
    if let Some(id) = &failure.request_id {
        let _ = write!(text, " (request {id})");
    }
    text
}

/// How a run ended, never better than it was.
#[must_use]
pub fn end_words(report: &RunReport) -> &'static str {
    match &report.end {
        RunEnd::Complete if report.exit() == Exit::Partial => "complete, but some items failed",
        RunEnd::Complete => "complete",
        RunEnd::Stopped => "stopped; a re-run goes on",
        RunEnd::Failed { .. } => "failed; a re-run goes on",
        RunEnd::KeysRefused { .. } => "keys refused; a re-run goes on",
    }
}

/// What holds a run back.
#[must_use]
pub fn limit_words(limit: &Limit) -> String {
    match limit {
        Limit::Unknown => "measuring".to_owned(),
        Limit::Gateway { requests_per_second } => {
            format!("limited by the gateway ({} requests/s)", rate(*requests_per_second))
        }
        Limit::Source => "limited by the source, which is still being read".to_owned(),
        Limit::Paused { by: Some(by) } => format!("paused by {by}"),
        Limit::Paused { by: None } => "paused: the batches in flight are finished, nothing more is sent".to_owned(),
        // A wait that is nearly over still takes a moment: never zero.
        Limit::Waiting { remaining, reason } => format!("waiting {} {reason}", duration(up_to_second(*remaining))),
    }
}

fn up_to_second(time: Duration) -> Duration {
    Duration::from_secs((time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1))
}

/// What changed between two readings of the counters and is worth a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A feed goes on to its next phase. That it began and how it ended are events.
    Phase(FeedProgress),
    /// Something else holds the run back now.
    Limit(Limit),
    /// A stop was asked for.
    Stopping,
}

impl Change {
    /// The change in one line.
    #[must_use]
    pub fn line(&self) -> String {
        match self {
            Change::Phase(feed) if feed.phase == Phase::Deleting => {
                format!("{}: looking for what the source no longer has, to delete it in the service", feed.feed)
            }
            Change::Phase(feed) => format!(
                "{}: {} read; {} of {} still to be sent",
                feed.feed,
                counted(feed.source_read, "source record"),
                count(feed.to_send().saturating_sub(feed.settled())),
                counted(feed.to_send(), "item"),
            ),
            Change::Limit(limit) => sentence(&limit_words(limit)),
            Change::Stopping => "Stopping: the batches in flight are finished first".to_owned(),
        }
    }
}

/// The text with its first letter as a capital.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Finds the changes in the counters of one run, as they come in.
#[derive(Debug, Default)]
pub struct Changes {
    phases: Vec<(Feed, Phase)>,
    limit: Option<String>,
    limit_at: Option<Duration>,
    is_stopping: bool,
}

impl Changes {
    /// What is new in these counters.
    pub fn of(&mut self, progress: &Progress) -> Vec<Change> {
        let mut changes = Vec::new();
        for feed in &progress.feeds {
            if self.is_new_phase(feed) && matches!(feed.phase, Phase::Sending | Phase::Deleting) && feed.to_send() > 0 {
                changes.push(Change::Phase(feed.clone()));
            }
        }
        if self.is_new_limit(progress) {
            changes.push(Change::Limit(progress.limit.clone()));
        }
        if progress.stopping && !std::mem::replace(&mut self.is_stopping, progress.stopping) {
            changes.push(Change::Stopping);
        }
        changes
    }

    fn is_new_phase(&mut self, feed: &FeedProgress) -> bool {
        if let Some((_, phase)) = self.phases.iter_mut().find(|(known, _)| *known == feed.feed) {
            return std::mem::replace(phase, feed.phase) != feed.phase;
        }
        self.phases.push((feed.feed, feed.phase));
        true
    }

    fn is_new_limit(&mut self, progress: &Progress) -> bool {
        let limit = match &progress.limit {
            Limit::Unknown => return false,
            // The time that is left of a wait is no change.
            Limit::Waiting { reason, .. } => reason.as_str().to_owned(),
            other => limit_words(other),
        };
        let is_soon = self.limit_at.is_some_and(|at| progress.elapsed.saturating_sub(at) < LIMIT_EVERY);
        if is_soon || self.limit.as_ref() == Some(&limit) {
            return false;
        }
        self.limit = Some(limit);
        self.limit_at = Some(progress.elapsed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(second: u64, phase: Phase, limit: Limit) -> Progress {
        let feed = FeedProgress { phase, source_read: 40, new: 80, submitted: 60, ..FeedProgress::new(Feed::Products) };
        Progress { elapsed: Duration::from_secs(second), limit, ..Progress::new(vec![feed], false) }
    }

    fn lines(changes: &mut Changes, progress: &Progress) -> Vec<String> {
        changes.of(progress).iter().map(Change::line).collect()
    }

    #[test]
    fn a_phase_is_told_once() {
        let mut changes = Changes::default();
        assert!(changes.of(&progress(0, Phase::Collecting, Limit::Unknown)).is_empty(), "the event says that it began");
        let sending = progress(1, Phase::Sending, Limit::Unknown);
        let line = "products: 40 source records read; 20 of 80 items still to be sent";
        assert_eq!(lines(&mut changes, &sending), [line]);
        assert!(changes.of(&sending).is_empty());
        assert!(changes.of(&progress(2, Phase::Done, Limit::Unknown)).is_empty(), "the event says how it ended");
    }

    #[test]
    fn limits_that_take_turns_are_told_once_in_a_while() {
        let mut changes = Changes::default();
        let gateway = Limit::Gateway { requests_per_second: 2.0 };
        let mut told = Vec::new();
        for second in 0..60 {
            let limit = if second % 2 == 0 { gateway.clone() } else { Limit::Source };
            told.extend(changes.of(&progress(second, Phase::Waiting, limit)));
        }
        assert!((2..=6).contains(&told.len()), "{told:?}");
        assert_eq!(told.first().map(Change::line).as_deref(), Some("Limited by the gateway (2 requests/s)"));
    }

    #[test]
    fn a_wait_is_told_once_while_its_time_goes_by() {
        let mut changes = Changes::default();
        let wait = |seconds| Limit::Waiting { remaining: Duration::from_secs(seconds), reason: "after a 429".into() };
        assert_eq!(lines(&mut changes, &progress(0, Phase::Waiting, wait(60))), ["Waiting 1 min 00 s after a 429"]);
        assert!(changes.of(&progress(30, Phase::Waiting, wait(30))).is_empty());
    }

    #[test]
    fn a_stop_is_told_once() {
        let mut changes = Changes::default();
        let stopping = Progress { stopping: true, ..progress(0, Phase::Waiting, Limit::Unknown) };
        assert_eq!(changes.of(&stopping), [Change::Stopping]);
        assert!(changes.of(&stopping).is_empty());
    }
}
