//! The page of one item: what it is, what happened to it, and what would be sent of it now.

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::{Effects, Load};
use crate::connector::item_report;
use crate::connector::items::ItemView;
use crate::export::ledger::ItemRow;
use crate::report::{Row, Section, Tone};
use crate::tui::effect::{Effect, ItemsWork, Work};
use crate::tui::keymap::{Action, KeyContext, key_of};

/// The page.
#[derive(Debug)]
pub struct ItemPane {
    /// The item, as the list had it.
    pub row: ItemRow,
    /// What is known of it.
    pub view: Option<Box<ItemView>>,
    /// How loading that goes.
    pub load: Load,
    /// Which of its entries is selected.
    pub selected: usize,
}

impl ItemPane {
    /// The page of an item, which is being looked at.
    pub(super) fn new(row: ItemRow, effects: &mut Effects) -> Self {
        effects.push(Effect::Work(Work::Items(ItemsWork::Look(row.number))));
        Self { row, view: None, load: Load::Loading, selected: 0 }
    }

    /// Everything that is known, line by line; a title is a line of its own.
    pub fn entries(&self, wall: Option<&Zoned>) -> Vec<Row> {
        let Some(view) = self.view.as_deref() else { return Vec::new() };
        let again = key_of(KeyContext::Item, Action::SendAgain);
        let sections = item_report::of(view, wall.map_or(&TimeZone::UTC, Zoned::time_zone), &again);
        let rows = |section: Section| [Row::new(section.title, Tone::Title)].into_iter().chain(section.rows);
        sections.into_iter().flat_map(rows).collect()
    }
}
