//! The pane of SaaS projects and data spaces.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::choice_text::received;
use super::text::{fit, left, paragraph, time};
use super::theme::{Role, Theme};
use crate::domain::DataSpaceKind;
use crate::format::counted;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::remedy::sentence;
use crate::tui::state::saas::SaasRow;
use crate::tui::state::{Load, State};

/// The width of the kind with its shape, in cells.
const KIND: usize = 12;
/// The width of the mark of what is in use, in cells.
const IN_USE: usize = 8;

/// Draws it. What is known of the selected row stands beside the list where there is room, else below it.
pub fn draw(frame: &mut Frame, area: Rect, state: &State, theme: Theme) {
    let (main, side) = super::with_side(area);
    let room = usize::from(main.width);
    let height = usize::from(main.height);
    let rows = state.saas.rows();
    let mut lines = vec![head(state, theme, room)];
    lines.extend(gone(state, theme, room));
    let details = state.saas.row().map(|row| match side {
        Some(side) => about(row, state, theme, usize::from(side.width)),
        None => [vec![Line::default()], summary(row, state, theme, room)].concat(),
    });
    let below = if side.is_some() { 0 } else { details.as_ref().map_or(0, Vec::len) };
    let list_height = height.saturating_sub(lines.len() + below).max(1);
    if rows.is_empty() {
        lines.push(Line::default());
        lines.extend(paragraph(&nothing(state), room, theme.style(Role::Text)));
    }
    let from = super::window(state.saas.selected, rows.len(), list_height);
    for (number, row) in rows.iter().enumerate().skip(from).take(list_height) {
        lines.push(line(*row, number == state.saas.selected, state, theme, room));
    }
    match (side, details) {
        (Some(side), Some(details)) => frame.render_widget(Paragraph::new(details), side),
        (None, Some(details)) => lines.extend(details),
        (_, None) => {}
    }
    frame.render_widget(Paragraph::new(lines), main);
}

/// How fresh the list is, and what it is filtered by.
fn head(state: &State, theme: Theme, room: usize) -> Line<'static> {
    let filter = &state.saas.filter;
    if filter.editing || filter.is_set() {
        return super::content::filter_line(filter, theme, room);
    }
    let refresh = key_of(KeyContext::Saas, Action::Refresh);
    let (text, role) = match &state.saas.load {
        Load::NotAsked => (format!("Not loaded. {refresh}: load the projects visible to these keys"), Role::Dim),
        Load::Loading => match &state.saas.as_of {
            Some(at) => (format!("◐ Refreshing …; shown as of {}", time(at)), Role::Accent),
            None => ("◐ Loading the projects visible to these keys …".to_owned(), Role::Accent),
        },
        Load::Done { at } => {
            let projects = u64::try_from(state.saas.projects.len()).unwrap_or(u64::MAX);
            (format!("{}, as of {}", counted(projects, "project"), time(at)), Role::Dim)
        }
        Load::Failed { problem } => {
            let shown = match &state.saas.as_of {
                Some(at) => format!("shown as of {}; ", time(at)),
                None => String::new(),
            };
            (format!("✗ {shown}{refresh}: retry; {}", problem.what), Role::Danger)
        }
    };
    Line::styled(fit(&text, room), theme.style(role))
}

/// What is chosen, but not in the list: the keys do not see it any more.
fn gone(state: &State, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let Some((id, name, _)) = &state.overview.data_space else { return Vec::new() };
    if state.saas.lists(id) != Some(false) {
        return Vec::new();
    }
    let has_project = state
        .overview
        .project
        .as_ref()
        .is_some_and(|(id, _)| state.saas.projects.iter().any(|project| project.id == *id));
    let what = match (&state.overview.project, has_project) {
        (Some((_, project)), false) => format!("the project {project} and its data space {name}"),
        _ => format!("the data space {name}"),
    };
    let text =
        format!("✗ In use, but not visible to these keys: {what} ({id}). Choose another, or add its keys in pane 1.");
    paragraph(&text, room, theme.style(Role::Danger))
}

