//! The header: where one is, always in sight.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::look::{Look, Role};
use super::text::fit;
use crate::client::models::DataSpaceKind;
use crate::tui::state::State;

/// Rows that the header takes.
pub const HEIGHT: u16 = 2;
/// The width from which the gateway has a column of its own, in cells.
const THREE_COLUMNS: u16 = 76;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, state: &State, look: &Look) {
    let overview = &state.overview;
    let environment = Value { text: overview.environment.to_string(), role: Role::Title };
    let installation = Value { text: overview.installation.to_string(), role: Role::Title };
    let project = match &overview.project {
        Some((_, name)) => Value { text: name.to_string(), role: Role::Title },
        None => Value { text: "none chosen".to_owned(), role: Role::Warning },
    };
    let (space, kind) = match &overview.data_space {
        Some((_, name, kind)) => {
            let (mark, role) = match kind {
                DataSpaceKind::Production => ("▲", Role::Danger),
                DataSpaceKind::Testing => ("○", Role::Good),
            };
            let name_role = if *kind == DataSpaceKind::Production { Role::Danger } else { Role::Title };
            (Value { text: name.to_string(), role: name_role }, Some(Value { text: format!("{mark} {kind}"), role }))
        }
        None => (Value { text: "none chosen".to_owned(), role: Role::Warning }, None),
    };
    let gateway = Value { text: overview.gateway.to_string(), role: Role::Title };
    let source = Value { text: overview.source.to_string(), role: Role::Text };
    let has_gateway = area.width >= THREE_COLUMNS;
    let widths = if has_gateway {
        vec![Constraint::Percentage(29), Constraint::Percentage(41), Constraint::Percentage(30)]
    } else {
        vec![Constraint::Percentage(40), Constraint::Percentage(60)]
    };
    let columns = Layout::horizontal(widths).split(area);
    let mut blocks = vec![
        [field("Installation", 12, installation, None), field("Environment", 12, environment, None)],
        [field("Project", 10, project, None), field("Data space", 10, space, kind)],
    ];
    if has_gateway {
        blocks.push([field("Gateway", 7, gateway, None), field("Source", 7, source, None)]);
    }
    for (column, fields) in columns.iter().zip(blocks) {
        let room = usize::from(column.width);
        let lines: Vec<Line> = fields.into_iter().map(|field| field.line(room, look)).collect();
        frame.render_widget(Paragraph::new(lines), *column);
    }
}

struct Value {
    text: String,
    role: Role,
}

/// A label with its value, and perhaps a word that must never be cut off.
struct Field {
    label: &'static str,
    label_width: usize,
    value: Value,
    kind: Option<Value>,
}

fn field(label: &'static str, label_width: usize, value: Value, kind: Option<Value>) -> Field {
    Field { label, label_width, value, kind }
}

impl Field {
    fn line(self, room: usize, look: &Look) -> Line<'static> {
        let kind = self.kind.map(|kind| (super::text::width(&kind.text) + 1, kind));
        let taken = 1 + self.label_width + 1 + kind.as_ref().map_or(0, |(width, _)| *width) + 1;
        let mut spans = vec![
            Span::styled(format!(" {:<width$} ", self.label, width = self.label_width), look.style(Role::Dim)),
            Span::styled(fit(&self.value.text, room.saturating_sub(taken)), look.style(self.value.role)),
        ];
        if let Some((_, kind)) = kind {
            spans.push(Span::styled(format!(" {}", kind.text), look.style(kind.role)));
        }
        Line::from(spans)
    }
}
