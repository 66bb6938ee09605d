//! `doctor`: every check as a line, then the problems.

use serde_json::json;

use super::Invocation;
use super::output::Output;
use super::report::Printer;
use crate::connector::doctor::{Check, Diagnosis, Outcome};
use crate::connector::finding::{self, Finding};
use crate::error::{Exit, Problem};

/// Runs it.
pub async fn run(setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let printer = setting.printer(output);
    let connector = match setting.opened().await {
        Ok(connector) => connector,
        Err(problem) => return Ok(without_configuration(&problem, printer, output)?),
    };
    let mut reported = Ok(());
    let diagnosis = connector
        .doctor(|check| {
            if reported.is_ok() {
                reported = tell(check, printer, output);
            }
        })
        .await;
    reported?;
    printer.findings(diagnosis.findings(), output)?;
    summary(&diagnosis, output)?;
    Ok(diagnosis.exit())
}

/// A configuration that cannot be read is the one finding, since everything else depends on it.
fn without_configuration(problem: &Problem, printer: Printer, output: &mut Output) -> Result<Exit, Problem> {
    let finding = Finding::of_problem(problem, "nothing else can be checked without the configuration");
    printer.findings([&finding], output)?;
    Ok(finding::exit([&finding]))
}

fn tell(check: &Check, printer: Printer, output: &mut Output) -> Result<(), Problem> {
    output.record(
        "check",
        json!({"check": check.name, "outcome": check.outcome.word(), "detail": check.detail, "facts": check.facts}),
    )?;
    printer.row(&check.row(), output)
}

fn summary(diagnosis: &Diagnosis, output: &mut Output) -> Result<(), Problem> {
    let [ok, warnings, wrong, skipped] =
        [Outcome::Ok, Outcome::Warning, Outcome::Wrong, Outcome::Skipped].map(|outcome| diagnosis.count(outcome));
    output.record(
        "doctor",
        json!({"ok": ok, "warnings": warnings, "wrong": wrong, "skipped": skipped, "exit": diagnosis.exit() as u8}),
    )?;
    if wrong + warnings > 0 {
        output.text("")?;
    }
    output.text(&format!("{}.", diagnosis.ruling().plain()))
}
