//! A run that is under way: its feeds, the total, and as much about its pace, requests and failures as there is room for.
//!
//! What matters most is never squeezed out: the feed that runs, the total, and when it ends.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::domain::Feed;
use crate::export::total_text::{finish_words, items_words, silence_words};
use crate::format::{count, duration, rate};
use crate::tui::panes::View;
use crate::tui::panes::export::run::{ActiveRun, RunHost};
use crate::tui::panes::export::totals::bar;
use crate::tui::panes::export::{ExportPane, feed_about, feed_table, feed_text, panels, reasons, run_view, trouble};
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{fit, left, width};

/// The fewest rows of feeds, where there are so many.
const LEAST_FEEDS: usize = 3;
/// The height from which a chart says more than a row of bars, with its box, in rows.
const CHART: usize = 7;
/// The width from which two panels stand beside each other, in cells.
const TWO_COLUMNS: usize = 116;
/// The width of the labels, in cells.
const LABEL: usize = 9;
/// The place of the reasons among the lines: the last, since more of them may follow.
const REASONS: usize = 9;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, run: &ActiveRun, view: View<'_, ExportPane>, theme: Theme) {
    let room = usize::from(area.width);
    let height = usize::from(area.height);
    let feeds = view.pane.feeds();
    let least = 1 + feeds.len().clamp(1, LEAST_FEEDS);
    let most = 1 + feeds.len().max(1);
    let [headline, left_over] = head(run, view, theme, room);
    let mut lines = Lines { room: height.saturating_sub(least), lines: Vec::new() };
    lines.add(0, headline);
    lines.add(2, left_over);
    let all = whole_bar(run, theme, room);
    lines.add(1, all);
    let panels_room = height.saturating_sub(most + lines.lines.len() + 1);
    let has_panels = panels_room >= CHART + 2;
    lines.extend(5, trouble::lines(view, theme, room).into_iter().take(1).collect());
    if let Some(remark) = &view.pane.remark {
        let text = format!("◐ {}", remark.words(run.clock, room.saturating_sub(2)));
        lines.add(6, Line::styled(text, theme.style(Role::Warning)));
    }
    if !has_panels {
        lines.add(4, requests_line(run, theme, room));
        lines.extend(REASONS, reasons::lines(view.pane, theme, room, 1));
        lines.add(3, rate_line(run, theme, room));
    }
    let limits = run_view::limits(view, false, theme, room);
    lines.add(7, limits);
    if let RunHost::Other(about) = &run.host {
        lines.add(8, Line::styled(fit(&format!("Run by {}", about.owner), room), theme.style(Role::Dim)));
    }
    let used = lines.lines.len();
    let table_rows = height.saturating_sub(used + 1).clamp(1, feeds.len().max(1));
    let gap = height.saturating_sub(used + 1 + table_rows).min(1);
    let [table, below, summary, rest] = Layout::vertical([
        Constraint::Length(rows(table_rows + 1)),
        Constraint::Length(rows(gap)),
        Constraint::Length(rows(used)),
        Constraint::Min(0),
    ])
    .areas(area);
    let mut table_lines = feed_table::lines(&feeds, table_rows, view, theme, room);
    if let Some(heading) = table_lines.first_mut().filter(|_| table_rows < feeds.len()) {
        say_position(heading, &feeds, table_rows, view.pane, theme);
    }
    frame.render_widget(Paragraph::new(table_lines), table);
    frame.render_widget(Paragraph::new(feed_about::below_table(view, theme, room)), below);
    if has_panels {
        draw_panels(frame, rest, run, view, theme);
    } else if rest.height > 0 {
        // The heading takes the place of the one line.
        let mut all = reasons::lines(view.pane, theme, room, usize::from(rest.height) + 1).into_iter();
        lines.replace(REASONS, all.next());
        frame.render_widget(Paragraph::new(all.collect::<Vec<_>>()), rest);
    }
    frame.render_widget(Paragraph::new(lines.in_order()), summary);
}

/// Lines that are taken while there is room, and stand in an order of their own.
struct Lines {
    room: usize,
    lines: Vec<(usize, Line<'static>)>,
}

impl Lines {
    fn add(&mut self, place: usize, line: Line<'static>) {
        if self.lines.len() < self.room {
            self.lines.push((place, line));
        }
    }

    fn extend(&mut self, place: usize, lines: Vec<Line<'static>>) {
        for line in lines {
            self.add(place, line);
        }
    }

