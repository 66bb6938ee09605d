//! The page of a feed's items: a window over the ledger, however many there are.

use std::collections::BTreeMap;

use super::dialog::{Dialog, LineDialog, LinePurpose, Question};
use super::export::ExportPage;
use super::item::ItemPane;
use super::notice::Tone;
use super::{Effects, Filter, Load, Pane, State, step};
use crate::connector::ExportRequest;
use crate::connector::items::Record;
use crate::domain::Feed;
use crate::error::Problem;
use crate::export::SyncMode;
use crate::export::ledger::{ItemNumber, ItemOrder, ItemPage, ItemQuery, ItemRow, PageFrom};
use crate::export::progress::ItemState;
use crate::tui::effect::{Effect, ItemsWork, Work};
use crate::tui::event::{ItemsReply, Now};
use crate::tui::keymap::Action;

/// How many rows are loaded at a time: more than a screen, and a few milliseconds of reading.
pub const PAGE: usize = 200;
/// How many rows are kept at most; those farthest from the cursor go first.
pub const WINDOW: usize = 2 * PAGE;
/// How near to the end of the window the cursor may come before more is loaded: some presses of a page key.
const MARGIN: usize = 60;
/// How many items can be marked: they travel as one list.
const MARKS: usize = 10_000;

/// The page.
#[derive(Debug)]
pub struct ItemsPage {
    /// Which items are listed.
    pub query: ItemQuery,
    /// The window: the rows that are loaded.
    pub rows: Vec<ItemRow>,
    /// How many items of the query are before the window; `None` if that is not known.
    pub before: Option<u64>,
    /// Whether there are items before the window.
    has_before: bool,
    /// Whether there are items after the window.
    has_after: bool,
    /// How loading goes.
    pub load: Load,
    /// How many items were looked at by the search that continues.
    pub looked: Option<u64>,
    /// How many items the query has; `None` until they are counted.
    pub total: Option<u64>,
    /// Which of the loaded rows is selected.
    pub selected: usize,
    /// The marked items, and by what each is sent again.
    pub marked: BTreeMap<ItemNumber, Record>,
    /// What is searched for.
    pub filter: Filter,
    /// What is being loaded.
    asked: Option<PageFrom>,
    /// Where the cursor goes when that is there.
    cursor: Cursor,
}

/// Where the cursor goes when the window is a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    First,
    Last,
    /// To this item if it is among the rows; else it stays in its place.
    On(Option<ItemNumber>),
}

impl ItemsPage {
    /// All items of a feed, or those in a state; none is loaded yet.
    #[must_use]
    pub fn new(feed: Feed, state: Option<ItemState>) -> Self {
        Self {
            query: ItemQuery { state, ..ItemQuery::all(feed) },
            rows: Vec::new(),
            before: None,
            has_before: false,
            has_after: false,
            load: Load::NotAsked,
            looked: None,
            total: None,
            selected: 0,
            marked: BTreeMap::new(),
            filter: Filter::default(),
            asked: None,
            cursor: Cursor::First,
        }
    }

    /// The selected item.
    pub fn row(&self) -> Option<&ItemRow> {
        self.rows.get(self.selected)
    }

    /// Whether not all items of the feed are listed.
    pub fn is_filtered(&self) -> bool {
        self.query != ItemQuery { order: self.query.order, ..ItemQuery::all(self.query.feed) }
    }

    /// The items that an action is about: the marked ones, else the selected one.
    fn chosen(&self) -> Vec<Record> {
        if self.marked.is_empty() {
            return self.row().map(|row| Record::of(self.query.feed, row)).into_iter().collect();
        }
        self.marked.values().cloned().collect()
    }

    /// Lists other items: from the first, and counted again.
    fn list(&mut self, query: ItemQuery, effects: &mut Effects) {
        // Rows of another list would look like what was found.
        self.rows.clear();
        self.selected = 0;
        (self.before, self.has_before, self.has_after) = (None, false, false);
        self.query = query;
        self.total = None;
        self.load_from(PageFrom::Start, Cursor::First, effects);
        self.count(effects);
    }

    fn count(&self, effects: &mut Effects) {
        effects.push(Effect::Work(Work::Items(ItemsWork::Count(self.query.clone()))));
    }

