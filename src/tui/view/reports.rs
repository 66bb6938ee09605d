//! What was looked up, as text to read: the estimate, the doctor, the services.

use ratatui::text::{Line, Span};

use super::text::{fit, left, paragraph, right, width, wrap};
use super::theme::{Role, Theme};
use crate::connector::doctor::{Check, Diagnosis, Outcome};
use crate::connector::estimate::Estimate;
use crate::connector::finding::{Finding, Level};
use crate::connector::services::{FeedCondition, Module, ServiceStatus};
use crate::error::Problem;
use crate::format::{bytes, count, counted};
use crate::tui::remedy;
use crate::tui::state::reports::Report;
use crate::tui::state::{Load, State};

/// Widths of the columns of the estimate, in cells.
const FEED: usize = 20;
const NUMBER: usize = 11;
const BATCH: usize = 6;
/// The width of the names of checks, in cells: the longest.
const CHECK: usize = 15;
/// What stands where nothing can be counted.
const UNKNOWN: &str = "unknown";

/// A report that is not there yet, or never will be.
fn missing<T>(report: &Report<T>, waiting: &str, theme: Theme, room: usize) -> Vec<Line<'static>> {
    match &report.load {
        Load::Failed { problem } => problem_lines(problem, theme, room),
        Load::Loading => vec![Line::styled(format!("◐ {waiting} …"), theme.style(Role::Accent))],
        Load::NotAsked | Load::Done { .. } => {
            vec![Line::styled("✗ Internal error; see the log in the state directory.", theme.style(Role::Danger))]
        }
    }
}

fn problem_lines(problem: &Problem, theme: Theme, room: usize) -> Vec<Line<'static>> {
    paragraph(&format!("✗ {}", remedy::sentence(problem)), room, theme.style(Role::Danger))
}

/// What a full export would take, with the formula.
pub fn estimate(state: &State, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let report = &state.reports.estimate;
    let Some(estimate) = &report.value else { return missing(report, "counting", theme, room) };
    let is_wide = room >= FEED + 3 * NUMBER + BATCH + NUMBER;
    let row = |cells: [&str; 6], role| {
        let [feed, records, items, batch, requests, size] = cells;
        let mut text = left(feed, FEED) + &right(records, NUMBER) + &right(items, NUMBER);
        if is_wide {
            text.push_str(&right(batch, BATCH));
        }
        text.push_str(&right(requests, NUMBER));
        if is_wide {
            text.push_str(&right(size, NUMBER));
        }
        Line::styled(text, theme.style(role))
    };
    let mut lines = vec![row(["Feed", "Records", "Items", "Batch", "Requests", "Bytes"], Role::Dim)];
    let known = |number: Option<u64>| number.map_or(UNKNOWN.to_owned(), count);
    for feed in &estimate.feeds {
        let size = feed.bytes.map_or(UNKNOWN.to_owned(), bytes);
        let [records, items, requests] = [feed.source_records, feed.items, feed.requests].map(known);
        let batch = count(u64::try_from(feed.batch_size).unwrap_or(u64::MAX));
        lines.push(row([feed.feed.name(), &records, &items, &batch, &requests, &size], Role::Text));
    }
    let items = known(estimate.feeds.iter().map(|feed| feed.items).sum());
    lines.push(row(["Total", "", &items, "", &known(estimate.requests()), ""], Role::Title));
    lines.push(Line::default());
    lines.extend(paragraph(&time_of(estimate), room, theme.style(Role::Title)));
    lines.push(Line::default());
    let mut how =
        "Items are counted, not read; requests are items ÷ batch, rounded up, if every item were sent.".to_owned();
    if estimate.feeds.iter().any(|feed| feed.bytes.is_none()) {
        how.push_str(" Bytes are shown once this data space has received a feed from here.");
    }
    lines.extend(paragraph(&how, room, theme.style(Role::Dim)));
    lines
}

fn time_of(estimate: &Estimate) -> String {
    match (estimate.formula(), estimate.requests_per_second) {
        (Some(formula), _) => format!("At the rate limit: {formula}"),
        (None, None) => "No rate limit set: the time depends on the database and the gateway.".to_owned(),
        (None, Some(_)) => "No time estimate: a feed of this source cannot be counted.".to_owned(),
    }
}

/// What the doctor found so far.
pub fn doctor(state: &State, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let report = &state.reports.diagnosis;
    let Some(diagnosis) = &report.value else { return missing(report, "checking", theme, room) };
    let mut lines = match &report.load {
        Load::Done { .. } => ruling(diagnosis, theme, room),
        _ => missing(report, "checking the shop and the service", theme, room),
    };
    lines.push(Line::default());
    lines.extend(diagnosis.checks.iter().map(|check| check_line(check, theme, room)));
    lines.extend(findings(diagnosis.findings(), theme, room));
    lines
}

