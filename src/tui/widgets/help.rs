//! The help: every key of a place, made from the key table.

use std::borrow::Cow;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::tui::keymap::{self, Binding, KeyContext};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{left, width, wrap};

/// The width of the keys, in cells.
const KEYS: usize = 12;

/// Its lines. Two keys with few words share a line; what is refused because nothing may be changed says so.
pub fn lines(place: KeyContext, is_read_only: bool, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let half = room.saturating_sub(1) / 2;
    let is_short = |entry: &HelpLine| KEYS + 1 + width(&entry.words) < half;
    let mut lines = Vec::new();
    let mut entries = keymap::of_place(place).map(|binding| HelpLine::of(binding, is_read_only, theme)).peekable();
    while let Some(entry) = entries.next() {
        let partner = if is_short(&entry) { entries.next_if(is_short) } else { None };
        if let Some(partner) = partner {
            let first = left(&format!(" {}", entry.words), half - KEYS);
            lines.push(Line::from(vec![
                entry.keys,
                Span::styled(first, entry.style),
                partner.keys,
                Span::styled(format!(" {}", partner.words), partner.style),
            ]));
            continue;
        }
        let mut keys = Some(entry.keys);
        for text in wrap(&entry.words, room.saturating_sub(KEYS + 1)) {
            let begin = keys.take().unwrap_or_else(|| Span::raw(" ".repeat(KEYS)));
            lines.push(Line::from(vec![begin, Span::styled(format!(" {text}"), entry.style)]));
        }
    }
    lines
}

/// One key as it is shown.
struct HelpLine {
    keys: Span<'static>,
    words: Cow<'static, str>,
    style: Style,
}

impl HelpLine {
    fn of(binding: &Binding, is_read_only: bool, theme: Theme) -> Self {
        let is_refused = is_read_only && binding.action.changes();
        let words = if is_refused { format!("Read-only: {}", binding.long).into() } else { binding.long.into() };
        let (keys, style) = if is_refused { (Role::Dim, Role::Dim) } else { (Role::Accent, Role::Text) };
        Self { keys: Span::styled(left(&binding.names(), KEYS), theme.style(keys)), words, style: theme.style(style) }
    }
}
