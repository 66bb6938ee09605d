//! The page of a feed's items: a table of the rows around the cursor, and what is known of the selected one.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::export::ledger::{ItemOrder, ItemRow};
use crate::export::progress::ItemState;
use crate::format::{count, counted};
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::items::ItemsPage;
use crate::tui::panes::{Load, View};
use crate::tui::remedy::hint_of;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::filter::filter_line;
use crate::tui::widgets::text::{fit, fit_with_end, full_moment, left, moment, paragraph, right, time, width};
use crate::untrusted::SafeText;

/// Widths of the columns, in cells; the rest goes to the label.
const CURSOR: usize = 2;
const MARK: usize = 2;
const ID: usize = 9;
const WORD: usize = 13;
const MOMENT: usize = 6;
/// Between two columns.
const GAP: usize = 2;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, view: View<'_, ItemsPage>, theme: Theme) {
    let items = view.pane;
    let (main, side) = crate::tui::widgets::list::with_side(area);
    let room = usize::from(main.width);
    let mut lines = vec![Line::default(), filters(items, theme, room), columns(theme, room)];
    let below = match side {
        Some(side) => {
            let about = items.row().map(|row| about(row, view, theme, usize::from(side.width))).unwrap_or_default();
            frame.render_widget(Paragraph::new(about), side);
            Vec::new()
        }
        None => items.row().map(|row| summary(row, theme, room)).unwrap_or_default(),
    };
    let rows = usize::from(main.height).saturating_sub(lines.len() + below.len()).max(1);
    let from = crate::tui::widgets::list::window(items.selected, items.rows.len(), rows);
    let shown = items.rows.len().saturating_sub(from).min(rows);
    lines[0] = heading(items, from, shown, theme, room);
    if items.rows.is_empty() {
        lines.extend(paragraph(&nothing(items), room, theme.style(Role::Dim)));
    }
    for (number, row) in items.rows.iter().enumerate().skip(from).take(rows) {
        lines.push(line(row, number == items.selected, items, view, theme, room));
    }
    // What is known of the selected row stays at the bottom.
    lines.resize(usize::from(main.height).saturating_sub(below.len()).max(lines.len().min(3)), Line::default());
    lines.extend(below);
    frame.render_widget(Paragraph::new(lines), main);
}

/// Which rows are shown, of how many, and how old they are.
fn heading(items: &ItemsPage, from: usize, shown: usize, theme: Theme, room: usize) -> Line<'static> {
    let feed = items.query.feed;
    let of = items.total.map_or("…".to_owned(), count);
    let rows = match (items.before, shown) {
        (_, 0) if items.total == Some(1) => "1 item".to_owned(),
        (_, 0) => format!("{of} items"),
        (Some(before), _) => {
            let first = before + from as u64 + 1;
            format!("rows {}–{} of {of}", count(first), count(first + shown as u64 - 1))
        }
        (None, _) => format!("{shown} rows of {of}"),
    };
    let (age, role) = match &items.load {
        Load::Done { at } => (format!(", as of {}", time(at)), Role::Title),
        Load::Loading if items.rows.is_empty() => (", loading …".to_owned(), Role::Accent),
        Load::Loading => (", refreshing …".to_owned(), Role::Accent),
        Load::Failed { .. } | Load::NotAsked => (", out of date".to_owned(), Role::Warning),
    };
    Line::styled(fit(&format!("Items of {feed}: {rows}{age}"), room), theme.style(role))
}

/// What is listed, how far a search has come, and what is wrong.
fn filters(items: &ItemsPage, theme: Theme, room: usize) -> Line<'static> {
    if let Load::Failed { problem } = &items.load {
        let retry = key_of(KeyContext::Items, Action::Refresh);
        let text = fit_with_end(&format!("✗ {}", problem.what), &format!("; {retry}: retry"), room);
        return Line::styled(text, theme.style(Role::Danger));
    }
    let mut parts = Vec::new();
    if let Some(looked) = items.looked {
        parts.push(format!("searching, {} checked …", counted(looked, "item")));
    }
    if let Some(state) = items.query.state {
        parts.push(format!("only: {}", state.words()));
    }
    if !items.query.error.is_empty() {
        parts.push(format!("error contains {:?}", SafeText::new(&items.query.error)));
    }
    if !items.marked.is_empty() {
        parts.push(format!("{} marked", count(items.marked.len() as u64)));
    }
    let order = match items.query.order {
        ItemOrder::Label => "by item",
        ItemOrder::SourceId => "by id",
        ItemOrder::Newest => "newest first",
    };
    parts.push(order.to_owned());
    let text = parts.join(" · ");
    if !items.filter.editing && !items.filter.is_set() {
        return Line::styled(fit(&text, room), theme.style(Role::Dim));
    }
    let mut line = filter_line(&items.filter, theme, room);
    let rest = room.saturating_sub(line.width() + GAP);
    line.push_span(Span::styled(format!("  {}", fit(&text, rest)), theme.style(Role::Dim)));
    line
}

