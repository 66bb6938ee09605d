//! The pane of signing in with an Adobe ID and of the IMS organization.

use jiff::Zoned;

use super::dialog::{Dialog, LineDialog, LinePurpose, Question};
use super::notice::Tone;
use super::{Effects, Filter, Load, State, step};
use crate::connector::{ClientSecret, Overview};
use crate::error::{Exit, Problem};
use crate::ims::models::{Organization, SignIn, SignedIn};
use crate::secret::Secret;
use crate::tui::clipboard::Copyable;
use crate::tui::effect::{Effect, ImsWork, Work};
use crate::tui::event::{ImsReply, Now};
use crate::tui::keymap::{Action, KeyContext, key_of};
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
    pub(super) fn end_if_over(&mut self, now: &Zoned) {
        if let SignIn::In(SignedIn { name, until, is_renewable: false, .. }) = &self.sign_in
            && *until <= now.timestamp()
        {
            self.sign_in = SignIn::Expired { name: name.clone(), at: *until };
        }
    }

    fn forget_organizations(&mut self) {
        self.organizations.clear();
        (self.load, self.loaded_at, self.selected) = (Load::NotAsked, None, 0);
        self.filter.clear();
    }
}

impl State {
    /// Looks at where signing in stands, the first time that it matters.
    pub(super) fn look_at_sign_in(&mut self, effects: &mut Effects) {
        if matches!(self.organization.status, Load::NotAsked) {
            self.ask_ims(ImsWork::Status, effects);
        }
    }

    pub(super) fn act_in_organization(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        match action {
            Action::Open => match self.organization.next_step() {
                Action::Open => self.choose_organization(now, effects),
                step => self.act_in_organization(step, now, effects),
            },
            Action::SignIn => self.begin_sign_in(now, effects),
            Action::PasteBack => self.open_paste_back("", now),
            Action::SignInAsService => self.open_ims_line(LinePurpose::ImsClientId, ""),
            Action::SignOut => self.ask_to_sign_out(now, effects),
            Action::QrCode if self.organization.address().is_some() => {
                self.organization.is_qr = !self.organization.is_qr;
            }
            Action::QrCode => self.tell_no_address("to show as a QR code", now),
            Action::Copy => self.copy_of_organization(now, effects),
            Action::PlainText => self.plain_text_of_organization(now, effects),
            Action::Refresh => {
                self.ask_ims(ImsWork::Status, effects);
                if matches!(self.organization.sign_in, SignIn::In(_)) {
                    self.ask_ims(ImsWork::LoadOrganizations, effects);
                }
            }
            Action::Filter if self.organization.organizations.is_empty() => {}
            Action::Filter => self.organization.filter.editing = true,
            _ => {
                let rows = self.organization.rows().len();
                step(&mut self.organization.selected, rows, action);
            }
        }
    }

    /// Asks for work about signing in; a second time while the first is not answered is left out.
    fn ask_ims(&mut self, work: ImsWork, effects: &mut Effects) {
        let load = match work {
            ImsWork::LoadOrganizations => &mut self.organization.load,
            _ => &mut self.organization.status,
        };
        if !matches!(load, Load::Loading) {
            *load = Load::Loading;
            effects.push(Effect::Work(Work::Ims(work)));
        }
    }

    fn begin_sign_in(&mut self, now: &Now, effects: &mut Effects) {
        match &self.organization.sign_in {
            SignIn::In(signed_in) => {
                let key = key_of(KeyContext::Organization, Action::SignOut);
                let text = format!("already signed in as {}. {key}: sign out first", signed_in.name);
                self.notices.add(Tone::Info, text, &now.wall);
            }
            _ => self.ask_ims(ImsWork::Begin, effects),
        }
    }

    fn open_paste_back(&mut self, text: &str, now: &Now) {
        if self.organization.address().is_some() {
            self.open_ims_line(LinePurpose::PasteBack, text);
        } else {
            let key = key_of(KeyContext::Organization, Action::SignIn);
            let text = format!("no sign-in is pending. {key}: start one");
            self.notices.add(Tone::Info, text, &now.wall);
        }
    }

    fn open_ims_line(&mut self, purpose: LinePurpose, text: &str) {
        self.dialog = Some(Dialog::Line(LineDialog::new(purpose, text)));
    }

