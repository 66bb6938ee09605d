//! The pane of feeds: what the source has, what the ledger knows, and the run.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Zoned;

use super::dialog::{Dialog, LineDialog, LinePurpose, Question, Reading};
use super::item::ItemPane;
use super::items::ItemsPage;
use super::keys::Check;
use super::log::LogPage;
use super::notice::Tone;
use super::totals::Totals;
use super::{Effects, Filter, Load, State, step};
use crate::client::models::DataSpaceKind;
use crate::connector::{ExportRequest, SourceFeeds};
use crate::error::Problem;
use crate::export::SyncMode;
use crate::export::control::Command;
use crate::export::ledger::FeedSummary;
use crate::export::progress::{FeedProgress, ItemFailure, Progress, RunEvent, RunReport};
use crate::feeds::Feed;
use crate::tui::effect::{Effect, Work};
use crate::tui::event::Now;
use crate::tui::keymap::{Action, Place};
use crate::untrusted::SafeText;

/// How many refused items the screen keeps; all of them are in the ledger.
pub const FAILURES_KEPT: usize = 200;
/// Over how long requests a second are averaged: long enough to be calm, short enough to be current.
const RATE_WINDOW: Duration = Duration::from_secs(5);

/// The pages of the pane. Each but the first leads back to where it was opened from.
#[derive(Debug, Default)]
pub enum ExportPage {
    /// All feeds and the run.
    #[default]
    Summary,
    /// One feed.
    Feed(Feed),
    /// The items of a feed.
    Items(Box<ItemsPage>),
    /// One item, above the list it was opened from.
    Item {
        /// The item.
        item: Box<ItemPane>,
        /// The list.
        items: Box<ItemsPage>,
    },
    /// What this run told.
    Log,
}

impl ExportPage {
    /// Where its keys are valid.
    pub(super) fn place(&self) -> Place {
        match self {
            ExportPage::Summary => Place::Export,
            ExportPage::Feed(_) => Place::Feed,
            ExportPage::Items(_) => Place::Items,
            ExportPage::Item { .. } => Place::Item,
            ExportPage::Log => Place::Log,
        }
    }
}

/// The pane.
#[derive(Debug, Default)]
pub struct ExportPane {
    /// The page in front.
    pub page: ExportPage,
    /// What this run told.
    pub log: LogPage,
    /// The feeds of the source with their source records.
    pub counts: Vec<(Feed, Option<u64>)>,
    /// The feeds that the source cannot give, and why.
    pub absent: Vec<(Feed, SafeText)>,
    /// How counting them went.
    pub counts_load: Load,
    /// What the ledger knows.
    pub ledger: Vec<FeedSummary>,
    /// How reading the ledger went.
    pub ledger_load: Load,
    /// The run.
    pub run: RunState,
    /// What that run was asked to do.
    pub request: ExportRequest,
    /// The remarks of the run, each with the feeds that it is about.
    pub(super) notes: Vec<(String, Vec<Feed>)>,
    /// Refused items, newest first.
    pub failures: VecDeque<ItemFailure>,
    /// Refused items that are only in the ledger, because they came too fast to be shown.
    pub failures_skipped: u64,
    /// The last remark or retry of the run.
    pub remark: Option<String>,
    /// Which row is selected: first the feeds, then the errors.
    pub selected: usize,
    /// Only errors that contain this.
    pub filter: Filter,
}

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

/// A run that is going on.
#[derive(Debug)]
pub struct ActiveRun {
    /// Its newest counters.
    pub progress: Progress,
    /// When they came, in uptime.
    pub received: Duration,
    /// The clock, in uptime.
    pub clock: Duration,
    /// Uptime and requests, oldest first.
    samples: VecDeque<(Duration, u64)>,
}

/// A run that ended.
#[derive(Debug)]
pub struct EndedRun {
    /// How; a problem means that its own report is lost.
    pub result: Result<RunReport, Problem>,
    /// When.
    pub at: Zoned,
}

impl ActiveRun {
    fn new(now: Duration) -> Self {
        let progress = Progress::new(Vec::new(), false);
        Self { progress, received: now, clock: now, samples: VecDeque::new() }
    }

    fn take(&mut self, progress: Progress, now: Duration) {
        let requests = progress.feeds.iter().map(|feed| feed.requests).sum();
        self.samples.push_back((now, requests));
        while self.samples.len() > 2
            && self.samples.get(1).is_some_and(|(at, _)| now.saturating_sub(*at) >= RATE_WINDOW)
        {
            self.samples.pop_front();
        }
        self.progress = progress;
        self.received = now;
        self.clock = now;
    }

