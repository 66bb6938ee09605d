//! `export run`, `export retry` and `export status`.

use serde_json::{Value, json};

use super::linear::{self, Voice};
use super::output::{Output, moment, table, talk};
use super::{
    Invocation, attach, customised, day_after, for_screen, ids, items, ledger, lint, no_data_space, runs, watch,
};
use crate::cli::{ExportCommand, FeedChoice, RetryArgs, RunArgs, SendingArgs};
use crate::connector::notify::{outcome_of_problem, outcome_of_report, work_of};
use crate::connector::{Connector, ExportRequest};
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::export::control::Command;
use crate::export::ledger::FeedSummary;
use crate::export::progress::FeedProgress;
use crate::export::report_text::failure_line;
use crate::export::{Following, SyncMode};
use crate::format::{count, counted, duration};
use crate::notify::Outcome;

/// How many failed items `export status` names.
const FAILURES_SHOWN: usize = 20;

/// Runs one of them.
pub async fn run(command: ExportCommand, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    if matches!(&command, ExportCommand::Run(args) if args.for_screen) {
        return for_screen::run(setting, output).await;
    }
    let connector = setting.connector().await?;
    match command {
        ExportCommand::Run(args) if args.cleanup_feed => clean_up(&args, &connector, output).await,
        ExportCommand::Run(args) => {
            let mode = mode(&args, &connector)?;
            send(&connector, mode, &args.feed, &args.sending, output).await
        }
        ExportCommand::Retry(RetryArgs { feed, error, sending }) => {
            send(&connector, SyncMode::Retry { error }, &feed, &sending, output).await
        }
        ExportCommand::Watch(args) => {
            let _log = crate::logging::start(&connector.overview().state_dir)?;
            watch::run(&args, chosen(&args.feed)?, connector, output).await
        }
        ExportCommand::Estimate { feed } => estimate(&connector, &chosen(&feed)?, output).await,
        ExportCommand::Status { watch } => {
            if watch && let Some(exit) = attach::watch(&connector, output).await? {
                return Ok(exit);
            }
            attach::watches(&connector, output).await?;
            let is_running = attach::list(&connector, output).await?;
            let exit = status(&connector, output)?;
            // What failed so far, the run may still send: it is not over.
            Ok(if is_running && exit == Exit::Partial { Exit::Done } else { exit })
        }
        ExportCommand::Runs { limit } => Ok(runs::list(limit, &connector, output)?),
        ExportCommand::Pause => Ok(attach::tell(&[Command::Pause], &connector, output).await?),
        ExportCommand::Resume => Ok(attach::tell(&[Command::Resume], &connector, output).await?),
        ExportCommand::Stop => Ok(attach::stop(&connector, output).await?),
        ExportCommand::Set(args) => Ok(attach::tell(&attach::settings(&args)?, &connector, output).await?),
        ExportCommand::Items(args) => items::list(&args, &connector, output).await,
        ExportCommand::Item(args) => items::show(&args, &connector, output).await,
        ExportCommand::Ledger(command) => Ok(ledger::run(command, &connector, output)?),
    }
}

