//! What a key does in the place where it arrives.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use crate::export::control::Command;
use crate::tui::keymap::{self, Action, Binding, KeyContext};
use crate::tui::model::State;
use crate::tui::model::permission::Refusal;
use crate::tui::panes::export::ExportPage;
use crate::tui::panes::keys::requests::KeysWork;
use crate::tui::panes::saas::requests::SaasWork;
use crate::tui::panes::{Effect, Effects, Message, Now, Pane, Work, step};
use crate::tui::widgets::dialog::{Dialog, Help, Palette, Preview, Question, Reading};
use crate::tui::widgets::help::most_lines;
use crate::tui::widgets::notices::Tone;

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
                line.completion = None;
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
            Some(Dialog::Help(help)) => {
                help.editor.key(key);
                help.scroll = 0;
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
                    self.export.select_by_filter();
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
        self.export.clamp_cursor();
    }

    fn act(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        match action {
            Action::Interrupt => self.interrupt(effects),
            Action::Repaint => effects.push(Effect::Repaint),
            Action::Suspend => effects.push(Effect::Suspend),
            _ if self.refusal(action) == Some(Refusal::ReadOnly) => self.refuse_change(now),
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
                KeyContext::Help => self.act_in_help(action),
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
            Action::Help => self.dialog = Some(Dialog::Help(Help::new(self.place()))),
            Action::ShowNotices => self.show_notices(now),
            Action::Palette => self.dialog = Some(Dialog::Palette(Palette::new(self.place()))),
            Action::Quit => self.ask_to_quit(effects),
            Action::Back => self.go_back(effects),
            _ => {
                if action == Action::Refresh {
                    effects.push(Effect::Work(Work::Reload));
                }
                self.act_in_front(action, now, effects);
            }
        }
    }

    fn act_in_front(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        match self.pane {
            Pane::Overview => {
                let steps = self.steps();
                self.with(now, effects, |panes, cx| panes.home.update(action, &steps, cx));
            }
            Pane::Keys => self.with(now, effects, |panes, cx| panes.keys.update(action, cx)),
            Pane::Saas => self.with(now, effects, |panes, cx| panes.saas.update(action, cx)),
            Pane::Organization => self.with(now, effects, |panes, cx| panes.organization.update(action, cx)),
            Pane::Export => self.with(now, effects, |panes, cx| panes.export.update(action, cx)),
        }
    }

    fn go_back(&mut self, effects: &mut Effects) {
        let has_error_filter = self.pane == Pane::Export && self.export.has_error_filter();
        if let Some(filter) = self.filter_mut().filter(|filter| filter.is_set()) {
            filter.clear();
            self.clamp_selection();
            return;
        }
        if has_error_filter {
            self.export.filter_by_error("", effects);
            return;
        }
        if self.notices.dismiss() {
            return;
        }
        let environment = self.keys.selected;
        if self.pane == Pane::Keys && !self.keys.draft(environment).is_empty() {
            self.dialog = Some(Dialog::Question(Question::ForgetDraft(environment)));
            return;
        }
        self.leave_page();
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
        } else if matches!(&self.dialog, Some(Dialog::Question(Question::Quit | Question::QuitWithRun))) {
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
            self.with(now, effects, |panes, cx| panes.keys.accept_private_key(environment, key, cx));
        }
    }

    fn act_in_question(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        let question = match self.dialog.take() {
            Some(Dialog::Question(Question::Kept(kept))) => return self.act_in_kept(*kept, action, now, effects),
            Some(Dialog::Question(question)) => question,
            Some(Dialog::Discard(dialog)) => return self.act_in_discard(*dialog, action, now),
            Some(Dialog::Unsaved(open)) => return self.act_in_unsaved(open, action, effects),
            Some(Dialog::Adopt(adopting)) => {
                if action == Action::Accept {
                    adopting.accept();
                }
                return;
            }
            other => {
                self.dialog = other;
                return;
            }
        };
        match (&question, action) {
            (Question::Quit, Action::Stop) | (Question::QuitWithRun, Action::Accept) => return self.leave(effects),
            (_, Action::Accept) => {}
            _ => return,
        }
        match question {
            Question::Choose(space) => effects.push(SaasWork::SelectDataSpace(space.id, None).into()),
            Question::PastedKey(text) => self.accept_pasted_key(&text, effects),
            // Answered above.
            Question::Kept(_) | Question::QuitWithRun => {}
            Question::Stop => effects.push(Effect::Run(Command::Stop)),
            Question::Quit => effects.push(Effect::Quit),
            Question::Rotate(environment) => self.with(now, effects, |panes, cx| {
                panes.keys.begin_rotation(environment, cx);
                Effects::new()
            }),
            Question::ForgetDraft(environment) => self.keys.forget_draft(environment),
            Question::SignOut => self.organization.sign_out(effects),
            Question::Environment(environment) => effects.push(KeysWork::SetEnvironment(environment).into()),
            // What may be sent into this data space was asked before the run that held it back.
            Question::Allow { request, .. } => self.start(request, now, effects),
            Question::SendAgain { request, .. } => self.hear(Message::Start(request), now, effects),
        }
    }

    fn act_in_reading(&mut self, action: Action) {
        match &mut self.dialog {
            Some(Dialog::Reading { what, scroll }) if action != Action::Back => {
                let lines = match what {
                    Reading::Notices => self.notices.most_lines(),
                    what => self.export.reports.most_lines(what, self.export.history.runs.len()),
                };
                step(scroll, lines, action);
            }
            _ => {
                if let Some(Dialog::Reading { what: Reading::Notices, .. }) = self.dialog.take() {
                    self.notices.forget_all();
                }
            }
        }
    }

    /// Every notice in full: what was read goes when the dialog is closed.
    fn show_notices(&mut self, now: &Now) {
        if self.notices.count() == 0 {
            self.notices.add(Tone::Info, "no notices", &now.wall);
        } else {
            self.dialog = Some(Dialog::reading(Reading::Notices));
        }
    }

    fn act_in_help(&mut self, action: Action) {
        match &mut self.dialog {
            Some(Dialog::Help(help)) if action != Action::Back => {
                let lines = most_lines(help);
                step(&mut help.scroll, lines, action);
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
                let context = palette.context().map(str::to_owned);
                self.dialog = None;
                if let Some(name) = context {
                    return self.ask_for_context(&name, now, effects);
                }
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
}

/// The beginning of a sentence of help, in quotes.
fn quoted(long: &str) -> String {
    format!("“{}”", long.split([':', ';']).next().unwrap_or(long))
}
