//! What the screen is about: pure data, changed by one event at a time.
//!
//! It must never await, and never touch disk, network or clock: what must be done is returned as effects.

mod clipboard;
mod control;
pub mod dialog;
pub mod editor;
pub mod export;
mod feed;
mod input;
pub mod item;
mod item_update;
pub mod items;
mod items_update;
pub mod keys;
pub mod log;
pub mod notice;
pub mod organization;
pub mod overview;
mod paste;
pub mod rates;
mod read_only;
pub mod reading;
pub mod reports;
mod rotation;
pub mod run;
pub mod saas;
mod sync;
pub mod totals;
mod unsaved;

#[cfg(test)]
mod tests;

use jiff::Zoned;

use crate::connector::{ExportRequest, Overview};
use crate::error::Problem;
use crate::export::control::Command;
use crate::untrusted::SafeText;
use dialog::{Dialog, LineDialog};
use editor::LineEditor;
use export::{ExportPage, ExportPane};
use keys::KeysPane;
use notice::{Notices, Tone};
use organization::OrganizationPane;
use overview::OverviewPane;
use reports::Reports;
use saas::SaasPane;
use unsaved::Unsaved;

use super::effect::{Effect, Work};
use super::event::{Event, Now, Reply};
use super::keymap::{Action, KeyContext};

/// What an update asks for, in order.
pub type Effects = Vec<Effect>;

/// How far a page key moves, in rows.
const PAGE_STEP: usize = 10;

/// The panes, in the order of their digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pane {
    /// What is done, and what comes next.
    #[default]
    Overview,
    /// Key pairs.
    Keys,
    /// Projects and data spaces.
    Saas,
    /// Signing in and the IMS organization.
    Organization,
    /// Feeds and the run.
    Export,
}

impl Pane {
    /// All of them.
    pub const ALL: [Pane; 5] = [Pane::Overview, Pane::Keys, Pane::Saas, Pane::Organization, Pane::Export];

    /// As Adobe's own pages call it.
    pub fn title(self) -> &'static str {
        match self {
            Pane::Overview => "Overview",
            Pane::Keys => "Keys",
            Pane::Saas => "SaaS identifier",
            Pane::Organization => "IMS organization",
            Pane::Export => "Data export",
        }
    }

    /// A shorter title, for where not all of them fit.
    pub fn short_title(self) -> &'static str {
        match self {
            Pane::Overview => "Overview",
            Pane::Keys => "Keys",
            Pane::Saas => "SaaS",
            Pane::Organization => "IMS",
            Pane::Export => "Export",
        }
    }

    /// Where its keys are valid; the first page of those that have several.
    pub(super) fn place(self) -> KeyContext {
        match self {
            Pane::Overview => KeyContext::Overview,
            Pane::Keys => KeyContext::Keys,
            Pane::Saas => KeyContext::Saas,
            Pane::Organization => KeyContext::Organization,
            Pane::Export => KeyContext::Export,
        }
    }

    fn next(self) -> Self {
        match self {
            Pane::Overview => Pane::Keys,
            Pane::Keys => Pane::Saas,
            Pane::Saas => Pane::Organization,
            Pane::Organization => Pane::Export,
            Pane::Export => Pane::Overview,
        }
    }

    fn previous(self) -> Self {
        match self {
            Pane::Overview => Pane::Export,
            Pane::Keys => Pane::Overview,
            Pane::Saas => Pane::Keys,
            Pane::Organization => Pane::Saas,
            Pane::Export => Pane::Organization,
        }
    }
}

/// How loading something went.
#[derive(Debug, Clone, Default)]
pub enum Load {
    /// It was not asked for.
    #[default]
    NotAsked,
    /// It is being loaded.
    Loading,
    /// It is there.
    Done {
        /// Since when.
        at: Zoned,
    },
    /// It cannot be loaded; what was there before still is.
    Failed {
        /// Why.
        problem: Problem,
    },
}

