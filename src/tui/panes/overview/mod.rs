//! The pane that leads through everything: what is done, and what comes next.

mod day_after;
mod field;
mod panels;
pub mod requests;
pub mod view;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use crate::connector::Overview;
use crate::connector::checklist::{self, Facts, GatewaySays, Known, NextAction, Stage, Step};
use crate::domain::Environment;
use crate::error::Problem;
use crate::private_file::safe;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::keys::{Check, KeysPane};
use crate::tui::panes::overview::requests::{OverviewReply, OverviewWork};
use crate::tui::panes::saas::SaasPane;
use crate::tui::panes::{Cx, Effect, Effects, Load, Message, Pane, step};
use crate::tui::remedy::words;
use crate::tui::widgets::copyable::Copyable;
use crate::tui::widgets::dialog::{Dialog, LinePurpose, Reading};
use crate::tui::widgets::editor::LineEditor;
use crate::tui::widgets::notices::Tone;
use crate::untrusted::SafeText;

/// The pane.
#[derive(Debug, Default)]
pub struct OverviewPane {
    /// Which step the person went to; `None` = the cursor stays on what comes next.
    pub cursor: Option<usize>,
    /// The Commerce installation that this program was started in: what is proposed as the shop.
    pub shop_here: Option<PathBuf>,
}

impl OverviewPane {
    /// What a key does here, where `steps` are those that are shown.
    pub fn update(&mut self, action: Action, steps: &[Step], cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        match action {
            Action::Open => self.go_to_step(steps, cx),
            Action::SetSource => self.ask_for_source(cx),
            Action::MakeConfig => Self::make_config(cx, &mut effects),
            Action::Refresh => cx.tell(Message::RefreshAll),
            Action::SupportBundle => cx.tell(Message::SupportBundle),
            Action::Runs => *cx.dialog = Some(Dialog::reading(Reading::Runs)),
            Action::PlainText => effects.push(Effect::ShowPlain(in_lines(steps))),
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
                let mut selected = self.selected_step(steps);
                step(&mut selected, steps.len(), action);
                self.cursor = Some(selected);
            }
            _ => {}
        }
        effects
    }

    /// What came back.
    pub fn on_reply(reply: OverviewReply, cx: &mut Cx<'_>) {
        match reply {
            OverviewReply::ConfigMade(result) => Self::on_config_made(result, cx),
            OverviewReply::SourceSet(result) => Self::on_source_set(result, cx),
            OverviewReply::PathCompleted { typed, completion } => {
                // Of what was typed on meanwhile nothing is known.
                if let Some(Dialog::Line(line)) = cx.dialog
                    && line.purpose.is_path()
                    && line.editor.text() == typed
                {
                    line.editor = LineEditor::with(&completion.path);
                    line.completion = completion.note;
                }
            }
        }
    }

    /// The place of the cursor among the steps.
    pub fn selected_step(&self, steps: &[Step]) -> usize {
        let next = || checklist::next(steps).and_then(|next| steps.iter().position(|step| step.stage == next.stage));
        self.cursor.or_else(next).unwrap_or(0).min(steps.len().saturating_sub(1))
    }

    fn go_to_step(&mut self, steps: &[Step], cx: &mut Cx<'_>) {
        let Some(step) = steps.get(self.selected_step(steps)) else { return };
        // The person follows the way again.
        self.cursor = None;
        match step.stage {
            Stage::Shop => self.ask_for_source(cx),
            Stage::Credentials => {
                if step.deed == Some(NextAction::UseOtherPair) {
                    cx.tell(Message::SelectPair(other_than(cx.overview.environment)));
                }
                cx.tell(Message::Show(Pane::Keys));
            }
            Stage::Configuration => cx.tell(Message::Show(Pane::Saas)),
            Stage::Organization => cx.tell(Message::Show(Pane::Organization)),
            Stage::Export => cx.tell(Message::Show(Pane::Export)),
            Stage::Services => cx.tell(Message::ReadServices),
        }
    }

    fn ask_for_source(&self, cx: &mut Cx<'_>) {
        let here = self.shop_here.as_deref().filter(|_| cx.overview.settings.setup.without_source);
        let text = here.map(Path::to_string_lossy).unwrap_or_default();
        cx.ask_line(LinePurpose::Source, &text);
    }

    fn make_config(cx: &mut Cx<'_>, effects: &mut Effects) {
        if cx.overview.settings.setup.without_file {
            effects.push(OverviewWork::MakeConfig.into());
        } else {
            let path = safe(&cx.overview.config_path);
            let text = format!("the configuration already exists; change it with an editor: {path}");
            cx.notice(Tone::Info, text);
        }
    }

    fn on_config_made(result: Result<Overview, Problem>, cx: &mut Cx<'_>) {
        match result {
            Ok(overview) => {
                *cx.overview = overview;
                let path = safe(&cx.overview.config_path);
                let text = format!("{path} created (mode 0600), every key explained; no edits required");
                cx.tell(Message::LeadOn(text));
            }
            Err(problem) => cx.problem(&problem),
        }
    }

    fn on_source_set(result: Result<Overview, Problem>, cx: &mut Cx<'_>) {
        match result {
            Ok(overview) => {
                cx.close_line(&[LinePurpose::Source]);
                let is_other_gateway = overview.environment != cx.overview.environment;
                *cx.overview = overview;
                cx.tell(Message::SourceChanged { is_other_gateway });
                let (source, home) = (&cx.overview.source, &cx.overview.settings.home);
                let text = format!("items come from {source}; settings stored in {home}");
                cx.lead_on(Tone::Good, text);
                if let Some(problem) = cx.overview.settings.problem.clone() {
                    cx.problem(&problem);
                }
            }
            Err(problem) => cx.refuse_line_or_tell(&problem),
        }
    }
}

