//! The page of one feed: its run, what limits it, and what can be done about it.

use super::{Effects, State};
use crate::tui::event::Now;
use crate::tui::keymap::Action;

impl State {
    pub(super) fn act_in_feed(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        self.act_in_export(action, now, effects);
    }
}