    fn load_from(&mut self, from: PageFrom, cursor: Cursor, effects: &mut Effects) {
        if !matches!(from, PageFrom::After(_) | PageFrom::Before(_)) {
            self.load = Load::Loading;
        }
        self.looked = None;
        self.cursor = cursor;
        self.asked = Some(from.clone());
        let limit = if matches!(from, PageFrom::At(_)) { self.rows.len().clamp(PAGE, WINDOW) } else { PAGE };
        effects.push(Effect::Work(Work::Items(ItemsWork::Page { query: self.query.clone(), from, limit })));
    }

    /// Loads the same rows again, and counts them.
    fn refresh(&mut self, effects: &mut Effects) {
        let on = Cursor::On(self.row().map(|row| row.number));
        let from = match self.rows.first() {
            Some(first) if self.has_before => PageFrom::At(first.clone()),
            _ => PageFrom::Start,
        };
        self.load_from(from, on, effects);
        self.count(effects);
    }

    /// Moves the cursor, and loads what comes near.
    fn step(&mut self, action: Action, effects: &mut Effects) {
        match action {
            Action::First if self.has_before => self.load_from(PageFrom::Start, Cursor::First, effects),
            Action::Last if self.has_after => self.load_from(PageFrom::End, Cursor::Last, effects),
            _ => {
                step(&mut self.selected, self.rows.len(), action);
                self.load_near(effects);
            }
        }
    }

    fn load_near(&mut self, effects: &mut Effects) {
        if self.asked.is_some() {
            return;
        }
        let (first, last) = (self.rows.first().cloned(), self.rows.last().cloned());
        if let Some(last) = last.filter(|_| self.has_after && self.selected + MARGIN >= self.rows.len()) {
            self.load_from(PageFrom::After(last), self.cursor, effects);
        } else if let Some(first) = first.filter(|_| self.has_before && self.selected < MARGIN) {
            self.load_from(PageFrom::Before(first), self.cursor, effects);
        }
    }

    /// Takes a page in that was asked for.
    fn take(&mut self, from: &PageFrom, page: ItemPage, now: &Now) {
        let ItemPage { rows, has_before, has_after } = page;
        let loaded = rows.len();
        match from {
            PageFrom::After(_) => {
                self.rows.extend(rows);
                self.has_after = has_after;
                // Never so many that the selected one would go.
                let excess = self.rows.len().saturating_sub(WINDOW).min(self.selected);
                self.rows.drain(..excess);
                self.selected -= excess;
                self.has_before |= excess > 0;
                self.before = self.before.map(|before| before + excess as u64);
            }
            PageFrom::Before(_) => {
                self.rows.splice(0..0, rows);
                self.has_before = has_before;
                self.selected += loaded;
                self.before = self.before.map(|before| before.saturating_sub(loaded as u64));
                if self.rows.len() > WINDOW.max(self.selected + 1) {
                    self.rows.truncate(WINDOW.max(self.selected + 1));
                    self.has_after = true;
                }
            }
            PageFrom::Start | PageFrom::End | PageFrom::At(_) => {
                self.rows = rows;
                (self.has_before, self.has_after) = (has_before, has_after);
                if matches!(from, PageFrom::End) {
                    self.before = None;
                }
                let last = self.rows.len().saturating_sub(1);
                self.selected = match self.cursor {
                    Cursor::First => 0,
                    Cursor::Last => last,
                    Cursor::On(number) => {
                        let place = self.rows.iter().position(|row| Some(row.number) == number);
                        place.unwrap_or(self.selected).min(last)
                    }
                };
                self.load = Load::Done { at: now.wall.clone() };
            }
        }
        self.place();
    }

    /// Works out how many items are before the window, where that can be known.
    fn place(&mut self) {
        if !self.has_before {
            self.before = Some(0);
        } else if !self.has_after
            && let Some(total) = self.total
        {
            self.before = Some(total.saturating_sub(self.rows.len() as u64));
        }
    }
}

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

impl ItemsPage {
    /// The rows that are there stay.
    fn fail(&mut self, problem: Problem) {
        self.asked = None;
        self.looked = None;
        self.load = Load::Failed { problem };
    }

    /// Whatever was waited for will not come.
    pub(super) fn forget_pending(&mut self) {
        self.asked = None;
        self.looked = None;
        if matches!(self.load, Load::Loading) {
            self.load = Load::NotAsked;
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
