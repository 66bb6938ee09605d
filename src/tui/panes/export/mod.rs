//! The pane of feeds: what the source has, what the ledger knows, and the run.

pub mod adoption;
pub mod bundle;
pub mod clicked;
pub mod control;
pub mod cursor;
pub mod feed;
pub mod feed_about;
pub mod feed_phases;
pub mod feed_table;
pub mod feed_text;
pub mod feed_view;
pub mod log;
pub mod log_view;
mod pages;
pub mod panels;
pub mod rates;
pub mod reading_text;
pub mod reasons;
pub mod remark;
mod replies;
pub mod report_rows;
mod report_text;
pub mod reports;
pub mod requests;
pub mod run;
pub mod run_page;
pub mod run_view;
pub mod runs_text;
pub mod sync;
pub mod totals;
pub mod trouble;
pub mod view;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use jiff::{Timestamp, Zoned};

use crate::attach::WatchStatus;
use crate::connector::guard::customised::Customised;
use crate::connector::{ExportRequest, Overview};
use crate::domain::Feed;
use crate::export::SyncMode;
use crate::export::ledger::{FeedSummary, PastEnd, PastRun, RunHistory};
use crate::export::progress::{FeedProgress, ItemFailure, Progress};
use crate::export::reasons::{Reason, Reasons};
use crate::tui::keymap::{Action, KeyContext};
use crate::tui::panes::export::cursor::FeedOrder;
use crate::tui::panes::export::log::LogPage;
use crate::tui::panes::export::remark::Remark;
use crate::tui::panes::export::report_rows::ReportRequest;
use crate::tui::panes::export::reports::Reports;
use crate::tui::panes::export::requests::ExportWork;
use crate::tui::panes::export::run::{ActiveRun, RunHost, RunState};
use crate::tui::panes::export::totals::Totals;
use crate::tui::panes::items::ItemsPage;
use crate::tui::panes::items::item::ItemPane;
use crate::tui::panes::{Cx, Effects, Load};
use crate::tui::widgets::dialog::{Dialog, Reading};
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::notices::Tone;
use crate::untrusted::SafeText;

/// How many refused items the screen keeps; all of them are in the ledger.
pub const FAILURES_KEPT: usize = 200;

/// The pages of the pane. Each but the first leads back to where it was opened from.
#[derive(Debug, Default)]
pub enum ExportPage {
    /// All feeds and the run.
    #[default]
    Summary,
    Feed(Feed),
    /// The items of a feed.
    Items(Box<ItemsPage>),
    /// One item, above the list it was opened from.
    Item {
        item: Box<ItemPane>,
        /// The list.
        items: Box<ItemsPage>,
    },
    /// The log of this run.
    Log,
}

impl ExportPage {
    /// Where its keys are valid.
    pub fn place(&self) -> KeyContext {
        match self {
            ExportPage::Summary => KeyContext::Export,
            ExportPage::Feed(_) => KeyContext::Feed,
            ExportPage::Items(_) => KeyContext::Items,
            ExportPage::Item { .. } => KeyContext::Item,
            ExportPage::Log => KeyContext::Log,
        }
    }
}

/// The pane.
#[derive(Debug, Default)]
pub struct ExportPane {
    /// The page in front.
    pub page: ExportPage,
    /// The log of this run.
    pub log: LogPage,
    /// The feeds of the source with their source records.
    pub counts: Vec<(Feed, Option<u64>)>,
    /// The feeds that the source cannot give, and why.
    pub absent: Vec<(Feed, SafeText)>,
    /// What somebody changed of them in Adobe's exporter.
    pub customised: Vec<Customised>,
    /// How counting them went.
    pub counts_load: Load,
    /// When they were counted last.
    pub counts_at: Option<Zoned>,
    /// What the ledger knows.
    pub ledger: Vec<FeedSummary>,
    /// The newest runs into the data space, and what was sent in each hour.
    pub history: RunHistory,
    /// How the watches of other processes stand.
    watches: Vec<WatchStatus>,
    /// Whether changes of a watch are told.
    follows_watches: bool,
    /// How reading the ledger went.
    pub ledger_load: Load,
    /// When it was read last.
    pub ledger_at: Option<Zoned>,
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
    pub remark: Option<Remark>,
    /// Whether all runs of this screen are in its own process: the demo's.
    pub keeps_runs: bool,
    /// Which row is selected: first the feeds, then the reasons of failures.
    pub selected: usize,
    /// In which order the feeds are listed.
    pub order: FeedOrder,
    /// Whether the cursor follows the run from feed to feed: until a person moves it.
    pub follows: bool,
    /// Which error of the feed whose page is open is selected.
    pub feed_selected: usize,
    /// The feed from whose page another page was opened.
    pub(super) opened_from: Option<Feed>,
    /// Only feeds, and reasons of failures, that contain this.
    pub filter: Filter,
    /// What was looked up to be read.
    pub reports: Reports,
}

