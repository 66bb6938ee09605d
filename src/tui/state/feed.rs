//! The page of one feed: its run, what limits it, and what can be done about it.

use super::dialog::{Dialog, Reading};
use super::export::ExportPage;
use super::{Effects, State, step};
use crate::connector::ExportRequest;
use crate::domain::Feed;
use crate::tui::event::Now;
use crate::tui::keymap::Action;

impl State {
    pub(super) fn open_feed(&mut self, feed: Feed) {
        self.export.page = ExportPage::Feed(feed);
        self.export.feed_selected = 0;
    }

    /// What is done on this page is done to this feed alone.
    pub(super) fn act_in_feed(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        let ExportPage::Feed(feed) = self.export.page else { return };
        let feeds = vec![feed];
        match action {
            Action::Open => {
                let failure = self.export.failures_of(feed).nth(self.export.feed_selected).cloned();
                self.dialog = failure.map(|failure| Dialog::reading(Reading::Failure(failure)));
            }
            Action::Partial => self.start_partial(feeds, now, effects),
            Action::DryRun => {
                self.ask_to_start(ExportRequest { feeds, dry_run: true, ..ExportRequest::default() }, now, effects);
            }
            Action::Retry => self.start_retry_of(feed, now, effects),
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
                let rows = self.export.failures_of(feed).count();
                step(&mut self.export.feed_selected, rows, action);
            }
            _ => self.act_in_export(action, now, effects),
        }
    }
}
