//! The page of one item: what it is, what happened to it, and what would be sent of it now.

use super::{Effects, Load, State};
use crate::connector::items::ItemView;
use crate::export::ledger::ItemNumber;
use crate::tui::event::Now;
use crate::tui::keymap::Action;

/// The page.
#[derive(Debug)]
pub struct ItemPane {
    /// Which item.
    pub number: ItemNumber,
    /// What is known of it.
    pub view: Option<Box<ItemView>>,
    /// How loading that goes.
    pub load: Load,
    /// How many lines further down than the first was scrolled to.
    pub scroll: usize,
}

impl State {
    pub(super) fn act_in_item(&mut self, _action: Action, _now: &Now, _effects: &mut Effects) {}
}
