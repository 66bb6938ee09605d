//! The panels of a run that has room: throughput as a chart, requests, failures by reason, and the log.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Chart, Dataset, GraphType};

use crate::export::progress::{FeedProgress, Limit};
use crate::export::requests::{RequestOutcome, Requests};
use crate::export::total_text;
use crate::format::{bytes, count, rate};
use crate::tui::panes::export::rates::{STEP, STEPS_KEPT};
use crate::tui::panes::export::run::ActiveRun;
use crate::tui::panes::export::{ExportPane, log_view, reasons};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::panel::{block, text_panel};
use crate::tui::widgets::text::fit;

/// A limit that is further above what was reached would make a flat line of the rest.
const HIGHEST_LIMIT: f64 = 4.0;

/// Items a second as a curve over the whole width, below what the gateway allows.
pub fn throughput(frame: &mut Frame, area: Rect, run: &ActiveRun, theme: Theme) {
    if area.height < 4 || area.width < 24 {
        return;
    }
    let values = run.rates.per_second();
    let now = run.progress.items_per_second;
    let peak = values.iter().copied().fold(now, f64::max);
    let limit = limit_of(run).filter(|limit| peak <= 0.0 || *limit <= peak * HIGHEST_LIMIT);
    let top = limit.unwrap_or(0.0).max(peak).max(1.0) * 1.05;
    let window = window(values.len());
    let last = window as f64 - 1.0;
    let first = last - values.len().saturating_sub(1) as f64;
    let points: Vec<(f64, f64)> =
        values.iter().enumerate().map(|(step, value)| (first + step as f64, *value)).collect();
    let ceiling = limit.map(|limit| [(0.0, limit), (last, limit)]);
    let marker = if theme.unicode { Marker::Braille } else { Marker::Dot };
    let dataset = |points, role| {
        Dataset::default().marker(marker).graph_type(GraphType::Line).style(theme.style(role)).data(points)
    };
    let mut datasets = Vec::new();
    if let Some(ceiling) = &ceiling {
        datasets.push(dataset(&ceiling[..], Role::Dim));
    }
    datasets.push(dataset(&points, Role::Accent));
    let minutes = STEP.as_secs() * window as u64 / 60;
    let limit_words = limit_of(run).map(|limit| format!(", limit {}", rate(limit))).unwrap_or_default();
    let title = format!("Throughput: {} items/s, peak {}{limit_words}", rate(now), rate(peak));
    let label = |text: String| Span::styled(text, theme.style(Role::Dim));
    let axis = |bounds: [f64; 2], labels: Vec<Span<'static>>| {
        Axis::default().style(theme.style(Role::Dim)).bounds(bounds).labels(labels)
    };
    let x = axis([0.0, last], vec![label(format!("{minutes} min ago")), label("now".to_owned())]);
    let y = axis([0.0, top], vec![label("0".to_owned()), label(rate(top / 2.0)), label(rate(top))]);
    let title = fit(&title, usize::from(area.width.saturating_sub(6)));
    let chart = Chart::new(datasets).block(block(&title, theme)).x_axis(x).y_axis(y).legend_position(None);
    frame.render_widget(chart, area);
}

/// How many steps the chart shows: of a short run the first minute, then more.
fn window(steps: usize) -> usize {
    let minutes = [1, 2].map(|minutes| minutes * 60 / usize::try_from(STEP.as_secs()).unwrap_or(1));
    minutes.into_iter().find(|window| *window >= steps).unwrap_or(STEPS_KEPT)
}

/// Items a second that the gateway allows, by the batches of the feed that runs.
fn limit_of(run: &ActiveRun) -> Option<f64> {
    let Limit::Gateway { requests_per_second } = run.progress.limit else { return None };
    let feed = run.progress.feeds.iter().find(|feed| feed.phase.is_active())?;
    Some(requests_per_second * feed.batch_size as f64).filter(|limit| limit.is_finite() && *limit > 0.0)
}

/// The newest outcomes, newest right, and those that are waited for after them; at most `cells`.
pub fn strip(requests: &Requests, cells: usize, theme: Theme) -> Vec<Span<'static>> {
    let waiting = usize::try_from(requests.waiting).unwrap_or(usize::MAX).min(cells);
    let shown = requests.recent.len().min(cells - waiting);
    let mut spans: Vec<Span> = Vec::new();
    let newest = &requests.recent[requests.recent.len() - shown..];
    for alike in newest.chunk_by(|one, other| one == other) {
        let Some(outcome) = alike.first() else { continue };
        let (mark, role) = mark_of(*outcome);
        spans.push(Span::styled(mark.repeat(alike.len()), theme.style(role)));
    }
    if waiting > 0 {
        spans.push(Span::styled("◌".repeat(waiting), theme.style(Role::Dim)));
    }
    spans
}