/// A filter of a list.
#[derive(Debug, Default)]
pub struct Filter {
    /// What rows must contain.
    pub editor: LineEditor,
    /// Whether it is being typed.
    pub editing: bool,
}

impl Filter {
    /// Whether one of these texts contains what was typed, whatever the case.
    pub fn passes(&self, texts: &[&str]) -> bool {
        let wanted = self.editor.text().to_lowercase();
        wanted.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&wanted))
    }

    /// Whether it hides anything.
    pub fn is_set(&self) -> bool {
        !self.editor.text().is_empty()
    }

    fn clear(&mut self) {
        self.editor.clear();
        self.editing = false;
    }
}

/// The whole screen.
#[derive(Debug)]
pub struct State {
    /// What the header shows.
    pub overview: Overview,
    /// The pane in front.
    pub pane: Pane,
    /// Pane 0.
    pub home: OverviewPane,
    /// Pane 1.
    pub keys: KeysPane,
    /// Pane 2.
    pub saas: SaasPane,
    /// Pane 3.
    pub organization: OrganizationPane,
    /// Pane 4.
    pub export: ExportPane,
    /// What was looked up to be read.
    pub reports: Reports,
    /// The open dialog.
    pub dialog: Option<Dialog>,
    /// What is kept of what was not saved.
    pub unsaved: Unsaved,
    /// News.
    pub notices: Notices,
    /// Whether the screen closes as soon as the run has ended.
    pub leaving: bool,
    /// When the last event was, in local time; `None` before the first.
    pub wall: Option<Zoned>,
}

impl State {
    /// The screen as it begins.
    #[must_use]
    pub fn new(overview: Overview, pane: Pane) -> Self {
        let keys = KeysPane::new(overview.environment);
        Self {
            overview,
            pane,
            keys,
            home: OverviewPane::default(),
            saas: SaasPane::default(),
            organization: OrganizationPane::default(),
            export: ExportPane::default(),
            reports: Reports::default(),
            dialog: None,
            unsaved: Unsaved::default(),
            notices: Notices::default(),
            leaving: false,
            wall: None,
        }
    }

    /// What is loaded at the beginning, and the export that was asked for on the command line.
    pub fn begin(&mut self, start_export: Option<ExportRequest>, now: &Now) -> Effects {
        self.wall = Some(now.wall.clone());
        let mut effects = vec![Effect::Work(Work::LoadPairs)];
        self.refresh_export(&mut effects);
        if self.pane == Pane::Saas {
            self.load_projects(&mut effects);
        }
        if self.pane == Pane::Organization {
            self.look_at_sign_in(&mut effects);
        }
        if let Some(request) = start_export {
            self.pane = Pane::Export;
            self.ask_to_start(request, now, &mut effects);
        }
        self.hold_back(&mut effects, now);
        effects
    }

    /// Which keys are valid now.
    pub fn place(&self) -> KeyContext {
        match &self.dialog {
            Some(dialog) => dialog.place(),
            None if self.filter().is_some_and(|filter| filter.editing) => KeyContext::Filter,
            None if self.pane == Pane::Export => self.export.page.place(),
            None => self.pane.place(),
        }
    }

    /// Whether a second that goes by changes what is shown.
    pub fn has_clock(&self) -> bool {
        self.export.active().is_some()
    }

    /// The filter of the pane in front.
    pub fn filter(&self) -> Option<&Filter> {
        match self.pane {
            Pane::Overview | Pane::Keys => None,
            Pane::Saas => Some(&self.saas.filter),
            Pane::Organization => Some(&self.organization.filter),
            Pane::Export => match &self.export.page {
                ExportPage::Summary => Some(&self.export.filter),
                ExportPage::Items(items) => Some(&items.filter),
                ExportPage::Log => Some(&self.export.log.filter),
                ExportPage::Feed(_) | ExportPage::Item { .. } => None,
            },
        }
    }

