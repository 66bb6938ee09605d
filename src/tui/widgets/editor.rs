//! Text that a person types: one line, or a private key of many lines. Both are wiped when dropped.

use std::fmt;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_textarea::{CursorMove, TextArea};
use zeroize::{Zeroize as _, Zeroizing};

/// The longest line that can be typed, in bytes. No key, name or path is longer; a slip of the clipboard is.
const LINE_LIMIT: usize = 4096;
/// The longest private key text that is looked at, in bytes: an RSA key of 16,384 bits is under 13 KiB of PEM.
pub const KEY_TEXT_LIMIT: usize = 64 * 1024;

/// One line of text and a cursor.
pub struct LineEditor {
    text: Zeroizing<String>,
    /// In bytes, always at the border of a character.
    cursor: usize,
}

/// Without the text: it may be a key.
impl fmt::Debug for LineEditor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LineEditor({} bytes)", self.text.len())
    }
}

impl Default for LineEditor {
    fn default() -> Self {
        // The whole room at once: growing would leave copies of a key behind in freed memory.
        Self { text: Zeroizing::new(String::with_capacity(LINE_LIMIT)), cursor: 0 }
    }
}

impl LineEditor {
    /// An editor that begins with `text`.
    #[must_use]
    pub fn with(text: &str) -> Self {
        let mut editor = Self::default();
        editor.paste(text);
        editor
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor.
    pub fn before_cursor(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or_default()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.text.zeroize();
        self.cursor = 0;
    }

    /// Takes pasted text in at the cursor; line ends around and within it are left out, control characters too.
    pub fn paste(&mut self, text: &str) {
        for c in text.trim().chars().filter(|c| !c.is_control()) {
            self.insert(c);
        }
    }

    /// Handles a key; returns whether the text changed.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        if is_control || key.modifiers.contains(KeyModifiers::ALT) {
            return self.shell_key(key.code, is_control);
        }
        match key.code {
            KeyCode::Char(c) => self.insert(c),
            KeyCode::Backspace => {
                let Some(previous) = self.previous() else { return false };
                self.text.replace_range(previous..self.cursor, "");
                self.cursor = previous;
            }
            KeyCode::Delete => {
                let Some(next) = self.next() else { return false };
                self.text.replace_range(self.cursor..next, "");
            }
            KeyCode::Left => self.cursor = self.previous().unwrap_or(0),
            KeyCode::Right => self.cursor = self.next().unwrap_or(self.cursor),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            _ => return false,
        }
        !matches!(key.code, KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End)
    }

    /// The keys of a shell's command line; returns whether the text changed.
    fn shell_key(&mut self, code: KeyCode, is_control: bool) -> bool {
        let end = self.text.len();
        let cut = match (code, is_control) {
            (KeyCode::Char('u'), true) => 0..self.cursor,
            (KeyCode::Char('k'), true) => self.cursor..end,
            (KeyCode::Char('w'), true) | (KeyCode::Backspace, _) => self.word_before()..self.cursor,
            (KeyCode::Char('d'), false) => self.cursor..self.word_after(),
            _ => {
                self.cursor = match (code, is_control) {
                    (KeyCode::Char('a'), true) => 0,
                    (KeyCode::Char('e'), true) => end,
                    (KeyCode::Char('b'), false) | (KeyCode::Left, _) => self.word_before(),
                    (KeyCode::Char('f'), false) | (KeyCode::Right, _) => self.word_after(),
                    _ => self.cursor,
                };
                return false;
            }
        };
        self.cursor = cut.start;
        let is_changed = !cut.is_empty();
        self.text.replace_range(cut, "");
        is_changed
    }

    /// Where the word before the cursor begins. A word is letters and digits, so that a path has one for each directory.
    fn word_before(&self) -> usize {
        let before = self.before_cursor().trim_end_matches(|c: char| !c.is_alphanumeric());
        before.trim_end_matches(char::is_alphanumeric).len()
    }

    /// Where the word after the cursor ends.
    fn word_after(&self) -> usize {
        let after = self.text.get(self.cursor..).unwrap_or_default();
        let rest = after.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_start_matches(char::is_alphanumeric);
        self.text.len() - rest.len()
    }

    fn insert(&mut self, c: char) {
        if self.text.len() + c.len_utf8() <= LINE_LIMIT {
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
    }

    fn previous(&self) -> Option<usize> {
        self.before_cursor().char_indices().next_back().map(|(at, _)| at)
    }

    fn next(&self) -> Option<usize> {
        let c = self.text.get(self.cursor..)?.chars().next()?;
        Some(self.cursor + c.len_utf8())
    }
}

/// The text of a private key while it is pasted or typed.
pub struct KeyEditor {
    area: TextArea<'static>,
    size: usize,
}

/// Without the text.
impl fmt::Debug for KeyEditor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyEditor({} bytes)", self.size)
    }
}

impl Default for KeyEditor {
    fn default() -> Self {
        let mut area = TextArea::default();
        // An undo history would keep copies of the key.
        area.set_max_histories(0);
        Self { area, size: 0 }
    }
}

