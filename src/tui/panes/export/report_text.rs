//! What was looked up, as text to read: the estimate, the doctor, the services.

use ratatui::text::Line;

use crate::connector::finding::Finding;
use crate::report::{Row, Tone};
use crate::tui::panes::Load;
use crate::tui::panes::View;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::export::reports::Report;
use crate::tui::remedy::sentence;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::dialog::ReportKind;
use crate::tui::widgets::report::lines;
use crate::tui::widgets::text::{left, right};

/// Widths of the columns of the estimate, in cells; where there is no room, those of batches and bytes are left out.
const COLUMNS: [usize; 6] = [20, 11, 11, 6, 11, 11];
const CAN_MISS: [usize; 2] = [3, 5];

/// A report that is not there yet, or never will be.
fn missing<T>(report: &Report<T>, waiting: &str, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let row = match &report.load {
        Load::Failed { problem } => Row::new(sentence(problem), Tone::Danger),
        Load::Loading => Row::new(format!("{waiting} …"), Tone::Busy),
        Load::NotAsked | Load::Done { .. } => {
            Row::new("Internal error; see the log in the state directory.", Tone::Danger)
        }
    };
    lines(&row, theme, room)
}

/// What a full export would take, with the formula.
pub fn estimate(view: View<'_, ExportPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let report = &view.pane.reports.estimate;
    let Some(estimate) = &report.value else { return missing(report, "counting", theme, room) };
    let is_wide = room >= COLUMNS.iter().sum();
    let table = estimate.table();
    let last = table.len().saturating_sub(1);
    let line = |(number, cells): (usize, &[String; 6])| {
        let cells = cells.iter().zip(COLUMNS).enumerate().filter(|(column, _)| is_wide || !CAN_MISS.contains(column));
        let text: String = cells
            .map(|(column, (cell, room))| if column == 0 { left(cell, room) } else { right(cell, room) })
            .collect();
        let role = match number {
            0 => Role::Dim,
            _ if number == last => Role::Title,
            _ => Role::Text,
        };
        Line::styled(text, theme.style(role))
    };
    let mut all: Vec<Line> = table.iter().enumerate().map(line).collect();
    for note in estimate.notes() {
        all.push(Line::default());
        all.extend(lines(&note, theme, room));
    }
    all
}

/// What the doctor found so far.
pub fn doctor(view: View<'_, ExportPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let report = &view.pane.reports.diagnosis;
    let Some(diagnosis) = &report.value else { return missing(report, "checking", theme, room) };
    let mut all = match &report.load {
        Load::Done { .. } => lines(&diagnosis.ruling(), theme, room),
        _ => missing(report, "checking the shop and the service", theme, room),
    };
    all.push(Line::default());
    all.extend(diagnosis.checks.iter().flat_map(|check| lines(&check.row(), theme, room)));
    all.extend(findings(diagnosis.findings(), theme, room));
    all
}

/// Each finding: what it is, what it means, what to do next. Begins with a blank line, if there is any.
pub fn findings<'a>(findings: impl IntoIterator<Item = &'a Finding>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let spaced = |finding: &Finding| [Line::default()].into_iter().chain(lines(&finding.row(), theme, room));
    findings.into_iter().flat_map(spaced).collect()
}

/// A report that is made on request.
pub fn rows(kind: ReportKind, view: View<'_, ExportPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let report = view.pane.reports.rows(kind);
    let waiting = match kind {
        ReportKind::Lint => "reading the catalogue",
        ReportKind::Visible | ReportKind::DataSpaces => "asking Catalog Service",
        ReportKind::Exporter => "reading Adobe's feed tables",
    };
    let Some(rows) = &report.value else { return missing(report, waiting, theme, room) };
    rows.iter().flat_map(|row| lines(row, theme, room)).collect()
}

/// The services that the connector serves.
pub fn services(view: View<'_, ExportPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let report = &view.pane.reports.services;
    let Some(services) = &report.value else { return missing(report, "checking modules and feeds", theme, room) };
    let mut all = Vec::new();
    for section in services.report() {
        all.push(crate::tui::widgets::report::title(&section, theme, room).unwrap_or_default());
        all.extend(section.rows.iter().flat_map(|row| lines(row, theme, room)));
    }
    all
}
