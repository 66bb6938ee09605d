//! What the screen is about: pure data, changed by one event at a time.
//!
//! It must never await, and never touch disk, network or clock: what must be done is returned as effects.

mod contexts;
mod copied;
mod input;
mod lines;
mod mouse;
mod paste;
pub mod permission;
mod reloaded;
mod unsaved;

#[cfg(test)]
pub(in crate::tui) mod tests;

use jiff::Zoned;
use jiff::tz::TimeZone;
use ratatui::crossterm::event::KeyEvent;

use crate::connector::checklist::Step;
use crate::connector::{ExportRequest, Overview};
use crate::error::Problem;
use crate::export::control::Command;
use crate::export::progress::{Progress, RunEvent, RunReport};
use crate::secret::Secret;
use crate::tui::contexts::ScreenContexts;
use crate::tui::keymap::KeyContext;
use crate::tui::panes::export::run::RunState;
use crate::tui::panes::export::{ExportPage, ExportPane};
use crate::tui::panes::keys::KeysPane;
use crate::tui::panes::organization::OrganizationPane;
use crate::tui::panes::overview::{self, OverviewPane};
use crate::tui::panes::saas::SaasPane;
use crate::tui::panes::{Cx, Effect, Effects, Load, Message, Now, PairInUse, Pane, Reply, View};
use crate::tui::runtime::clipboard::{Path, TooLong};
use crate::tui::widgets::click::Click;
use crate::tui::widgets::dialog::Dialog;
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::notices::{Notices, Subject, Tone};
use unsaved::Unsaved;

/// What can happen.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted. It may be a key, so it is treated as one.
    Paste(Secret),
    /// The mouse was clicked.
    Click(Click),
    /// The wheel of the mouse was turned by a notch.
    Wheel {
        is_up: bool,
    },
    /// A second went by while a run is active.
    Clock,
    /// SIGTERM or SIGINT: leave. Only a run that ends with the screen is stopped.
    Terminate,
    /// A worker is done with something.
    Reply(Reply),
    /// Newer counters of the run.
    Progress(Progress),
    /// Lifecycle news of the run, oldest first.
    Run {
        news: Vec<RunEvent>,
        /// How many refused items are not among them, because they came faster than they could be taken.
        skipped: u64,
    },
    RunEnded(Result<RunReport, Problem>),
    /// A text was handed to the terminal for the clipboard.
    Copied {
        name: String,
        /// By which way it went; [`TooLong`] if it did not.
        result: Result<Path, TooLong>,
    },
    /// An effect could not be handed over: too much is waiting already.
    Busy,
    /// A worker broke; the sentence is for a person.
    WorkerBroke,
}

/// The whole screen.
#[derive(Debug)]
pub struct State {
    /// What the header shows.
    pub overview: Overview,
    /// The context in use, and the others.
    pub contexts: ScreenContexts,
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

/// The panes, apart from what they may reach.
struct Panes<'a> {
    home: &'a mut OverviewPane,
    keys: &'a mut KeysPane,
    saas: &'a mut SaasPane,
    organization: &'a mut OrganizationPane,
    export: &'a mut ExportPane,
}