    fn replace(&mut self, place: usize, with: Option<Line<'static>>) {
        if let (Some((_, line)), Some(with)) = (self.lines.iter_mut().find(|(at, _)| *at == place), with) {
            *line = with;
        }
    }

    fn in_order(mut self) -> Vec<Line<'static>> {
        self.lines.sort_by_key(|(place, _)| *place);
        self.lines.into_iter().map(|(_, line)| line).collect()
    }
}

fn rows(rows: usize) -> u16 {
    u16::try_from(rows).unwrap_or(u16::MAX)
}

/// What the chart, the requests, the failures and the log get of the rest.
fn draw_panels(frame: &mut Frame, rest: Rect, run: &ActiveRun, view: View<'_, ExportPane>, theme: Theme) {
    let is_wide = usize::from(rest.width) >= TWO_COLUMNS;
    let height = usize::from(rest.height);
    if is_wide {
        // The lower half is worth its box from two rows of text.
        let upper = if height < CHART + 4 { height } else { (height * 2 / 5).max(CHART) };
        let [upper, lower] = Layout::vertical([Constraint::Length(rows(upper)), Constraint::Min(0)]).areas(rest);
        let halves = |area| Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(area);
        let [chart, requests] = halves(upper);
        panels::throughput(frame, chart, run, theme);
        panels::requests(frame, requests, run, theme);
        let [failures, log] = halves(lower);
        panels::failures(frame, failures, view.pane, theme);
        panels::log(frame, log, view.pane, theme);
        return;
    }
    let room = usize::from(rest.width);
    let others = vec![requests_line(run, theme, room)];
    let chart = (height / 2).max(CHART).min(height.saturating_sub(others.len() + 1));
    let [chart, requests, failures] =
        Layout::vertical([Constraint::Length(rows(chart)), Constraint::Length(rows(others.len())), Constraint::Min(0)])
            .areas(rest);
    panels::throughput(frame, chart, run, theme);
    frame.render_widget(Paragraph::new(others), requests);
    let shown = reasons::lines(view.pane, theme, room, usize::from(failures.height));
    frame.render_widget(Paragraph::new(shown), failures);
}

/// Puts `4–9 of 9` into the heading of a table that scrolls.
fn say_position(heading: &mut Line<'static>, feeds: &[Feed], rows: usize, pane: &ExportPane, theme: Theme) {
    let shown = feed_table::in_sight(feeds, rows, pane);
    let (Some(first), Some(last)) = (shown.iter().min(), shown.iter().max()) else { return };
    let is_whole = last - first + 1 == shown.len();
    let text = if is_whole {
        format!("Feed {}–{} of {}", first + 1, last + 1, feeds.len())
    } else {
        format!("Feed, {} of {}", shown.len(), feeds.len())
    };
    if let Some(name) = heading.spans.get_mut(1) {
        *name = Span::styled(left(&text, width(&name.content)), theme.style(Role::Dim));
    }
}

/// What the run does and how much is done; when it ends, and what limits it.
fn head(run: &ActiveRun, view: View<'_, ExportPane>, theme: Theme, room: usize) -> [Line<'static>; 2] {
    let totals = view.pane.totals();
    let is_held = run.progress.stopping || run.progress.paused.is_some();
    let role = if is_held { Role::Warning } else { Role::Accent };
    let request = match &run.host {
        RunHost::Screen => view.pane.request.words(),
        RunHost::Own(about) | RunHost::Other(about) => about.request.to_string(),
    };
    let what = match (run.progress.stopping, view.leaving) {
        (true, true) => "■ Stopping, then quitting".to_owned(),
        (true, false) => "■ Stopping".to_owned(),
        (false, _) if run.progress.paused.is_some() => format!("◌ Paused: {request}"),
        (false, _) if run.progress.dry_run => "▶ Dry run".to_owned(),
        (false, _) => format!("▶ {request}"),
    };
    let total = run.progress.total();
    let number = format!("{}%", total.percent());
    let of = items_words(&total);
    let elapsed = duration(run.elapsed());
    let sent = if run.progress.dry_run {
        format!("{} to send, nothing sent", count(totals.to_send))
    } else {
        format!("{} sent", count(totals.submitted))
    };
    // As many words as fit; the percent and the items are never left out.
    let texts = [
        format!("{what}  {number}  {of} items, {sent}  {elapsed} elapsed"),
        format!("{what}  {number}  {of} items  {elapsed} elapsed"),
        format!("{what}  {number}  {of} items  {elapsed}"),
        format!("{what}  {number}  {of} items"),
    ];
    let text = texts.into_iter().find(|text| width(text) <= room).unwrap_or_else(|| format!("{number}  {of} items"));
    let (end, end_role) = end_words(run, view, room);
    [Line::styled(fit(&text, room), theme.style(role)), Line::styled(fit(&end, room), theme.style(end_role))]
}

