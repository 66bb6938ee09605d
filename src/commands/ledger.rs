//! `export ledger`: check, repair, migrate and backup.

use serde_json::json;

use super::output::{Output, table};
use super::report::Printer;
use crate::cli::LedgerCommand;
use crate::config::LedgerPlace;
use crate::connector::ledger::findings;
use crate::connector::{Connector, finding};
use crate::error::{Exit, Problem};
use crate::export::ledger::{Formats, RepairFrom};
use crate::format::{bytes, count, counted};
use crate::private_file::safe;

/// Runs one of them.
pub fn run(command: LedgerCommand, connector: &Connector, output: &mut Output) -> Result<Exit, Problem> {
    match command {
        LedgerCommand::Check => check(connector, output),
        LedgerCommand::Repair { from: Some(file), .. } => repair(RepairFrom::Backup(&file), connector, output),
        LedgerCommand::Repair { distrust: true, .. } => repair(RepairFrom::Doubted, connector, output),
        LedgerCommand::Repair { .. } => repair(RepairFrom::Damaged, connector, output),
        LedgerCommand::Move { to } => {
            let is_moved = tokio::task::block_in_place(|| connector.move_ledger(to))?;
            if !is_moved {
                return nothing(output);
            }
            let text = match to {
                LedgerPlace::Database => "Ledger moved to the database. Set state.ledger = \"database\" on every node.",
                LedgerPlace::File => "Ledger moved to this server. Set state.ledger = \"file\" here.",
            };
            output.say(text, "ledger_moved", json!({"to": to}))?;
            Ok(Exit::Done)
        }
        LedgerCommand::Migrate { dry_run } => migrate(dry_run, connector, output),
        LedgerCommand::Backup { file } => {
            let Some(backup) = tokio::task::block_in_place(|| connector.back_up_ledger(file))? else {
                return nothing(output);
            };
            let fields = json!({"path": safe(&backup.path), "bytes": backup.bytes});
            output.say(&format!("{} ({})", safe(&backup.path), bytes(backup.bytes)), "ledger_backup", fields)?;
            Ok(Exit::Done)
        }
    }
}

fn nothing(output: &mut Output) -> Result<Exit, Problem> {
    let text = "No ledger yet: nothing was sent to this data space from here.";
    output.say(text, "ledger_absent", json!({}))?;
    Ok(Exit::Done)
}

fn migrate(is_dry_run: bool, connector: &Connector, output: &mut Output) -> Result<Exit, Problem> {
    let migrated = tokio::task::block_in_place(|| connector.migrate_ledger(is_dry_run))?;
    let Some(Formats { path, found, ours }) = migrated else { return nothing(output) };
    let path = safe(&path);
    let text = match (found == ours, is_dry_run) {
        (true, _) => format!("{path} has format {found}, that of this version: nothing to change."),
        (false, true) => format!("{path} has format {found}; would be changed to {ours}, that of this version."),
        (false, false) => format!("{path}: changed from format {found} to {ours}."),
    };
    let changed = found != ours && !is_dry_run;
    let fields =
        json!({"path": path, "format": found, "program_format": ours, "changed": changed, "dry_run": is_dry_run});
    output.say(&text, "ledger_migration", fields)?;
    Ok(Exit::Done)
}

fn check(connector: &Connector, output: &mut Output) -> Result<Exit, Problem> {
    let Some(checkup) = tokio::task::block_in_place(|| connector.check_ledger())? else { return nothing(output) };
    let findings = findings(&checkup);
    let (requests, items) = checkup.unanswered;
    output.record(
        "ledger_check",
        json!({
            "path": safe(&checkup.path),
            "bytes": checkup.bytes,
            "items": checkup.items.iter().map(|(feed, items)| json!({"feed": feed, "items": items})).collect::<Vec<_>>(),
            "unanswered_requests": requests,
            "unanswered_items": items,
            "ahead_of_clock": checkup.ahead,
            "flaws": checkup.flaws.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }),
    )?;
    output.text(&format!("{} ({})", safe(&checkup.path), bytes(checkup.bytes)))?;
    let rows = checkup.items.iter().map(|(feed, items)| vec![feed.to_string(), count(*items)]);
    let rows: Vec<Vec<String>> = std::iter::once(["FEED", "ITEMS"].map(str::to_owned).to_vec()).chain(rows).collect();
    output.text(&table(&rows, &[1]))?;
    if requests > 0 {
        let requests = counted(requests, "request");
        let text = format!(
            "No response recorded for {requests} with {}: in flight or interrupted. The next run resends them.",
            counted(items, "item")
        );
        output.text(&text)?;
    }
    Printer::new(&connector.ui(), output).findings(&findings, output)?;
    if checkup.flaws.is_empty() {
        output.text("Ledger OK.")?;
    }
    Ok(finding::exit(&findings))
}

fn repair(from: RepairFrom<'_>, connector: &Connector, output: &mut Output) -> Result<Exit, Problem> {
    let Some(repaired) = tokio::task::block_in_place(|| connector.repair_ledger(from))? else {
        let text = "Ledger OK; nothing to repair.";
        output.say(text, "ledger_sound", json!({}))?;
        return Ok(Exit::Done);
    };
    let fields = json!({
        "path": safe(&repaired.path),
        "aside": repaired.aside.as_deref().map(safe),
        "kept_items": repaired.kept,
        "lost_items": repaired.lost,
    });
    output.record("ledger_repaired", fields)?;
    output.text(&format!("New ledger: {}", safe(&repaired.path)))?;
    if let Some(aside) = &repaired.aside {
        output.text(&format!("Old ledger: {}", safe(aside)))?;
    }
    output.text(&format!(
        "{} recovered. The next `export run` resends every item and deletes those gone from the shop.",
        counted(repaired.kept, "item")
    ))?;
    match repaired.lost {
        Some(0) => {}
        Some(lost) => output.text(&format!(
            "{} could not be read: those still in the shop are sent as new; the others stay in the service.",
            counted(lost, "item")
        ))?,
        None => output.text("More items may be lost; their number is unknown.")?,
    }
    Ok(if repaired.lost == Some(0) { Exit::Done } else { Exit::Partial })
}
