//! What the overview shows of the time after a run: coverage, the watch, the last runs.

use jiff::tz::TimeZone;
use ratatui::text::{Line, Span};

use crate::connector::health::Health;
use crate::connector::watching::watch_words;
use crate::export::ledger::{Coverage, FeedSummary};
use crate::format::{count, counted};
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::View;
use crate::tui::panes::export::totals::bar;
use crate::tui::panes::export::{ExportPane, runs_text};
use crate::tui::panes::overview::field::{TITLE, field};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::spark::bars;
use crate::tui::widgets::text::{left, moment, width};

/// Runs that are shown at most; the rest is one key away.
const MOST_RUNS: usize = 10;
/// So many rows must be left for runs before the last hours are shown: a row, and three runs.
const LEAST_RUNS: usize = 4;

/// In at most `height` lines of at most `room` cells; what matters most comes first. Empty before the first run. `has_chart`:
/// whether a chart beside it shows the last hours.
pub fn lines(
    view: View<'_, ExportPane>,
    has_chart: bool,
    theme: Theme,
    room: usize,
    height: usize,
) -> Vec<Line<'static>> {
    let pane = view.pane;
    let mut lines = Vec::new();
    let coverage: Coverage = pane.ledger.iter().map(FeedSummary::coverage).sum();
    if coverage.items > 0 {
        let role = if coverage.sent == coverage.items { Role::Good } else { Role::Warning };
        lines.push(gauge(coverage, role, theme, room));
    }
    if let Some(pending) = pane.reports.health.value.as_ref().and_then(Health::pending) {
        let since = pending.since.filter(|_| pending.entries > 0).map(|at| moment(at, view.wall));
        let since = since.map(|at| format!(", none older than {at}")).unwrap_or_default();
        let entries = if pending.entries == 1 { "entry" } else { "entries" };
        let text = format!("{} change log {entries} not compared yet{since}", count(pending.entries));
        lines.extend(field("Pending", &text, Role::Text, theme, room));
    }
    let zone = view.wall.map_or(TimeZone::UTC, |wall| wall.time_zone().clone());
    for watch in pane.watches(view.overview) {
        let (mark, role) = if watch.problem.is_some() { ("✗", Role::Danger) } else { ("●", Role::Text) };
        lines.extend(field("Watch", &format!("{mark} {}", watch_words(watch, &zone)), role, theme, room));
    }
    let sent = &pane.history.sent_per_hour;
    if !has_chart && sent.total() > 0 && height >= lines.len() + LEAST_RUNS {
        let hours: Vec<f64> = sent.items.iter().map(|items| *items as f64).collect();
        let text = format!("{}  {} in 24 h", bars(&hours), counted(sent.total(), "item"));
        lines.extend(field("Sent", &text, Role::Text, theme, room));
    }
    let rest = height.saturating_sub(lines.len()).min(MOST_RUNS);
    for (number, run) in pane.history.runs.iter().take(rest).enumerate() {
        let name = match number {
            0 => "Last runs".to_owned(),
            1 => format!("{}: all", key_of(KeyContext::Overview, Action::Runs)),
            _ => String::new(),
        };
        let mut line = runs_text::line(run, view.wall, theme, room.saturating_sub(TITLE + 3));
        line.spans.insert(0, Span::styled(format!("  {} ", left(&name, TITLE)), theme.style(Role::Dim)));
        lines.push(line);
    }
    lines.truncate(height);
    lines
}

/// The share of items whose newest state was sent, as a bar that is full only when all of them were.
fn gauge(coverage: Coverage, role: Role, theme: Theme, room: usize) -> Line<'static> {
    let share = format!("  {} of {}, {}", count(coverage.sent), counted(coverage.items, "item"), coverage.share());
    let cells = room.saturating_sub(2 + TITLE + 1 + width(&share));
    Line::from(vec![
        Span::styled(format!("  {} ", left("Coverage", TITLE)), theme.style(Role::Dim)),
        Span::styled(bar(coverage.sent, coverage.items, cells), theme.style(role)),
        Span::styled(share, theme.style(Role::Text)),
    ])
}
