//! What keys and answers do to the page of one item.

use std::path::PathBuf;

use super::dialog::{Dialog, Reading};
use super::export::ExportPage;
use super::item::ItemPane;
use super::notice::Tone;
use super::{Effects, Load, State, step};
use crate::connector::items::{ItemView, Record};
use crate::error::Problem;
use crate::export::ledger::ItemNumber;
use crate::report::Row;
use crate::tui::clipboard::Copyable;
use crate::tui::effect::{Effect, ItemsWork, Work};
use crate::tui::event::Now;
use crate::tui::keymap::Action;
use crate::untrusted::SafeText;

impl State {
    fn item_mut(&mut self) -> Option<&mut ItemPane> {
        match &mut self.export.page {
            ExportPage::Item { item, .. } => Some(item),
            _ => None,
        }
    }

    /// Looks at the item in front once more.
    pub(super) fn look_again(&mut self, effects: &mut Effects) {
        if let Some(item) = self.item_mut() {
            item.load = Load::Loading;
            effects.push(Effect::Work(Work::Items(ItemsWork::Look(item.row.number))));
        }
    }

    pub(super) fn act_in_item(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        let ExportPage::Item { item, items } = &mut self.export.page else { return };
        let entries = item.entries(Some(&now.wall));
        let label = item.row.label.clone();
        match action {
            Action::Open => {
                let entry = entries.get(item.selected).filter(|entry| !entry.is_title());
                self.dialog = entry.map(|entry| Dialog::reading(Reading::Item(entry.clone())));
            }
            Action::SendAgain => {
                let (feed, record) = (items.query.feed, Record::of(items.query.feed, &item.row));
                self.ask_to_send_again(feed, 1, vec![record], now);
            }
            Action::SaveToFile => effects.push(Effect::Work(Work::Items(ItemsWork::Save(item.row.number)))),
            Action::Copy => match entries.get(item.selected) {
                Some(entry) if !entry.is_title() => {
                    effects.push(Effect::Copy(Copyable::line(entry.name.as_str(), entry.text.clone())));
                }
                _ => effects.push(Effect::Copy(everything(&label, &entries))),
            },
            Action::PlainText => effects.push(Effect::ShowPlain(everything(&label, &entries))),
            Action::Refresh => self.look_again(effects),
            _ => step(&mut item.selected, entries.len(), action),
        }
    }

    pub(super) fn on_looked(&mut self, number: ItemNumber, result: Result<Box<ItemView>, Problem>, now: &Now) {
        let wall = now.wall.clone();
        let Some(item) = self.item_mut().filter(|item| item.row.number == number) else { return };
        match result {
            Ok(view) => {
                item.row = view.detail.row.clone();
                item.view = Some(view);
                let last = item.entries(Some(&wall)).len().saturating_sub(1);
                item.selected = item.selected.min(last);
                item.load = Load::Done { at: wall };
            }
            Err(problem) => item.load = Load::Failed { problem },
        }
    }

    pub(super) fn on_item_saved(&mut self, result: Result<PathBuf, Problem>, now: &Now) {
        match result {
            Ok(path) => {
                let text = format!("saved to {} (mode 0600)", SafeText::new(&path.to_string_lossy()));
                self.notices.add(Tone::Good, text, &now.wall);
            }
            Err(problem) => self.notices.problem(&problem, &now.wall),
        }
    }
}

/// The whole page as text.
fn everything(label: &SafeText, entries: &[Row]) -> Copyable {
    Copyable::lines(label.as_str(), entries.iter().map(|entry| SafeText::from(entry.plain())).collect())
}
