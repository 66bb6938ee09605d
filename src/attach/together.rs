//! The runs of several nodes that share an export, as one run: who looks sees all of it, and what is asked is asked of all.

use std::cmp::Reverse;

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::{mpsc, watch};

use super::client::Found;
use crate::error::{Exit, Problem};
use crate::export::control::{Command, Control};
use crate::export::progress::{FeedProgress, Phase, Progress, RunEnd, RunEvent, RunReport};
use crate::export::requests::{RECENT, Requests};
use crate::export::{ExportError, Run};

/// Events and commands that may wait.
const WAITING: usize = 64;

/// Runs of the same export as one; `runs` has at least one.
pub fn together(runs: Vec<Found>) -> Run {
    let names: Vec<String> = runs.iter().map(|run| run.about.owner.address()).collect();
    let first_feed = runs.first().and_then(|run| run.about.feeds.first().copied());
    let runs: Vec<Run> = runs.into_iter().map(Found::attach).collect();
    let counters: Vec<watch::Receiver<Progress>> = runs.iter().map(|run| run.progress.clone()).collect();
    let (progress_out, mut progress) = watch::channel(merged(&latest(&counters)));
    progress.mark_changed();
    let (events_out, events) = mpsc::channel(WAITING);
    let (commands, commands_in) = mpsc::channel(WAITING);
    let report = tokio::spawn(async move {
        if let Some(feed) = first_feed {
            let text = format!("{} nodes share this export: {}", names.len(), names.join("; ")).into();
            let _ = events_out.send(RunEvent::Note { feed, text }).await;
        }
        follow(runs, counters, progress_out, events_out, commands_in).await
    });
    Run { progress, events, control: Control::elsewhere(commands), report }
}

