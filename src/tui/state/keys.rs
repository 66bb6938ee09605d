//! The pane of key pairs: what is known of each, what was pasted and not yet saved, and what the gateway said.

use jiff::Zoned;

use super::dialog::{Dialog, KeyDialog, LineDialog, LinePurpose, Question, Reading};
use super::notice::Tone;
use super::{Effects, State};
use crate::client::models::Environment;
use crate::connector::{Half, PairStatus};
use crate::error::{Exit, Problem};
use crate::keys::{ApiKey, KeyPair, PrivateKey};
use crate::private_file::safe;
use crate::settings::Saved;
use crate::tui::effect::{Effect, Work};
use crate::tui::event::Now;
use crate::tui::keymap::{Action, Place, key_of};

/// What the gateway said of a pair.
#[derive(Debug, Clone, Default)]
pub enum Check {
    /// It was not asked.
    #[default]
    NotAsked,
    /// It is being asked.
    Asking,
    /// It accepts the pair.
    Accepted {
        /// When it said so.
        at: Zoned,
    },
    /// It does not, or that could not be found out.
    Failed {
        /// When.
        at: Zoned,
        /// Its words.
        problem: Problem,
    },
}

/// A pasted pair, or half of one, that is not saved yet.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The API key.
    pub api_key: Option<ApiKey>,
    /// The private key.
    pub private_key: Option<PrivateKey>,
}

impl Draft {
    /// Both halves, if both are there.
    #[must_use]
    pub fn pair(&self) -> Option<KeyPair> {
        let (api_key, private_key) = (self.api_key.clone()?, self.private_key.clone()?);
        Some(KeyPair { api_key, private_key })
    }

    /// Whether nothing is waiting to be saved.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.api_key.is_none() && self.private_key.is_none()
    }
}

/// The pane.
#[derive(Debug, Default)]
pub struct KeysPane {
    /// The selected pair.
    pub selected: Environment,
    /// What is saved; `None` until it was looked at.
    pub saved: Option<[PairStatus; 2]>,
    drafts: [Draft; 2],
    checks: [Check; 2],
}

/// The place of a pair in an array of both.
fn place_of(environment: Environment) -> usize {
    match environment {
        Environment::Production => 0,
        Environment::Sandbox => 1,
    }
}

impl KeysPane {
    /// The pane with the cursor on the pair in use.
    #[must_use]
    pub fn new(in_use: Environment) -> Self {
        Self { selected: in_use, ..Self::default() }
    }

    /// What was pasted for a pair.
    #[must_use]
    pub fn draft(&self, environment: Environment) -> &Draft {
        &self.drafts[place_of(environment)]
    }

    fn draft_mut(&mut self, environment: Environment) -> &mut Draft {
        &mut self.drafts[place_of(environment)]
    }

    /// What the gateway said of a pair.
    #[must_use]
    pub fn check(&self, environment: Environment) -> &Check {
        &self.checks[place_of(environment)]
    }

    pub(super) fn set_check(&mut self, environment: Environment, check: Check) {
        self.checks[place_of(environment)] = check;
    }

    /// What is saved of a pair.
    #[must_use]
    pub fn status(&self, environment: Environment) -> Option<&PairStatus> {
        self.saved.as_ref()?.iter().find(|status| status.environment == environment)
    }

    /// Whether both halves of a pair are saved.
    #[must_use]
    pub fn is_complete(&self, environment: Environment) -> bool {
        let present = |half: &Half| matches!(half, Half::Present { .. });
        self.status(environment).is_some_and(|status| present(&status.api_key) && present(&status.private_key))
    }

    /// Whether nothing is configured at all.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        let missing = |status: &PairStatus| status.api_key == Half::Missing && status.private_key == Half::Missing;
        self.saved.as_ref().is_some_and(|pairs| pairs.iter().all(missing)) && self.drafts.iter().all(Draft::is_empty)
    }

    /// The next step for the selected pair: what Enter does.
    #[must_use]
    pub fn next_step(&self) -> Action {
        let draft = self.draft(self.selected);
        if draft.pair().is_some() {
            return Action::SaveKeys;
        }
        if self.is_complete(self.selected) && draft.is_empty() {
            return Action::Verify;
        }
        if draft.api_key.is_none() { Action::PasteApiKey } else { Action::PastePrivateKey }
    }
}

impl State {
    pub(super) fn act_in_keys(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        let environment = self.keys.selected;
        match action {
            Action::Up | Action::First | Action::PageUp => self.keys.selected = Environment::Production,
            Action::Down | Action::Last | Action::PageDown => self.keys.selected = Environment::Sandbox,
            Action::Open => self.act_in_keys(self.keys.next_step(), now, effects),
            Action::PasteApiKey => self.open_line(LinePurpose::ApiKey(environment), ""),
            Action::PastePrivateKey => {
                self.dialog = Some(Dialog::PrivateKey(Box::new(KeyDialog::new(environment))));
            }
            Action::KeyFromFile => self.open_line(LinePurpose::KeyFile(environment), ""),
            Action::Verify => self.verify(environment, now, effects),
            Action::SaveKeys => self.save_keys(environment, now, effects),
            Action::UseEnvironment => self.use_environment(environment, now, effects),
            Action::WhereKeys => self.dialog = Some(Dialog::reading(Reading::WhereKeys)),
            Action::Refresh => effects.push(Effect::Work(Work::LoadPairs)),
            _ => {}
        }
    }

    fn open_line(&mut self, purpose: LinePurpose, text: &str) {
        self.dialog = Some(Dialog::Line(LineDialog::new(purpose, text)));
    }

