//! What the pane asks of the connector about feeds and the run, and what comes back.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::FAILURES_KEPT;
use crate::attach::{About, WatchStatus};
use crate::connector::compare::AdoptionCounts;
use crate::connector::doctor::Check;
use crate::connector::estimate::Estimate;
use crate::connector::health::Health;
use crate::connector::lint::LintRequest;
use crate::connector::services::Services;
use crate::connector::support_bundle::Bundle;
use crate::connector::{Connector, ExportRequest, Processes, SourceFeeds};
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::export::Run;
use crate::export::control::Control;
use crate::export::ledger::{FeedSummary, RunHistory};
use crate::export::progress::{ItemFailure, Progress, RunEvent};
use crate::report::{Row, Tone};
use crate::tui::panes::export::report_rows::ReportRequest;
use crate::tui::panes::{Answers, News, Reply, blocking};
use crate::tui::widgets::dialog::ReportKind;

/// How many lifecycle events may wait for the loop before refused items are only counted; they are in the ledger.
const RUN_NEWS_KEPT: usize = FAILURES_KEPT;

/// How many runs of the history are read: some days with a run every hour.
const RUNS_READ: usize = 100;

/// The loop's hold on a run.
#[derive(Debug)]
pub struct RunHandle {
    /// Its counters.
    pub progress: watch::Receiver<Progress>,
    /// Tells it what to do.
    pub control: Control,
}

/// What can be asked: each is one call of the connector.
#[derive(Debug)]
pub enum ExportWork {
    /// Count the source records.
    LoadCounts,
    /// Read the ledger.
    LoadLedger,
    /// Read the health of every feed.
    LoadHealth,
    /// Estimate what a full export would take.
    Estimate,
    /// Check the whole way from the shop to the service.
    Diagnose,
    /// Look at the services that the connector serves.
    LoadServices,
    /// Make a report.
    Report(ReportRequest),
    /// Say what is wrong with what a dry run of these feeds would send; none = every feed.
    LintDryRun(Vec<Feed>),
    /// Find out what would count as sent of what Adobe's exporter has sent, and count it as sent after a yes.
    Adopt(oneshot::Receiver<()>),
    /// Collect what goes into a support bundle.
    CollectBundle,
    /// Write it to a new archive.
    WriteBundle {
        bundle: Arc<Bundle>,
        path: PathBuf,
    },
    /// Follow the running export in another process, if there is one.
    Attach,
    /// Follow the watches of other processes, if there are any.
    FollowWatches,
    StartExport(ExportRequest),
}

/// What comes back.
#[derive(Debug)]
pub enum ExportReply {
    /// The feeds of the source with their source records, and those that it cannot give.
    Counts(Result<SourceFeeds, Problem>),
    /// What the ledger knows of the chosen data space.
    Ledger(Result<(Vec<FeedSummary>, Vec<ItemFailure>), Problem>),
    /// The newest runs into the chosen data space, and what was sent in each hour.
    History(RunHistory),
    /// How the watches stand.
    Watches {
        watches: Vec<WatchStatus>,
        /// Whether changes of the first will be told.
        is_followed: bool,
    },
    /// How every feed is.
    Health(Result<Health, Problem>),
    /// What a full export would take.
    Estimate(Result<Estimate, Problem>),
    /// The next check of the doctor is done.
    Checked(Check),
    /// The doctor is done.
    Diagnosed,
    /// The services that the connector serves.
    Services(Services),
    /// A report was made, row by row.
    Reported { kind: ReportKind, result: Result<Vec<Row>, Problem> },
    /// What is wrong with what the dry run would send, in one row.
    DryRunLinted(Row),
    /// What would count as sent of what Adobe's exporter has sent.
    AdoptionPlanned(Result<AdoptionCounts, Problem>),
    /// So many items count as sent now.
    Adopted(Result<u64, Problem>),
    /// What goes into a support bundle.
    BundleCollected(Result<Arc<Bundle>, Problem>),
    /// The archive was written, with so many bytes.
    BundleWritten { path: PathBuf, result: Result<u64, Problem> },
    /// An export was started, and whose it is if it has a process of its own; or it could not be.
    RunStarted(Result<Option<Box<About>>, Problem>),
    /// An export that this screen did not start is running, and is followed from now on.
    Attached(Box<About>),
}

