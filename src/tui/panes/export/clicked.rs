//! The rows of all feeds' page that a click selects, as they were drawn: feeds, and the reasons of failures below them.

use ratatui::buffer::{Buffer, Cell};

use crate::domain::Feed;
use crate::tui::panes::export::reasons;
use crate::tui::widgets::click::{CURSORS, Listed};

/// The columns at which a reason can begin: beside the border of the pane, or in a panel of its own.
const BEGINNINGS: [u16; 2] = [2, 4];
/// The cells before the name of a feed: the border, a blank, and the place of the cursor.
const BEFORE_FEED: u16 = 4;
/// The sides of a panel, and the same in ASCII.
const SIDES: [&str; 2] = ["│", "|"];
/// The cells of a row that are looked at: nothing that a row is known by begins later.
const LOOKED_AT: u16 = 48;

/// Where they are in a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Landmarks {
    feeds: Vec<(u16, Feed)>,
    /// From the first shown to the last.
    reasons: Vec<ReasonRow>,
}

/// A reason of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ReasonRow {
    row: u16,
    /// The column after its last.
    end: u16,
    has_cursor: bool,
}

impl Landmarks {
    /// Those of a frame that was drawn.
    #[must_use]
    pub fn of(buffer: &Buffer) -> Self {
        let rows = buffer.area.y..buffer.area.bottom();
        let feed = |row: u16| {
            let name = text(buffer, row, BEFORE_FEED);
            Some((row, name.split(' ').next()?.parse().ok()?))
        };
        let reason = |row: u16| BEGINNINGS.into_iter().find_map(|from| reason_row(buffer, row, from));
        Self { feeds: rows.clone().filter_map(feed).collect(), reasons: rows.filter_map(reason).collect() }
    }

    /// What is listed at this place.
    pub fn at(&self, column: u16, row: u16) -> Option<Listed> {
        let place = |is_it: &dyn Fn(&ReasonRow) -> bool| self.reasons.iter().position(is_it);
        if let Some(place_clicked) = place(&|reason| reason.row == row && column < reason.end) {
            return Some(Listed::Reason { place: place_clicked, cursor: place(&|reason| reason.has_cursor) });
        }
        self.feeds.iter().find(|(of, _)| *of == row).map(|(_, feed)| Listed::Feed(*feed))
    }
}

/// The text of a row from this column.
fn text(buffer: &Buffer, row: u16, from: u16) -> String {
    (from..from + LOOKED_AT).filter_map(|column| buffer.cell((column, row))).map(Cell::symbol).collect()
}

/// A row such as `▸ 12 ▲ needs a fix …`.
fn reason_row(buffer: &Buffer, row: u16, from: u16) -> Option<ReasonRow> {
    let text = text(buffer, row, from);
    let cursor = CURSORS.into_iter().find(|cursor| text.starts_with(cursor));
    let rest = text.strip_prefix(cursor.unwrap_or(" "))?.trim_start();
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',');
    // One mark between two blanks.
    let mut rest = rest.strip_prefix(' ')?.chars();
    rest.next()?;
    let word = rest.as_str().strip_prefix(' ')?;
    if !reasons::WORDS.iter().any(|known| word.starts_with(known)) {
        return None;
    }
    let side = |column: &u16| buffer.cell((*column, row)).is_some_and(|cell| SIDES.contains(&cell.symbol()));
    let end = (from..buffer.area.right()).find(side).unwrap_or(buffer.area.right());
    Some(ReasonRow { row, end, has_cursor: cursor.is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_known_by_what_they_begin_with() {
        let frame = Buffer::with_lines([
            "│   Feed           Progress                        │",
            "│ ▸ products       ███░░░     12,400/12,880+       │",
            "│   prices         ░░░░░░                          │",
            "│ products: about 2 min left                       │",
            "│ ╭ Failures by reason (1,203) ─────╮╭ Log ───────╮ │",
            "│ │   1,201 ▲ needs a fix no name … ││  12:03 …   │ │",
            "│ │ ▸     2 ◐ will retry  busy      ││            │ │",
        ]);
        let marks = Landmarks::of(&frame);
        assert_eq!(marks.at(5, 1), Some(Listed::Feed(Feed::Products)));
        assert_eq!(marks.at(30, 2), Some(Listed::Feed(Feed::Prices)));
        assert_eq!([0, 3, 4].map(|row| marks.at(5, row)), [None; 3]);
        assert_eq!(marks.at(10, 5), Some(Listed::Reason { place: 0, cursor: Some(1) }));
        assert_eq!(marks.at(10, 6), Some(Listed::Reason { place: 1, cursor: Some(1) }));
        assert_eq!(marks.at(40, 5), None, "the log beside it");
    }
}
