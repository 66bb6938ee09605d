//! The page of a feed's items: a window over the ledger, however many there are.

use std::collections::BTreeMap;

use super::{Effects, Filter, Load, step};
use crate::connector::items::Record;
use crate::domain::Feed;
use crate::error::Problem;
use crate::export::ledger::{ItemNumber, ItemPage, ItemQuery, ItemRow, PageFrom};
use crate::export::progress::ItemState;
use crate::tui::effect::{Effect, ItemsWork, Work};
use crate::tui::event::Now;
use crate::tui::keymap::Action;

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
    pub(super) fn chosen(&self) -> Vec<Record> {
        if self.marked.is_empty() {
            return self.row().map(|row| Record::of(self.query.feed, row)).into_iter().collect();
        }
        self.marked.values().cloned().collect()
    }

    /// Lists other items: from the first, and counted again.
    pub(super) fn list(&mut self, query: ItemQuery, effects: &mut Effects) {
        // Rows of another list would look like what was found.
        self.rows.clear();
        self.selected = 0;
        (self.before, self.has_before, self.has_after) = (None, false, false);
        self.query = query;
        self.total = None;
        self.load_from(PageFrom::Start, Cursor::First, effects);
        self.count(effects);
    }

    pub(super) fn count(&self, effects: &mut Effects) {
        effects.push(Effect::Work(Work::Items(ItemsWork::Count(self.query.clone()))));
    }

    pub(super) fn load_from(&mut self, from: PageFrom, cursor: Cursor, effects: &mut Effects) {
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
    pub(super) fn refresh(&mut self, effects: &mut Effects) {
        let on = Cursor::On(self.row().map(|row| row.number));
        let from = match self.rows.first() {
            Some(first) if self.has_before => PageFrom::At(first.clone()),
            _ => PageFrom::Start,
        };
        self.load_from(from, on, effects);
        self.count(effects);
    }

    /// Moves the cursor, and loads what comes near.
    pub(super) fn step(&mut self, action: Action, effects: &mut Effects) {
        match action {
            Action::First if self.has_before => self.load_from(PageFrom::Start, Cursor::First, effects),
            Action::Last if self.has_after => self.load_from(PageFrom::End, Cursor::Last, effects),
            _ => {
                step(&mut self.selected, self.rows.len(), action);
                self.load_near(effects);
            }
        }
    }

    pub(super) fn load_near(&mut self, effects: &mut Effects) {
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
    pub(super) fn take(&mut self, from: &PageFrom, page: ItemPage, now: &Now) {
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
    pub(super) fn place(&mut self) {
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
    pub(super) fn fail(&mut self, problem: Problem) {
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
