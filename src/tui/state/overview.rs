//! The pane that leads through everything: what is done, and what comes next.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::dialog::{Dialog, LineDialog, LinePurpose};
use super::keys::Check;
use super::notice::Tone;
use super::{Effects, Load, Pane, State, step};
use crate::connector::Overview;
use crate::connector::checklist::{self, Facts, GatewaySays, Known, NextAction, Stage, Step};
use crate::domain::Environment;
use crate::error::Problem;
use crate::private_file::safe;
use crate::tui::clipboard::Copyable;
use crate::tui::effect::{Effect, Work};
use crate::tui::event::Now;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::remedy::words;
use crate::untrusted::SafeText;

/// The pane.
#[derive(Debug, Default)]
pub struct OverviewPane {
    /// Which step the person went to; `None` = the cursor stays on what comes next.
    pub cursor: Option<usize>,
    /// The Commerce installation that this program was started in: what is proposed as the shop.
    pub shop_here: Option<PathBuf>,
}

impl State {
    pub(super) fn act_in_overview(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        match action {
            Action::Open => self.go_to_step(effects),
            Action::SetSource => self.ask_for_source(),
            Action::MakeConfig => self.make_config(now, effects),
            Action::Refresh => self.refresh_overview(effects),
            Action::PlainText => effects.push(Effect::ShowPlain(self.overview_in_lines())),
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
                let steps = self.steps();
                let mut selected = self.selected_step(&steps);
                step(&mut selected, steps.len(), action);
                self.home.cursor = Some(selected);
            }
            _ => {}
        }
    }

    /// The steps as they are now.
    pub fn steps(&self) -> Vec<Step> {
        let export = &self.export;
        checklist::steps(&Facts {
            overview: &self.overview,
            pairs: self.keys.saved.as_ref(),
            gateway: self.gateway_says(),
            projects: self.saas.as_of.is_some().then_some(self.saas.projects.as_slice()),
            source: known(&export.counts_load, export.counts.as_slice()),
            ledger: known(&export.ledger_load, export.ledger.as_slice()),
            services: self.reports.services.value.as_ref(),
            is_exporting: export.is_busy(),
            zone: self.wall.as_ref().map_or(TimeZone::UTC, |wall| wall.time_zone().clone()),
        })
    }

    fn gateway_says(&self) -> GatewaySays<'_> {
        let in_use = self.overview.environment;
        // What was said of a pair that is only pasted is not about the one in use.
        let is_about_saved = self.keys.draft(in_use).is_empty();
        match (self.keys.check(in_use), &self.saas.load) {
            (Check::Asking, _) if is_about_saved => GatewaySays::Asking,
            (Check::Accepted { at }, _) if is_about_saved => GatewaySays::Accepts(at),
            (Check::Failed { problem, .. }, _) if is_about_saved => GatewaySays::Problem(problem),
            (_, Load::Loading) => GatewaySays::Asking,
            (_, Load::Done { at }) => GatewaySays::Accepts(at),
            (_, Load::Failed { problem }) => GatewaySays::Problem(problem),
            (_, Load::NotAsked) => GatewaySays::NotAsked,
        }
    }

    /// The place of the cursor among the steps.
    pub fn selected_step(&self, steps: &[Step]) -> usize {
        let next = || checklist::next(steps).and_then(|next| steps.iter().position(|step| step.stage == next.stage));
        self.home.cursor.or_else(next).unwrap_or(0).min(steps.len().saturating_sub(1))
    }

    /// Whether nothing at all is configured: the program is new here.
    pub fn is_new_here(&self) -> bool {
        self.overview.settings.setup.without_file && self.overview.data_space.is_none() && self.keys.is_bare()
    }

    /// What comes next, for the end of a notice; empty once everything is set up.
    pub(super) fn then_next(&self) -> String {
        let steps = self.steps();
        match checklist::next(&steps) {
            Some(Step { deed: Some(deed), .. }) => format!("; next: {}", words_of(*deed)),
            _ => String::new(),
        }
    }

    fn go_to_step(&mut self, effects: &mut Effects) {
        let steps = self.steps();
        let Some(step) = steps.get(self.selected_step(&steps)) else { return };
        // The person follows the way again.
        self.home.cursor = None;
        match step.stage {
            Stage::Shop => self.ask_for_source(),
            Stage::Credentials => {
                if step.deed == Some(NextAction::UseOtherPair) {
                    self.keys.selected = other_than(self.overview.environment);
                }
                self.show(Pane::Keys, effects);
            }
            Stage::Configuration => self.show(Pane::Saas, effects),
            Stage::Organization => self.show(Pane::Organization, effects),
            Stage::Export => self.show(Pane::Export, effects),
            Stage::Services => self.read_services(effects),
        }
    }

    fn ask_for_source(&mut self) {
        let here = self.home.shop_here.as_deref().filter(|_| self.overview.settings.setup.without_source);
        let text = here.map(Path::to_string_lossy).unwrap_or_default();
        self.dialog = Some(Dialog::Line(LineDialog::new(LinePurpose::Source, &text)));
    }

    fn make_config(&mut self, now: &Now, effects: &mut Effects) {
        if self.overview.settings.setup.without_file {
            effects.push(Effect::Work(Work::MakeConfig));
        } else {
            let path = safe(&self.overview.config_path);
            let text = format!("the configuration already exists; change it with an editor: {path}");
            self.notices.add(Tone::Info, text, &now.wall);
        }
    }

    fn refresh_overview(&mut self, effects: &mut Effects) {
        effects.push(Effect::Work(Work::LoadPairs));
        self.refresh_export(effects);
        if self.can_ask_gateway() {
            self.load_projects(effects);
        }
        self.look_at_services(effects);
    }

    /// Looks up what the pane shows and nobody asked for yet.
    pub(super) fn complete_overview(&mut self, effects: &mut Effects) {
        if matches!(self.saas.load, Load::NotAsked) && self.can_ask_gateway() {
            self.load_projects(effects);
        }
        if matches!(self.reports.services.load, Load::NotAsked) {
            self.look_at_services(effects);
        }
    }

    fn look_at_services(&mut self, effects: &mut Effects) {
        if self.overview.data_space.is_some() && !self.overview.settings.setup.without_source {
            self.reports.refresh_services(effects);
        }
    }

    pub(super) fn on_config_made(&mut self, result: Result<Overview, Problem>, now: &Now) {
        match result {
            Ok(overview) => {
                let path = safe(&overview.config_path);
                self.overview = overview;
                let next = self.then_next();
                let text = format!("{path} created (mode 0600), every key explained; no edits required{next}");
                self.notices.lead_on(Tone::Good, text, &now.wall);
            }
            Err(problem) => self.notices.problem(&problem, &now.wall),
        }
    }

    pub(super) fn on_source_set(&mut self, result: Result<Overview, Problem>, now: &Now, effects: &mut Effects) {
        match result {
            Ok(overview) => {
                self.close_line(&[LinePurpose::Source]);
                let is_other_gateway = overview.environment != self.overview.environment;
                self.overview = overview;
                if is_other_gateway {
                    self.saas.forget();
                }
                self.export.forget_data_space();
                self.export.counts.clear();
                self.refresh_overview(effects);
                let (source, home) = (&self.overview.source, &self.overview.settings.home);
                let text = format!("items come from {source}; settings stored in {home}");
                self.notices.lead_on(Tone::Good, text, &now.wall);
                if let Some(problem) = self.overview.settings.problem.clone() {
                    self.notices.problem(&problem, &now.wall);
                }
            }
            Err(problem) => self.refuse_line_or_tell(&problem, &now.wall),
        }
    }

    fn overview_in_lines(&self) -> Copyable {
        let steps = self.steps();
        let lines = steps.iter().flat_map(|step| {
            let deed = step.deed.filter(|_| step.state.needs_a_person());
            let deed = deed.map(|deed| SafeText::new(&format!("  next: {}", words_of(deed))));
            let line = format!("{}: {}: {}", step.stage.title(), step.state.word(), words(&step.says));
            [Some(SafeText::new(&line)), deed]
        });
        Copyable::lines("the overview", lines.flatten().collect())
    }
}

