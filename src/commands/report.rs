//! Reports as lines, in ASCII where the terminal cannot show more: rows behind their marks, sections of facts.

use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use super::output::Output;
use crate::config::UiSection;
use crate::connector::finding::Finding;
use crate::error::Problem;
use crate::report::{Row, Section, Tone};
use crate::tui::theme::{Colours, Theme};

/// Columns of a terminal that does not say how many it has.
const USUAL_WIDTH: u16 = 80;
/// The longest name of a check, in cells.
const NAME_WIDTH: usize = 15;

/// Prints as the reader can show it: a terminal, perhaps of ASCII only, or a pipe.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    theme: Theme,
    /// Columns of the terminal; `None` for a pipe, where nothing is cut.
    width: Option<usize>,
}

impl Printer {
    /// What the settings, the environment and the output allow.
    #[must_use]
    pub fn new(ui: &UiSection, output: &Output) -> Self {
        let is_terminal = output.is_terminal();
        let width = || rustix::termios::tcgetwinsize(std::io::stdout()).map_or(USUAL_WIDTH, |size| size.ws_col);
        let width = is_terminal.then(width);
        let theme = Theme::from_environment(|name| std::env::var(name).ok()).set(ui, is_terminal);
        // A terminal that does not know its width says 0.
        let width = width.map(|width| if width == 0 { USUAL_WIDTH } else { width }.into());
        Self { theme, width }
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
        format!("{} {word:<7} ", if self.theme.unicode { shape } else { ascii })
    }

    /// A row behind its mark: with a name in one line, else in full, with why it matters and what to do.
    pub fn row(self, row: &Row, output: &mut Output) -> Result<(), Problem> {
        let (mark, text) = (self.mark(row.tone), self.text(row.text.as_str()));
        if !row.name.is_empty() {
            let line = self.cut(format!("{mark}{:<NAME_WIDTH$} {text}", row.name));
            return output.text(&self.painted(row.tone, &mark, line.trim_end()));
        }
        output.text(&self.painted(row.tone, &mark, &format!("{mark}{text}")))?;
        for line in row.hint.iter().flat_map(|advice| [advice.why.clone(), advice.fix.command_line()]) {
            output.text(&format!("  {}", self.text(&line)))?;
        }
        Ok(())
    }

    /// The line with its mark in colour, where there are colours.
    fn painted(self, tone: Tone, mark: &str, line: &str) -> String {
        let colour = match tone {
            _ if self.theme.colours != Colours::Text => None,
            Tone::Good => Some("32"),
            Tone::Warning => Some("33"),
            Tone::Danger => Some("31"),
            _ => None,
        };
        match (colour, line.strip_prefix(mark)) {
            (Some(colour), Some(rest)) => format!("\x1b[{colour}m{mark}\x1b[0m{rest}"),
            _ => line.to_owned(),
        }
    }

    /// What does not fit on a line of the terminal is in the findings and in `--json`.
    fn cut(self, line: String) -> String {
        let Some(width) = self.width.filter(|width| line.width() > *width) else { return line };
        let ellipsis = self.text("…");
        let mut cut = line;
        while !cut.is_empty() && cut.width() + ellipsis.width() > width {
            cut.pop();
        }
        cut + &ellipsis
    }

    /// The text as this terminal can show it.
    pub fn text(self, text: &str) -> String {
        if self.theme.unicode {
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

    fn printer(colours: Colours, unicode: bool, width: Option<usize>) -> Printer {
        Printer { theme: Theme { colours, unicode }, width }
    }

    #[test]
    fn a_terminal_without_unicode_gets_ascii_only() {
        let plain = printer(Colours::None, false, None);
        for tone in [Tone::Good, Tone::Warning, Tone::Danger, Tone::Open] {
            assert!(plain.mark(tone).is_ascii());
        }
        assert_eq!(plain.text("••••3f9a … ü"), "****3f9a ... ?");
        assert_eq!(printer(Colours::None, true, None).mark(Tone::Good), "✓ ok      ");
    }

    #[test]
    fn a_line_is_cut_to_the_terminal_and_into_a_pipe_never() {
        let line = "x".repeat(200);
        assert_eq!(printer(Colours::None, true, Some(100)).cut(line.clone()).width(), 100);
        assert_eq!(printer(Colours::None, true, Some(80)).cut("short".to_owned()), "short");
        assert_eq!(printer(Colours::None, true, None).cut(line.clone()), line);
    }

    #[test]
    fn only_the_mark_is_coloured_and_only_where_colours_are_wanted() {
        let line = "! warning text";
        assert_eq!(
            printer(Colours::Text, true, None).painted(Tone::Warning, "! warning ", line),
            "\x1b[33m! warning \x1b[0mtext"
        );
        for colours in [Colours::None, Colours::Backgrounds] {
            assert_eq!(printer(colours, true, None).painted(Tone::Warning, "! warning ", line), line);
        }
    }
}
