//! The run, as far as the screen knows it: how it is started and stopped, what it tells, and how it ended.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Zoned;

use crate::attach::About;
use crate::connector::{ExportRequest, Limits};
use crate::domain::{DataSpaceKind, Feed};
use crate::error::{Exit, Problem};
use crate::export::SyncMode;
use crate::export::control::Command;
use crate::export::progress::{FeedProgress, Limit, Progress, RunEnd, RunEvent, RunReport};
use crate::format::{count, counted, rate};
use crate::report::Row;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::export::rates::Rates;
use crate::tui::panes::export::remark::Remark;
use crate::tui::panes::export::requests::ExportWork;
use crate::tui::panes::{Cx, Effect, Effects, Load, Message, Now};
use crate::tui::widgets::dialog::{Dialog, LinePurpose, Question};
use crate::tui::widgets::notices::{Subject, Tone};

/// Over how long requests a second are averaged: long enough to be calm, short enough to be current.
const RATE_WINDOW: Duration = Duration::from_secs(5);

/// Where the run is.
#[derive(Debug, Default)]
pub enum RunState {
    /// None was started from this screen.
    #[default]
    None,
    /// Keys, source and ledger are being opened.
    Starting,
    /// It is going on.
    Active(Box<ActiveRun>),
    /// The last one ended.
    Ended(Box<EndedRun>),
}

/// Which process has a run.
#[derive(Debug)]
pub enum RunHost {
    /// This one, with which it ends: a dry run, or the demo's.
    Screen,
    /// One that this screen started, and that outlives it.
    Own(Box<About>),
    /// Another one, which was found.
    Other(Box<About>),
}

/// A run that is going on.
#[derive(Debug)]
pub struct ActiveRun {
    pub host: RunHost,
    /// Its newest counters.
    pub progress: Progress,
    /// When they came, in uptime.
    pub received: Duration,
    /// The clock, in uptime.
    pub clock: Duration,
    /// How fast items were settled lately.
    pub rates: Rates,
    /// Uptime and requests, oldest first.
    samples: VecDeque<(Duration, u64)>,
}

/// A run that ended.
#[derive(Debug)]
pub struct EndedRun {
    /// How; a problem means that its own report is lost.
    pub result: Result<RunReport, Problem>,
    pub at: Zoned,
    /// What lint says of what a dry run would send.
    pub lint: Linted,
}

/// What lint says of a dry run.
#[derive(Debug, Default)]
pub enum Linted {
    /// It is not asked: nothing was counted, or not all of it.
    #[default]
    No,
    /// It reads the catalogue.
    Reading,
    Done(Row),
}

impl ActiveRun {
    fn new(host: RunHost, now: Duration) -> Self {
        let progress = Progress::new(Vec::new(), false);
        Self { host, progress, received: now, clock: now, rates: Rates::new(now), samples: VecDeque::new() }
    }

    /// Lets the time go by without newer counters.
    pub fn tick(&mut self, now: Duration) {
        self.clock = now;
        self.rates.go_on(now);
    }

    fn take(&mut self, progress: Progress, now: Duration) {
        let requests = progress.feeds.iter().map(|feed| feed.requests).sum();
        self.samples.push_back((now, requests));
        while self.samples.len() > 2
            && self.samples.get(1).is_some_and(|(at, _)| now.saturating_sub(*at) >= RATE_WINDOW)
        {
            self.samples.pop_front();
        }
        self.rates.count(progress.feeds.iter().map(FeedProgress::settled).sum(), now);
        self.progress = progress;
        self.received = now;
        self.clock = now;
    }

    /// Since the counters came.
    pub fn age(&self) -> Duration {
        self.clock.saturating_sub(self.received)
    }

    /// Since the run began.
    pub fn elapsed(&self) -> Duration {
        self.progress.elapsed + self.age()
    }