async fn send(
    connector: &Connector,
    mode: SyncMode,
    feeds: &[FeedChoice],
    sending: &SendingArgs,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let _log = crate::logging::start(&connector.overview().state_dir)?;
    let is_whole_dry_run = sending.dry_run && mode == SyncMode::Full;
    let feeds = chosen(feeds)?;
    let work = (!sending.dry_run).then(|| work_of(&mode));
    let request = request(mode, feeds.clone(), sending);
    let started = if is_whole_dry_run {
        connector.start_linted(request.clone()).await.map(|(run, linting)| (run, Some(linting)))
    } else {
        connector.start_export(request.clone()).await.map(|run| (run, None))
    };
    let (run, linting) = match started {
        Ok(started) => started,
        Err(problem) if is_done_by_others(connector, &problem, &request, sending).await => {
            tracing::info!(%problem, "another run does the same work");
            return Ok(Exit::Done);
        }
        Err(problem) => {
            notify(connector, work, outcome_of_problem(&problem)).await;
            return Err(problem.into());
        }
    };
    let serving = if sending.dry_run { Ok(None) } else { connector.serve_metrics().await };
    if let Err(problem) = &serving {
        talk(&format!("warning: {}", problem.what));
    }
    let followed = linear::follow_to_end(run, voice(sending), output).await;
    drop(serving);
    if let Err(problem) = connector.write_metrics().await {
        talk(&format!("warning: {}", problem.what));
    }
    let ended = followed.and_then(|report| Ok((linear::conclude(&report)?, report)));
    let outcome = match &ended {
        Ok((_, report)) => outcome_of_report(report),
        Err(error) => error.downcast_ref().and_then(outcome_of_problem),
    };
    notify(connector, work, outcome).await;
    let (exit, report) = ended?;
    if sending.dry_run {
        customised::after_dry_run(connector, &feeds, output).await?;
    }
    if let Some(linting) = linting {
        lint::after_dry_run(linting, &report, output).await?;
    }
    Ok(exit)
}

/// Whether a run that is in the way does the same work, and nobody wants to hear of that: cron would mail it every few minutes.
async fn is_done_by_others(
    connector: &Connector,
    problem: &Problem,
    request: &ExportRequest,
    sending: &SendingArgs,
) -> bool {
    let is_silent = sending.quiet && connector.settings().file.config().export.quiet_if_running;
    // Where that cannot be found out, the problem is told as it is.
    problem.exit == Exit::Locked && is_silent && connector.is_done_by_others(request).await.unwrap_or(false)
}

/// Tells people how it ended, as `[notify]` says; a dry run (no `work`) is nobody's concern. What fails is a warning.
async fn notify(connector: &Connector, work: Option<&'static str>, outcome: Option<Outcome>) {
    let Some(work) = work else { return };
    for problem in connector.notify(work, outcome).await {
        tracing::warn!(%problem, "not delivered");
        talk(&format!("warning: {}", problem.what));
    }
}

fn request(mode: SyncMode, feeds: Vec<Feed>, sending: &SendingArgs) -> ExportRequest {
    ExportRequest {
        feeds,
        mode,
        thread_count: sending.thread_count.map(usize::from),
        batch_size: sending.batch_size.map(usize::from),
        dry_run: sending.dry_run,
        accept_empty: sending.accept_empty,
        typed_name: sending.i_know.clone(),
        max_delete: sending.max_delete,
        max_change: sending.max_change,
        allowed: Vec::new(),
    }
}

fn voice(sending: &SendingArgs) -> Voice {
    if sending.quiet { Voice::Quiet } else { Voice::Stderr }
}

/// How the feeds are gone through; clap has seen to it that the flags do not contradict each other.
fn mode(args: &RunArgs, connector: &Connector) -> Result<SyncMode, Problem> {
    if !args.by_ids.is_empty() {
        return Ok(SyncMode::ByIds { words: ids::read(&args.by_ids)?, kind: args.id_type.unwrap_or_default() });
    }
    Ok(match args {
        RunArgs { partial: true, full_within, database_share, .. } => {
            let rolling = connector.rolling(*full_within, *database_share);
            SyncMode::Partial(Following { rolling, ..Following::default() })
        }
        RunArgs { retry: true, .. } => SyncMode::RETRY_ALL,
        _ => SyncMode::Full,
    })
}

