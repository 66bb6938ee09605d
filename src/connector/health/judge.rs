//! What is good and what is not about the health of feeds, and what to do about it. Pure.

use std::time::Duration;

use super::super::finding::Finding;
use super::{AdobeItems, FeedHealth, Installation};
use crate::commerce::health::{Cron, FeedLock, FeedPath, IndexerStatus, Mode, Part, STUCK_AFTER, Watched};
use crate::commerce::triggers::Triggers;
use crate::domain::Feed;
use crate::export::ledger::FeedSummary;
use crate::format::{count, counted, duration};
use crate::remedy::{Hint, Remedy};

/// Records that wait in a change log: with more, Adobe's status page warns, too (protocol page §5).
pub const BACKLOG_LIMIT: u64 = 1_000;
/// With no job for this long, cron does not run: Commerce itself gives up on a job that is 15 minutes late
/// (`system/cron/…/schedule_lifetime`), and something is due every minute.
const CRON_SILENCE: Duration = Duration::from_mins(15);
/// A full sync of the largest catalogues takes hours, not days.
const LOCK_AGE: Duration = Duration::from_hours(24);
/// Stuck jobs that are named in one sentence.
const STUCK_NAMED: usize = 3;
/// Tables that are named in one sentence.
const TABLES_NAMED: usize = 3;

/// Everything, the feeds' in their order.
pub(super) fn all(feeds: &[FeedHealth], installation: Option<&Installation>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let watched = super::watched();
    for health in feeds {
        let names = watched.iter().find(|(feed, _)| *feed == health.feed).map(|(_, names)| names);
        findings.extend(health.ours.as_ref().into_iter().flat_map(ours));
        if let (Some(path), Some(names)) = (&health.path, names) {
            findings.extend(path_states(health.feed, names, path));
            findings.extend(path_logs(health.feed, names, path));
        }
        findings.extend(health.adobe.iter().flat_map(|items| adobe(health.feed, items)));
    }
    // indexer_state and mview_state are the same for every feed: reported once.
    let mut reported = std::collections::BTreeSet::new();
    findings.retain(|finding| reported.insert((finding.what.clone(), finding.feed)));
    if let Some(installation) = installation {
        findings.extend(cron(&installation.cron));
        findings.extend(locks(&installation.locks));
    }
    findings
}

/// What our own ledger says.
fn ours(summary: &FeedSummary) -> Vec<Finding> {
    let mut findings = Vec::new();
    if summary.needs_attention > 0 {
        findings.push(
            Finding::wrong(
                format!("{}: {} failed (needs a fix)", summary.feed, counted(summary.needs_attention, "item")),
                "the service refused them; they are not sent again until they change",
                Hint::from(Remedy::Status).and(" lists them with the reason"),
            )
            .about(summary.feed),
        );
    }
    if summary.will_retry > 0 {
        findings.push(
            Finding::wrong(
                format!("{}: {} failed (will retry)", summary.feed, counted(summary.will_retry, "item")),
                "the service has no current version of them",
                Remedy::RetryFeed { feed: summary.feed.name().into() },
            )
            .about(summary.feed),
        );
    }
    findings
}

/// Indexer and mode of the feeds; a missing state table is reported once.
pub(in super::super) fn states(watched: &[(Feed, Watched)], paths: &[FeedPath]) -> Vec<Finding> {
    once(watched.iter().zip(paths).flat_map(|((feed, names), path)| path_states(*feed, names, path)))
}

/// Stalls and backlogs of the feeds; a missing log is reported for its feed.
pub(in super::super) fn logs(watched: &[(Feed, Watched)], paths: &[FeedPath]) -> Vec<Finding> {
    once(watched.iter().zip(paths).flat_map(|((feed, names), path)| path_logs(*feed, names, path)))
}

fn once(findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for finding in findings {
        if !all.iter().any(|known| known.what == finding.what) {
            all.push(finding);
        }
    }
    all
}

