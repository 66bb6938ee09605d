//! The pane of key pairs: what is known of each, what was pasted and not yet saved, and what the gateway said.

pub mod guide_text;
pub mod key_dialog;
pub mod requests;
pub mod rotation;
pub mod view;

#[cfg(test)]
mod tests;

use jiff::Zoned;

use crate::connector::{Half, PairStatus};
use crate::domain::Environment;
use crate::error::{Exit, Problem};
use crate::keys::{ApiKey, KeyPair, PrivateKey};
use crate::private_file::safe;
use crate::settings::Saved;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::keys::requests::{KeysReply, KeysWork};
use crate::tui::panes::{Cx, Effect, Effects, Message, Now, Pane};
use crate::tui::widgets::copyable::Copyable;
use crate::tui::widgets::dialog::{Dialog, KeyDialog, LineDialog, LinePurpose, Question, Reading};
use crate::tui::widgets::notices::{Subject, Tone};
use crate::untrusted::SafeText;

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
        at: Zoned,
        /// Its words.
        problem: Problem,
    },
}

/// A pasted pair, or half of one, that is not saved yet.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    pub api_key: Option<ApiKey>,
    pub private_key: Option<PrivateKey>,
}

impl Draft {
    /// Both halves, if both are there.
    pub fn pair(&self) -> Option<KeyPair> {
        let (api_key, private_key) = (self.api_key.clone()?, self.private_key.clone()?);
        Some(KeyPair { api_key, private_key })
    }

    /// Whether nothing is waiting to be saved.
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
    /// The pair that is being replaced by a new one, which is pasted but not accepted yet.
    pub rotating: Option<Environment>,
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
    pub fn draft(&self, environment: Environment) -> &Draft {
        &self.drafts[place_of(environment)]
    }

    /// As [`Self::draft`], to be changed.
    pub fn draft_mut(&mut self, environment: Environment) -> &mut Draft {
        &mut self.drafts[place_of(environment)]
    }

    /// What the gateway said of a pair.
    pub fn check(&self, environment: Environment) -> &Check {
        &self.checks[place_of(environment)]
    }

    /// Keeps what the gateway said of a pair.
    pub fn set_check(&mut self, environment: Environment, check: Check) {
        self.checks[place_of(environment)] = check;
    }

    /// What is saved of a pair.
    pub fn status(&self, environment: Environment) -> Option<&PairStatus> {
        self.saved.as_ref()?.iter().find(|status| status.environment == environment)
    }

    /// Whether both halves of a pair are saved.
    pub fn is_complete(&self, environment: Environment) -> bool {
        self.status(environment).is_some_and(PairStatus::is_complete)
    }

    /// Whether the gateway refused the pair that is saved.
    pub fn is_refused(&self, environment: Environment) -> bool {
        // What it said of a pair that is only pasted, or that it could not be reached, is another matter.
        let is_about_saved = self.draft(environment).is_empty();
        is_about_saved
            && matches!(self.check(environment), Check::Failed { problem, .. } if problem.exit == Exit::Refused)
    }

    /// The fingerprint of the private key that is saved.
    pub fn saved_fingerprint(&self, environment: Environment) -> Option<&str> {
        match &self.status(environment)?.private_key {
            Half::Present { shown, .. } => shown.as_str().split(' ').find(|word| word.starts_with("SHA256:")),
            Half::Missing | Half::Unusable { .. } => None,
        }
    }

    /// Forgets what was pasted for a pair, and what the gateway said of it.
    pub fn forget_draft(&mut self, environment: Environment) {
        *self.draft_mut(environment) = Draft::default();
        self.set_check(environment, Check::NotAsked);
        self.rotating = self.rotating.filter(|rotating| *rotating != environment);
    }

    /// Whether nothing is configured at all.
    pub fn is_bare(&self) -> bool {
        let missing = |status: &PairStatus| status.api_key == Half::Missing && status.private_key == Half::Missing;
        self.saved.as_ref().is_some_and(|pairs| pairs.iter().all(missing)) && self.drafts.iter().all(Draft::is_empty)
    }

    /// The next step for the selected pair: what Enter does.
    pub fn next_step(&self) -> Action {
        let draft = self.draft(self.selected);
        if draft.pair().is_some() {
            return match self.check(self.selected) {
                Check::Accepted { .. } => Action::SaveKeys,
                // It would be refused again: another pair is the next step.
                Check::Failed { problem, .. } if problem.exit == Exit::Refused => Action::PasteApiKey,
                Check::NotAsked | Check::Asking | Check::Failed { .. } => Action::Verify,
            };
        }
        if self.is_complete(self.selected) && draft.is_empty() {
            return Action::Verify;
        }
        if draft.api_key.is_none() { Action::PasteApiKey } else { Action::PastePrivateKey }
    }
}