    fn filter_mut(&mut self) -> Option<&mut Filter> {
        match self.pane {
            Pane::Overview | Pane::Keys => None,
            Pane::Saas => Some(&mut self.saas.filter),
            Pane::Organization => Some(&mut self.organization.filter),
            Pane::Export => match &mut self.export.page {
                ExportPage::Summary => Some(&mut self.export.filter),
                ExportPage::Items(items) => Some(&mut items.filter),
                ExportPage::Log => Some(&mut self.export.log.filter),
                ExportPage::Feed(_) | ExportPage::Item { .. } => None,
            },
        }
    }

    /// Takes one event in, and returns what must be done about it.
    pub fn update(&mut self, event: Event, now: &Now) -> Effects {
        let mut effects = Effects::new();
        self.wall = Some(now.wall.clone());
        self.organization.end_if_over(&now.wall);
        match event {
            Event::Key(key) => self.on_key(&key, now, &mut effects),
            Event::Paste(text) => self.on_paste(text, now),
            Event::Clock => {
                if let run::RunState::Active(run) = &mut self.export.run {
                    run.tick(now.uptime);
                    self.export.log.go_on(now.uptime);
                }
            }
            Event::Terminate => self.leave(&mut effects),
            Event::Reply(reply) => self.on_reply(reply, now, &mut effects),
            Event::Progress(progress) => self.on_progress(progress, now),
            Event::Run { news, skipped } => self.on_run_news(news, skipped, now, &mut effects),
            Event::RunEnded(result) => self.on_run_ended(result, now, &mut effects),
            Event::Copied { name, result } => self.on_copied(&name, result, now),
            Event::Busy => {
                let text = "too many pending actions: try again in a moment";
                self.notices.add(Tone::Warning, text, &now.wall);
            }
            Event::WorkerBroke => {
                let text = "internal error: an action failed; see the log in the state directory";
                self.notices.add(Tone::Danger, text, &now.wall);
                self.forget_pending();
            }
        }
        self.hold_back(&mut effects, now);
        self.search_items(&mut effects);
        effects
    }

    fn on_reply(&mut self, reply: Reply, now: &Now, effects: &mut Effects) {
        match reply {
            Reply::Overview(overview) => self.on_overview(overview, now, effects),
            Reply::Pairs(pairs) => self.on_pairs(pairs, effects),
            Reply::Verified { environment, result } => self.on_verified(environment, result, now),
            Reply::KeyRead { environment, result } => self.on_key_read(environment, result, now, effects),
            Reply::Saved { environment, result } => self.on_saved(environment, result, now, effects),
            Reply::EnvironmentSet(Ok(overview)) => {
                self.overview = overview;
                let environment = self.overview.environment;
                let text = format!("the {environment} pair and its gateway are now in use{}", self.then_next());
                self.notices.lead_on(Tone::Good, text, &now.wall);
                self.tell_settings_note(self.overview.settings.note.clone().as_ref(), now);
                // Another gateway sees other projects.
                self.saas.forget();
                self.complete_overview(effects);
                self.export.forget_data_space();
                effects.push(Effect::Work(Work::LoadLedger));
            }
            Reply::EnvironmentSet(Err(problem)) => self.notices.problem(&problem, &now.wall),
            Reply::Projects { environment, result } => self.on_projects(environment, result, now, effects),
            Reply::LastReceived(result) => self.on_last_received(result, now),
            Reply::Foreseen { space, result } => self.on_foreseen(&space, result, now),
            Reply::ConfigMade(result) => self.on_config_made(result, now),
            Reply::SourceSet(result) => self.on_source_set(result, now, effects),
            Reply::Rotated { environment, result } => self.on_rotated(environment, result, now, effects),
            Reply::ProjectCreated(result) => self.on_project_created(result, now, effects),
            Reply::Renamed(result) => self.on_renamed(result, now, effects),
            Reply::Selected(result) => self.on_selected(result, now, effects),
            Reply::Counts(result) => self.on_counts(result, now),
            Reply::Ledger(result) => self.on_ledger(result, now),
            Reply::Health(result) => self.on_health(result, now),
            Reply::Estimate(result) => self.on_estimate(result, now),
            Reply::Checked(check) => self.on_check(check),
            Reply::Diagnosed => self.on_diagnosed(now),
            Reply::Services(services) => self.on_services(services, now),
            Reply::RunStarted(result) => self.on_run_started(result, now, effects),
            Reply::Attached(about) => self.on_attached(about, now),
            Reply::Ims(reply) => self.on_ims(reply, now, effects),
            Reply::Items(reply) => self.on_items(reply, now, effects),
        }
    }

