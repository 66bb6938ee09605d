//! Watching: partial syncs, again and again, until somebody says stop.
//!
//! Between two passes nothing is held: no lock, no ledger, no snapshot; only the pool of database connections, which closes what
//! is idle. It must never know how anything is shown.

mod beside;
mod repeat;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, watch as channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::metrics::Endpoint;
use super::notify::{WATCH, outcome_of_problem, outcome_of_report};
use super::stored::InUse;
use super::{Connector, ExportRequest};
use crate::attach::{PassEnd, WatchStatus, publish_watch};
use crate::config::time_span::TimeSpan;
use crate::connector::nodes::{TakenWatch, WatchPlace};
use crate::domain::{DataSpaceId, Feed};
use crate::error::{Exit, Problem};
use crate::export::held::What;
use crate::export::ledger::Installation;
use crate::export::owner::Owner;
use crate::export::progress::{FeedProgress, Phase, RunEnd, RunEvent, RunReport};
use crate::export::{Following, Run, SyncMode};
use crate::feeds::source::Source;
use crate::notify::Outcome;
use crate::untrusted::SafeText;
use beside::{Beside, Going, Next};
use repeat::{Pass, Passed, Signals, repeat, tell};

/// How long an item whose last attempt failed rests before a pass tries it again: one that fails each time is then sent twelve
/// times an hour, whatever the time between two passes.
const REST: Duration = Duration::from_mins(5);

/// How to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// Feeds; empty = all that the source has.
    pub feeds: Vec<Feed>,
    /// From the end of one pass to the beginning of the next; beside a long one, feeds that it is done with are passed again as often.
    pub every: Duration,
    /// How often a feed without a change log is compared in full.
    pub full_every: Duration,
    /// Within which time the whole shop is compared, instead of the configured.
    pub full_within: Option<TimeSpan>,
    /// The most of the database's time that this may take, in percent, instead of the configured.
    pub database_share: Option<u8>,
    /// The data space's name, typed by a person to pass the guard.
    pub typed_name: Option<String>,
}

/// What there is to tell while watching.
#[derive(Debug, Clone, PartialEq)]
pub enum WatchNews {
    /// Something happened within a pass that a person should see: an item failed, a feed is compared in full, and the like.
    Event(RunEvent),
    /// A pass ended that did something.
    Pass(Box<RunReport>),
    /// Passes fail now; reported once, until they succeed.
    Failing {
        /// Why.
        problem: Problem,
        /// When it is tried again.
        again_in: Duration,
        /// The longest wait between two tries.
        at_least_every: Duration,
    },
    /// Something beside the passes does not work: why.
    Warning(Problem),
    /// Passes succeed again.
    Recovered,
    /// Another node watches; this one takes over when that one ends.
    StandingBy {
        /// Who that is.
        holder: SafeText,
    },
    /// Settings are different now, and in force: which.
    SettingsChanged(SafeText),
    /// Settings are read again, because somebody asked for it.
    Reloading,
    /// They were read.
    Reloaded {
        /// Whether any is different now.
        is_changed: bool,
        /// Why they cannot be used: what was in force still is.
        problem: Option<Problem>,
    },
}

impl Connector {
    /// Watches until `stop` is cancelled; a pass that runs then finishes its batches in flight first. News that nobody takes
    /// hold the watch up, unless the receiver is dropped. Settings are read again at each pass, and when `reload` is notified: at
    /// once, or after the pass that runs.
    ///
    /// # Errors
    /// What gets no better by waiting, at the beginning: nothing chosen, wrong configuration, a guard that refuses. Later, and
    /// whenever keys are refused, it waits and tries again with the settings that are there then.
    pub async fn watch(
        &self,
        watch: Watch,
        news: mpsc::Sender<WatchNews>,
        stop: CancellationToken,
        reload: Arc<Notify>,
    ) -> Result<(), Problem> {
        let data_space = match self.destination().and_then(|data_space| self.client().map(|_| data_space)) {
            Ok(data_space) => data_space,
            Err(problem) => {
                log_failed(self.notify(WATCH, outcome_of_problem(&problem)).await);
                return Err(problem);
            }
        };
        let every = watch.every;
        let notifying = TaskTracker::new();
        let (status, watched) = channel::channel(WatchStatus {
            owner: Owner::this_process(),
            data_space,
            every,
            last_pass: None,
            next_pass: None,
            problem: None,
        });
        let serving = tokio::task::block_in_place(|| publish_watch(watched, stop.clone(), &self.shared.state_dir));
        let passes = Passes {
            connector: self.clone(),
            watch,
            source: None,
            sender: None,
            in_use: None,
            has_passed: false,
            said: BTreeMap::new(),
            held: Vec::new(),
            outcome: None,
            endpoint: Endpoint::default(),
            notifying: notifying.clone(),
            status: status.clone(),
            news: news.clone(),
            stop: stop.clone(),
            place: None,
            holder: None,
        };
        let signals = Signals { stop: &stop, reload: &reload };
        let ended = repeat(every, &status, &news, signals, passes).await;
        drop(status);
        // What is under way is delivered; each has its time limit.
        notifying.close();
        notifying.wait().await;
        if let Some(serving) = serving {
            // It takes its socket away.
            let _ = serving.await;
        }
        ended
    }
}

