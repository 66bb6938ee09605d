//! The right half of a wide overview: coverage of each feed, services, what Commerce has still to do, and what was sent in each hour.

use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Bar, BarChart, BarGroup};

use crate::commerce::health::{Cron, Part};
use crate::connector::health::{FeedHealth, Health};
use crate::connector::services::{FeedCondition, ServiceStatus};
use crate::export::ledger::{FeedSummary, HOURS};
use crate::format::{count, counted, duration};
use crate::tui::panes::View;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::export::feed_text::backlog;
use crate::tui::panes::export::totals::bar;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::panel::{block, text_panel};
use crate::tui::widgets::text::{fit, left, right, width};

/// The width from which there is a right half, in cells: two times what a step needs.
const WIDE: u16 = 112;
/// The least height of the chart with its box, in rows.
const CHART: usize = 7;
/// The width of a feed's or service's name, in cells: the longest service.
const NAME: usize = 23;

/// The left part, and the right half where there is room for one.
pub fn beside(area: Rect) -> (Rect, Option<Rect>) {
    if area.width < WIDE {
        return (area, None);
    }
    let [main, _, side] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(2), Constraint::Fill(1)]).areas(area);
    (main, Some(side))
}

/// Draws what is known; a panel whose lines do not all fit above the chart is left out.
pub fn draw(frame: &mut Frame, area: Rect, view: View<'_, ExportPane>, theme: Theme) {
    let room = usize::from(area.width).saturating_sub(4);
    let texts = [
        ("Coverage", coverage(view.pane, theme, room)),
        ("Services", services(view.pane, theme, room)),
        ("Commerce: pending changes and indexers", commerce(view.pane, theme, room)),
    ];
    let has_chart = view.pane.history.sent_per_hour.total() > 0;
    let mut rest = usize::from(area.height).saturating_sub(if has_chart { CHART } else { 0 });
    let mut shown = Vec::new();
    for (title, lines) in texts {
        let height = lines.len() + 2;
        if !lines.is_empty() && height <= rest {
            rest -= height;
            shown.push((title, lines, height));
        }
    }
    let heights = shown.iter().map(|(_, _, height)| Constraint::Length(u16::try_from(*height).unwrap_or(u16::MAX)));
    let places = Layout::vertical(heights.chain([Constraint::Min(0)]).collect::<Vec<_>>()).split(area);
    let mut places = places.iter();
    for ((title, lines, _), place) in shown.into_iter().zip(places.by_ref()) {
        text_panel(frame, *place, title, theme, |_, _| lines);
    }
    if let Some(place) = places.next().filter(|_| has_chart) {
        sent_per_hour(frame, *place, view, theme);
    }
}

/// A bar and the share of each feed.
fn coverage(pane: &ExportPane, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let feeds = || pane.ledger.iter().filter(|summary| summary.coverage().items > 0);
    let open = |summary: &FeedSummary| match summary.coverage() {
        coverage if coverage.sent == coverage.items => String::new(),
        coverage => format!("  {} open", count(coverage.items.saturating_sub(coverage.sent))),
    };
    let open_room = feeds().map(|summary| width(&open(summary))).max().unwrap_or_default();
    let line = |summary: &FeedSummary| {
        let coverage = summary.coverage();
        let role = if coverage.sent == coverage.items { Role::Good } else { Role::Warning };
        let share = format!(" {}", right(&coverage.share(), 6));
        let cells = room.saturating_sub(NAME + width(&share) + open_room);
        Line::from(vec![
            Span::styled(left(summary.feed.name(), NAME), theme.style(Role::Text)),
            Span::styled(bar(coverage.sent, coverage.items, cells), theme.style(role)),
            Span::styled(format!("{share}{}", open(summary)), theme.style(Role::Text)),
        ])
    };
    feeds().map(line).collect()
}

