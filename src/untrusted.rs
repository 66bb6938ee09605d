//! Text from outside, made safe to show, once, at the door.
//!
//! SKUs, names, server errors, file names: anything that another machine or person wrote may hold terminal escapes or
//! bidirectional overrides. [`SafeText`] is the only form in which such text may reach a screen, a log or a JSON line.
//! Feed payloads are data, not text to show: they are sent as they are and never pass through here.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// Text that holds no control character and no bidirectional control: those became visible escapes such as `\x1b`.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct SafeText(String);

impl SafeText {
    /// Makes text from outside safe.
    #[must_use]
    pub fn new(outside: &str) -> Self {
        if !outside.chars().any(is_dangerous) {
            return Self(outside.to_owned());
        }
        let mut safe = String::with_capacity(outside.len() + 8);
        for c in outside.chars() {
            match c {
                '\n' => safe.push_str("\\n"),
                '\r' => safe.push_str("\\r"),
                '\t' => safe.push_str("\\t"),
                c if is_dangerous(c) && (c as u32) <= 0xff => {
                    let _ = write!(safe, "\\x{:02x}", c as u32);
                }
                c if is_dangerous(c) => {
                    let _ = write!(safe, "\\u{{{:x}}}", c as u32);
                }
                c => safe.push(c),
            }
        }
        Self(safe)
    }

    /// The same, cut to at most `limit` characters, with an ellipsis where something is missing.
    #[must_use]
    pub fn limited(outside: &str, limit: usize) -> Self {
        let Self(safe) = Self::new(outside);
        if safe.chars().count() <= limit {
            return Self(safe);
        }
        let mut cut: String = safe.chars().take(limit.saturating_sub(1)).collect();
        cut.push('…');
        Self(cut)
    }

    /// The safe text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for SafeText {
    fn from(outside: String) -> Self {
        Self::new(&outside)
    }
}

impl From<&str> for SafeText {
    fn from(outside: &str) -> Self {
        Self::new(outside)
    }
}

/// In quotes, like any text: sentences use it where a name could be empty or look like a word of the sentence.
impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A line of JSON in which no dangerous character stands as itself: inside a string, which is the only place where JSON can hold
/// one, `\u202e` is the same data. Programs read what was there; a terminal receives nothing.
pub fn inert_json(line: &str) -> Cow<'_, str> {
    if line.bytes().all(|byte| (b' '..0x7f).contains(&byte)) || !line.chars().any(is_dangerous) {
        return Cow::Borrowed(line);
    }
    let mut inert = String::with_capacity(line.len() + 8);
    for c in line.chars() {
        if is_dangerous(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(inert, "\\u{unit:04x}");
            }
        } else {
            inert.push(c);
        }
    }
    Cow::Owned(inert)
}

/// C0, DEL, C1, line and paragraph separators, and every bidirectional or invisible control that can reorder or hide text.
pub(crate) fn is_dangerous(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_sentence_it_stands_in_quotes() {
        assert_eq!(format!("user {:?}", SafeText::new("clerk")), "user \"clerk\"");
    }

    #[test]
    fn controls_and_bidi_become_visible() {
        assert_eq!(SafeText::new("a\x1b]52;c;x\x07b").as_str(), "a\\x1b]52;c;x\\x07b");
        assert_eq!(SafeText::new("x\u{202e}y\u{9b}z\n").as_str(), "x\\u{202e}y\\x9bz\\n");
        assert_eq!(SafeText::new("Größe 42 – 東京").as_str(), "Größe 42 – 東京");
    }

    #[test]
    fn json_is_the_same_data_without_a_dangerous_character() {
        let data = serde_json::json!({"sku": "a\u{202e}b\u{9b}\u{7f}\u{e0041}", "name": "Größe \u{1b}"});
        let line = data.to_string();
        let inert = inert_json(&line);
        assert!(!inert.chars().any(is_dangerous), "{inert}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&inert).expect("JSON"), data);
        assert!(matches!(inert_json("{\"name\":\"東京\"}"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_limit_is_in_characters_and_says_that_something_is_missing() {
        assert_eq!(SafeText::limited("äöüß", 3).as_str(), "äö…");
        assert_eq!(SafeText::limited("äöü", 3).as_str(), "äöü");
    }
}
