//! Read-only mode: what would change something is refused with one sentence, wherever it was asked for.

use super::notice::Tone;
use super::{Effects, State};
use crate::tui::effect::Effect;
use crate::tui::event::Now;
use crate::tui::keymap::Action;

/// The same words as those of a command that is refused.
const REFUSED: &str = "this installation is read-only; nothing changed. Fix: `commerce-connector --read-only=false`";

impl State {
    /// Whether nothing may be changed from here.
    pub fn is_read_only(&self) -> bool {
        self.overview.settings.read_only
    }

    /// Whether an action could do something now: what is refused has no use, and a run is started or stopped, not both.
    pub fn is_of_use(&self, action: Action) -> bool {
        let needs_rest = matches!(
            action,
            Action::StartAll
                | Action::StartSelected
                | Action::Partial
                | Action::DryRun
                | Action::Retry
                | Action::ByIds
                | Action::CleanUp
                | Action::SendAgain
        );
        let needs_run = matches!(action, Action::Stop | Action::PauseResume);
        let is_refused = self.is_read_only() && action.changes();
        !(is_refused || needs_rest && self.export.is_busy() || needs_run && !self.export.is_busy())
    }

    pub(super) fn refuse_change(&mut self, now: &Now) {
        self.notices.add(Tone::Warning, REFUSED, &now.wall);
    }

    /// Takes out of an update whatever would change something: the dialog that leads to it, and the work itself.
    pub(super) fn hold_back(&mut self, effects: &mut Effects, now: &Now) {
        if !self.is_read_only() {
            return;
        }
        let is_change = |effect: &Effect| match effect {
            Effect::Work(work) => work.changes(),
            Effect::Run(_) => true,
            _ => false,
        };
        let held_work = effects.iter().any(is_change);
        effects.retain(|effect| !is_change(effect));
        if held_work {
            self.forget_pending();
        }
        let held_dialog = self.dialog.take_if(|dialog| dialog.changes()).is_some();
        if held_work || held_dialog {
            self.refuse_change(now);
        }
    }
}
