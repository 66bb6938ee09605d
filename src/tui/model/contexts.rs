//! `:context NAME`: the screen is opened again in another context, unless something would be lost or left alone by that.

use crate::error::Problem;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::model::State;
use crate::tui::panes::{Effect, Effects, Now, Work};
use crate::tui::widgets::dialog::Dialog;
use crate::tui::widgets::notices::Tone;

impl State {
    /// Has looked up whether the screen can be opened in this context.
    pub(super) fn ask_for_context(&mut self, name: &str, now: &Now, effects: &mut Effects) {
        if name.is_empty() {
            self.notices.add(Tone::Info, "type the name of a context after `context`", &now.wall);
        } else if self.contexts.current.as_deref() == Some(name) {
            self.notices.add(Tone::Info, format!("context {name} is in use already"), &now.wall);
        } else if self.may_switch(now) {
            effects.push(Effect::Work(Work::CheckContext(name.to_owned())));
        }
    }

    pub(super) fn on_context(&mut self, result: Result<String, Problem>, now: &Now, effects: &mut Effects) {
        match result {
            // A run may have begun, or a key been typed, since it was asked for.
            Ok(name) if self.may_switch(now) => effects.push(Effect::SwitchContext(name)),
            Ok(_) => {}
            Err(problem) => self.notices.problem(&problem, &now.wall),
        }
    }

    /// Whether nothing of this screen stands against leaving it; says what does.
    fn may_switch(&mut self, now: &Now) -> bool {
        let text = if self.export.has_own_run() {
            "context not switched: an export of this screen is running. Wait for it, or stop it".to_owned()
        } else if self.has_unsaved() {
            let [save, discard] = [Action::SaveKeys, Action::Back].map(|action| key_of(KeyContext::Keys, action));
            format!("context not switched: keys are not saved. Save ({save} in pane 1) or discard them ({discard})")
        } else if self.dialog.as_ref().is_some_and(Dialog::has_typed_text) {
            "context not switched: close this dialog first".to_owned()
        } else {
            return true;
        };
        self.notices.add(Tone::Warning, text, &now.wall);
        false
    }
}
