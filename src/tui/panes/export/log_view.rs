//! The page of what this run reported.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::format::{count, counted};
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::View;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::export::log::LogPage;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::content::Content;
use crate::tui::widgets::filter::filter_line;
use crate::tui::widgets::notices::Tone;
use crate::tui::widgets::reading::LogLine;
use crate::tui::widgets::report::mark_of;
use crate::tui::widgets::text::{fit, left, paragraph, width};

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, view: View<'_, ExportPane>, theme: Theme) {
    let room = usize::from(area.width);
    let rows = usize::from(area.height).saturating_sub(1);
    let log = &view.pane.log;
    let shown = log.shown();
    let mut lines = vec![heading(view, shown.len(), theme, room)];
    if shown.is_empty() {
        lines.extend(paragraph(&nothing(log), room, theme.style(Role::Dim)));
    }
    let selected = log.selected();
    // Who follows sees as much of what was before as there is room for.
    let from = if log.is_following() {
        shown.len().saturating_sub(rows)
    } else {
        crate::tui::widgets::list::window(selected, shown.len(), rows)
    };
    for (number, line) in shown.iter().enumerate().skip(from).take(rows) {
        lines.push(line_of(line, number == selected, theme, room));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// How much there is, and whether the newest is followed.
fn heading(view: View<'_, ExportPane>, shown: usize, theme: Theme, room: usize) -> Line<'static> {
    let log = &view.pane.log;
    if log.filter.editing || log.filter.is_set() {
        let mut line = filter_line(&log.filter, theme, room);
        let (all, _) = log.size();
        let text = format!("  {} of {}", count(number(shown)), counted(number(all), "line"));
        if line.width() + width(&text) <= room {
            line.push_span(Span::styled(text, theme.style(Role::Dim)));
        }
        return line;
    }
    let (all, dropped) = log.size();
    let older = if dropped > 0 { format!(", {} older dropped", count(dropped)) } else { String::new() };
    let last = key_of(KeyContext::Log, Action::Last);
    let follow = if log.is_following() { "newest last, following".to_owned() } else { format!("{last}: follow") };
    let zone = view.wall.map(|wall| wall.strftime(", times in %Z").to_string()).unwrap_or_default();
    let text = format!("Run log: {}{older}; {follow}{zone}", counted(number(all), "line"));
    Line::styled(fit(&text, room), theme.style(Role::Title))
}

/// Why there is no line.
fn nothing(log: &LogPage) -> String {
    let back = key_of(KeyContext::Log, Action::Back);
    if log.filter.is_set() {
        return format!("No matching lines. {back}: clear the filter.");
    }
    let start = key_of(KeyContext::Export, Action::StartAll);
    format!("No run started from this screen yet. {back}: back, then {start}: export every feed.")
}

fn number(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

fn line_of(line: &LogLine, is_selected: bool, theme: Theme, room: usize) -> Line<'static> {
    let (mark, role) = mark_of(line.tone);
    let time = line.at.strftime("%H:%M:%S").to_string();
    // Cursor, time, mark, and a blank after each.
    let rest = room.saturating_sub(2 + width(&time) + 1 + 2);
    let text = left(&line.text, rest);
    let text_role = if matches!(line.tone, Tone::Good | Tone::Info) { Role::Text } else { role };
    let line = Line::from(vec![
        Span::styled(if is_selected { "▸ " } else { "  " }, theme.style(Role::Accent)),
        Span::styled(format!("{time} "), theme.style(Role::Dim)),
        Span::styled(format!("{mark} "), theme.style(role)),
        Span::styled(text, theme.style(text_role)),
    ]);
    crate::tui::widgets::list::selected(line, is_selected)
}

/// The newest lines, newest last, as many as fit.
pub fn newest(log: &LogPage, rows: usize, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let all = log.in_sight();
    let from = all.len().saturating_sub(rows);
    all[from..].iter().map(|line| line_of(line, false, theme, room)).collect()
}

/// One line in full.
pub fn content(line: &LogLine, theme: Theme, room: usize) -> Content {
    let (mark, role) = mark_of(line.tone);
    let at = line.at.strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
    let mut lines = vec![Line::styled(format!("{mark} {at}"), theme.style(role)), Line::default()];
    lines.extend(paragraph(&line.text, room, theme.style(Role::Text)));
    Content::text("Log line", lines)
}
