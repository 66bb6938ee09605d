//! Reports as lines, in ASCII where the locale cannot show more: rows behind their marks, sections of facts.

use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use super::output::Output;
use crate::connector::finding::Finding;
use crate::error::Problem;
use crate::report::{Row, Section, Tone};
use crate::tui::theme::Theme;

/// A line is no longer than this: the narrowest usual terminal, in cells.
const WIDTH: usize = 80;
/// The longest name of a check, in cells.
const NAME_WIDTH: usize = 15;

/// Prints for a terminal that may know ASCII only.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    unicode: bool,
}

impl Printer {
    /// What the environment's locale can show.
    #[must_use]
    pub fn from_environment() -> Self {
        Self { unicode: Theme::from_environment(|name| std::env::var(name).ok()).unicode }
    }

    /// `✓ ok     `: a shape and a word, padded, so that neither colour nor shape alone carries the meaning.
    fn mark(self, tone: Tone) -> String {
        let (shape, ascii, word) = match tone {
            Tone::Good => ("✓", "+", "ok"),
            Tone::Warning => ("!", "!", "warning"),
            Tone::Danger => ("✗", "x", "wrong"),
            Tone::Open => ("-", "-", "skipped"),
            Tone::Plain | Tone::Info | Tone::Remark | Tone::Title | Tone::Busy | Tone::Old | Tone::New => {
                return String::new();
            }
        };
        format!("{} {word:<7} ", if self.unicode { shape } else { ascii })
    }

    /// A row behind its mark: with a name in one line, else in full, with why it matters and what to do.
    pub fn row(self, row: &Row, output: &mut Output) -> Result<(), Problem> {
        let (mark, text) = (self.mark(row.tone), self.text(row.text.as_str()));
        if !row.name.is_empty() {
            let line = format!("{mark}{:<NAME_WIDTH$} {text}", row.name);
            return output.text(self.cut(line).trim_end());
        }
        output.text(&format!("{mark}{text}"))?;
        for line in row.hint.iter().flat_map(|advice| [advice.why.clone(), advice.fix.command_line()]) {
            output.text(&format!("  {}", self.text(&line)))?;
        }
        Ok(())
    }

    /// What does not fit on a line is in the findings and in `--json`.
    fn cut(self, line: String) -> String {
        if line.width() <= WIDTH {
            return line;
        }
        let ellipsis = self.text("…");
        let mut cut = line;
        while cut.width() + ellipsis.width() > WIDTH {
            cut.pop();
        }
        cut + &ellipsis
    }

    /// The text as this terminal can show it.
    pub fn text(self, text: &str) -> String {
        if self.unicode {
            return text.to_owned();
        }
        let mut ascii = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '•' => ascii.push('*'),
                '…' => ascii.push_str("..."),
                '–' => ascii.push('-'),
                c if c.is_ascii() => ascii.push(c),
                _ => ascii.push('?'),
            }
        }
        ascii
    }

    /// Each finding: what is wrong, why it matters, how to fix it.
    pub fn findings<'a>(
        self,
        findings: impl IntoIterator<Item = &'a Finding>,
        output: &mut Output,
    ) -> Result<(), Problem> {
        for finding in findings {
            output.record("finding", json!(finding))?;
            output.text("")?;
            self.row(&finding.row(), output)?;
        }
        Ok(())
    }
}

/// Sections of facts, each under its title.
pub fn sections(sections: &[Section], output: &mut Output) -> Result<(), Problem> {
    for Section { title, note, rows } in sections {
        output.text(format!("{title}  {note}").trim_end())?;
        for row in rows {
            output.text(&format!("  {}", row.plain()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_without_unicode_gets_ascii_only() {
        let plain = Printer { unicode: false };
        for tone in [Tone::Good, Tone::Warning, Tone::Danger, Tone::Open] {
            assert!(plain.mark(tone).is_ascii());
        }
        assert_eq!(plain.text("••••3f9a … ü"), "****3f9a ... ?");
        assert_eq!(Printer { unicode: true }.mark(Tone::Good), "✓ ok      ");
    }
}
