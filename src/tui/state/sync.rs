//! The ways to sync: what is asked before each, and what the guard's refusal leads to.
//!
//! Pure, like the rest of the state. What a run does is the export's matter.

use super::dialog::{Dialog, LineDialog, LinePurpose, Question};
use super::notice::Tone;
use super::{Effects, Load, State};
use crate::connector::ExportRequest;
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::export::held::Held;
use crate::export::ledger::FeedSummary;
use crate::export::progress::RunReport;
use crate::export::{Following, SyncMode};
use crate::feeds::source::IdKind;
use crate::tui::event::Now;

impl State {
    /// Sends what changed in these feeds; none = in every feed.
    pub(super) fn start_partial(&mut self, feeds: Vec<Feed>, now: &Now, effects: &mut Effects) {
        let mode = SyncMode::Partial(Following::default());
        self.ask_to_start(ExportRequest { feeds, mode, ..ExportRequest::default() }, now, effects);
    }

    /// Retries what failed in one feed.
    pub(super) fn start_retry_of(&mut self, feed: Feed, now: &Now, effects: &mut Effects) {
        let is_known = matches!(self.export.ledger_load, Load::Done { .. });
        if is_known && !self.export.summary_of(feed).is_some_and(failed) {
            let text = format!("no failed items of {feed}: nothing to retry");
            self.notices.add(Tone::Info, text, &now.wall);
            return;
        }
        let mode = SyncMode::Retry;
        self.ask_to_start(ExportRequest { feeds: vec![feed], mode, ..ExportRequest::default() }, now, effects);
    }

    /// Retries what failed in the feed of the cursor; in every feed, if nothing failed in that one.
    pub(super) fn start_retry(&mut self, now: &Now, effects: &mut Effects) {
        let is_known = matches!(self.export.ledger_load, Load::Done { .. });
        if is_known && !self.export.ledger.iter().any(failed) {
            self.notices.add(Tone::Info, "no failed items: nothing to retry", &now.wall);
            return;
        }
        let feed = self.export.feed_of_cursor().filter(|feed| self.export.summary_of(*feed).is_some_and(failed));
        let feeds = feed.into_iter().collect();
        self.ask_to_start(ExportRequest { feeds, mode: SyncMode::Retry, ..ExportRequest::default() }, now, effects);
    }

    pub(super) fn ask_for_ids(&mut self, now: &Now) {
        if let Some(feed) = self.feed_to_start(now) {
            self.dialog = Some(Dialog::Line(LineDialog::new(LinePurpose::ByIds(feed), "")));
        }
    }

    pub(super) fn ask_to_clean_up(&mut self, now: &Now) {
        if let Some(feed) = self.feed_to_start(now) {
            self.dialog = Some(Dialog::Line(LineDialog::new(LinePurpose::CleanUp(feed), "")));
        }
    }

    /// The feed of the cursor, if a run of it could start now; says why not.
    fn feed_to_start(&mut self, now: &Now) -> Option<Feed> {
        if !self.can_start(now) {
            return None;
        }
        let feed = self.export.feed_of_cursor();
        if feed.is_none() {
            self.ask_for_a_feed(now);
        }
        feed
    }

    /// A run did not begin. What the guard refused can be gone on with by typing the data space's name.
    pub(super) fn on_refused_start(&mut self, problem: Problem, now: &Now) {
        let request = std::mem::take(&mut self.export.request);
        match &self.overview.data_space {
            // A dialog that was opened meanwhile is not taken away from the person who types into it.
            Some((_, name, _)) if problem.exit == Exit::Guarded && self.dialog.is_none() && !self.leaving => {
                let purpose = LinePurpose::Guard { request, name: name.clone(), refusal: problem.what };
                self.dialog = Some(Dialog::Line(LineDialog::new(purpose, "")));
            }
            _ => self.notices.problem(&problem, &now.wall),
        }
    }

    /// Asks whether what a run of this screen held back is to be sent all the same.
    pub(super) fn ask_about_held(&mut self, result: &Result<RunReport, Problem>) {
        let Ok(report) = result else { return };
        let held: Vec<Held> = report.held().cloned().collect();
        let is_asked = !held.is_empty() && !report.progress.dry_run && self.export.has_own_run();
        // A dialog that was opened meanwhile is not taken away from the person who types into it; the summary names the command.
        if !is_asked || self.dialog.is_some() || self.leaving {
            return;
        }
        let mut feeds: Vec<Feed> = held.iter().map(|held| held.feed).collect();
        feeds.dedup();
        let typed_name = self.export.request.typed_name.clone();
        // All of a feed is compared, since nobody will name again what was held back.
        let request = ExportRequest {
            feeds,
            mode: SyncMode::Full,
            typed_name,
            allowed: held.clone(),
            ..ExportRequest::default()
        };
        self.dialog = Some(Dialog::Question(Question::Allow { held, request }));
    }

    /// One notice for each remark of a run, however many feeds it is about.
    pub(super) fn tell_note(&mut self, feed: Feed, text: &str, now: &Now) {
        let notes = &mut self.export.notes;
        let index = notes.iter().position(|(known, _)| known == text).unwrap_or_else(|| {
            notes.push((text.to_owned(), Vec::new()));
            notes.len() - 1
        });
        let Some((_, feeds)) = notes.get_mut(index) else { return };
        let before = note_words(feeds, text);
        if !feeds.contains(&feed) {
            feeds.push(feed);
        }
        self.notices.forget(&before);
        self.notices.add(Tone::Warning, note_words(feeds, text), &now.wall);
    }
}

/// Whether any item of a feed failed.
fn failed(summary: &FeedSummary) -> bool {
    summary.will_retry + summary.needs_attention > 0
}

fn note_words(feeds: &[Feed], text: &str) -> String {
    let names = match feeds {
        [first, second, rest @ ..] if rest.len() > 1 => format!("{first}, {second} and {} more feeds", rest.len()),
        feeds => feeds.iter().map(|feed| feed.name()).collect::<Vec<_>>().join(", "),
    };
    format!("{names}: {text}")
}

/// The records that a line names.
///
/// # Errors
/// A usage [`Problem`] if it names none.
pub(super) fn by_ids(feed: Feed, text: &str) -> Result<ExportRequest, Problem> {
    let words: Vec<String> =
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    if words.is_empty() {
        return Err(Problem::usage("type at least one id or SKU first"));
    }
    let mode = SyncMode::ByIds { words, kind: IdKind::Either };
    Ok(ExportRequest { feeds: vec![feed], mode, ..ExportRequest::default() })
}

/// A clean-up of one feed.
pub(super) fn clean_up(feed: Feed) -> ExportRequest {
    ExportRequest { feeds: vec![feed], mode: SyncMode::Cleanup, ..ExportRequest::default() }
}