impl KeyEditor {
    /// The whole text.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.area.lines().join("\n"))
    }

    /// Its lines.
    pub fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// Line and column of the cursor, from 0, in characters.
    pub fn cursor(&self) -> (usize, usize) {
        let cursor = self.area.cursor();
        (cursor.0, cursor.1)
    }

    /// Whether nothing was typed yet.
    pub fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// Takes pasted text in whole. Terminals send line ends of pasted text as carriage returns.
    ///
    /// Returns whether there was room for it.
    pub fn paste(&mut self, text: &str) -> bool {
        if self.size + text.len() > KEY_TEXT_LIMIT {
            return false;
        }
        let text = Zeroizing::new(text.replace("\r\n", "\n").replace('\r', "\n"));
        self.area.insert_str(text.as_str());
        self.size += text.len();
        true
    }

    /// Handles a key; returns whether the text changed.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        let step = match key.code {
            KeyCode::Up => CursorMove::Up,
            KeyCode::Down => CursorMove::Down,
            KeyCode::Left => CursorMove::Back,
            KeyCode::Right => CursorMove::Forward,
            KeyCode::Home => CursorMove::Head,
            KeyCode::End => CursorMove::End,
            KeyCode::PageUp => CursorMove::Top,
            KeyCode::PageDown => CursorMove::Bottom,
            _ if self.size >= KEY_TEXT_LIMIT && key.code != KeyCode::Backspace => return false,
            _ => {
                let changed = self.area.input_without_shortcuts(*key);
                if changed {
                    self.size = self.area.lines().iter().map(|line| line.len() + 1).sum();
                }
                return changed;
            }
        };
        self.area.move_cursor(step);
        false
    }
}

impl Drop for KeyEditor {
    fn drop(&mut self) {
        for mut line in std::mem::take(&mut self.area).into_lines() {
            line.zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(editor: &mut LineEditor, code: KeyCode) {
        editor.key(&KeyEvent::new(code, KeyModifiers::NONE));
    }

    #[test]
    fn a_line_is_edited_by_characters_not_bytes() {
        let mut editor = LineEditor::with("Größe\r\n");
        press(&mut editor, KeyCode::Left);
        press(&mut editor, KeyCode::Backspace);
        press(&mut editor, KeyCode::Char('東'));
        assert_eq!(editor.text(), "Grö東e");
        assert_eq!(editor.before_cursor(), "Grö東");
        press(&mut editor, KeyCode::Home);
        press(&mut editor, KeyCode::Delete);
        assert_eq!(editor.text(), "rö東e");
    }

    #[test]
    fn a_line_knows_the_keys_of_a_shell() {
        let with = |editor: &mut LineEditor, modifiers, code| editor.key(&KeyEvent::new(code, modifiers));
        let (control, alt) = (KeyModifiers::CONTROL, KeyModifiers::ALT);
        let mut editor = LineEditor::with("/var/www/größe shop");
        assert!(with(&mut editor, control, KeyCode::Char('w')));
        assert_eq!(editor.text(), "/var/www/größe ");
        assert!(!with(&mut editor, alt, KeyCode::Char('b')));
        assert_eq!(editor.before_cursor(), "/var/www/");
        with(&mut editor, control, KeyCode::Left);
        assert_eq!(editor.before_cursor(), "/var/");
        with(&mut editor, alt, KeyCode::Char('f'));
        with(&mut editor, control, KeyCode::Right);
        assert_eq!(editor.before_cursor(), "/var/www/größe");
        assert!(with(&mut editor, control, KeyCode::Char('k')));
        assert_eq!(editor.text(), "/var/www/größe");
        assert!(!with(&mut editor, control, KeyCode::Char('k')), "nothing is left");
        with(&mut editor, control, KeyCode::Char('a'));
        with(&mut editor, alt, KeyCode::Char('d'));
        assert_eq!((editor.text(), editor.before_cursor()), ("/www/größe", ""));
        with(&mut editor, control, KeyCode::Char('e'));
        with(&mut editor, KeyModifiers::NONE, KeyCode::Left);
        with(&mut editor, control, KeyCode::Char('u'));
        assert_eq!((editor.text(), editor.before_cursor()), ("e", ""));
        assert!(!with(&mut editor, control, KeyCode::Char('t')), "a key without a meaning types nothing");
        assert_eq!(editor.text(), "e");
    }

    #[test]
    fn a_line_never_grows_out_of_its_room() {
        let editor = LineEditor::with(&"é".repeat(LINE_LIMIT));
        assert_eq!(editor.text().len(), LINE_LIMIT);
    }

    #[test]
    fn a_pasted_key_is_taken_whole_whatever_its_line_ends() {
        for text in ["one\r\ntwo\r\n", "one\rtwo\r", "one\ntwo\n"] {
            let mut editor = KeyEditor::default();
            assert!(editor.paste(text));
            assert_eq!(*editor.text(), "one\ntwo\n");
        }
        let mut editor = KeyEditor::default();
        assert!(!editor.paste(&"x".repeat(KEY_TEXT_LIMIT + 1)));
        assert!(editor.is_empty());
    }
}
