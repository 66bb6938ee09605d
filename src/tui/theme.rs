//! How roles look: the 16 ANSI colours, attributes alone where colour is unwanted, ASCII where Unicode is.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use crate::config::{Ascii, ColorWhen, ThemeName, UiSection};
use crate::untrusted::is_dangerous;

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

/// Which colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// None: attributes alone.
    None,
    /// The terminal's sixteen, for text.
    Text,
    /// As backgrounds only, and nothing is dim: whatever the terminal's own colours are, it can be read.
    Backgrounds,
}

/// Colours and characters for one terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Which colours may be used.
    pub colours: Colours,
    /// Whether characters outside ASCII may be used.
    pub unicode: bool,
}

impl Theme {
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
        Self { colours: if no_colours { Colours::None } else { Colours::Text }, unicode }
    }

    /// What the settings make of it. `is_terminal`: whether what is written goes to one.
    #[must_use]
    pub fn set(self, ui: &UiSection, is_terminal: bool) -> Self {
        let colours = match ui.color {
            ColorWhen::Always => Colours::Text,
            ColorWhen::Auto if is_terminal => self.colours,
            ColorWhen::Auto | ColorWhen::Never => Colours::None,
        };
        let unicode = match ui.ascii {
            Ascii::Auto => self.unicode,
            Ascii::Always => false,
            Ascii::Never => true,
        };
        Self { colours, unicode }.with(ui.theme)
    }

    /// The same in a theme; what the environment does not want stays away.
    #[must_use]
    pub fn with(self, theme: ThemeName) -> Self {
        let colours = match (theme, self.colours) {
            (ThemeName::Mono, _) | (_, Colours::None) => Colours::None,
            (ThemeName::HighContrast, _) => Colours::Backgrounds,
            (ThemeName::Default, colours) => colours,
        };
        Self { colours, ..self }
    }

    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        match (role, self.colours) {
            (Role::Text, _) | (Role::Dim, Colours::Backgrounds) | (Role::Good, Colours::None) => plain,
            (Role::Title, _)
            | (Role::Accent | Role::Good, Colours::Backgrounds)
            | (Role::Accent | Role::Warning | Role::Danger, Colours::None) => bold,
            // The palette's dark grey is the background of some themes.
            (Role::Dim, Colours::None | Colours::Text) => plain.add_modifier(Modifier::DIM),
            (Role::Accent, Colours::Text) => plain.fg(Color::Cyan),
            (Role::Good, Colours::Text) => plain.fg(Color::Green),
            (Role::Warning, Colours::Text) => plain.fg(Color::Yellow),
            (Role::Danger, Colours::Text) => bold.fg(Color::Red),
            (Role::Warning, Colours::Backgrounds) => bold.fg(Color::Black).bg(Color::Yellow),
            (Role::Danger, Colours::Backgrounds) => bold.fg(Color::White).bg(Color::Red),
        }
    }

    /// A style as it is in the selected row: reversed, and of one colour, since colours that are reversed are loud.
    pub fn selected(self, style: Style) -> Style {
        Style { fg: None, bg: None, ..style }.add_modifier(Modifier::REVERSED)
    }

    /// Replaces what the terminal cannot show, once, when a frame is done; and what nobody made safe, should there be any.
    pub fn fold(self, buffer: &mut Buffer) {
        for cell in &mut buffer.content {
            if cell.symbol().chars().any(is_dangerous) {
                cell.set_symbol("?");
            } else if !self.unicode && !cell.symbol().is_ascii() {
                cell.set_symbol(ascii(cell.symbol()));
            }
        }
    }
}

/// What stands for a character where only ASCII can be shown: none for two meanings, so that a shape still says its state.
const ASCII: [(&str, &[&str]); 26] = [
    // A line of a border, or between two parts of a text.
    ("-", &["─", "╌", "–", "·"]),
    ("|", &["│"]),
    ("+", &["╭", "╮", "╰", "╯", "└", "├", "┤"]),
    // More was cut.
    ("~", &["…"]),
    // Sent, done, good.
    ("*", &["●"]),
    // Not yet.
    ("o", &["○"]),
    // It will be retried.
    ("%", &["◐"]),
    // It needs a person.
    ("!", &["▲"]),
    // Failed, refused.
    ("X", &["✗"]),
    // Running.
    ("@", &["▶"]),
    // Stopped.
    ("&", &["■"]),
    // Counted only, or only on request.
    ("=", &["◇"]),
    // Waited for.
    ("^", &["◌"]),
    // A request that was taken.
    (":", &["▪"]),
    // Marked.
    ("$", &["◆"]),
    // It points: at the row of the cursor, at the next part of a way, at a time.
    (">", &["▸", "→"]),
    // A hidden character, or a point of a chart.
    (".", &["•"]),
    ("x", &["×"]),
    // Bars: from nothing to full.
    ("_", &["░", "▁"]),
    ("1", &["▂"]),
    ("2", &["▃"]),
    ("3", &["▄"]),
    ("4", &["▅"]),
    ("5", &["▆"]),
    ("6", &["▇"]),
    ("#", &["█"]),
];

