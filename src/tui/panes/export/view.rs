//! The pane of feeds: the table, the run, and why items failed.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::export::progress::{ItemFailure, ItemState};
use crate::tui::panes::View;
use crate::tui::panes::export::{ExportPane, feed_about, feed_table, reasons, run_page, run_view, trouble};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{fit, left, width};

/// The rows of the errors where there is room: a heading and two of them.
const ERRORS: usize = 3;
/// The rows of the errors while they come in: a heading and the newest.
const MOST_ERRORS_OF_RUN: usize = 5;
/// Below this height the errors have only their heading until one is selected, and the run has no bar, in rows.
const SHORT: usize = 14;
/// The width from which there is room beside the whole table, in cells.
const ROOM_BESIDE: u16 = 152;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, view: View<'_, ExportPane>, theme: Theme) {
    if let Some(run) = view.pane.active() {
        run_page::draw(frame, area, run, view, theme);
        return;
    }
    // The table comes first: it has more to say than the side.
    let (main, side) = if area.width < ROOM_BESIDE { (area, None) } else { crate::tui::widgets::list::with_side(area) };
    let room = usize::from(main.width);
    let height = usize::from(main.height);
    let is_short = height < SHORT;
    let mut run = run_view::lines(view, is_short, theme, room);
    // The run begins with a blank line: there is room for what would be missed in the table.
    if let Some(first) = run.first_mut() {
        *first = feed_about::below_table(view, theme, room);
    }
    let pane = &view.pane;
    let is_one_line = pane.failures.is_empty() || (is_short && pane.selected_reason().is_none());
    let failure = trouble::lines(view, theme, room);
    let failure: Vec<Line> = if is_short { failure.into_iter().take(1).collect() } else { failure };
    let errors = failure.len() + if is_one_line { 1 } else { ERRORS };
    let feeds = view.pane.shown_feeds();
    // The table has a heading and totals; a blank line follows the run.
    let gap = usize::from(!is_short);
    let table_room = height.saturating_sub(2 + run.len() + gap + errors).max(1);
    let table_rows = feeds.len().clamp(1, table_room);
    let [table, below, errors] = Layout::vertical([
        Constraint::Length(u16::try_from(table_rows + 2).unwrap_or(u16::MAX)),
        Constraint::Length(u16::try_from(run.len() + gap).unwrap_or(u16::MAX)),
        Constraint::Min(0),
    ])
    .areas(main);
    frame.render_widget(Paragraph::new(feed_table::lines(&feeds, table_rows, view, theme, room)), table);
    frame.render_widget(Paragraph::new(run), below);
    let mut last = failure;
    let errors_room = usize::from(errors.height).saturating_sub(last.len());
    last.extend(reasons::lines(pane, theme, room, errors_room));
    frame.render_widget(Paragraph::new(last), errors);
    if let (Some(side), Some(feed)) = (side, view.pane.selected_feed()) {
        frame.render_widget(Paragraph::new(feed_about::lines(feed, view, theme, usize::from(side.width))), side);
    }
}

/// While a run is under way, each new error moves all the others, and a slow line has to carry that: a few must do.
pub fn most_errors(pane: &ExportPane) -> usize {
    if pane.active().is_some() && pane.selected_reason().is_none() { MOST_ERRORS_OF_RUN } else { usize::MAX }
}

/// The cells for the names of these items of a feed: as many as the longest needs, up to half of the line.
pub fn label_room(failures: &[&ItemFailure], room: usize) -> usize {
    failures.iter().map(|failure| width(failure.label.as_str())).max().unwrap_or_default().min(room / 2)
}

/// One refused item of a feed in one line: which one comes first, then why.
pub fn failure_line(
    failure: &ItemFailure,
    label_room: usize,
    is_selected: bool,
    theme: Theme,
    room: usize,
) -> Line<'static> {
    let (mark, role) = match failure.state {
        ItemState::NeedsAttention => ("▲", Role::Danger),
        ItemState::WillRetry => ("◐", Role::Warning),
        ItemState::Awaiting => ("○", Role::Dim),
        ItemState::Submitted => ("●", Role::Good),
    };
    let code = if failure.code.is_empty() { String::new() } else { format!(" [{}]", failure.code) };
    let request = failure.request_id.as_ref().map(|id| format!(" request {id}")).unwrap_or_default();
    let rest = room.saturating_sub(4 + label_room + 1);
    let text = fit(&format!("{}{code}{request}", failure.message), rest);
    let line = Line::from(vec![
        Span::styled(if is_selected { "▸ " } else { "  " }, theme.style(Role::Accent)),
        Span::styled(format!("{mark} "), theme.style(role)),
        Span::styled(left(failure.label.as_str(), label_room), theme.style(Role::Text)),
        Span::styled(format!(" {}", left(&text, rest)), theme.style(Role::Dim)),
    ]);
    crate::tui::widgets::list::selected(line, is_selected)
}
