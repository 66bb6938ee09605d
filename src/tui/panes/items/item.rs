//! The page of one item: what it is, what happened to it, and what would be sent of it now.

use std::path::PathBuf;

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::connector::item_report;
use crate::connector::items::{ItemView, Record};
use crate::domain::Feed;
use crate::error::Problem;
use crate::export::ledger::{ItemNumber, ItemRow};
use crate::report::{Row, Section, Tone};
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::items::ask_to_send_again;
use crate::tui::panes::items::requests::ItemsWork;
use crate::tui::panes::{Cx, Effect, Effects, Load, Now, step};
use crate::tui::widgets::copyable::Copyable;
use crate::tui::widgets::dialog::{Dialog, Reading};
use crate::untrusted::SafeText;

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
    pub fn new(row: ItemRow, effects: &mut Effects) -> Self {
        effects.push(ItemsWork::Look(row.number).into());
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

    /// What a key does on the page of an item of this feed.
    pub fn update(&mut self, action: Action, feed: Feed, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        let entries = self.entries(Some(&cx.now.wall));
        let label = self.row.label.clone();
        match action {
            Action::Open => {
                let entry = entries.get(self.selected).filter(|entry| !entry.is_title());
                *cx.dialog = entry.map(|entry| Dialog::reading(Reading::Item(entry.clone())));
            }
            Action::SendAgain => ask_to_send_again(feed, 1, vec![Record::of(feed, &self.row)], cx),
            Action::SaveToFile => effects.push(ItemsWork::Save(self.row.number).into()),
            Action::Copy => match entries.get(self.selected) {
                Some(entry) if !entry.is_title() => {
                    effects.push(Effect::Copy(Copyable::line(entry.name.as_str(), entry.text.clone())));
                }
                _ => effects.push(Effect::Copy(everything(&label, &entries))),
            },
            Action::PlainText => effects.push(Effect::ShowPlain(everything(&label, &entries))),
            Action::Refresh => self.look_again(&mut effects),
            _ => step(&mut self.selected, entries.len(), action),
        }
        effects
    }

    /// Looks at it once more.
    pub fn look_again(&mut self, effects: &mut Effects) {
        self.load = Load::Loading;
        effects.push(ItemsWork::Look(self.row.number).into());
    }

    /// What is known of it now, if this is the item that was looked at.
    pub fn on_looked(&mut self, number: ItemNumber, result: Result<Box<ItemView>, Problem>, now: &Now) {
        if self.row.number != number {
            return;
        }
        match result {
            Ok(view) => {
                self.row = view.detail.row.clone();
                self.view = Some(view);
                let last = self.entries(Some(&now.wall)).len().saturating_sub(1);
                self.selected = self.selected.min(last);
                self.load = Load::Done { at: now.wall.clone() };
            }
            Err(problem) => self.load = Load::Failed { problem },
        }
    }

    /// Where its payloads are now.
    pub fn on_saved(result: Result<PathBuf, Problem>, cx: &mut Cx<'_>) {
        match result {
            Ok(path) => {
                let text = format!("saved to {} (mode 0600)", SafeText::new(&path.to_string_lossy()));
                cx.notice(Tone::Good, text);
            }
            Err(problem) => cx.problem(&problem),
        }
    }
}

/// The whole page as text.
fn everything(label: &SafeText, entries: &[Row]) -> Copyable {
    Copyable::lines(label.as_str(), entries.iter().map(|entry| SafeText::from(entry.plain())).collect())
}
