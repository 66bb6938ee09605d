//! The pane of SaaS projects and data spaces.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::look::{Look, Role};
use super::text::{counted, left, paragraph, time};
use crate::client::models::DataSpaceKind;
use crate::tui::keymap::{Action, Place, key_of};
use crate::tui::state::saas::Row;
use crate::tui::state::{Load, State};

/// The width of a registry id, in cells: a UUID.
const ID: usize = 36;
/// The width of the kind with its shape, in cells.
const KIND: usize = 12;
/// The least width of a name before the id is left out, in cells.
const LEAST_NAME: usize = 16;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, state: &State, look: &Look) {
    let (main, side) = super::with_side(area);
    let room = usize::from(main.width);
    let height = usize::from(main.height);
    let rows = state.saas.rows();
    let mut lines = vec![head(state, look, room)];
    let list_height = height.saturating_sub(lines.len());
    if rows.is_empty() {
        lines.push(Line::default());
        lines.extend(paragraph(&nothing(state), room, look.style(Role::Text)));
    }
    let from = super::window(state.saas.selected, rows.len(), list_height);
    for (number, row) in rows.iter().enumerate().skip(from).take(list_height) {
        lines.push(line(*row, number == state.saas.selected, state, look, room));
    }
    frame.render_widget(Paragraph::new(lines), main);
    if let (Some(side), Some(row)) = (side, state.saas.row()) {
        frame.render_widget(Paragraph::new(about(row, look, usize::from(side.width))), side);
    }
}

/// How fresh the list is, and what it is filtered by.
fn head(state: &State, look: &Look, room: usize) -> Line<'static> {
    let filter = &state.saas.filter;
    if filter.editing || filter.is_set() {
        return super::dialogs::filter_line(filter, look, room);
    }
    let refresh = key_of(Place::Saas, Action::Refresh);
    let (text, role) = match &state.saas.load {
        Load::NotAsked => (format!("Not loaded yet: {refresh} loads the projects that the keys see"), Role::Dim),
        Load::Loading => ("Loading the projects that the keys see …".to_owned(), Role::Accent),
        Load::Done { at } => {
            let projects = u64::try_from(state.saas.projects.len()).unwrap_or(u64::MAX);
            (format!("{}, as of {}", counted(projects, "project"), time(at)), Role::Dim)
        }
        Load::Failed { problem } => {
            let hint = problem.hint.as_ref().map(|hint| format!(": {hint}")).unwrap_or_default();
            (format!("✗ {}{hint}", problem.what), Role::Danger)
        }
    };
    Line::styled(super::text::fit(&text, room), look.style(role))
}

/// What to do while there is nothing to list.
fn nothing(state: &State) -> String {
    let create = key_of(Place::Saas, Action::CreateProject);
    match &state.saas.load {
        Load::Loading => String::new(),
        _ if state.saas.filter.is_set() => "Nothing contains that text. Esc clears the filter.".to_owned(),
        Load::Done { .. } => format!(
            "There is no project yet. {create} creates one with its data spaces: 1 production and 2 testing for Adobe Commerce, 1 production for Magento Open Source."
        ),
        Load::Failed { problem } => {
            let hint = problem.hint.clone().unwrap_or_default();
            format!("{}. {hint}", problem.what)
        }
        Load::NotAsked if !state.can_ask_gateway() => {
            let environment = state.overview.environment;
            format!("The {environment} key pair is not complete. Add it in pane 1: projects belong to keys.")
        }
        Load::NotAsked => String::new(),
    }
}

fn line(row: Row, is_selected: bool, state: &State, look: &Look, room: usize) -> Line<'static> {
    let is_in_use = |row: Row| match row {
        Row::Project(project) => state.overview.project.as_ref().is_some_and(|(id, _)| *id == project.id),
        Row::Space(_, space) => state.overview.data_space.as_ref().is_some_and(|(id, _, _)| *id == space.id),
    };
    // Marker, name, kind, id, in use.
    let fixed = 2 + 1 + KIND + 1 + 8;
    let has_id = room >= fixed + ID + 1 + LEAST_NAME;
    let name_room = room.saturating_sub(fixed + if has_id { ID + 1 } else { 0 });
    let (name, kind, kind_role, id) = match row {
        Row::Project(project) => (project.name.to_string(), "project".to_owned(), Role::Dim, project.id.as_str()),
        Row::Space(_, space) => {
            let (mark, role) = match space.kind {
                DataSpaceKind::Production => ("▲", Role::Danger),
                DataSpaceKind::Testing => ("○", Role::Good),
            };
            (format!("  {}", space.name), format!("{mark} {}", space.kind), role, space.id.as_str())
        }
    };
    let name_role = if matches!(row, Row::Project(_)) { Role::Title } else { Role::Text };
    let mark = match (is_in_use(row), row) {
        (true, Row::Space(..)) => "● in use",
        (true, Row::Project(_)) | (false, _) => "",
    };
    let mut spans = vec![
        Span::styled(if is_selected { "▸ " } else { "  " }, look.style(Role::Accent)),
        Span::styled(left(&name, name_room), look.style(name_role)),
        Span::raw(" "),
        Span::styled(left(&kind, KIND), look.style(kind_role)),
        Span::raw(" "),
    ];
    if has_id {
        spans.push(Span::styled(left(id, ID), look.style(Role::Dim)));
        spans.push(Span::raw(" "));
    }
    spans.push(Span::styled(left(mark, 8), look.style(Role::Good)));
    super::selected(Line::from(spans), is_selected, look)
}

/// What is known of the selected row.
fn about(row: Row, look: &Look, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut say = |title: &str, text: &str| {
        lines.push(Line::styled(title.to_owned(), look.style(Role::Dim)));
        lines.extend(paragraph(text, room, look.style(Role::Text)));
        lines.push(Line::default());
    };
    match row {
        Row::Project(project) => {
            say("Project", project.name.as_str());
            say("Id", project.id.as_str());
            say(
                "Data spaces",
                &format!("{}. Choose one of them: exports go into a data space.", project.data_spaces.len()),
            );
        }
        Row::Space(project, space) => {
            say("Data space", space.name.as_str());
            say("Id", space.id.as_str());
            say("Project", project.name.as_str());
            let kind = match space.kind {
                DataSpaceKind::Production => {
                    "Production: the services of a live shop read from it. Choosing it and exporting into it asks for its name."
                }
                DataSpaceKind::Testing => "Testing: anything may be tried here.",
            };
            say("Kind", kind);
        }
    }
    lines
}
