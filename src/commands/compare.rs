//! `compare exporter`: our items against those of Adobe's exporter.

use serde_json::json;

use super::Invocation;
use super::output::Output;
use super::report::Printer;
use crate::cli::CompareCommand;
use crate::connector::compare::{FeedComparison, command_to_make, exit};
use crate::error::{Exit, Problem};
use crate::format::{count, counted};
use crate::report::{Row, Tone};

/// Fields of a feed that are printed; all are in `--json`.
const MOST_FIELDS: usize = 20;

/// Runs it. Exit code 3 if something differs.
pub async fn run(command: CompareCommand, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let CompareCommand::Exporter { from, feed } = command;
    let Some(path) = from else {
        let command = command_to_make(feed);
        output.record("make_file", json!({"command": command, "file": "var/log/saas-export.log"}))?;
        output.text("In the installation, run:")?;
        output.text(&format!("  {command}"))?;
        output.text("It sends nothing, and writes the items into var/log/saas-export.log. Then:")?;
        output.text("  commerce-connector compare exporter --from var/log/saas-export.log")?;
        return Ok(Exit::Done);
    };
    let connector = setting.connector().await?;
    let feeds = connector.compare_exporter(path, feed).await?;
    let printer = Printer::new(&connector.ui(), output);
    for feed in &feeds {
        output.record("comparison", json!(feed))?;
        print(feed, printer, output)?;
    }
    Ok(exit(&feeds))
}

/// The verdict of a feed behind its mark, then what differs.
fn print(of: &FeedComparison, printer: Printer, output: &mut Output) -> Result<(), Problem> {
    if of.is_equal() {
        let row = Row::new(format!("{} equal", counted(of.equal, "item")), Tone::Good).named(of.feed.name());
        return printer.row(&row, output);
    }
    let parts =
        [(of.equal, "equal"), (of.different, "differ"), (of.only_theirs, "only theirs"), (of.only_ours, "only ours")];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(items, _)| *items > 0)
        .map(|(items, what)| format!("{} {what}", count(items)))
        .collect();
    printer.row(&Row::new(parts.join(", "), Tone::Danger).named(of.feed.name()), output)?;
    for field in of.fields.iter().take(MOST_FIELDS) {
        output.text(&format!("  {} in {}, such as {}", field.path, counted(field.items, "item"), field.example))?;
        output.text(&format!("    theirs: {}", printer.text(field.theirs.as_str())))?;
        output.text(&format!("    ours:   {}", printer.text(field.ours.as_str())))?;
    }
    if of.fields.len() > MOST_FIELDS {
        output.text(&format!("  {} more fields: --json has all", of.fields.len() - MOST_FIELDS))?;
    }
    for (what, ids) in [("only theirs", &of.only_theirs_examples), ("only ours", &of.only_ours_examples)] {
        ids.iter().try_for_each(|id| output.text(&format!("  {what}: {id}")))?;
    }
    Ok(())
}
