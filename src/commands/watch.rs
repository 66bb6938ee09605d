//! `export watch`: one line for what a pass did, and nothing for a pass that found nothing.

use std::time::Duration;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::linear::{self, Teller, Voice};
use super::output::{Output, talk};
use super::service_manager;
use crate::cli::WatchArgs;
use crate::connector::{Connector, Watch, WatchNews};
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::export::report_text::finished_line;
use crate::format::duration;

/// News that may wait to be printed.
const WAITING: usize = 64;

/// Watches until SIGTERM or SIGINT; a second one leaves at once. A hang-up, or nobody reading, never stops it.
pub async fn run(
    args: &WatchArgs,
    feeds: Vec<Feed>,
    connector: Connector,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let watch = Watch {
        feeds,
        every: Duration::from_secs(args.every.into()),
        full_every: Duration::from_secs(3600 * u64::from(args.full_every)),
        full_within: args.full_within,
        database_share: args.database_share,
        typed_name: args.i_know.clone(),
    };
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Taken, so that the default action (to die) is not.
    let mut hangup = signal(SignalKind::hangup())?;
    let stop = CancellationToken::new();
    let (sender, mut news) = mpsc::channel(WAITING);
    let mut watching = tokio::spawn({
        let stop = stop.clone();
        async move { connector.watch(watch, sender, stop).await }
    });
    let mut teller = Teller::new(Voice::Stderr, output);
    let mut watchdog = service_manager::ready();
    // Ended by the service manager is ended well; ended by a person's Ctrl-C is interrupted.
    let mut exit = Exit::Done;
    let mut is_listening = true;
    let ended = loop {
        let asked = tokio::select! {
            biased;
            _ = interrupt.recv() => Some(Exit::Interrupted),
            _ = terminate.recv() => Some(Exit::Done),
            _ = hangup.recv() => None,
            () = watchdog.is_time() => {
                service_manager::alive();
                None
            }
            reported = news.recv(), if is_listening => {
                match reported {
                    Some(reported) => {
                        say(&mut teller, &reported);
                        service_manager::news(&reported);
                    }
                    None => is_listening = false,
                }
                None
            }
            ended = &mut watching, if !is_listening => break ended,
        };
        if asked.is_some() && stop.is_cancelled() {
            return Ok(Exit::Interrupted);
        }
        if let Some(asked) = asked {
            exit = asked;
            service_manager::stopping();
            stop.cancel();
        }
    };
    ended.map_err(|error| Problem::new(Exit::Other, format!("the watch failed: {error}")))??;
    Ok(exit)
}

fn say(teller: &mut Teller<'_>, news: &WatchNews) {
    match news {
        WatchNews::Event(event) => teller.event(event),
        WatchNews::Pass(report) => {
            let feeds: Vec<_> =
                report.progress.feeds.iter().filter(|feed| feed.to_send() + feed.settled() > 0).collect();
            let lines: Vec<String> = feeds.iter().map(|feed| finished_line(feed)).collect();
            let fields = json!({
                "elapsed_seconds": report.progress.elapsed.as_secs_f64(),
                "feeds": feeds.iter().map(|feed| linear::feed_record(feed)).collect::<Vec<_>>(),
            });
            teller.data(&lines.join("\n"), "watch_pass", fields);
        }
        WatchNews::Failing { problem, again_in, at_least_every } => {
            let text = format!(
                "error: {}; retrying in {}, then at least every {}",
                problem.what,
                duration(*again_in),
                duration(*at_least_every)
            );
            let fields = json!({
                "message": problem.what, "hint": problem.hint, "again_in_seconds": again_in.as_secs(),
            });
            teller.say(&text, "watch_failing", fields);
            if let Some(hint) = &problem.hint {
                talk(&format!("  fix: {}", hint.command_line()));
            }
        }
        WatchNews::SettingsChanged(what) => {
            teller.say(&format!("Settings changed: {what}"), "watch_settings", json!({"changed": what}));
        }
        WatchNews::Recovered => teller.say("Working again.", "watch_recovered", json!({})),
    }
}