/// What each service waits for.
fn services(pane: &ExportPane, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let Some(services) = &pane.reports.services.value else { return Vec::new() };
    let is_concerned = |status: &&ServiceStatus| !status.feeds.is_empty() && status.is_available != Some(false);
    let line = |status: &ServiceStatus| {
        let of = |wanted| status.feeds.iter().filter(move |(_, condition)| *condition == wanted).map(|(feed, _)| feed);
        let failed: Vec<&str> = of(FeedCondition::Failing).map(|feed| feed.name()).collect();
        let healthy = of(FeedCondition::Healthy).count();
        let (mark, role, text) = match status.feeds.len() {
            _ if !failed.is_empty() => ("✗", Role::Danger, format!("failed: {}", failed.join(", "))),
            all if all == healthy => ("●", Role::Good, "all its feeds are sent".to_owned()),
            all => ("○", Role::Dim, format!("{healthy} of {} sent", counted(all as u64, "feed"))),
        };
        Line::from(vec![
            Span::styled(format!("{mark} "), theme.style(role)),
            Span::styled(left(status.service.name, NAME), theme.style(Role::Text)),
            Span::styled(fit(&format!(" {text}"), room.saturating_sub(NAME + 2)), theme.style(Role::Text)),
        ])
    };
    services.services.iter().filter(is_concerned).map(line).collect()
}

/// The change log and the indexer of each feed, and whether cron runs.
fn commerce(pane: &ExportPane, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let Some(Health { feeds, installation: Some(installation), .. }) = &pane.reports.health.value else {
        return Vec::new();
    };
    let line = |health: &FeedHealth| {
        let path = health.path.as_ref()?;
        let pending = health.pending.map_or("-".to_owned(), |pending| count(pending.entries));
        let (backlog, role) = backlog(Some(health));
        let indexer = match &path.indexer {
            Part::Known(Some(status)) => status.words().to_owned(),
            Part::Known(None) => "no indexer".to_owned(),
            missing => missing.complaint().unwrap_or_default(),
        };
        let used = NAME + 2 * 10 + 2;
        Some(Line::from(vec![
            Span::styled(left(health.feed.name(), NAME), theme.style(Role::Text)),
            Span::styled(right(&pending, 10), theme.style(Role::Text)),
            Span::styled(right(&backlog, 10), theme.style(role)),
            Span::styled(fit(&format!("  {indexer}"), room.saturating_sub(used)), theme.style(Role::Text)),
        ]))
    };
    let mut lines: Vec<Line> = feeds.iter().filter_map(line).collect();
    if !lines.is_empty() {
        let heading = format!("{}{}{}  Indexer", left("Feed", NAME), right("Pending", 10), right("Backlog", 10));
        lines.insert(0, Line::styled(fit(&heading, room), theme.style(Role::Dim)));
    }
    let (text, role) = cron(&installation.cron);
    lines.push(Line::styled(fit(&format!("{}{text}", left("cron", NAME)), room), theme.style(role)));
    lines
}

/// When cron did something last, and what hangs.
fn cron(cron: &Part<Cron>) -> (String, Role) {
    let Some(known) = cron.known() else { return (cron.complaint().unwrap_or_default(), Role::Warning) };
    let last = match known.last_seen {
        Some(ago) => format!("last job {} ago", duration(ago)),
        None => "no job has run".to_owned(),
    };
    match known.stuck.first() {
        Some(job) => (format!("stuck for {}: {}; {last}", duration(job.age), job.code), Role::Danger),
        None => (last, if known.last_seen.is_some() { Role::Text } else { Role::Warning }),
    }
}

/// A bar for each of the last hours.
fn sent_per_hour(frame: &mut Frame, area: Rect, view: View<'_, ExportPane>, theme: Theme) {
    let sent = &view.pane.history.sent_per_hour;
    let zone = view.wall.map_or(TimeZone::UTC, |wall| wall.time_zone().clone());
    let title = format!("Sent per hour, 24 h: {}", sent.words(&zone));
    let block = block(&fit(&title, usize::from(area.width.saturating_sub(6))), theme);
    let room = usize::from(block.inner(area).width);
    let gap = usize::from(room >= HOURS * 3);
    let bar_width = ((room + gap) / HOURS).saturating_sub(gap).max(1);
    let bars = sent.hours().enumerate().map(|(place, (at, items))| {
        let clock = at.to_zoned(zone.clone()).strftime("%H").to_string();
        let label = if place % 6 == 5 || bar_width > 2 { clock } else { String::new() };
        Bar::default().value(items).text_value("").label(Line::styled(label, theme.style(Role::Dim)))
    });
    let chart = BarChart::default()
        .block(block)
        .bar_width(u16::try_from(bar_width).unwrap_or(1))
        .bar_gap(u16::try_from(gap).unwrap_or(0))
        .bar_style(theme.style(Role::Accent))
        .data(BarGroup::default().bars(&bars.collect::<Vec<_>>()));
    frame.render_widget(chart, area);
}