async fn follow(
    runs: Vec<Run>,
    counters: Vec<watch::Receiver<Progress>>,
    progress: watch::Sender<Progress>,
    events: mpsc::Sender<RunEvent>,
    mut commands: mpsc::Receiver<Command>,
) -> Result<RunReport, ExportError> {
    let controls: Vec<Control> = runs.iter().map(|run| run.control.clone()).collect();
    let mut reports = Vec::new();
    let mut told = FuturesUnordered::new();
    for Run { events: mut of_run, report, .. } in runs {
        reports.push(report);
        let events = events.clone();
        told.push(async move {
            while let Some(event) = of_run.recv().await {
                // Whoever looked has gone.
                if events.send(event).await.is_err() {
                    break;
                }
            }
        });
    }
    let mut changing = counters.clone();
    let mut ended = Box::pin(join_all(reports));
    let reports = loop {
        let changed = async {
            let mut waits: FuturesUnordered<_> = changing.iter_mut().map(watch::Receiver::changed).collect();
            // A run that has ended changes no more; the others may.
            while let Some(changed) = waits.next().await {
                if changed.is_ok() {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            reports = &mut ended => break reports,
            () = events.closed() => return Err(ExportError::Elsewhere(unfollowed())),
            Some(command) = commands.recv() => {
                // Checked by the first; the others have the same bounds.
                for control in &controls {
                    let _ = control.apply(&command, None);
                }
            }
            Some(()) = told.next() => {}
            () = changed => drop(progress.send_replace(merged(&latest(&counters)))),
        }
    };
    let mut ends = Vec::new();
    for report in reports {
        match report {
            Ok(report) => ends.push(report?),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => return Err(ExportError::Elsewhere(unfollowed())),
            },
        }
    }
    let progress = merged(&ends.iter().map(|report| report.progress.clone()).collect::<Vec<_>>());
    let requests_per_second = ends.first().and_then(|report| report.requests_per_second);
    let end = ends.into_iter().map(|report| report.end).max_by_key(severity).unwrap_or(RunEnd::Complete);
    Ok(RunReport { progress, end, unknown_ids: Vec::new(), requests_per_second })
}

fn unfollowed() -> Problem {
    Problem::new(Exit::Other, "the export is not followed any more")
}

/// The worse an end is, the more.
fn severity(end: &RunEnd) -> u8 {
    match end {
        RunEnd::Complete => 0,
        RunEnd::Stopped => 1,
        RunEnd::Failed { .. } => 2,
        RunEnd::KeysRefused { .. } => 3,
    }
}

fn latest(counters: &[watch::Receiver<Progress>]) -> Vec<Progress> {
    counters.iter().map(|counter| counter.borrow().clone()).collect()
}

/// The counters of all: of each feed those of the node that is at it, or has done it.
fn merged(all: &[Progress]) -> Progress {
    let Some((first, others)) = all.split_first() else { return Progress::new(Vec::new(), false) };
    let mut merged = first.clone();
    for other in others {
        for feed in &mut merged.feeds {
            let theirs = other.feeds.iter().find(|theirs| theirs.feed == feed.feed);
            if let Some(theirs) = theirs.filter(|theirs| rank(theirs) > rank(feed)) {
                *feed = theirs.clone();
            }
        }
        merged.elapsed = merged.elapsed.max(other.elapsed);
        merged.items_per_second += other.items_per_second;
        merged.thread_count += other.thread_count;
        merged.paused = merged.paused.filter(|_| other.paused.is_some());
        merged.stopping &= other.stopping;
        add(&mut merged.requests, &other.requests);
        for reason in &other.reasons.list {
            merged.reasons.add_all(reason);
        }
        merged.reasons.others += other.reasons.others;
    }
    if !others.is_empty() {
        // Each node knows only when it is done itself.
        (merged.eta, merged.run_eta) = (None, None);
    }
    merged
}

/// How much a node knows of a feed: one that is at it now the most, then one that is done with it.
fn rank(feed: &FeedProgress) -> (u8, u64) {
    let phase = match feed.phase {
        Phase::Collecting | Phase::Sending | Phase::Deleting => 3,
        Phase::Done => 2,
        Phase::Stopped | Phase::Failed => 1,
        Phase::Waiting => 0,
    };
    (phase, feed.source_read + feed.settled())
}

fn add(sum: &mut Requests, more: &Requests) {
    sum.ok += more.ok;
    sum.slowed_down += more.slowed_down;
    sum.failed += more.failed;
    sum.refused += more.refused;
    sum.waiting += more.waiting;
    sum.oldest = sum.oldest.max(more.oldest);
    // Something came back when the last of them heard something.
    sum.silent = [sum.silent, more.silent].into_iter().flatten().min();
    // Of two that were measured apart, the slower one.
    sum.latency = [sum.latency, more.latency].into_iter().flatten().min_by_key(|latency| Reverse(latency.p50));
    sum.recent.extend(more.recent.iter().copied());
    let surplus = sum.recent.len().saturating_sub(RECENT);
    sum.recent.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::Feed;
    use crate::export::control::Paused;

    fn progress(feeds: &[(Feed, Phase, u64)]) -> Progress {
        let feed = |(feed, phase, submitted): &(Feed, Phase, u64)| FeedProgress {
            phase: *phase,
            submitted: *submitted,
            ..FeedProgress::new(*feed)
        };
        Progress { thread_count: 2, ..Progress::new(feeds.iter().map(feed).collect(), false) }
    }

    #[test]
    fn of_each_feed_the_node_counts_that_is_at_it() {
        let one = progress(&[(Feed::Products, Phase::Collecting, 5), (Feed::Prices, Phase::Done, 0)]);
        let two = progress(&[(Feed::Products, Phase::Waiting, 0), (Feed::Prices, Phase::Done, 7)]);
        let together = merged(&[one, two]);
        let of = |place: usize| (together.feeds[place].phase, together.feeds[place].submitted);
        assert_eq!((of(0), of(1)), ((Phase::Collecting, 5), (Phase::Done, 7)));
        assert_eq!((together.thread_count, together.eta), (4, None));
    }

    #[test]
    fn an_export_is_paused_once_all_its_nodes_are() {
        let paused = |by: Option<&str>| Progress {
            paused: by.map(|by| Paused { by: Some(by.into()) }),
            eta: Some(Duration::from_secs(1)),
            ..progress(&[])
        };
        assert_eq!(merged(&[paused(Some("ann")), paused(None)]).paused, None);
        assert_eq!(merged(&[paused(Some("ann")), paused(Some("bob"))]).paused, Some(Paused { by: Some("ann".into()) }));
        assert!(merged(&[paused(None)]).eta.is_some(), "of one node it is known");
    }
}
