//! Findings as lines: what is wrong, why, and the fix. ASCII where the locale cannot show more.

use serde_json::json;

use super::output::Output;
use crate::connector::finding::{Finding, Level};
use crate::error::Problem;
use crate::tui::view::theme::Theme;

/// What a line begins with: a shape and a word, so that neither colour nor shape alone carries the meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Ok,
    /// To look after.
    Warning,
    /// Does not work.
    Wrong,
    /// Not checked.
    Skipped,
}

impl Mark {
    /// `ok`, `warning`, `wrong` or `skipped`.
    pub fn word(self) -> &'static str {
        match self {
            Mark::Ok => "ok",
            Mark::Warning => "warning",
            Mark::Wrong => "wrong",
            Mark::Skipped => "skipped",
        }
    }

    fn shape(self, unicode: bool) -> &'static str {
        match (self, unicode) {
            (Mark::Ok, true) => "✓",
            (Mark::Ok, false) => "+",
            (Mark::Warning, _) => "!",
            (Mark::Wrong, true) => "✗",
            (Mark::Wrong, false) => "x",
            (Mark::Skipped, _) => "-",
        }
    }
}

impl From<Level> for Mark {
    fn from(level: Level) -> Self {
        match level {
            Level::Warning => Mark::Warning,
            Level::Wrong => Mark::Wrong,
        }
    }
}

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

    /// `✓ ok     `: shape and word, padded.
    pub fn mark(self, mark: Mark) -> String {
        format!("{} {:<7}", mark.shape(self.unicode), mark.word())
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
            output.text(&format!("{} {}", self.mark(finding.level.into()), self.text(&finding.what)))?;
            output.text(&format!("  why: {}", self.text(&finding.means)))?;
            output.text(&format!("  fix: {}", self.text(&finding.next.command_line())))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_without_unicode_gets_ascii_only() {
        let plain = Printer { unicode: false };
        for mark in [Mark::Ok, Mark::Warning, Mark::Wrong, Mark::Skipped] {
            assert!(plain.mark(mark).is_ascii());
        }
        assert_eq!(plain.text("••••3f9a … ü"), "****3f9a ... ?");
        assert_eq!(Printer { unicode: true }.mark(Mark::Ok), "✓ ok     ");
    }
}