impl KeysPane {
    /// What a key does here.
    pub fn update(&mut self, action: Action, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        self.act(action, cx, &mut effects);
        effects
    }

    /// What came back.
    pub fn on_reply(&mut self, reply: KeysReply, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        match reply {
            KeysReply::Pairs(pairs) => self.on_pairs(pairs, cx),
            KeysReply::Verified { environment, result } => self.on_verified(environment, result, cx),
            KeysReply::KeyRead { environment, result } => self.on_key_read(environment, result, cx, &mut effects),
            KeysReply::Saved { environment, result } => self.on_saved(environment, result, cx, &mut effects),
            KeysReply::Rotated { environment, result } => self.on_rotated(environment, result, cx, &mut effects),
            KeysReply::EnvironmentSet(Ok(overview)) => {
                *cx.overview = overview;
                let environment = cx.overview.environment;
                cx.tell(Message::LeadOn(format!("now using the {environment} pair and its gateway")));
                // Another gateway sees other projects.
                cx.tell(Message::GatewayChanged);
            }
            KeysReply::EnvironmentSet(Err(problem)) => cx.problem(&problem),
        }
        effects
    }

    /// The gateway accepted or refused what is saved. What was said of a pair that is only pasted is another matter.
    pub fn on_gateway_said(&mut self, environment: Environment, result: Result<(), Problem>, now: &Now) {
        let at = now.wall.clone();
        if self.draft(environment).is_empty() {
            let check = match result {
                Ok(()) => Check::Accepted { at },
                Err(problem) => Check::Failed { at, problem },
            };
            self.set_check(environment, check);
        }
    }

    /// The gateway took what this pair had signed: what was said of it before is over.
    pub fn on_gateway_took(&mut self, environment: Environment, now: &Now) {
        if matches!(self.check(environment), Check::Failed { .. }) {
            self.set_check(environment, Check::Accepted { at: now.wall.clone() });
        }
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>, effects: &mut Effects) {
        let environment = self.selected;
        match action {
            Action::Up | Action::First | Action::PageUp => self.selected = Environment::Production,
            Action::Down | Action::Last | Action::PageDown => self.selected = Environment::Sandbox,
            Action::Open => self.act(self.next_step(), cx, effects),
            Action::PasteApiKey => cx.ask_line(LinePurpose::ApiKey(environment), ""),
            Action::PastePrivateKey => {
                *cx.dialog = Some(Dialog::PrivateKey(Box::new(KeyDialog::new(environment))));
            }
            Action::KeyFromFile => cx.ask_line(LinePurpose::KeyFile(environment), ""),
            Action::Verify => self.verify(environment, cx, effects),
            Action::SaveKeys => self.save_keys(environment, cx, effects),
            Action::UseEnvironment => self.use_environment(environment, cx, effects),
            Action::WhereKeys => *cx.dialog = Some(Dialog::reading(Reading::WhereKeys)),
            Action::Rotate => self.ask_to_rotate(environment, cx),
            Action::Copy => self.copy_fingerprint(environment, cx, effects),
            Action::PlainText => effects.push(Effect::ShowPlain(self.keys_in_lines(cx.overview.environment))),
            Action::Refresh => self.load(effects),
            _ => {}
        }
    }

    /// Looks at what is saved of both pairs.
    pub fn load(&mut self, effects: &mut Effects) {
        effects.push(KeysWork::LoadPairs.into());
    }

    fn copy_fingerprint(&mut self, environment: Environment, cx: &mut Cx<'_>, effects: &mut Effects) {
        let pasted = self.draft(environment).private_key.as_ref().map(PrivateKey::fingerprint);
        if let Some(fingerprint) = pasted.as_deref().or_else(|| self.saved_fingerprint(environment)) {
            let name = format!("the fingerprint of the {environment} private key");
            effects.push(Effect::Copy(Copyable::line(name, SafeText::new(fingerprint))));
        } else {
            let text = format!("the {environment} pair has no private key yet: no fingerprint to copy");
            cx.notice(Tone::Info, text);
        }
    }

