//! Replacing a key pair: the new one is pasted, the gateway must accept it, and only then it takes the old one's place.

use super::dialog::{Dialog, KeyDialog, LineDialog, LinePurpose, Question};
use super::keys::Check;
use super::notice::Tone;
use super::{Effects, State};
use crate::connector::{Half, after_rotation};
use crate::domain::Environment;
use crate::error::{Exit, Problem};
use crate::keys::PrivateKey;
use crate::settings::Saved;
use crate::tui::effect::{Effect, Work};
use crate::tui::event::Now;
use crate::tui::keymap::{Action, KeyContext, key_of};

impl State {
    /// Explains what will happen, and asks; nothing has changed then.
    pub(super) fn ask_to_rotate(&mut self, environment: Environment, now: &Now) {
        let locked = self.keys.status(environment).and_then(|status| {
            [&status.api_key, &status.private_key].into_iter().find_map(|half| match half {
                Half::Present { locked, .. } => locked.clone(),
                Half::Missing | Half::Unusable { .. } => None,
            })
        });
        if !self.keys.is_complete(environment) {
            let paste = key_of(KeyContext::Keys, Action::PasteApiKey);
            let text = format!("no complete {environment} pair to replace. {paste}: paste one");
            self.notices.add(Tone::Info, text, &now.wall);
        } else if let Some(locked) = locked {
            let text = format!("the {environment} pair is locked by {locked}: change it there");
            self.notices.add(Tone::Warning, text, &now.wall);
        } else if self.export.is_busy() {
            let text = "an export is running: replace keys after it ends";
            self.notices.add(Tone::Warning, text, &now.wall);
        } else {
            self.dialog = Some(Dialog::Question(Question::Rotate(environment)));
        }
    }

    pub(super) fn begin_rotation(&mut self, environment: Environment) {
        self.keys.forget_draft(environment);
        self.keys.rotating = Some(environment);
        self.dialog = Some(Dialog::Line(LineDialog::new(LinePurpose::ApiKey(environment), "")));
    }

    /// A dialog of the rotation was cancelled: nothing has changed, and what was pasted for it is forgotten.
    pub(super) fn cancel_rotation(&mut self, environment: Environment, now: &Now) {
        if self.keys.rotating == Some(environment) {
            self.keys.forget_draft(environment);
            let text = format!("nothing changed: the old {environment} pair stays");
            self.notices.add(Tone::Info, text, &now.wall);
        }
    }

    /// The next step of a rotation after a half was pasted; `false` if none is going on.
    pub(super) fn go_on_rotating(&mut self, environment: Environment, effects: &mut Effects) -> bool {
        if self.keys.rotating != Some(environment) {
            return false;
        }
        if self.keys.draft(environment).pair().is_some() {
            self.rotate(environment, None, effects);
        } else {
            self.dialog = Some(Dialog::PrivateKey(Box::new(KeyDialog::new(environment))));
        }
        true
    }

    /// Has the gateway asked about the pasted pair, which takes the old one's place if it is accepted. `typed` is the name of the
    /// data space in use, where it was asked for.
    pub(super) fn rotate(&mut self, environment: Environment, typed: Option<String>, effects: &mut Effects) {
        if let Some(pair) = self.keys.draft(environment).pair() {
            self.keys.set_check(environment, Check::Asking);
            effects.push(Effect::Work(Work::RotatePair(environment, pair, typed)));
        }
    }

    /// Whether a key is the one that is to be replaced; says so.
    pub(super) fn is_old_key(&mut self, environment: Environment, key: &PrivateKey, now: &Now) -> bool {
        let is_rotating = self.keys.rotating == Some(environment);
        let is_old = is_rotating && self.keys.saved_fingerprint(environment) == Some(key.fingerprint().as_str());
        if is_old {
            let text = format!("this is the current private key of the {environment} pair: paste the new one");
            self.notices.add(Tone::Warning, text, &now.wall);
        }
        is_old
    }

    pub(super) fn on_rotated(
        &mut self,
        environment: Environment,
        result: Result<Saved, Problem>,
        now: &Now,
        effects: &mut Effects,
    ) {
        match result {
            Ok(saved) => {
                self.keys.forget_draft(environment);
                self.keys.set_check(environment, Check::Accepted { at: now.wall.clone() });
                self.notices.add(Tone::Warning, after_rotation(self.overview.settings.setup.in_commerce), &now.wall);
                let place = &saved.where_to;
                let text =
                    format!("the gateway accepts the new {environment} pair; it has replaced the old one in {place}");
                self.notices.add(Tone::Good, text, &now.wall);
                self.tell_settings_note(saved.note.as_ref(), now);
                self.keys_changed(environment, effects);
            }
            Err(problem) => {
                match &self.overview.data_space {
                    // A dialog that was opened meanwhile is not taken away from the person who types into it.
                    Some((_, name, _)) if problem.exit == Exit::Guarded && self.dialog.is_none() => {
                        let (name, refusal) = (name.clone(), problem.what.clone());
                        let purpose = LinePurpose::LoseSight { environment, name, refusal };
                        self.dialog = Some(Dialog::Line(LineDialog::new(purpose, "")));
                    }
                    _ => self.notices.problem(&problem, &now.wall),
                }
                self.keys.set_check(environment, Check::Failed { at: now.wall.clone(), problem });
            }
        }
    }
}
