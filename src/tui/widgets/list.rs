//! How lists and what stands beside them share the room.

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Modifier;
use ratatui::text::Line;

/// The width from which there is room for more about the selected row beside the list, in cells.
pub const WIDE: u16 = 110;
/// The width of that side, in cells.
const SIDE: u16 = 36;

/// A wide pane gives its right side to what is known of the selected row.
pub fn with_side(area: Rect) -> (Rect, Option<Rect>) {
    if area.width + 4 < WIDE {
        return (area, None);
    }
    let [main, _, side] =
        Layout::horizontal([Constraint::Min(1), Constraint::Length(2), Constraint::Length(SIDE)]).areas(area);
    (main, Some(side))
}

/// Which part of a list is shown, so that the selected row is in it.
pub fn window(selected: usize, rows: usize, room: usize) -> usize {
    selected.saturating_sub(room / 2).min(rows.saturating_sub(room))
}

/// A row with the look of the selected one, if it is: bold beside its cursor, and with the colours of its states.
pub fn selected(line: Line<'static>, is_selected: bool) -> Line<'static> {
    if is_selected { line.patch_style(Modifier::BOLD) } else { line }
}