/// What to do while there is nothing to list.
fn nothing(state: &State) -> String {
    let create = key_of(KeyContext::Saas, Action::CreateProject);
    match &state.saas.load {
        Load::Loading => "Loading from the gateway; other panes keep working.".to_owned(),
        _ if state.saas.filter.is_set() => "No matches. Esc: clear the filter.".to_owned(),
        Load::Done { .. } => format!(
            "No projects yet. {create}: create one. Data spaces are created with it; how many depends on the license. {}",
            super::guide_text::LICENSE
        ),
        Load::Failed { problem } => {
            let refresh = key_of(KeyContext::Saas, Action::Refresh);
            format!("{}. {refresh}: retry", sentence(problem))
        }
        Load::NotAsked if !state.can_ask_gateway() => {
            let environment = state.overview.environment;
            format!("The {environment} key pair is incomplete. Complete it in pane 1 to see its projects.")
        }
        Load::NotAsked => String::new(),
    }
}

fn line(row: SaasRow, is_selected: bool, state: &State, theme: Theme, room: usize) -> Line<'static> {
    let in_use = state.overview.data_space.as_ref().map(|(id, _, _)| id);
    let (name, name_role, kind, kind_role, mark) = match row {
        SaasRow::Project(project) => (project.name.to_string(), Role::Title, "project".to_owned(), Role::Dim, ""),
        SaasRow::Space(_, space) => {
            let (shape, role) = shape_of(space.kind);
            let mark = match (in_use == Some(&space.id), &state.overview.settings.data_space_locked) {
                (true, Some(_)) => "▲ locked",
                (true, None) => "● in use",
                (false, _) => "",
            };
            (format!("  {}", space.name), Role::Text, format!("{shape} {}", space.kind), role, mark)
        }
    };
    let name_room = room.saturating_sub(2 + 2 + KIND + 2 + IN_USE);
    let line = Line::from(vec![
        Span::styled(if is_selected { "▸ " } else { "  " }, theme.style(Role::Accent)),
        Span::styled(left(&name, name_room), theme.style(name_role)),
        Span::styled(format!("  {}", left(&kind, KIND)), theme.style(kind_role)),
        Span::styled(format!("  {}", left(mark, IN_USE)), theme.style(Role::Good)),
    ]);
    super::selected(line, is_selected, theme)
}

fn shape_of(kind: DataSpaceKind) -> (&'static str, Role) {
    match kind {
        DataSpaceKind::Production => ("▲", Role::Danger),
        DataSpaceKind::Testing => ("○", Role::Good),
    }
}

/// What is known of the selected row, in a few lines.
fn summary(row: SaasRow, state: &State, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let copy = key_of(KeyContext::Saas, Action::Copy);
    let (what, id, last) = match row {
        SaasRow::Project(project) => {
            let spaces = u64::try_from(project.data_spaces.len()).unwrap_or(u64::MAX);
            (format!("Project {} with {}", project.name, counted(spaces, "data space")), project.id.as_str(), None)
        }
        SaasRow::Space(project, space) => (
            format!("{} data space {} of {}", space.kind, space.name, project.name),
            space.id.as_str(),
            Some(format!("Last received from here: {}", received(space, state))),
        ),
    };
    let lines = [Some(what), Some(format!("Id {id}  ({copy}: copy)")), last];
    lines.into_iter().flatten().map(|text| Line::styled(fit(&text, room), theme.style(Role::Dim))).collect()
}

/// What is known of the selected row.
fn about(row: SaasRow, state: &State, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut say = |title: &str, text: &str| {
        lines.push(Line::styled(title.to_owned(), theme.style(Role::Dim)));
        lines.extend(paragraph(text, room, theme.style(Role::Text)));
        lines.push(Line::default());
    };
    match row {
        SaasRow::Project(project) => {
            say("Project", project.name.as_str());
            say("Id", project.id.as_str());
            say("Data spaces", &format!("{}. Choose one to export into.", project.data_spaces.len()));
        }
        SaasRow::Space(project, space) => {
            say("Data space", space.name.as_str());
            say("Id", space.id.as_str());
            say("Last received from here", &received(space, state));
            say("Project", project.name.as_str());
            let kind = match space.kind {
                DataSpaceKind::Production => {
                    "Production: the services of a live shop read from it. You must type its name to select it or export into it."
                }
                DataSpaceKind::Testing => "Testing: safe to experiment.",
            };
            say("Kind", kind);
        }
    }
    lines
}
