//! What was pasted or typed and is not saved: asked about before it is lost, and taken over from an earlier screen.

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::connector::unsaved::{HalfName, KeptKeys, UnsavedHalf};
use crate::domain::Environment;
use crate::keys::{ApiKey, PrivateKey};
use crate::secret::Secret;
use crate::tui::keymap::Action;
use crate::tui::model::State;
use crate::tui::panes::keys::Draft;
use crate::tui::panes::{Effect, Effects, Now, Pane};
use crate::tui::widgets::dialog::{Dialog, KeyDialog, LineDialog, LinePurpose, Question};
use crate::tui::widgets::notices::Tone;

/// What the loop keeps, and what it has kept.
#[derive(Debug, Default)]
pub struct Unsaved {
    /// The file in which something of this screen, or taken over by it, is kept.
    pub file: Option<PathBuf>,
    /// What was in a dialog that had to be closed when the screen began to end.
    closed: Vec<UnsavedHalf>,
}

impl State {
    /// Everything that would be lost if the screen ended now; empty where nothing may be changed, since nothing can be pasted
    /// there.
    pub fn unsaved_halves(&self) -> Vec<UnsavedHalf> {
        let mut halves = Vec::new();
        if self.is_read_only() {
            return halves;
        }
        for environment in Environment::ALL {
            let Draft { api_key, private_key } = self.keys.draft(environment);
            let api_key = api_key.as_ref().map(|key| (HalfName::ApiKey, Secret::new(key.expose())));
            let pem = private_key.as_ref().and_then(|key| key.to_pem().ok()).map(|pem| (HalfName::PrivateKey, pem));
            halves.extend([api_key, pem].into_iter().flatten().map(|(half, text)| UnsavedHalf {
                environment,
                half,
                text,
            }));
        }
        let open = self.dialog.as_ref().and_then(|dialog| half_of(dialog, self.keys.selected));
        for half in open.into_iter().chain(self.unsaved.closed.iter().cloned()) {
            if !halves.contains(&half) {
                halves.push(half);
            }
        }
        halves
    }

    /// Whether anything would be lost if the screen ended now.
    pub fn has_unsaved(&self) -> bool {
        let open = || self.dialog.as_ref().is_some_and(|dialog| half_of(dialog, self.keys.selected).is_some());
        let drafts = || Environment::ALL.into_iter().any(|environment| !self.keys.draft(environment).is_empty());
        !self.is_read_only() && (drafts() || !self.unsaved.closed.is_empty() || open())
    }

    /// Quits, after the questions that must be asked.
    pub(super) fn ask_to_quit(&mut self, effects: &mut Effects) {
        if self.has_unsaved() {
            self.dialog = Some(Dialog::Unsaved(self.dialog.take().map(Box::new)));
        } else if let Some(dialog) = self.dialog.take_if(|dialog| dialog.has_typed_text()) {
            self.dialog = Some(Dialog::Discard(Box::new(dialog)));
        } else {
            self.quit_or_ask_about_run(effects);
        }
    }

    fn quit_or_ask_about_run(&mut self, effects: &mut Effects) {
        if self.export.ends_with_screen() {
            self.dialog = Some(Dialog::Question(Question::QuitWithRun));
        } else if self.export.has_own_run() {
            self.dialog = Some(Dialog::Question(Question::Quit));
        } else {
            effects.push(Effect::Quit);
        }
    }

    /// The answer to the question what becomes of unsaved keys.
    pub(super) fn act_in_unsaved(&mut self, open: Option<Box<Dialog>>, action: Action, effects: &mut Effects) {
        self.dialog = open.map(|open| *open);
        match action {
            Action::Accept => {
                self.close_keeping();
                self.quit_or_ask_about_run(effects);
            }
            Action::Discard => {
                self.dialog = None;
                self.unsaved.closed.clear();
                for environment in Environment::ALL {
                    self.keys.forget_draft(environment);
                }
                self.quit_or_ask_about_run(effects);
            }
            _ => {}
        }
    }

    /// Closes the open dialog; what is in it stays among what is unsaved.
    pub(super) fn close_keeping(&mut self) {
        self.unsaved.closed = self.unsaved_halves();
        self.dialog = None;
    }

    /// Closes a dialog that was cancelled, after a question if that would lose something.
    pub(super) fn cancel_dialog(&mut self, now: &Now) {
        match self.dialog.take() {
            Some(dialog) if self.would_lose(&dialog) => self.dialog = Some(Dialog::Discard(Box::new(dialog))),
            Some(dialog) => self.after_cancel(&dialog, now),
            None => {}
        }
    }

