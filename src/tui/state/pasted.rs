//! Text that was pasted: into the editor that is open, or where none is.

use super::dialog::{Dialog, KeyDialog, LineDialog, LinePurpose};
use super::notice::Tone;
use super::{Pane, State};
use crate::keys::{ApiKey, PrivateKey};
use crate::tui::event::Now;
use crate::tui::keymap::{Action, Place, key_of};

/// The shortest text that is taken for an API key where nobody asked for one, in characters; Adobe's have 32.
const LEAST_API_KEY: usize = 16;

impl State {
    pub(super) fn on_paste(&mut self, text: &str, now: &Now) {
        if self.dialog.is_none() && self.takes_pasted_address() {
            self.paste_address(text);
            return;
        }
        match &mut self.dialog {
            Some(Dialog::Line(line)) if !line.busy => {
                line.editor.paste(text);
                line.error = None;
            }
            Some(Dialog::PrivateKey(dialog)) => match path(text) {
                Some(path) => {
                    let purpose = LinePurpose::KeyFile(dialog.environment);
                    self.dialog = Some(Dialog::Line(LineDialog::new(purpose, path)));
                }
                None => dialog.paste(text),
            },
            Some(Dialog::Palette(palette)) => palette.editor.paste(text),
            Some(_) => {}
            None if matches!(self.pane, Pane::Overview | Pane::Keys) => self.offer_to_take(text, now),
            None => match self.filter_mut() {
                Some(filter) if filter.editing => filter.editor.paste(text),
                // Pasted text outside of an editor must not act as keys.
                _ => {}
            },
        }
    }

    /// A key that was pasted before anybody asked for it opens the dialog in which it can be accepted.
    fn offer_to_take(&mut self, text: &str, now: &Now) {
        let environment = self.keys.selected;
        let is_api_key = ApiKey::parse(text).is_ok_and(|key| key.expose().len() >= LEAST_API_KEY);
        if text.contains("-----") || PrivateKey::parse(text).is_ok() {
            let mut dialog = KeyDialog::new(environment);
            dialog.unasked = true;
            dialog.paste(text);
            self.dialog = Some(Dialog::PrivateKey(Box::new(dialog)));
        } else if is_api_key && path(text).is_none() {
            let mut dialog = LineDialog::new(LinePurpose::ApiKey(environment), "");
            dialog.editor.paste(text);
            self.dialog = Some(Dialog::Line(dialog));
        } else {
            let (api_key, private_key) =
                (key_of(Place::Keys, Action::PasteApiKey), key_of(Place::Keys, Action::PastePrivateKey));
            let text = format!(
                "what was pasted looks like no key, so nothing was taken; in pane 1, {api_key} takes an API key and {private_key} a private key"
            );
            self.notices.add(Tone::Info, text, &now.wall);
            return;
        }
        self.pane = Pane::Keys;
    }
}

/// A pasted path of a file: one line that begins like one.
fn path(text: &str) -> Option<&str> {
    let text = text.trim().trim_matches(['"', '\'']);
    let begins = ["/", "~/", "./", "../"].iter().any(|begin| text.starts_with(begin));
    // Base64 may begin with a slash, but is never so short.
    (begins && text.lines().count() == 1 && text.len() < 1024).then_some(text)
}
