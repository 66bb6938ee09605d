//! Watching: partial syncs, again and again, until somebody says stop.
//!
//! Between two passes nothing is held: no lock, no ledger, no snapshot; only the pool of database connections, which closes what
//! is idle. It must never know how anything is shown.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch as channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::notify::{WATCH, outcome_of_problem, outcome_of_report};
use super::stored::InUse;
use super::{Connector, ExportRequest};
use crate::attach::{PassEnd, WatchStatus, publish_watch};
use crate::config::time_span::TimeSpan;
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::export::held::What;
use crate::export::ledger::Installation;
use crate::export::owner::Owner;
use crate::export::progress::{FeedProgress, RunEnd, RunEvent, RunReport};
use crate::export::{Following, SyncMode};
use crate::feeds::source::Source;
use crate::notify::Outcome;
use crate::untrusted::SafeText;

/// How long an item whose last attempt failed rests before a pass tries it again: one that fails each time is then sent twelve
/// times an hour, whatever the time between two passes.
const REST: Duration = Duration::from_mins(5);

/// The longest wait after failed passes, unless the time between two passes is longer still.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// How to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// Feeds; empty = all that the source has.
    pub feeds: Vec<Feed>,
    /// From the end of one pass to the beginning of the next.
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
    /// Passes succeed again.
    Recovered,
    /// Settings are different now, and in force: which.
    SettingsChanged(SafeText),
}

/// What is done again and again.
trait Pass: Send {
    /// Does it once.
    fn pass(&mut self) -> impl Future<Output = Result<Passed, Problem>> + Send;
}

/// How a pass went.
#[derive(Debug)]
enum Passed {
    Well,
    /// Failed, for now.
    Badly(Problem),
}

