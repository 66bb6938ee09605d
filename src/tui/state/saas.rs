//! The pane of SaaS projects and data spaces.

use std::collections::BTreeMap;

use jiff::{Timestamp, Zoned};

use super::dialog::{Dialog, LineDialog, LinePurpose, Question, Reading};
use super::keys::Check;
use super::notice::Tone;
use super::reports::Report;
use super::{Effects, Filter, Load, State, step};
use crate::connector::Overview;
use crate::connector::preview::RunPreview;
use crate::domain::{DataSpace, DataSpaceId, DataSpaceKind, Environment, Project, ProjectId};
use crate::error::{Exit, Problem};
use crate::tui::clipboard::Copyable;
use crate::tui::effect::{Effect, Work};
use crate::tui::event::Now;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::untrusted::SafeText;

/// The pane.
#[derive(Debug, Default)]
pub struct SaasPane {
    /// The projects that the keys see.
    pub projects: Vec<Project>,
    /// How the last loading went.
    pub load: Load,
    /// Since when [`Self::projects`] are known; a loading that fails leaves them as they were.
    pub as_of: Option<Zoned>,
    /// When data spaces last received anything from here.
    pub received: BTreeMap<DataSpaceId, Timestamp>,
    /// What exports into the data space whose choice is being asked about would be.
    pub ahead: Option<Ahead>,
    /// The project to go to when the list comes, because it was just created.
    created: Option<ProjectId>,
    /// Which of [`Self::rows`] is selected.
    pub selected: usize,
    /// Only rows that contain this.
    pub filter: Filter,
}

/// What lies ahead of a choice.
#[derive(Debug)]
pub struct Ahead {
    /// The choice.
    pub space: DataSpaceId,
    /// What is known of it.
    pub report: Report<RunPreview>,
}

/// A row of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaasRow<'a> {
    /// A project.
    Project(&'a Project),
    /// One of its data spaces.
    Space(&'a Project, &'a DataSpace),
}

impl SaasPane {
    /// The rows of the tree that pass the filter. A data space that passes brings its project along.
    pub fn rows(&self) -> Vec<SaasRow<'_>> {
        let mut rows = Vec::new();
        for project in &self.projects {
            let whole = self.filter.passes(&[project.name.as_str(), project.id.as_str()]);
            let mut spaces = project
                .data_spaces
                .iter()
                .filter(|space| whole || self.filter.passes(&[space.name.as_str(), space.id.as_str()]))
                .peekable();
            if whole || spaces.peek().is_some() {
                rows.push(SaasRow::Project(project));
                rows.extend(spaces.map(|space| SaasRow::Space(project, space)));
            }
        }
        rows
    }

    /// Nothing that is known holds for other keys or another gateway.
    pub(super) fn forget(&mut self) {
        self.projects.clear();
        self.load = Load::NotAsked;
        self.as_of = None;
        self.ahead = None;
    }

    /// Whether a data space is in the list; `None` until there is one.
    pub fn lists(&self, id: &DataSpaceId) -> Option<bool> {
        self.as_of.as_ref()?;
        let mut spaces = self.projects.iter().flat_map(|project| &project.data_spaces);
        Some(spaces.any(|space| space.id == *id))
    }

    /// The selected row.
    pub fn row(&self) -> Option<SaasRow<'_>> {
        self.rows().get(self.selected).copied()
    }
}

impl State {
    pub(super) fn act_in_saas(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        let rows = self.saas.rows().len();
        match action {
            Action::Refresh | Action::CreateProject if self.keys.saved.is_some() && !self.can_ask_gateway() => {
                let text = "the key pair in use is incomplete: complete it in pane 1 first";
                self.notices.add(Tone::Warning, text, &now.wall);
            }
            Action::Refresh => self.load_projects(effects),
            Action::CreateProject => {
                self.dialog = Some(Dialog::Line(LineDialog::new(LinePurpose::CreateProject, "")));
            }
            Action::Rename => self.open_rename(now),
            Action::Open => self.open_choice(now, effects),
            Action::AboutLicense => self.dialog = Some(Dialog::reading(Reading::License)),
            Action::Copy => self.copy_id(now, effects),
            Action::PlainText => effects.push(Effect::ShowPlain(self.projects_in_lines())),
            Action::Filter => self.saas.filter.editing = true,
            _ => step(&mut self.saas.selected, rows, action),
        }
    }