/// Forgets and sends again what was confirmed by name; says what that would do if it was not.
async fn clean_up(args: &RunArgs, connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    let feeds = chosen(&args.feed)?;
    if feeds.is_empty() {
        return Err(Problem::usage("--cleanup-feed needs feed names, not `all`")
            .hint("name the feeds: --feed products,prices --cleanup-feed")
            .into());
    }
    let unconfirmed: Vec<&str> =
        feeds.iter().filter(|feed| !args.confirm.contains(feed)).map(|feed| feed.name()).collect();
    let is_confirmed = unconfirmed.is_empty();
    if is_confirmed && !args.sending.dry_run {
        return send(connector, SyncMode::Cleanup, &args.feed, &args.sending, output).await;
    }
    let _log = crate::logging::start(&connector.overview().state_dir)?;
    let sending = SendingArgs { dry_run: true, ..args.sending.clone() };
    let run = connector.start_export(request(SyncMode::Cleanup, feeds, &sending)).await?;
    let report = linear::follow_to_end(run, voice(&sending), output).await?;
    for feed in &report.progress.feeds {
        let fields = json!({"feed": feed.feed, "forgotten": feed.forgotten, "not_propagated": feed.gone});
        output.say(&cleanup_line(feed), "cleanup", fields)?;
    }
    let exit = linear::conclude(&report)?;
    if is_confirmed {
        return Ok(exit);
    }
    let names = unconfirmed.join(",");
    Err(Problem::new(Exit::Guarded, format!("the cleanup of {names} is not confirmed; nothing was changed"))
        .hint(format!("confirm it: add --confirm {names}"))
        .into())
}

fn cleanup_line(feed: &FeedProgress) -> String {
    let forgotten = counted(feed.forgotten, "item");
    let all = counted(feed.collected, "item");
    let lost = match feed.gone {
        0 => "no stale items would remain".to_owned(),
        gone => format!(
            "{} deleted from the shop would stay in the service: deletions will not propagate",
            counted(gone, "item")
        ),
    };
    format!("{}: {forgotten} would be forgotten and {all} sent; {lost}", feed.feed)
}

/// The named feeds; none = all of the source.
fn chosen(choices: &[FeedChoice]) -> Result<Vec<Feed>, Problem> {
    let mut named: Vec<Feed> = choices
        .iter()
        .filter_map(|choice| match choice {
            FeedChoice::All => None,
            FeedChoice::One(feed) => Some(*feed),
        })
        .collect();
    if choices.contains(&FeedChoice::All) {
        if let Some(feed) = named.iter().find(|feed| feed.is_experimental()) {
            return Err(Problem::usage(format!("{feed} is experimental and not part of `all`"))
                .hint(format!("export it separately: --feed {feed}")));
        }
        named.clear();
    }
    Ok(named)
}

/// Says what a full export would take. The data is on stdout; how it was computed belongs to it.
async fn estimate(connector: &Connector, feeds: &[Feed], output: &mut Output) -> anyhow::Result<Exit> {
    let estimate = connector.estimate(feeds).await?;
    for feed in &estimate.feeds {
        output.record(
            "feed_estimate",
            json!({
                "feed": feed.feed,
                "source_records": feed.source_records,
                "items": feed.items,
                "batch_size": feed.batch_size,
                "requests": feed.requests,
                "bytes": feed.bytes,
            }),
        )?;
    }
    let seconds = estimate.time().map(|time| time.as_secs());
    output.record("estimate", json!({"requests": estimate.requests(), "seconds": seconds}))?;
    let mut rows: Vec<Vec<String>> = estimate.table().into_iter().map(Vec::from).collect();
    rows.iter_mut().take(1).flatten().for_each(|name| *name = name.to_uppercase());
    output.text(&table(&rows, &[1, 2, 3, 4, 5]))?;
    estimate.notes().iter().try_for_each(|note| output.text(&note.plain()))?;
    Ok(Exit::Done)
}

