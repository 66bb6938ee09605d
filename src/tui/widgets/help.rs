//! The help: every key of a place by its purpose, made from the key table.

use std::borrow::Cow;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::tui::keymap::{self, Binding, Purpose};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::content::Content;
use crate::tui::widgets::dialog::Help;
use crate::tui::widgets::matching::rank;
use crate::tui::widgets::text::{fit, left, width, wrap};

/// The width of the keys, in cells.
const KEYS: usize = 12;

/// What it shows in `height` lines of `room` cells: the text that is typed stays above what scrolls.
pub fn content(help: &Help, is_read_only: bool, theme: Theme, room: usize, height: usize) -> Content {
    let typed = help.editor.text();
    let first = if typed.is_empty() {
        Span::styled("type to find a key", theme.style(Role::Dim))
    } else {
        Span::styled(fit(typed, room.saturating_sub(3)), theme.style(Role::Title))
    };
    let all = lines(help, is_read_only, theme, room);
    let height = height.saturating_sub(1).max(1);
    let from = help.scroll.min(all.len().saturating_sub(height));
    let title = match all.len() {
        many if many > height => format!("Keys, lines {}-{} of {many}", from + 1, from + height),
        _ => "Keys".to_owned(),
    };
    let mut lines = vec![Line::from(vec![Span::styled("/ ", theme.style(Role::Accent)), first])];
    lines.extend(all.into_iter().skip(from).take(height));
    let column = 2 + width(help.editor.before_cursor());
    Content { cursor: Some((column, 0)), ..Content::text(title, lines) }
}

/// At least as many lines as there can be, so that scrolling ends.
pub fn most_lines(help: &Help) -> usize {
    keymap::of_place(help.of).count() + Purpose::ALL.len()
}

/// A heading and the keys of each purpose. Two keys with few words share a line; what is refused because nothing may be
/// changed says so.
fn lines(help: &Help, is_read_only: bool, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let half = room.saturating_sub(1) / 2;
    let is_short = |entry: &HelpLine| KEYS + 1 + width(&entry.words) < half;
    let mut lines = Vec::new();
    for purpose in Purpose::ALL {
        let is_shown = |binding: &&'static Binding| {
            let text = format!("{} {} {} {}", binding.long, binding.short, purpose.title(), binding.names());
            binding.purpose == purpose && rank(help.editor.text(), &text).is_some()
        };
        let shown = keymap::of_place(help.of).filter(is_shown);
        let mut entries = shown.map(|binding| HelpLine::of(binding, is_read_only, theme)).peekable();
        if entries.peek().is_some() {
            lines.push(Line::styled(purpose.title(), theme.style(Role::Title)));
        }
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
    }
    if lines.is_empty() {
        lines.push(Line::styled("no key for that", theme.style(Role::Dim)));
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
        let names = format!("  {}", binding.names());
        Self { keys: Span::styled(left(&names, KEYS), theme.style(keys)), words, style: theme.style(style) }
    }
}