impl State {
    /// The screen as it begins.
    #[must_use]
    pub fn new(overview: Overview, pane: Pane) -> Self {
        let keys = KeysPane::new(overview.environment);
        Self {
            overview,
            contexts: ScreenContexts::default(),
            pane,
            keys,
            home: OverviewPane::default(),
            saas: SaasPane::default(),
            organization: OrganizationPane::default(),
            export: ExportPane::default(),
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
        let mut effects = Effects::new();
        self.keys.load(&mut effects);
        self.export.refresh(&mut effects);
        if self.pane == Pane::Saas {
            self.saas.load_projects(&mut effects);
        }
        if self.pane == Pane::Organization {
            self.organization.look_at_sign_in(&mut effects);
        }
        if let Some(request) = start_export {
            self.pane = Pane::Export;
            self.hear(Message::Start(request), now, &mut effects);
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

    /// Whether the pair in use is complete, so that asking the gateway makes sense.
    pub fn can_ask_gateway(&self) -> bool {
        self.keys.is_complete(self.overview.environment)
    }

    fn pair(&self) -> PairInUse {
        match self.keys.saved {
            None => PairInUse::Unknown,
            Some(_) if self.can_ask_gateway() => PairInUse::Complete,
            Some(_) => PairInUse::Incomplete,
        }
    }

    /// A pane as it is drawn.
    pub fn view<'a, P>(&'a self, pane: &'a P) -> View<'a, P> {
        View { pane, overview: &self.overview, wall: self.wall.as_ref(), pair: self.pair(), leaving: self.leaving }
    }

    /// The steps of the overview as they are now.
    pub fn steps(&self) -> Vec<Step> {
        let zone = self.wall.as_ref().map_or(TimeZone::UTC, |wall| wall.time_zone().clone());
        overview::steps(&self.overview, &self.keys, &self.saas, &self.export, zone)
    }

    /// Whether nothing at all is configured: the program is new here.
    pub fn is_new_here(&self) -> bool {
        self.overview.settings.setup.without_file && self.overview.data_space.is_none() && self.keys.is_bare()
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
            Event::Click(click) => self.on_click(click, now, &mut effects),
            Event::Wheel { is_up } => self.on_wheel(is_up, now, &mut effects),
            Event::Clock => {
                if let RunState::Active(run) = &mut self.export.run {
                    run.tick(now.uptime);
                    self.export.log.go_on(now.uptime);
                }
            }
            Event::Terminate if self.export.ends_with_screen() => self.leave(&mut effects),
            Event::Terminate => effects.push(Effect::Quit),
            Event::Reply(reply) => self.on_reply(reply, now, &mut effects),
            Event::Progress(progress) => {
                if self.export.on_progress(progress, now) {
                    self.notices.over(Subject::Gateway);
                }
            }
            Event::Run { news, skipped } => {
                self.with(now, &mut effects, |panes, cx| panes.export.on_run_news(news, skipped, cx));
            }
            Event::RunEnded(result) => {
                self.with(now, &mut effects, |panes, cx| panes.export.on_run_ended(result, cx));
            }
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
        self.export.search_items(&mut effects);
        effects
    }

    /// Has a pane do something, and the others hear what it tells them.
    fn with(&mut self, now: &Now, effects: &mut Effects, deed: impl FnOnce(Panes<'_>, &mut Cx<'_>) -> Effects) {
        let pair = self.pair();
        let has_unsaved_pair = !self.keys.draft(self.overview.environment).is_empty();
        let mut cx = Cx {
            overview: &mut self.overview,
            notices: &mut self.notices,
            dialog: &mut self.dialog,
            front: self.pane,
            now,
            is_exporting: self.export.is_busy(),
            pair,
            has_unsaved_pair,
            leaving: self.leaving,
            messages: Vec::new(),
        };
        let panes = Panes {
            home: &mut self.home,
            keys: &mut self.keys,
            saas: &mut self.saas,
            organization: &mut self.organization,
            export: &mut self.export,
        };
        effects.extend(deed(panes, &mut cx));
        for message in cx.messages {
            self.hear(message, now, effects);
        }
    }

    fn on_reply(&mut self, reply: Reply, now: &Now, effects: &mut Effects) {
        match reply {
            Reply::Overview(overview) => self.on_overview(overview, now, effects),
            Reply::Reloaded(result) => self.on_reloaded(result, now, effects),
            Reply::Context(result) => self.on_context(result, now, effects),
            Reply::Home(reply) => self.with(now, effects, |_, cx| {
                OverviewPane::on_reply(reply, cx);
                Effects::new()
            }),
            Reply::Keys(reply) => self.with(now, effects, |panes, cx| panes.keys.on_reply(reply, cx)),
            Reply::Saas(reply) => self.with(now, effects, |panes, cx| panes.saas.on_reply(reply, cx)),
            Reply::Ims(reply) => self.with(now, effects, |panes, cx| panes.organization.on_reply(reply, cx)),
            Reply::Export(reply) => self.with(now, effects, |panes, cx| panes.export.on_reply(reply, cx)),
            Reply::Items(reply) => self.with(now, effects, |panes, cx| panes.export.on_items(reply, cx)),
        }
    }

    /// What one pane tells the others.
    fn hear(&mut self, message: Message, now: &Now, effects: &mut Effects) {
        match message {
            Message::Show(pane) => self.show(pane, effects),
            Message::Settings(overview) => {
                self.on_overview(overview, now, effects);
                self.with(now, effects, |_, cx| {
                    cx.settings_note();
                    Effects::new()
                });
            }
            Message::LeadOn(text) => {
                let next = overview::then_next(&self.steps());
                self.notices.lead_on(Tone::Good, text, next, &now.wall);
            }
            Message::Complete => self.complete(effects),
            Message::GatewayChanged => {
                self.saas.forget();
                self.complete(effects);
                self.export.forget_data_space(effects);
            }
            Message::KeysChanged => {
                self.saas.forget();
                self.saas.load_projects(effects);
            }
            Message::GatewaySaid(environment, result) => self.keys.on_gateway_said(environment, result, now),
            Message::GatewayTook(environment) => self.keys.on_gateway_took(environment, now),
            Message::DataSpaceChanged => {
                self.export.forget_data_space(effects);
                self.export.reports.refresh_services(effects);
            }
            Message::SourceChanged { is_other_gateway } => {
                if is_other_gateway {
                    self.saas.forget();
                }
                self.export.forget_source();
                self.refresh_all(effects);
            }
            Message::RefreshAll => self.refresh_all(effects),
            Message::SelectPair(environment) => self.keys.selected = environment,
            Message::ReadServices => self.with(now, effects, |panes, cx| {
                let mut effects = Effects::new();
                panes.export.read_services(cx, &mut effects);
                effects
            }),
            Message::SupportBundle => self.with(now, effects, |panes, cx| {
                let mut effects = Effects::new();
                panes.export.ask_for_bundle(cx, &mut effects);
                effects
            }),
            Message::LoadLastReceived => SaasPane::load_last_received(effects),
            Message::Start(request) => self.with(now, effects, |panes, cx| panes.export.begin(request, cx)),
        }
    }

    /// Brings a pane to the front, and has looked up what it shows.
    fn show(&mut self, pane: Pane, effects: &mut Effects) {
        self.pane = pane;
        match pane {
            Pane::Overview => self.complete(effects),
            Pane::Organization => self.organization.look_at_sign_in(effects),
            Pane::Saas => self.complete_projects(effects),
            Pane::Keys | Pane::Export => {}
        }
    }

    /// Looks up what the overview shows and nobody asked for yet.
    fn complete(&mut self, effects: &mut Effects) {
        self.complete_projects(effects);
        if matches!(self.export.reports.services.load, Load::NotAsked) {
            self.look_at_services(effects);
        }
    }

    fn complete_projects(&mut self, effects: &mut Effects) {
        if matches!(self.saas.load, Load::NotAsked) && self.can_ask_gateway() {
            self.saas.load_projects(effects);
        }
    }

    fn refresh_all(&mut self, effects: &mut Effects) {
        self.keys.load(effects);
        self.export.refresh(effects);
        if self.can_ask_gateway() {
            self.saas.load_projects(effects);
        }
        self.look_at_services(effects);
    }

    fn look_at_services(&mut self, effects: &mut Effects) {
        if self.overview.data_space.is_some() && !self.overview.settings.setup.without_source {
            self.export.reports.refresh_services(effects);
        }
    }

    fn on_overview(&mut self, overview: Overview, now: &Now, effects: &mut Effects) {
        if overview.settings.problem != self.overview.settings.problem {
            self.notices.over(Subject::Settings);
            if let Some(problem) = &overview.settings.problem {
                self.notices.problem_about(Subject::Settings, problem, &now.wall);
            }
        }
        let id = |overview: &Overview| overview.data_space.as_ref().map(|(id, _, _)| id.clone());
        let is_other_space = id(&overview) != id(&self.overview);
        self.overview = overview;
        if is_other_space {
            self.export.forget_data_space(effects);
        }
    }

    /// Stops the run that this screen started if there is one, and leaves when it has ended.
    fn leave(&mut self, effects: &mut Effects) {
        if self.export.has_own_run() {
            self.leaving = true;
            self.close_keeping();
            effects.push(Effect::Run(Command::Stop));
        } else {
            effects.push(Effect::Quit);
        }
    }

    /// Whatever was waited for will not come.
    fn forget_pending(&mut self) {
        self.organization.forget_pending();
        self.saas.load.forget_pending();
        self.export.forget_pending();
        if let Some(Dialog::Line(line)) = &mut self.dialog {
            line.busy = false;
        }
        // Perhaps its worker is the one that is gone.
        self.dialog.take_if(|dialog| matches!(dialog, Dialog::Adopt(_)));
    }
}
