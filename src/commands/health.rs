//! `feeds health`: our ledger beside Adobe's own feed tables, and the installation's machinery.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::export::summary_record;
use super::output::{Output, table};
use super::report::Printer;
use crate::commerce::health::{FeedPath, IndexerStatus, Mode, Part};
use crate::connector::Connector;
use crate::connector::finding::{self, Level};
use crate::connector::health::{AdobeItems, FeedHealth, Health, Installation};
use crate::error::{Exit, Problem};
use crate::export::progress::SENT_MEANS;
use crate::format::{count, counted, duration};

/// Shown for unknown values.
const UNKNOWN: &str = "-";

/// Runs it.
pub async fn run(connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    let health = connector.health().await?;
    let printer = Printer::new(&connector.ui(), output);
    for feed in &health.feeds {
        output.record("feed_health", record(feed))?;
    }
    output.text(&table(&items(&health), &[2, 3, 4, 5]))?;
    output.text(SENT_MEANS)?;
    output.text("")?;
    match &health.installation {
        None => output.text("No Commerce database is configured: indexers and cron are unknown.")?,
        Some(installation) => {
            if installation.has_adobe_export {
                output.text(&table(&indexers(&health), &[3]))?;
            } else {
                output.text(
                    "Adobe's own export is not installed here (no tables); a partial sync compares whole feeds.",
                )?;
            }
            machinery(installation, output)?;
        }
    }
    printer.findings(&health.findings, output)?;
    summary(&health, output)?;
    Ok(match finding::exit(&health.findings) {
        Exit::Done => Exit::Done,
        _ => Exit::Partial,
    })
}

fn items(health: &Health) -> Vec<Vec<String>> {
    let header = ["FEED", "WHOSE", "SENT", "NOT SENT", "RETRY", "TO FIX", "LAST SYNC"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for feed in &health.feeds {
        let mut row = vec![feed.feed.to_string(), "ours".to_owned()];
        if let Some(ours) = &feed.ours {
            row.extend([ours.submitted, ours.awaiting, ours.will_retry, ours.needs_attention].map(count));
            // Without a full sync, what a partial one sent is not all there is.
            let last_sync = ours.last_sync.map(|full| ours.last_partial.map_or(full, |partial| partial.max(full)));
            row.push(last_sync.map_or_else(|| "not in full".to_owned(), moment));
        } else {
            row.extend([UNKNOWN; 4].map(str::to_owned));
            row.push("never".to_owned());
        }
        rows.push(row);
        let Some(Part::Known(adobe)) = &feed.adobe else { continue };
        let mut row = vec![String::new(), "Adobe".to_owned()];
        if let Some(states) = adobe.by_state {
            row.extend([states.submitted, states.awaiting, states.will_retry, states.needs_attention].map(count));
        } else {
            // Without a status, all that is known is how many rows there are.
            row.push(counted(adobe.rows, "row"));
            row.extend([UNKNOWN; 3].map(str::to_owned));
        }
        row.push(adobe.last_modified.map_or_else(|| "never".to_owned(), moment));
        rows.push(row);
    }
    rows
}

/// Local, as the Admin shows it; the year would make the table wider than a terminal.
fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%m-%d %H:%M").to_string()
}

fn indexers(health: &Health) -> Vec<Vec<String>> {
    let mut rows = vec![["FEED", "INDEXER", "MODE", "BACKLOG", "PENDING"].map(str::to_owned).to_vec()];
    for feed in &health.feeds {
        let Some(path) = &feed.path else { continue };
        let (status, mode, backlog) = words(path);
        rows.push(vec![
            feed.feed.to_string(),
            status.unwrap_or(UNKNOWN).to_owned(),
            mode.map_or(UNKNOWN, Mode::words).to_owned(),
            backlog.map_or_else(|| UNKNOWN.to_owned(), count),
            feed.pending.map_or_else(|| UNKNOWN.to_owned(), |pending| count(pending.entries)),
        ]);
    }
    rows
}

fn words(path: &FeedPath) -> (Option<&str>, Option<Mode>, Option<u64>) {
    let status = path.indexer.known().and_then(Option::as_ref).map(IndexerStatus::words);
    let mode = path.view.known().and_then(Option::as_ref).map(|view| view.mode);
    (status, mode, path.log.known().and_then(|log| log.backlog))
}

fn machinery(installation: &Installation, output: &mut Output) -> Result<(), Problem> {
    if let Some(cron) = installation.cron.known() {
        let stuck: Vec<Value> = cron
            .stuck
            .iter()
            .map(|job| json!({"job": job.code, "runs": job.runs, "age_seconds": job.age.as_secs()}))
            .collect();
        output.record("cron", json!({"last_job_seconds": cron.last_seen.map(|age| age.as_secs()), "stuck": stuck}))?;
        let last = cron.last_seen.map_or_else(|| "never".to_owned(), |age| format!("{} ago", duration(age)));
        output.text(&format!("Cron: last job {last}; {} stuck", counted(cron.stuck.len() as u64, "job")))?;
    }
    for lock in installation.locks.known().into_iter().flatten() {
        let fields = json!({"feed": lock.feed, "locked_by": lock.locked_by, "age_seconds": lock.age.as_secs()});
        output.record("lock", fields)?;
        let by = if lock.locked_by.is_empty() { "a process".to_owned() } else { lock.locked_by.to_string() };
        let age = duration(Duration::from_secs(lock.age.as_secs()));
        output.text(&format!("Lock: Adobe's export is processing {} ({by}, for {age})", lock.feed))?;
    }
    Ok(())
}

fn summary(health: &Health, output: &mut Output) -> Result<(), Problem> {
    let number = |level| health.findings.iter().filter(|finding| finding.level == level).count();
    let (wrong, warnings) = (number(Level::Wrong), number(Level::Warning));
    output.record("health", json!({"wrong": wrong, "warnings": warnings}))?;
    output.text("")?;
    output.text(&format!("{}; {}.", finding::problems(wrong), counted(warnings as u64, "warning")))
}

fn record(feed: &FeedHealth) -> Value {
    let ours = feed.ours.as_ref().map(summary_record);
    let mut fields = json!({"feed": feed.feed, "ours": ours});
    if let Some(path) = &feed.path {
        let (status, mode, backlog) = words(path);
        fields["indexer"] = json!(status);
        fields["mode"] = json!(mode.map(Mode::words));
        fields["backlog"] = json!(backlog);
        fields["stalled"] = json!(path.stall().is_some());
    }
    if let Some(pending) = feed.pending {
        fields["pending"] = json!(pending.entries);
        fields["pending_since"] = json!(pending.since.map(|since| since.to_string()));
    }
    if let Some(Part::Known(adobe)) = &feed.adobe {
        fields["adobe"] = adobe_record(adobe);
    }
    fields
}

fn adobe_record(adobe: &AdobeItems) -> Value {
    let errors: Vec<Value> = adobe
        .errors
        .iter()
        .map(|error| {
            json!({
                "source_id": error.source_id,
                "status": error.status,
                "at": error.at.map(|at| at.to_string()),
                "message": error.message,
                "request_id": error.request_id,
            })
        })
        .collect();
    json!({
        "rows": adobe.rows,
        "submitted": adobe.by_state.map(|states| states.submitted),
        "awaiting": adobe.by_state.map(|states| states.awaiting),
        "will_retry": adobe.by_state.map(|states| states.will_retry),
        "needs_attention": adobe.by_state.map(|states| states.needs_attention),
        "deleted": adobe.deleted,
        "last_modified": adobe.last_modified.map(|at| at.to_string()),
        "errors": errors,
    })
}
