//! The page of a feed's items: a window over the ledger, however many there are.

use std::collections::BTreeSet;

use super::{Effects, Filter, Load, State};
use crate::export::ledger::{ItemNumber, ItemQuery, ItemRow};
use crate::feeds::Feed;
use crate::tui::event::{ItemsReply, Now};
use crate::tui::keymap::Action;

/// The page.
#[derive(Debug)]
pub struct ItemsPage {
    /// Which items are listed.
    pub query: ItemQuery,
    /// The window: the rows that are loaded.
    pub rows: Vec<ItemRow>,
    /// How loading goes.
    pub load: Load,
    /// How many items the query has; `None` until they are counted.
    pub total: Option<u64>,
    /// Which of the loaded rows is selected.
    pub selected: usize,
    /// The marked items.
    pub marked: BTreeSet<ItemNumber>,
    /// What is searched for.
    pub filter: Filter,
}

impl ItemsPage {
    /// All items of a feed; none is loaded yet.
    #[must_use]
    pub fn new(feed: Feed) -> Self {
        Self {
            query: ItemQuery::all(feed),
            rows: Vec::new(),
            load: Load::NotAsked,
            total: None,
            selected: 0,
            marked: BTreeSet::new(),
            filter: Filter::default(),
        }
    }
}

impl State {
    pub(super) fn open_items(&mut self, _feed: Feed, _effects: &mut Effects) {}

    pub(super) fn act_in_items(&mut self, _action: Action, _now: &Now, _effects: &mut Effects) {}

    pub(super) fn on_items(&mut self, _reply: ItemsReply, _now: &Now, _effects: &mut Effects) {}
}
