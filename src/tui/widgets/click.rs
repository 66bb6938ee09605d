//! A click of the mouse, and what it is near.

use ratatui::buffer::Buffer;

use crate::domain::Feed;

/// What stands before the selected row, and the same in ASCII.
pub const CURSORS: [&str; 2] = ["▸", ">"];

/// A click, and what was on the screen then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Click {
    pub column: u16,
    pub row: u16,
    /// The width of the screen.
    pub width: u16,
    /// The row that the cursor is on; `None` if none is shown.
    pub cursor_row: Option<u16>,
    /// What is listed where it was, on the page of all feeds.
    pub listed: Option<Listed>,
}

/// A row of the page of all feeds, which has two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    Feed(Feed),
    /// A reason of failures.
    Reason {
        /// Its place among those that are shown.
        place: usize,
        /// The place of the one that the cursor is on.
        cursor: Option<usize>,
    },
}

/// The row that the cursor of the pane is on, in a frame that was drawn; it stands beside the border and a blank.
pub fn cursor_row(buffer: &Buffer) -> Option<u16> {
    let area = buffer.area;
    let has_cursor = |y: &u16| buffer.cell((area.x + 2, *y)).is_some_and(|cell| CURSORS.contains(&cell.symbol()));
    (area.y..area.bottom()).find(has_cursor)
}