/// The state of each feed in the selected data space.
pub(super) fn status(connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    let overview = connector.overview();
    let Some((id, name, kind)) = overview.data_space else {
        return Err(no_data_space().into());
    };
    let summary = connector.ledger_summary()?;
    let failures = connector.failures(None, FAILURES_SHOWN)?;
    let mut rows = vec![
        ["FEED", "SENT", "NOT SENT", "WILL RETRY", "NEEDS A FIX", "COVERAGE", "LAST FULL SYNC", "LAST PARTIAL SYNC"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for feed in &summary {
        let mut fields = summary_record(feed);
        fields["data_space"] = json!(id);
        fields["feed"] = json!(feed.feed);
        output.record("feed_status", fields)?;
        let mut row = vec![feed.feed.to_string()];
        row.extend([feed.submitted, feed.awaiting, feed.will_retry, feed.needs_attention].map(count));
        row.push(feed.coverage().share());
        row.push(feed.last_sync.map_or("never in full".to_owned(), moment));
        row.push(feed.last_partial.map_or("none".to_owned(), moment));
        rows.push(row);
    }
    output.text(&format!("Data space {name} ({kind}, {id})"))?;
    if summary.is_empty() {
        output.text("Nothing sent yet: run `commerce-connector export run`.")?;
    } else {
        output.text(&table(&rows, &[1, 2, 3, 4, 5]))?;
        day_after::coverage(&id, &summary, output)?;
        day_after::sent_per_hour(&id, connector, output)?;
    }
    rolling_status(connector, output)?;
    for failure in &failures {
        output.say(&failure_line(failure), "item_failed", linear::failure_record(failure))?;
    }
    let failed: u64 = summary.iter().map(|feed| feed.will_retry + feed.needs_attention).sum();
    let shown = failures.len() as u64;
    output.record("failures", json!({"shown": shown, "total": failed}))?;
    if failed > shown {
        output.text(&format!(
            "{} of {} failures shown; all: `commerce-connector export items --state will-retry` and `--state needs-attention`",
            count(shown),
            count(failed)
        ))?;
    }
    Ok(if failed > 0 { Exit::Partial } else { Exit::Done })
}

/// What the ledger has of a feed as JSON.
pub(super) fn summary_record(summary: &FeedSummary) -> Value {
    json!({
        "submitted": summary.submitted,
        "awaiting": summary.awaiting,
        "will_retry": summary.will_retry,
        "needs_attention": summary.needs_attention,
        "coverage_percent": summary.coverage().percent(),
        "last_sync": summary.last_sync.map(|at| at.to_string()),
        "last_partial": summary.last_partial.map(|at| at.to_string()),
    })
}

/// Progress of the rolling compare, for feeds that it has begun.
fn rolling_status(connector: &Connector, output: &mut Output) -> Result<(), Problem> {
    let rounds = connector.rolling_summary()?;
    let mut rows = vec![["FEED", "ROLLING COMPARE", "LAST ROUND", "DATABASE TIME"].map(str::to_owned).to_vec()];
    for round in rounds.iter().filter(|round| round.database_time.is_some()) {
        let share = round.took.zip(round.database_time).filter(|(took, _)| !took.is_zero());
        let percent = share.map(|(took, time)| 100.0 * time.as_secs_f64() / took.as_secs_f64());
        output.record(
            "rolling_compare",
            json!({
                "feed": round.feed,
                "started_at": round.started_at.to_string(),
                "records": round.records,
                "total": round.total,
                "last_round_seconds": round.took.map(|took| took.as_secs()),
                "database_seconds": round.database_time.map(|time| time.as_secs_f64()),
                "database_percent": percent,
            }),
        )?;
        let none = || "none yet".to_owned();
        rows.push(vec![
            round.feed.to_string(),
            format!("{} of {}", count(round.records), round.total.map_or_else(|| "…".to_owned(), count)),
            round.took.map_or_else(none, duration),
            match (round.database_time, percent) {
                (Some(time), Some(percent)) => format!("{:.1} s ({percent:.1}%)", time.as_secs_f64()),
                (Some(time), None) => format!("{:.1} s", time.as_secs_f64()),
                (None, _) => none(),
            },
        ]);
    }
    if rows.len() > 1 { output.text(&table(&rows, &[])) } else { Ok(()) }
}