impl ExportPane {
    /// The feeds to show: those of the source, and any that the run or the ledger knows besides.
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
    pub fn progress(&self) -> Option<&Progress> {
        match &self.run {
            RunState::Active(run) => Some(&run.progress),
            RunState::Ended(ended) => ended.result.as_ref().ok().map(|report| &report.progress),
            RunState::None | RunState::Starting => None,
        }
    }

    /// The counters of a feed in that run.
    pub fn progress_of(&self, feed: Feed) -> Option<&FeedProgress> {
        self.progress()?.feeds.iter().find(|progress| progress.feed == feed)
    }

    /// The run that is going on.
    pub fn active(&self) -> Option<&ActiveRun> {
        match &self.run {
            RunState::Active(run) => Some(run),
            _ => None,
        }
    }

    /// The sums of the run that is going on, or of the last one.
    pub fn totals(&self) -> Totals {
        let counted = |feed| self.counts.iter().find(|(of, _)| *of == feed).and_then(|(_, count)| *count);
        self.progress().map(|progress| Totals::of(progress, counted)).unwrap_or_default()
    }

    /// How the watches on the data space in use stand.
    pub fn watches<'a>(&'a self, overview: &'a Overview) -> impl Iterator<Item = &'a WatchStatus> {
        let data_space = overview.data_space.as_ref().map(|(id, ..)| id);
        self.watches.iter().filter(move |watch| Some(&watch.data_space) == data_space)
    }

    /// What the ledger knows of a feed.
    pub fn summary_of(&self, feed: Feed) -> Option<&FeedSummary> {
        self.ledger.iter().find(|summary| summary.feed == feed)
    }

    /// When a run last went through a feed, in whichever way: in full, changes only, or by id.
    pub fn last_synced(&self, feed: Feed) -> Option<Timestamp> {
        let known = self.summary_of(feed).and_then(|summary| summary.last_sync.max(summary.last_partial));
        let is_well = |run: &&PastRun| matches!(run.end, PastEnd::Complete | PastEnd::Held);
        let runs = self.history.runs.iter().filter(|run| run.feeds.contains(&feed)).filter(is_well);
        known.max(runs.filter_map(|run| run.ended_at).max())
    }

    /// The source records of a feed, if they are known.
    pub fn source_records_of(&self, feed: Feed) -> Option<u64> {
        let counted = self.counts.iter().find(|(of, _)| *of == feed).and_then(|(_, count)| *count);
        let of_run = self.progress_of(feed).and_then(|progress| progress.source_records);
        match self.request.mode {
            SyncMode::Full | SyncMode::Cleanup => of_run.or(counted),
            // Such a run looks at a few of the records only.
            SyncMode::Partial(_) | SyncMode::ByIds { .. } | SyncMode::Retry { .. } => counted.or(of_run),
        }
    }

    /// Whether a run that this screen started starts or is running.
    pub fn has_own_run(&self) -> bool {
        match &self.run {
            RunState::Starting => true,
            RunState::Active(run) => !matches!(run.host, RunHost::Other(_)),
            RunState::None | RunState::Ended(_) => false,
        }
    }

    /// Whether the run that starts or is running ends with this screen.
    pub fn ends_with_screen(&self) -> bool {
        match &self.run {
            RunState::Starting => self.keeps_runs || self.request.dry_run,
            RunState::Active(run) => matches!(run.host, RunHost::Screen),
            RunState::None | RunState::Ended(_) => false,
        }
    }

