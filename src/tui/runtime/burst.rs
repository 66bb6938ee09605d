//! Pastes of terminals that do not bracket them: keys that come faster than anybody types.
//!
//! Such a terminal sends a pasted key as single keys, and outside an editor each of them would be a command: `q` quits, `a`
//! exports. A run of characters without a pause that looks like a key is therefore taken as a paste. Everything else stays what it
//! is. Pure: the thread that reads the terminal asks how long to wait for the next key, and hands it over.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::tui::widgets::editor::KEY_TEXT_LIMIT;

/// What the terminal tells.
#[derive(Debug)]
pub enum Input {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted; it may be a key.
    Paste(Secret),
    /// The left button of the mouse was pressed at this column and row.
    Click(u16, u16),
    /// The wheel of the mouse was turned by a notch.
    Wheel { is_up: bool },
    /// The terminal has another size.
    Resize,
}

/// How a private key begins.
const BEGIN: &str = "-----BEGIN";
/// How long the next character of [`BEGIN`] may take: a link may deliver a paste piece by piece, and nobody types so fast.
const WITHIN_BEGIN: Duration = Duration::from_millis(25);
/// How long the next piece of a private key may take.
const WITHIN_KEY: Duration = Duration::from_millis(500);
/// How long the next character of anything else may take: it must be there already. Not zero, because crossterm's reader
/// then does not even look at what it has read.
const AT_ONCE: Duration = Duration::from_millis(1);
/// How long something may take to follow what looks whole.
const AFTER_KEY: Duration = Duration::from_millis(30);
/// The shortest run without [`BEGIN`] that is taken for a key, in characters: Adobe's API keys have 32.
const LEAST: usize = 24;
/// How many different characters such a run has at least: a key that is held down makes a long run of one.
const LEAST_DIFFERENT: usize = 5;

/// Keys that came without a pause.
pub(super) struct Burst {
    text: Zeroizing<String>,
    /// Empty once the text is known to be a private key.
    keys: Vec<KeyEvent>,
}

impl Burst {
    /// Begins with a key, if it types something.
    pub(super) fn begin(key: &KeyEvent) -> Option<Self> {
        // The whole room at once: growing would leave copies behind in freed memory.
        let mut burst = Self { text: Zeroizing::new(String::with_capacity(KEY_TEXT_LIMIT + 4)), keys: Vec::new() };
        burst.takes(key).then_some(burst)
    }

    /// Takes the next key, if it types something. What is too long to be a private key is taken to its end, and dropped: none of
    /// it may become a command.
    pub(super) fn takes(&mut self, key: &KeyEvent) -> bool {
        let Some(c) = typed(key) else { return false };
        if self.text.len() > KEY_TEXT_LIMIT {
            return self.is_private_key();
        }
        self.text.push(c);
        if self.is_private_key() {
            self.keys.clear();
        } else {
            self.keys.push(*key);
        }
        true
    }

    /// How long to wait for the next key.
    pub(super) fn patience(&self) -> Duration {
        if self.is_private_key() {
            if self.text.trim_end().ends_with("KEY-----") && self.text.contains("-----END") {
                AFTER_KEY
            } else {
                WITHIN_KEY
            }
        } else if BEGIN.starts_with(self.text.as_str()) {
            WITHIN_BEGIN
        } else if is_token(&self.text) {
            AFTER_KEY
        } else {
            AT_ONCE
        }
    }

    /// What came: a paste, or the keys.
    pub(super) fn end(self) -> Vec<Input> {
        if self.is_private_key() {
            return vec![Input::Paste(Secret::new(self.text.as_str()))];
        }
        if !is_token(&self.text) {
            return self.keys.into_iter().map(Input::Key).collect();
        }
        let paste = Input::Paste(Secret::new(self.text.trim_end()));
        // Whoever pasted a line and pressed Enter, or a script that did, is done with it.
        let enter = self.keys.last().filter(|key| key.code == KeyCode::Enter).map(|key| Input::Key(*key));
        std::iter::once(paste).chain(enter).collect()
    }

    fn is_private_key(&self) -> bool {
        self.text.contains(BEGIN)
    }
}

