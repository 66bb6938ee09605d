//! The pane of signing in with an Adobe ID and of the IMS organization.

pub mod requests;
pub mod view;

#[cfg(test)]
mod tests;

use jiff::Zoned;

use crate::connector::{ClientSecret, Overview};
use crate::error::{Exit, Problem};
use crate::ims::models::{Organization, SignIn, SignedIn};
use crate::secret::Secret;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::panes::organization::requests::{ImsReply, ImsWork};
use crate::tui::panes::{Cx, Effect, Effects, Load, Message, step};
use crate::tui::widgets::copyable::Copyable;
use crate::tui::widgets::dialog::{Dialog, LineDialog, LinePurpose, Question};
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::notices::{Subject, Tone};
use crate::untrusted::SafeText;

/// The pane.
#[derive(Debug, Default)]
pub struct OrganizationPane {
    /// Where signing in stands.
    pub sign_in: SignIn,
    /// How the last look at that went.
    pub status: Load,
    /// The organizations of who is signed in.
    pub organizations: Vec<Organization>,
    /// How the last loading of them went.
    pub load: Load,
    /// When the organizations that are shown were loaded.
    pub loaded_at: Option<Zoned>,
    /// Which of the shown organizations is selected.
    pub selected: usize,
    /// Only organizations that contain this.
    pub filter: Filter,
    /// Whether the address is shown as a QR code.
    pub is_qr: bool,
}

/// What follows from a line that was accepted.
#[derive(Debug)]
pub enum Accepted {
    /// The dialog waits for this.
    Asks(ImsWork),
    /// Another line is filled in next.
    Leads(LinePurpose),
}

impl OrganizationPane {
    /// The organizations that pass the filter.
    pub fn rows(&self) -> Vec<&Organization> {
        let passes =
            |organization: &&Organization| self.filter.passes(&[organization.name.as_str(), organization.id.as_str()]);
        self.organizations.iter().filter(passes).collect()
    }

    /// The address to open, while a sign-in waits for where it leads.
    pub fn address(&self) -> Option<&str> {
        match &self.sign_in {
            SignIn::Pending(pending) => Some(pending.url.as_str()),
            _ => None,
        }
    }

    /// Whether the list was loaded and does not hold this id.
    pub fn does_not_see(&self, id: &str) -> bool {
        self.loaded_at.is_some() && !self.organizations.iter().any(|organization| organization.id.as_str() == id)
    }

    /// The next step: what Enter does.
    pub fn next_step(&self) -> Action {
        match self.sign_in {
            SignIn::Out | SignIn::Expired { .. } => Action::SignIn,
            SignIn::Pending(_) => Action::PasteBack,
            SignIn::In(_) => Action::Open,
        }
    }

    /// A token that cannot be renewed ends by itself, also while nobody asks IMS.
    pub fn end_if_over(&mut self, now: &Zoned) {
        if let SignIn::In(SignedIn { name, until, is_renewable: false, .. }) = &self.sign_in
            && *until <= now.timestamp()
        {
            self.sign_in = SignIn::Expired { name: name.clone(), at: *until };
        }
    }

    /// Whatever was waited for will not come.
    pub fn forget_pending(&mut self) {
        self.status.forget_pending();
        self.load.forget_pending();
    }

    fn forget_organizations(&mut self) {
        self.organizations.clear();
        (self.load, self.loaded_at, self.selected) = (Load::NotAsked, None, 0);
        self.filter.clear();
    }
}

impl OrganizationPane {
    /// What a key does here.
    pub fn update(&mut self, action: Action, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        self.act(action, cx, &mut effects);
        effects
    }

    /// What came back.
    pub fn on_reply(&mut self, reply: ImsReply, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        self.take(reply, cx, &mut effects);
        effects
    }

    /// Looks at where signing in stands, the first time that it matters.
    pub fn look_at_sign_in(&mut self, effects: &mut Effects) {
        if matches!(self.status, Load::NotAsked) {
            self.ask_ims(ImsWork::Status, effects);
        }
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>, effects: &mut Effects) {
        match action {
            Action::Open => match self.next_step() {
                Action::Open => self.choose_organization(cx, effects),
                step => self.act(step, cx, effects),
            },
            Action::SignIn => self.begin_sign_in(cx, effects),
            Action::PasteBack => self.open_paste_back(cx),
            Action::SignInAsService => cx.ask_line(LinePurpose::ImsClientId, ""),
            Action::SignOut => self.ask_to_sign_out(cx, effects),
            Action::QrCode if self.address().is_some() => {
                self.is_qr = !self.is_qr;
            }
            Action::QrCode => Self::tell_no_address("to show as a QR code", cx),
            Action::Copy => self.copy_of_organization(cx, effects),
            Action::PlainText => self.plain_text_of_organization(cx, effects),
            Action::Refresh => {
                self.ask_ims(ImsWork::Status, effects);
                if matches!(self.sign_in, SignIn::In(_)) {
                    self.ask_ims(ImsWork::LoadOrganizations, effects);
                }
            }
            Action::Filter if self.organizations.is_empty() => {}
            Action::Filter => self.filter.editing = true,
            _ => {
                let rows = self.rows().len();
                step(&mut self.selected, rows, action);
            }
        }
    }

