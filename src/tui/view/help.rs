//! The help: every key of a place, made from the key table.

use ratatui::text::{Line, Span};

use super::look::{Look, Role};
use super::text::{left, wrap};
use crate::tui::keymap::{self, Place};

/// The width of the keys, in cells.
const KEYS: usize = 16;

/// Its lines.
pub fn lines(place: Place, look: Look, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for binding in keymap::of_place(place) {
        for (row, text) in wrap(binding.long, room.saturating_sub(KEYS + 1)).into_iter().enumerate() {
            let keys = if row == 0 { binding.names() } else { String::new() };
            lines.push(Line::from(vec![
                Span::styled(left(&keys, KEYS), look.style(Role::Accent)),
                Span::raw(format!(" {text}")),
            ]));
        }
    }
    lines
}
