//! The page of one feed: its run, what limits it, and what can be done about it.

use crate::connector::ExportRequest;
use crate::domain::Feed;
use crate::tui::keymap::Action;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::{Cx, Effects, step};
use crate::tui::widgets::dialog::{Dialog, Reading};

impl ExportPane {
    /// What is done on this page is done to this feed alone.
    pub(super) fn act_in_feed(&mut self, feed: Feed, action: Action, cx: &mut Cx<'_>, effects: &mut Effects) {
        let feeds = vec![feed];
        match action {
            Action::Open => {
                let failure = self.failures_of(feed).nth(self.feed_selected).cloned();
                *cx.dialog = failure.map(|failure| Dialog::reading(Reading::Failure(failure)));
            }
            Action::Partial => self.start_partial(feeds, cx, effects),
            Action::DryRun => {
                self.ask_to_start(ExportRequest { feeds, dry_run: true, ..ExportRequest::default() }, cx, effects);
            }
            Action::Retry => self.start_retry_of(feed, cx, effects),
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
                let rows = self.failures_of(feed).count();
                step(&mut self.feed_selected, rows, action);
            }
            _ => self.act_in_summary(action, cx, effects),
        }
    }
}
