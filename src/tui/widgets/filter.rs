//! A filter of a list: its state, and the line in which it is typed.

use ratatui::text::{Line, Span};

use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::editor::LineEditor;
use crate::tui::widgets::text::fit;

/// A filter of a list.
#[derive(Debug, Default)]
pub struct Filter {
    /// What rows must contain.
    pub editor: LineEditor,
    /// Whether it is being typed.
    pub editing: bool,
}

impl Filter {
    /// Whether one of these texts contains what was typed, whatever the case.
    pub fn passes(&self, texts: &[&str]) -> bool {
        let wanted = self.editor.text().to_lowercase();
        wanted.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&wanted))
    }

    /// Whether it hides anything.
    pub fn is_set(&self) -> bool {
        !self.editor.text().is_empty()
    }

    /// Shows everything again.
    pub fn clear(&mut self) {
        self.editor.clear();
        self.editing = false;
    }
}

/// The line of a filter that is typed or set.
pub fn filter_line(filter: &Filter, theme: Theme, room: usize) -> Line<'static> {
    let typed = fit(filter.editor.text(), room.saturating_sub(12));
    let cursor = if filter.editing { " " } else { "" };
    Line::from(vec![
        Span::styled("Filter  / ", theme.style(Role::Accent)),
        Span::styled(typed, theme.style(Role::Title)),
        Span::styled(cursor, theme.selected(theme.style(Role::Title))),
    ])
}