/// What a key types; `None` for a command.
fn typed(key: &KeyEvent) -> Option<char> {
    match key.code {
        // In raw mode a line feed arrives as this.
        KeyCode::Char('j') if key.modifiers == KeyModifiers::CONTROL => Some('\n'),
        KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => Some(c),
        KeyCode::Enter if key.modifiers.is_empty() => Some('\n'),
        KeyCode::Tab if key.modifiers.is_empty() => Some('\t'),
        _ => None,
    }
}

/// Whether a run is an API key or base64 without its frame. A path is typed or pasted into a line, and is neither.
fn is_token(text: &str) -> bool {
    let body = text.trim_end();
    let is_of_one = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_' | '\n');
    let mut different: Vec<char> = body.chars().collect();
    different.sort_unstable();
    different.dedup();
    body.len() >= LEAST
        && !body.starts_with(['/', '\n'])
        && body.chars().all(is_of_one)
        && body.contains(|c: char| c.is_ascii_digit())
        && body.contains(|c: char| c.is_ascii_alphabetic())
        && different.len() >= LEAST_DIFFERENT
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("../../keys/fixtures/rsa-2048.pem");

    fn keys(text: &str) -> Vec<KeyEvent> {
        text.chars()
            .map(|c| match c {
                '\n' => KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE),
                c if c.is_ascii_uppercase() => KeyEvent::new(KeyCode::Char(c), KeyModifiers::SHIFT),
                c => KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE),
            })
            .collect()
    }

    /// What becomes of a text whose characters come with these pauses; also how many were taken.
    fn read(text: &str, pause: Duration) -> (Vec<Input>, usize) {
        let keys = keys(text);
        let mut burst = Burst::begin(&keys[0]).expect("it types something");
        let mut taken = 1;
        for key in &keys[1..] {
            if pause > burst.patience() || !burst.takes(key) {
                break;
            }
            taken += 1;
        }
        (burst.end(), taken)
    }

    #[test]
    fn a_private_key_is_a_paste_however_it_is_cut() {
        for (text, pause) in
            [(KEY.to_owned(), 0), (KEY.to_owned(), 20), (format!("'{KEY}'"), 0), (format!("\n{KEY}"), 0)]
        {
            let (inputs, taken) = read(&text, Duration::from_millis(pause));
            let [Input::Paste(pasted)] = inputs.as_slice() else { panic!("{} inputs", inputs.len()) };
            assert_eq!(taken, text.chars().count());
            assert_eq!(pasted.expose(), text);
        }
    }

    #[test]
    fn an_api_key_is_a_paste_and_enter_after_it_stays_a_key() {
        let api_key = "0123456789abcdef0123456789abcdef";
        let (inputs, _) = read(api_key, Duration::ZERO);
        assert!(matches!(inputs.as_slice(), [Input::Paste(text)] if text.expose() == api_key));
        let (inputs, _) = read(&format!("{api_key}\n"), Duration::ZERO);
        assert!(matches!(inputs.as_slice(), [Input::Paste(text), Input::Key(_)] if text.expose() == api_key));
    }

    #[test]
    fn what_a_person_or_a_script_types_stays_keys() {
        let is_keys = |text: &str, pause| {
            let (inputs, taken) = read(text, Duration::from_millis(pause));
            inputs.len() == taken && inputs.iter().all(|input| matches!(input, Input::Key(_)))
        };
        for text in
            ["q", "-", "----", "2jj\n", &"j".repeat(200), "/var/www/shop/some0where/else\n", "Rehearsal of 2026\n"]
        {
            assert!(is_keys(text, 0), "{text:?}");
        }
        assert!(is_keys("-----BEGIN RSA PRIVATE KEY-----", 40), "typed by hand");
        assert!(Burst::begin(&KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)).is_none());
        assert!(Burst::begin(&KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)).is_none());
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_and_nothing_of_it_is_a_command() {
        let endless = format!("{BEGIN} {}", "q".repeat(2 * KEY_TEXT_LIMIT));
        let (inputs, taken) = read(&endless, Duration::ZERO);
        let [Input::Paste(pasted)] = inputs.as_slice() else { panic!("{} inputs", inputs.len()) };
        assert_eq!((pasted.expose().len(), taken), (KEY_TEXT_LIMIT + 1, endless.len()));
    }
}
