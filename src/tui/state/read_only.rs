//! Read-only mode: what would change something is refused with one sentence, wherever it was asked for.

use super::notice::Tone;
use super::{Effects, State};
use crate::tui::effect::Effect;
use crate::tui::event::Now;

/// The same words as those of a command that is refused.
const REFUSED: &str =
    "this installation is read-only, so nothing was changed: `commerce-connector --read-only=false` lifts it";

impl State {
    /// Whether nothing may be changed from here.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.overview.settings.read_only
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
