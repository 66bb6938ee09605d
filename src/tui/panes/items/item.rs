//! The page of one item: what it is, what happened to it, and what would be sent of it now.

use std::path::PathBuf;

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::connector::explain::{self, Explanation};
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
    /// Why its product is or is not on the storefront, shown in place of the item.
    pub explanation: Option<Box<Explanation>>,
    /// How loading that goes.
    pub load: Load,
    /// Which of its entries is selected.
    pub selected: usize,
}

impl ItemPane {
    /// The page of an item, which is being looked at.
    pub fn new(row: ItemRow, effects: &mut Effects) -> Self {
        effects.push(ItemsWork::Look(row.number).into());
        Self { row, view: None, explanation: None, load: Load::Loading, selected: 0 }
    }

    /// Everything that is known, line by line; a title is a line of its own.
    pub fn entries(&self, wall: Option<&Zoned>) -> Vec<Row> {
        let Some(view) = self.view.as_deref() else { return Vec::new() };
        let utc = TimeZone::UTC;
        let zone = wall.map_or(&utc, Zoned::time_zone);
        let again = key_of(KeyContext::Item, Action::SendAgain);
        let sections = match &self.explanation {
            Some(explanation) => explain::sections(explanation, zone),
            None => item_report::of(view, zone, &again),
        };
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
            Action::Explain => self.explain(&mut effects, cx),
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

    /// Asks why its product is or is not on the storefront; from there, back to the item.
    fn explain(&mut self, effects: &mut Effects, cx: &mut Cx<'_>) {
        if self.explanation.take().is_some() {
            self.selected = 0;
            return;
        }
        match self.sku() {
            Some(sku) => {
                self.load = Load::Loading;
                effects.push(ItemsWork::Explain(sku).into());
            }
            None if self.view.is_none() => {}
            None => cx.notice(Tone::Info, "only an item with a SKU can be explained"),
        }
    }

    /// The SKU of the product that the item is about; of a variant, its parent's.
    fn sku(&self) -> Option<SafeText> {
        let identity = &self.view.as_deref()?.detail.identity;
        let is_sku = |name: &SafeText| matches!(name.as_str(), "sku" | "parentSku");
        identity.iter().find(|(name, _)| is_sku(name)).map(|(_, sku)| sku.clone())
    }

    /// What came of it, if this is the product that was asked about.
    pub fn on_explained(&mut self, sku: &SafeText, result: Result<Box<Explanation>, Problem>, cx: &mut Cx<'_>) {
        if self.sku().as_ref() != Some(sku) {
            return;
        }
        // What is shown of the item is as good as before.
        self.load = Load::Done { at: cx.now.wall.clone() };
        match result {
            Ok(explanation) => {
                self.explanation = Some(explanation);
                self.selected = 0;
            }
            Err(problem) => cx.problem(&problem),
        }
    }

    /// Looks at it once more.
    pub fn look_again(&mut self, effects: &mut Effects) {
        self.explanation = None;
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
