//! The questions about keys that are not saved.

use ratatui::text::Line;

use crate::connector::unsaved::{HalfName, KeptKeys, UnsavedHalf};
use crate::keys::PrivateKey;
use crate::tui::keymap::KeyContext;
use crate::tui::model::State;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::content::{Content, answered, spaced};
use crate::tui::widgets::dialog::{Dialog, LinePurpose};
use crate::tui::widgets::text::{full_moment, paragraph};

/// Why it matters.
const ONCE: &str = "Adobe shows a private key only once.";

fn texts(texts: &[String], theme: Theme, room: usize) -> Vec<Line<'static>> {
    spaced(texts.iter().map(|text| paragraph(text, room, theme.style(Role::Text))))
}

/// The names of what is not saved: `the API key and the private key of …`.
fn names(halves: &[UnsavedHalf]) -> String {
    let names: Vec<String> = halves.iter().map(UnsavedHalf::name).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn has_private_key(halves: &[UnsavedHalf]) -> bool {
    halves.iter().any(|half| half.half == HalfName::PrivateKey)
}

/// Before the screen ends.
pub fn leaving(state: &State, theme: Theme, room: usize) -> Content {
    let halves = state.unsaved_halves();
    let mut said = vec![format!("Not saved yet: {}.", names(&halves))];
    if has_private_key(&halves) {
        said.push(ONCE.to_owned());
    }
    said.push(
        "Stored until the next start in a private file in the state directory (mode 0600, not encrypted).".to_owned(),
    );
    answered(KeyContext::Unsaved, "Quit without saving the keys?".to_owned(), true, texts(&said, theme, room), theme)
}

/// Before a dialog is closed that holds something.
pub fn discard(dialog: &Dialog, theme: Theme, room: usize) -> Content {
    let said = match dialog {
        Dialog::PrivateKey(_) => vec!["The pasted text is not saved.".to_owned(), ONCE.to_owned()],
        Dialog::Line(line) if matches!(line.purpose, LinePurpose::LoseSight { .. }) => {
            vec!["The new keys are not saved.".to_owned(), ONCE.to_owned()]
        }
        _ => vec!["The text is not saved.".to_owned()],
    };
    answered(KeyContext::Question, "Discard it?".to_owned(), true, texts(&said, theme, room), theme)
}

/// What an earlier screen left.
pub fn kept(kept: &KeptKeys, state: &State, theme: Theme, room: usize) -> Content {
    let since = full_moment(kept.since, state.wall.as_ref());
    let mut said = vec![format!("Unsaved keys from a screen that ended at {since}:")];
    for half in &kept.halves {
        let detail = match half.half {
            HalfName::PrivateKey => match PrivateKey::parse(half.text.expose()) {
                Ok(key) => format!(": RSA {} bits, {}", key.bits(), key.fingerprint()),
                Err(_) => ": incomplete".to_owned(),
            },
            HalfName::ApiKey => format!(": {}", half.text.masked()),
        };
        said.push(format!("{}{detail}", half.name()));
    }
    let lines = texts(&said, theme, room);
    answered(KeyContext::Kept, "Unsaved keys".to_owned(), false, lines, theme)
}