    fn on_overview(&mut self, overview: Overview, now: &Now, effects: &mut Effects) {
        if let Some(problem) =
            overview.settings.problem.as_ref().filter(|_| self.overview.settings.problem != overview.settings.problem)
        {
            self.notices.problem(problem, &now.wall);
        }
        let id = |overview: &Overview| overview.data_space.as_ref().map(|(id, _, _)| id.clone());
        let is_other_space = id(&overview) != id(&self.overview);
        self.overview = overview;
        if is_other_space {
            self.export.forget_data_space();
            effects.push(Effect::Work(Work::LoadLedger));
        }
    }

    /// What a save left for the person to do.
    fn tell_settings_note(&mut self, note: Option<&SafeText>, now: &Now) {
        if let Some(note) = note {
            self.notices.add(Tone::Warning, note.as_str(), &now.wall);
        }
    }

    /// Stops the run of this process if there is one, and leaves when it has ended.
    fn leave(&mut self, effects: &mut Effects) {
        if self.export.has_own_run() {
            self.leaving = true;
            self.close_keeping();
            effects.push(Effect::Run(Command::Stop));
        } else {
            effects.push(Effect::Quit);
        }
    }

    fn leave_if_asked(&self, effects: &mut Effects) {
        if self.leaving {
            effects.push(Effect::Quit);
        }
    }

    /// Whatever was waited for will not come.
    fn forget_pending(&mut self) {
        let organization = &mut self.organization;
        for load in [
            &mut organization.status,
            &mut organization.load,
            &mut self.saas.load,
            &mut self.export.counts_load,
            &mut self.export.ledger_load,
        ] {
            if matches!(load, Load::Loading) {
                *load = Load::NotAsked;
            }
        }
        if let ExportPage::Items(items) | ExportPage::Item { items, .. } = &mut self.export.page {
            items.forget_pending();
        }
        if let ExportPage::Item { item, .. } = &mut self.export.page
            && matches!(item.load, Load::Loading)
        {
            item.load = Load::NotAsked;
        }
        self.reports.forget_pending();
        if matches!(self.export.run, run::RunState::Starting) {
            self.export.run = run::RunState::None;
        }
        if let Some(Dialog::Line(line)) = &mut self.dialog {
            line.busy = false;
        }
    }

    /// Shows in the open dialog why its line was not accepted.
    fn refuse_line(&mut self, problem: &Problem) {
        if let Some(Dialog::Line(LineDialog { error, busy, .. })) = &mut self.dialog {
            *busy = false;
            *error = Some(super::remedy::sentence(problem));
        }
    }
}

/// Moves a cursor over `rows` rows.
fn step(selected: &mut usize, rows: usize, action: Action) {
    let last = rows.saturating_sub(1);
    let wanted = match action {
        Action::Up => selected.saturating_sub(1),
        Action::Down => *selected + 1,
        Action::PageUp => selected.saturating_sub(PAGE_STEP),
        Action::PageDown => *selected + PAGE_STEP,
        Action::First => 0,
        Action::Last => last,
        _ => *selected,
    };
    *selected = wanted.min(last);
}
