//! The titles of the panes in the upper border, and which of them is where.

use crate::tui::panes::Pane;
use crate::tui::widgets::text::width;

/// The width from which the titles of all panes fit in full, in cells.
const WIDE_TITLES: u16 = 84;

/// Each pane with its digit and name, as wide as there is room for.
pub fn titles(area_width: u16) -> impl Iterator<Item = (Pane, String)> {
    let name = move |pane: Pane| if area_width < WIDE_TITLES { pane.short_title() } else { pane.title() };
    Pane::ALL.into_iter().enumerate().map(move |(number, pane)| (pane, format!(" {number} {} ", name(pane))))
}

/// The pane whose title is at this column of the border.
pub fn pane_at(area_width: u16, column: u16) -> Option<Pane> {
    // The corner and a line come before the first, a line after each.
    let mut begin = 2;
    for (pane, title) in titles(area_width) {
        let end = begin + width(&title);
        if (begin..end).contains(&usize::from(column)) {
            return Some(pane);
        }
        begin = end + 1;
    }
    None
}