/// What stays from one pass to the next.
struct Passes {
    connector: Connector,
    watch: Watch,
    /// Connected once, and again after a failure.
    source: Option<Source>,
    /// Who sends, until that is written down.
    sender: Option<Installation>,
    /// What the last pass was made by.
    in_use: Option<InUse>,
    /// Whether a pass could ever begin.
    has_passed: bool,
    /// What was noted of each feed in its last pass: a note that comes in every pass is reported in the first.
    said: BTreeMap<Feed, Vec<SafeText>>,
    /// What is held back of which feeds, as it was reported.
    held: Vec<(Feed, What)>,
    /// How the last pass that came to its end went, for notifications.
    outcome: Option<Outcome>,
    /// Where figures are served.
    endpoint: Endpoint,
    /// Notifications that are being delivered: no pass waits for one.
    notifying: TaskTracker,
    /// What others see of it.
    status: channel::Sender<WatchStatus>,
    news: mpsc::Sender<WatchNews>,
    stop: CancellationToken,
    /// This watch among those of other nodes, once it is the one that passes.
    place: Option<WatchPlace>,
    /// Who watches instead, as it was reported.
    holder: Option<SafeText>,
}

impl Pass for Passes {
    async fn pass(&mut self) -> Result<Passed, Problem> {
        self.keep_endpoint().await;
        let passed = self.pass_now().await;
        self.write_metrics().await;
        let outcome = match &passed {
            Ok(Passed::Well) => self.outcome.take(),
            Ok(Passed::Badly(problem)) | Err(problem) => outcome_of_problem(problem),
        };
        if let Some(notices) = self.connector.notices(WATCH, outcome).await {
            self.notifying.spawn(async move { log_failed(notices.deliver().await) });
        }
        passed
    }

    async fn reload(&mut self) -> Result<bool, Problem> {
        let is_changed = self.read_settings().await?;
        self.keep_endpoint().await;
        Ok(is_changed)
    }
}

/// A notification that nobody gets is a matter of the log: the pass went as it went.
fn log_failed(problems: Vec<Problem>) {
    for problem in problems {
        tracing::warn!(%problem, "not delivered");
    }
}

impl Passes {
    /// Serves figures where the settings say so. A watch that sends is worth more than figures of it.
    async fn keep_endpoint(&mut self) {
        if let Err(problem) = self.endpoint.keep(&self.connector).await {
            tracing::warn!(%problem, "metrics not served");
            tell(&self.news, WatchNews::Warning(problem)).await;
        }
    }

    async fn pass_now(&mut self) -> Result<Passed, Problem> {
        let problem = match self.pass_once().await {
            Ok(problem) => {
                self.has_passed = true;
                let Some(problem) = problem else { return Ok(Passed::Well) };
                problem
            }
            // Whoever starts a watch that cannot work learns it at once. Later the settings may change again: keys are rotated, a
            // file is being edited; and refused keys may be rotated before the first pass as well.
            Err(problem) if !self.has_passed && matches!(problem.exit, Exit::Usage | Exit::Guarded) => {
                return Err(problem);
            }
            Err(problem) => problem,
        };
        self.source = None;
        Ok(Passed::Badly(problem))
    }

    /// Reads the settings again, says what changed, and gives whether anything did.
    async fn read_settings(&mut self) -> Result<bool, Problem> {
        self.connector.read_again().await?;
        let now = tokio::task::block_in_place(|| self.connector.in_use());
        let changes = self.in_use.as_ref().map(|before| before.changes(&now)).unwrap_or_default();
        let is_same = self.in_use.replace(now.clone()).is_some_and(|before| before == now);
        if is_same {
            return Ok(false);
        }
        self.connector.forget_client();
        // Connected again, so that the guard is asked again.
        self.source = None;
        if !changes.is_empty() {
            tell(&self.news, WatchNews::SettingsChanged(SafeText::from(changes.join(", ")))).await;
        }
        Ok(!changes.is_empty())
    }