/// Does it, and says what came of it; `None` where the run has told everything.
pub async fn perform(
    connector: Connector,
    work: ExportWork,
    processes: &Processes,
    answers: &Answers,
) -> Option<ExportReply> {
    Some(match work {
        ExportWork::LoadCounts => ExportReply::Counts(connector.source_feeds().await),
        ExportWork::LoadLedger => {
            let read = move || {
                let summaries = (connector.ledger_summary()?, connector.failures(None, FAILURES_KEPT)?);
                Ok((summaries, connector.history(RUNS_READ)?))
            };
            ExportReply::Ledger(match blocking(read).await {
                Ok((summaries, history)) => {
                    answers.tell(Reply::Export(ExportReply::History(history))).await;
                    Ok(summaries)
                }
                Err(problem) => Err(problem),
            })
        }
        ExportWork::LoadHealth => ExportReply::Health(connector.health().await),
        ExportWork::Estimate => ExportReply::Estimate(connector.estimate(&[]).await),
        ExportWork::Diagnose => {
            diagnose(&connector, answers).await;
            ExportReply::Diagnosed
        }
        ExportWork::LoadServices => ExportReply::Services(connector.services().await),
        ExportWork::Report(request) => {
            let kind = request.kind();
            ExportReply::Reported { kind, result: request.rows(&connector).await }
        }
        ExportWork::LintDryRun(feeds) => ExportReply::DryRunLinted(lint_dry_run(&connector, feeds).await),
        ExportWork::Adopt(yes) => return adopt(&connector, yes, answers).await,
        ExportWork::CollectBundle => {
            ExportReply::BundleCollected(connector.support_bundle(&processes.bundle).await.map(Arc::new))
        }
        ExportWork::WriteBundle { bundle, path } => {
            blocking(move || {
                // Who reads where it is may not know in which directory the screen was opened.
                let path = std::path::absolute(&path).unwrap_or(path);
                let result = bundle.write(&path);
                ExportReply::BundleWritten { path, result }
            })
            .await
        }
        ExportWork::StartExport(request) => match connector.start_for_screen(&processes.runs, request).await {
            Ok((about, run)) => {
                let started = ExportReply::RunStarted(Ok(about.map(Box::new)));
                return follow(run, started, answers).await;
            }
            // Another process exports already: then its run is what the person wants to see.
            Err(problem) if problem.exit == Exit::Locked => match connector.attach().await {
                Some((about, run)) => return follow(run, ExportReply::Attached(Box::new(about)), answers).await,
                None => ExportReply::RunStarted(Err(problem)),
            },
            Err(problem) => ExportReply::RunStarted(Err(problem)),
        },
        ExportWork::FollowWatches => follow_watches(&connector, answers).await,
        ExportWork::Attach => {
            let (about, run) = connector.attach().await?;
            return follow(run, ExportReply::Attached(Box::new(about)), answers).await;
        }
    })
}

/// What is wrong with what a dry run would send, as one row. What keeps lint from reading is told there: the dry run is done all
/// the same.
async fn lint_dry_run(connector: &Connector, feeds: Vec<Feed>) -> Row {
    match connector.lint(&LintRequest { feeds, ..LintRequest::default() }).await {
        Ok(report) => Row::new(format!("Lint: {}", report.summary()), report.tone()),
        Err(problem) => Row::new(format!("Lint: not checked: {problem}"), Tone::Warning),
    }
}

/// Finds out what would count as sent of what Adobe's exporter has sent, tells it, and keeps it if a person says yes. Nothing comes
/// back of a question that was closed.
async fn adopt(connector: &Connector, mut yes: oneshot::Receiver<()>, answers: &Answers) -> Option<ExportReply> {
    let planned = tokio::select! {
        planned = Box::pin(connector.plan_adoption(None)) => planned,
        // Nothing is sent before there is something to say yes to: the question was closed.
        _ = &mut yes => return None,
    };
    let plan = match planned {
        Ok(plan) => plan,
        Err(problem) => return Some(ExportReply::AdoptionPlanned(Err(problem))),
    };
    answers.tell(Reply::Export(ExportReply::AdoptionPlanned(Ok(plan.counts.clone())))).await;
    let is_yes = yes.await.is_ok();
    // Letting go of it blocks as keeping it does.
    blocking(move || is_yes.then(|| ExportReply::Adopted(plan.keep()))).await
}

