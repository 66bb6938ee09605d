//! Replacing a key pair: the new one is pasted, the gateway must accept it, and only then it takes the old one's place.

use crate::connector::{Half, after_rotation};
use crate::domain::Environment;
use crate::error::{Exit, Problem};
use crate::keys::PrivateKey;
use crate::settings::Saved;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::keys::requests::KeysWork;
use crate::tui::panes::keys::{Check, KeysPane};
use crate::tui::panes::{Cx, Effects};
use crate::tui::widgets::dialog::{Dialog, KeyDialog, LinePurpose, Question};
use crate::tui::widgets::notices::Tone;

impl KeysPane {
    /// Explains what will happen, and asks; nothing has changed then.
    pub(super) fn ask_to_rotate(&self, environment: Environment, cx: &mut Cx<'_>) {
        let locked = self.status(environment).and_then(|status| {
            [&status.api_key, &status.private_key].into_iter().find_map(|half| match half {
                Half::Present { locked, .. } => locked.clone(),
                Half::Missing | Half::Unusable { .. } => None,
            })
        });
        if !self.is_complete(environment) {
            let paste = key_of(KeyContext::Keys, Action::PasteApiKey);
            let text = format!("no complete {environment} pair to replace. {paste}: paste one");
            cx.notice(Tone::Info, text);
        } else if let Some(locked) = locked {
            let text = format!("the {environment} pair is locked by {locked}: change it there");
            cx.notice(Tone::Warning, text);
        } else if cx.is_exporting {
            let text = "an export is running: replace keys after it ends";
            cx.notice(Tone::Warning, text);
        } else {
            *cx.dialog = Some(Dialog::Question(Question::Rotate(environment)));
        }
    }

    /// Begins with the new API key.
    pub fn begin_rotation(&mut self, environment: Environment, cx: &mut Cx<'_>) {
        self.forget_draft(environment);
        self.rotating = Some(environment);
        cx.ask_line(LinePurpose::ApiKey(environment), "");
    }

    /// A dialog of the rotation was cancelled: nothing has changed, and what was pasted for it is forgotten.
    pub fn cancel_rotation(&mut self, environment: Environment, cx: &mut Cx<'_>) {
        if self.rotating == Some(environment) {
            self.forget_draft(environment);
            let text = format!("nothing changed: the old {environment} pair stays");
            cx.notice(Tone::Info, text);
        }
    }

    /// The next step of a rotation after a half was pasted; `false` if none is going on.
    pub(super) fn go_on_rotating(&mut self, environment: Environment, cx: &mut Cx<'_>, effects: &mut Effects) -> bool {
        if self.rotating != Some(environment) {
            return false;
        }
        if self.draft(environment).pair().is_some() {
            self.rotate(environment, None, effects);
        } else {
            *cx.dialog = Some(Dialog::PrivateKey(Box::new(KeyDialog::new(environment))));
        }
        true
    }

    /// Has the gateway asked about the pasted pair, which takes the old one's place if it is accepted. `typed` is the name of the
    /// data space in use, where it was asked for.
    pub fn rotate(&mut self, environment: Environment, typed: Option<String>, effects: &mut Effects) {
        if let Some(pair) = self.draft(environment).pair() {
            self.set_check(environment, Check::Asking);
            effects.push(KeysWork::RotatePair(environment, pair, typed).into());
        }
    }

    /// Whether a key is the one that is to be replaced; says so.
    pub(super) fn is_old_key(&self, environment: Environment, key: &PrivateKey, cx: &mut Cx<'_>) -> bool {
        let is_rotating = self.rotating == Some(environment);
        let is_old = is_rotating && self.saved_fingerprint(environment) == Some(key.fingerprint().as_str());
        if is_old {
            let text = format!("this is the current private key of the {environment} pair: paste the new one");
            cx.notice(Tone::Warning, text);
        }
        is_old
    }

    pub(super) fn on_rotated(
        &mut self,
        environment: Environment,
        result: Result<Saved, Problem>,
        cx: &mut Cx<'_>,
        effects: &mut Effects,
    ) {
        match result {
            Ok(saved) => {
                self.forget_draft(environment);
                self.set_check(environment, Check::Accepted { at: cx.now.wall.clone() });
                cx.notice(Tone::Warning, after_rotation(cx.overview.settings.setup.in_commerce));
                let place = &saved.where_to;
                let text =
                    format!("the gateway accepts the new {environment} pair; it has replaced the old one in {place}");
                cx.notice(Tone::Good, text);
                cx.save_note(saved.note.as_ref());
                self.keys_changed(environment, cx, effects);
            }
            Err(problem) => {
                match &cx.overview.data_space {
                    // A dialog that was opened meanwhile is not taken away from the person who types into it.
                    Some((_, name, _)) if problem.exit == Exit::Guarded && cx.dialog.is_none() => {
                        let (name, refusal) = (name.clone(), problem.what.clone());
                        let purpose = LinePurpose::LoseSight { environment, name, refusal };
                        cx.ask_line(purpose, "");
                    }
                    _ => cx.problem(&problem),
                }
                self.set_check(environment, Check::Failed { at: cx.now.wall.clone(), problem });
            }
        }
    }
}
