//! What a pane may reach of the screen while it changes.

use crate::connector::Overview;
use crate::error::Problem;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::{Message, Now, PairInUse, Pane};
use crate::tui::widgets::dialog::{Dialog, LineDialog, LinePurpose};
use crate::tui::widgets::notices::{Notices, Subject, Tone};
use crate::untrusted::SafeText;

/// What a pane may reach of the screen while it changes.
#[derive(Debug)]
pub struct Cx<'a> {
    /// What is configured.
    pub overview: &'a mut Overview,
    /// News.
    pub notices: &'a mut Notices,
    /// The open dialog.
    pub dialog: &'a mut Option<Dialog>,
    pub front: Pane,
    /// The clocks.
    pub now: &'a Now,
    /// Whether a run starts or is running.
    pub is_exporting: bool,
    /// What is saved of the pair in use.
    pub pair: PairInUse,
    /// Whether keys of the environment in use were entered and not saved.
    pub has_unsaved_pair: bool,
    /// Whether the screen closes as soon as the run has ended.
    pub leaving: bool,
    /// What the others must know, in order.
    pub messages: Vec<Message>,
}

impl Cx<'_> {
    /// Has the others know, once this pane is done.
    pub fn tell(&mut self, message: Message) {
        self.messages.push(message);
    }

    /// Adds a notice.
    pub fn notice(&mut self, tone: Tone, text: impl Into<String>) {
        self.notices.add(tone, text, &self.now.wall);
    }

    /// Adds a notice of what went wrong.
    pub fn problem(&mut self, problem: &Problem) {
        self.notices.problem(problem, &self.now.wall);
    }

    /// Adds a notice of what went wrong that may be over by itself.
    pub fn problem_about(&mut self, subject: Subject, problem: &Problem) {
        self.notices.problem_about(subject, problem, &self.now.wall);
    }

    /// Adds a notice that leads on to a next step.
    pub fn lead_on(&mut self, tone: Tone, text: impl Into<String>) {
        self.notices.lead_on(tone, text, None, &self.now.wall);
    }

    /// The same, and says which.
    pub fn lead_on_to(&mut self, text: impl Into<String>, next: String) {
        self.notices.lead_on(Tone::Good, text, Some(next), &self.now.wall);
    }

    /// What a save left for the person to do.
    pub fn save_note(&mut self, note: Option<&SafeText>) {
        if let Some(note) = note {
            self.notice(Tone::Warning, note.as_str());
        }
    }

    /// What the last save of settings left for the person to do.
    pub fn settings_note(&mut self) {
        let note = self.overview.settings.note.clone();
        self.save_note(note.as_ref());
    }

    /// Opens a dialog with one line to fill in, which begins with `text`.
    pub fn ask_line(&mut self, purpose: LinePurpose, text: &str) {
        *self.dialog = Some(Dialog::Line(LineDialog::new(purpose, text)));
    }

    /// Whether a run could start now; says why not.
    pub fn can_start(&mut self) -> bool {
        if !self.has_free_data_space() {
            return false;
        }
        if self.has_unsaved_pair {
            let [save, discard] = [Action::SaveKeys, Action::Back].map(|action| key_of(KeyContext::Keys, action));
            let text = format!(
                "the {} keys are not saved, and an export uses saved keys: save ({save} in pane 1) or discard them ({discard})",
                self.overview.environment
            );
            self.notice(Tone::Warning, text);
        }
        !self.has_unsaved_pair
    }

    /// Whether a data space is selected, and no run into it is known; says why not.
    pub fn has_free_data_space(&mut self) -> bool {
        let text = if self.is_exporting {
            "an export is already running: stop it first, or wait"
        } else if self.overview.data_space.is_none() {
            "no data space selected: choose one in pane 2"
        } else {
            return true;
        };
        self.notice(Tone::Warning, text);
        false
    }

    /// Closes the dialog if it asks for one of these.
    pub fn close_line(&mut self, purposes: &[LinePurpose]) {
        if matches!(&self.dialog, Some(Dialog::Line(line)) if purposes.contains(&line.purpose)) {
            *self.dialog = None;
        }
    }

    /// Closes the dialog that asks for a CSV file.
    pub fn close_csv(&mut self) {
        if matches!(&self.dialog, Some(Dialog::Line(LineDialog { purpose: LinePurpose::SaveCsv(_), .. }))) {
            *self.dialog = None;
        }
    }

    /// Whether a dialog waits for the answer to what was typed into it.
    pub fn is_line_busy(&self) -> bool {
        matches!(&self.dialog, Some(Dialog::Line(LineDialog { busy: true, .. })))
    }

    /// Shows in the open dialog why its line was not accepted.
    pub fn refuse_line(&mut self, problem: &Problem) {
        if let Some(Dialog::Line(line)) = self.dialog {
            line.refuse(problem);
        }
    }

    /// Shows a problem in the dialog that waits for the answer, or as a notice if it was closed.
    pub fn refuse_line_or_tell(&mut self, problem: &Problem) {
        if self.is_line_busy() {
            self.refuse_line(problem);
        } else {
            self.problem(problem);
        }
    }
}
