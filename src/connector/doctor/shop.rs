//! Checks of the shop's database and of the machinery in it.

use super::AREA_LIMIT;
use super::check::Check;
use crate::commerce::database::{Database, DatabaseSettings};
use crate::commerce::health::{self, Machinery, Watched};
use crate::connector::finding::Finding;
use crate::connector::health::{has_adobe_export, judge_cron, judge_logs, judge_states, watched};
use crate::connector::{Connector, explained};
use crate::domain::Feed;
use crate::error::Problem;
use crate::format::{count, counted, duration};
use crate::private_file::safe;
use crate::untrusted::SafeText;

const DATABASE: &str = "Database";
const CRON: &str = "Cron";
const INDEXERS: &str = "Indexers";
const LOGS: &str = "Change logs";

pub(super) async fn checks(connector: &Connector) -> Vec<Check> {
    let settings = match tokio::task::block_in_place(|| connector.database_settings()) {
        Ok(Some(settings)) => settings,
        Ok(None) => {
            let mut checks = vec![Check::skipped(DATABASE, "not used: items come from another source")];
            checks.extend(skipped("no Commerce database"));
            return checks;
        }
        Err(problem) => return unusable(&problem),
    };
    match tokio::time::timeout(AREA_LIMIT, look(connector, &settings)).await {
        Ok(Ok(checks)) => checks,
        Ok(Err(problem)) => unusable(&problem),
        Err(_) => {
            let what =
                format!("the database at {} did not respond within {}", settings.address_text(), duration(AREA_LIMIT));
            unusable(&Problem::usage(what).hint("check the load of the database server (`SHOW PROCESSLIST`)"))
        }
    }
}

fn unusable(problem: &Problem) -> Vec<Check> {
    let finding = Finding::of_problem(problem, "nothing can be read from the shop");
    let mut checks = vec![Check::wrong(DATABASE, "cannot be used", finding)];
    checks.extend(skipped("no database"));
    checks
}

fn skipped(why: &str) -> impl Iterator<Item = Check> {
    [CRON, INDEXERS, LOGS].into_iter().map(move |name| Check::skipped(name, why))
}

async fn look(connector: &Connector, settings: &DatabaseSettings) -> Result<Vec<Check>, Problem> {
    let database = Database::connect(settings).await.map_err(explained)?;
    let watched = watched();
    let names: Vec<Watched> = watched.iter().map(|(_, names)| *names).collect();
    let machinery = health::machinery(&database, &names).await.map_err(explained)?;
    let is_adobe_here = has_adobe_export(&database, &machinery, &watched);
    let mut checks = vec![schema(connector, settings, &database, is_adobe_here).await?, cron(&machinery)];
    if is_adobe_here {
        checks.extend([indexers(&watched, &machinery), logs(&watched, &machinery)]);
    } else {
        let why = "Adobe's own export is not installed";
        checks.extend([Check::skipped(INDEXERS, why), Check::skipped(LOGS, why)]);
    }
    Ok(checks)
}

/// Which feeds the schema has all tables for.
async fn schema(
    connector: &Connector,
    settings: &DatabaseSettings,
    database: &Database,
    is_adobe_here: bool,
) -> Result<Check, Problem> {
    let commerce = connector.commerce(&connector.store()).await?;
    let absent = commerce.absent().into_iter().filter(|(feed, _)| !feed.is_experimental());
    // Without Adobe's export, tables of its modules are nowhere to come from, and nobody promised these feeds.
    let finding = if is_adobe_here { Finding::wrong } else { Finding::warning };
    let mut findings: Vec<Finding> = absent
        .map(|(feed, why)| {
            finding(
                format!("{feed}: {why}"),
                "this feed cannot be exported; others are not affected",
                "`bin/magento setup:upgrade` creates the tables of enabled modules; check the table prefix, too",
            )
            .about(feed)
        })
        .collect();
    let missing = findings.len();
    // What cannot be known of the shop's settings stops every feed.
    findings.extend(commerce.settings_in_force().await.err().map(|error| {
        Finding::of_problem(
            &Problem::of(&error),
            "items depend on the shop's settings, so nothing is sent without them",
        )
    }));
    let wanted = Feed::ALL.into_iter().filter(|feed| !feed.is_experimental()).count();
    let link = database.schema().product_link.name();
    let prefix = match settings.table_prefix.as_str() {
        "" => String::new(),
        prefix => format!(", prefix {prefix}"),
    };
    let detail = format!(
        "{} at {}: {link}{prefix}, {} of {} feeds",
        SafeText::new(&settings.database),
        place(settings),
        wanted - missing,
        wanted
    );
    Ok(Check::new(DATABASE, &detail, findings))
}

/// The address, a socket without its directories: the line is for a narrow screen.
fn place(settings: &DatabaseSettings) -> SafeText {
    match &settings.address {
        crate::commerce::database::Address::Socket(path) => {
            path.file_name().map_or_else(|| safe(path), |name| safe(name.as_ref()))
        }
        crate::commerce::database::Address::Tcp { .. } => settings.address_text(),
    }
}

fn cron(machinery: &Machinery) -> Check {
    let detail = match machinery.cron.known() {
        Some(cron) => {
            let last = cron
                .last_seen
                .map_or_else(|| "no job has run yet".to_owned(), |age| format!("last job {} ago", duration(age)));
            format!("{last}, {} stuck", cron.stuck.len())
        }
        None => "unknown".to_owned(),
    };
    Check::new(CRON, &detail, judge_cron(&machinery.cron))
}

fn indexers(watched: &[(Feed, Watched)], machinery: &Machinery) -> Check {
    let findings = judge_states(watched, &machinery.paths);
    let facts = watched.iter().zip(&machinery.paths).map(|((feed, names), path)| {
        let status = path.indexer.known().and_then(Option::as_ref).map_or("unknown", |status| status.words());
        let mode = path.view.known().and_then(Option::as_ref).map_or("mode unknown", |view| view.mode.words());
        SafeText::new(&format!("{feed}: {}: {status}, {mode}", names.indexer))
    });
    let detail = match findings.len() {
        0 => format!("all {} ready, Update by Schedule", watched.len()),
        troubles => format!("{} of {}", counted(troubles as u64, "trouble"), counted(watched.len() as u64, "indexer")),
    };
    Check::new(INDEXERS, &detail, findings).with_facts(facts.collect())
}

fn logs(watched: &[(Feed, Watched)], machinery: &Machinery) -> Check {
    let findings = judge_logs(watched, &machinery.paths);
    let backlog = |path: &health::FeedPath| path.log.known().and_then(|log| log.backlog);
    let waiting: u64 = machinery.paths.iter().filter_map(backlog).sum();
    let stalled = machinery.paths.iter().filter(|path| path.stall().is_some()).count();
    let facts = watched.iter().zip(&machinery.paths).map(|((feed, names), path)| {
        let backlog = match (path.stall(), backlog(path)) {
            // What is skipped waits nowhere, so its number would say that all is well.
            (Some(_), _) => "stalled".to_owned(),
            (None, Some(backlog)) => format!("backlog {}", count(backlog)),
            (None, None) => "backlog unknown".to_owned(),
        };
        SafeText::new(&format!("{feed}: {}_cl: {backlog}", names.view))
    });
    let stall = if stalled == 0 { "no stall".to_owned() } else { format!("{stalled} stalled") };
    Check::new(LOGS, &format!("{} waiting, {stall}", counted(waiting, "record")), findings).with_facts(facts.collect())
}