    /// Since the counters came.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.clock.saturating_sub(self.received)
    }

    /// Since the run began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.progress.elapsed + self.age()
    }

    /// Time left.
    #[must_use]
    pub fn eta(&self) -> Option<Duration> {
        self.progress.eta.map(|eta| eta.saturating_sub(self.age()))
    }

    /// Requests a second over the last seconds; `None` before anything can be said.
    #[must_use]
    pub fn requests_per_second(&self) -> Option<f64> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        let seconds = self.clock.max(last.0).saturating_sub(first.0).as_secs_f64();
        (seconds >= 1.0).then(|| (last.1 - first.1) as f64 / seconds)
    }
}

impl ExportPane {
    /// The feeds to show: those of the source, and any that the run or the ledger knows besides.
    #[must_use]
    pub fn feeds(&self) -> Vec<Feed> {
        let mut feeds: Vec<Feed> = self.counts.iter().map(|(feed, _)| *feed).collect();
        feeds.extend(self.ledger.iter().map(|summary| summary.feed));
        if let Some(progress) = self.progress() {
            feeds.extend(progress.feeds.iter().map(|feed| feed.feed));
        }
        feeds.sort_unstable();
        feeds.dedup();
        feeds
    }

    /// The counters of the run that is going on, or of the last one.
    #[must_use]
    pub fn progress(&self) -> Option<&Progress> {
        match &self.run {
            RunState::Active(run) => Some(&run.progress),
            RunState::Ended(ended) => ended.result.as_ref().ok().map(|report| &report.progress),
            RunState::None | RunState::Starting => None,
        }
    }

    /// The counters of a feed in that run.
    #[must_use]
    pub fn progress_of(&self, feed: Feed) -> Option<&FeedProgress> {
        self.progress()?.feeds.iter().find(|progress| progress.feed == feed)
    }

    /// The run that is going on.
    #[must_use]
    pub fn active(&self) -> Option<&ActiveRun> {
        match &self.run {
            RunState::Active(run) => Some(run),
            _ => None,
        }
    }

    /// The sums of the run that is going on, or of the last one.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let counted = |feed| self.counts.iter().find(|(of, _)| *of == feed).and_then(|(_, count)| *count);
        self.progress().map(|progress| Totals::of(progress, counted)).unwrap_or_default()
    }

    /// What the ledger knows of a feed.
    #[must_use]
    pub fn summary_of(&self, feed: Feed) -> Option<&FeedSummary> {
        self.ledger.iter().find(|summary| summary.feed == feed)
    }

    /// The source records of a feed, if they are known.
    #[must_use]
    pub fn source_records_of(&self, feed: Feed) -> Option<u64> {
        let counted = self.counts.iter().find(|(of, _)| *of == feed).and_then(|(_, count)| *count);
        let of_run = self.progress_of(feed).and_then(|progress| progress.source_records);
        match self.request.mode {
            SyncMode::Full | SyncMode::Cleanup => of_run.or(counted),
            // Such a run looks at a few of the records only.
            SyncMode::Partial(_) | SyncMode::ByIds { .. } | SyncMode::Retry => counted.or(of_run),
        }
    }

    /// Whether a run starts or goes on.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.run, RunState::Starting | RunState::Active(_))
    }

    /// The errors that pass the filter, newest first.
    pub fn shown_failures(&self) -> impl Iterator<Item = &ItemFailure> {
        self.failures.iter().filter(|failure| {
            self.filter.passes(&[
                failure.label.as_str(),
                failure.message.as_str(),
                failure.code.as_str(),
                failure.feed.name(),
            ])
        })
    }

    /// The feed whose page is open, or the selected feed, if the cursor is on one.
    #[must_use]
    pub fn selected_feed(&self) -> Option<Feed> {
        if let ExportPage::Feed(feed) = self.page {
            return Some(feed);
        }
        self.feeds().get(self.selected).copied()
    }

    /// The feed that the cursor is about: the selected one, or that of the selected error.
    #[must_use]
    pub fn feed_of_cursor(&self) -> Option<Feed> {
        self.selected_feed().or_else(|| Some(self.shown_failures().nth(self.selected_failure()?)?.feed))
    }

    /// The selected error's place among [`Self::shown_failures`], if the cursor is on one.
    #[must_use]
    pub fn selected_failure(&self) -> Option<usize> {
        self.selected.checked_sub(self.feeds().len())
    }

    /// Nothing that was known of the data space holds for another one.
    pub(super) fn forget_data_space(&mut self) {
        self.ledger.clear();
        self.ledger_load = Load::Loading;
        self.failures.clear();
        self.failures_skipped = 0;
        self.remark = None;
        self.run = RunState::None;
    }

    fn remember(&mut self, failure: ItemFailure) {
        self.failures.push_front(failure);
        self.failures.truncate(FAILURES_KEPT);
    }
}

