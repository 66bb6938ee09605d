//! Running exports and watches, from another process: `export status --watch`, `export pause`, `resume`, `stop` and `set`.

use std::time::Duration;

use jiff::Zoned;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::linear::{self, Voice};
use super::output::{Output, redraws, talk};
use crate::cli::SetArgs;
use crate::connector::Connector;
use crate::connector::watching::watch_words;
use crate::domain::DataSpaceId;
use crate::error::{Exit, Problem};
use crate::export::control::Command;
use crate::export::owner::Owner;
use crate::export::report_text::limit_words;
use crate::export::total_text::{end_of_run_words, items_words, reason_line, requests_line};
use crate::format::{counted, duration};

/// Says of each run what it does, who runs it and how far it is. Gives whether there is one.
pub async fn list(connector: &Connector, output: &mut Output) -> Result<bool, Problem> {
    let runs = connector.live_runs().await;
    let is_running = !runs.is_empty();
    for run in runs {
        let (about, progress) = (&run.about, &run.progress);
        let total = progress.total();
        let mut text = format!(
            "{} running ({}): {}%, {} items processed; {}; {}, {} elapsed",
            about.request,
            about.owner,
            total.percent(),
            items_words(&total),
            end_of_run_words(progress, Duration::ZERO, &Zoned::now()),
            counted(u64::try_from(progress.thread_count).unwrap_or(u64::MAX), "thread"),
            duration(progress.elapsed),
        );
        let requests = requests_line(&progress.requests);
        let reasons = progress.reasons.sorted().into_iter().map(reason_line);
        for line in requests.into_iter().chain(reasons) {
            text.push_str("\n  ");
            text.push_str(&line);
        }
        let fields = json!({
            "request": about.request,
            "user": about.owner.user,
            "host": about.owner.host,
            "pid": about.owner.pid,
            "since": about.owner.since().map(|since| since.to_string()),
            "data_space": about.data_space,
            "paused": progress.paused.is_some(),
            "stopping": progress.stopping,
            "thread_count": progress.thread_count,
            "limit": limit_words(&progress.limit),
            "elapsed_seconds": progress.elapsed.as_secs_f64(),
            "feeds": progress.feeds.iter().map(linear::feed_record).collect::<Vec<_>>(),
            "total": linear::total_record(progress, Duration::ZERO),
            "requests": linear::requests_record(&progress.requests),
            "reasons": linear::reasons_record(&progress.reasons),
        });
        output.say(&text, "live_run", fields)?;
    }
    Ok(is_running)
}

/// Says of each watch who runs it, how often it passes, and when it does next.
pub async fn watches(connector: &Connector, output: &mut Output) -> Result<(), Problem> {
    for watch in connector.watches().await {
        let status = &watch.status;
        let text = format!("Watch {}", watch_words(status, &TimeZone::system()));
        let fields = json!({
            "user": status.owner.user,
            "host": status.owner.host,
            "pid": status.owner.pid,
            "since": status.owner.since().map(|since| since.to_string()),
            "data_space": status.data_space,
            "every_seconds": status.every.as_secs(),
            "last_pass": status.last_pass,
            "next_pass": status.next_pass.map(|at| at.to_string()),
            "problem": status.problem,
        });
        output.say(&text, "watch", fields)?;
    }
    for owner in connector.watches_of_nodes().await? {
        let fields = json!({"user": owner.user, "host": owner.host, "pid": owner.pid});
        output.say(&format!("Watch running on another node ({owner})."), "watch_of_node", fields)?;
    }
    Ok(())
}

/// Stops watches and runs, and says which.
///
/// # Errors
/// A [`Problem`] if there is neither, or one does not take it.
pub async fn stop(connector: &Connector, output: &mut Output) -> Result<Exit, Problem> {
    let (watches, runs) = connector.stop_exports().await?;
    for watch in &watches {
        let owner = &watch.owner;
        let text = format!("Stopping the watch; a pass that is running finishes its in-flight batches ({owner}).");
        output.say(&text, "stopping", told_fields(owner, &watch.data_space, true))?;
    }
    for about in &runs {
        let text = "Stopping after in-flight batches; run again to resume";
        let fields = told_fields(&about.owner, &about.data_space, false);
        output.say(&format!("{text} ({}, {}).", about.request, about.owner), "stopping", fields)?;
    }
    Ok(Exit::Done)
}

fn told_fields(owner: &Owner, data_space: &DataSpaceId, is_watch: bool) -> Value {
    json!({"user": owner.user, "host": owner.host, "pid": owner.pid, "data_space": data_space, "watch": is_watch})
}

/// Follows the oldest run to its end, and ends as it does; `None` if there is none.
///
/// # Errors
/// A [`Problem`] as of the run.
pub async fn watch(connector: &Connector, output: &mut Output) -> anyhow::Result<Option<Exit>> {
    let Some((about, run)) = connector.attach().await else { return Ok(None) };
    let voice = if output.is_json() || !redraws() { Voice::Stdout } else { Voice::Table };
    talk(&format!("{} running ({}). Interrupting this does not stop it.", about.request, about.owner));
    Ok(Some(linear::follow(run, voice, output).await?))
}

/// What `export set` asks for.
///
/// # Errors
/// A usage [`Problem`] if it asks for nothing.
pub fn settings(args: &SetArgs) -> Result<Vec<Command>, Problem> {
    let threads = args.threads.map(|count| Command::SetThreadCount(count.into()));
    let sizes = args.batch_size.map(|items| {
        let size = |feed| Command::SetBatchSize { feed, items: items.into() };
        if args.feed.is_empty() { vec![size(None)] } else { args.feed.iter().map(|feed| size(Some(*feed))).collect() }
    });
    let commands: Vec<Command> = threads.into_iter().chain(sizes.unwrap_or_default()).collect();
    if commands.is_empty() {
        return Err(Problem::usage("nothing to set").hint("give --threads N, --batch-size N, or both"));
    }
    Ok(commands)
}

/// Has the runs carry out commands, and says so.
///
/// # Errors
/// A [`Problem`] if there is no run, or one refuses.
pub async fn tell(commands: &[Command], connector: &Connector, output: &mut Output) -> Result<Exit, Problem> {
    for about in connector.tell_runs(commands).await? {
        let (word, text) = match commands {
            [Command::Pause] => ("paused", "Paused; in-flight batches will finish"),
            [Command::Resume] => ("resumed", "Resumed"),
            _ => ("set", "Updated; applies to new batches"),
        };
        let fields = told_fields(&about.owner, &about.data_space, false);
        output.say(&format!("{text} ({}, {}).", about.request, about.owner), word, fields)?;
    }
    Ok(Exit::Done)
}
