//! What a key does in the place where it arrives.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::dialog::{Dialog, LinePurpose, Palette, Preview, Question, Reading};
use super::export::ExportPage;
use super::notice::Tone;
use super::sync::{by_ids, clean_up};
use super::{Effects, Pane, State, step};
use crate::connector::{ExportRequest, check_name, check_project_name};
use crate::error::Problem;
use crate::export::control::Command;
use crate::tui::effect::{Effect, Work};
use crate::tui::event::Now;
use crate::tui::keymap::{self, Action, Binding, KeyContext};

impl State {
    pub(super) fn on_key(&mut self, key: &KeyEvent, now: &Now, effects: &mut Effects) {
        match keymap::find(self.place(), key) {
            Some(action) => self.act(action, now, effects),
            None => self.type_key(key, now, effects),
        }
    }

    /// A key that is not a command of this place: it is typed.
    fn type_key(&mut self, key: &KeyEvent, now: &Now, effects: &mut Effects) {
        match &mut self.dialog {
            Some(Dialog::Line(line)) if !line.busy => {
                line.editor.key(key);
                line.error = None;
            }
            Some(Dialog::PrivateKey(dialog)) if dialog.on_button => {
                if key.code == KeyCode::Enter {
                    self.accept_key_dialog(now, effects);
                } else if key.code == KeyCode::Up {
                    dialog.on_button = false;
                }
            }
            Some(Dialog::PrivateKey(dialog)) => {
                if dialog.editor.key(key) {
                    dialog.look();
                }
            }
            Some(Dialog::Palette(palette)) => {
                palette.editor.key(key);
                palette.selected = 0;
            }
            Some(_) => {}
            None => {
                let changed = match self.filter_mut() {
                    Some(filter) if filter.editing => filter.editor.key(key),
                    _ => false,
                };
                if changed {
                    self.selection_to_filter();
                }
            }
        }
    }

    /// A filter that changed moves the cursor to the first row that it is about.
    pub(super) fn selection_to_filter(&mut self) {
        match self.pane {
            Pane::Overview | Pane::Keys => {}
            Pane::Saas => self.saas.selected = 0,
            Pane::Organization => self.organization.selected = 0,
            Pane::Export => {
                if matches!(self.export.page, ExportPage::Summary) {
                    self.export.selected = self.export.feeds().len();
                }
            }
        }
        self.clamp_selection();
    }

    fn clamp_selection(&mut self) {
        let rows = self.organization.rows().len();
        step(&mut self.organization.selected, rows, Action::Filter);
        let rows = self.saas.rows().len();
        step(&mut self.saas.selected, rows, Action::Filter);
        let rows = self.export.feeds().len() + self.export.shown_failures().count();
        step(&mut self.export.selected, rows, Action::Filter);
    }

    fn act(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        match action {
            Action::Interrupt => self.interrupt(effects),
            Action::Repaint => effects.push(Effect::Repaint),
            Action::Suspend => effects.push(Effect::Suspend),
            _ if self.is_read_only() && action.changes() => self.refuse_change(now),
            _ => match self.place() {
                KeyContext::Overview
                | KeyContext::Keys
                | KeyContext::Saas
                | KeyContext::Organization
                | KeyContext::Export
                | KeyContext::Feed
                | KeyContext::Items
                | KeyContext::Item
                | KeyContext::Log => self.act_in_pane(action, now, effects),
                KeyContext::Filter => self.act_in_filter(action),
                KeyContext::Line => self.act_in_line(action, now, effects),
                KeyContext::KeyEditor => self.act_in_key_editor(action, now),
                KeyContext::Question | KeyContext::Leaving | KeyContext::Unsaved | KeyContext::Kept => {
                    self.act_in_question(action, now, effects);
                }
                KeyContext::Reading => self.act_in_reading(action),
                KeyContext::Palette => self.act_in_palette(action, now, effects),
            },
        }
    }

    fn act_in_pane(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        match action {
            Action::ShowOverview => self.show(Pane::Overview, effects),
            Action::ShowKeys => self.show(Pane::Keys, effects),
            Action::ShowSaas => self.show(Pane::Saas, effects),
            Action::ShowOrganization => self.show(Pane::Organization, effects),
            Action::ShowExport => self.show(Pane::Export, effects),
            Action::NextPane => self.show(self.pane.next(), effects),
            Action::PreviousPane => self.show(self.pane.previous(), effects),
            Action::Help => self.dialog = Some(Dialog::reading(Reading::Help(self.place()))),
            Action::Palette => self.dialog = Some(Dialog::Palette(Palette::default())),
            Action::Quit => self.ask_to_quit(effects),
            Action::Back => self.go_back(effects),
            _ => match self.pane {
                Pane::Overview => self.act_in_overview(action, now, effects),
                Pane::Keys => self.act_in_keys(action, now, effects),
                Pane::Saas => self.act_in_saas(action, now, effects),
                Pane::Organization => self.act_in_organization(action, now, effects),
                Pane::Export => match self.export.page {
                    ExportPage::Summary => self.act_in_export(action, now, effects),
                    ExportPage::Feed(_) => self.act_in_feed(action, now, effects),
                    ExportPage::Items(_) => self.act_in_items(action, now, effects),
                    ExportPage::Item { .. } => self.act_in_item(action, now, effects),
                    ExportPage::Log => self.act_in_log(action, now, effects),
                },
            },
        }
    }