    /// Whether a run starts or is running.
    pub fn is_busy(&self) -> bool {
        matches!(self.run, RunState::Starting | RunState::Active(_))
    }

    /// Why items failed: in the run that is going on, or else the newest that the ledger knows.
    pub fn reasons(&self) -> Reasons {
        if let Some(run) = self.active().filter(|run| run.progress.reasons.items() > 0) {
            return run.progress.reasons.clone();
        }
        let mut reasons = Reasons::default();
        for failure in &self.failures {
            reasons.add(failure.feed, failure.state, failure.message.as_str());
        }
        reasons
    }

    /// The reasons that pass the filter, the most frequent first.
    pub fn shown_reasons(&self) -> Vec<Reason> {
        let reasons = self.reasons();
        let passes = |reason: &&Reason| {
            let feeds = reason.feeds.iter().map(|(feed, _)| feed.name());
            self.filter.passes(&feeds.chain([reason.message.as_str()]).collect::<Vec<_>>())
        };
        reasons.sorted().into_iter().filter(passes).cloned().collect()
    }

    /// The feed whose page is open, or the selected feed, if the cursor is on one.
    pub fn selected_feed(&self) -> Option<Feed> {
        self.feed_of_page().or_else(|| self.shown_feeds().get(self.selected).copied())
    }

    /// The feed whose page is open.
    pub fn feed_of_page(&self) -> Option<Feed> {
        match self.page {
            ExportPage::Feed(feed) => Some(feed),
            _ => None,
        }
    }

    /// The feed that the cursor is about: the selected one, or the first of the selected reason.
    pub fn feed_of_cursor(&self) -> Option<Feed> {
        self.selected_feed().or_else(|| self.reason_of_cursor()?.main_feed())
    }

    /// The selected reason's place among [`Self::shown_reasons`], if the cursor is on one.
    pub fn selected_reason(&self) -> Option<usize> {
        self.selected.checked_sub(self.shown_feeds().len())
    }

    pub(super) fn reason_of_cursor(&self) -> Option<Reason> {
        self.shown_reasons().into_iter().nth(self.selected_reason()?)
    }

    /// The errors of a feed, newest first.
    pub fn failures_of(&self, feed: Feed) -> impl Iterator<Item = &ItemFailure> {
        self.failures.iter().filter(move |failure| failure.feed == feed)
    }

    /// Nothing that was known of the data space holds for another one, whose ledger is read.
    pub fn forget_data_space(&mut self, effects: &mut Effects) {
        self.forget_space();
        effects.push(ExportWork::LoadLedger.into());
    }

    fn forget_space(&mut self) {
        if matches!(self.page, ExportPage::Items(_) | ExportPage::Item { .. }) {
            self.page = ExportPage::Summary;
        }
        self.ledger.clear();
        self.history = RunHistory::default();
        self.ledger_load = Load::Loading;
        self.ledger_at = None;
        self.failures.clear();
        self.failures_skipped = 0;
        self.remark = None;
        self.run = RunState::None;
    }

    /// Nothing that was known of the source holds for another one, and neither does what was sent from it.
    pub fn forget_source(&mut self) {
        self.forget_space();
        self.counts.clear();
        self.customised.clear();
    }

    /// Whatever was waited for will not come.
    pub fn forget_pending(&mut self) {
        self.counts_load.forget_pending();
        self.ledger_load.forget_pending();
        self.reports.forget_pending();
        self.follows_watches = false;
        if let ExportPage::Items(items) | ExportPage::Item { items, .. } = &mut self.page {
            items.forget_pending();
        }
        if let ExportPage::Item { item, .. } = &mut self.page {
            item.load.forget_pending();
        }
        if matches!(self.run, RunState::Starting) {
            self.run = RunState::None;
        }
    }

    pub(super) fn remember(&mut self, failure: ItemFailure) {
        self.failures.push_front(failure);
        self.failures.truncate(FAILURES_KEPT);
    }
}

