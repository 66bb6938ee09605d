//! Help topics: `help feeds`, `help states`, `help exit-codes`. The documentation's tables say the same; a test compares them.

use std::fmt::Write as _;

use clap::{CommandFactory as _, ValueEnum as _};

use super::items::state_of;
use super::output::table;
use crate::cli::{Cli, StateChoice};
use crate::domain::Feed;
use crate::error::Exit;

/// The topics, as they are asked for.
pub const TOPICS: [&str; 3] = ["feeds", "states", "exit-codes"];

/// What `help` prints of a topic; `None` if it is a command's name, or nothing.
#[must_use]
pub fn text(topic: &str) -> Option<String> {
    match topic {
        "feeds" => Some(feeds()),
        "states" => Some(states()),
        "exit-codes" => Some(exit_codes()),
        _ => None,
    }
}

/// The feeds; and the command of that name, whose help this was before.
fn feeds() -> String {
    let mut rows = vec![row(["FEED", "WHAT IT HOLDS"])];
    rows.extend(Feed::ALL.map(|feed| row([feed.name(), feed.what()])));
    let mut command = Cli::command();
    command.build();
    let help = command.find_subcommand_mut("feeds").map(|feeds| feeds.render_help().to_string()).unwrap_or_default();
    format!(
        "Feeds, in the order in which they are sent:\n\n{}\n\nThe command:\n\n{}",
        table(&rows, &[]),
        help.trim_end()
    )
}

fn states() -> String {
    let mut text = "States of an item, with the words of Adobe's page:\n".to_owned();
    for choice in StateChoice::value_variants() {
        let state = state_of(*choice);
        let value = choice.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let (short, words, meaning) = (state.short(), state.words(), state.meaning());
        // A string takes everything.
        let _ = write!(text, "\n{short}: {words} (--state {value})\n    {meaning}");
    }
    text
}

fn exit_codes() -> String {
    let mut text = "Exit codes:\n".to_owned();
    for exit in Exit::ALL {
        // A string takes everything.
        let _ = write!(text, "\n{:>4}  {}", exit as u8, exit.meaning());
    }
    text
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_the_same_tables() {
        let page = include_str!("../../docs/exit-codes.md");
        for exit in Exit::ALL {
            let row = format!("| {} | {} |", exit as u8, exit.meaning());
            assert!(page.contains(&row), "docs/exit-codes.md lacks {row}");
        }
        let page = include_str!("../../docs/export.md");
        for choice in StateChoice::value_variants() {
            let state = state_of(*choice);
            let row = format!("| {} | *{}* | {} |", state.short(), state.words(), state.meaning());
            assert!(page.contains(&row), "docs/export.md lacks {row}");
        }
        let page = include_str!("../../docs/services.md");
        for feed in Feed::ALL {
            let row = format!("| `{}` | {} |", feed.name(), feed.what());
            assert!(page.contains(&row), "docs/services.md lacks {row}");
        }
    }

    #[test]
    fn every_topic_has_a_text() {
        assert!(TOPICS.iter().all(|topic| text(topic).is_some_and(|text| text.len() > 200)));
        for topic in TOPICS {
            let text = text(topic).unwrap_or_default();
            // What follows is as wide as the terminal.
            let own = text.split("The command:").next().unwrap_or_default();
            assert!(own.lines().all(|line| line.chars().count() <= 80), "{own}");
        }
        assert_eq!(text("export"), None);
        assert!(text("feeds").is_some_and(|text| text.contains("productAttributes") && text.contains("health")));
    }
}