impl Connector {
    /// Watches until `stop` is cancelled; a pass that runs then finishes its batches in flight first. News that nobody takes
    /// hold the watch up, unless the receiver is dropped.
    ///
    /// # Errors
    /// What gets no better by waiting, at the beginning: nothing chosen, wrong configuration, a guard that refuses. Later, and
    /// whenever keys are refused, it waits and tries again with the settings that are there then.
    pub async fn watch(
        &self,
        watch: Watch,
        news: mpsc::Sender<WatchNews>,
        stop: CancellationToken,
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
            notifying: notifying.clone(),
            status: status.clone(),
            news: news.clone(),
            stop: stop.clone(),
        };
        let ended = repeat(every, &status, &news, &stop, passes).await;
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

/// Passes until it is asked to stop, waiting longer and longer while they fail.
async fn repeat(
    every: Duration,
    status: &channel::Sender<WatchStatus>,
    news: &mpsc::Sender<WatchNews>,
    stop: &CancellationToken,
    mut passes: impl Pass,
) -> Result<(), Problem> {
    let mut failed: u32 = 0;
    let mut reported: Option<Problem> = None;
    while !stop.is_cancelled() {
        status.send_modify(|status| status.next_pass = None);
        let wait = match passes.pass().await? {
            Passed::Well => {
                failed = 0;
                status.send_modify(|status| status.problem = None);
                if reported.take().is_some() {
                    tell(news, WatchNews::Recovered).await;
                }
                every
            }
            Passed::Badly(problem) => {
                failed += 1;
                let again_in = after_failures(every, failed);
                status.send_modify(|status| status.problem = Some(SafeText::new(&problem.what)));
                if reported.as_ref() != Some(&problem) {
                    tell(
                        news,
                        WatchNews::Failing {
                            problem: problem.clone(),
                            again_in,
                            at_least_every: LONGEST_WAIT.max(every),
                        },
                    )
                    .await;
                    reported = Some(problem);
                }
                again_in
            }
        };
        status.send_modify(|status| status.next_pass = Timestamp::now().checked_add(wait).ok());
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    Ok(())
}

/// Twice as long after each failed pass.
fn after_failures(every: Duration, failed: u32) -> Duration {
    let doubled = every.saturating_mul(2_u32.saturating_pow(failed.saturating_sub(1)));
    doubled.min(LONGEST_WAIT.max(every))
}

async fn tell(news: &mpsc::Sender<WatchNews>, what: WatchNews) {
    // Nobody listens any more: the watch continues.
    let _ = news.send(what).await;
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
    /// What was noted of each feed in the last pass: a note that comes in every pass is reported in the first.
    said: BTreeMap<Feed, Vec<SafeText>>,
    /// What is held back of which feeds, as it was reported.
    held: Vec<(Feed, What)>,
    /// How the last pass that came to its end went, for notifications.
    outcome: Option<Outcome>,
    /// Notifications that are being delivered: no pass waits for one.
    notifying: TaskTracker,
    /// What others see of it.
    status: channel::Sender<WatchStatus>,
    news: mpsc::Sender<WatchNews>,
    stop: CancellationToken,
}

impl Pass for Passes {
    async fn pass(&mut self) -> Result<Passed, Problem> {
        let passed = self.pass_now().await;
        // A watch that sends is worth more than a figure of it.
        if let Err(problem) = self.connector.write_metrics().await {
            tracing::warn!(%problem, "metrics not written");
        }
        let outcome = match &passed {
            Ok(Passed::Well) => self.outcome.take(),
            Ok(Passed::Badly(problem)) | Err(problem) => outcome_of_problem(problem),
        };
        if let Some(notices) = self.connector.notices(WATCH, outcome).await {
            self.notifying.spawn(async move { log_failed(notices.deliver().await) });
        }
        passed
    }
}

/// A notification that nobody gets is a matter of the log: the pass went as it went.
fn log_failed(problems: Vec<Problem>) {
    for problem in problems {
        tracing::warn!(%problem, "not delivered");
    }
}

impl Passes {
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

    /// Reads the settings again, and says what changed.
    async fn read_settings(&mut self) -> Result<(), Problem> {
        self.connector.read_again().await?;
        let now = tokio::task::block_in_place(|| self.connector.in_use());
        let changes = self.in_use.as_ref().map(|before| before.changes(&now)).unwrap_or_default();
        let is_same = self.in_use.replace(now.clone()).is_some_and(|before| before == now);
        if is_same {
            return Ok(());
        }
        self.connector.forget_client();
        // Connected again, so that the guard is asked again.
        self.source = None;
        if !changes.is_empty() {
            tell(&self.news, WatchNews::SettingsChanged(SafeText::from(changes.join(", ")))).await;
        }
        Ok(())
    }

    /// One pass; the problem, if it did not come to its end.
    async fn pass_once(&mut self) -> Result<Option<Problem>, Problem> {
        self.read_settings().await?;
        let data_space = self.connector.destination()?;
        self.status.send_modify(|status| status.data_space = data_space);
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
        let Watch { full_every, full_within, database_share, .. } = self.watch;
        let rolling = self.connector.rolling(full_within, database_share);
        let following = Following { rest: REST, full_every, rolling };
        let mode = SyncMode::Partial(following);
        let request = ExportRequest { feeds: self.watch.feeds.clone(), mode, ..ExportRequest::default() };
        let mut run = self.connector.start_from(source, request, true, self.sender.clone(), &mut None).await?;
        let mut said: BTreeMap<Feed, Vec<SafeText>> = BTreeMap::new();
        let mut is_stopping = false;
        loop {
            let event = tokio::select! {
                () = self.stop.cancelled(), if !is_stopping => {
                    is_stopping = true;
                    run.control.stop();
                    continue;
                }
                event = run.events.recv() => event,
            };
            let Some(event) = event else { break };
            if self.is_news(&event, &mut said) {
                tell(&self.news, WatchNews::Event(event)).await;
            }
        }
        self.said = said;
        let report = run
            .report
            .await
            .map_err(|error| Problem::new(Exit::Other, format!("a pass failed: {error}")))?
            .map_err(|error| Problem::of(&error))?;
        let problem = problem_of(&report);
        self.outcome = outcome_of_report(&report);
        self.status.send_modify(|status| status.last_pass = Some(ended(&report)));
        self.held = report.held().map(|held| (held.feed, held.what)).collect();
        if did_something(&report) {
            tell(&self.news, WatchNews::Pass(Box::new(report))).await;
        }
        Ok(problem)
    }

    /// Whether an event is worth telling, and has not been reported by the pass before.
    fn is_news(&self, event: &RunEvent, said: &mut BTreeMap<Feed, Vec<SafeText>>) -> bool {
        match event {
            RunEvent::Note { feed, text } => {
                said.entry(*feed).or_default().push(text.clone());
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use tokio::time::Instant;

    use super::*;

    const EVERY: Duration = Duration::from_mins(1);

    fn down(what: &str) -> Passed {
        Passed::Badly(Problem::new(Exit::TryAgain, what))
    }

    /// Passes that go as they are planned, and when each began, in seconds; in the last the watch is stopped.
    struct Script {
        begun: Instant,
        left: VecDeque<Result<Passed, Problem>>,
        times: Vec<u64>,
        stop: CancellationToken,
    }

    impl Pass for &mut Script {
        async fn pass(&mut self) -> Result<Passed, Problem> {
            self.times.push(self.begun.elapsed().as_secs());
            let pass = self.left.pop_front().expect("no pass after the stop");
            if self.left.is_empty() {
                self.stop.cancel();
            }
            pass
        }
    }

    fn status() -> channel::Sender<WatchStatus> {
        let status = WatchStatus {
            owner: Owner::this_process(),
            data_space: "space".parse().expect("an id"),
            every: EVERY,
            last_pass: None,
            next_pass: None,
            problem: None,
        };
        channel::Sender::new(status)
    }

    async fn watched(passes: Vec<Result<Passed, Problem>>) -> (Vec<u64>, Vec<WatchNews>, Result<(), Problem>) {
        let (sender, mut receiver) = mpsc::channel(100);
        let stop = CancellationToken::new();
        let mut script = Script { begun: Instant::now(), left: passes.into(), times: Vec::new(), stop: stop.clone() };
        let ended = repeat(EVERY, &status(), &sender, &stop, &mut script).await;
        drop(sender);
        let mut news = Vec::new();
        while let Some(what) = receiver.recv().await {
            news.push(what);
        }
        (script.times, news, ended)
    }

    #[tokio::test(start_paused = true)]
    async fn a_pass_follows_the_other_after_the_set_time_and_nothing_is_told() {
        let (times, news, ended) = watched(vec![Ok(Passed::Well), Ok(Passed::Well), Ok(Passed::Well)]).await;
        assert_eq!((times, news, ended), (vec![0, 60, 120], vec![], Ok(())));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_told_once_per_change_and_tried_again_ever_later() {
        let passes = vec![
            Ok(down("gateway")),
            Ok(down("gateway")),
            Ok(down("gateway")),
            Ok(down("database")),
            Ok(Passed::Well),
            Ok(Passed::Well),
            Ok(down("gateway")),
            Ok(Passed::Well),
        ];
        let (times, news, ended) = watched(passes).await;
        assert_eq!(ended, Ok(()));
        assert_eq!(times, [0, 60, 180, 420, 900, 960, 1_020, 1_080]);
        let words: Vec<String> = news
            .iter()
            .map(|news| match news {
                WatchNews::Failing { problem, again_in, .. } => format!("{} {}", problem.what, again_in.as_secs()),
                WatchNews::Recovered => "well".to_owned(),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(words, ["gateway 60", "database 480", "well", "gateway 60", "well"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_waiting_does_not_mend_ends_the_watch() {
        let refused = Problem::new(Exit::Refused, "keys");
        let (times, news, ended) = watched(vec![Ok(Passed::Well), Err(refused.clone()), Ok(Passed::Well)]).await;
        assert_eq!((times, news, ended), (vec![0, 60], vec![], Err(refused)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_does_not_wait_for_the_next_pass() {
        let (sender, _receiver) = mpsc::channel(1);
        let stop = CancellationToken::new();
        let begun = Instant::now();
        let left = [Ok(Passed::Well), Ok(Passed::Well)].into();
        let mut script = Script { begun, left, times: Vec::new(), stop: stop.clone() };
        let status = status();
        let stopping = async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            let next = status.borrow().next_pass.expect("it waits");
            assert!(next > Timestamp::now(), "others see when it passes again");
            stop.cancel();
        };
        let (ended, ()) = tokio::join!(repeat(EVERY, &status, &sender, &stop, &mut script), stopping);
        assert_eq!((ended, begun.elapsed().as_secs(), script.times), (Ok(()), 7, vec![0]));
    }

    #[test]
    fn waits_are_bounded() {
        let minutes = |every, failed| after_failures(Duration::from_mins(every), failed).as_secs() / 60;
        assert_eq!([1, 2, 3, 4, 5, 6, 40].map(|failed| minutes(1, failed)), [1, 2, 4, 8, 15, 15, 15]);
        assert_eq!(minutes(30, 9), 30, "never sooner than asked for");
    }
}