fn path_states(feed: Feed, names: &Watched, path: &FeedPath) -> Vec<Finding> {
    let mut findings = Vec::new();
    let indexer = names.indexer;
    match &path.indexer {
        Part::Known(None) => findings.push(
            Finding::warning(
                format!("{feed}: the indexer {indexer} is missing"),
                "Adobe's module for this feed is not installed or not set up; this program sends the feed anyway",
                "`bin/magento setup:upgrade`, if Adobe's own export should send it",
            )
            .about(feed),
        ),
        Part::Known(Some(IndexerStatus::Ready | IndexerStatus::Processing)) => {}
        Part::Known(Some(IndexerStatus::ReindexRequired)) => findings.push(
            Finding::wrong(
                format!("{feed}: Reindex required ({indexer})"),
                "Adobe's own export sends outdated items until it is reindexed",
                format!("`bin/magento indexer:reindex {indexer}`"),
            )
            .about(feed),
        ),
        Part::Known(Some(status @ (IndexerStatus::Suspended | IndexerStatus::Other(_)))) => findings.push(
            Finding::warning(
                format!("{feed}: the indexer {indexer} is {}", status.words()),
                "Adobe's own export sends nothing new of this feed until it works again",
                "`bin/magento indexer:status` shows what it waits for",
            )
            .about(feed),
        ),
        missing => findings.extend(missing.complaint().map(|what| unreadable(&what))),
    }
    match &path.view {
        Part::Known(Some(view)) if view.mode == Mode::OnSave => findings.push(
            Finding::warning(
                format!("{feed}: the indexer {indexer} is set to Update on Save"),
                "nothing writes its change log, so a partial sync has to compare the whole feed",
                format!("`bin/magento indexer:set-mode schedule {indexer}`"),
            )
            .about(feed),
        ),
        Part::Known(Some(_)) => {}
        Part::Known(None) => findings.push(
            Finding::warning(
                format!("{feed}: the view {} is missing in mview_state", names.view),
                "nothing writes a change log for this feed, so a partial sync has to compare the whole feed",
                format!("`bin/magento indexer:set-mode schedule {indexer}`"),
            )
            .about(feed),
        ),
        missing => findings.extend(missing.complaint().map(|what| unreadable(&what))),
    }
    findings
}

fn path_logs(feed: Feed, names: &Watched, path: &FeedPath) -> Vec<Finding> {
    let mut findings = Vec::new();
    let indexer = names.indexer;
    let is_by_schedule = path.view.known().and_then(Option::as_ref).is_some_and(|view| view.mode == Mode::BySchedule);
    match &path.log {
        Part::Missing { table } if is_by_schedule => findings.push(
            Finding::wrong(
                format!("{feed}: the change log {table} is missing, but {indexer} is set to Update by Schedule"),
                "changes of this feed are not noticed, and saving such a record may fail if its triggers still exist",
                format!(
                    "`bin/magento indexer:set-mode realtime {indexer}`, then `bin/magento indexer:set-mode schedule {indexer}`"
                ),
            )
            .about(feed),
        ),
        // Without a view, or on save, there is none; that was said of the mode.
        Part::Missing { .. } => {}
        Part::Unreadable { .. } => findings.extend(path.log.complaint().map(|what| unreadable(&what).about(feed))),
        Part::Known(log) => {
            if let Some(backlog) = log.backlog.filter(|backlog| *backlog > BACKLOG_LIMIT) {
                findings.push(
                    Finding::warning(
                        format!("{feed}: {} wait in the change log {}_cl", counted(backlog, "record"), names.view),
                        "Commerce is behind with its own export; cron is slow, busy or not running",
                        "`bin/magento cron:run --group index`",
                    )
                    .about(feed),
                );
            }
        }
    }
    match &path.triggers {
        Part::Known(Triggers::Missing(tables)) if is_by_schedule && path.log.known().is_some() => findings.push(
            Finding::wrong(
                format!(
                    "{feed}: triggers are missing on {}, but {indexer} is set to Update by Schedule",
                    named(tables)
                ),
                "changes in these tables are in no change log, so a partial sync has to compare the whole feed",
                format!(
                    "`bin/magento indexer:set-mode realtime {indexer}`, then `bin/magento indexer:set-mode schedule {indexer}`"
                ),
            )
            .about(feed),
        ),
        Part::Known(Triggers::Unseen) if is_by_schedule && path.log.known().is_some() => {
            findings.push(Finding::warning(
                "this database user may not see triggers",
                "if a trigger of a change log is missing, its changes wait for the rolling compare",
                "GRANT TRIGGER on the shop's database to this user; it is only used for reading",
            ));
        }
        Part::Known(_) | Part::Missing { .. } | Part::Unreadable { .. } => {}
    }
    if let Some((cursor, newest)) = path.stall() {
        findings.push(
            Finding::wrong(
                format!(
                    "{feed}: silent stall: Commerce has read {}_cl up to version {cursor}, but the log ends at \
                     {newest}",
                    names.view
                ),
                "Commerce treats every new change as already seen and skips it, without any error",
                format!("`bin/magento indexer:reindex {indexer}` fixes it and reindexes the feed"),
            )
            .about(feed),
        );
    }
    findings
}