fn known<'a, T>(load: &'a Load, rows: &'a [T]) -> Known<'a, [T]> {
    match load {
        Load::Failed { problem } => Known::Failed(problem),
        Load::Loading | Load::NotAsked if rows.is_empty() => Known::NotYet,
        Load::Loading | Load::NotAsked | Load::Done { .. } => Known::Is(rows),
    }
}

/// The other of the two pairs.
fn other_than(environment: Environment) -> Environment {
    match environment {
        Environment::Production => Environment::Sandbox,
        Environment::Sandbox => Environment::Production,
    }
}

/// What there is to do, with the keys that do it.
pub fn words_of(deed: NextAction) -> String {
    let digit = |pane: Action| key_of(KeyContext::Overview, pane);
    let (keys, saas, organization, export) =
        (digit(Action::ShowKeys), digit(Action::ShowSaas), digit(Action::ShowOrganization), digit(Action::ShowExport));
    let in_keys = |action| key_of(KeyContext::Keys, action);
    match deed {
        NextAction::SetSource => format!("set the shop ({} in pane 0)", digit(Action::SetSource)),
        NextAction::MendSource => format!(
            "fix it, or set another path ({} in pane 0); details: doctor ({export}, then {})",
            digit(Action::SetSource),
            key_of(KeyContext::Export, Action::Doctor)
        ),
        NextAction::AddKeys => format!(
            "paste the API key ({}) and the private key ({}) in pane {keys}; help: {}",
            in_keys(Action::PasteApiKey),
            in_keys(Action::PastePrivateKey),
            in_keys(Action::WhereKeys)
        ),
        NextAction::UseOtherPair => {
            format!("use the complete pair ({} in pane {keys})", in_keys(Action::UseEnvironment))
        }
        NextAction::VerifyKeys => format!("verify the pair ({} in pane {keys})", in_keys(Action::Verify)),
        NextAction::MendKeys => {
            format!("check both keys in pane {keys}, or rotate the pair there ({})", in_keys(Action::Rotate))
        }
        NextAction::AskAgain => format!("{}: retry; known data stays", digit(Action::Refresh)),
        NextAction::CreateProject => {
            format!("create a project ({} in pane {saas})", key_of(KeyContext::Saas, Action::CreateProject))
        }
        NextAction::LookAtProjects => format!("choose a project's data space, or create a project (pane {saas})"),
        NextAction::ChooseDataSpace => {
            format!("choose a data space ({} in pane {saas})", key_of(KeyContext::Saas, Action::Open))
        }
        NextAction::SignIn => format!("optional: sign in (pane {organization})"),
        NextAction::Export => format!(
            "export ({} in pane {export}; {}: dry run)",
            key_of(KeyContext::Export, Action::StartAll),
            key_of(KeyContext::Export, Action::DryRun)
        ),
        NextAction::LookAtFailures => {
            format!("check the failed items in pane {export}; {}: retry", key_of(KeyContext::Export, Action::Retry))
        }
        NextAction::LookAtServices => format!("{}: list them", digit(Action::Open)),
    }
}
