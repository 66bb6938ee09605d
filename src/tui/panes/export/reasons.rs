//! Failures grouped by their reason: how many, what becomes of them, and of which feeds they are.

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::export::progress::ItemState;
use crate::export::reasons::Reason;
use crate::format::count;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::export::{ExportPane, FAILURES_KEPT};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::filter::filter_line;
use crate::tui::widgets::list;
use crate::tui::widgets::text::{fit, left, width};

/// The width from which a reason has its feeds beside it, in cells.
const ROOM_FOR_FEEDS: usize = 64;

/// What becomes of the items of a reason, in cells of one width.
pub const WORDS: [&str; 4] = ["needs a fix", "will retry ", "not sent   ", "sent       "];

/// The heading: how many failed, and the key.
pub fn title(pane: &ExportPane) -> String {
    let items = pane.reasons().items();
    if items == 0 {
        return "Failures by reason".to_owned();
    }
    let is_of_run = pane.active().is_some_and(|run| run.progress.reasons.items() > 0);
    let number = if !is_of_run && pane.failures.len() >= FAILURES_KEPT {
        format!("the newest {}", count(items))
    } else {
        count(items)
    };
    let key = |action| key_of(KeyContext::Export, action);
    // Nothing can be retried while a run is under way.
    let retry = if pane.is_busy() { String::new() } else { format!(", {}: retry", key(Action::Retry)) };
    format!("Failures by reason ({number}), {}: list{retry}, {}: CSV", key(Action::Open), key(Action::SaveCsv))
}

/// At most `rows` lines: the heading, and reasons; the heading alone names the first one.
pub fn lines(pane: &ExportPane, theme: Theme, room: usize, rows: usize) -> Vec<Line<'static>> {
    if rows == 0 {
        return Vec::new();
    }
    let shown = pane.shown_reasons();
    let filter = &pane.filter;
    if filter.editing || filter.is_set() {
        let mut lines = vec![filter_line(filter, theme, room)];
        lines.extend(rows_of(pane, &shown, theme, room, rows - 1));
        return lines;
    }
    match shown.first() {
        None => vec![Line::styled("No failed items", theme.style(Role::Dim))],
        Some(first) if rows == 1 && pane.selected_reason().is_none() => {
            let failed = count(pane.reasons().items());
            let text = format!("{failed} failed: {} × {}", count(first.items), first.message);
            let end = format!("  {}: list", key_of(KeyContext::Export, Action::Open));
            let text = left(&text, room.saturating_sub(width(&end)));
            vec![Line::from(vec![
                Span::styled(text, theme.style(role_of(first.state))),
                Span::styled(end, theme.style(Role::Dim)),
            ])]
        }
        Some(_) if rows == 1 => rows_of(pane, &shown, theme, room, 1),
        Some(_) => {
            let mut lines = vec![Line::styled(fit(&title(pane), room), theme.style(Role::Title))];
            lines.extend(rows_of(pane, &shown, theme, room, rows - 1));
            lines
        }
    }
}

/// The reasons alone, as many as fit.
pub fn rows_of(pane: &ExportPane, shown: &[Reason], theme: Theme, room: usize, rows: usize) -> Vec<Line<'static>> {
    let selected = pane.selected_reason();
    let digits = shown.first().map_or(0, |first| width(&count(first.items)));
    let from = list::window(selected.unwrap_or(0), shown.len(), rows);
    let line = |(number, reason): (usize, &Reason)| {
        let is_selected = selected == Some(number);
        let role = role_of(reason.state);
        let (mark, word) = match reason.state {
            ItemState::NeedsAttention => ("▲", WORDS[0]),
            ItemState::WillRetry => ("◐", WORDS[1]),
            ItemState::Awaiting => ("○", WORDS[2]),
            ItemState::Submitted => ("●", WORDS[3]),
        };
        let items = format!("{:>digits$}", count(reason.items));
        let feeds: Vec<String> = reason.feeds.iter().map(|(feed, items)| format!("{feed} {}", count(*items))).collect();
        let feeds = if room < ROOM_FOR_FEEDS { String::new() } else { format!("  {}", feeds.join(" · ")) };
        let taken = 2 + width(&items) + 1 + 2 + width(word) + 1;
        let rest = room.saturating_sub(taken);
        // What to do about it depends on the reason: it is cut last.
        let message = fit(reason.message.as_str(), rest);
        let feeds = fit(&feeds, rest.saturating_sub(width(&message)));
        let line = Line::from(vec![
            Span::styled(if is_selected { "▸ " } else { "  " }, theme.style(Role::Accent)),
            Span::styled(format!("{items} "), theme.style(Role::Text)),
            Span::styled(format!("{mark} {word} "), theme.style(role)),
            Span::styled(message, theme.style(Role::Text)),
            Span::styled(feeds, theme.style(Role::Dim)),
        ]);
        if is_selected { line.style(Modifier::BOLD) } else { line }
    };
    shown.iter().enumerate().skip(from).take(rows).map(line).collect()
}

fn role_of(state: ItemState) -> Role {
    match state {
        ItemState::NeedsAttention => Role::Danger,
        ItemState::WillRetry => Role::Warning,
        ItemState::Awaiting => Role::Dim,
        ItemState::Submitted => Role::Good,
    }
}