    pub(super) fn show(&mut self, pane: Pane, effects: &mut Effects) {
        self.pane = pane;
        if pane == Pane::Overview {
            self.complete_overview(effects);
        }
        if pane == Pane::Organization {
            self.look_at_sign_in(effects);
        }
        if pane == Pane::Saas && matches!(self.saas.load, super::Load::NotAsked) && self.can_ask_gateway() {
            self.load_projects(effects);
        }
    }

    /// Whether the pair in use is complete, so that asking the gateway makes sense.
    pub fn can_ask_gateway(&self) -> bool {
        self.keys.is_complete(self.overview.environment)
    }

    fn go_back(&mut self, effects: &mut Effects) {
        if self.notices.dismiss() {
            return;
        }
        let environment = self.keys.selected;
        if self.pane == Pane::Keys && !self.keys.draft(environment).is_empty() {
            self.dialog = Some(Dialog::Question(Question::ForgetDraft(environment)));
            return;
        }
        let has_error_filter = self.has_error_filter();
        match self.filter_mut() {
            Some(filter) if filter.is_set() => filter.clear(),
            _ if has_error_filter => self.filter_by_error("", effects),
            _ => self.leave_page(),
        }
        self.clamp_selection();
    }

    /// Back to the page from which this one was opened.
    fn leave_page(&mut self) {
        if self.pane == Pane::Organization {
            self.organization.is_qr = false;
        }
        if self.pane == Pane::Export {
            self.export.leave_page();
        }
    }

    /// Ctrl-C: first like `q`, then a graceful stop at once; once that is under way, leave without waiting for it. What
    /// was in flight then has no recorded answer, and the next run sends it again.
    fn interrupt(&mut self, effects: &mut Effects) {
        if self.leaving {
            effects.push(Effect::Quit);
        } else if matches!(&self.dialog, Some(Dialog::Unsaved(_))) {
            // The second time: what is not saved is kept.
            if let Some(Dialog::Unsaved(open)) = self.dialog.take() {
                self.act_in_unsaved(open, Action::Accept, effects);
            }
        } else if matches!(&self.dialog, Some(Dialog::Question(Question::Quit))) {
            self.leave(effects);
        } else {
            self.ask_to_quit(effects);
        }
    }

    fn act_in_filter(&mut self, action: Action) {
        if let Some(filter) = self.filter_mut() {
            match action {
                Action::Accept => filter.editing = false,
                _ => filter.clear(),
            }
        }
        self.clamp_selection();
    }

    fn act_in_key_editor(&mut self, action: Action, now: &Now) {
        let Some(Dialog::PrivateKey(dialog)) = &mut self.dialog else { return };
        if action == Action::SwitchFocus {
            dialog.on_button = !dialog.on_button;
        } else {
            self.cancel_dialog(now);
        }
    }

    fn accept_key_dialog(&mut self, now: &Now, effects: &mut Effects) {
        let Some(Dialog::PrivateKey(dialog)) = &self.dialog else { return };
        if let Preview::Usable(key) = &dialog.preview {
            let (environment, key) = (dialog.environment, key.clone());
            self.dialog = None;
            self.accept_private_key(environment, key, now, effects);
        }
    }

    fn act_in_question(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        let question = match self.dialog.take() {
            Some(Dialog::Question(Question::Kept(kept))) => return self.act_in_kept(*kept, action, now, effects),
            Some(Dialog::Question(question)) => question,
            Some(Dialog::Discard(dialog)) => return self.act_in_discard(*dialog, action, now),
            Some(Dialog::Unsaved(open)) => return self.act_in_unsaved(open, action, effects),
            other => {
                self.dialog = other;
                return;
            }
        };
        match (&question, action) {
            (Question::Quit, Action::Stop) => return self.leave(effects),
            (_, Action::Accept) => {}
            _ => return,
        }
        match question {
            Question::Choose(space) => effects.push(Effect::Work(Work::SelectDataSpace(space.id, None))),
            Question::PastedKey(text) => self.accept_pasted_key(&text, effects),
            // Answered above.
            Question::Kept(_) => {}
            Question::Stop => effects.push(Effect::Run(Command::Stop)),
            Question::Quit => effects.push(Effect::LeaveRunning),
            Question::Rotate(environment) => self.begin_rotation(environment),
            Question::ForgetDraft(environment) => self.keys.forget_draft(environment),
            Question::SignOut => self.sign_out(effects),
            Question::Environment(environment) => effects.push(Effect::Work(Work::SetEnvironment(environment))),
            // What may be sent into this data space was asked before the run that held it back.
            Question::Allow { request, .. } => self.start(request, now, effects),
            Question::SendAgain { request, .. } => self.ask_to_start(request, now, effects),
        }
    }

