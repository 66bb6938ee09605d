//! The commands that README and docs show: each is one that the program takes.

use std::path::{Path, PathBuf};

use clap::Parser as _;
use commerce_connector::cli::Cli;

const PROGRAM: &str = "commerce-connector";

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).expect("docs").map(|entry| entry.expect("an entry").path());
    let pages = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.chain([root.join("README.md"), root.join("SECURITY.md"), root.join("CHANGELOG.md")]).collect()
}

/// The commands of a page: lines of its code blocks, and code within its text, that begin with the program's name.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_block = false;
    let mut continued = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if is_block {
            let line = format!("{continued}{}", line.trim_start().trim_start_matches("$ "));
            continued.clear();
            match line.strip_suffix('\\') {
                Some(begun) => begun.clone_into(&mut continued),
                None => found.extend(line.starts_with(PROGRAM).then_some(line)),
            }
        } else {
            found
                .extend(line.split('`').skip(1).step_by(2).filter(|code| code.starts_with(PROGRAM)).map(str::to_owned));
        }
    }
    found
}

/// The words of a command as a shell splits them, up to a comment, a pipe or a redirection.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in command.chars().chain([' ']) {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, None) if c.is_whitespace() => {
                if matches!(word.as_str(), "#" | "|" | ">" | "&&" | "&" | ";") {
                    return words;
                }
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (c, _) => word.push(c),
        }
    }
    words
}

/// Whether the program takes it. Where a page leaves something out (`…`), what is before that must be a command.
fn is_taken(words: &[String]) -> Result<(), String> {
    let shown = words.iter().position(|word| word.contains('…')).unwrap_or(words.len());
    let is_whole = shown == words.len();
    match Cli::try_parse_from(&words[..shown]) {
        Ok(_) => Ok(()),
        Err(error)
            if matches!(error.kind(), clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion) =>
        {
            Ok(())
        }
        // A group of commands by its name, or a command that is not shown whole.
        Err(error)
            if matches!(
                error.kind(),
                clap::error::ErrorKind::MissingSubcommand
                    | clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            ) || (!is_whole && error.kind() == clap::error::ErrorKind::MissingRequiredArgument) =>
        {
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn every_command_that_a_page_shows_is_one() {
    let mut wrong = Vec::new();
    let mut number = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page");
        for command in commands(&text) {
            number += 1;
            if let Err(error) = is_taken(&words(&command)) {
                wrong.push(format!("{}: {command}\n{error}", page.display()));
            }
        }
    }
    assert!(number > 40, "only {number} commands were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_command_that_is_none_is_noticed() {
    let refused =
        ["commerce-connector exprot run", "commerce-connector export run --fast", "commerce-connector keys … --x"];
    assert_eq!(refused.map(|command| is_taken(&words(command)).is_ok()), [false, false, true]);
    assert_eq!(commands("a `commerce-connector demo` b\n```sh\n$ commerce-connector doctor # why\n```\n").len(), 2);
}
