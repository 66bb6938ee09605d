//! The pane that leads through everything: what is done, and what comes next.

use super::{Effects, State, step};
use crate::tui::event::Now;
use crate::tui::keymap::Action;

/// The pane.
#[derive(Debug, Default)]
pub struct OverviewPane {
    /// Which step is selected.
    pub selected: usize,
}

impl State {
    pub(super) fn act_in_overview(&mut self, action: Action, _now: &Now, _effects: &mut Effects) {
        step(&mut self.home.selected, 4, action);
    }
}
