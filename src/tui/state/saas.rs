//! The pane of SaaS projects and data spaces.

use jiff::Zoned;

use super::dialog::{Dialog, LineDialog, LinePurpose, Question};
use super::notice::Tone;
use super::{Effects, Filter, Load, State, step};
use crate::client::models::{DataSpace, DataSpaceKind, Project};
use crate::connector::Overview;
use crate::error::Problem;
use crate::tui::effect::{Effect, Work};
use crate::tui::event::Now;
use crate::tui::keymap::Action;

/// The pane.
#[derive(Debug, Default)]
pub struct SaasPane {
    /// The projects that the keys see.
    pub projects: Vec<Project>,
    /// How the last loading went.
    pub load: Load,
    /// Which of [`Self::rows`] is selected.
    pub selected: usize,
    /// Only rows that contain this.
    pub filter: Filter,
}

/// A row of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row<'a> {
    /// A project.
    Project(&'a Project),
    /// One of its data spaces.
    Space(&'a Project, &'a DataSpace),
}

impl SaasPane {
    /// The rows of the tree that pass the filter. A data space that passes brings its project along.
    #[must_use]
    pub fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for project in &self.projects {
            let whole = self.filter.passes(&[project.name.as_str(), project.id.as_str()]);
            let mut spaces = project
                .data_spaces
                .iter()
                .filter(|space| whole || self.filter.passes(&[space.name.as_str(), space.id.as_str()]))
                .peekable();
            if whole || spaces.peek().is_some() {
                rows.push(Row::Project(project));
                rows.extend(spaces.map(|space| Row::Space(project, space)));
            }
        }
        rows
    }

    /// The selected row.
    #[must_use]
    pub fn row(&self) -> Option<Row<'_>> {
        self.rows().get(self.selected).copied()
    }
}

impl State {
    pub(super) fn act_in_saas(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        let rows = self.saas.rows().len();
        match action {
            Action::Refresh => self.load_projects(effects),
            Action::CreateProject => {
                self.dialog = Some(Dialog::Line(LineDialog::new(LinePurpose::CreateProject, "")));
            }
            Action::Rename => self.open_rename(),
            Action::Open => self.open_choice(now),
            Action::Filter => self.saas.filter.editing = true,
            _ => step(&mut self.saas.selected, rows, action),
        }
    }

    /// Loads the projects, unless that is already going on.
    pub(super) fn load_projects(&mut self, effects: &mut Effects) {
        if !matches!(self.saas.load, Load::Loading) {
            self.saas.load = Load::Loading;
            effects.push(Effect::Work(Work::LoadProjects));
        }
    }

    fn open_rename(&mut self) {
        let (purpose, name) = match self.saas.row() {
            Some(Row::Project(project)) => (LinePurpose::RenameProject(project.id.clone()), project.name.clone()),
            Some(Row::Space(_, space)) => (LinePurpose::RenameDataSpace(space.id.clone()), space.name.clone()),
            None => return,
        };
        self.dialog = Some(Dialog::Line(LineDialog::new(purpose, name.as_str())));
    }

    fn open_choice(&mut self, now: &Now) {
        let Some(row) = self.saas.row() else { return };
        let Row::Space(_, space) = row else {
            let text = "a project is not chosen itself: choose one of its data spaces";
            self.notices.add(Tone::Info, text, &now.wall);
            return;
        };
        let space = space.clone();
        if let Some(locked) = &self.overview.settings.data_space_locked {
            let text = format!("the data space is locked by {locked}: change it there");
            self.notices.add(Tone::Warning, text, &now.wall);
        } else if self.export.is_busy() {
            let text = "an export is active: another data space can be chosen when it has ended";
            self.notices.add(Tone::Warning, text, &now.wall);
        } else if self.overview.data_space.as_ref().is_some_and(|(id, _, _)| *id == space.id) {
            self.notices.add(Tone::Info, format!("{} is already in use", space.name), &now.wall);
        } else if space.kind == DataSpaceKind::Production {
            self.dialog = Some(Dialog::Line(LineDialog::new(LinePurpose::ChooseProduction(space), "")));
        } else {
            self.dialog = Some(Dialog::Question(Question::Choose(space)));
        }
    }

