//! `lint`: what is wrong with the catalogue, by rule; and the line of it that a dry run ends with.

use serde_json::json;

use super::Invocation;
use super::output::Output;
use super::report::Printer;
use crate::cli::LintArgs;
use crate::connector::lint::{LintReport, LintRequest, Linting};
use crate::domain::{LintRule, Severity};
use crate::error::{Exit, Problem};
use crate::export::progress::RunReport;
use crate::report::{Row, Tone};

/// Runs it. Exit code 3 if an error was found.
pub async fn run(args: LintArgs, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let connector = setting.connector().await?;
    let LintArgs { rules, feeds, csv } = args;
    let report = connector.lint(&LintRequest { rules, feeds, csv: csv.clone() }).await?;
    let printer = Printer::new(&connector.ui(), output);
    for rule in &report.rules {
        output.record("lint_rule", json!(rule))?;
        let found = format!("{:>6}  {}", rule.found(), rule.rule.meaning());
        printer.row(&Row::new(found, rule.tone()).named(&name(rule.rule)), output)?;
        for line in rule.example_lines() {
            output.text(&format!("    {}", printer.text(&line)))?;
        }
    }
    for (rule, reason) in &report.skipped {
        output.record("lint_skipped", json!({"rule": rule, "reason": reason}))?;
        printer.row(&Row::new(reason.clone(), Tone::Open).named(&name(*rule)), output)?;
    }
    summary(&report, output)?;
    if let Some(path) = csv {
        output.text(&format!("Every hit is in {}", crate::private_file::safe(&path)))?;
    }
    Ok(report.exit())
}

/// The last line, also of a dry run.
pub fn summary(report: &LintReport, output: &mut Output) -> Result<(), Problem> {
    let fields = json!({
        "errors": report.count(Severity::Error),
        "warnings": report.count(Severity::Warning),
        "items": report.items,
        "rules_not_checked": report.skipped.len(),
    });
    output.say(&format!("Lint: {}", report.summary()), "lint", fields)
}

/// Ends a dry run with the summary. What keeps lint from reading is said instead: the dry run is done all the same.
pub async fn after_dry_run(linting: Linting, run: &RunReport, output: &mut Output) -> Result<(), Problem> {
    match linting.conclude(run).await {
        Ok(report) => {
            summary(&report, output)?;
            let has_hits = report.rules.iter().any(|rule| rule.count > 0);
            if has_hits { output.text("See each: `commerce-connector lint`") } else { Ok(()) }
        }
        Err(problem) => output.text(&format!("Lint: not checked: {problem}")),
    }
}

/// The name of a rule, as wide as the longest.
fn name(rule: LintRule) -> String {
    format!("{rule:<17}")
}