fn ruling(diagnosis: &Diagnosis, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let number = |outcome| u64::try_from(diagnosis.count(outcome)).unwrap_or(u64::MAX);
    let (wrong, warnings) = (number(Outcome::Wrong), number(Outcome::Warning));
    let (text, role) = match (wrong, warnings) {
        (0, 0) => ("● No problems".to_owned(), Role::Good),
        (0, _) => ("● No problems".to_owned(), Role::Warning),
        (1, _) => ("✗ 1 problem".to_owned(), Role::Danger),
        _ => (format!("✗ {} problems", count(wrong)), Role::Danger),
    };
    let (ok, skipped) = (count(number(Outcome::Ok)), count(number(Outcome::Skipped)));
    let text = format!("{text}, {ok} ok, {}, {skipped} skipped", counted(warnings, "warning"));
    paragraph(&text, room, theme.style(role))
}

fn check_line(check: &Check, theme: Theme, room: usize) -> Line<'static> {
    let (mark, role) = match check.outcome {
        Outcome::Ok => ("●", Role::Good),
        Outcome::Warning => ("▲", Role::Warning),
        Outcome::Wrong => ("✗", Role::Danger),
        Outcome::Skipped => ("○", Role::Dim),
    };
    let detail = if check.outcome == Outcome::Skipped { Role::Dim } else { Role::Text };
    Line::from(vec![
        Span::styled(format!("{mark} "), theme.style(role)),
        Span::styled(left(check.name, CHECK), theme.style(role)),
        Span::styled(fit(&format!(" {}", check.detail), room.saturating_sub(CHECK + 2)), theme.style(detail)),
    ])
}

/// Each finding: what it is, what it means, what to do next. Begins with a blank line, if there is any.
pub fn findings<'a>(findings: impl IntoIterator<Item = &'a Finding>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for finding in findings {
        let (mark, role) = match finding.level {
            Level::Warning => ("▲", Role::Warning),
            Level::Wrong => ("✗", Role::Danger),
        };
        lines.push(Line::default());
        lines.extend(hanging(mark, &finding.what, role, theme, room));
        lines.extend(hanging(" ", &format!("why: {}", finding.means), Role::Text, theme, room));
        lines.extend(hanging(" ", &format!("fix: {}", remedy::words(&finding.next)), Role::Accent, theme, room));
    }
    lines
}

/// A paragraph whose lines stand beside its mark.
fn hanging(mark: &str, text: &str, role: Role, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let beside = |(row, line): (usize, String)| {
        let begin = if row == 0 { mark } else { " " };
        Line::styled(format!("{begin} {line}"), theme.style(role))
    };
    wrap(text, room.saturating_sub(2)).into_iter().enumerate().map(beside).collect()
}

/// The services that the connector serves.
pub fn services(state: &State, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let report = &state.reports.services;
    let Some(services) = &report.value else { return missing(report, "checking modules and feeds", theme, room) };
    let mut lines: Vec<Line> = services.services.iter().flat_map(|status| service_lines(status, theme, room)).collect();
    lines.push(Line::default());
    if services.services.iter().any(|status| status.module == Module::Unknown) {
        let text = "Modules unknown: no composer.lock in instance.root, or instance.root is not set.";
        lines.extend(paragraph(text, room, theme.style(Role::Warning)));
    }
    if let Some(problem) = &services.health_problem {
        lines.extend(problem_lines(problem, theme, room));
    }
    let text = "Healthy: sent in full from here and accepted. The service may show it later.";
    lines.extend(paragraph(text, room, theme.style(Role::Dim)));
    lines
}

fn service_lines(status: &ServiceStatus, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let edition = if status.service.in_open_source { "both editions" } else { "Adobe Commerce" };
    let module = match &status.module {
        Module::Installed(version) => format!("{} {version}", status.module_in_words()),
        Module::NotInstalled | Module::Unknown => status.module_in_words().to_owned(),
    };
    let rest = room.saturating_sub(width(status.service.name) + 2);
    let worst = status.feeds.iter().map(|(_, condition)| *condition).max();
    let (mark, role) = match worst {
        Some(FeedCondition::Healthy) => ("●", Role::Good),
        Some(FeedCondition::NotSent) => ("○", Role::Warning),
        Some(FeedCondition::Failing) => ("✗", Role::Danger),
        None | Some(FeedCondition::Unknown) => ("○", Role::Dim),
    };
    let mut lines = vec![Line::from(vec![
        Span::styled(status.service.name, theme.style(Role::Title)),
        Span::styled(fit(&format!("  {edition}, module {module}"), rest + 2), theme.style(Role::Dim)),
    ])];
    lines.extend(hanging(mark, &format!("feeds: {}", status.feeds_in_words()), role, theme, room));
    lines
}