impl State {
    pub(super) fn act_in_export(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        let feed = self.export.selected_feed();
        match action {
            Action::ShowItems => {
                if let Some(feed) = self.export.feed_of_cursor() {
                    self.open_items(feed, effects);
                }
            }
            Action::ShowLog => self.export.page = ExportPage::Log,
            Action::StartAll => self.ask_to_start(ExportRequest::default(), now, effects),
            Action::DryRun => {
                self.ask_to_start(ExportRequest { dry_run: true, ..ExportRequest::default() }, now, effects);
            }
            Action::StartSelected => self.start_selected(feed, now, effects),
            Action::Open => match self.export.selected_failure() {
                Some(index) => {
                    let failure = self.export.shown_failures().nth(index).cloned();
                    self.dialog = failure.map(|failure| Dialog::reading(Reading::Failure(failure)));
                }
                None => {
                    if let Some(feed) = feed {
                        self.export.page = ExportPage::Feed(feed);
                    }
                }
            },
            Action::Partial => self.start_partial(now, effects),
            Action::Retry => self.start_retry(now, effects),
            Action::ByIds => self.ask_for_ids(now),
            Action::CleanUp => self.ask_to_clean_up(now),
            Action::Estimate => self.read_estimate(effects),
            Action::Doctor => self.read_diagnosis(effects),
            Action::Services => self.read_services(effects),
            Action::FeedHealth => self.read_feed_health(now),
            Action::Stop => self.ask_to_stop(now),
            Action::PauseResume
            | Action::MoreThreads
            | Action::FewerThreads
            | Action::LargerBatches
            | Action::SmallerBatches => self.command_run(action, now, effects),
            Action::Refresh => self.refresh_export(effects),
            Action::Filter => self.export.filter.editing = true,
            _ => {
                let rows = self.export.feeds().len() + self.export.shown_failures().count();
                step(&mut self.export.selected, rows, action);
            }
        }
    }

    fn start_selected(&mut self, feed: Option<Feed>, now: &Now, effects: &mut Effects) {
        let Some(feed) = feed else {
            self.notices.add(Tone::Info, "select a feed first: the cursor is not on one", &now.wall);
            return;
        };
        self.ask_to_start(ExportRequest { feeds: vec![feed], ..ExportRequest::default() }, now, effects);
    }

    pub(super) fn refresh_export(&mut self, effects: &mut Effects) {
        self.export.counts_load = Load::Loading;
        self.export.ledger_load = Load::Loading;
        effects.push(Effect::Work(Work::LoadCounts));
        effects.push(Effect::Work(Work::LoadLedger));
        self.refresh_health(effects);
    }

    /// Whether a run could start now; says why not.
    pub(super) fn can_start(&mut self, now: &Now) -> bool {
        let text = if self.export.is_busy() {
            "an export is already active: stop it first, or wait"
        } else if self.overview.data_space.is_none() {
            "no data space is chosen, so there is nowhere to send to: choose one in pane 2"
        } else {
            return true;
        };
        self.notices.add(Tone::Warning, text, &now.wall);
        false
    }

    /// Starts a run, after the questions that must be asked.
    pub(super) fn ask_to_start(&mut self, request: ExportRequest, now: &Now, effects: &mut Effects) {
        if !self.can_start(now) {
            return;
        }
        match &self.overview.data_space {
            Some((_, name, DataSpaceKind::Production)) if !request.dry_run => {
                let purpose = LinePurpose::ExportToProduction { request, name: name.clone() };
                self.dialog = Some(Dialog::Line(LineDialog::new(purpose, "")));
            }
            _ => self.start(request, effects),
        }
    }

    pub(super) fn start(&mut self, request: ExportRequest, effects: &mut Effects) {
        self.export.run = RunState::Starting;
        self.export.remark = None;
        self.export.notes.clear();
        self.export.request = request.clone();
        effects.push(Effect::Work(Work::StartExport(request)));
    }

    fn ask_to_stop(&mut self, now: &Now) {
        match &self.export.run {
            RunState::Active(run) if run.progress.stopping => {
                self.notices.add(
                    Tone::Info,
                    "the run is already stopping: it finishes the batches in flight",
                    &now.wall,
                );
            }
            RunState::Active(_) | RunState::Starting => self.dialog = Some(Dialog::Question(Question::Stop)),
            RunState::None | RunState::Ended(_) => {
                self.notices.add(Tone::Info, "no export is active, so there is nothing to stop", &now.wall);
            }
        }
    }