    fn act_in_reading(&mut self, action: Action) {
        match &mut self.dialog {
            Some(Dialog::Reading { what, scroll }) if action != Action::Back => {
                step(scroll, self.reports.most_lines(what), action);
            }
            _ => self.dialog = None,
        }
    }

    fn act_in_palette(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        let Some(Dialog::Palette(palette)) = &mut self.dialog else { return };
        let matches = palette.matches();
        match action {
            Action::Accept => {
                let chosen = matches.get(palette.selected).copied();
                self.dialog = None;
                if let Some(binding) = chosen {
                    self.do_chosen(binding, now, effects);
                }
            }
            Action::Back => self.dialog = None,
            _ => step(&mut palette.selected, matches.len(), action),
        }
    }

    /// An action of one pane is done in that pane, an action of all where the person is; what is done on a page that has to
    /// be opened first is said.
    fn do_chosen(&mut self, binding: &Binding, now: &Now, effects: &mut Effects) {
        let is_here = |state: &Self| binding.places.is_empty() || binding.places.contains(&state.place());
        if !is_here(self) {
            let Some(home) = Pane::ALL.into_iter().find(|pane| binding.places.contains(&pane.place())) else {
                let pages: Vec<&str> = binding.places.iter().filter_map(|place| place.way_there()).collect();
                let text = format!("not on this page: {} is {}", quoted(binding.long), pages.join(", or "));
                self.notices.add(Tone::Info, text, &now.wall);
                return;
            };
            self.show(home, effects);
            if !is_here(self) {
                self.export.page = ExportPage::Summary;
            }
        }
        self.act(binding.action, now, effects);
    }

    fn act_in_line(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        let Some(Dialog::Line(line)) = &mut self.dialog else { return };
        if action == Action::Back {
            self.cancel_dialog(now);
            return;
        }
        if line.busy {
            return;
        }
        let purpose = line.purpose.clone();
        let text = zeroize::Zeroizing::new(line.editor.text().to_owned());
        if let Err(problem) = self.accept_line(purpose, &text, now, effects) {
            self.refuse_line(&problem);
        }
    }

    fn accept_line(
        &mut self,
        purpose: LinePurpose,
        text: &str,
        now: &Now,
        effects: &mut Effects,
    ) -> Result<(), Problem> {
        let work = match purpose {
            LinePurpose::ApiKey(environment) => {
                self.accept_api_key(environment, text, now, effects)?;
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
                self.ask_to_start(request, now, effects);
                return Ok(());
            }
            LinePurpose::ErrorText => {
                self.dialog = None;
                self.filter_by_error(text, effects);
                return Ok(());
            }
            LinePurpose::CleanUp(feed) => {
                check_typed(text, feed.name())?;
                self.dialog = None;
                self.ask_to_start(clean_up(feed), now, effects);
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
                self.rotate(environment, Some(name.as_str().to_owned()), effects);
                return Ok(());
            }
            LinePurpose::Source => Work::SetSource(source_path(text)?),
            LinePurpose::PasteBack | LinePurpose::ImsClientId | LinePurpose::ImsClientSecret { .. } => {
                match self.accept_ims_line(&purpose, text)? {
                    Some(work) => Work::Ims(work),
                    None => return Ok(()),
                }
            }
            LinePurpose::KeyFile(environment) => Work::ReadKey(environment, key_path(text)?),
            LinePurpose::CreateProject => Work::CreateProject(check_project_name(text)?.to_owned()),
            LinePurpose::RenameProject(id) => Work::RenameProject(id, check_project_name(text)?.to_owned()),
            LinePurpose::RenameDataSpace(id) => Work::RenameDataSpace(id, check_name(text)?.to_owned()),
            LinePurpose::ChooseProduction(space) => {
                check_typed(text, space.name.as_str())?;
                let name = space.name.as_str().to_owned();
                Work::SelectDataSpace(space.id, Some(name))
            }
        };
        if let Some(Dialog::Line(line)) = &mut self.dialog {
            line.busy = true;
            line.error = None;
        }
        effects.push(Effect::Work(work));
        Ok(())
    }
}

/// The beginning of a sentence of help, in quotes.
fn quoted(long: &str) -> String {
    format!("“{}”", long.split([':', ';']).next().unwrap_or(long))
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

fn key_path(text: &str) -> Result<std::path::PathBuf, Problem> {
    let text = text.trim().trim_matches(['"', '\'']);
    if text.is_empty() {
        return Err(Problem::usage("type the path of the private key file first"));
    }
    Ok(std::path::PathBuf::from(text))
}
