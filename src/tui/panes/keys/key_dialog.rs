//! The editor for a private key: its outline, what it is, and the button that takes it.

use ratatui::text::{Line, Span};

use crate::tui::remedy::sentence;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::content::Content;
use crate::tui::widgets::dialog::{KeyDialog, Preview};
use crate::tui::widgets::text::{fit, paragraph, width};

/// What the editor for a private key shows: never the key.
pub fn content(dialog: &KeyDialog, theme: Theme, room: usize, height: usize) -> Content {
    let what = if dialog.unasked {
        "This was pasted outside an editor and looks like a private key. It is not used until you confirm. Only its outline is shown."
    } else {
        "Paste the full private key, from BEGIN to END. Line ends, indentation and quotes do not matter; a file path also works. Only its outline is shown."
    };
    let mut lines = paragraph(what, room, theme.style(Role::Text));
    lines.push(Line::default());
    let text_row = lines.len();
    let below = preview_lines(&dialog.preview, theme, room);
    // Text, blank, preview, blank, button.
    let text_height = height.saturating_sub(text_row + below.len() + 3).clamp(1, 8);
    let (cursor_line, cursor_column) = dialog.editor.cursor();
    let all = dialog.editor.lines();
    let from = crate::tui::widgets::list::window(cursor_line, all.len(), text_height);
    for number in from..from + text_height {
        let shown = all.get(number).map(|line| masked(line)).unwrap_or_default();
        lines.push(Line::from(vec![
            Span::styled("│ ", theme.style(if dialog.on_button { Role::Dim } else { Role::Accent })),
            Span::raw(fit(&shown, room.saturating_sub(2))),
        ]));
    }
    lines.push(Line::default());
    lines.extend(below);
    lines.push(Line::default());
    let button = match (&dialog.preview, dialog.on_button) {
        (Preview::Usable(_), true) => Span::styled(" Use this key ", theme.selected(theme.style(Role::Title))),
        (Preview::Usable(_), false) => Span::styled(" Use this key ", theme.style(Role::Text)),
        (Preview::Empty | Preview::Unusable(_), _) => Span::styled(" Use this key ", theme.style(Role::Dim)),
    };
    let hint = if dialog.on_button {
        "  Enter: use it · Tab: back to the text · Esc: cancel"
    } else {
        "  Tab: to the button · Esc: cancel"
    };
    lines.push(Line::from(vec![Span::raw("["), button, Span::raw("]"), Span::styled(hint, theme.style(Role::Dim))]));
    let cursor = (!dialog.on_button).then(|| {
        let column = cursor_column.min(room.saturating_sub(3)) + 2;
        (column, text_row + cursor_line - from)
    });
    Content {
        title: format!("Private key of the {} pair", dialog.environment),
        danger: false,
        lines,
        cursor,
        scroll: 0,
    }
}

/// A line of a key as it may be shown: the PEM borders as they are, the rest as dots.
fn masked(line: &str) -> String {
    if line.trim_start().starts_with("-----") && width(line) < 64 {
        crate::untrusted::SafeText::new(line).to_string()
    } else {
        "•".repeat(line.chars().count())
    }
}

fn preview_lines(preview: &Preview, theme: Theme, room: usize) -> Vec<Line<'static>> {
    match preview {
        Preview::Empty => vec![Line::styled("○ nothing pasted yet", theme.style(Role::Dim))],
        Preview::Usable(key) => {
            let text = format!("● RSA private key, {} bits, {}", key.bits(), key.fingerprint());
            let mut lines = paragraph(&text, room, theme.style(Role::Good));
            lines.extend(paragraph("Press v to check it against the API key.", room, theme.style(Role::Dim)));
            lines
        }
        Preview::Unusable(problem) => paragraph(&format!("✗ {}", sentence(problem)), room, theme.style(Role::Danger)),
    }
}