fn ascii(symbol: &str) -> &'static str {
    ASCII.iter().find(|(_, symbols)| symbols.contains(&symbol)).map_or("?", |(ascii, _)| ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theme(variables: &[(&str, &str)]) -> Theme {
        Theme::from_environment(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_decides() {
        assert_eq!(theme(&[("LANG", "de_DE.UTF-8")]), Theme { colours: Colours::Text, unicode: true });
        assert_eq!(theme(&[("LANG", "C.utf8"), ("NO_COLOR", "1")]), Theme { colours: Colours::None, unicode: true });
        assert_eq!(theme(&[("LANG", "C.UTF-8"), ("NO_COLOR", "")]), Theme { colours: Colours::Text, unicode: true });
        assert_eq!(theme(&[("LANG", "C")]), Theme { colours: Colours::Text, unicode: false });
        assert_eq!(theme(&[]), Theme { colours: Colours::Text, unicode: false });
        assert_eq!(
            theme(&[("LC_ALL", "POSIX"), ("LANG", "C.UTF-8")]),
            Theme { colours: Colours::Text, unicode: false }
        );
        assert_eq!(theme(&[("TERM", "dumb"), ("LANG", "C.UTF-8")]), Theme { colours: Colours::None, unicode: true });
        assert_eq!(theme(&[("CLICOLOR", "0")]).colours, Colours::None);
    }

    #[test]
    fn settings_overrule_the_environment() {
        let ui = |color, ascii| UiSection { color, ascii, ..UiSection::default() };
        let bare = theme(&[("NO_COLOR", "1")]);
        assert_eq!(bare.set(&ui(ColorWhen::Auto, Ascii::Auto), true), bare);
        let asked = Theme { colours: Colours::Text, unicode: true };
        assert_eq!(bare.set(&ui(ColorWhen::Always, Ascii::Never), true), asked);
        assert_eq!(bare.set(&ui(ColorWhen::Always, Ascii::Never), false), asked, "also into a pipe");
        assert_eq!(asked.set(&ui(ColorWhen::Auto, Ascii::Always), true), Theme { unicode: false, ..asked });
        for (color, is_terminal) in [(ColorWhen::Never, true), (ColorWhen::Auto, false)] {
            assert_eq!(asked.set(&ui(color, Ascii::Auto), is_terminal).colours, Colours::None);
        }
    }

    #[test]
    fn without_colours_no_role_has_one() {
        let mono = Theme { colours: Colours::None, unicode: true };
        for role in [Role::Text, Role::Dim, Role::Accent, Role::Good, Role::Warning, Role::Danger, Role::Title] {
            assert_eq!((mono.style(role).fg, mono.style(role).bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn a_theme_never_brings_back_colours_that_are_unwanted() {
        let unwanted = theme(&[("NO_COLOR", "1")]);
        for theme in [ThemeName::Default, ThemeName::HighContrast, ThemeName::Mono] {
            assert_eq!(unwanted.with(theme).colours, Colours::None);
        }
        assert_eq!(theme(&[]).with(ThemeName::Mono).colours, Colours::None);
        assert_eq!(theme(&[]).with(ThemeName::HighContrast).colours, Colours::Backgrounds);
    }

    #[test]
    fn high_contrast_text_has_the_terminals_own_colour_or_a_background_of_its_own() {
        let contrast = theme(&[]).with(ThemeName::HighContrast);
        for role in [Role::Text, Role::Dim, Role::Accent, Role::Good, Role::Warning, Role::Danger, Role::Title] {
            let style = contrast.style(role);
            assert_eq!(style.fg.is_some(), style.bg.is_some(), "{role:?}");
            assert!(!style.add_modifier.contains(Modifier::DIM), "{role:?}");
        }
    }

    #[test]
    fn in_ascii_no_character_has_two_meanings() {
        let mut seen: Vec<&str> = Vec::new();
        for (ascii, symbols) in ASCII {
            assert!(ascii.is_ascii() && ascii.len() == 1 && ascii != "?", "{ascii:?}");
            for one in [&[ascii][..], symbols].concat() {
                assert!(!seen.contains(&one), "{one} stands for two things");
                seen.push(one);
            }
        }
    }

    #[test]
    fn every_shape_of_a_state_has_a_character_of_its_own() {
        let shapes = ["●", "○", "◐", "▲", "✗", "▶", "■", "◇", "◌", "▪", "◆", "▸", "…", "░", "█"];
        let mut folded = shapes.map(ascii).to_vec();
        assert!(!folded.contains(&"?"), "{folded:?}");
        folded.sort_unstable();
        folded.dedup();
        assert_eq!(folded.len(), shapes.len());
    }
}