    /// Time left of the feed that runs; nobody can say it while the gateway is silent.
    pub fn eta(&self) -> Option<Duration> {
        self.progress.eta.map(|eta| eta.saturating_sub(self.age())).filter(|_| self.silence().is_none())
    }

    /// For how long nothing has come back from the gateway; `None` while that is no news.
    pub fn silence(&self) -> Option<Duration> {
        self.progress.silence(self.age())
    }

    /// Requests a second over the last seconds; `None` before anything can be said.
    pub fn requests_per_second(&self) -> Option<f64> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        let seconds = self.clock.max(last.0).saturating_sub(first.0).as_secs_f64();
        (seconds >= 1.0).then(|| last.1.saturating_sub(first.1) as f64 / seconds)
    }
}

/// How fast the run that is going on may send, or the next one.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitsInForce {
    /// Requests a second; `None` = no limit.
    pub requests_per_second: Option<f64>,
    /// Requests in flight at a time.
    pub thread_count: usize,
    /// Items in one request, where one feed is looked at.
    pub batch_size: Option<usize>,
}

impl LimitsInForce {
    /// In words: `2 requests/s, 1 thread, batches of 100`.
    pub fn words(&self) -> String {
        let pace = self
            .requests_per_second
            .map_or("no request limit".to_owned(), |allowed| format!("{} requests/s", rate(allowed)));
        let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let batch = self.batch_size.map(|size| format!(", batches of {}", count(number(size))));
        format!("{pace}, {}{}", counted(number(self.thread_count), "thread"), batch.unwrap_or_default())
    }
}

impl ExportPane {
    /// What limits the run; before it, what the configuration says.
    pub fn limits_in_force(&self, configured: &Limits) -> LimitsInForce {
        let of_page = self.feed_of_page();
        let Some(run) = self.active() else {
            return LimitsInForce {
                requests_per_second: configured.requests_per_second,
                thread_count: configured.thread_count.at_first(),
                batch_size: of_page.and_then(|feed| configured.batch_size(feed)),
            };
        };
        let feeds = &run.progress.feeds;
        let shown = feeds.iter().find(|feed| of_page.map_or(feed.phase.is_active(), |page| feed.feed == page));
        LimitsInForce {
            requests_per_second: match &run.progress.limit {
                Limit::Gateway { requests_per_second } => Some(*requests_per_second),
                _ => configured.requests_per_second,
            },
            thread_count: run.progress.thread_count,
            batch_size: shown.map(|feed| feed.batch_size),
        }
    }

    /// Starts the run that another pane or the command line asks for, after the questions that must be asked.
    pub fn begin(&mut self, request: ExportRequest, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        self.ask_to_start(request, cx, &mut effects);
        effects
    }

    /// Starts a run, after the questions that must be asked.
    pub(super) fn ask_to_start(&mut self, request: ExportRequest, cx: &mut Cx<'_>, effects: &mut Effects) {
        if !cx.can_start() {
            return;
        }
        match &cx.overview.data_space {
            Some((_, name, DataSpaceKind::Production)) if !request.dry_run => {
                let purpose = LinePurpose::ExportToProduction { request, name: name.clone() };
                cx.ask_line(purpose, "");
            }
            _ => effects.extend(self.start(request, cx)),
        }
    }

    /// Starts it.
    pub fn start(&mut self, request: ExportRequest, cx: &mut Cx<'_>) -> Effects {
        self.run = RunState::Starting;
        self.follows = true;
        cx.notices.over(Subject::NextStep);
        cx.notices.over(Subject::Run);
        self.remark = None;
        self.notes.clear();
        self.log.clear();
        self.log.add(Tone::Info, format!("{}: starting", request.words()), cx.now);
        self.request = request.clone();
        vec![ExportWork::StartExport(request).into()]
    }