fn mark_of(outcome: RequestOutcome) -> (&'static str, Role) {
    match outcome {
        RequestOutcome::Ok => ("▪", Role::Good),
        RequestOutcome::SlowedDown | RequestOutcome::Failed => ("◐", Role::Warning),
        RequestOutcome::Refused => ("✗", Role::Danger),
    }
}

/// How many requests of each outcome, with its shape and role.
pub fn outcome_words(requests: &Requests) -> Vec<(u64, String, Role)> {
    let role = |number, role| if number > 0 { role } else { Role::Dim };
    let retried = requests.retried();
    vec![
        (requests.ok, format!("▪ {} ok", count(requests.ok)), role(requests.ok, Role::Good)),
        (retried, format!("◐ {} retried", count(retried)), role(retried, Role::Warning)),
        (requests.refused, format!("✗ {} refused", count(requests.refused)), role(requests.refused, Role::Danger)),
        (requests.waiting, format!("◌ {} waiting", count(requests.waiting)), Role::Dim),
    ]
}

/// How long answers take: `p50 62 ms p90 88 ms p99 410 ms`; empty before the first.
pub fn latency_words(requests: &Requests) -> String {
    total_text::latency_words(requests).unwrap_or_default()
}

/// The requests in full.
pub fn requests(frame: &mut Frame, area: Rect, run: &ActiveRun, theme: Theme) {
    let requests = &run.progress.requests;
    text_panel(frame, area, "Requests, newest right", theme, |room, rows| {
        let mut lines = Vec::new();
        // What was asked for fills whole lines before it is cut.
        let strip_rows = rows.saturating_sub(4).clamp(1, 3);
        let all = requests.recent.len() + usize::try_from(requests.waiting).unwrap_or(0);
        let cells = all.min(room * strip_rows);
        let marks = strip(requests, cells, theme);
        lines.extend(wrapped(marks, room));
        if all == 0 {
            lines.push(Line::styled("none yet", theme.style(Role::Dim)));
        }
        let outcomes = outcome_words(requests);
        let spans = outcomes.into_iter().map(|(_, text, role)| Span::styled(format!("{text}  "), theme.style(role)));
        lines.push(Line::from(spans.collect::<Vec<_>>()));
        let detail = format!("{} × 429, {} × no usable answer", count(requests.slowed_down), count(requests.failed));
        lines.push(Line::styled(fit(&detail, room), theme.style(Role::Dim)));
        let latency = latency_words(requests);
        if !latency.is_empty() {
            lines.push(Line::styled(fit(&format!("latency {latency}"), room), theme.style(Role::Text)));
        }
        let per_second = run.requests_per_second().map_or("-".to_owned(), rate);
        let bytes = bytes(run.progress.feeds.iter().map(|feed: &FeedProgress| feed.bytes).sum());
        let text = format!("{per_second} requests/s, {bytes} compressed");
        lines.push(Line::styled(fit(&text, room), theme.style(Role::Dim)));
        lines
    });
}

/// The marks in lines of at most `room` cells; each mark is one cell wide.
fn wrapped(marks: Vec<Span<'static>>, room: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    let mut used = 0;
    for mark in marks {
        for one in mark.content.chars() {
            if used == room.max(1) {
                lines.push(Line::default());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push_span(Span::styled(one.to_string(), mark.style));
            }
            used += 1;
        }
    }
    lines
}

/// Failures by reason.
pub fn failures(frame: &mut Frame, area: Rect, pane: &ExportPane, theme: Theme) {
    text_panel(frame, area, &reasons::title(pane), theme, |room, rows| {
        let shown = pane.shown_reasons();
        if shown.is_empty() || pane.filter.editing || pane.filter.is_set() {
            return reasons::lines(pane, theme, room, rows);
        }
        reasons::rows_of(pane, &shown, theme, room, rows)
    });
}

/// The end of the log.
pub fn log(frame: &mut Frame, area: Rect, pane: &ExportPane, theme: Theme) {
    text_panel(frame, area, "Log", theme, |room, rows| log_view::newest(&pane.log, rows, theme, room));
}