/// The first tables of a list.
fn named(tables: &[String]) -> String {
    match tables {
        [.., _] if tables.len() > TABLES_NAMED => {
            format!("{} and {} more", tables[..TABLES_NAMED].join(", "), tables.len() - TABLES_NAMED)
        }
        _ => tables.join(", "),
    }
}

fn unreadable(what: &str) -> Finding {
    Finding::warning(
        what,
        "this part is unknown; everything else is not affected",
        "check that it is a table of this shop, and that the database user may read it (GRANT SELECT)",
    )
}

/// What cron says.
pub(in super::super) fn cron(cron: &Part<Cron>) -> Vec<Finding> {
    let Some(cron) = cron.known() else { return cron.complaint().map(|what| unreadable(&what)).into_iter().collect() };
    let mut findings = Vec::new();
    let silence = match cron.last_seen {
        Some(age) if age <= CRON_SILENCE => None,
        Some(age) => Some(format!("cron is not running: the last job was {} ago", duration(age))),
        None => Some("cron is not running: no job in cron_schedule ever ran".to_owned()),
    };
    if let Some(what) = silence {
        findings.push(Finding::wrong(
            what,
            "indexers, Adobe's own export and its retries do not work without it",
            "`bin/magento cron:install`, as the owner of the shop's files; `crontab -l` shows whether it is set",
        ));
    }
    if let Some(oldest) = cron.stuck.first() {
        let codes: Vec<&str> = cron.stuck.iter().take(STUCK_NAMED).map(|job| job.code.as_str()).collect();
        let more = cron.stuck.len().saturating_sub(STUCK_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let (is, limit) = (if cron.stuck.len() == 1 { "is" } else { "are" }, duration(STUCK_AFTER));
        findings.push(Finding::wrong(
            format!(
                "cron is stuck: {}{more} {is} running for longer than {limit}, since {} ago",
                codes.join(", "),
                duration(oldest.age)
            ),
            "Commerce does not restart a job that it considers running",
            "find its process (`ps aux | grep cron:run`) and stop it; `bin/magento cron:run` then starts the job again",
        ));
    }
    findings
}

fn locks(locks: &Part<Vec<FeedLock>>) -> Vec<Finding> {
    let Some(locks) = locks.known() else {
        return locks.complaint().map(|what| unreadable(&what)).into_iter().collect();
    };
    locks
        .iter()
        .filter(|lock| lock.age > LOCK_AGE)
        .map(|lock| {
            Finding::warning(
                format!("Adobe's export has held the lock of {} for {}{}", lock.feed, duration(lock.age), holder(lock)),
                "until it is released, no other process of Adobe's export can work on that feed",
                "find the process and stop it if it hangs; the lock ends with its database connection",
            )
        })
        .collect()
}

/// ` (full sync(4711))`, or nothing.
fn holder(lock: &FeedLock) -> String {
    if lock.locked_by.is_empty() { String::new() } else { format!(" ({})", lock.locked_by) }
}

/// What Adobe's own feed table says.
fn adobe(feed: Feed, items: &Part<AdobeItems>) -> Vec<Finding> {
    let Some(items) = items.known() else {
        return items.complaint().map(|what| unreadable(&format!("{feed}: {what}")).about(feed)).into_iter().collect();
    };
    let Some(states) = items.by_state else { return Vec::new() };
    let mut findings = Vec::new();
    if states.needs_attention > 0 {
        let newest = items.errors.first().map(|error| {
            let id = error.request_id.as_ref().map(|id| format!(", request id {id}")).unwrap_or_default();
            format!("; the newest, source record {}: {}{id}", error.source_id, error.message)
        });
        findings.push(
            Finding::wrong(
                format!(
                    "{feed}: {} of Adobe's own export failed and require attention{}",
                    counted(states.needs_attention, "item"),
                    newest.unwrap_or_default()
                ),
                "Adobe's export does not send them again until they change",
                format!("fix these records, then `bin/magento saas:resync --feed {feed}`"),
            )
            .about(feed),
        );
    }
    if states.will_retry > 0 {
        findings.push(
            Finding::warning(
                format!("{feed}: Adobe's own export will retry {}", counted(states.will_retry, "item")),
                format!("cron sends them again; {} are submitted", count(states.submitted)),
                "check that cron runs; `var/log/saas-export-errors.log` has the reasons",
            )
            .about(feed),
        );
    }
    findings
}