    /// One pass; the problem, if it did not come to its end.
    async fn pass_once(&mut self) -> Result<Option<Problem>, Problem> {
        self.read_settings().await?;
        let data_space = self.connector.destination()?;
        self.status.send_modify(|status| status.data_space = data_space.clone());
        if !self.is_first_watch(&data_space).await? {
            return Ok(None);
        }
        let source = if let Some(source) = &self.source {
            source.clone()
        } else {
            let source = self.connector.source().await?;
            // Asked once for each connection: an installation does not become another one between two passes.
            self.sender = self.connector.pass_guard(&source, self.watch.typed_name.as_deref()).await?;
            self.source.insert(source).clone()
        };
        // A deployment may bring a module at any time.
        self.connector.pass_customised(&source, &self.watch.feeds).await?;
        let run = self.start(source.clone(), self.watch.feeds.clone()).await?;
        let mut beside = Beside::new(self.watch.every);
        let ended = self.follow(Going::new(run), &mut beside, &source).await;
        // Also if the long pass broke: the next one needs the locks.
        let beside_problem = self.finish_beside(&mut beside).await;
        let report = ended?;
        self.outcome = outcome_of_report(&report);
        let problem = problem_of(&report);
        self.pass_ended(report, |feed| beside.is_passed(feed)).await;
        Ok(problem.or(beside_problem))
    }

    /// Starts a pass of these feeds; empty = all that the source has.
    async fn start(&self, source: Source, feeds: Vec<Feed>) -> Result<Run, Problem> {
        let Watch { full_every, full_within, database_share, .. } = self.watch;
        let rolling = self.connector.rolling(full_within, database_share);
        let mode = SyncMode::Partial(Following { rest: REST, full_every, rolling });
        let request = ExportRequest { feeds, mode, ..ExportRequest::default() };
        self.connector.start_from(source, request, true, self.sender.clone(), &mut None, None).await
    }

    /// Follows a pass to its end, with passes of the feeds that it is done with beside it.
    async fn follow(&mut self, mut long: Going, beside: &mut Beside, source: &Source) -> Result<RunReport, Problem> {
        let mut is_stopping = false;
        loop {
            tokio::select! {
                () = self.stop.cancelled(), if !is_stopping => {
                    is_stopping = true;
                    long.run.control.stop();
                    beside.stop();
                }
                event = long.run.events.recv() => {
                    let Some(event) = event else { break };
                    if let RunEvent::FeedFinished(feed) = &event
                        && feed.phase == Phase::Done
                    {
                        beside.free(feed.feed);
                    }
                    self.hear(&mut long.noted, event).await;
                }
                next = beside.next() => match next {
                    Next::Due(feeds) => match self.start(source.clone(), feeds).await {
                        Ok(run) => beside.begin(run),
                        // The next pass says so if it lasts.
                        Err(problem) => {
                            tracing::warn!(%problem, "no pass beside the long one");
                            beside.put_off();
                        }
                    },
                    Next::Event(event) => self.hear_beside(beside, event).await,
                    Next::Over => drop(self.end_beside(beside).await),
                },
            }
        }
        self.report_of(long).await
    }

    /// Waits for the pass beside the long one, if one goes on. Gives why it did not come to its end.
    async fn finish_beside(&mut self, beside: &mut Beside) -> Option<Problem> {
        while beside.is_going() {
            tokio::select! {
                () = self.stop.cancelled(), if !self.stop.is_cancelled() => beside.stop(),
                next = beside.next() => match next {
                    Next::Event(event) => self.hear_beside(beside, event).await,
                    Next::Over | Next::Due(_) => return self.end_beside(beside).await,
                },
            }
        }
        None
    }

    async fn hear_beside(&mut self, beside: &mut Beside, event: RunEvent) {
        if let Some(noted) = beside.noted() {
            self.hear(noted, event).await;
        }
    }

    /// A pass beside the long one is over. Gives why it did not come to its end.
    async fn end_beside(&mut self, beside: &mut Beside) -> Option<Problem> {
        let report = self.report_of(beside.end()?).await;
        let problem = match report {
            Ok(report) => {
                let problem = problem_of(&report);
                self.pass_ended(report, |_| false).await;
                problem
            }
            Err(problem) => Some(problem),
        };
        if let Some(problem) = &problem {
            tracing::warn!(%problem, "a pass beside the long one");
        }
        self.write_metrics().await;
        problem
    }

