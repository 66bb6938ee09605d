//! What comes back to the pane.

use super::ExportPane;
use super::requests::{ExportReply, ExportWork};
use crate::attach::WatchStatus;
use crate::connector::SourceFeeds;
use crate::error::Problem;
use crate::export::ledger::FeedSummary;
use crate::export::progress::ItemFailure;
use crate::tui::panes::{Cx, Effects, Load, Now};

impl ExportPane {
    /// What came back.
    pub fn on_reply(&mut self, reply: ExportReply, cx: &mut Cx<'_>) -> Effects {
        let mut effects = Effects::new();
        match reply {
            ExportReply::Counts(result) => self.on_counts(result, cx.now),
            ExportReply::Ledger(result) => self.on_ledger(result, cx.now),
            ExportReply::History(history) => self.history = history,
            ExportReply::Watches { watches, is_followed } => self.on_watches(watches, is_followed, &mut effects),
            ExportReply::Health(result) => self.reports.health.take(result, cx.now),
            ExportReply::Estimate(result) => self.reports.estimate.take(result, cx.now),
            ExportReply::Checked(check) => self.reports.on_check(check),
            ExportReply::Diagnosed => self.reports.diagnosis.load = Load::Done { at: cx.now.wall.clone() },
            ExportReply::Services(services) => self.reports.services.take(Ok(services), cx.now),
            ExportReply::Reported { kind, result } => self.reports.rows_mut(kind).take(result, cx.now),
            ExportReply::DryRunLinted(row) => self.on_dry_run_linted(row),
            ExportReply::AdoptionPlanned(result) => Self::on_adoption_planned(result, cx),
            ExportReply::Adopted(result) => self.on_adopted(result, cx, &mut effects),
            ExportReply::BundleCollected(result) => self.on_bundle(result, cx),
            ExportReply::BundleWritten { path, result } => Self::on_bundle_written(&path, result, cx),
            ExportReply::RunStarted(result) => self.on_run_started(result, cx, &mut effects),
            ExportReply::Attached(about) => self.on_attached(about, cx),
        }
        effects
    }

    /// A watch stands otherwise. What its pass sent or did not is in the ledger.
    fn on_watches(&mut self, watches: Vec<WatchStatus>, is_followed: bool, effects: &mut Effects) {
        self.follows_watches = is_followed;
        let ended = |watches: &[WatchStatus]| watches.first().and_then(|watch| watch.last_pass);
        let (before, now) = (ended(&self.watches), ended(&watches));
        if !self.watches.is_empty() && before != now && now.is_some_and(|pass| pass.sent + pass.failed > 0) {
            effects.push(ExportWork::LoadLedger.into());
        }
        self.watches = watches;
    }

    fn on_counts(&mut self, result: Result<SourceFeeds, Problem>, now: &Now) {
        self.counts_load = match result {
            Ok(SourceFeeds { counts, absent, customised }) => {
                self.counts = counts;
                self.absent = absent;
                self.customised = customised;
                self.counts_at = Some(now.wall.clone());
                Load::Done { at: now.wall.clone() }
            }
            Err(problem) => Load::Failed { problem },
        };
    }

    fn on_ledger(&mut self, result: Result<(Vec<FeedSummary>, Vec<ItemFailure>), Problem>, now: &Now) {
        self.ledger_load = match result {
            Ok((summaries, failures)) => {
                self.ledger = summaries;
                self.ledger_at = Some(now.wall.clone());
                // While a run is active its own news is ahead of what is written down already.
                if !self.is_busy() {
                    self.failures = failures.into();
                    self.failures_skipped = 0;
                }
                Load::Done { at: now.wall.clone() }
            }
            // A run that is just making the ledger says itself if it cannot.
            Err(_) if self.is_busy() => Load::NotAsked,
            Err(problem) => Load::Failed { problem },
        };
    }
}
