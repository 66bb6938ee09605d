//! What a run tells, in words: one line for each change, the same in plain lines and on the screen.
//!
//! Pure: it must never know who reads the lines, and it reads no clock but the run's own.

use std::fmt::Write as _;
use std::time::Duration;

use super::progress::{FeedProgress, ItemFailure, Limit, Phase, Progress, RunEnd, RunEvent, RunReport};
use crate::domain::Feed;
use crate::error::Exit;
use crate::format::{bytes, count, counted, duration, rate};
use crate::untrusted::SafeText;

/// The least time between two lines about what holds a run back: where two limits are nearly equal they take turns.
const LIMIT_EVERY: Duration = Duration::from_secs(10);
/// A wait of at least this is worth a line of its own.
const LONG_WAIT: Duration = Duration::from_secs(5);

/// A lifecycle change in one line.
pub fn event_line(event: &RunEvent) -> String {
    match event {
        RunEvent::FirstSync { source_records } => {
            let known = source_records.iter().filter_map(|(_, records)| *records).sum();
            format!("First export to this data space: everything will be sent, {}", counted(known, "source record"))
        }
        RunEvent::FeedStarted { feed, source_records } => {
            let unknown = || "an unknown number of source records".to_owned();
            let records = source_records.map_or_else(unknown, |records| counted(records, "source record"));
            format!("{feed}: started, {records}")
        }
        RunEvent::ItemFailed(failure) => failure_line(failure),
        RunEvent::Retrying { feed, attempt, after, reason } => {
            format!("{feed}: attempt {attempt} of a batch failed ({reason}); retrying in {}", short(*after))
        }
        RunEvent::Note { feed, text } => format!("{feed}: {text}"),
        RunEvent::Held(held) => held.sentence(),
        RunEvent::FeedFinished(feed) => finished_line(feed),
        RunEvent::KeysRefused { message, request_id, .. } => {
            let id = request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default();
            format!("The gateway refused the keys: {message}{id}")
        }
    }
}

/// A wait of less than a minute with its tenths: most waits are short.
pub(super) fn short(wait: Duration) -> String {
    if wait < Duration::from_mins(1) { format!("{:.1} s", wait.as_secs_f64()) } else { duration(wait) }
}

/// How a feed ended, in one line; of a dry run what would be sent.
pub fn finished_line(feed: &FeedProgress) -> String {
    if feed.planned_requests > 0 {
        return format!(
            "{}: {}; would send {} in {}, {} uncompressed; {} unchanged",
            feed.feed,
            feed.phase.word(),
            counted(feed.to_send(), "item"),
            counted(feed.planned_requests, "request"),
            bytes(feed.planned_bytes),
            count(feed.unchanged),
        );
    }
    // What is nought needs no room, and what failed comes before what needs nothing.
    let fix = if feed.needs_attention == 1 { "needs a fix" } else { "need a fix" };
    let rest = [(feed.needs_attention, fix), (feed.will_retry, "will retry"), (feed.unchanged, "unchanged")];
    let rest = rest.into_iter().filter(|(number, _)| *number > 0);
    let mut line = format!("{}: {}; {} sent", feed.feed, feed.phase.word(), counted(feed.submitted, "item"));
    for (number, word) in rest {
        // Writing to a String cannot fail.
        let _ = write!(line, ", {} {word}", count(number));
    }
    line
}

/// A failed item in one line: which, its state, the server's own text, code and request id.
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
pub fn end_words(report: &RunReport) -> &'static str {
    match &report.end {
        RunEnd::Complete if report.progress.dry_run && report.held().next().is_some() => {
            "complete: a guard would hold items back"
        }
        RunEnd::Complete if report.held().next().is_some() => "incomplete: items were held back",
        RunEnd::Complete if report.exit() == Exit::TryAgain => {
            "incomplete: the gateway was down or busy; run again later"
        }
        RunEnd::Complete if report.has_failures() => "finished with failures",
        RunEnd::Complete if report.exit() == Exit::Partial => "finished, but some items have no response yet",
        RunEnd::Complete => "complete",
        RunEnd::Stopped => "stopped; run again to resume",
        RunEnd::Failed { .. } => "failed; run again to resume",
        RunEnd::KeysRefused { .. } => "keys refused; run again to resume",
    }
}

