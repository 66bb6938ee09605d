//! The pages of the pane: how one leads to another and back, and what the items' pages need of the others.

use std::path::Path;

use crate::domain::Feed;
use crate::error::Problem;
use crate::export::ledger::ItemQuery;
use crate::export::progress::ItemState;
use crate::export::reasons::Reason;
use crate::format::counted;
use crate::private_file::safe;
use crate::tui::keymap::Action;
use crate::tui::panes::export::{ExportPage, ExportPane};
use crate::tui::panes::items::ItemsPage;
use crate::tui::panes::items::item::ItemPane;
use crate::tui::panes::items::requests::ItemsReply;
use crate::tui::panes::{Cx, Effects};
use crate::tui::widgets::dialog::LinePurpose;
use crate::tui::widgets::notices::Tone;

impl ExportPane {
    /// The page of one feed.
    pub fn open_feed(&mut self, feed: Feed) {
        self.page = ExportPage::Feed(feed);
        self.feed_selected = 0;
    }

    /// Another page is opened from here: back leads here again.
    pub(super) fn remember_page(&mut self) {
        self.opened_from = self.feed_of_page();
    }

    /// Back to the page from which this one was opened.
    pub fn leave_page(&mut self) {
        self.page = match std::mem::take(&mut self.page) {
            ExportPage::Item { items, .. } => ExportPage::Items(items),
            ExportPage::Items(_) | ExportPage::Log => match self.opened_from.take() {
                Some(feed) => ExportPage::Feed(feed),
                None => ExportPage::Summary,
            },
            ExportPage::Feed(_) | ExportPage::Summary => ExportPage::Summary,
        };
    }

    /// The list of items, whether it is in front or below one of them.
    fn items_mut(&mut self) -> Option<&mut ItemsPage> {
        match &mut self.page {
            ExportPage::Items(items) | ExportPage::Item { items, .. } => Some(items),
            _ => None,
        }
    }

    /// The list of a feed's items, or of those in a state.
    pub fn open_items(&mut self, feed: Feed, state: Option<ItemState>, effects: &mut Effects) {
        let mut items = ItemsPage::new(feed, state);
        items.list(items.query.clone(), effects);
        self.page = ExportPage::Items(Box::new(items));
    }

    /// The items that failed for a reason, in the feed that most of them are of.
    pub(super) fn open_reason(&mut self, reason: &Reason, effects: &mut Effects) {
        let Some(feed) = reason.main_feed() else { return };
        let mut items = ItemsPage::new(feed, Some(reason.state));
        let query = ItemQuery { error: reason.needle().to_owned(), ..items.query.clone() };
        items.list(query, effects);
        self.remember_page();
        self.page = ExportPage::Items(Box::new(items));
    }

    /// Asks for the file to which the items that failed for a reason are written, of all feeds.
    pub(super) fn ask_to_save_reason(&self, cx: &mut Cx<'_>) {
        let Some(reason) = self.reason_of_cursor() else {
            cx.notice(Tone::Info, "select a failure reason first: the cursor is not on one");
            return;
        };
        let query = |feed: Feed| ItemQuery {
            state: Some(reason.state),
            error: reason.needle().to_owned(),
            ..ItemQuery::all(feed)
        };
        let queries = reason.feeds.iter().map(|(feed, _)| query(*feed)).collect();
        cx.ask_line(LinePurpose::SaveCsv(queries), "failed.csv");
    }

    /// The list follows what is typed.
    pub fn search_items(&mut self, effects: &mut Effects) {
        let ExportPage::Items(items) = &mut self.page else { return };
        let search = items.filter.editor.text().trim();
        if items.query.search != search {
            let query = ItemQuery { search: search.to_owned(), ..items.query.clone() };
            items.list(query, effects);
        }
    }

    /// What a run changed is shown when it has ended.
    pub fn refresh_items(&mut self, effects: &mut Effects) {
        if let Some(items) = self.items_mut() {
            items.refresh(effects);
        }
        if let ExportPage::Item { item, .. } = &mut self.page {
            item.look_again(effects);
        }
    }

    /// Whether only items with a text in their errors are listed.
    pub fn has_error_filter(&self) -> bool {
        matches!(&self.page, ExportPage::Items(items) if !items.query.error.is_empty())
    }

    /// Only items whose error contains this are listed; an empty text lists all again.
    pub fn filter_by_error(&mut self, text: &str, effects: &mut Effects) {
        if let Some(items) = self.items_mut() {
            let query = ItemQuery { error: text.trim().to_owned(), ..items.query.clone() };
            items.list(query, effects);
        }
    }

    /// What a key does in the list of items.
    pub(super) fn act_in_items(&mut self, action: Action, cx: &mut Cx<'_>, effects: &mut Effects) {
        let ExportPage::Items(items) = &mut self.page else { return };
        match action {
            Action::Open => self.open_item(effects),
            Action::NextFeed => {
                let (feed, state) = (items.query.feed, items.query.state);
                let feeds = self.feeds();
                let place = feeds.iter().position(|other| *other == feed).map_or(0, |place| place + 1);
                if let Some(next) = feeds.get(place).or(feeds.first()).filter(|next| **next != feed) {
                    // Marks and texts belong to the feed that they were made in.
                    self.open_items(*next, state, effects);
                }
            }
            _ => effects.extend(items.update(action, cx)),
        }
    }

    /// What a key does on the page of an item.
    pub(super) fn act_in_item(&mut self, action: Action, cx: &mut Cx<'_>, effects: &mut Effects) {
        if let ExportPage::Item { item, items } = &mut self.page {
            effects.extend(item.update(action, items.query.feed, cx));
        }
    }

    fn open_item(&mut self, effects: &mut Effects) {
        let ExportPage::Items(items) = &self.page else { return };
        let Some(row) = items.row().cloned() else { return };
        if let ExportPage::Items(items) = std::mem::take(&mut self.page) {
            let item = Box::new(ItemPane::new(row, effects));
            self.page = ExportPage::Item { item, items };
        }
    }

    /// What came back about items: to the page that waits for it, if there is one.
    pub fn on_items(&mut self, reply: ItemsReply, cx: &mut Cx<'_>) -> Effects {
        match reply {
            ItemsReply::Saved(result) => ItemPane::on_saved(result, cx),
            ItemsReply::CsvSaved { path, result } => on_csv_saved(&path, result, cx),
            ItemsReply::Looked { number, result } => {
                if let ExportPage::Item { item, .. } = &mut self.page {
                    item.on_looked(number, result, cx.now);
                }
            }
            ItemsReply::Explained { sku, result } => {
                if let ExportPage::Item { item, .. } = &mut self.page {
                    item.on_explained(&sku, result, cx);
                }
            }
            reply => {
                if let Some(items) = self.items_mut() {
                    return items.on_reply(reply, cx.now);
                }
            }
        }
        Effects::new()
    }
}

/// What came of writing a CSV file: where it is, or in its dialog why it is not there.
fn on_csv_saved(path: &Path, result: Result<u64, Problem>, cx: &mut Cx<'_>) {
    match result {
        Ok(items) => {
            cx.close_csv();
            cx.notice(Tone::Good, format!("{} written to {}", counted(items, "item"), safe(path)));
        }
        Err(problem) => cx.refuse_line_or_tell(&problem),
    }
}
