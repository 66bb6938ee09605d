//! The pane of SaaS projects and data spaces.

pub mod requests;
pub mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::{Timestamp, Zoned};

use crate::connector::Overview;
use crate::connector::preview::RunPreview;
use crate::domain::{DataSpace, DataSpaceId, DataSpaceKind, Environment, Project, ProjectId};
use crate::error::{Exit, Problem};
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::export::reports::Report;
use crate::tui::panes::saas::requests::{SaasReply, SaasWork};
use crate::tui::panes::{Cx, Effect, Effects, Load, Message, Now, PairInUse, step};
use crate::tui::widgets::copyable::Copyable;
use crate::tui::widgets::dialog::{Dialog, LineDialog, LinePurpose, Question, Reading};
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::notices::{Subject, Tone};
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
    Project(&'a Project),
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
    pub fn forget(&mut self) {
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

impl SaasPane {
    /// What a key does here.
    pub fn update(&mut self, action: Action, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        self.act(action, cx, &mut effects);
        effects
    }

    /// What came back.
    pub fn on_reply(&mut self, reply: SaasReply, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        match reply {
            SaasReply::Projects { environment, result } => self.on_projects(environment, result, cx),
            SaasReply::LastReceived(Ok(received)) => self.received = received,
            SaasReply::LastReceived(Err(problem)) => cx.problem_about(Subject::Gateway, &problem),
            SaasReply::Foreseen { space, result } => self.on_foreseen(&space, result, cx.now),
            SaasReply::ProjectCreated(result) => self.on_project_created(result, cx, &mut effects),
            SaasReply::Renamed(result) => self.on_renamed(result, cx, &mut effects),
            SaasReply::Selected(result) => Self::on_selected(result, cx),
        }
        effects
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>, effects: &mut Effects) {
        let rows = self.rows().len();
        match action {
            Action::Refresh | Action::CreateProject if cx.pair == PairInUse::Incomplete => {
                let text = "the key pair in use is incomplete: complete it in pane 1 first";
                cx.notice(Tone::Warning, text);
            }
            Action::Refresh => self.load_projects(effects),
            Action::CreateProject => {
                cx.ask_line(LinePurpose::CreateProject, "");
            }
            Action::Rename => self.open_rename(cx),
            Action::Open => self.open_choice(cx, effects),
            Action::CompareSpaces => self.ask_what_to_compare(cx),
            Action::AboutLicense => *cx.dialog = Some(Dialog::reading(Reading::License)),
            Action::Copy => self.copy_id(cx, effects),
            Action::PlainText => effects.push(Effect::ShowPlain(self.projects_in_lines(cx.overview))),
            Action::Filter => self.filter.editing = true,
            _ => step(&mut self.selected, rows, action),
        }
    }

    /// Loads the projects, unless that is already going on.
    pub fn load_projects(&mut self, effects: &mut Effects) {
        if !matches!(self.load, Load::Loading) {
            self.load = Load::Loading;
            effects.push(SaasWork::LoadProjects.into());
            Self::load_last_received(effects);
        }
    }

    /// Looks up when each data space received anything last.
    pub fn load_last_received(effects: &mut Effects) {
        effects.push(SaasWork::LoadLastReceived.into());
    }

    fn say_nothing_is_selected(cx: &mut Cx<'_>) {
        let text = "nothing selected: the list is empty or not loaded";
        cx.notice(Tone::Info, text);
    }

    /// The id of the selected row, whole.
    fn copy_id(&mut self, cx: &mut Cx<'_>, effects: &mut Effects) {
        let (name, id) = match self.row() {
            Some(SaasRow::Project(project)) => (format!("the id of the project {}", project.name), project.id.as_str()),
            Some(SaasRow::Space(_, space)) => (format!("the id of the data space {}", space.name), space.id.as_str()),
            None => return Self::say_nothing_is_selected(cx),
        };
        effects.push(Effect::Copy(Copyable::line(name, SafeText::new(id))));
    }

    fn projects_in_lines(&self, overview: &Overview) -> Copyable {
        let in_use = overview.data_space.as_ref().map(|(id, _, _)| id);
        let lines = self.projects.iter().flat_map(|project| {
            let spaces = project.data_spaces.iter().map(move |space| {
                let mark = if in_use == Some(&space.id) { " (in use)" } else { "" };
                format!("  {} data space {}: {}{mark}", space.kind, space.name, space.id)
            });
            std::iter::once(format!("project {}: {}", project.name, project.id)).chain(spaces)
        });
        Copyable::lines("the projects", lines.map(|line| SafeText::new(&line)).collect())
    }

    fn open_rename(&mut self, cx: &mut Cx<'_>) {
        let (purpose, name) = match self.row() {
            Some(SaasRow::Project(project)) => (LinePurpose::RenameProject(project.id.clone()), project.name.clone()),
            Some(SaasRow::Space(_, space)) => (LinePurpose::RenameDataSpace(space.id.clone()), space.name.clone()),
            None => return Self::say_nothing_is_selected(cx),
        };
        cx.ask_line(purpose, name.as_str());
    }

    /// Asks for the data space to compare the one in use with, and proposes the selected one.
    fn ask_what_to_compare(&self, cx: &mut Cx<'_>) {
        let Some((in_use, ..)) = &cx.overview.data_space else {
            let choose = key_of(KeyContext::Saas, Action::Open);
            let text = format!("no data space selected: choose one of the two first ({choose})");
            return cx.notice(Tone::Warning, text);
        };
        let proposed = match self.row() {
            Some(SaasRow::Space(_, space)) if space.id != *in_use => space.id.as_str(),
            _ => "",
        };
        cx.ask_line(LinePurpose::CompareWith, proposed);
    }

    fn open_choice(&mut self, cx: &mut Cx<'_>, effects: &mut Effects) {
        let Some(row) = self.row() else { return Self::say_nothing_is_selected(cx) };
        let SaasRow::Space(_, space) = row else {
            let text = "this is a project: choose one of its data spaces";
            cx.notice(Tone::Info, text);
            return;
        };
        let space = space.clone();
        if let Some(locked) = &cx.overview.settings.data_space_locked {
            let text = format!("the data space is locked by {locked}: change it there");
            cx.notice(Tone::Warning, text);
        } else if cx.is_exporting {
            let text = "an export is running: choose another data space after it ends";
            cx.notice(Tone::Warning, text);
        } else if cx.overview.data_space.as_ref().is_some_and(|(id, _, _)| *id == space.id) {
            cx.notice(Tone::Info, format!("{} is already in use", space.name));
        } else {
            if !cx.overview.settings.setup.without_source {
                self.look_ahead(&space, effects);
            }
            *cx.dialog = Some(match space.kind {
                DataSpaceKind::Production => Dialog::Line(LineDialog::new(LinePurpose::ChooseProduction(space), "")),
                DataSpaceKind::Testing => Dialog::Question(Question::Choose(space)),
            });
        }
    }

    /// Has it counted what would be sent. The question never waits for it; a count that is there already is shown with its age.
    fn look_ahead(&mut self, space: &DataSpace, effects: &mut Effects) {
        let is_known = self.ahead.as_ref().is_some_and(|ahead| {
            ahead.space == space.id && matches!(ahead.report.load, Load::Done { .. } | Load::Loading)
        });
        if !is_known {
            let report = Report { load: Load::Loading, ..Report::default() };
            self.ahead = Some(Ahead { space: space.id.clone(), report });
            effects.push(SaasWork::Foresee(space.clone()).into());
        }
    }

    fn on_foreseen(&mut self, space: &DataSpaceId, result: Result<RunPreview, Problem>, now: &Now) {
        if let Some(ahead) = self.ahead.as_mut().filter(|ahead| ahead.space == *space) {
            ahead.report.take(result, now);
        }
    }

    fn on_projects(&mut self, environment: Environment, result: Result<Vec<Project>, Problem>, cx: &mut Cx<'_>) {
        if environment != cx.overview.environment {
            // The keys were changed while it was asked.
            self.forget();
            cx.tell(Message::Complete);
            return;
        }
        let at = cx.now.wall.clone();
        match result {
            Ok(projects) => {
                // Whoever lists projects has accepted the keys.
                cx.notices.over(Subject::Gateway);
                cx.tell(Message::GatewaySaid(environment, Ok(())));
                let is_first = self.as_of.is_none();
                self.projects = projects;
                self.load = Load::Done { at: at.clone() };
                self.as_of = Some(at);
                self.select_after_loading(is_first, cx.overview);
            }
            Err(problem) => {
                if problem.exit == Exit::Refused {
                    cx.tell(Message::GatewaySaid(environment, Err(problem.clone())));
                }
                self.load = Load::Failed { problem };
            }
        }
    }

    /// The first loading puts the cursor where the person most likely wants it, and so does a project that was just created.
    fn select_after_loading(&mut self, is_first: bool, overview: &Overview) {
        let in_use = overview.data_space.as_ref().map(|(id, _, _)| id);
        let created = self.created.as_ref();
        let rows = self.rows();
        let last = rows.len().saturating_sub(1);
        let space_where = |is_it: &dyn Fn(&Project, &DataSpace) -> bool| {
            rows.iter().position(|row| matches!(row, SaasRow::Space(project, space) if is_it(project, space)))
        };
        // Whoever has just begun rehearses first.
        let wanted = if created.is_some() {
            space_where(&|project, space| Some(&project.id) == created && space.kind == DataSpaceKind::Testing)
                .or_else(|| space_where(&|project, _| Some(&project.id) == created))
        } else if is_first {
            space_where(&|_, space| Some(&space.id) == in_use)
                .or_else(|| space_where(&|_, space| space.kind == DataSpaceKind::Testing))
                .or_else(|| space_where(&|_, _| true))
        } else {
            None
        };
        self.selected = wanted.unwrap_or(self.selected).min(last);
        self.created = None;
    }

    fn on_project_created(&mut self, result: Result<Project, Problem>, cx: &mut Cx<'_>, effects: &mut Effects) {
        match result {
            Ok(project) => {
                cx.close_line(&[LinePurpose::CreateProject]);
                let choose = key_of(KeyContext::Saas, Action::Open);
                cx.lead_on_to(
                    format!("project {} created", project.name),
                    format!("next: choose a data space ({choose})"),
                );
                self.created = Some(project.id);
                self.filter.clear();
                self.load_projects(effects);
            }
            Err(problem) => cx.refuse_line_or_tell(&problem),
        }
    }

    fn on_renamed(&mut self, result: Result<Overview, Problem>, cx: &mut Cx<'_>, effects: &mut Effects) {
        match result {
            Ok(overview) => {
                *cx.overview = overview;
                if cx.is_line_busy() {
                    *cx.dialog = None;
                }
                cx.notice(Tone::Good, "renamed; ids, data and services stay as they are");
                self.load_projects(effects);
            }
            Err(problem) => cx.refuse_line_or_tell(&problem),
        }
    }

    fn on_selected(result: Result<Overview, Problem>, cx: &mut Cx<'_>) {
        match result {
            Ok(overview) => {
                if cx.is_line_busy() {
                    *cx.dialog = None;
                }
                let was = std::mem::replace(cx.overview, overview).data_space;
                cx.tell(Message::DataSpaceChanged);
                cx.settings_note();
                if let Some((_, name, kind)) = &cx.overview.data_space {
                    let keeps = was.map(|(_, name, _)| format!("; {name} keeps its data")).unwrap_or_default();
                    let export = key_of(KeyContext::Saas, Action::ShowExport);
                    let dry_run = key_of(KeyContext::Export, Action::DryRun);
                    let text = format!("Now exporting to {name} ({kind}). Nothing sent yet{keeps}");
                    cx.lead_on_to(text, format!("next: press {export}, then {dry_run} (dry run)"));
                }
            }
            Err(problem) => cx.refuse_line_or_tell(&problem),
        }
    }
}