impl ExportPane {
    /// What a key does on the page in front.
    pub fn update(&mut self, action: Action, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        match self.page {
            ExportPage::Summary => self.act_in_summary(action, cx, &mut effects),
            ExportPage::Feed(feed) => self.act_in_feed(feed, action, cx, &mut effects),
            ExportPage::Items(_) => self.act_in_items(action, cx, &mut effects),
            ExportPage::Item { .. } => self.act_in_item(action, cx, &mut effects),
            ExportPage::Log => self.act_in_log(action, cx, &mut effects),
        }
        effects
    }

    /// What a key does on the page of all feeds; most of it on that of one feed, too.
    fn act_in_summary(&mut self, action: Action, cx: &mut Cx<'_>, effects: &mut Effects) {
        let feed = self.selected_feed();
        match action {
            Action::ShowItems => match self.feed_of_cursor() {
                Some(feed) => {
                    let is_summary = matches!(self.page, ExportPage::Summary);
                    if let Some(reason) = self.reason_of_cursor().filter(|_| is_summary) {
                        self.open_reason(&reason, effects);
                    } else {
                        self.remember_page();
                        self.open_items(feed, None, effects);
                    }
                }
                None => Self::ask_for_a_feed(cx),
            },
            Action::Runs => *cx.dialog = Some(Dialog::reading(Reading::Runs)),
            Action::ShowLog => {
                self.log.show_all(cx.now.uptime);
                self.remember_page();
                self.page = ExportPage::Log;
            }
            Action::StartAll => self.ask_to_start(ExportRequest::default(), cx, effects),
            Action::DryRun => {
                self.ask_to_start(ExportRequest { dry_run: true, ..ExportRequest::default() }, cx, effects);
            }
            Action::StartSelected => match feed {
                Some(feed) => {
                    self.ask_to_start(ExportRequest { feeds: vec![feed], ..ExportRequest::default() }, cx, effects);
                }
                None => Self::ask_for_a_feed(cx),
            },
            Action::Open => {
                if let Some(reason) = self.reason_of_cursor() {
                    self.open_reason(&reason, effects);
                } else if let Some(feed) = feed {
                    self.open_feed(feed);
                }
            }
            Action::Partial => self.start_partial(Vec::new(), cx, effects),
            Action::Retry => self.start_retry(cx, effects),
            Action::SaveCsv => self.ask_to_save_reason(cx),
            Action::ByIds => self.ask_for_ids(cx),
            Action::CleanUp => self.ask_to_clean_up(cx),
            Action::Estimate => self.read_estimate(cx, effects),
            Action::Doctor => self.read_diagnosis(cx, effects),
            Action::Services => self.read_services(cx, effects),
            Action::Lint => self.read_report(ReportRequest::Lint, cx, effects),
            Action::VerifyVisible => self.read_report(ReportRequest::Visible, cx, effects),
            Action::CompareExporter => self.read_report(ReportRequest::Exporter, cx, effects),
            Action::Adopt => Self::ask_to_adopt(cx, effects),
            Action::SupportBundle => self.ask_for_bundle(cx, effects),
            Action::FeedHealth => self.read_feed_health(cx),
            Action::Stop => self.ask_to_stop(cx),
            Action::PauseResume
            | Action::MoreThreads
            | Action::FewerThreads
            | Action::LargerBatches
            | Action::SmallerBatches => self.command_run(action, cx, effects),
            Action::Refresh => self.refresh(effects),
            Action::Filter => self.filter.editing = true,
            Action::Sort => self.sort_feeds(cx),
            _ => self.step_cursor(action),
        }
    }

    /// What was asked for needs a feed, and none is selected.
    fn ask_for_a_feed(cx: &mut Cx<'_>) {
        cx.notice(Tone::Info, "select a feed first: the cursor is not on one");
    }

    /// Looks up again what the source has, what the ledger knows, and whether somebody exports.
    pub fn refresh(&mut self, effects: &mut Effects) {
        self.counts_load = Load::Loading;
        self.ledger_load = Load::Loading;
        effects.push(ExportWork::LoadCounts.into());
        effects.push(ExportWork::LoadLedger.into());
        if !std::mem::replace(&mut self.follows_watches, true) {
            effects.push(ExportWork::FollowWatches.into());
        }
        if !self.is_busy() {
            effects.push(ExportWork::Attach.into());
        }
        self.reports.refresh_health(effects);
    }
}
