//! What keys and answers do to the list of items.

use super::dialog::{Dialog, LineDialog, LinePurpose, Question};
use super::export::ExportPage;
use super::item::ItemPane;
use super::items::{ItemsPage, MARKS};
use super::notice::Tone;
use super::{Effects, Pane, State};
use crate::connector::ExportRequest;
use crate::connector::items::Record;
use crate::domain::Feed;
use crate::export::SyncMode;
use crate::export::ledger::{ItemOrder, ItemQuery};
use crate::export::progress::ItemState;
use crate::tui::event::{ItemsReply, Now};
use crate::tui::keymap::Action;

impl State {
    /// The list of items, whether it is in front or below one of them.
    fn items_mut(&mut self) -> Option<&mut ItemsPage> {
        match &mut self.export.page {
            ExportPage::Items(items) | ExportPage::Item { items, .. } => Some(items),
            _ => None,
        }
    }

    pub(super) fn open_items(&mut self, feed: Feed, state: Option<ItemState>, effects: &mut Effects) {
        let mut items = ItemsPage::new(feed, state);
        items.list(items.query.clone(), effects);
        self.export.page = ExportPage::Items(Box::new(items));
    }

    /// The list follows what is typed.
    pub(super) fn search_items(&mut self, effects: &mut Effects) {
        let ExportPage::Items(items) = &mut self.export.page else { return };
        let search = items.filter.editor.text().trim();
        if items.query.search != search {
            let query = ItemQuery { search: search.to_owned(), ..items.query.clone() };
            items.list(query, effects);
        }
    }

    /// What a run changed is shown when it has ended.
    pub(super) fn refresh_items(&mut self, effects: &mut Effects) {
        if let Some(items) = self.items_mut() {
            items.refresh(effects);
        }
        self.look_again(effects);
    }

    /// Whether only items with a text in their errors are listed.
    pub(super) fn has_error_filter(&self) -> bool {
        self.pane == Pane::Export
            && matches!(&self.export.page, ExportPage::Items(items) if !items.query.error.is_empty())
    }

    /// Only items whose error contains this are listed; an empty text lists all again.
    pub(super) fn filter_by_error(&mut self, text: &str, effects: &mut Effects) {
        if let Some(items) = self.items_mut() {
            let query = ItemQuery { error: text.trim().to_owned(), ..items.query.clone() };
            items.list(query, effects);
        }
    }

    pub(super) fn act_in_items(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        let feeds = self.export.feeds();
        let ExportPage::Items(items) = &mut self.export.page else { return };
        let query = items.query.clone();
        match action {
            Action::Open => self.open_item(effects),
            Action::Mark => self.mark(now, effects),
            Action::Unmark => items.marked.clear(),
            Action::SendAgain => {
                let (feed, marked, chosen) = (query.feed, items.marked.len(), items.chosen());
                self.ask_to_send_again(feed, marked.max(1), chosen, now);
            }
            Action::FilterByState => items.list(ItemQuery { state: next_state(query.state), ..query }, effects),
            Action::FilterByError => {
                self.dialog = Some(Dialog::Line(LineDialog::new(LinePurpose::ErrorText, &query.error)));
            }
            Action::Sort => items.list(ItemQuery { order: next_order(query.order), ..query }, effects),
            Action::NextFeed => {
                let place = feeds.iter().position(|feed| *feed == query.feed).map_or(0, |place| place + 1);
                if let Some(feed) = feeds.get(place).or(feeds.first()).filter(|feed| **feed != query.feed) {
                    // Marks and texts belong to the feed that they were made in.
                    self.open_items(*feed, query.state, effects);
                }
            }
            Action::Refresh => items.refresh(effects),
            Action::Filter => items.filter.editing = true,
            _ => items.step(action, effects),
        }
    }

    fn open_item(&mut self, effects: &mut Effects) {
        let ExportPage::Items(items) = &self.export.page else { return };
        let Some(row) = items.row().cloned() else { return };
        if let ExportPage::Items(items) = std::mem::take(&mut self.export.page) {
            let item = Box::new(ItemPane::new(row, effects));
            self.export.page = ExportPage::Item { item, items };
        }
    }

    fn mark(&mut self, now: &Now, effects: &mut Effects) {
        let ExportPage::Items(items) = &mut self.export.page else { return };
        let Some(row) = items.row() else { return };
        let (number, record) = (row.number, Record::of(items.query.feed, row));
        if items.marked.remove(&number).is_none() {
            if items.marked.len() == MARKS {
                let text = "mark limit reached: send these again first, or export the whole feed";
                self.notices.add(Tone::Warning, text, &now.wall);
                return;
            }
            items.marked.insert(number, record);
        }
        // The next one is marked by the same key.
        items.step(Action::Down, effects);
    }

    /// Asks whether the source records of these items are to be sent again.
    pub(super) fn ask_to_send_again(&mut self, feed: Feed, items: usize, mut records: Vec<Record>, now: &Now) {
        records.sort_unstable();
        records.dedup();
        if records.is_empty() {
            self.notices.add(Tone::Info, "no item to send again", &now.wall);
            return;
        }
        if !self.can_start(now) {
            return;
        }
        let (words, kind) = Record::words(&records);
        let mode = SyncMode::ByIds { words, kind };
        let request = ExportRequest { feeds: vec![feed], mode, ..ExportRequest::default() };
        self.dialog = Some(Dialog::Question(Question::SendAgain { request, items, records: records.len() }));
    }

    pub(super) fn on_items(&mut self, reply: ItemsReply, now: &Now, effects: &mut Effects) {
        match reply {
            ItemsReply::Looked { number, result } => return self.on_looked(number, result, now),
            ItemsReply::Saved(result) => return self.on_item_saved(result, now),
            _ => {}
        }
        let Some(items) = self.items_mut() else { return };
        match reply {
            ItemsReply::Page { query, from, result } if query == items.query && items.asked.as_ref() == Some(&from) => {
                match result {
                    Ok(Some(page)) => {
                        items.asked = None;
                        items.looked = None;
                        items.take(&from, page, now);
                        items.load_near(effects);
                    }
                    // Another one is on its way.
                    Ok(None) => {}
                    Err(problem) => items.fail(problem),
                }
            }
            ItemsReply::Searching { query, looked } if query == items.query && items.asked.is_some() => {
                items.looked = Some(looked);
            }
            ItemsReply::Count { query, result } if query == items.query => match result {
                Ok(Some(total)) => {
                    items.total = Some(total);
                    items.place();
                }
                Ok(None) => {}
                Err(problem) => items.fail(problem),
            },
            // Of a list that is not shown any more.
            _ => {}
        }
    }
}

fn next_state(state: Option<ItemState>) -> Option<ItemState> {
    match state {
        None => Some(ItemState::NeedsAttention),
        Some(ItemState::NeedsAttention) => Some(ItemState::WillRetry),
        Some(ItemState::WillRetry) => Some(ItemState::Awaiting),
        Some(ItemState::Awaiting) => Some(ItemState::Submitted),
        Some(ItemState::Submitted) => None,
    }
}

fn next_order(order: ItemOrder) -> ItemOrder {
    match order {
        ItemOrder::Label => ItemOrder::SourceId,
        ItemOrder::SourceId => ItemOrder::Newest,
        ItemOrder::Newest => ItemOrder::Label,
    }
}
