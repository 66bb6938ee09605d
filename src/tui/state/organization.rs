//! The pane of signing in with an Adobe ID and of the IMS organization.

use super::{Effects, Filter, Load, State, step};
use crate::ims::models::{Organization, SignIn};
use crate::tui::event::{ImsReply, Now};
use crate::tui::keymap::Action;

/// The pane.
#[derive(Debug, Default)]
pub struct OrganizationPane {
    /// Where signing in stands.
    pub sign_in: SignIn,
    /// The organizations of who is signed in.
    pub organizations: Vec<Organization>,
    /// How the last loading of them went.
    pub load: Load,
    /// Which of the shown organizations is selected.
    pub selected: usize,
    /// Only organizations that contain this.
    pub filter: Filter,
}

impl State {
    pub(super) fn act_in_organization(&mut self, action: Action, _now: &Now, _effects: &mut Effects) {
        match action {
            Action::Filter => self.organization.filter.editing = true,
            _ => step(&mut self.organization.selected, self.organization.organizations.len(), action),
        }
    }

    pub(super) fn on_ims(&mut self, _reply: ImsReply, _now: &Now, _effects: &mut Effects) {}
}
