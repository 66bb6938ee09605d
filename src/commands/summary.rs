//! No command and no screen: a summary of this installation, and the command for everything the screen does.

use clap::CommandFactory as _;
use serde_json::json;

use super::output::{Output, table, talk};
use super::{Invocation, export};
use crate::cli::Cli;
use crate::connector::Overview;
use crate::error::Exit;

/// Prints it. `reason` is why there is no screen, the beginning of a sentence.
///
/// # Errors
/// A [`crate::error::Problem`] if nothing is configured, or the ledger cannot be read.
pub async fn run(reason: &str, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let connector = setting.connector().await?;
    talk(&format!("{reason}; using plain output. Each action of the screen is one of the commands below."));
    let overview = connector.overview();
    say_standing(&overview, output)?;
    let exit = if overview.data_space.is_some() { export::status(&connector, output)? } else { Exit::Done };
    let commands = commands();
    for (command, about) in &commands {
        output.record("command", json!({"command": command, "about": about}))?;
    }
    let rows: Vec<Vec<String>> = commands.into_iter().map(|(command, about)| vec![command, about]).collect();
    output.text(&table(&rows, &[]))?;
    Ok(exit)
}

/// What the header of the screen shows.
fn say_standing(overview: &Overview, output: &mut Output) -> anyhow::Result<()> {
    let none = || "none selected".to_owned();
    let project = overview.project.as_ref().map_or_else(none, |(id, name)| format!("{name} ({id})"));
    let space = overview.data_space.as_ref().map_or_else(none, |(id, name, kind)| format!("{name}, {kind} ({id})"));
    let rows = [
        ("Installation", overview.installation.to_string()),
        ("Environment", format!("{}, {}", overview.environment, overview.gateway)),
        ("Project", project),
        ("Data space", space),
        ("Source", overview.source.to_string()),
        ("Settings", overview.settings.home.to_string()),
    ];
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(label, value)| vec![label.to_owned(), value]).collect();
    output.text(&table(&rows, &[]))?;
    output.record(
        "standing",
        json!({
            "installation": overview.installation,
            "environment": overview.environment,
            "gateway": overview.gateway,
            "project": overview.project.as_ref().map(|(id, name)| json!({"id": id, "name": name})),
            "data_space": overview.data_space.as_ref().map(|(id, name, kind)| json!({
                "id": id, "name": name, "type": kind.to_string(),
            })),
            "source": overview.source,
        }),
    )?;
    Ok(())
}

/// Every command with what it does, from the definition of the command line itself.
fn commands() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), Cli::command())];
    while let Some((before, command)) = open.pop() {
        let path = format!("{before}{} ", command.get_name());
        let mut below: Vec<_> = command.get_subcommands().cloned().map(|command| (path.clone(), command)).collect();
        if below.is_empty() {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            found.push((path.trim_end().to_owned(), about));
        }
        below.reverse();
        open.extend(below);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_named_once_with_its_words() {
        let commands = commands();
        let about = |name: &str| commands.iter().find(|(command, _)| command == name).map(|(_, about)| about.as_str());
        assert_eq!(
            about("commerce-connector export retry"),
            Some("Retry failed items, even if unchanged (same as `run --retry`)")
        );
        assert_eq!(about("commerce-connector doctor"), Some("Diagnose problems between the shop and Adobe"));
        assert!(about("commerce-connector export").is_none(), "only what can be run");
        assert!(commands.iter().all(|(_, about)| !about.is_empty()));
    }
}
