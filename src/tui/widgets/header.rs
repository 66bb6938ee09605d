//! The header: where one is, always in sight.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::connector::Overview;
use crate::domain::DataSpaceKind;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{fit, left, width};

/// Rows that the header takes.
pub const HEIGHT: u16 = 2;
/// The width from which source and settings have a column of their own, in cells.
const THREE_COLUMNS: u16 = 110;
/// The width of the labels, in cells.
const LABEL: usize = 13;

/// A label with its value, and perhaps a word that must never be cut off.
struct Field {
    label: &'static str,
    value: String,
    role: Role,
    kind: Option<(String, Role)>,
}

impl Field {
    fn new(label: &'static str, value: &impl ToString, role: Role) -> Self {
        Self { label, value: value.to_string(), role, kind: None }
    }

    fn line(self, room: usize, theme: Theme) -> Line<'static> {
        let kind = self.kind.map(|(text, role)| (format!("  {text}"), role));
        // One cell before the label, one after the value.
        let taken = LABEL + 2 + kind.as_ref().map_or(0, |(text, _)| width(text));
        let mut spans = vec![
            Span::styled(format!(" {}", left(self.label, LABEL)), theme.style(Role::Dim)),
            Span::styled(fit(&self.value, room.saturating_sub(taken)), theme.style(self.role)),
        ];
        spans.extend(kind.map(|(text, role)| Span::styled(text, theme.style(role))));
        Line::from(spans)
    }
}

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, overview: &Overview, theme: Theme) {
    let environment = format!("{}, {}", overview.environment, overview.gateway);
    let mut columns = vec![
        [installation(overview), project(overview)],
        [Field::new("Environment", &environment, Role::Title), data_space(overview)],
    ];
    // What must never be cut off on the left takes its room.
    let left = if overview.settings.read_only { 3 } else { 2 };
    let mut widths = vec![Constraint::Fill(left), Constraint::Fill(3)];
    if area.width >= THREE_COLUMNS {
        columns.push([Field::new("Source", &overview.source, Role::Text), settings(overview)]);
        widths.push(Constraint::Fill(3));
    }
    for (column, fields) in Layout::horizontal(widths).split(area).iter().zip(columns) {
        let lines: Vec<Line> = fields.into_iter().map(|field| field.line(usize::from(column.width), theme)).collect();
        frame.render_widget(Paragraph::new(lines), *column);
    }
}

/// Where settings are kept; a word more where they could not all be read.
fn settings(overview: &Overview) -> Field {
    let kind = overview.settings.problem.as_ref().map(|_| ("✗ not readable".to_owned(), Role::Danger));
    Field { kind, ..Field::new("Settings", &overview.settings.home, Role::Text) }
}

/// What it is called; a word more where nothing may be changed.
fn installation(overview: &Overview) -> Field {
    let kind = overview.settings.read_only.then(|| ("▲ READ-ONLY".to_owned(), Role::Warning));
    Field { kind, ..Field::new("Installation", &overview.installation, Role::Title) }
}

fn project(overview: &Overview) -> Field {
    match &overview.project {
        Some((_, name)) => Field::new("Project", name, Role::Title),
        None => Field::new("Project", &"none selected", Role::Warning),
    }
}

fn data_space(overview: &Overview) -> Field {
    match &overview.data_space {
        None => Field::new("Data space", &"none selected", Role::Warning),
        Some((_, name, DataSpaceKind::Production)) => Field {
            kind: Some(("▲ Production".to_owned(), Role::Danger)),
            ..Field::new("Data space", name, Role::Danger)
        },
        Some((_, name, DataSpaceKind::Testing)) => {
            Field { kind: Some(("○ Testing".to_owned(), Role::Good)), ..Field::new("Data space", name, Role::Title) }
        }
    }
}