    pub(super) fn ask_to_stop(&self, cx: &mut Cx<'_>) {
        match &self.run {
            RunState::Active(run) if run.progress.stopping => {
                cx.notice(Tone::Info, "the run is already stopping after in-flight batches");
            }
            RunState::Active(_) | RunState::Starting => *cx.dialog = Some(Dialog::Question(Question::Stop)),
            RunState::None | RunState::Ended(_) => {
                cx.notice(Tone::Info, "no export is running");
            }
        }
    }

    pub(super) fn on_run_started(
        &mut self,
        result: Result<Option<Box<About>>, Problem>,
        cx: &mut Cx<'_>,
        effects: &mut Effects,
    ) {
        match result {
            Ok(about) => {
                let host = about.map_or(RunHost::Screen, RunHost::Own);
                self.run = RunState::Active(Box::new(ActiveRun::new(host, cx.now.uptime)));
                self.failures.clear();
                self.failures_skipped = 0;
                if cx.leaving {
                    effects.push(Effect::Run(Command::Stop));
                }
            }
            Err(problem) => {
                self.run = RunState::None;
                self.log.add(Tone::Danger, format!("Not started: {}", problem.what), cx.now);
                // Nothing comes after it.
                self.log.show_all(cx.now.uptime);
                self.on_refused_start(problem, cx);
                leave_if_asked(cx, effects);
            }
        }
    }

    /// A run that was found is followed from now on; one that this screen started comes first.
    pub(super) fn on_attached(&mut self, about: Box<About>, cx: &mut Cx<'_>) {
        if self.has_own_run() && !matches!(self.run, RunState::Starting) {
            return;
        }
        cx.notice(
            Tone::Info,
            format!("{} running ({}): this screen follows it; quitting does not stop it", about.request, about.owner),
        );
        self.follows = true;
        self.request = ExportRequest::default();
        self.notes.clear();
        self.log.clear();
        self.log.add(Tone::Info, format!("{} ({}): following from here", about.request, about.owner), cx.now);
        self.failures.clear();
        self.failures_skipped = 0;
        self.run = RunState::Active(Box::new(ActiveRun::new(RunHost::Other(about), cx.now.uptime)));
    }

    /// Newer counters; says whether the gateway has taken a request since the last ones.
    pub fn on_progress(&mut self, progress: Progress, now: &Now) -> bool {
        let mut is_taken = false;
        if let RunState::Active(run) = &mut self.run {
            self.log.progress(&progress, now);
            is_taken = progress.requests.ok > run.progress.requests.ok;
            run.take(progress, now.uptime);
            let answers = run.progress.requests.ok;
            self.remark.take_if(|remark| remark.is_over(answers, now.uptime));
        }
        self.follow_run();
        is_taken
    }

    /// The feed that runs.
    pub fn running_feed(&self) -> Option<Feed> {
        self.active()?.progress.feeds.iter().find(|feed| feed.phase.is_active()).map(|feed| feed.feed)
    }

    /// What happened in the run, oldest first; `skipped` refused items are not among it.
    pub fn on_run_news(&mut self, news: Vec<RunEvent>, skipped: u64, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        self.failures_skipped += skipped;
        if news.iter().any(|event| matches!(event, RunEvent::FeedFinished(_))) {
            effects.push(ExportWork::LoadLedger.into());
        }
        for event in news {
            self.log.event(&event, cx.now);
            match event {
                RunEvent::ItemFailed(failure) => self.remember(failure),
                RunEvent::Retrying { feed, attempt, after, reason } => {
                    let text = format!("{feed}: attempt {attempt} failed ({reason})");
                    let answers = self.active().map_or(0, |run| run.progress.requests.ok);
                    self.remark = Some(Remark::retrying(text, cx.now.uptime.saturating_add(after), answers));
                }
                RunEvent::Note { feed, text } => self.tell_note(feed, text.as_str(), cx),
                RunEvent::KeysRefused { message, remedy, request_id } => {
                    let id = request_id.map(|id| format!(" (request {id})")).unwrap_or_default();
                    let problem = Problem::new(
                        Exit::Refused,
                        format!("the gateway refused the keys and a new token; the run stopped: {message}{id}"),
                    )
                    .hint(remedy.hint().and("; unsent items go with the next run"));
                    cx.problem_about(Subject::Keys, &problem);
                    cx.tell(Message::GatewaySaid(cx.overview.environment, Err(problem)));
                }
                RunEvent::FirstSync { .. } => {
                    let text = "first sync into this data space: everything will be sent";
                    self.remark = Some(Remark::new(text));
                }
                // Asked about when the run has ended.
                RunEvent::Held(_) | RunEvent::FeedStarted { .. } | RunEvent::FeedFinished(_) => {}
            }
        }
        effects
    }