    /// Asks for work about signing in; a second time while the first is not answered is left out.
    fn ask_ims(&mut self, work: ImsWork, effects: &mut Effects) {
        let load = match work {
            ImsWork::LoadOrganizations => &mut self.load,
            _ => &mut self.status,
        };
        if !matches!(load, Load::Loading) {
            *load = Load::Loading;
            effects.push(work.into());
        }
    }

    fn begin_sign_in(&mut self, cx: &mut Cx<'_>, effects: &mut Effects) {
        match &self.sign_in {
            SignIn::In(signed_in) => {
                let key = key_of(KeyContext::Organization, Action::SignOut);
                let text = format!("already signed in as {}. {key}: sign out first", signed_in.name);
                cx.notice(Tone::Info, text);
            }
            _ => self.ask_ims(ImsWork::Begin, effects),
        }
    }

    fn open_paste_back(&self, cx: &mut Cx<'_>) {
        if self.address().is_some() {
            cx.ask_line(LinePurpose::PasteBack, "");
        } else {
            let key = key_of(KeyContext::Organization, Action::SignIn);
            let text = format!("no sign-in is pending. {key}: start one");
            cx.notice(Tone::Info, text);
        }
    }

    /// Whether a text that is pasted into the pane itself is the address that a sign-in waits for.
    pub fn takes_pasted_address(&self) -> bool {
        self.address().is_some() && !self.filter.editing
    }

    fn ask_to_sign_out(&mut self, cx: &mut Cx<'_>, effects: &mut Effects) {
        match &self.sign_in {
            SignIn::Out => cx.notice(Tone::Info, "not signed in"),
            SignIn::In(_) => *cx.dialog = Some(Dialog::Question(Question::SignOut)),
            SignIn::Pending(_) | SignIn::Expired { .. } => self.ask_ims(ImsWork::SignOut, effects),
        }
    }

    /// The answer to the question whether to sign out.
    pub fn sign_out(&mut self, effects: &mut Effects) {
        self.ask_ims(ImsWork::SignOut, effects);
    }

    fn choose_organization(&mut self, cx: &mut Cx<'_>, effects: &mut Effects) {
        let Some(organization) = self.rows().get(self.selected).copied().cloned() else {
            return;
        };
        if let Some(locked) = &cx.overview.settings.organization_locked {
            let text = format!("the IMS organization is locked by {locked}: change it there");
            cx.notice(Tone::Warning, text);
        } else if cx.overview.organization.as_ref().is_some_and(|id| id.as_str() == organization.id.as_str()) {
            cx.notice(Tone::Info, format!("{} is already in use", organization.name));
        } else {
            self.ask_ims(ImsWork::Select(organization.id), effects);
        }
    }

    fn tell_no_address(what_for: &str, cx: &mut Cx<'_>) {
        let key = key_of(KeyContext::Organization, Action::SignIn);
        let text = format!("no URL {what_for}. {key}: sign in");
        cx.notice(Tone::Info, text);
    }

    /// Copies the address while it is waited for, else the selected organization's id.
    fn copy_of_organization(&mut self, cx: &mut Cx<'_>, effects: &mut Effects) {
        let pane = &*self;
        let selected = || pane.rows().get(pane.selected).copied();
        let text = match pane.address() {
            Some(address) => Some(Copyable::line("the URL to open", address)),
            None => selected().map(|found| Copyable::line("the organization id", found.id.as_str())),
        };
        match text {
            Some(text) => effects.push(Effect::Copy(text)),
            None => Self::tell_no_address("to copy", cx),
        }
    }

    fn plain_text_of_organization(&mut self, cx: &mut Cx<'_>, effects: &mut Effects) {
        let pane = &*self;
        let line = |found: &&Organization| SafeText::new(&format!("{}  {}", found.id.as_str(), found.name));
        if let Some(address) = pane.address() {
            effects.push(Effect::ShowPlain(Copyable::line("the URL to open", address)));
        } else if pane.rows().is_empty() {
            Self::tell_no_address("to show", cx);
        } else {
            let lines = pane.rows().iter().map(line).collect();
            effects.push(Effect::ShowPlain(Copyable::lines("the organizations", lines)));
        }
    }

