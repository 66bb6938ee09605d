//! `doctor`: every check as a line, then the problems.

use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use super::Invocation;
use super::findings::{Mark, Printer};
use super::output::Output;
use crate::connector::doctor::{Check, Diagnosis, Outcome};
use crate::connector::finding::{self, Finding};
use crate::error::{Exit, Problem};
use crate::format::counted;

/// A line is no longer than this: the narrowest usual terminal, in cells.
const WIDTH: usize = 80;
/// The longest name of a check, in cells.
const NAME_WIDTH: usize = 15;

/// Runs it.
pub async fn run(setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let printer = Printer::from_environment();
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
    let mark = match check.outcome {
        Outcome::Ok => Mark::Ok,
        Outcome::Warning => Mark::Warning,
        Outcome::Wrong => Mark::Wrong,
        Outcome::Skipped => Mark::Skipped,
    };
    output.record(
        "check",
        json!({"check": check.name, "outcome": mark.word(), "detail": check.detail, "facts": check.facts}),
    )?;
    let line = format!("{} {:<NAME_WIDTH$} {}", printer.mark(mark), check.name, printer.text(check.detail.as_str()));
    output.text(cut(&line, printer).trim_end())
}

/// What does not fit on a line is in the findings and in `--json`.
fn cut(line: &str, printer: Printer) -> String {
    if line.width() <= WIDTH {
        return line.to_owned();
    }
    let ellipsis = printer.text("…");
    let mut cut = String::new();
    for c in line.chars() {
        cut.push(c);
        if cut.width() + ellipsis.width() > WIDTH {
            cut.pop();
            break;
        }
    }
    cut + &ellipsis
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
    let ruling = match wrong {
        0 => "No problems".to_owned(),
        1 => "1 problem".to_owned(),
        _ => format!("{wrong} problems"),
    };
    output.text(&format!("{ruling}, {ok} ok, {}, {skipped} skipped.", counted(warnings as u64, "warning")))
}
