//! What the mouse does where `ui.mouse` asks for it: a click selects, the wheel scrolls. It is taken for keys that move the
//! cursor, so it can do nothing that a person could not type.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use crate::tui::model::State;
use crate::tui::panes::export::ExportPage;
use crate::tui::panes::{Effects, Now, Pane, tabs};
use crate::tui::widgets::click::Click;
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
        let Some(cursor_row) = click.cursor_row else { return };
        let is_up = click.row < cursor_row;
        let rows = usize::from(click.row.abs_diff(cursor_row));
        if rows <= self.rows_beside_cursor(is_up) {
            (0..rows).for_each(|_| self.on_wheel(is_up, now, effects));
        }
    }

    /// Moves the cursor, or what is read, by a row.
    pub(super) fn on_wheel(&mut self, is_up: bool, now: &Now, effects: &mut Effects) {
        self.on_key(&KeyEvent::from(if is_up { KeyCode::Up } else { KeyCode::Down }), now, effects);
    }

    /// How many rows are above or below the cursor without anything between them: feeds and the reasons of failures are two lists.
    fn rows_beside_cursor(&self, is_up: bool) -> usize {
        if self.pane != Pane::Export || !matches!(self.export.page, ExportPage::Summary) {
            return usize::MAX;
        }
        let feeds = self.export.shown_feeds().len();
        match (self.export.selected_reason(), is_up) {
            (Some(reason), true) => reason,
            (None, false) => feeds.saturating_sub(self.export.selected + 1),
            (Some(_), false) | (None, true) => usize::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::model::tests::*;

    fn click(state: &mut State, column: u16, row: u16) {
        let click = Click { column, row, width: 80, cursor_row: Some(4) };
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
    fn a_click_selects_the_row_and_what_is_no_row_of_the_list_is_left_alone() {
        let mut state = testing();
        assert_eq!(state.export.shown_feeds().len(), 2);
        click(&mut state, 10, 5);
        assert_eq!(state.export.selected, 1);
        click(&mut state, 10, 6);
        assert_eq!(state.export.selected, 1, "the totals");
        click(&mut state, 10, 3);
        assert_eq!(state.export.selected, 0);
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