    /// Whether a text that is pasted into the pane itself is the address that a sign-in waits for.
    pub(super) fn takes_pasted_address(&self) -> bool {
        self.pane == super::Pane::Organization
            && self.organization.address().is_some()
            && !self.organization.filter.editing
    }

    /// Takes a text that was pasted into the pane itself as that address.
    pub(super) fn paste_address(&mut self, text: &str) {
        self.open_ims_line(LinePurpose::PasteBack, text);
    }

    fn ask_to_sign_out(&mut self, now: &Now, effects: &mut Effects) {
        match &self.organization.sign_in {
            SignIn::Out => self.notices.add(Tone::Info, "not signed in", &now.wall),
            SignIn::In(_) => self.dialog = Some(Dialog::Question(Question::SignOut)),
            SignIn::Pending(_) | SignIn::Expired { .. } => self.ask_ims(ImsWork::SignOut, effects),
        }
    }

    /// The answer to the question whether to sign out.
    pub(super) fn sign_out(&mut self, effects: &mut Effects) {
        self.ask_ims(ImsWork::SignOut, effects);
    }

    fn choose_organization(&mut self, now: &Now, effects: &mut Effects) {
        let Some(organization) = self.organization.rows().get(self.organization.selected).copied().cloned() else {
            return;
        };
        if let Some(locked) = &self.overview.settings.organization_locked {
            let text = format!("the IMS organization is locked by {locked}: change it there");
            self.notices.add(Tone::Warning, text, &now.wall);
        } else if self.overview.organization.as_ref().is_some_and(|id| id.as_str() == organization.id.as_str()) {
            self.notices.add(Tone::Info, format!("{} is already in use", organization.name), &now.wall);
        } else {
            self.ask_ims(ImsWork::Select(organization.id), effects);
        }
    }

    fn tell_no_address(&mut self, what_for: &str, now: &Now) {
        let key = key_of(KeyContext::Organization, Action::SignIn);
        let text = format!("no URL {what_for}. {key}: sign in");
        self.notices.add(Tone::Info, text, &now.wall);
    }

    /// Copies the address while it is waited for, else the selected organization's id.
    fn copy_of_organization(&mut self, now: &Now, effects: &mut Effects) {
        let pane = &self.organization;
        let selected = || pane.rows().get(pane.selected).copied();
        let text = match pane.address() {
            Some(address) => Some(Copyable::line("the URL to open", address)),
            None => selected().map(|found| Copyable::line("the organization id", found.id.as_str())),
        };
        match text {
            Some(text) => effects.push(Effect::Copy(text)),
            None => self.tell_no_address("to copy", now),
        }
    }

    fn plain_text_of_organization(&mut self, now: &Now, effects: &mut Effects) {
        let pane = &self.organization;
        let line = |found: &&Organization| SafeText::new(&format!("{}  {}", found.id.as_str(), found.name));
        if let Some(address) = pane.address() {
            effects.push(Effect::ShowPlain(Copyable::line("the URL to open", address)));
        } else if pane.rows().is_empty() {
            self.tell_no_address("to show", now);
        } else {
            let lines = pane.rows().iter().map(line).collect();
            effects.push(Effect::ShowPlain(Copyable::lines("the organizations", lines)));
        }
    }

    /// Accepts the line of one of this pane's dialogs. Gives the work to wait for, if there is any yet.
    pub(super) fn accept_ims_line(&mut self, purpose: &LinePurpose, text: &str) -> Result<Option<ImsWork>, Problem> {
        let text = text.trim();
        match purpose {
            LinePurpose::ImsClientId => {
                if text.is_empty() {
                    return Err(Problem::usage("type or paste the client id first"));
                }
                let client_id = text.to_owned();
                self.open_ims_line(LinePurpose::ImsClientSecret { client_id }, "");
                Ok(None)
            }
            LinePurpose::ImsClientSecret { client_id } => {
                let secret = match text.strip_prefix('@') {
                    Some(path) => ClientSecret::InFile(path.into()),
                    None => ClientSecret::Pasted(Secret::new(text)),
                };
                Ok(Some(ImsWork::SignInAsService { client_id: client_id.clone(), secret }))
            }
            _ => Ok(Some(ImsWork::Finish(Secret::new(text)))),
        }
    }