/// When the run ends, with what limits it, or why nobody can say.
fn end_words(run: &ActiveRun, view: View<'_, ExportPane>, room: usize) -> (String, Role) {
    if run.progress.stopping {
        return ("finishing in-flight batches; run again to resume".to_owned(), Role::Warning);
    }
    if let Some(silence) = silence_words(&run.progress, run.age()) {
        return (format!("◌ {silence}"), Role::Warning);
    }
    if let Some(left) = run.progress.time_left(run.age()).filter(|_| run.progress.paused.is_none()) {
        let limit = feed_text::limit(run);
        let finish = view.wall.and_then(|wall| finish_words(left, wall)).map(|at| format!(" → {at}"));
        let text = format!("about {} left{}", duration(left), finish.unwrap_or_default());
        let whole = format!("{text}, {limit}");
        return (if width(&whole) <= room { whole } else { text }, Role::Text);
    }
    (run_view::eta(run, room), Role::Text)
}

/// The bar of the whole run, over the whole width.
fn whole_bar(run: &ActiveRun, theme: Theme, room: usize) -> Line<'static> {
    let total = run.progress.total();
    let is_held = run.progress.stopping || run.progress.paused.is_some();
    let role = if is_held { Role::Warning } else { Role::Accent };
    Line::styled(bar(total.done, total.items, room), theme.style(role))
}

/// The rate lately as bars over the width, with its numbers.
fn rate_line(run: &ActiveRun, theme: Theme, room: usize) -> Line<'static> {
    let values = run.rates.per_second();
    let peak = values.iter().copied().fold(run.progress.items_per_second, f64::max);
    let requests = run.requests_per_second().map_or("-".to_owned(), rate);
    let now = rate(run.progress.items_per_second);
    let texts = [
        format!("{now} items/s (peak {}), {requests} requests/s", rate(peak)),
        format!("{now} items/s (peak {})", rate(peak)),
        format!("{now} items/s"),
    ];
    let text = texts.into_iter().find(|text| LABEL + width(text) <= room).unwrap_or_default();
    let cells = room.saturating_sub(LABEL + width(&text) + 2);
    let shown = &values[values.len().saturating_sub(cells)..];
    let mut spans = vec![Span::styled(left("Rate", LABEL), theme.style(Role::Dim))];
    if !shown.is_empty() {
        spans.push(Span::styled(format!("{}  ", crate::tui::widgets::spark::bars(shown)), theme.style(Role::Accent)));
    }
    spans.push(Span::styled(text, theme.style(Role::Text)));
    Line::from(spans)
}

/// The requests: a strip of the newest, how many of each outcome, and how long answers take.
fn requests_line(run: &ActiveRun, theme: Theme, room: usize) -> Line<'static> {
    let requests = &run.progress.requests;
    let mut spans = vec![Span::styled(left("Requests", LABEL), theme.style(Role::Dim))];
    let latency = panels::latency_words(requests);
    let long = panels::outcome_words(requests);
    let short: Vec<_> = long.iter().filter(|(number, ..)| *number > 0).cloned().collect();
    let words = |outcomes: &[(u64, String, Role)]| outcomes.iter().map(|(_, text, _)| width(text) + 2).sum::<usize>();
    let texts = [(&long, latency.as_str()), (&short, latency.as_str()), (&short, "")];
    let fits = |(outcomes, latency): &(&Vec<_>, &str)| LABEL + words(outcomes) + width(latency) <= room;
    let (outcomes, latency) = texts.into_iter().find(fits).unwrap_or((&short, ""));
    let cells = room.saturating_sub(LABEL + words(outcomes) + width(latency) + 2);
    let strip = panels::strip(requests, cells, theme);
    if !strip.is_empty() {
        spans.extend(strip);
        spans.push(Span::raw("  "));
    }
    for (_, text, role) in outcomes {
        spans.push(Span::styled(format!("{text}  "), theme.style(*role)));
    }
    spans.push(Span::styled(latency.to_owned(), theme.style(Role::Text)));
    if requests.recent.is_empty() && requests.waiting == 0 {
        spans = vec![Span::styled(fit("Requests none yet", room), theme.style(Role::Dim))];
    }
    Line::from(spans)
}