/// Tells how the watches stand, and whenever that of the oldest changes, until it ends or another data space is chosen.
async fn follow_watches(connector: &Connector, answers: &Answers) -> ExportReply {
    let mut found = connector.watches().await;
    let mut watches: Vec<WatchStatus> = found.iter().map(|watch| watch.status.clone()).collect();
    if let Some(first) = found.first_mut() {
        let data_space = first.status.data_space.clone();
        let is_chosen = || connector.overview().data_space.is_some_and(|(id, ..)| id == data_space);
        while is_chosen() {
            let reply = ExportReply::Watches { watches: watches.clone(), is_followed: true };
            answers.tell(Reply::Export(reply)).await;
            match (first.changed().await, watches.first_mut()) {
                (Some(status), Some(shown)) => *shown = status,
                _ => break,
            }
        }
        watches.remove(0);
    }
    ExportReply::Watches { watches, is_followed: false }
}

/// Tells each check of the doctor as soon as it is done.
async fn diagnose(connector: &Connector, answers: &Answers) {
    // The doctor does not wait for who listens; there are a few dozen checks, so what waits here stays small.
    let (reported, mut checks) = mpsc::unbounded_channel();
    let doctor = connector.doctor(move |check| {
        // The receiver lives until the doctor is done.
        let _ = reported.send(check.clone());
    });
    let listen = async {
        while let Some(check) = checks.recv().await {
            answers.tell(Reply::Export(ExportReply::Checked(check))).await;
        }
    };
    tokio::join!(doctor, listen);
}

/// Brings the news of a run to the loop, first that there is one, until it has ended. However slow the loop is, the export never
/// waits for it.
async fn follow(run: Run, first: ExportReply, answers: &Answers) -> Option<ExportReply> {
    let Run { progress, mut events, control, report } = run;
    answers.news(News::Run(RunHandle { progress, control })).await;
    answers.tell(Reply::Export(first)).await;
    let mut waiting = WaitingNews::default();
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => waiting.push(event),
                None => break,
            },
            permit = answers.reserve(), if !waiting.is_empty() => {
                let news = waiting.take();
                if let Ok(permit) = permit {
                    permit.send(news);
                }
            }
        }
    }
    if !waiting.is_empty() {
        answers.news(waiting.take()).await;
    }
    let result = match report.await {
        Ok(result) => result.map_err(|error| Problem::of(&error)),
        Err(_) => Err(Problem::new(Exit::Other, "internal error: the run failed")
            .hint("see the log in the state directory; recorded items are safe")),
    };
    answers.news(News::Ended(Box::new(result))).await;
    None
}

/// Lifecycle events that the loop has not taken yet.
#[derive(Debug, Default)]
struct WaitingNews {
    news: VecDeque<RunEvent>,
    skipped: u64,
}

impl WaitingNews {
    /// Keeps an event. When there are too many, the oldest refused item gives way: it is in the ledger and in the
    /// counters. Nothing else does, and there is little else.
    fn push(&mut self, event: RunEvent) {
        self.news.push_back(event);
        if self.news.len() > RUN_NEWS_KEPT
            && let Some(oldest) = self.news.iter().position(|event| matches!(event, RunEvent::ItemFailed(_)))
        {
            self.news.remove(oldest);
            self.skipped += 1;
        }
    }

    fn is_empty(&self) -> bool {
        self.news.is_empty()
    }

    fn take(&mut self) -> News {
        News::Happened { news: std::mem::take(&mut self.news).into(), skipped: std::mem::take(&mut self.skipped) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::KeysRemedy;
    use crate::export::progress::{ItemFailure, ItemState};

    fn failure(number: usize) -> RunEvent {
        RunEvent::ItemFailed(ItemFailure {
            feed: Feed::Products,
            label: format!("sku-{number}").as_str().into(),
            state: ItemState::NeedsAttention,
            message: "no".into(),
            code: "".into(),
            request_id: None,
        })
    }

    #[test]
    fn a_flood_of_refused_items_pushes_nothing_else_out() {
        let mut waiting = WaitingNews::default();
        waiting.push(RunEvent::KeysRefused { message: "no".into(), remedy: KeysRemedy::CheckKeys, request_id: None });
        for number in 0..RUN_NEWS_KEPT + 10 {
            waiting.push(failure(number));
        }
        let News::Happened { news, skipped } = waiting.take() else { panic!("not run news") };
        assert_eq!(news.len(), RUN_NEWS_KEPT);
        assert_eq!(skipped, 11);
        assert!(matches!(news.first(), Some(RunEvent::KeysRefused { .. })));
        assert_eq!(news.last(), Some(&failure(RUN_NEWS_KEPT + 9)));
        assert!(waiting.is_empty());
    }
}