/// The steps as they are now, by what the panes know.
pub fn steps(overview: &Overview, keys: &KeysPane, saas: &SaasPane, export: &ExportPane, zone: TimeZone) -> Vec<Step> {
    checklist::steps(&Facts {
        overview,
        pairs: keys.saved.as_ref(),
        gateway: gateway_says(overview.environment, keys, saas),
        projects: saas.as_of.is_some().then_some(saas.projects.as_slice()),
        source: known(&export.counts_load, export.counts.as_slice()),
        customised: &export.customised,
        ledger: known(&export.ledger_load, export.ledger.as_slice()),
        services: export.reports.services.value.as_ref(),
        is_exporting: export.is_busy(),
        zone,
    })
}

fn gateway_says<'a>(in_use: Environment, keys: &'a KeysPane, saas: &'a SaasPane) -> GatewaySays<'a> {
    // What was said of a pair that is only pasted is not about the one in use.
    let is_about_saved = keys.draft(in_use).is_empty();
    match (keys.check(in_use), &saas.load) {
        (Check::Asking, _) if is_about_saved => GatewaySays::Asking,
        (Check::Accepted { at }, _) if is_about_saved => GatewaySays::Accepts(at),
        (Check::Failed { problem, .. }, _) if is_about_saved => GatewaySays::Problem(problem),
        (_, Load::Loading) => GatewaySays::Asking,
        (_, Load::Done { at }) => GatewaySays::Accepts(at),
        (_, Load::Failed { problem }) => GatewaySays::Problem(problem),
        (_, Load::NotAsked) => GatewaySays::NotAsked,
    }
}

/// What comes next, for a notice; `None` once everything is set up.
pub fn then_next(steps: &[Step]) -> Option<String> {
    let deed = checklist::next(steps)?.deed?;
    Some(format!("next: {}", words_of(deed, From::Elsewhere)))
}

fn in_lines(steps: &[Step]) -> Copyable {
    let lines = steps.iter().flat_map(|step| {
        let deed = step.deed.filter(|_| step.state.needs_a_person());
        let deed = deed.map(|deed| SafeText::new(&format!("  next: {}", words_of(deed, From::Elsewhere))));
        let line = format!("{}: {}: {}", step.stage.title(), step.state.word(), words(&step.says));
        [Some(SafeText::new(&line)), deed]
    });
    Copyable::lines("the overview", lines.flatten().collect())
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

/// From where a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Its row is selected.
    Row,
    /// Any pane may be in front.
    Elsewhere,
}

/// What to press to do it, in words.
pub fn words_of(deed: NextAction, from: From) -> String {
    let here = |action| key_of(KeyContext::Overview, action);
    let enter = here(Action::Open);
    let open = |pane: Action, name: &str| match from {
        From::Row => format!("press {enter} to open {name}"),
        From::Elsewhere => format!("press {} for {name}", here(pane)),
    };
    let keys = || open(Action::ShowKeys, "Keys");
    let in_keys = |action| key_of(KeyContext::Keys, action);
    let saas = || open(Action::ShowSaas, "SaaS");
    let create = key_of(KeyContext::Saas, Action::CreateProject);
    let choose = key_of(KeyContext::Saas, Action::Open);
    let export = || open(Action::ShowExport, "Export");
    let in_export = |action| key_of(KeyContext::Export, action);
    let set_source = match from {
        From::Row => format!("press {enter}"),
        From::Elsewhere => format!("press {}, then {}", here(Action::ShowOverview), here(Action::SetSource)),
    };
    match deed {
        NextAction::SetSource => format!("{set_source}, and type the path of the shop"),
        NextAction::MendSource => format!(
            "fix it, or {set_source} to set another path; details: {}, then {} (doctor)",
            here(Action::ShowExport),
            in_export(Action::Doctor)
        ),
        NextAction::AddKeys => format!(
            "{}; there, {} takes the API key, {} the private key, and {} says where to get them",
            keys(),
            in_keys(Action::PasteApiKey),
            in_keys(Action::PastePrivateKey),
            in_keys(Action::WhereKeys)
        ),
        NextAction::UseOtherPair => {
            format!("{}, then {} to use the complete pair", keys(), in_keys(Action::UseEnvironment))
        }
        NextAction::VerifyKeys => format!("{}, then {} to verify the pair", keys(), in_keys(Action::Verify)),
        NextAction::MendKeys => {
            format!("{}; check both keys there, or {} replaces the pair", keys(), in_keys(Action::Rotate))
        }
        NextAction::AskAgain => format!("press {} to try again; known data stays", here(Action::Refresh)),
        NextAction::CreateProject => format!("{}, then {create} to create a project", saas()),
        NextAction::LookAtProjects | NextAction::ChooseDataSpace => {
            format!("{}; select a data space there and press {choose} ({create} creates a project)", saas())
        }
        NextAction::SignIn => format!(
            "optional: {}, then {} to sign in",
            open(Action::ShowOrganization, "IMS"),
            key_of(KeyContext::Organization, Action::SignIn)
        ),
        NextAction::Export => format!(
            "{}; there, {} is a dry run, which sends nothing, and {} exports every feed",
            export(),
            in_export(Action::DryRun),
            in_export(Action::StartAll)
        ),
        NextAction::DecideCustomised => {
            format!("{}, then {} (doctor) to see every change", export(), in_export(Action::Doctor))
        }
        NextAction::LookAtFailures => {
            format!("{}; failures are listed there by reason, and {} retries them", export(), in_export(Action::Retry))
        }
        NextAction::LookAtServices => match from {
            From::Row => format!("press {enter} to list them"),
            From::Elsewhere => format!("press {}, then {}", here(Action::ShowExport), in_export(Action::Services)),
        },
    }
}