    pub(super) fn on_projects(&mut self, result: Result<Vec<Project>, Problem>, now: &Now) {
        match result {
            Ok(projects) => {
                self.saas.projects = projects;
                self.saas.load = Load::Done { at: now.wall.clone() };
                self.select_data_space_in_use();
            }
            Err(problem) => self.saas.load = Load::Failed { problem },
        }
    }

    /// The first loading puts the cursor where the person most likely wants it.
    fn select_data_space_in_use(&mut self) {
        let in_use = self.overview.data_space.as_ref().map(|(id, _, _)| id);
        let rows = self.saas.rows();
        let last = rows.len().saturating_sub(1);
        let found = rows.iter().position(|row| matches!(row, Row::Space(_, space) if Some(&space.id) == in_use));
        let first_space = rows.iter().position(|row| matches!(row, Row::Space(..)));
        if self.saas.selected == 0 {
            self.saas.selected = found.or(first_space).unwrap_or(0);
        }
        self.saas.selected = self.saas.selected.min(last);
    }

    pub(super) fn on_project_created(&mut self, result: Result<Project, Problem>, now: &Now, effects: &mut Effects) {
        match result {
            Ok(project) => {
                self.close_line(&[LinePurpose::CreateProject]);
                let count = project.data_spaces.len();
                let spaces = if count == 1 { "data space" } else { "data spaces" };
                let text = format!("the project {} is created with {count} {spaces}: choose one", project.name);
                self.notices.add(Tone::Good, text, &now.wall);
                self.load_projects(effects);
            }
            Err(problem) => self.refuse_line_or_tell(&problem, &now.wall),
        }
    }

    pub(super) fn on_renamed(&mut self, result: Result<Overview, Problem>, now: &Now, effects: &mut Effects) {
        match result {
            Ok(overview) => {
                self.overview = overview;
                if self.is_line_busy() {
                    self.dialog = None;
                }
                self.notices.add(Tone::Good, "renamed; ids, data and services stay as they are", &now.wall);
                self.load_projects(effects);
            }
            Err(problem) => self.refuse_line_or_tell(&problem, &now.wall),
        }
    }

    pub(super) fn on_selected(&mut self, result: Result<Overview, Problem>, now: &Now, effects: &mut Effects) {
        match result {
            Ok(overview) => {
                if self.is_line_busy() {
                    self.dialog = None;
                }
                if let Some((_, name, kind)) = &overview.data_space {
                    let text = format!("exports go into {name} ({kind}) from now on; nothing was sent");
                    self.notices.add(Tone::Good, text, &now.wall);
                }
                self.overview = overview;
                self.tell_settings_note(self.overview.settings.note.clone().as_ref(), now);
                self.export.forget_data_space();
                effects.push(Effect::Work(Work::LoadLedger));
            }
            Err(problem) => self.refuse_line_or_tell(&problem, &now.wall),
        }
    }

    fn close_line(&mut self, purposes: &[LinePurpose]) {
        if matches!(&self.dialog, Some(Dialog::Line(line)) if purposes.contains(&line.purpose)) {
            self.dialog = None;
        }
    }

    pub(super) fn is_line_busy(&self) -> bool {
        matches!(&self.dialog, Some(Dialog::Line(LineDialog { busy: true, .. })))
    }

    /// Shows a problem in the dialog that waits for the answer, or as a notice if it was closed.
    fn refuse_line_or_tell(&mut self, problem: &Problem, at: &Zoned) {
        if self.is_line_busy() {
            self.refuse_line(problem);
        } else {
            self.notices.problem(problem, at);
        }
    }
}
