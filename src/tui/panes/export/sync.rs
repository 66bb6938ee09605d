//! The ways to sync: what is asked before each, and what the guard's refusal leads to.
//!
//! Pure, like the rest of the state. What a run does is the export's matter.

use crate::connector::ExportRequest;
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::export::held::Held;
use crate::export::ledger::FeedSummary;
use crate::export::progress::RunReport;
use crate::export::{Following, SyncMode};
use crate::feeds::source::IdKind;
use crate::remedy::Remedy;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::{Cx, Effects, Load};
use crate::tui::widgets::dialog::{Dialog, LinePurpose, Question};
use crate::tui::widgets::notices::{Subject, Tone};

impl ExportPane {
    /// Sends what changed in these feeds; none = in every feed.
    pub(super) fn start_partial(&mut self, feeds: Vec<Feed>, cx: &mut Cx<'_>, effects: &mut Effects) {
        let mode = SyncMode::Partial(Following::default());
        self.ask_to_start(ExportRequest { feeds, mode, ..ExportRequest::default() }, cx, effects);
    }

    /// Retries what failed in one feed.
    pub(super) fn start_retry_of(&mut self, feed: Feed, cx: &mut Cx<'_>, effects: &mut Effects) {
        let is_known = matches!(self.ledger_load, Load::Done { .. });
        if is_known && !self.summary_of(feed).is_some_and(failed) {
            let text = format!("no failed items of {feed}: nothing to retry");
            cx.notice(Tone::Info, text);
            return;
        }
        let mode = SyncMode::RETRY_ALL;
        self.ask_to_start(ExportRequest { feeds: vec![feed], mode, ..ExportRequest::default() }, cx, effects);
    }

    /// Retries what failed for the reason of the cursor, or in its feed; in every feed, if nothing failed in that one.
    pub(super) fn start_retry(&mut self, cx: &mut Cx<'_>, effects: &mut Effects) {
        if let Some(reason) = self.reason_of_cursor() {
            let mode = SyncMode::Retry { error: reason.needle().to_owned() };
            let feeds = reason.feeds.iter().map(|(feed, _)| *feed).collect();
            self.ask_to_start(ExportRequest { feeds, mode, ..ExportRequest::default() }, cx, effects);
            return;
        }
        let is_known = matches!(self.ledger_load, Load::Done { .. });
        if is_known && !self.ledger.iter().any(failed) {
            cx.notice(Tone::Info, "no failed items: nothing to retry");
            return;
        }
        let feed = self.feed_of_cursor().filter(|feed| self.summary_of(*feed).is_some_and(failed));
        let feeds = feed.into_iter().collect();
        self.ask_to_start(ExportRequest { feeds, mode: SyncMode::RETRY_ALL, ..ExportRequest::default() }, cx, effects);
    }

    pub(super) fn ask_for_ids(&self, cx: &mut Cx<'_>) {
        if let Some(feed) = self.feed_to_start(cx) {
            cx.ask_line(LinePurpose::ByIds(feed), "");
        }
    }

    pub(super) fn ask_to_clean_up(&self, cx: &mut Cx<'_>) {
        if let Some(feed) = self.feed_to_start(cx) {
            cx.ask_line(LinePurpose::CleanUp(feed), "");
        }
    }

    /// The feed of the cursor, if a run of it could start now; says why not.
    fn feed_to_start(&self, cx: &mut Cx<'_>) -> Option<Feed> {
        if !cx.can_start() {
            return None;
        }
        let feed = self.feed_of_cursor();
        if feed.is_none() {
            Self::ask_for_a_feed(cx);
        }
        feed
    }

    /// A run did not begin. What the guard refused can be gone on with by typing the data space's name, unless a setting must say how.
    pub(super) fn on_refused_start(&mut self, problem: Problem, cx: &mut Cx<'_>) {
        let request = std::mem::take(&mut self.request);
        let is_set = |remedy: &Remedy| matches!(remedy, Remedy::SendAnyway { .. });
        if problem.hint.as_ref().is_some_and(|hint| hint.offers(is_set)) {
            return cx.problem(&problem);
        }
        match &cx.overview.data_space {
            // A dialog that was opened meanwhile is not taken away from the person who types into it.
            Some((_, name, _)) if problem.exit == Exit::Guarded && cx.dialog.is_none() && !cx.leaving => {
                let purpose = LinePurpose::Guard { request, name: name.clone(), refusal: problem.what };
                cx.ask_line(purpose, "");
            }
            _ => cx.problem_about(Subject::Run, &problem),
        }
    }

    /// Asks whether what a run of this screen held back is to be sent all the same.
    pub(super) fn ask_about_held(&self, result: &Result<RunReport, Problem>, cx: &mut Cx<'_>) {
        let Ok(report) = result else { return };
        let held: Vec<Held> = report.held().cloned().collect();
        let is_asked = !held.is_empty() && !report.progress.dry_run && self.has_own_run();
        // A dialog that was opened meanwhile is not taken away from the person who types into it; the summary names the command.
        if !is_asked || cx.dialog.is_some() || cx.leaving {
            return;
        }
        let mut feeds: Vec<Feed> = held.iter().map(|held| held.feed).collect();
        feeds.dedup();
        let typed_name = self.request.typed_name.clone();
        // All of a feed is compared, since nobody will name again what was held back.
        let request = ExportRequest {
            feeds,
            mode: SyncMode::Full,
            typed_name,
            allowed: held.clone(),
            ..ExportRequest::default()
        };
        *cx.dialog = Some(Dialog::Question(Question::Allow { held, request }));
    }

    /// One notice for each remark of a run, however many feeds it is about.
    pub(super) fn tell_note(&mut self, feed: Feed, text: &str, cx: &mut Cx<'_>) {
        let notes = &mut self.notes;
        let index = notes.iter().position(|(known, _)| known == text).unwrap_or_else(|| {
            notes.push((text.to_owned(), Vec::new()));
            notes.len() - 1
        });
        let Some((_, feeds)) = notes.get_mut(index) else { return };
        let before = note_words(feeds, text);
        if !feeds.contains(&feed) {
            feeds.push(feed);
        }
        cx.notices.forget(&before);
        cx.notices.add_about(Subject::Run, Tone::Warning, note_words(feeds, text), &cx.now.wall);
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
pub fn by_ids(feed: Feed, text: &str) -> Result<ExportRequest, Problem> {
    let words: Vec<String> =
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    if words.is_empty() {
        return Err(Problem::usage("type at least one id or SKU first"));
    }
    let mode = SyncMode::ByIds { words, kind: IdKind::Either };
    Ok(ExportRequest { feeds: vec![feed], mode, ..ExportRequest::default() })
}

/// A clean-up of one feed.
pub fn clean_up(feed: Feed) -> ExportRequest {
    ExportRequest { feeds: vec![feed], mode: SyncMode::Cleanup, ..ExportRequest::default() }
}
