//! The page of what this run reported: a line for each change, the newest last.
//!
//! The words are those of linear mode.

use std::collections::VecDeque;
use std::time::Duration;

use crate::error::Exit;
use crate::export::progress::{ItemState, Phase, Progress, RunEnd, RunEvent, RunReport};
use crate::export::report_text::{Change, Changes, end_words, event_line};
use crate::format::duration;
use crate::tui::keymap::Action;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::{Cx, Effects, Now, step};
use crate::tui::remedy::sentence;
use crate::tui::widgets::dialog::{Dialog, Reading};
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::notices::Tone;
use crate::tui::widgets::reading::LogLine;

/// How many lines are kept; the log file and the ledger have the rest.
pub const LINES_KEPT: usize = 1_000;

/// How often newer lines come into sight: when the page is full, each of them writes all of it again.
const SHOW_EVERY: Duration = Duration::from_secs(3);

/// The page.
#[derive(Debug, Default)]
pub struct LogPage {
    /// The lines, oldest first.
    lines: VecDeque<LogLine>,
    /// How many lines were before the first that is kept.
    dropped: u64,
    /// How many lines are in sight, counted from the first that ever was; and since when, in uptime.
    in_sight: u64,
    in_sight_since: Option<Duration>,
    /// The number of the selected line, counted from the first that ever was; `None` follows the newest.
    cursor: Option<u64>,
    /// Finds what changes in the counters.
    changes: Changes,
    /// Only lines that contain this.
    pub filter: Filter,
}

impl LogPage {
    /// Forgets the last run.
    pub fn clear(&mut self) {
        *self = Self { filter: std::mem::take(&mut self.filter), ..Self::default() };
    }

    /// Adds a line.
    pub fn add(&mut self, tone: Tone, text: impl Into<String>, now: &Now) {
        self.push(LogLine { at: now.wall.clone(), tone, text: text.into(), failure: None }, now);
    }

    fn push(&mut self, line: LogLine, now: &Now) {
        self.lines.push_back(line);
        if self.lines.len() > LINES_KEPT {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.go_on(now.uptime);
    }

    /// Brings what is new into sight, unless that was done a moment ago.
    pub fn go_on(&mut self, now: Duration) {
        let all = self.dropped + self.lines.len() as u64;
        let is_soon = self.in_sight_since.is_some_and(|since| now.saturating_sub(since) < SHOW_EVERY);
        if all != self.in_sight && !is_soon {
            self.show_all(now);
        }
    }

    /// Brings everything into sight.
    pub fn show_all(&mut self, now: Duration) {
        self.in_sight = self.dropped + self.lines.len() as u64;
        self.in_sight_since = Some(now);
    }

    /// Adds what a run reported.
    pub fn event(&mut self, event: &RunEvent, now: &Now) {
        let (tone, failure) = match event {
            RunEvent::ItemFailed(failure) if failure.state == ItemState::NeedsAttention => {
                (Tone::Danger, Some(failure))
            }
            RunEvent::ItemFailed(failure) => (Tone::Warning, Some(failure)),
            RunEvent::Retrying { .. } | RunEvent::Note { .. } => (Tone::Warning, None),
            RunEvent::KeysRefused { .. } | RunEvent::Held(_) => (Tone::Danger, None),
            RunEvent::FeedFinished(feed) if feed.needs_attention > 0 => (Tone::Danger, None),
            RunEvent::FeedFinished(feed) if feed.phase != Phase::Done || feed.will_retry > 0 => (Tone::Warning, None),
            RunEvent::FeedFinished(_) => (Tone::Good, None),
            RunEvent::FirstSync { .. } | RunEvent::FeedStarted { .. } => (Tone::Info, None),
        };
        let failure = failure.map(|failure| Box::new(failure.clone()));
        self.push(LogLine { at: now.wall.clone(), tone, text: event_line(event), failure }, now);
    }

    /// Adds what changed in the counters.
    pub fn progress(&mut self, progress: &Progress, now: &Now) {
        self.go_on(now.uptime);
        for change in self.changes.of(progress) {
            let tone = match change {
                Change::Stopping | Change::Paused(_) => Tone::Warning,
                _ => Tone::Info,
            };
            self.add(tone, change.line(), now);
        }
    }

    /// Adds how the run ended.
    pub fn ended(&mut self, report: &RunReport, now: &Now) {
        let tone = match &report.end {
            RunEnd::Complete if report.exit() == Exit::Done => Tone::Good,
            RunEnd::Complete | RunEnd::Stopped => Tone::Warning,
            RunEnd::Failed { .. } | RunEnd::KeysRefused { .. } => Tone::Danger,
        };
        if let RunEnd::Failed { problems } = &report.end {
            for (feed, problem) in problems {
                self.add(Tone::Danger, format!("{feed}: {}", sentence(problem)), now);
            }
        }
        let what = if report.progress.dry_run { "Dry run" } else { "Run" };
        self.add(tone, format!("{what} {}, after {}", end_words(report), duration(report.progress.elapsed)), now);
        self.show_all(now.uptime);
    }

    /// How many lines there are in all, and how many of the first are not kept any more.
    pub fn size(&self) -> (usize, u64) {
        (self.lines.len(), self.dropped)
    }

    /// The lines that pass the filter, oldest first.
    pub fn shown(&self) -> Vec<&LogLine> {
        self.numbered().into_iter().map(|(_, line)| line).collect()
    }

    /// The lines that are in sight, whatever the filter of the page is.
    pub fn in_sight(&self) -> Vec<&LogLine> {
        (self.dropped..self.in_sight).zip(&self.lines).map(|(_, line)| line).collect()
    }

    fn numbered(&self) -> Vec<(u64, &LogLine)> {
        (self.dropped..self.in_sight).zip(&self.lines).filter(|(_, line)| self.filter.passes(&[&line.text])).collect()
    }

    /// Whether the newest line is always in sight.
    pub fn is_following(&self) -> bool {
        self.cursor.is_none()
    }

    /// The place of the selected line among [`Self::shown`]. A line that is gone leaves its place to the next one.
    pub fn selected(&self) -> usize {
        let numbered = self.numbered();
        let last = numbered.len().saturating_sub(1);
        self.cursor.map_or(last, |cursor| numbered.partition_point(|(number, _)| *number < cursor).min(last))
    }

    fn step(&mut self, action: Action) {
        let mut selected = self.selected();
        let numbered = self.numbered();
        step(&mut selected, numbered.len(), action);
        let is_last = selected + 1 >= numbered.len();
        // At the end the newest is followed again.
        self.cursor = numbered.get(selected).filter(|_| !is_last).map(|(number, _)| *number);
    }
}

impl ExportPane {
    pub(super) fn act_in_log(&mut self, action: Action, cx: &mut Cx<'_>, effects: &mut Effects) {
        self.log.show_all(cx.now.uptime);
        match action {
            Action::Open => {
                let line = self.log.shown().get(self.log.selected()).copied().cloned();
                *cx.dialog = line.map(|line| {
                    Dialog::reading(match line.failure {
                        Some(failure) => Reading::Failure(*failure),
                        None => Reading::Reported(line),
                    })
                });
            }
            Action::Filter => self.log.filter.editing = true,
            Action::Refresh => self.refresh(effects),
            _ => self.log.step(action),
        }
    }
}