    fn verify(&mut self, environment: Environment, now: &Now, effects: &mut Effects) {
        let draft = self.keys.draft(environment);
        let work = match draft.pair() {
            Some(pair) => Work::VerifyPair(environment, pair),
            None if !draft.is_empty() => {
                self.ask_for_other_half(environment, now);
                return;
            }
            None if self.keys.is_complete(environment) => Work::Verify(environment),
            None => {
                let text = format!("the {environment} pair is not complete: there is nothing to verify yet");
                self.notices.add(Tone::Warning, text, &now.wall);
                return;
            }
        };
        self.keys.set_check(environment, Check::Asking);
        effects.push(Effect::Work(work));
    }

    fn save_keys(&mut self, environment: Environment, now: &Now, effects: &mut Effects) {
        let draft = self.keys.draft(environment);
        match draft.pair() {
            Some(pair) => effects.push(Effect::Work(Work::SavePair(environment, pair))),
            None if draft.is_empty() => {
                let text = format!("nothing was pasted for the {environment} pair, so there is nothing to save");
                self.notices.add(Tone::Info, text, &now.wall);
            }
            None => self.ask_for_other_half(environment, now),
        }
    }

    /// The two halves are generated together, so a pair is saved and verified whole.
    fn ask_for_other_half(&mut self, environment: Environment, now: &Now) {
        let (action, half) = if self.keys.draft(environment).api_key.is_none() {
            (Action::PasteApiKey, "API key")
        } else {
            (Action::PastePrivateKey, "private key")
        };
        let key = key_of(Place::Keys, action);
        let text = format!("a pair belongs together: paste the {half} of the {environment} pair too ({key})");
        self.notices.add(Tone::Warning, text, &now.wall);
    }

    fn use_environment(&mut self, environment: Environment, now: &Now, effects: &mut Effects) {
        if environment == self.overview.environment {
            self.notices.add(Tone::Info, format!("the {environment} pair is already in use"), &now.wall);
        } else if let Some(locked) = &self.overview.settings.environment_locked {
            let text = format!("the environment is locked by {locked}: change it there");
            self.notices.add(Tone::Warning, text, &now.wall);
        } else if self.export.is_busy() {
            let text = "an export is active: the environment can be changed when it has ended";
            self.notices.add(Tone::Warning, text, &now.wall);
        } else if self.keys.is_complete(environment) {
            effects.push(Effect::Work(Work::SetEnvironment(environment)));
        } else {
            self.dialog = Some(Dialog::Question(Question::Environment(environment)));
        }
    }

    /// Accepts the line of an API key dialog; `Err` is what is wrong with it.
    pub(super) fn accept_api_key(&mut self, environment: Environment, text: &str, now: &Now) -> Result<(), Problem> {
        let api_key = ApiKey::parse(text).map_err(|error| Problem::of(&error))?;
        self.keys.draft_mut(environment).api_key = Some(api_key);
        self.after_paste(environment, now);
        Ok(())
    }

    pub(super) fn accept_private_key(&mut self, environment: Environment, key: PrivateKey, now: &Now) {
        self.keys.draft_mut(environment).private_key = Some(key);
        self.after_paste(environment, now);
    }

    /// What the gateway said was about the old pair. Says what comes next.
    fn after_paste(&mut self, environment: Environment, now: &Now) {
        self.keys.set_check(environment, Check::NotAsked);
        if self.keys.draft(environment).pair().is_some() {
            let (verify, save) = (key_of(Place::Keys, Action::Verify), key_of(Place::Keys, Action::SaveKeys));
            let text =
                format!("the {environment} pair is complete but not saved: {verify} verifies it, {save} saves it");
            self.notices.add(Tone::Info, text, &now.wall);
        }
    }

    pub(super) fn on_verified(&mut self, environment: Environment, result: Result<(), Problem>, now: &Now) {
        let at = now.wall.clone();
        let check = match result {
            Ok(()) => Check::Accepted { at },
            Err(problem) => {
                if problem.exit != Exit::Refused {
                    self.notices.problem(&problem, &now.wall);
                }
                Check::Failed { at, problem }
            }
        };
        self.keys.set_check(environment, check);
    }

    pub(super) fn on_key_read(&mut self, environment: Environment, result: Result<PrivateKey, Problem>, now: &Now) {
        let is_open = matches!(&self.dialog,
            Some(Dialog::Line(LineDialog { purpose: LinePurpose::KeyFile(of), .. })) if *of == environment);
        if !is_open {
            // The dialog was cancelled while the file was read: the person does not want the key any more.
            return;
        }
        match result {
            Ok(key) => {
                self.dialog = None;
                self.accept_private_key(environment, key, now);
            }
            Err(problem) => self.refuse_line(&problem),
        }
    }

    pub(super) fn on_saved(
        &mut self,
        environment: Environment,
        result: Result<Saved, Problem>,
        now: &Now,
        effects: &mut Effects,
    ) {
        match result {
            Ok(saved) => {
                *self.keys.draft_mut(environment) = Draft::default();
                let text = match &saved.private_key_file {
                    Some(path) => format!(
                        "the {environment} pair is saved: the private key, unencrypted, in {}, which only its owner may read (mode 0600)",
                        safe(path)
                    ),
                    None => format!("the {environment} pair is saved, both keys encrypted, in {}", saved.where_to),
                };
                self.notices.add(Tone::Good, text, &now.wall);
                self.tell_settings_note(saved.note.as_ref(), now);
                effects.push(Effect::Work(Work::LoadPairs));
            }
            Err(problem) => self.notices.problem(&problem, &now.wall),
        }
    }
}