    /// Batches were taken, so the keys are good: what was said of them before is over.
    fn take_accepted_keys(result: &Result<RunReport, Problem>, cx: &mut Cx<'_>) {
        let Ok(report) = result else { return };
        let submitted: u64 = report.progress.feeds.iter().map(|feed| feed.submitted).sum();
        if submitted == 0 || matches!(report.end, RunEnd::KeysRefused { .. }) {
            return;
        }
        cx.notices.over(Subject::Keys);
        cx.notices.over(Subject::Gateway);
        cx.tell(Message::GatewayTook(cx.overview.environment));
    }

    /// The run is over.
    pub fn on_run_ended(&mut self, result: Result<RunReport, Problem>, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        match &result {
            Ok(report) => self.log.ended(report, cx.now),
            Err(problem) => {
                self.log.add(Tone::Danger, format!("Export failed: {}", problem.what), cx.now);
                self.log.show_all(cx.now.uptime);
                cx.problem_about(Subject::Run, problem);
            }
        }
        if let Ok(RunReport { end: RunEnd::Failed { problems }, .. }) = &result {
            for (feed, problem) in problems {
                let problem = Problem { what: format!("{feed}: {}", problem.what), ..problem.clone() };
                cx.problem_about(Subject::Run, &problem);
            }
        }
        if matches!(cx.dialog, Some(Dialog::Question(Question::Stop | Question::Quit | Question::QuitWithRun))) {
            *cx.dialog = None;
        }
        Self::take_accepted_keys(&result, cx);
        self.ask_about_held(&result, cx);
        let lint = self.lint_after(&result, cx, &mut effects);
        self.run = RunState::Ended(Box::new(EndedRun { result, at: cx.now.wall.clone(), lint }));
        self.remark = None;
        effects.push(ExportWork::LoadLedger.into());
        cx.tell(Message::LoadLastReceived);
        // Whom it serves is looked at again when somebody wants to see it.
        self.reports.services.load = Load::NotAsked;
        self.reports.refresh_health(&mut effects);
        self.refresh_items(&mut effects);
        leave_if_asked(cx, &mut effects);
        effects
    }
}

impl ExportPane {
    /// A dry run of everything in its feeds ends with what lint says of them.
    fn lint_after(&self, result: &Result<RunReport, Problem>, cx: &Cx<'_>, effects: &mut Effects) -> Linted {
        let is_complete = |report: &RunReport| report.progress.dry_run && report.end == RunEnd::Complete;
        if cx.leaving || self.request.mode != SyncMode::Full || !result.as_ref().is_ok_and(is_complete) {
            return Linted::No;
        }
        effects.push(ExportWork::LintDryRun(self.request.feeds.clone()).into());
        Linted::Reading
    }

    /// Lint has read what the dry run would send.
    pub(super) fn on_dry_run_linted(&mut self, row: Row) {
        if let RunState::Ended(ended) = &mut self.run
            && matches!(ended.lint, Linted::Reading)
        {
            ended.lint = Linted::Done(row);
        }
    }
}

fn leave_if_asked(cx: &Cx<'_>, effects: &mut Effects) {
    if cx.leaving {
        effects.push(Effect::Quit);
    }
}
