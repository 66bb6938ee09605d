//! The clipboard of the person's own computer, reached through the terminal by OSC 52.
//!
//! Nothing is asked of the terminal, so whether it took the text is not known here. It must never see a secret.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::tui::widgets::copyable::Copyable;

/// The longest text that is put on a clipboard, in bytes: its base64 stays below 100,000, past which terminals drop it.
pub const LIMIT: usize = 74_994;
/// How much of a sequence GNU screen passes through at a time, in bytes: it drops a string of more than 768.
const SCREEN_PIECE: usize = 512;

/// What stands between this program and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Nothing.
    Direct,
    Tmux,
    /// GNU screen.
    Screen,
}

/// The text is longer than [`LIMIT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl Path {
    /// By `TMUX`, `STY` and `TERM`. tmux goes first: it calls its terminal `screen`, too.
    #[must_use]
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        if is_set("TMUX") {
            Path::Tmux
        } else if is_set("STY") || variable("TERM").is_some_and(|term| term == "screen" || term.starts_with("screen."))
        {
            Path::Screen
        } else {
            Path::Direct
        }
    }

    /// What the terminal needs to put the text on the clipboard.
    ///
    /// # Errors
    /// [`TooLong`]; a part of a text would be worse than none.
    pub fn sequence(self, text: &Copyable) -> Result<String, TooLong> {
        let text = text.joined("\n");
        if text.len() > LIMIT {
            return Err(TooLong);
        }
        let osc = format!("\x1b]52;c;{}\x1b\\", BASE64.encode(text));
        Ok(match self {
            Path::Direct => osc,
            // tmux takes the first with `set-clipboard on`, and passes the second on with `allow-passthrough on`.
            Path::Tmux => format!("{osc}\x1bPtmux;{}\x1b\\", osc.replace('\x1b', "\x1b\x1b")),
            Path::Screen => passed_through_screen(&osc),
        })
    }
}

/// In pieces, each in a string of its own. The end of the sequence is BEL: an ESC inside would end the string around it.
fn passed_through_screen(osc: &str) -> String {
    let osc = osc.replace("\x1b\\", "\x07");
    let mut wrapped = String::with_capacity(osc.len() + osc.len() / SCREEN_PIECE * 4 + 8);
    // The sequence is ASCII, so that any byte is a border of characters.
    for piece in osc.as_bytes().chunks(SCREEN_PIECE) {
        // Writing to a String cannot fail.
        let _ = write!(wrapped, "\x1bP{}\x1b\\", String::from_utf8_lossy(piece));
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(variables: &[(&str, &str)]) -> Path {
        Path::from_environment(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_says_what_is_between() {
        assert_eq!(path(&[("TERM", "xterm-256color")]), Path::Direct);
        assert_eq!(path(&[("TMUX", "/tmp/tmux-0/default,1,0"), ("TERM", "screen")]), Path::Tmux);
        assert_eq!(path(&[("STY", "1.pts-0.host")]), Path::Screen);
        assert_eq!(path(&[("TERM", "screen.xterm-256color")]), Path::Screen);
    }

    #[test]
    fn the_text_is_encoded_and_wrapped_for_what_is_between() {
        let text = Copyable::lines("two lines", vec!["a".into(), "ü".into()]);
        let osc = "\x1b]52;c;YQrDvA==\x1b\\";
        assert_eq!(Path::Direct.sequence(&text).unwrap(), osc);
        assert_eq!(
            Path::Tmux.sequence(&text).unwrap(),
            format!("{osc}\x1bPtmux;\x1b\x1b]52;c;YQrDvA==\x1b\x1b\\\x1b\\")
        );
        assert_eq!(Path::Screen.sequence(&text).unwrap(), "\x1bP\x1b]52;c;YQrDvA==\x07\x1b\\");
    }

    #[test]
    fn screen_gets_a_long_text_in_pieces_that_it_takes() {
        let sequence = Path::Screen.sequence(&Copyable::line("long", "x".repeat(2000))).unwrap();
        let pieces: Vec<&str> = sequence.split_terminator("\x1b\\").collect();
        assert!(pieces.iter().all(|piece| piece.starts_with("\x1bP") && piece.len() <= 768), "{pieces:?}");
        let joined: String = pieces.iter().map(|piece| &piece[2..]).collect();
        assert_eq!(joined, format!("\x1b]52;c;{}\x07", BASE64.encode("x".repeat(2000))));
    }

    #[test]
    fn a_text_that_terminals_would_drop_is_not_sent() {
        let text = |length| Copyable::line("long", "x".repeat(length));
        assert!(Path::Direct.sequence(&text(LIMIT)).unwrap().len() < 100_100);
        assert_eq!(Path::Direct.sequence(&text(LIMIT + 1)), Err(TooLong));
    }
}
