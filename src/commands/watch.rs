//! `export watch`: one line at its start, one for what a pass did, and nothing for a pass that found nothing.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc};
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

/// Watches until SIGTERM or SIGINT; a second one leaves at once. Nobody reading never stops it, and neither does SIGHUP: it has the
/// settings read again.
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
    let mut hangup = signal(SignalKind::hangup())?;
    let reload = Arc::new(Notify::new());
    let begun = begun(&watch, &connector);
    let stop = CancellationToken::new();
    let (sender, mut news) = mpsc::channel(WAITING);
    let mut watching = tokio::spawn({
        let (stop, reload) = (stop.clone(), reload.clone());
        async move { connector.watch(watch, sender, stop, reload).await }
    });
    let mut teller = Teller::new(Voice::Stderr, output);
    if let Some((text, fields)) = begun {
        teller.say(&text, "watch_started", fields);
    }
    let mut watchdog = service_manager::ready();
    // Ended by the service manager is ended well; ended by a person's Ctrl-C is interrupted.
    let mut exit = Exit::Done;
    let mut is_listening = true;
    let ended = loop {
        let asked = tokio::select! {
            biased;
            _ = interrupt.recv() => Some(Exit::Interrupted),
            _ = terminate.recv() => Some(Exit::Done),
            _ = hangup.recv() => {
                reload.notify_one();
                None
            }
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

/// What is watched and where to, in one line and as JSON; `None` without a data space, which is an error of its own.
fn begun(watch: &Watch, connector: &Connector) -> Option<(String, Value)> {
    let (id, name, kind) = connector.overview().data_space?;
    let feeds: Vec<&str> = watch.feeds.iter().map(|feed| feed.name()).collect();
    let rolling = connector.rolling(watch.full_within, watch.database_share);
    let all = if feeds.is_empty() { "all feeds".to_owned() } else { feeds.join(", ") };
    let within = rolling.map(|rolling| format!(", the whole shop within {}", duration(rolling.within)));
    let text = format!(
        "Watching {all} for {name} ({kind}): a pass every {}{}. Stop it with Ctrl-C or `commerce-connector export stop`.",
        duration(watch.every),
        within.unwrap_or_default(),
    );
    let fields = json!({
        "data_space": id,
        "feeds": watch.feeds,
        "every_seconds": watch.every.as_secs(),
        "full_within_seconds": rolling.map(|rolling| rolling.within.as_secs()),
    });
    Some((text, fields))
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
        WatchNews::StandingBy { holder } => {
            let text =
                format!("Standing by: the watch runs on another node ({holder}). This one takes over when it ends.");
            teller.say(&text, "watch_standing_by", json!({"holder": holder}));
        }
        WatchNews::Warning(problem) => {
            teller.say(
                &format!("warning: {}", problem.what),
                "warning",
                json!({"message": problem.what, "hint": problem.hint}),
            );
            if let Some(hint) = &problem.hint {
                talk(&format!("  fix: {}", hint.command_line()));
            }
        }
        WatchNews::SettingsChanged(what) => {
            teller.say(&format!("Settings changed: {what}"), "watch_settings", json!({"changed": what}));
        }
        // What changed is said where it is found.
        WatchNews::Reloading | WatchNews::Reloaded { is_changed: true, problem: None } => {}
        WatchNews::Reloaded { is_changed: false, problem: None } => {
            teller.say("Settings read again; nothing changed.", "watch_reloaded", json!({}));
        }
        WatchNews::Reloaded { problem: Some(problem), .. } => {
            let text = format!("error: {}; continuing with the settings in use", problem.what);
            let fields = json!({"message": problem.what, "hint": problem.hint});
            teller.say(&text, "watch_reload_failed", fields);
        }
        WatchNews::Recovered => teller.say("Working again.", "watch_recovered", json!({})),
    }
}
