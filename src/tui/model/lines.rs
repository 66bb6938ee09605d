//! What is typed into a dialog with one line: checked here where that can be, then taken where it is meant for.

use crate::connector::{ExportRequest, check_name, check_project_name};
use crate::error::Problem;
use crate::keys::ApiKey;
use crate::tui::keymap::Action;
use crate::tui::model::State;
use crate::tui::panes::export::sync::{by_ids, clean_up};
use crate::tui::panes::items::requests::ItemsWork;
use crate::tui::panes::keys::requests::KeysWork;
use crate::tui::panes::organization::{Accepted, OrganizationPane};
use crate::tui::panes::overview::requests::OverviewWork;
use crate::tui::panes::saas::requests::SaasWork;
use crate::tui::panes::{Effect, Effects, Message, Now};
use crate::tui::widgets::dialog::{Dialog, LineDialog, LinePurpose};

impl State {
    pub(super) fn start(&mut self, request: ExportRequest, now: &Now, effects: &mut Effects) {
        self.with(now, effects, |panes, cx| panes.export.start(request, cx));
    }

    pub(super) fn act_in_line(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        let Some(Dialog::Line(line)) = &mut self.dialog else { return };
        if action == Action::Back {
            self.cancel_dialog(now);
            return;
        }
        if line.busy {
            return;
        }
        if action == Action::Complete {
            if line.purpose.is_path() {
                effects.push(OverviewWork::CompletePath(line.editor.text().to_owned()).into());
            }
            return;
        }
        let purpose = line.purpose.clone();
        let text = zeroize::Zeroizing::new(line.editor.text().to_owned());
        if let Err(problem) = self.accept_line(purpose, &text, now, effects)
            && let Some(Dialog::Line(line)) = &mut self.dialog
        {
            line.refuse(&problem);
        }
    }

    fn accept_line(
        &mut self,
        purpose: LinePurpose,
        text: &str,
        now: &Now,
        effects: &mut Effects,
    ) -> Result<(), Problem> {
        let work: Effect = match purpose {
            LinePurpose::ApiKey(environment) => {
                let key = ApiKey::parse(text).map_err(|error| Problem::of(&error))?;
                self.with(now, effects, |panes, cx| panes.keys.accept_api_key(environment, key, cx));
                return Ok(());
            }
            LinePurpose::ExportToProduction { request, name } => {
                check_typed(text, name.as_str())?;
                self.dialog = None;
                self.start(request, now, effects);
                return Ok(());
            }
            LinePurpose::ByIds(feed) => {
                let request = by_ids(feed, text)?;
                self.dialog = None;
                self.hear(Message::Start(request), now, effects);
                return Ok(());
            }
            LinePurpose::ErrorText => {
                self.dialog = None;
                self.export.filter_by_error(text, effects);
                return Ok(());
            }
            LinePurpose::CleanUp(feed) => {
                check_typed(text, feed.name())?;
                self.dialog = None;
                self.hear(Message::Start(clean_up(feed)), now, effects);
                return Ok(());
            }
            LinePurpose::Guard { request, name, .. } => {
                check_typed(text, name.as_str())?;
                self.dialog = None;
                let typed_name = Some(name.as_str().to_owned());
                self.start(ExportRequest { typed_name, ..request }, now, effects);
                return Ok(());
            }
            LinePurpose::LoseSight { environment, name, .. } => {
                check_typed(text, name.as_str())?;
                self.dialog = None;
                self.keys.rotate(environment, Some(name.as_str().to_owned()), effects);
                return Ok(());
            }
            LinePurpose::CompareWith => {
                let other = text.trim();
                if other.is_empty() {
                    return Err(Problem::usage("type the id or the name of a data space first"));
                }
                self.dialog = None;
                self.with(now, effects, |panes, cx| {
                    let mut effects = Effects::new();
                    panes.export.compare_with(other, cx, &mut effects);
                    effects
                });
                return Ok(());
            }
            LinePurpose::SaveBundle => {
                self.export.write_bundle(new_file(text, "commerce-connector-support.tar.gz")?)?.into()
            }
            LinePurpose::Source => OverviewWork::SetSource(source_path(text)?).into(),
            LinePurpose::PasteBack | LinePurpose::ImsClientId | LinePurpose::ImsClientSecret { .. } => {
                match OrganizationPane::accept_line(purpose, text)? {
                    Accepted::Asks(work) => work.into(),
                    Accepted::Leads(purpose) => {
                        self.dialog = Some(Dialog::Line(LineDialog::new(purpose, "")));
                        return Ok(());
                    }
                }
            }
            LinePurpose::SaveCsv(queries) => ItemsWork::SaveCsv { queries, path: new_file(text, "failed.csv")? }.into(),
            LinePurpose::KeyFile(environment) => KeysWork::ReadKey(environment, key_path(text)?).into(),
            LinePurpose::CreateProject => SaasWork::CreateProject(check_project_name(text)?.to_owned()).into(),
            LinePurpose::RenameProject(id) => SaasWork::RenameProject(id, check_project_name(text)?.to_owned()).into(),
            LinePurpose::RenameDataSpace(id) => SaasWork::RenameDataSpace(id, check_name(text)?.to_owned()).into(),
            LinePurpose::ChooseProduction(space) => {
                check_typed(text, space.name.as_str())?;
                let name = space.name.as_str().to_owned();
                SaasWork::SelectDataSpace(space.id, Some(name)).into()
            }
        };
        if let Some(Dialog::Line(line)) = &mut self.dialog {
            line.busy = true;
            line.error = None;
        }
        effects.push(work);
        Ok(())
    }
}

fn check_typed(text: &str, name: &str) -> Result<(), Problem> {
    if text.trim() == name.trim() {
        return Ok(());
    }
    Err(Problem::usage(format!("that is not its name: type {name} exactly, or press Esc to cancel")))
}

fn source_path(text: &str) -> Result<std::path::PathBuf, Problem> {
    let text = text.trim().trim_matches(['"', '\'']);
    if text.is_empty() {
        return Err(Problem::usage("type the path of the Commerce installation first, such as /var/www/shop"));
    }
    Ok(std::path::PathBuf::from(text))
}

fn new_file(text: &str, example: &str) -> Result<std::path::PathBuf, Problem> {
    let text = text.trim().trim_matches(['"', '\'']);
    if text.is_empty() {
        return Err(Problem::usage(format!("type the path of a new file first, such as {example}")));
    }
    Ok(std::path::PathBuf::from(text))
}

fn key_path(text: &str) -> Result<std::path::PathBuf, Problem> {
    let text = text.trim().trim_matches(['"', '\'']);
    if text.is_empty() {
        return Err(Problem::usage("type the path of the private key file first"));
    }
    Ok(std::path::PathBuf::from(text))
}