    /// Accepts the line of one of this pane's dialogs.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn accept_line(purpose: LinePurpose, text: &str) -> Result<Accepted, Problem> {
        let text = text.trim();
        Ok(match purpose {
            LinePurpose::ImsClientId if text.is_empty() => {
                return Err(Problem::usage("type or paste the client id first"));
            }
            LinePurpose::ImsClientId => Accepted::Leads(LinePurpose::ImsClientSecret { client_id: text.to_owned() }),
            LinePurpose::ImsClientSecret { client_id } => {
                let secret = match text.strip_prefix('@') {
                    Some(path) => ClientSecret::InFile(path.into()),
                    None => ClientSecret::Pasted(Secret::new(text)),
                };
                Accepted::Asks(ImsWork::SignInAsService { client_id, secret })
            }
            _ => Accepted::Asks(ImsWork::Finish(Secret::new(text))),
        })
    }

    fn take(&mut self, reply: ImsReply, cx: &mut Cx<'_>, effects: &mut Effects) {
        match reply {
            ImsReply::Status(Ok(sign_in)) => self.on_sign_in(sign_in, cx, effects),
            ImsReply::Begun(Ok(pending)) => self.on_sign_in(SignIn::Pending(pending), cx, effects),
            ImsReply::Status(Err(problem)) | ImsReply::Begun(Err(problem)) | ImsReply::SignedOut(Err(problem)) => {
                self.status = Load::Failed { problem };
            }
            ImsReply::SignedIn(result) => self.on_signed_in(result, cx, effects),
            ImsReply::SignedOut(Ok(note)) => {
                self.forget_organizations();
                self.on_sign_in(SignIn::Out, cx, effects);
                match note {
                    Some(note) => cx.notice(Tone::Warning, note.as_str()),
                    None => cx.notice(Tone::Good, "signed out: no sign-in data is stored here"),
                }
            }
            ImsReply::Organizations(result) => self.on_organizations(result, cx, effects),
            ImsReply::Selected(result) => self.on_organization_selected(result, cx),
        }
    }

    fn on_sign_in(&mut self, sign_in: SignIn, cx: &mut Cx<'_>, effects: &mut Effects) {
        self.status = Load::Done { at: cx.now.wall.clone() };
        self.is_qr &= matches!(sign_in, SignIn::Pending(_));
        let is_in = matches!(sign_in, SignIn::In(_));
        self.sign_in = sign_in;
        if is_in && matches!(self.load, Load::NotAsked) {
            self.ask_ims(ImsWork::LoadOrganizations, effects);
        }
    }

    fn on_signed_in(&mut self, result: Result<SignedIn, Problem>, cx: &mut Cx<'_>, effects: &mut Effects) {
        let is_open = matches!(cx.dialog, Some(Dialog::Line(LineDialog { purpose, .. })) if purpose.is_about_ims());
        match result {
            Ok(signed_in) => {
                cx.notices.over(Subject::Ims);
                if is_open {
                    *cx.dialog = None;
                }
                let text = format!("signed in as {}; the tokens are {}", signed_in.name, signed_in.kept);
                cx.notice(Tone::Good, text);
                self.forget_organizations();
                self.on_sign_in(SignIn::In(signed_in), cx, effects);
            }
            Err(problem) if is_open => cx.refuse_line(&problem),
            Err(problem) => cx.problem_about(Subject::Ims, &problem),
        }
    }

    fn on_organizations(&mut self, result: Result<Vec<Organization>, Problem>, cx: &mut Cx<'_>, effects: &mut Effects) {
        match result {
            Ok(organizations) => {
                let in_use = cx.overview.organization.as_ref().map(|id| id.as_str().to_owned());
                let pane = self;
                let is_first = pane.loaded_at.is_none();
                pane.organizations = organizations;
                pane.load = Load::Done { at: cx.now.wall.clone() };
                pane.loaded_at = Some(cx.now.wall.clone());
                let rows = pane.rows();
                let found = rows.iter().position(|organization| Some(organization.id.as_str()) == in_use.as_deref());
                // The first loading puts the cursor where the person most likely wants it.
                let selected = if is_first { found.unwrap_or(0) } else { pane.selected };
                pane.selected = selected.min(rows.len().saturating_sub(1));
            }
            Err(problem) => {
                let is_over = problem.exit == Exit::Refused;
                self.load = Load::Failed { problem };
                if is_over {
                    // The token may be good no more: look again at where signing in stands.
                    self.ask_ims(ImsWork::Status, effects);
                }
            }
        }
    }

    fn on_organization_selected(&mut self, result: Result<Overview, Problem>, cx: &mut Cx<'_>) {
        self.status = Load::Done { at: cx.now.wall.clone() };
        match result {
            Ok(overview) => {
                cx.notices.over(Subject::Ims);
                if let Some(id) = &overview.organization {
                    let home = &overview.settings.home;
                    let text = format!("{id} is now the IMS organization, saved in {home}");
                    cx.notice(Tone::Good, text);
                }
                cx.tell(Message::Settings(overview));
            }
            Err(problem) => cx.problem_about(Subject::Ims, &problem),
        }
    }
}