    /// Writes the figures down. A watch that sends is worth more than a figure of it.
    async fn write_metrics(&self) {
        if let Err(problem) = self.connector.write_metrics().await {
            tracing::warn!(%problem, "metrics not written");
        }
    }

    /// Tells what happened in a pass, if a person should see it.
    async fn hear(&mut self, noted: &mut BTreeMap<Feed, Vec<SafeText>>, event: RunEvent) {
        if let RunEvent::FeedFinished(feed) = &event {
            self.said.insert(feed.feed, noted.remove(&feed.feed).unwrap_or_default());
        }
        if self.is_news(&event, noted) {
            tell(&self.news, WatchNews::Event(event)).await;
        }
    }

    /// What a pass came to that has nothing more to say.
    async fn report_of(&mut self, going: Going) -> Result<RunReport, Problem> {
        // Of feeds that it left to another run.
        self.said.extend(going.noted);
        let report = going.run.report.await;
        report
            .map_err(|error| Problem::new(Exit::Other, format!("a pass failed: {error}")))?
            .map_err(|error| Problem::of(&error))
    }

    /// Tells how a pass went. Of some feeds more is known by now than it knows.
    async fn pass_ended(&mut self, report: RunReport, is_known: impl Fn(Feed) -> bool) {
        self.status.send_modify(|status| status.last_pass = Some(ended(&report)));
        let is_of_it = |feed| report.progress.feeds.iter().any(|of| of.feed == feed) && !is_known(feed);
        self.held.retain(|(feed, _)| !is_of_it(*feed));
        self.held.extend(report.held().map(|held| (held.feed, held.what)).filter(|(feed, _)| is_of_it(*feed)));
        if did_something(&report) {
            tell(&self.news, WatchNews::Pass(Box::new(report))).await;
        }
    }

    /// Whether this watch is the one that passes, of those of all nodes that share the ledger; says so if another one is.
    async fn is_first_watch(&mut self, data_space: &DataSpaceId) -> Result<bool, Problem> {
        if self.place.as_ref().is_some_and(|place| place.holds(data_space)) {
            return Ok(true);
        }
        self.place = None;
        match self.connector.take_watch(data_space).await? {
            TakenWatch::Alone => Ok(true),
            TakenWatch::Taken(place) => {
                self.place = Some(place);
                self.holder = None;
                Ok(true)
            }
            TakenWatch::Held { holder } => {
                if self.holder.as_ref() != Some(&holder) {
                    self.holder = Some(holder.clone());
                    tell(&self.news, WatchNews::StandingBy { holder }).await;
                }
                Ok(false)
            }
        }
    }

    /// Whether an event is worth telling, and has not been reported by the pass before.
    fn is_news(&self, event: &RunEvent, noted: &mut BTreeMap<Feed, Vec<SafeText>>) -> bool {
        match event {
            RunEvent::Note { feed, text } => {
                noted.entry(*feed).or_default().push(text.clone());
                !self.said.get(feed).is_some_and(|before| before.contains(text))
            }
            RunEvent::Held(held) => !self.held.contains(&(held.feed, held.what)),
            RunEvent::ItemFailed(_) | RunEvent::FirstSync { .. } => true,
            RunEvent::FeedStarted { .. }
            | RunEvent::Retrying { .. }
            | RunEvent::FeedFinished(_)
            | RunEvent::KeysRefused { .. } => false,
        }
    }
}

fn did_something(report: &RunReport) -> bool {
    report.progress.feeds.iter().any(|feed| feed.to_send() + feed.settled() > 0)
}

fn ended(report: &RunReport) -> PassEnd {
    let sum = |of: fn(&FeedProgress) -> u64| report.progress.feeds.iter().map(of).sum();
    PassEnd {
        at: Timestamp::now(),
        sent: sum(|feed| feed.submitted),
        failed: sum(|feed| feed.will_retry + feed.needs_attention),
    }
}

/// Why a pass did not come to its end; being asked to stop is not a problem.
fn problem_of(report: &RunReport) -> Option<Problem> {
    match &report.end {
        RunEnd::Complete | RunEnd::Stopped => None,
        RunEnd::Failed { problems } => problems
            .first()
            .map(|(feed, problem)| Problem { what: format!("{feed}: {}", problem.what), ..problem.clone() }),
        RunEnd::KeysRefused { message, remedy } => Some(
            Problem::new(Exit::Refused, format!("the gateway refused the keys: {message}"))
                .hint(remedy.hint().and("; the watch reads the keys again at each attempt")),
        ),
    }
}
