//! The pane of SaaS projects and data spaces.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::domain::{DataSpace, DataSpaceKind};
use crate::format::counted;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::saas::{SaasPane, SaasRow};
use crate::tui::panes::{Load, PairInUse, View};
use crate::tui::remedy::sentence;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::text::{fit, full_moment, left, paragraph, time};

/// The width of the kind with its shape, in cells.
const KIND: usize = 12;
/// The width of the mark of what is in use, in cells.
const IN_USE: usize = 8;

/// Draws it. What is known of the selected row stands beside the list where there is room, else below it.
pub fn draw(frame: &mut Frame, area: Rect, view: View<'_, SaasPane>, theme: Theme) {
    let (main, side) = crate::tui::widgets::list::with_side(area);
    let room = usize::from(main.width);
    let height = usize::from(main.height);
    let rows = view.pane.rows();
    let mut lines = vec![head(view, theme, room)];
    lines.extend(gone(view, theme, room));
    let details = view.pane.row().map(|row| match side {
        Some(side) => about(row, view, theme, usize::from(side.width)),
        None => [vec![Line::default()], summary(row, view, theme, room)].concat(),
    });
    let below = if side.is_some() { 0 } else { details.as_ref().map_or(0, Vec::len) };
    let list_height = height.saturating_sub(lines.len() + below).max(1);
    if rows.is_empty() {
        lines.push(Line::default());
        lines.extend(paragraph(&nothing(view), room, theme.style(Role::Text)));
    }
    let from = crate::tui::widgets::list::window(view.pane.selected, rows.len(), list_height);
    for (number, row) in rows.iter().enumerate().skip(from).take(list_height) {
        lines.push(line(*row, number == view.pane.selected, view, theme, room));
    }
    match (side, details) {
        (Some(side), Some(details)) => frame.render_widget(Paragraph::new(details), side),
        (None, Some(details)) => lines.extend(details),
        (_, None) => {}
    }
    frame.render_widget(Paragraph::new(lines), main);
}

/// How fresh the list is, and what it is filtered by.
fn head(view: View<'_, SaasPane>, theme: Theme, room: usize) -> Line<'static> {
    let filter = &view.pane.filter;
    if filter.editing || filter.is_set() {
        return crate::tui::widgets::filter::filter_line(filter, theme, room);
    }
    let refresh = key_of(KeyContext::Saas, Action::Refresh);
    let (text, role) = match &view.pane.load {
        Load::NotAsked => (format!("Not loaded. {refresh}: load the projects visible to these keys"), Role::Dim),
        Load::Loading => match &view.pane.as_of {
            Some(at) => (format!("◌ Refreshing …; shown as of {}", time(at)), Role::Accent),
            None => ("◌ Loading the projects visible to these keys …".to_owned(), Role::Accent),
        },
        Load::Done { at } => {
            let projects = u64::try_from(view.pane.projects.len()).unwrap_or(u64::MAX);
            (format!("{}, as of {}", counted(projects, "project"), time(at)), Role::Dim)
        }
        Load::Failed { problem } => {
            let shown = match &view.pane.as_of {
                Some(at) => format!("shown as of {}; ", time(at)),
                None => String::new(),
            };
            (format!("✗ {shown}{refresh}: retry; {}", problem.what), Role::Danger)
        }
    };
    Line::styled(fit(&text, room), theme.style(role))
}

/// What is chosen, but not in the list: the keys do not see it any more.
fn gone(view: View<'_, SaasPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let Some((id, name, _)) = &view.overview.data_space else { return Vec::new() };
    if view.pane.lists(id) != Some(false) {
        return Vec::new();
    }
    let has_project = view
        .overview
        .project
        .as_ref()
        .is_some_and(|(id, _)| view.pane.projects.iter().any(|project| project.id == *id));
    let what = match (&view.overview.project, has_project) {
        (Some((_, project)), false) => format!("the project {project} and its data space {name}"),
        _ => format!("the data space {name}"),
    };
    let text =
        format!("✗ In use, but not visible to these keys: {what} ({id}). Choose another, or add its keys in pane 1.");
    paragraph(&text, room, theme.style(Role::Danger))
}

/// What to do while there is nothing to list.
fn nothing(view: View<'_, SaasPane>) -> String {
    let create = key_of(KeyContext::Saas, Action::CreateProject);
    match &view.pane.load {
        Load::Loading => "Loading from the gateway; other panes keep working.".to_owned(),
        _ if view.pane.filter.is_set() => "No matches. Esc: clear the filter.".to_owned(),
        Load::Done { .. } => format!(
            "No projects yet. {create}: create one. Data spaces are created with it; how many depends on the license. {}",
            crate::tui::panes::keys::guide_text::LICENSE
        ),
        Load::Failed { problem } => {
            let refresh = key_of(KeyContext::Saas, Action::Refresh);
            format!("{}. {refresh}: retry", sentence(problem))
        }
        Load::NotAsked if view.pair != PairInUse::Complete => {
            let environment = view.overview.environment;
            format!("The {environment} key pair is incomplete. Complete it in pane 1 to see its projects.")
        }
        Load::NotAsked => String::new(),
    }
}

fn line(row: SaasRow, is_selected: bool, view: View<'_, SaasPane>, theme: Theme, room: usize) -> Line<'static> {
    let in_use = view.overview.data_space.as_ref().map(|(id, _, _)| id);
    let (name, name_role, kind, kind_role, mark) = match row {
        SaasRow::Project(project) => (project.name.to_string(), Role::Title, "project".to_owned(), Role::Dim, ""),
        SaasRow::Space(_, space) => {
            let (shape, role) = shape_of(space.kind);
            let mark = match (in_use == Some(&space.id), &view.overview.settings.data_space_locked) {
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
    crate::tui::widgets::list::selected(line, is_selected)
}

fn shape_of(kind: DataSpaceKind) -> (&'static str, Role) {
    match kind {
        DataSpaceKind::Production => ("▲", Role::Danger),
        DataSpaceKind::Testing => ("○", Role::Good),
    }
}

/// What is known of the selected row, in a few lines.
fn summary(row: SaasRow, view: View<'_, SaasPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let copy = key_of(KeyContext::Saas, Action::Copy);
    let (what, id, last) = match row {
        SaasRow::Project(project) => {
            let spaces = u64::try_from(project.data_spaces.len()).unwrap_or(u64::MAX);
            (format!("Project {} with {}", project.name, counted(spaces, "data space")), project.id.as_str(), None)
        }
        SaasRow::Space(project, space) => (
            format!("{} data space {} of {}", space.kind, space.name, project.name),
            space.id.as_str(),
            Some(format!("Last received from here: {}", received(space, view))),
        ),
    };
    let lines = [Some(what), Some(format!("Id {id}  ({copy}: copy)")), last];
    lines.into_iter().flatten().map(|text| Line::styled(fit(&text, room), theme.style(Role::Dim))).collect()
}

/// What is known of the selected row.
fn about(row: SaasRow, view: View<'_, SaasPane>, theme: Theme, room: usize) -> Vec<Line<'static>> {
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
            say("Last received from here", &received(space, view));
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

/// When a data space last received anything from here, in words.
pub fn received(space: &DataSpace, view: View<'_, SaasPane>) -> String {
    match view.pane.received.get(&space.id) {
        Some(at) => full_moment(*at, view.wall),
        None => "never".to_owned(),
    }
}
