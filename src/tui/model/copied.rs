//! What is said about a text that was copied.

use crate::tui::keymap::{self, Action};
use crate::tui::model::State;
use crate::tui::panes::Now;
use crate::tui::runtime::clipboard::{LIMIT, Path, TooLong};
use crate::tui::widgets::notices::Tone;

impl State {
    /// The terminal gives no answer, so what must be allowed is said every time.
    pub(super) fn on_copied(&mut self, name: &str, result: Result<Path, TooLong>, now: &Now) {
        let plain = keymap::of_place(self.place()).find(|binding| binding.action == Action::PlainText);
        let plain = plain.and_then(|binding| binding.keys.first());
        let plain = plain.map(|key| format!("; {}: show as plain text", key.name())).unwrap_or_default();
        let allowed = "if your terminal allows it (OSC 52)";
        let (tone, text) = match result {
            Ok(Path::Direct | Path::Screen) => (Tone::Good, format!("{name} is on your clipboard {allowed}{plain}")),
            Ok(Path::Tmux) => {
                let tmux = "and tmux allows it (set-clipboard on, or allow-passthrough on)";
                (Tone::Good, format!("{name} is on your clipboard {allowed} {tmux}{plain}"))
            }
            Err(TooLong) => {
                let kilobytes = LIMIT / 1000;
                let limit = format!("it exceeds the terminal limit of {kilobytes} KB");
                (Tone::Warning, format!("{name} was not copied: {limit}{plain}"))
            }
        };
        self.notices.add(tone, text, &now.wall);
    }
}
