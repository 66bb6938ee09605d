//! The page of what this run told.

use super::{Effects, Filter, State};
use crate::tui::event::Now;
use crate::tui::keymap::Action;

/// The page.
#[derive(Debug, Default)]
pub struct LogPage {
    /// Which line is selected.
    pub selected: usize,
    /// Only lines that contain this.
    pub filter: Filter,
}

impl State {
    pub(super) fn act_in_log(&mut self, _action: Action, _now: &Now, _effects: &mut Effects) {}
}
