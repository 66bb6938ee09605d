//! What the mouse does where `ui.mouse` asks for it: a click selects, the wheel scrolls. It is taken for keys that move the
//! cursor, so it can do nothing that a person could not type.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use crate::tui::model::State;
use crate::tui::panes::export::ExportPage;
use crate::tui::panes::{Effects, Now, Pane, tabs};
use crate::tui::widgets::click::{Click, Listed};
use crate::tui::widgets::header;

impl State {
    /// Selects the pane or the row that was clicked. A dialog is answered by keys only.
    pub(super) fn on_click(&mut self, click: Click, now: &Now, effects: &mut Effects) {
        if self.dialog.is_some() {
            return;
        }
        if click.row == header::HEIGHT {
            if let Some(pane) = tabs::pane_at(click.width, click.column) {
                self.show(pane, effects);
            }
            return;
        }
        if self.pane == Pane::Export && matches!(self.export.page, ExportPage::Summary) {
            if let Some(row) = click.listed.and_then(|listed| self.row_of(listed)) {
                let selected = self.export.selected;
                (0..row.abs_diff(selected)).for_each(|_| self.on_wheel(row < selected, now, effects));
            }
            return;
        }
        let Some(cursor_row) = click.cursor_row else { return };
        let is_up = click.row < cursor_row;
        (0..click.row.abs_diff(cursor_row)).for_each(|_| self.on_wheel(is_up, now, effects));
    }

    /// Moves the cursor, or what is read, by a row.
    pub(super) fn on_wheel(&mut self, is_up: bool, now: &Now, effects: &mut Effects) {
        self.on_key(&KeyEvent::from(if is_up { KeyCode::Up } else { KeyCode::Down }), now, effects);
    }

    /// Which row of the two lists this is: first the feeds, then the reasons of failures.
    fn row_of(&self, listed: Listed) -> Option<usize> {
        let feeds = self.export.shown_feeds();
        match listed {
            Listed::Feed(feed) => feeds.iter().position(|shown| *shown == feed),
            Listed::Reason { place, cursor } => {
                // Where the list is scrolled, the cursor is in it, and says how far.
                let above = self.export.selected_reason().zip(cursor).map_or(0, |(at, shown)| at.saturating_sub(shown));
                let reason = above + place;
                (reason < self.export.shown_reasons().len()).then_some(feeds.len() + reason)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::model::tests::*;

    fn click(state: &mut State, column: u16, row: u16) {
        let click = Click { column, row, width: 80, cursor_row: Some(4), listed: None };
        state.update(Event::Click(click), &now());
    }

    fn click_on(state: &mut State, listed: Option<Listed>) {
        let click = Click { column: 10, row: 5, width: 80, cursor_row: Some(4), listed };
        state.update(Event::Click(click), &now());
    }

    #[test]
    fn a_click_on_a_title_shows_its_pane_and_between_two_none() {
        let mut state = testing();
        for (column, pane) in [(4, Pane::Overview), (16, Pane::Keys), (24, Pane::Saas), (33, Pane::Organization)] {
            click(&mut state, column, 1);
            assert_eq!(state.pane, pane, "column {column}");
        }
        click(&mut state, 14, 1);
        assert_eq!(state.pane, Pane::Organization, "a line of the border");
        click(&mut state, 79, 1);
        assert_eq!(state.pane, Pane::Organization, "beyond the last");
    }

    #[test]
    fn a_click_selects_the_feed_or_the_reason_and_what_is_no_row_is_left_alone() {
        let mut state = testing();
        run(&mut state);
        let failures = ["no name", "no price"]
            .map(|message| RunEvent::ItemFailed(ItemFailure { message: message.into(), ..failure("x") }));
        state.update(Event::Run { news: failures.to_vec(), skipped: 0 }, &now());
        let feeds = state.export.shown_feeds();
        assert_eq!((feeds.len(), state.export.shown_reasons().len()), (2, 2));
        click_on(&mut state, Some(Listed::Feed(feeds[1])));
        assert_eq!(state.export.selected, 1);
        click_on(&mut state, Some(Listed::Reason { place: 1, cursor: None }));
        assert_eq!(state.export.selected_reason(), Some(1), "from the feeds to the reasons");
        // One row is shown, the second of them.
        click_on(&mut state, Some(Listed::Reason { place: 0, cursor: Some(0) }));
        assert_eq!(state.export.selected_reason(), Some(1));
        for nothing in [None, Some(Listed::Reason { place: 2, cursor: None }), Some(Listed::Feed(Feed::Orders))] {
            click_on(&mut state, nothing);
            assert_eq!(state.export.selected_reason(), Some(1), "{nothing:?}");
        }
        click_on(&mut state, Some(Listed::Feed(feeds[0])));
        assert_eq!(state.export.selected, 0, "and back");
    }

    #[test]
    fn a_click_beside_the_cursor_of_another_list_moves_it_there() {
        let mut state = testing();
        press(&mut state, '2');
        let rows = state.saas.rows().len();
        click(&mut state, 10, 6);
        assert_eq!(state.saas.selected, 2.min(rows.saturating_sub(1)));
    }

    #[test]
    fn the_wheel_moves_the_cursor_and_a_dialog_takes_no_click() {
        let mut state = testing();
        state.update(Event::Wheel { is_up: false }, &now());
        assert_eq!(state.export.selected, 1);
        press(&mut state, '?');
        click(&mut state, 4, 1);
        assert_eq!((state.pane, state.dialog.is_some()), (Pane::Export, true));
    }
}
