//! How roles look: the 16 ANSI colours, attributes alone where colour is unwanted, ASCII where Unicode is.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

/// What a piece of text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What is read.
    Text,
    /// Labels and remarks.
    Dim,
    /// What leads the eye: keys, the pane in front.
    Accent,
    /// Worked.
    Good,
    /// To look after.
    Warning,
    /// Failed, or dangerous.
    Danger,
    /// A heading.
    Title,
}

/// Colours and characters for one terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether colours may be used.
    pub colours: bool,
    /// Whether characters outside ASCII may be used.
    pub unicode: bool,
}

impl Look {
    /// What the environment asks for: `NO_COLOR`, `CLICOLOR`, `TERM`, and the character set of `LC_ALL`, `LC_CTYPE` or
    /// `LANG`.
    #[must_use]
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let is_dumb = variable("TERM").is_some_and(|term| term == "dumb");
        let no_colours = is_set("NO_COLOR") || variable("CLICOLOR").is_some_and(|value| value == "0") || is_dumb;
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find(|name| is_set(name)).and_then(&variable);
        let unicode = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        Self { colours: !no_colours, unicode }
    }

    /// The style of a role.
    #[must_use]
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let coloured = |colour: Color, without: Modifier| {
            if self.colours { plain.fg(colour) } else { plain.add_modifier(without) }
        };
        match role {
            Role::Text => plain,
            Role::Dim => coloured(Color::DarkGray, Modifier::DIM),
            Role::Accent => coloured(Color::Cyan, Modifier::BOLD),
            Role::Good => coloured(Color::Green, Modifier::empty()),
            Role::Warning => coloured(Color::Yellow, Modifier::BOLD),
            Role::Danger => coloured(Color::Red, Modifier::BOLD).add_modifier(Modifier::BOLD),
            Role::Title => plain.add_modifier(Modifier::BOLD),
        }
    }

    /// A style as it is in the selected row: reversed, and of one colour, since colours that are reversed are loud.
    #[must_use]
    pub fn selected(self, style: Style) -> Style {
        Style { fg: None, ..style }.add_modifier(Modifier::REVERSED)
    }

    /// Replaces what the terminal cannot show, once, when a frame is done.
    pub fn fold(self, buffer: &mut Buffer) {
        if self.unicode {
            return;
        }
        for cell in &mut buffer.content {
            if !cell.symbol().is_ascii() {
                cell.set_symbol(ascii(cell.symbol()));
            }
        }
    }
}

/// What stands for a character where only ASCII can be shown.
fn ascii(symbol: &str) -> &'static str {
    match symbol {
        "─" | "╌" | "–" => "-",
        "│" => "|",
        "╭" | "╮" | "╰" | "╯" | "├" | "┤" => "+",
        "…" | "◐" => "~",
        "•" | "●" => "*",
        "○" => "o",
        "▁" => "_",
        "▂" | "▃" => ".",
        "▄" => "=",
        "▅" => "+",
        "▆" => "*",
        "▇" => "%",
        "◇" => "=",
        "▲" => "!",
        "▶" | "▸" | "›" => ">",
        "■" | "█" => "#",
        "░" => ".",
        "✗" => "x",
        "÷" => "/",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(variables: &[(&str, &str)]) -> Look {
        Look::from_environment(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_decides() {
        assert_eq!(look(&[("LANG", "de_DE.UTF-8")]), Look { colours: true, unicode: true });
        assert_eq!(look(&[("LANG", "C.utf8"), ("NO_COLOR", "1")]), Look { colours: false, unicode: true });
        assert_eq!(look(&[("LANG", "C.UTF-8"), ("NO_COLOR", "")]), Look { colours: true, unicode: true });
        assert_eq!(look(&[("LANG", "C")]), Look { colours: true, unicode: false });
        assert_eq!(look(&[]), Look { colours: true, unicode: false });
        assert_eq!(look(&[("LC_ALL", "POSIX"), ("LANG", "C.UTF-8")]), Look { colours: true, unicode: false });
        assert_eq!(look(&[("TERM", "dumb"), ("LANG", "C.UTF-8")]), Look { colours: false, unicode: true });
        assert!(!look(&[("CLICOLOR", "0")]).colours);
    }

    #[test]
    fn without_colours_no_role_has_one() {
        let mono = Look { colours: false, unicode: true };
        for role in [Role::Text, Role::Dim, Role::Accent, Role::Good, Role::Warning, Role::Danger, Role::Title] {
            assert_eq!((mono.style(role).fg, mono.style(role).bg), (None, None), "{role:?}");
        }
    }
}
