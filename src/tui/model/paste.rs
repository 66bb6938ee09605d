//! What a paste does in the place where it arrives. Pasted text never acts as keys, and a private key is never put where it
//! would be seen.

use zeroize::Zeroizing;

use crate::keys::{ApiKey, PrivateKey};
use crate::secret::Secret;
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::model::State;
use crate::tui::panes::{Effects, Now, Pane};
use crate::tui::widgets::dialog::{Dialog, KeyDialog, LineDialog, LinePurpose, Question};
use crate::tui::widgets::notices::Tone;

/// The shortest text that is taken for an API key where nobody asked for one, in characters; Adobe's have 32.
const LEAST_API_KEY: usize = 16;
/// The longest text that is taken for a path, in bytes: the body of the smallest key is longer.
const LONGEST_PATH: usize = 1024;

impl State {
    pub(super) fn on_paste(&mut self, text: Secret, now: &Now) {
        if self.dialog.is_none()
            && self.pane == Pane::Organization
            && self.organization.takes_pasted_address()
            && !is_private_key(text.expose())
        {
            self.dialog = Some(Dialog::Line(LineDialog::new(LinePurpose::PasteBack, text.expose())));
            return;
        }
        match &mut self.dialog {
            Some(Dialog::PrivateKey(dialog)) => match path(text.expose()) {
                Some(path) => {
                    let purpose = LinePurpose::KeyFile(dialog.environment);
                    self.dialog = Some(Dialog::Line(LineDialog::new(purpose, path)));
                }
                None => dialog.paste(text.expose()),
            },
            Some(Dialog::Line(line)) if line.busy => {}
            Some(Dialog::Line(line)) if is_private_key(text.expose()) => {
                let (pane, key) = (Pane::Keys as usize, key_of(KeyContext::Keys, Action::PastePrivateKey));
                let back = key_of(KeyContext::Line, Action::Back);
                line.error = Some(format!(
                    "this looks like a private key, so it was rejected: {back}, then {pane} and {key} to paste it in Keys"
                ));
            }
            Some(Dialog::Line(line)) => {
                let joint = match line.purpose {
                    LinePurpose::ByIds(_) => ", ",
                    // These have no spaces: a terminal or a mail broke them.
                    LinePurpose::ApiKey(_)
                    | LinePurpose::PasteBack
                    | LinePurpose::ImsClientId
                    | LinePurpose::ImsClientSecret { .. } => "",
                    _ => " ",
                };
                let (joined, lines) = joined(text.expose(), joint);
                line.editor.paste(&joined);
                line.error = (lines > 1)
                    .then(|| format!("{lines} pasted lines were joined: check the text before you continue"));
            }
            Some(
                Dialog::Question(_)
                | Dialog::Discard(_)
                | Dialog::Unsaved(_)
                | Dialog::Adopt(_)
                | Dialog::Reading { .. },
            ) => {
                self.tell_ignored(now);
            }
            _ if is_private_key(text.expose()) => self.take_to_keys(text),
            Some(Dialog::Palette(palette)) => {
                palette.editor.paste(&joined(text.expose(), " ").0);
                palette.selected = 0;
            }
            Some(Dialog::Help(help)) => {
                help.editor.paste(&joined(text.expose(), " ").0);
                help.scroll = 0;
            }
            None if self.pane == Pane::Keys && is_api_key(text.expose()) => self.open_api_key_line(&text),
            None => match self.filter_mut() {
                Some(filter) if filter.editing => {
                    filter.editor.paste(&joined(text.expose(), " ").0);
                    self.selection_to_filter();
                }
                _ => self.tell_ignored(now),
            },
        }
    }

    /// The dialog in which an API key that nobody asked for can be accepted.
    fn open_api_key_line(&mut self, text: &Secret) {
        let mut dialog = LineDialog::new(LinePurpose::ApiKey(self.keys.selected), "");
        dialog.editor.paste(text.expose());
        self.dialog = Some(Dialog::Line(dialog));
    }

    /// In its own pane a private key is looked at at once; anywhere else it is asked first whether it belongs there.
    fn take_to_keys(&mut self, text: Secret) {
        if self.pane == Pane::Keys {
            self.open_key_editor(&text);
        } else {
            self.dialog = Some(Dialog::Question(Question::PastedKey(text)));
        }
    }

    pub(super) fn accept_pasted_key(&mut self, text: &Secret, effects: &mut Effects) {
        self.show(Pane::Keys, effects);
        self.open_key_editor(text);
    }

    fn open_key_editor(&mut self, text: &Secret) {
        let mut dialog = KeyDialog::new(self.keys.selected);
        dialog.unasked = true;
        dialog.paste(text.expose());
        self.dialog = Some(Dialog::PrivateKey(Box::new(dialog)));
    }

    fn tell_ignored(&mut self, now: &Now) {
        let text = "pasted text was ignored: no text field is open";
        self.notices.add(Tone::Info, text, &now.wall);
    }
}

/// Whether a text looks like a private key; whether it is one is looked at later.
fn is_private_key(text: &str) -> bool {
    PrivateKey::is_meant(text)
}

/// Whether a text is taken for an API key where nobody asked for one.
fn is_api_key(text: &str) -> bool {
    path(text).is_none() && ApiKey::parse(text).is_ok_and(|key| key.expose().len() >= LEAST_API_KEY)
}

/// A pasted path of a file: one line that begins like one.
fn path(text: &str) -> Option<&str> {
    let text = text.trim().trim_matches(['"', '\'']);
    let begins = ["/", "~/", "./", "../", "file://"].iter().any(|begin| text.starts_with(begin));
    // Base64 may begin with a slash, but a key is never so short.
    (begins && text.lines().count() == 1 && text.len() < LONGEST_PATH).then_some(text)
}

/// The lines of a text that hold something as one line, and how many they were.
fn joined(text: &str, joint: &str) -> (Zeroizing<String>, usize) {
    let lines: Vec<&str> = text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect();
    (Zeroizing::new(lines.join(joint)), lines.len())
}