    /// Loads the projects, unless that is already going on.
    pub(super) fn load_projects(&mut self, effects: &mut Effects) {
        if !matches!(self.saas.load, Load::Loading) {
            self.saas.load = Load::Loading;
            effects.push(Effect::Work(Work::LoadProjects));
            effects.push(Effect::Work(Work::LoadLastReceived));
        }
    }

    fn say_nothing_is_selected(&mut self, now: &Now) {
        let text = "nothing selected: the list is empty or not loaded";
        self.notices.add(Tone::Info, text, &now.wall);
    }

    /// The id of the selected row, whole.
    fn copy_id(&mut self, now: &Now, effects: &mut Effects) {
        let (name, id) = match self.saas.row() {
            Some(SaasRow::Project(project)) => (format!("the id of the project {}", project.name), project.id.as_str()),
            Some(SaasRow::Space(_, space)) => (format!("the id of the data space {}", space.name), space.id.as_str()),
            None => return self.say_nothing_is_selected(now),
        };
        effects.push(Effect::Copy(Copyable::line(name, SafeText::new(id))));
    }

    fn projects_in_lines(&self) -> Copyable {
        let in_use = self.overview.data_space.as_ref().map(|(id, _, _)| id);
        let lines = self.saas.projects.iter().flat_map(|project| {
            let spaces = project.data_spaces.iter().map(move |space| {
                let mark = if in_use == Some(&space.id) { " (in use)" } else { "" };
                format!("  {} data space {}: {}{mark}", space.kind, space.name, space.id)
            });
            std::iter::once(format!("project {}: {}", project.name, project.id)).chain(spaces)
        });
        Copyable::lines("the projects", lines.map(|line| SafeText::new(&line)).collect())
    }

    fn open_rename(&mut self, now: &Now) {
        let (purpose, name) = match self.saas.row() {
            Some(SaasRow::Project(project)) => (LinePurpose::RenameProject(project.id.clone()), project.name.clone()),
            Some(SaasRow::Space(_, space)) => (LinePurpose::RenameDataSpace(space.id.clone()), space.name.clone()),
            None => return self.say_nothing_is_selected(now),
        };
        self.dialog = Some(Dialog::Line(LineDialog::new(purpose, name.as_str())));
    }

    fn open_choice(&mut self, now: &Now, effects: &mut Effects) {
        let Some(row) = self.saas.row() else { return self.say_nothing_is_selected(now) };
        let SaasRow::Space(_, space) = row else {
            let text = "this is a project: choose one of its data spaces";
            self.notices.add(Tone::Info, text, &now.wall);
            return;
        };
        let space = space.clone();
        if let Some(locked) = &self.overview.settings.data_space_locked {
            let text = format!("the data space is locked by {locked}: change it there");
            self.notices.add(Tone::Warning, text, &now.wall);
        } else if self.export.is_busy() {
            let text = "an export is running: choose another data space after it ends";
            self.notices.add(Tone::Warning, text, &now.wall);
        } else if self.overview.data_space.as_ref().is_some_and(|(id, _, _)| *id == space.id) {
            self.notices.add(Tone::Info, format!("{} is already in use", space.name), &now.wall);
        } else {
            self.look_ahead(&space, effects);
            self.dialog = Some(match space.kind {
                DataSpaceKind::Production => Dialog::Line(LineDialog::new(LinePurpose::ChooseProduction(space), "")),
                DataSpaceKind::Testing => Dialog::Question(Question::Choose(space)),
            });
        }
    }

    /// Has it counted what would be sent. The question never waits for it; a count that is there already is shown with its age.
    fn look_ahead(&mut self, space: &DataSpace, effects: &mut Effects) {
        let is_known = self.saas.ahead.as_ref().is_some_and(|ahead| {
            ahead.space == space.id && matches!(ahead.report.load, Load::Done { .. } | Load::Loading)
        });
        if !is_known && !self.overview.settings.setup.without_source {
            let report = Report { load: Load::Loading, ..Report::default() };
            self.saas.ahead = Some(Ahead { space: space.id.clone(), report });
            effects.push(Effect::Work(Work::Foresee(space.clone())));
        }
    }

    pub(super) fn on_foreseen(&mut self, space: &DataSpaceId, result: Result<RunPreview, Problem>, now: &Now) {
        if let Some(ahead) = self.saas.ahead.as_mut().filter(|ahead| ahead.space == *space) {
            ahead.report.take(result, now);
        }
    }

    pub(super) fn on_last_received(&mut self, result: Result<BTreeMap<DataSpaceId, Timestamp>, Problem>, now: &Now) {
        match result {
            Ok(received) => self.saas.received = received,
            Err(problem) => self.notices.problem(&problem, &now.wall),
        }
    }

