//! The page of a feed's items: a window over the ledger, however many there are.

pub mod item;
pub mod item_view;
pub mod requests;
pub mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::connector::ExportRequest;
use crate::connector::items::Record;
use crate::domain::Feed;
use crate::error::Problem;
use crate::export::SyncMode;
use crate::export::ledger::{ItemNumber, ItemOrder, ItemPage, ItemQuery, ItemRow, PageFrom};
use crate::export::progress::ItemState;
use crate::tui::keymap::Action;
use crate::tui::panes::items::requests::{ItemsReply, ItemsWork};
use crate::tui::panes::{Cx, Effects, Load, Now, step};
use crate::tui::widgets::dialog::{Dialog, LinePurpose, Question};
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::notices::Tone;

/// How many rows are loaded at a time: more than a screen, and a few milliseconds of reading.
pub const PAGE: usize = 200;
/// How many rows are kept at most; those farthest from the cursor go first.
pub const WINDOW: usize = 2 * PAGE;
/// How near to the end of the window the cursor may come before more is loaded: some presses of a page key.
const MARGIN: usize = 60;
/// How many items can be marked: they travel as one list.
pub(super) const MARKS: usize = 10_000;

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
    pub(super) has_before: bool,
    /// Whether there are items after the window.
    pub(super) has_after: bool,
    /// How loading goes.
    pub load: Load,
    /// How many items were looked at by the running search.
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
    pub(super) asked: Option<PageFrom>,
    /// Where the cursor goes when that is there.
    pub(super) cursor: Cursor,
}

/// Where the cursor goes when the window is a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cursor {
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
    pub fn chosen(&self) -> Vec<Record> {
        if self.marked.is_empty() {
            return self.row().map(|row| Record::of(self.query.feed, row)).into_iter().collect();
        }
        self.marked.values().cloned().collect()
    }

    /// Lists other items: from the first, and counted again.
    pub fn list(&mut self, query: ItemQuery, effects: &mut Effects) {
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
        effects.push(ItemsWork::Count(self.query.clone()).into());
    }

    fn load_from(&mut self, from: PageFrom, cursor: Cursor, effects: &mut Effects) {
        if !matches!(from, PageFrom::After(_) | PageFrom::Before(_)) {
            self.load = Load::Loading;
        }
        self.looked = None;
        self.cursor = cursor;
        self.asked = Some(from.clone());
        let limit = if matches!(from, PageFrom::At(_)) { self.rows.len().clamp(PAGE, WINDOW) } else { PAGE };
        effects.push(ItemsWork::Page { query: self.query.clone(), from, limit }.into());
    }

    /// Loads the same rows again, and counts them.
    pub fn refresh(&mut self, effects: &mut Effects) {
        let on = Cursor::On(self.row().map(|row| row.number));
        let from = match self.rows.first() {
            Some(first) if self.has_before => PageFrom::At(first.clone()),
            _ => PageFrom::Start,
        };
        self.load_from(from, on, effects);
        self.count(effects);
    }

    /// Moves the cursor, and loads what comes near.
    pub fn step(&mut self, action: Action, effects: &mut Effects) {
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
    pub fn take(&mut self, from: &PageFrom, page: ItemPage, now: &Now) {
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
    pub fn place(&mut self) {
        if !self.has_before {
            self.before = Some(0);
        } else if !self.has_after
            && let Some(total) = self.total
        {
            self.before = Some(total.saturating_sub(self.rows.len() as u64));
        }
    }
}

impl ItemsPage {
    /// The rows that are there stay.
    pub fn fail(&mut self, problem: Problem) {
        self.asked = None;
        self.looked = None;
        self.load = Load::Failed { problem };
    }

    /// Whatever was waited for will not come.
    pub fn forget_pending(&mut self) {
        self.asked = None;
        self.looked = None;
        if matches!(self.load, Load::Loading) {
            self.load = Load::NotAsked;
        }
    }

    /// What a key does in the list.
    pub fn update(&mut self, action: Action, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        let query = self.query.clone();
        match action {
            Action::Mark => self.mark(cx, &mut effects),
            Action::Unmark => self.marked.clear(),
            Action::SendAgain => ask_to_send_again(query.feed, self.marked.len().max(1), self.chosen(), cx),
            Action::FilterByState => {
                self.list(ItemQuery { state: next_state(query.state), ..query }, &mut effects);
            }
            Action::SaveCsv => cx.ask_line(LinePurpose::SaveCsv(vec![query.clone()]), &format!("{}.csv", query.feed)),
            Action::FilterByError => cx.ask_line(LinePurpose::ErrorText, &query.error),
            Action::Sort => self.list(ItemQuery { order: next_order(query.order), ..query }, &mut effects),
            Action::Refresh => self.refresh(&mut effects),
            Action::Filter => self.filter.editing = true,
            _ => self.step(action, &mut effects),
        }
        effects
    }

    fn mark(&mut self, cx: &mut Cx<'_>, effects: &mut Effects) {
        let Some(row) = self.row() else { return };
        let (number, record) = (row.number, Record::of(self.query.feed, row));
        if self.marked.remove(&number).is_none() {
            if self.marked.len() == MARKS {
                let text = "mark limit reached: send these again first, or export the whole feed";
                cx.notice(Tone::Warning, text);
                return;
            }
            self.marked.insert(number, record);
        }
        // The next one is marked by the same key.
        self.step(Action::Down, effects);
    }

    /// What came back; of a list that is not shown any more it is left out.
    pub fn on_reply(&mut self, reply: ItemsReply, now: &Now) -> Effects {
        let mut effects = Effects::new();
        match reply {
            ItemsReply::Page { query, from, result } if query == self.query && self.asked.as_ref() == Some(&from) => {
                match result {
                    Ok(Some(page)) => {
                        self.asked = None;
                        self.looked = None;
                        self.take(&from, page, now);
                        self.load_near(&mut effects);
                    }
                    // Another one is on its way.
                    Ok(None) => {}
                    Err(problem) => self.fail(problem),
                }
            }
            ItemsReply::Searching { query, looked } if query == self.query && self.asked.is_some() => {
                self.looked = Some(looked);
            }
            ItemsReply::Count { query, result } if query == self.query => match result {
                Ok(Some(total)) => {
                    self.total = Some(total);
                    self.place();
                }
                Ok(None) => {}
                Err(problem) => self.fail(problem),
            },
            // Of a list that is not shown any more.
            _ => {}
        }
        effects
    }
}

/// Asks whether the source records of these items are to be sent again.
pub fn ask_to_send_again(feed: Feed, items: usize, mut records: Vec<Record>, cx: &mut Cx<'_>) {
    records.sort_unstable();
    records.dedup();
    if records.is_empty() {
        cx.notice(Tone::Info, "no item to send again");
        return;
    }
    if !cx.can_start() {
        return;
    }
    let (words, kind) = Record::words(&records);
    let mode = SyncMode::ByIds { words, kind };
    let request = ExportRequest { feeds: vec![feed], mode, ..ExportRequest::default() };
    *cx.dialog = Some(Dialog::Question(Question::SendAgain { request, items, records: records.len() }));
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
