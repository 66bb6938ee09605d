//! A name and what is known of it, in as many lines as that takes.

use ratatui::text::{Line, Span};

use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{left, wrap};

/// The width of a name, in cells.
pub const TITLE: usize = 9;

/// In lines of at most `room` cells.
pub fn field(label: &str, text: &str, role: Role, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let line = |(number, part): (usize, String)| {
        let label = left(if number == 0 { label } else { "" }, TITLE);
        Line::from(vec![
            Span::styled(format!("  {label} "), theme.style(Role::Dim)),
            Span::styled(part, theme.style(role)),
        ])
    };
    wrap(text, room.saturating_sub(TITLE + 3)).into_iter().enumerate().map(line).collect()
}
