//! The page of one item: line by line, with the selected line in full.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::report::Row;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::Load;
use crate::tui::panes::View;
use crate::tui::panes::items::item::ItemPane;
use crate::tui::remedy::hint_of;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::report::mark_of;
use crate::tui::widgets::text::{fit, left, paragraph, time, wrap};

/// The width of the names, in cells.
const NAME: usize = 24;
/// Of how many lines the selected entry may be, where its text is long; reading it in full is one key away.
const MOST_LINES: usize = 6;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, view: View<'_, ItemPane>, theme: Theme) {
    let item = view.pane;
    let room = usize::from(area.width);
    let rows = usize::from(area.height).saturating_sub(1);
    let mut lines = vec![heading(item, theme, room)];
    let entries = item.entries(view.wall);
    if entries.is_empty() {
        lines.extend(paragraph(&nothing(item), room, theme.style(Role::Dim)));
    }
    // The selected entry takes more lines than one, so the window is chosen by entries around it.
    let from =
        crate::tui::widgets::list::window(item.selected, entries.len(), rows.saturating_sub(MOST_LINES - 1).max(1));
    for (number, entry) in entries.iter().enumerate().skip(from) {
        if lines.len() > rows {
            break;
        }
        lines.extend(lines_of(entry, number == item.selected, theme, room));
    }
    lines.truncate(rows + 1);
    frame.render_widget(Paragraph::new(lines), area);
}

/// Which item it is, and how old what is shown is.
fn heading(item: &ItemPane, theme: Theme, room: usize) -> Line<'static> {
    let (age, role) = match &item.load {
        Load::Done { at } => (format!("as of {}", time(at)), Role::Title),
        Load::Loading => ("loading …".to_owned(), Role::Accent),
        Load::Failed { problem } => {
            let retry = key_of(KeyContext::Item, Action::Refresh);
            (format!("✗ {}; {retry}: retry", problem.what), Role::Danger)
        }
        Load::NotAsked => ("out of date".to_owned(), Role::Warning),
    };
    Line::styled(fit(&format!("{}, {age}", item.row.label), room), theme.style(role))
}

fn nothing(item: &ItemPane) -> String {
    match &item.load {
        Load::Failed { problem } => hint_of(problem),
        Load::Loading => "Reading the ledger and the source …".to_owned(),
        Load::Done { .. } | Load::NotAsked => String::new(),
    }
}

fn lines_of(entry: &Row, is_selected: bool, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let cursor = Span::styled(if is_selected { "▸ " } else { "  " }, theme.style(Role::Accent));
    if entry.is_title() {
        let text = Span::styled(left(entry.text.as_str(), room.saturating_sub(2)), theme.style(Role::Title));
        return vec![crate::tui::widgets::list::selected(Line::from(vec![cursor, text]), is_selected)];
    }
    let (mark, role) = mark_of(entry.tone);
    let rest = room.saturating_sub(2 + NAME + 1).max(1);
    let text = if mark.is_empty() { entry.text.to_string() } else { format!("{mark} {}", entry.text) };
    let texts = if is_selected {
        let mut texts = wrap(&text, rest);
        if texts.len() > MOST_LINES {
            texts.truncate(MOST_LINES);
            if let Some(last) = texts.last_mut() {
                *last = fit(&format!("{} …", fit(last, rest.saturating_sub(2))), rest);
            }
        }
        texts
    } else {
        vec![fit(&text, rest)]
    };
    let rows = texts.into_iter().enumerate().map(|(number, text)| {
        let (cursor, name) = if number == 0 { (cursor.clone(), entry.name.as_str()) } else { (Span::raw("  "), "") };
        let line = Line::from(vec![
            cursor,
            Span::styled(format!("{} ", left(name, NAME)), theme.style(Role::Dim)),
            Span::styled(left(&text, rest), theme.style(role)),
        ]);
        crate::tui::widgets::list::selected(line, is_selected)
    });
    rows.collect()
}