    pub(super) fn on_counts(&mut self, result: Result<SourceFeeds, Problem>, now: &Now) {
        self.export.counts_load = match result {
            Ok(SourceFeeds { counts, absent }) => {
                self.export.counts = counts;
                self.export.absent = absent;
                Load::Done { at: now.wall.clone() }
            }
            Err(problem) => Load::Failed { problem },
        };
    }

    pub(super) fn on_ledger(&mut self, result: Result<(Vec<FeedSummary>, Vec<ItemFailure>), Problem>, now: &Now) {
        self.export.ledger_load = match result {
            Ok((summaries, failures)) => {
                self.export.ledger = summaries;
                // While a run is active its own news is ahead of what is written down already.
                if !self.export.is_busy() {
                    self.export.failures = failures.into();
                    self.export.failures_skipped = 0;
                }
                Load::Done { at: now.wall.clone() }
            }
            // A run that is just making the ledger says itself if it cannot.
            Err(_) if self.export.is_busy() => Load::NotAsked,
            Err(problem) => Load::Failed { problem },
        };
    }

    pub(super) fn on_run_started(&mut self, result: Result<(), Problem>, now: &Now, effects: &mut Effects) {
        match result {
            Ok(()) => {
                self.export.run = RunState::Active(Box::new(ActiveRun::new(now.uptime)));
                self.export.failures.clear();
                self.export.failures_skipped = 0;
                if self.leaving {
                    effects.push(Effect::Run(Command::Stop));
                }
            }
            Err(problem) => {
                self.export.run = RunState::None;
                self.on_refused_start(problem, now);
                self.leave_if_asked(effects);
            }
        }
    }

    pub(super) fn on_progress(&mut self, progress: Progress, now: &Now) {
        if let RunState::Active(run) = &mut self.export.run {
            run.take(progress, now.uptime);
        }
    }

    pub(super) fn on_run_news(&mut self, news: Vec<RunEvent>, skipped: u64, now: &Now, effects: &mut Effects) {
        self.export.failures_skipped += skipped;
        if news.iter().any(|event| matches!(event, RunEvent::FeedFinished(_))) {
            effects.push(Effect::Work(Work::LoadLedger));
        }
        for event in news {
            match event {
                RunEvent::ItemFailed(failure) => self.export.remember(failure),
                RunEvent::Retrying { feed, attempt, after, reason } => {
                    let seconds = after.as_secs_f64();
                    let text = format!("{feed}: try {attempt} failed ({reason}); again in {seconds:.1} s");
                    self.export.remark = Some(text);
                }
                RunEvent::Note { feed, text } => self.tell_note(feed, text.as_str(), now),
                RunEvent::KeysRefused { message, request_id } => {
                    let id = request_id.map(|id| format!(" (request {id})")).unwrap_or_default();
                    let problem = Problem::new(
                        crate::error::Exit::Refused,
                        format!("the gateway refused the keys, so the run stopped at once: {message}{id}"),
                    )
                    .hint("verify the pair in pane 1; what was not sent goes out with the next run");
                    self.notices.problem(&problem, &now.wall);
                    self.keys.set_check(self.overview.environment, Check::Failed { at: now.wall.clone(), problem });
                }
                RunEvent::FirstSync { .. } => {
                    let text = "this data space has nothing from here yet: everything will be sent";
                    self.export.remark = Some(text.to_owned());
                }
                RunEvent::FeedStarted { .. } | RunEvent::FeedFinished(_) => {}
            }
        }
    }

    pub(super) fn on_run_ended(&mut self, result: Result<RunReport, Problem>, now: &Now, effects: &mut Effects) {
        if let Err(problem) = &result {
            self.notices.problem(problem, &now.wall);
        }
        if let Ok(RunReport { end: crate::export::progress::RunEnd::Failed { problems }, .. }) = &result {
            for (feed, problem) in problems {
                let problem = Problem { what: format!("{feed}: {}", problem.what), ..problem.clone() };
                self.notices.problem(&problem, &now.wall);
            }
        }
        if matches!(&self.dialog, Some(Dialog::Question(Question::Stop | Question::Quit))) {
            self.dialog = None;
        }
        self.export.run = RunState::Ended(Box::new(EndedRun { result, at: now.wall.clone() }));
        self.export.remark = None;
        effects.push(Effect::Work(Work::LoadLedger));
        self.refresh_health(effects);
        self.leave_if_asked(effects);
    }
}