    pub(super) fn on_projects(
        &mut self,
        environment: Environment,
        result: Result<Vec<Project>, Problem>,
        now: &Now,
        effects: &mut Effects,
    ) {
        if environment != self.overview.environment {
            // The keys were changed while it was asked.
            self.saas.forget();
            self.complete_overview(effects);
            return;
        }
        let at = now.wall.clone();
        // Whoever lists projects has accepted the keys.
        let is_about_saved = self.keys.draft(environment).is_empty();
        match result {
            Ok(projects) => {
                if is_about_saved {
                    self.keys.set_check(environment, Check::Accepted { at: at.clone() });
                }
                let is_first = self.saas.as_of.is_none();
                self.saas.projects = projects;
                self.saas.load = Load::Done { at: at.clone() };
                self.saas.as_of = Some(at);
                self.select_after_loading(is_first);
            }
            Err(problem) => {
                if is_about_saved && problem.exit == Exit::Refused {
                    self.keys.set_check(environment, Check::Failed { at, problem: problem.clone() });
                }
                self.saas.load = Load::Failed { problem };
            }
        }
    }

    /// The first loading puts the cursor where the person most likely wants it, and so does a project that was just created.
    fn select_after_loading(&mut self, is_first: bool) {
        let in_use = self.overview.data_space.as_ref().map(|(id, _, _)| id);
        let created = self.saas.created.as_ref();
        let rows = self.saas.rows();
        let last = rows.len().saturating_sub(1);
        let space_where = |is_it: &dyn Fn(&Project, &DataSpace) -> bool| {
            rows.iter().position(|row| matches!(row, SaasRow::Space(project, space) if is_it(project, space)))
        };
        let wanted = if created.is_some() {
            // Whoever has just begun rehearses first.
            space_where(&|project, space| Some(&project.id) == created && space.kind == DataSpaceKind::Testing)
                .or_else(|| space_where(&|project, _| Some(&project.id) == created))
        } else if is_first {
            space_where(&|_, space| Some(&space.id) == in_use).or_else(|| space_where(&|_, _| true))
        } else {
            None
        };
        self.saas.selected = wanted.unwrap_or(self.saas.selected).min(last);
        self.saas.created = None;
    }

    pub(super) fn on_project_created(&mut self, result: Result<Project, Problem>, now: &Now, effects: &mut Effects) {
        match result {
            Ok(project) => {
                self.close_line(&[LinePurpose::CreateProject]);
                let count = project.data_spaces.len();
                let spaces = if count == 1 { "data space" } else { "data spaces" };
                let text = format!("project {} created with {count} {spaces}: choose one", project.name);
                self.notices.lead_on(Tone::Good, text, &now.wall);
                self.saas.created = Some(project.id);
                self.saas.filter.clear();
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
                let was = std::mem::replace(&mut self.overview, overview).data_space;
                self.export.forget_data_space();
                effects.push(Effect::Work(Work::LoadLedger));
                self.reports.refresh_services(effects);
                self.tell_settings_note(self.overview.settings.note.clone().as_ref(), now);
                if let Some((_, name, kind)) = &self.overview.data_space {
                    let keeps = was.map(|(_, name, _)| format!("; {name} keeps its data")).unwrap_or_default();
                    let export = key_of(KeyContext::Saas, Action::ShowExport);
                    let text = format!(
                        "Now exporting to {name} ({kind}). Nothing sent yet{keeps}; next: the data export ({export})"
                    );
                    self.notices.lead_on(Tone::Good, text, &now.wall);
                }
            }
            Err(problem) => self.refuse_line_or_tell(&problem, &now.wall),
        }
    }

    pub(super) fn close_line(&mut self, purposes: &[LinePurpose]) {
        if matches!(&self.dialog, Some(Dialog::Line(line)) if purposes.contains(&line.purpose)) {
            self.dialog = None;
        }
    }

    pub(super) fn is_line_busy(&self) -> bool {
        matches!(&self.dialog, Some(Dialog::Line(LineDialog { busy: true, .. })))
    }

    /// Shows a problem in the dialog that waits for the answer, or as a notice if it was closed.
    pub(super) fn refuse_line_or_tell(&mut self, problem: &Problem, at: &Zoned) {
        if self.is_line_busy() {
            self.refuse_line(problem);
        } else {
            self.notices.problem(problem, at);
        }
    }
}
