//! Which feeds are listed, in which order, and where the cursor is among them.

use std::cmp::Reverse;

use crate::domain::Feed;
use crate::tui::keymap::Action;
use crate::tui::panes::export::feed_text::{awaiting, failed, state_of};
use crate::tui::panes::export::{ExportPage, ExportPane};
use crate::tui::panes::{Cx, step};
use crate::tui::widgets::notices::Tone;

/// The order of the feeds in the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FeedOrder {
    /// As they are exported.
    #[default]
    Export,
    /// The most failed items first.
    Failed,
    /// The most items that are not sent yet first.
    NotSent,
}

impl FeedOrder {
    fn next(self) -> Self {
        match self {
            Self::Export => Self::Failed,
            Self::Failed => Self::NotSent,
            Self::NotSent => Self::Export,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Export => "feeds in export order",
            Self::Failed => "feeds by failed items, most first",
            Self::NotSent => "feeds by items not sent, most first",
        }
    }
}

impl ExportPane {
    /// The rows of the table: the feeds whose name or state contains the filter's text, in the chosen order. A text that no feed
    /// contains is for the errors alone.
    pub fn shown_feeds(&self) -> Vec<Feed> {
        let all = self.feeds();
        let named: Vec<Feed> = all.iter().copied().filter(|feed| self.passes_filter(*feed)).collect();
        let mut shown = if named.is_empty() { all } else { named };
        match self.order {
            FeedOrder::Export => {}
            FeedOrder::Failed => shown.sort_by_key(|feed| {
                let (will_retry, needs_attention) = failed(self, *feed);
                Reverse(will_retry + needs_attention)
            }),
            FeedOrder::NotSent => shown.sort_by_key(|feed| Reverse(awaiting(self, *feed))),
        }
        shown
    }

    fn passes_filter(&self, feed: Feed) -> bool {
        self.filter.passes(&[feed.name(), state_of(self, feed).text])
    }

    /// The filter has another text: the cursor goes to the first row that contains it.
    pub fn select_by_filter(&mut self) {
        self.follows = false;
        let is_for_errors = self.filter.is_set() && !self.feeds().into_iter().any(|feed| self.passes_filter(feed));
        self.selected = if is_for_errors { self.shown_feeds().len() } else { 0 };
        self.clamp_cursor();
    }

    /// Keeps the cursor on a row.
    pub fn clamp_cursor(&mut self) {
        self.move_cursor(Action::Filter);
    }

    /// A key moves the cursor.
    pub(super) fn step_cursor(&mut self, action: Action) {
        if matches!(
            action,
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last
        ) {
            self.follows = false;
        }
        self.move_cursor(action);
    }

    fn move_cursor(&mut self, action: Action) {
        let rows = self.shown_feeds().len() + self.shown_reasons().len();
        step(&mut self.selected, rows, action);
    }

    /// The next order; the cursor stays on its feed.
    pub(super) fn sort_feeds(&mut self, cx: &mut Cx<'_>) {
        let feed = self.shown_feeds().get(self.selected).copied();
        cx.notices.forget(self.order.words());
        self.order = self.order.next();
        cx.notice(Tone::Info, self.order.words());
        self.select_feed(feed);
    }

    /// Puts the cursor on the feed that the run is at, until a person moves it.
    pub(super) fn follow_run(&mut self) {
        if self.follows && matches!(self.page, ExportPage::Summary) {
            self.select_feed(self.running_feed());
        }
    }

    fn select_feed(&mut self, feed: Option<Feed>) {
        let place = feed.and_then(|feed| self.shown_feeds().iter().position(|shown| *shown == feed));
        self.selected = place.unwrap_or(self.selected);
    }
}