    pub(super) fn on_ims(&mut self, reply: ImsReply, now: &Now, effects: &mut Effects) {
        match reply {
            ImsReply::Status(Ok(sign_in)) => self.on_sign_in(sign_in, now, effects),
            ImsReply::Begun(Ok(pending)) => self.on_sign_in(SignIn::Pending(pending), now, effects),
            ImsReply::Status(Err(problem)) | ImsReply::Begun(Err(problem)) | ImsReply::SignedOut(Err(problem)) => {
                self.organization.status = Load::Failed { problem };
            }
            ImsReply::SignedIn(result) => self.on_signed_in(result, now, effects),
            ImsReply::SignedOut(Ok(note)) => {
                self.organization.forget_organizations();
                self.on_sign_in(SignIn::Out, now, effects);
                match note {
                    Some(note) => self.notices.add(Tone::Warning, note.as_str(), &now.wall),
                    None => self.notices.add(Tone::Good, "signed out: no sign-in data is stored here", &now.wall),
                }
            }
            ImsReply::Organizations(result) => self.on_organizations(result, now, effects),
            ImsReply::Selected(result) => self.on_organization_selected(result, now, effects),
        }
    }

    fn on_sign_in(&mut self, sign_in: SignIn, now: &Now, effects: &mut Effects) {
        self.organization.status = Load::Done { at: now.wall.clone() };
        self.organization.is_qr &= matches!(sign_in, SignIn::Pending(_));
        let is_in = matches!(sign_in, SignIn::In(_));
        self.organization.sign_in = sign_in;
        if is_in && matches!(self.organization.load, Load::NotAsked) {
            self.ask_ims(ImsWork::LoadOrganizations, effects);
        }
    }

    fn on_signed_in(&mut self, result: Result<SignedIn, Problem>, now: &Now, effects: &mut Effects) {
        let is_open = matches!(&self.dialog, Some(Dialog::Line(LineDialog { purpose, .. })) if purpose.is_about_ims());
        match result {
            Ok(signed_in) => {
                if is_open {
                    self.dialog = None;
                }
                let text = format!("signed in as {}; the tokens are {}", signed_in.name, signed_in.kept);
                self.notices.add(Tone::Good, text, &now.wall);
                self.organization.forget_organizations();
                self.on_sign_in(SignIn::In(signed_in), now, effects);
            }
            Err(problem) if is_open => self.refuse_line(&problem),
            Err(problem) => self.notices.problem(&problem, &now.wall),
        }
    }

    fn on_organizations(&mut self, result: Result<Vec<Organization>, Problem>, now: &Now, effects: &mut Effects) {
        match result {
            Ok(organizations) => {
                let in_use = self.overview.organization.as_ref().map(|id| id.as_str().to_owned());
                let pane = &mut self.organization;
                let is_first = pane.loaded_at.is_none();
                pane.organizations = organizations;
                pane.load = Load::Done { at: now.wall.clone() };
                pane.loaded_at = Some(now.wall.clone());
                let rows = pane.rows();
                let found = rows.iter().position(|organization| Some(organization.id.as_str()) == in_use.as_deref());
                // The first loading puts the cursor where the person most likely wants it.
                let selected = if is_first { found.unwrap_or(0) } else { pane.selected };
                pane.selected = selected.min(rows.len().saturating_sub(1));
            }
            Err(problem) => {
                let is_over = problem.exit == Exit::Refused;
                self.organization.load = Load::Failed { problem };
                if is_over {
                    // The token may be good no more: look again at where signing in stands.
                    self.ask_ims(ImsWork::Status, effects);
                }
            }
        }
    }

    fn on_organization_selected(&mut self, result: Result<Overview, Problem>, now: &Now, effects: &mut Effects) {
        self.organization.status = Load::Done { at: now.wall.clone() };
        match result {
            Ok(overview) => {
                if let Some(id) = &overview.organization {
                    let home = &overview.settings.home;
                    let text = format!("{id} is now the IMS organization, saved in {home}");
                    self.notices.add(Tone::Good, text, &now.wall);
                }
                self.on_overview(overview, now, effects);
                self.tell_settings_note(self.overview.settings.note.clone().as_ref(), now);
            }
            Err(problem) => self.notices.problem(&problem, &now.wall),
        }
    }
}