/// How a run ended and what it sent, in one line: `Export finished with failures: 15,540 sent, 78 failed`.
pub fn closing_line(report: &RunReport) -> String {
    let feeds = &report.progress.feeds;
    let sum = |of: fn(&FeedProgress) -> u64| feeds.iter().map(of).sum::<u64>();
    let failed = sum(|feed| feed.will_retry + feed.needs_attention);
    let what = if report.progress.dry_run { "Dry run" } else { "Export" };
    let end = match (&report.end, report.exit()) {
        (RunEnd::Complete, Exit::Done | Exit::Partial) if !report.progress.dry_run => "finished",
        _ => end_words(report),
    };
    if report.progress.dry_run {
        let to_send = sum(|feed| feed.new + feed.changed + feed.gone);
        return format!("{what} {end}: {} to send", counted(to_send, "item"));
    }
    let failures = if failed > 0 { format!(", {} failed", count(failed)) } else { String::new() };
    format!("{what} {end}: {} sent{failures}", count(sum(|feed| feed.submitted)))
}

/// What holds a run back.
pub fn limit_words(limit: &Limit) -> String {
    match limit {
        Limit::Unknown => "measuring".to_owned(),
        Limit::Gateway { requests_per_second } => {
            format!("limited by the gateway ({} requests/s)", rate(*requests_per_second))
        }
        Limit::Source => "limited by the source (still being read)".to_owned(),
        Limit::Paused { by: Some(by) } => format!("paused by {by}"),
        Limit::Paused { by: None } => "paused: only in-flight batches will finish".to_owned(),
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
    /// A feed continues to its next phase. That it began and how it ended are events.
    Phase(FeedProgress),
    /// Something else holds the run back now.
    Limit(Limit),
    /// It was paused, by this person if that is known.
    Paused(Option<SafeText>),
    /// It continues after a pause.
    Resumed,
    /// So many requests may be in flight now.
    ThreadCount(usize),
    /// A request of this feed holds so many items now.
    BatchSize(Feed, usize),
    /// A stop was asked for.
    Stopping,
}

impl Change {
    /// The change in one line.
    pub fn line(&self) -> String {
        match self {
            Change::Phase(feed) if feed.phase == Phase::Deleting => {
                format!("{}: finding items deleted from the source", feed.feed)
            }
            Change::Phase(feed) => format!(
                "{}: {} read; {} of {} left to send",
                feed.feed,
                counted(feed.source_read, "source record"),
                count(feed.to_send().saturating_sub(feed.settled())),
                counted(feed.to_send(), "item"),
            ),
            Change::Limit(limit) => sentence(&limit_words(limit)),
            Change::Paused(by) => sentence(&limit_words(&Limit::Paused { by: by.clone() })),
            Change::Resumed => "Resumed".to_owned(),
            Change::ThreadCount(threads) => {
                format!("Now {} at a time", counted(number(*threads), "request"))
            }
            Change::BatchSize(feed, items) => {
                format!("{feed}: now {} per request", counted(number(*items), "item"))
            }
            Change::Stopping => "Stopping after in-flight batches".to_owned(),
        }
    }
}

/// Whether it takes a while until the feed says by an event that it is done.
fn is_worth_a_line(feed: &FeedProgress) -> bool {
    let left = feed.to_send().saturating_sub(feed.settled());
    let batch = number(feed.batch_size);
    match feed.phase {
        Phase::Sending => left > batch,
        Phase::Deleting => feed.source_read > batch,
        _ => false,
    }
}

fn number(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
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
    batch_sizes: Vec<(Feed, usize)>,
    thread_count: Option<usize>,
    is_paused: bool,
    is_stopping: bool,
}

impl Changes {
    /// What is new in these counters.
    pub fn of(&mut self, progress: &Progress) -> Vec<Change> {
        let mut changes = Vec::new();
        for feed in &progress.feeds {
            if self.is_new_phase(feed) && is_worth_a_line(feed) {
                changes.push(Change::Phase(feed.clone()));
            }
        }
        changes.extend(self.commanded(progress));
        if self.is_new_limit(progress) {
            changes.push(Change::Limit(progress.limit.clone()));
        }
        if progress.stopping && !std::mem::replace(&mut self.is_stopping, progress.stopping) {
            changes.push(Change::Stopping);
        }
        changes
    }

    /// What a person asked of the run: pauses, threads, batches.
    fn commanded(&mut self, progress: &Progress) -> Vec<Change> {
        let mut changes = Vec::new();
        let paused = progress.paused.as_ref();
        match (std::mem::replace(&mut self.is_paused, paused.is_some()), paused) {
            (false, Some(paused)) => changes.push(Change::Paused(paused.by.clone())),
            (true, None) => changes.push(Change::Resumed),
            (true, Some(_)) | (false, None) => {}
        }
        let threads = progress.thread_count;
        // What a run begins with is not a change.
        if self.thread_count.replace(threads).is_some_and(|before| before != threads) {
            changes.push(Change::ThreadCount(threads));
        }
        for feed in &progress.feeds {
            match self.batch_sizes.iter_mut().find(|(known, _)| *known == feed.feed) {
                Some((_, size)) if *size == feed.batch_size => {}
                Some((_, size)) => {
                    *size = feed.batch_size;
                    changes.push(Change::BatchSize(feed.feed, feed.batch_size));
                }
                None => self.batch_sizes.push((feed.feed, feed.batch_size)),
            }
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
            // A pause is a change of its own.
            Limit::Unknown | Limit::Paused { .. } => return false,
            // A short wait is reported by the retry that it comes from.
            Limit::Waiting { remaining, .. } if *remaining < LONG_WAIT => return false,
            // The time that is left of a wait is not a change.
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
    use crate::export::control::Paused;

    fn progress(second: u64, phase: Phase, limit: Limit) -> Progress {
        let feed =
            FeedProgress { phase, source_read: 400, new: 800, submitted: 600, ..FeedProgress::new(Feed::Products) };
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
        let line = "products: 400 source records read; 200 of 800 items left to send";
        assert_eq!(lines(&mut changes, &sending), [line]);
        assert!(changes.of(&sending).is_empty());
        assert!(changes.of(&progress(2, Phase::Done, Limit::Unknown)).is_empty(), "the event says how it ended");
    }

    #[test]
    fn limits_that_take_turns_are_told_once_in_a_while() {
        let mut changes = Changes::default();
        let gateway = Limit::Gateway { requests_per_second: 2.0 };
        let mut reported = Vec::new();
        for second in 0..60 {
            let limit = if second % 2 == 0 { gateway.clone() } else { Limit::Source };
            reported.extend(changes.of(&progress(second, Phase::Waiting, limit)));
        }
        assert!((2..=6).contains(&reported.len()), "{reported:?}");
        assert_eq!(reported.first().map(Change::line).as_deref(), Some("Limited by the gateway (2 requests/s)"));
    }

    #[test]
    fn a_wait_is_told_once_while_its_time_goes_by() {
        let mut changes = Changes::default();
        let wait = |seconds| Limit::Waiting { remaining: Duration::from_secs(seconds), reason: "after a 429".into() };
        assert_eq!(lines(&mut changes, &progress(0, Phase::Waiting, wait(60))), ["Waiting 1 min 00 s after a 429"]);
        assert!(changes.of(&progress(30, Phase::Waiting, wait(30))).is_empty());
    }

    #[test]
    fn what_a_person_commands_is_told_once_and_what_a_run_begins_with_is_not() {
        let mut changes = Changes::default();
        let mut progress = progress(0, Phase::Collecting, Limit::Unknown);
        assert!(changes.of(&progress).is_empty());
        progress.paused = Some(Paused { by: Some("ann".into()) });
        progress.thread_count = 4;
        progress.feeds[0].batch_size = 50;
        let reported = ["Paused by ann", "Now 4 requests at a time", "products: now 50 items per request"];
        assert_eq!(lines(&mut changes, &progress), reported);
        assert!(changes.of(&progress).is_empty());
        progress.paused = None;
        assert_eq!(changes.of(&progress), [Change::Resumed]);
    }

    #[test]
    fn a_dry_run_says_what_would_be_sent() {
        let feed = FeedProgress {
            phase: Phase::Done,
            unchanged: 40,
            new: 60,
            changed: 3,
            planned_requests: 1,
            planned_bytes: 2_048,
            ..FeedProgress::new(Feed::Products)
        };
        let line = "products: done; would send 63 items in 1 request, 2.0 KiB uncompressed; 40 unchanged";
        assert_eq!(finished_line(&feed), line);
    }

    #[test]
    fn a_stop_is_told_once() {
        let mut changes = Changes::default();
        let stopping = Progress { stopping: true, ..progress(0, Phase::Waiting, Limit::Unknown) };
        assert_eq!(changes.of(&stopping), [Change::Stopping]);
        assert!(changes.of(&stopping).is_empty());
    }
}
