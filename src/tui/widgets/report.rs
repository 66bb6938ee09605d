//! A report as lines: what each tone looks like, rows behind their marks, rows beside their names.

use ratatui::text::{Line, Span};

use crate::report::{Row, Section, Tone};
use crate::tui::remedy::words;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{fit, left, paragraph, width, wrap};

/// The width of the names of facts, in cells.
const FACT: usize = 13;
/// The width of the names of what is listed behind marks, in cells: the longest.
const LISTED: usize = 15;

/// The mark of a tone, empty for a text to read, and its role.
pub fn mark_of(tone: Tone) -> (&'static str, Role) {
    match tone {
        Tone::Plain => ("", Role::Text),
        Tone::Remark => ("", Role::Dim),
        Tone::Title => ("", Role::Title),
        Tone::Info => ("○", Role::Accent),
        Tone::Good => ("●", Role::Good),
        Tone::Busy => ("▶", Role::Accent),
        Tone::Open => ("○", Role::Dim),
        Tone::Warning => ("▲", Role::Warning),
        Tone::Danger => ("✗", Role::Danger),
        Tone::Old => ("-", Role::Danger),
        Tone::New => ("+", Role::Good),
    }
}

/// A row behind its mark: with a name in one line, else in full, with why it matters and what to do.
pub fn lines(row: &Row, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let (mark, role) = mark_of(row.tone);
    if !row.name.is_empty() {
        let text = if row.tone == Tone::Open { Role::Dim } else { Role::Text };
        return vec![Line::from(vec![
            Span::styled(format!("{mark} {}", left(row.name.as_str(), LISTED)), theme.style(role)),
            Span::styled(fit(&format!(" {}", row.text), room.saturating_sub(LISTED + 2)), theme.style(text)),
        ])];
    }
    let mut lines = hanging(mark, row.text.as_str(), role, theme, room);
    if let Some(hint) = &row.hint {
        lines.extend(hanging(" ", &hint.why, Role::Text, theme, room));
        lines.extend(hanging(" ", &words(&hint.fix), Role::Accent, theme, room));
    }
    lines
}

/// A paragraph whose lines stand beside its mark, if it has one.
fn hanging(mark: &str, text: &str, role: Role, theme: Theme, room: usize) -> Vec<Line<'static>> {
    if mark.is_empty() {
        return paragraph(text, room, theme.style(role));
    }
    let beside = |(row, line): (usize, String)| {
        let begin = if row == 0 { mark } else { " " };
        Line::styled(format!("{begin} {line}"), theme.style(role))
    };
    wrap(text, room.saturating_sub(2)).into_iter().enumerate().map(beside).collect()
}

/// The title of a section, with what stands beside it; nothing if it has none.
pub fn title(section: &Section, theme: Theme, room: usize) -> Option<Line<'static>> {
    let Section { title, note, .. } = section;
    let rest = room.saturating_sub(width(title));
    let note = if note.is_empty() { String::new() } else { fit(&format!("  {note}"), rest) };
    let spans =
        vec![Span::styled(fit(title, room), theme.style(Role::Title)), Span::styled(note, theme.style(Role::Dim))];
    (!title.is_empty()).then(|| Line::from(spans))
}

/// Sections of facts with a blank line between them: each text beside its name.
pub fn facts(sections: &[Section], theme: Theme, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (number, section) in sections.iter().enumerate() {
        if number > 0 {
            lines.push(Line::default());
        }
        lines.extend(title(section, theme, room));
        for row in &section.rows {
            let (_, role) = mark_of(row.tone);
            for (at, text) in wrap(row.text.as_str(), room.saturating_sub(FACT)).into_iter().enumerate() {
                let name = if at == 0 { row.name.as_str() } else { "" };
                lines.push(Line::from(vec![
                    Span::styled(left(name, FACT), theme.style(Role::Dim)),
                    Span::styled(text, theme.style(role)),
                ]));
            }
        }
    }
    lines
}