    /// What may be shown of both pairs.
    fn keys_in_lines(&self, in_use: Environment) -> Copyable {
        let mut lines = Vec::new();
        for environment in Environment::ALL {
            let in_use = if environment == in_use { " (in use)" } else { "" };
            lines.push(SafeText::new(&format!("{environment} pair{in_use}")));
            let Some(status) = self.status(environment) else { continue };
            for (name, half) in [("API key", &status.api_key), ("private key", &status.private_key)] {
                let text = match half {
                    Half::Missing => "missing".to_owned(),
                    Half::Unusable { reason } => format!("unusable: {reason}"),
                    Half::Present { shown, origin, locked: None } => format!("{shown}, from {origin}"),
                    Half::Present { shown, locked: Some(locked), .. } => format!("{shown}, locked by {locked}"),
                };
                lines.push(SafeText::new(&format!("  {name}: {text}")));
            }
            let text = match self.check(environment) {
                Check::NotAsked => "not verified".to_owned(),
                Check::Asking => "verifying".to_owned(),
                Check::Accepted { at } => format!("accepted at {}", at.strftime("%Y-%m-%d %H:%M:%S %Z")),
                Check::Failed { problem, .. } => problem.what.clone(),
            };
            lines.push(SafeText::new(&format!("  gateway: {text}")));
        }
        Copyable::lines("the key overview", lines)
    }

    fn verify(&mut self, environment: Environment, cx: &mut Cx<'_>, effects: &mut Effects) {
        let draft = self.draft(environment);
        let work = match draft.pair() {
            Some(pair) => KeysWork::VerifyPair(environment, pair),
            None if !draft.is_empty() => {
                self.ask_for_other_half(environment, cx);
                return;
            }
            None if self.is_complete(environment) => KeysWork::Verify(environment),
            None => {
                let text = format!("the {environment} pair is incomplete: nothing to verify yet");
                cx.notice(Tone::Warning, text);
                return;
            }
        };
        self.set_check(environment, Check::Asking);
        effects.push(work.into());
    }

    fn save_keys(&mut self, environment: Environment, cx: &mut Cx<'_>, effects: &mut Effects) {
        let draft = self.draft(environment);
        match draft.pair() {
            // A pair that works is never given away for one that may not.
            Some(_) if self.is_complete(environment) => self.rotate(environment, None, effects),
            Some(pair) => effects.push(KeysWork::SavePair(environment, pair).into()),
            None if draft.is_empty() => {
                let text = format!("nothing pasted for the {environment} pair: nothing to save");
                cx.notice(Tone::Info, text);
            }
            None => self.ask_for_other_half(environment, cx),
        }
    }

    /// The two halves are generated together, so a pair is saved and verified whole.
    fn ask_for_other_half(&mut self, environment: Environment, cx: &mut Cx<'_>) {
        let (action, half) = if self.draft(environment).api_key.is_none() {
            (Action::PasteApiKey, "API key")
        } else {
            (Action::PastePrivateKey, "private key")
        };
        let key = key_of(KeyContext::Keys, action);
        let text = format!("both keys are needed: paste the {half} of the {environment} pair too ({key})");
        cx.notice(Tone::Warning, text);
    }

    fn use_environment(&mut self, environment: Environment, cx: &mut Cx<'_>, effects: &mut Effects) {
        if environment == cx.overview.environment {
            cx.notice(Tone::Info, format!("the {environment} pair is already in use"));
        } else if let Some(locked) = &cx.overview.settings.environment_locked {
            let text = format!("the environment is locked by {locked}: change it there");
            cx.notice(Tone::Warning, text);
        } else if cx.is_exporting {
            let text = "an export is running: change the environment after it ends";
            cx.notice(Tone::Warning, text);
        } else if self.is_complete(environment) {
            effects.push(KeysWork::SetEnvironment(environment).into());
        } else {
            *cx.dialog = Some(Dialog::Question(Question::Environment(environment)));
        }
    }

    /// A pair was saved while the one in use is not complete: most likely it is meant to be used.
    fn offer_environment(&self, saved: Environment, cx: &mut Cx<'_>) {
        let in_use = cx.overview.environment;
        let is_free = cx.dialog.is_none() && cx.overview.settings.environment_locked.is_none();
        if saved != in_use && is_free && !self.is_complete(in_use) && !cx.is_exporting {
            *cx.dialog = Some(Dialog::Question(Question::Environment(saved)));
        }
    }

    /// Takes an API key that was typed or pasted.
    pub fn accept_api_key(&mut self, environment: Environment, key: ApiKey, cx: &mut Cx<'_>) -> Effects {
        *cx.dialog = None;
        self.draft_mut(environment).api_key = Some(key);
        self.after_paste(environment, cx)
    }

    /// Takes a private key that was pasted or read from a file.
    pub fn accept_private_key(&mut self, environment: Environment, key: PrivateKey, cx: &mut Cx<'_>) -> Effects {
        if self.is_old_key(environment, &key, cx) {
            *cx.dialog = Some(Dialog::PrivateKey(Box::new(KeyDialog::new(environment))));
            return Effects::new();
        }
        self.draft_mut(environment).private_key = Some(key);
        self.after_paste(environment, cx)
    }