fn columns(theme: Theme, room: usize) -> Line<'static> {
    let text = cells("", "", "ITEM", "ID", "STATE", "SINCE", room);
    Line::styled(text.concat(), theme.style(Role::Dim))
}

/// The cells of a row, each as wide as its column with the gap before it.
fn cells(cursor: &str, mark: &str, label: &str, id: &str, word: &str, since: &str, room: usize) -> [String; 6] {
    let rest = room.saturating_sub(CURSOR + MARK + GAP + ID + GAP + WORD + GAP + MOMENT);
    let gap = " ".repeat(GAP);
    [
        left(cursor, CURSOR),
        left(mark, MARK),
        left(label, rest),
        format!("{gap}{}", right(id, ID)),
        format!("{gap}{}", left(word, WORD)),
        format!("{gap}{}", right(since, MOMENT)),
    ]
}

fn line(
    row: &ItemRow,
    is_selected: bool,
    items: &ItemsPage,
    view: View<'_, ItemsPage>,
    theme: Theme,
    room: usize,
) -> Line<'static> {
    let is_marked = items.marked.contains_key(&row.number);
    let id = row.source_id.map(|id| id.to_string()).unwrap_or_default();
    let (shape, word, role) = word_of(row);
    let texts = cells(
        if is_selected { "▸" } else { "" },
        if is_marked { "◆" } else { "" },
        row.label.as_str(),
        &id,
        &format!("{shape} {word}"),
        &moment(row.modified_at, view.wall),
        room,
    );
    let roles = [Role::Accent, Role::Accent, Role::Text, Role::Dim, role, Role::Dim];
    let spans: Vec<Span<'static>> =
        texts.into_iter().zip(roles).map(|(text, role)| Span::styled(text, theme.style(role))).collect();
    crate::tui::widgets::list::selected(Line::from(spans), is_selected)
}

/// Where an item stands, in a shape and a word.
fn word_of(row: &ItemRow) -> (&'static str, &'static str, Role) {
    match row.state {
        ItemState::Submitted if row.is_deleted => ("●", "deleted", Role::Dim),
        ItemState::Submitted => ("●", "sent", Role::Good),
        ItemState::Awaiting => ("○", "not sent", Role::Accent),
        ItemState::WillRetry => ("◐", "will retry", Role::Warning),
        ItemState::NeedsAttention => ("▲", "needs a fix", Role::Danger),
    }
}

/// The same in full.
fn words_of(row: &ItemRow) -> String {
    let words = row.state.words();
    if row.is_deleted { format!("Deleted in the shop; deletion: {words}") } else { words.to_owned() }
}

/// What to do while there is nothing to list.
fn nothing(items: &ItemsPage) -> String {
    let key = |action| key_of(KeyContext::Items, action);
    match &items.load {
        Load::Loading => "Reading the ledger …".to_owned(),
        Load::Failed { problem } => hint_of(problem),
        _ if items.is_filtered() => format!(
            "No matching items of {}. {}: clear the filter, {}: next state.",
            items.query.feed,
            key(Action::Back),
            key(Action::FilterByState)
        ),
        _ => format!(
            "No items of {} sent from here to this data space yet. {}: back. Export the feed to fill this list.",
            items.query.feed,
            key(Action::Back)
        ),
    }
}

/// The selected row in two lines.
fn summary(row: &ItemRow, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let (_, _, role) = word_of(row);
    let said = if row.error.is_empty() { words_of(row) } else { row.error.to_string() };
    let code = if row.code.is_empty() { String::new() } else { format!(" [{}]", row.code) };
    let request = row.request_id.as_ref().map(|id| format!("Request {id}")).unwrap_or_default();
    let text = format!("{}: {said}{code}", row.label);
    // Who needs the whole label or error opens the item; both ends of a line that is too long matter less than its beginning.
    let text = if width(&text) > room { fit(&format!("{said}{code}"), room) } else { text };
    vec![Line::styled(text, theme.style(role)), Line::styled(fit(&request, room), theme.style(Role::Dim))]
}

/// The selected row beside the list.
fn about(row: &ItemRow, view: View<'_, ItemsPage>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut say = |title: &str, text: &str, role: Role| {
        if !text.is_empty() {
            lines.push(Line::styled(title.to_owned(), theme.style(Role::Dim)));
            lines.extend(paragraph(text, room, theme.style(role)));
            lines.push(Line::default());
        }
    };
    let (_, _, role) = word_of(row);
    say("Item", row.label.as_str(), Role::Title);
    let id = row.source_id.map(|id| id.to_string()).unwrap_or_default();
    say("Source id", &id, Role::Text);
    say("State", &words_of(row), role);
    say("Since", &full_moment(row.modified_at, view.wall), Role::Text);
    say("Response", row.error.as_str(), Role::Text);
    say("Code", row.code.as_str(), Role::Text);
    say("Request id", row.request_id.as_ref().map(SafeText::as_str).unwrap_or_default(), Role::Text);
    lines
}
