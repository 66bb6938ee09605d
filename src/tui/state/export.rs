//! The pane of feeds: what the source has, what the ledger knows, and the run.

use std::collections::VecDeque;

use jiff::Zoned;

use super::dialog::{Dialog, Reading};
use super::item::ItemPane;
use super::items::ItemsPage;
use super::log::LogPage;
use super::notice::Tone;
use super::run::{ActiveRun, RunState};
use super::totals::Totals;
use super::{Effects, Filter, Load, State, step};
use crate::connector::{ExportRequest, SourceFeeds};
use crate::domain::Feed;
use crate::error::Problem;
use crate::export::SyncMode;
use crate::export::ledger::FeedSummary;
use crate::export::progress::{FeedProgress, ItemFailure, Progress};
use crate::tui::effect::{Effect, Work};
use crate::tui::event::Now;
use crate::tui::keymap::{Action, KeyContext};
use crate::untrusted::SafeText;

/// How many refused items the screen keeps; all of them are in the ledger.
pub const FAILURES_KEPT: usize = 200;

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
    /// The log of this run.
    Log,
}

impl ExportPage {
    /// Where its keys are valid.
    pub(super) fn place(&self) -> KeyContext {
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
    /// How counting them went.
    pub counts_load: Load,
    /// When they were counted last.
    pub counts_at: Option<Zoned>,
    /// What the ledger knows.
    pub ledger: Vec<FeedSummary>,
    /// How reading the ledger went.
    pub ledger_load: Load,
    /// When it was read last.
    pub ledger_at: Option<Zoned>,
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
    /// Which error of the feed whose page is open is selected.
    pub feed_selected: usize,
    /// The feed from whose page another page was opened.
    pub(super) opened_from: Option<Feed>,
    /// Only errors that contain this.
    pub filter: Filter,
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

    /// What the ledger knows of a feed.
    pub fn summary_of(&self, feed: Feed) -> Option<&FeedSummary> {
        self.ledger.iter().find(|summary| summary.feed == feed)
    }

    /// The source records of a feed, if they are known.
    pub fn source_records_of(&self, feed: Feed) -> Option<u64> {
        let counted = self.counts.iter().find(|(of, _)| *of == feed).and_then(|(_, count)| *count);
        let of_run = self.progress_of(feed).and_then(|progress| progress.source_records);
        match self.request.mode {
            SyncMode::Full | SyncMode::Cleanup => of_run.or(counted),
            // Such a run looks at a few of the records only.
            SyncMode::Partial(_) | SyncMode::ByIds { .. } | SyncMode::Retry => counted.or(of_run),
        }
    }

    /// Whether a run of this process starts or is running: it ends with the process.
    pub fn has_own_run(&self) -> bool {
        match &self.run {
            RunState::Starting => true,
            RunState::Active(run) => run.about.is_none(),
            RunState::None | RunState::Ended(_) => false,
        }
    }

    /// Whether a run starts or is running.
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
    pub fn selected_feed(&self) -> Option<Feed> {
        self.feed_of_page().or_else(|| self.feeds().get(self.selected).copied())
    }

    /// The feed whose page is open.
    pub fn feed_of_page(&self) -> Option<Feed> {
        match self.page {
            ExportPage::Feed(feed) => Some(feed),
            _ => None,
        }
    }

    /// The feed that the cursor is about: the selected one, or that of the selected error.
    pub fn feed_of_cursor(&self) -> Option<Feed> {
        self.selected_feed().or_else(|| Some(self.shown_failures().nth(self.selected_failure()?)?.feed))
    }

    /// The selected error's place among [`Self::shown_failures`], if the cursor is on one.
    pub fn selected_failure(&self) -> Option<usize> {
        self.selected.checked_sub(self.feeds().len())
    }

    /// The errors of a feed, newest first.
    pub fn failures_of(&self, feed: Feed) -> impl Iterator<Item = &ItemFailure> {
        self.failures.iter().filter(move |failure| failure.feed == feed)
    }

    /// Another page is opened from here: back leads here again.
    fn remember_page(&mut self) {
        self.opened_from = self.feed_of_page();
    }

    /// Back to the page from which this one was opened.
    pub(super) fn leave_page(&mut self) {
        self.page = match std::mem::take(&mut self.page) {
            ExportPage::Item { items, .. } => ExportPage::Items(items),
            ExportPage::Items(_) | ExportPage::Log => match self.opened_from.take() {
                Some(feed) => ExportPage::Feed(feed),
                None => ExportPage::Summary,
            },
            ExportPage::Feed(_) | ExportPage::Summary => ExportPage::Summary,
        };
    }

    /// Nothing that was known of the data space holds for another one.
    pub(super) fn forget_data_space(&mut self) {
        if matches!(self.page, ExportPage::Items(_) | ExportPage::Item { .. }) {
            self.page = ExportPage::Summary;
        }
        self.ledger.clear();
        self.ledger_load = Load::Loading;
        self.ledger_at = None;
        self.failures.clear();
        self.failures_skipped = 0;
        self.remark = None;
        self.run = RunState::None;
    }

    pub(super) fn remember(&mut self, failure: ItemFailure) {
        self.failures.push_front(failure);
        self.failures.truncate(FAILURES_KEPT);
    }
}

impl State {
    pub(super) fn act_in_export(&mut self, action: Action, now: &Now, effects: &mut Effects) {
        let feed = self.export.selected_feed();
        match action {
            Action::ShowItems => match self.export.feed_of_cursor() {
                Some(feed) => {
                    // Who looks at a failure looks for items like it.
                    let failure =
                        self.export.selected_failure().and_then(|index| self.export.shown_failures().nth(index));
                    let state = failure
                        .filter(|_| matches!(self.export.page, ExportPage::Summary))
                        .map(|failure| failure.state);
                    self.export.remember_page();
                    self.open_items(feed, state, effects);
                }
                None => self.ask_for_a_feed(now),
            },
            Action::ShowLog => {
                self.export.log.show_all(now.uptime);
                self.export.remember_page();
                self.export.page = ExportPage::Log;
            }
            Action::StartAll => self.ask_to_start(ExportRequest::default(), now, effects),
            Action::DryRun => {
                self.ask_to_start(ExportRequest { dry_run: true, ..ExportRequest::default() }, now, effects);
            }
            Action::StartSelected => match feed {
                Some(feed) => {
                    self.ask_to_start(ExportRequest { feeds: vec![feed], ..ExportRequest::default() }, now, effects);
                }
                None => self.ask_for_a_feed(now),
            },
            Action::Open => match self.export.selected_failure() {
                Some(index) => {
                    let failure = self.export.shown_failures().nth(index).cloned();
                    self.dialog = failure.map(|failure| Dialog::reading(Reading::Failure(failure)));
                }
                None => {
                    if let Some(feed) = feed {
                        self.open_feed(feed);
                    }
                }
            },
            Action::Partial => self.start_partial(Vec::new(), now, effects),
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

    /// What was asked for needs a feed, and none is selected.
    pub(super) fn ask_for_a_feed(&mut self, now: &Now) {
        self.notices.add(Tone::Info, "select a feed first: the cursor is not on one", &now.wall);
    }

    pub(super) fn refresh_export(&mut self, effects: &mut Effects) {
        self.export.counts_load = Load::Loading;
        self.export.ledger_load = Load::Loading;
        effects.push(Effect::Work(Work::LoadCounts));
        effects.push(Effect::Work(Work::LoadLedger));
        if !self.export.is_busy() {
            effects.push(Effect::Work(Work::Attach));
        }
        self.refresh_health(effects);
    }

    pub(super) fn on_counts(&mut self, result: Result<SourceFeeds, Problem>, now: &Now) {
        self.export.counts_load = match result {
            Ok(SourceFeeds { counts, absent }) => {
                self.export.counts = counts;
                self.export.absent = absent;
                self.export.counts_at = Some(now.wall.clone());
                Load::Done { at: now.wall.clone() }
            }
            Err(problem) => Load::Failed { problem },
        };
    }

    pub(super) fn on_ledger(&mut self, result: Result<(Vec<FeedSummary>, Vec<ItemFailure>), Problem>, now: &Now) {
        self.export.ledger_load = match result {
            Ok((summaries, failures)) => {
                self.export.ledger = summaries;
                self.export.ledger_at = Some(now.wall.clone());
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
}
