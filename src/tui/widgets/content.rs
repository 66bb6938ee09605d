//! What stands in a dialog, and the lines that several panes have.

use ratatui::text::{Line, Span};

use crate::tui::keymap::{KeyContext, of_place};
use crate::tui::theme::{Role, Theme};

/// What a dialog shows: its lines, and perhaps where the cursor is (column, line).
pub struct Content {
    /// In the border.
    pub title: String,
    /// Whether something can be lost.
    pub danger: bool,
    /// What stands in it.
    pub lines: Vec<Line<'static>>,
    /// Column and line, in cells.
    pub cursor: Option<(usize, usize)>,
    /// The first line shown.
    pub scroll: usize,
}

impl Content {
    /// A text to read from its beginning.
    pub fn text(title: impl Into<String>, lines: Vec<Line<'static>>) -> Self {
        Self { title: title.into(), danger: false, lines, cursor: None, scroll: 0 }
    }
}

/// Paragraphs with a blank line between them.
pub fn spaced(paragraphs: impl IntoIterator<Item = Vec<Line<'static>>>) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for paragraph in paragraphs {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(paragraph);
    }
    lines
}

/// A question with the keys that answer it in this place.
pub fn answered(
    place: KeyContext,
    title: String,
    danger: bool,
    mut lines: Vec<Line<'static>>,
    theme: Theme,
) -> Content {
    lines.push(Line::default());
    let answers = of_place(place).filter(|binding| !binding.short.is_empty() && binding.places.contains(&place));
    let spans = answers.enumerate().flat_map(|(number, binding)| {
        let gap = if number == 0 { "" } else { "    " };
        let key = binding.keys.first().map(|key| key.name().into_owned()).unwrap_or_default();
        [Span::raw(gap), Span::styled(key, theme.style(Role::Accent)), Span::raw(format!(" {}", binding.short))]
    });
    lines.push(Line::from(spans.collect::<Vec<_>>()));
    // As above: the answers are at the end.
    Content { title, danger, lines, cursor: None, scroll: usize::MAX }
}
