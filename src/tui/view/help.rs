//! The help: every key of a place, made from the key table.

use ratatui::text::{Line, Span};

use super::look::{Look, Role};
use super::text::{left, width, wrap};
use crate::tui::keymap::{self, Binding, Place};

/// The width of the keys, in cells.
const KEYS: usize = 12;

/// Its lines. Two keys with few words share a line.
pub fn lines(place: Place, look: Look, room: usize) -> Vec<Line<'static>> {
    let half = room.saturating_sub(1) / 2;
    let is_short = |binding: &&Binding| KEYS + 1 + width(binding.long) < half;
    let mut lines = Vec::new();
    let mut bindings = keymap::of_place(place).peekable();
    while let Some(binding) = bindings.next() {
        let partner = if is_short(&binding) { bindings.next_if(is_short) } else { None };
        if let Some(partner) = partner {
            let first = left(&format!(" {}", binding.long), half - KEYS);
            lines.push(Line::from(vec![
                keys(binding, look),
                Span::raw(first),
                keys(partner, look),
                Span::raw(format!(" {}", partner.long)),
            ]));
            continue;
        }
        for (row, text) in wrap(binding.long, room.saturating_sub(KEYS + 1)).into_iter().enumerate() {
            let begin = if row == 0 { keys(binding, look) } else { Span::raw(" ".repeat(KEYS)) };
            lines.push(Line::from(vec![begin, Span::raw(format!(" {text}"))]));
        }
    }
    lines
}

fn keys(binding: &Binding, look: Look) -> Span<'static> {
    Span::styled(left(&binding.names(), KEYS), look.style(Role::Accent))
}