    /// What the gateway said was about the old pair. Says what comes next.
    fn after_paste(&mut self, environment: Environment, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        self.set_check(environment, Check::NotAsked);
        if self.go_on_rotating(environment, cx, &mut effects) {
            return effects;
        }
        let draft = self.draft(environment);
        let text = if draft.pair().is_some() {
            let (next, save) = (key_of(KeyContext::Keys, Action::Open), key_of(KeyContext::Keys, Action::SaveKeys));
            format!("the {environment} pair is complete but not saved. {next}: verify, {save}: save")
        } else if draft.api_key.is_some() {
            let (paste, load) =
                (key_of(KeyContext::Keys, Action::PastePrivateKey), key_of(KeyContext::Keys, Action::KeyFromFile));
            format!("API key entered (unsaved); now the private key. {paste}: paste, {load}: load a file")
        } else {
            let paste = key_of(KeyContext::Keys, Action::PasteApiKey);
            format!("private key entered (unsaved); now the API key. {paste}: paste")
        };
        cx.lead_on(Tone::Info, text);
        effects
    }

    fn on_pairs(&mut self, pairs: [PairStatus; 2], cx: &mut Cx<'_>) {
        let was_known = self.saved.is_some();
        self.saved = Some(pairs);
        if !was_known && matches!(cx.front, Pane::Overview | Pane::Saas) {
            cx.tell(Message::Complete);
        }
    }

    /// Another pair is saved: what the old one saw may be more or less than what this one sees.
    fn keys_changed(&mut self, environment: Environment, cx: &mut Cx<'_>, effects: &mut Effects) {
        self.load(effects);
        if environment == cx.overview.environment {
            cx.tell(Message::KeysChanged);
        }
    }

    fn on_verified(&mut self, environment: Environment, result: Result<(), Problem>, cx: &mut Cx<'_>) {
        let at = cx.now.wall.clone();
        let is_pasted = self.draft(environment).pair().is_some();
        let check = match result {
            Ok(()) if is_pasted => {
                let next = key_of(KeyContext::Keys, Action::Open);
                let text = format!("the gateway accepts the {environment} pair (unsaved). {next}: save");
                cx.lead_on(Tone::Good, text);
                Check::Accepted { at }
            }
            Ok(()) => {
                cx.notices.over(Subject::Keys);
                cx.notices.over(Subject::Gateway);
                Check::Accepted { at }
            }
            Err(problem) => {
                if problem.exit != Exit::Refused {
                    cx.problem_about(Subject::Gateway, &problem);
                }
                Check::Failed { at, problem }
            }
        };
        self.set_check(environment, check);
    }

    fn on_key_read(
        &mut self,
        environment: Environment,
        result: Result<PrivateKey, Problem>,
        cx: &mut Cx<'_>,
        effects: &mut Effects,
    ) {
        let is_open = matches!(cx.dialog,
            Some(Dialog::Line(LineDialog { purpose: LinePurpose::KeyFile(of), .. })) if *of == environment);
        if !is_open {
            // The dialog was cancelled while the file was read: the person does not want the key any more.
            return;
        }
        match result {
            Ok(key) => {
                *cx.dialog = None;
                effects.extend(self.accept_private_key(environment, key, cx));
            }
            Err(problem) => cx.refuse_line(&problem),
        }
    }

    fn on_saved(
        &mut self,
        environment: Environment,
        result: Result<Saved, Problem>,
        cx: &mut Cx<'_>,
        effects: &mut Effects,
    ) {
        match result {
            Ok(saved) => {
                *self.draft_mut(environment) = Draft::default();
                let text = match &saved.private_key_file {
                    Some(path) => format!(
                        "the {environment} pair is saved: the private key is unencrypted in {} (mode 0600)",
                        safe(path)
                    ),
                    None => format!("the {environment} pair is saved, both keys encrypted, in {}", saved.where_to),
                };
                cx.save_note(saved.note.as_ref());
                if cx.overview.data_space.is_none() && environment == cx.overview.environment {
                    let saas = key_of(KeyContext::Keys, Action::ShowSaas);
                    cx.lead_on_to(text, format!("next: choose a data space ({saas})"));
                } else {
                    cx.notice(Tone::Good, text);
                }
                self.keys_changed(environment, cx, effects);
                self.offer_environment(environment, cx);
            }
            Err(problem) => cx.problem(&problem),
        }
    }
}