    fn would_lose(&self, dialog: &Dialog) -> bool {
        let in_rotation = |environment: Environment| {
            self.keys.rotating == Some(environment) && !self.keys.draft(environment).is_empty()
        };
        match dialog {
            Dialog::PrivateKey(dialog) => in_rotation(dialog.environment) || !dialog.editor.text().trim().is_empty(),
            Dialog::Line(line) => match &line.purpose {
                LinePurpose::ApiKey(environment) => in_rotation(*environment) || !line.editor.text().trim().is_empty(),
                LinePurpose::KeyFile(environment) | LinePurpose::LoseSight { environment, .. } => {
                    in_rotation(*environment)
                }
                purpose @ LinePurpose::ImsClientSecret { .. } => {
                    let text = line.editor.text();
                    purpose.is_secret(text) && !text.trim().is_empty()
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn cancel_rotation(&mut self, environment: Environment, now: &Now) {
        let mut effects = Effects::new();
        self.with(now, &mut effects, |panes, cx| {
            panes.keys.cancel_rotation(environment, cx);
            Effects::new()
        });
    }

    /// What else ends with a dialog that was cancelled.
    fn after_cancel(&mut self, dialog: &Dialog, now: &Now) {
        match dialog {
            Dialog::PrivateKey(dialog) => self.cancel_rotation(dialog.environment, now),
            Dialog::Line(line) => match &line.purpose {
                LinePurpose::ApiKey(environment)
                | LinePurpose::KeyFile(environment)
                | LinePurpose::LoseSight { environment, .. } => self.cancel_rotation(*environment, now),
                _ => {}
            },
            _ => {}
        }
    }

    /// The answer to the question whether what was typed may be lost.
    pub(super) fn act_in_discard(&mut self, dialog: Dialog, action: Action, now: &Now) {
        if action == Action::Accept {
            self.after_cancel(&dialog, now);
        } else {
            self.dialog = Some(dialog);
        }
    }

    /// Asks about what an earlier screen left, unless something else is asked already.
    pub fn offer_kept(&mut self, kept: KeptKeys) {
        if self.dialog.is_none() && !self.is_read_only() {
            self.dialog = Some(Dialog::Question(Question::Kept(Box::new(kept))));
        }
    }

    /// The answer to that. What is taken over stays kept until it is saved; what nobody wants is deleted, because nothing is
    /// unsaved then.
    pub(super) fn act_in_kept(&mut self, kept: KeptKeys, action: Action, now: &Now, effects: &mut Effects) {
        match action {
            Action::Accept => {
                self.unsaved.file = Some(kept.file);
                self.show(Pane::Keys, effects);
                kept.halves.into_iter().for_each(|half| self.take_over(&half));
                let text = "keys restored from an earlier screen (unsaved)";
                self.notices.lead_on(Tone::Info, text, None, &now.wall);
            }
            Action::Discard => self.unsaved.file = Some(kept.file),
            _ => {}
        }
    }

    /// Puts a half where it was: among what is pasted if it is whole, else into its dialog.
    fn take_over(&mut self, half: &UnsavedHalf) {
        let environment = half.environment;
        self.keys.selected = environment;
        let draft = self.keys.draft_mut(environment);
        match half.half {
            HalfName::ApiKey => match ApiKey::parse(half.text.expose()) {
                Ok(key) if draft.api_key.is_none() => draft.api_key = Some(key),
                _ => {
                    let mut dialog = LineDialog::new(LinePurpose::ApiKey(environment), "");
                    dialog.editor.paste(half.text.expose());
                    self.dialog = Some(Dialog::Line(dialog));
                }
            },
            HalfName::PrivateKey => match PrivateKey::parse(half.text.expose()) {
                Ok(key) if draft.private_key.is_none() => draft.private_key = Some(key),
                _ => {
                    let mut dialog = KeyDialog::new(environment);
                    dialog.paste(half.text.expose());
                    self.dialog = Some(Dialog::PrivateKey(Box::new(dialog)));
                }
            },
        }
    }
}

/// What a dialog holds of a pair. A key that was pasted outside of Keys is for the pair that is selected there.
fn half_of(dialog: &Dialog, selected: Environment) -> Option<UnsavedHalf> {
    let (environment, half, text) = match dialog {
        Dialog::PrivateKey(dialog) => (dialog.environment, HalfName::PrivateKey, dialog.editor.text()),
        Dialog::Line(LineDialog { purpose: LinePurpose::ApiKey(environment), editor, .. }) => {
            (*environment, HalfName::ApiKey, Zeroizing::new(editor.text().to_owned()))
        }
        Dialog::Question(Question::PastedKey(text)) => {
            (selected, HalfName::PrivateKey, Zeroizing::new(text.expose().to_owned()))
        }
        Dialog::Discard(dialog) => return half_of(dialog, selected),
        Dialog::Unsaved(dialog) => return half_of(dialog.as_deref()?, selected),
        _ => return None,
    };
    (!text.trim().is_empty()).then(|| UnsavedHalf { environment, half, text: Secret::new(text.as_str()) })
}
