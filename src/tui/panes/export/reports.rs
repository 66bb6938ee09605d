//! What is looked up to be read: health, estimate, doctor, services. Each is loaded on request and kept until the next one.

use std::sync::Arc;

use jiff::Zoned;

use crate::connector::doctor::{Check, Diagnosis};
use crate::connector::estimate::Estimate;
use crate::connector::finding::Finding;
use crate::connector::health::{FeedHealth, Health};
use crate::connector::services::Services;
use crate::connector::support_bundle::Bundle;
use crate::domain::Feed;
use crate::error::Problem;
use crate::report::Row;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::export::report_rows::ReportRequest;
use crate::tui::panes::export::requests::ExportWork;
use crate::tui::panes::{Cx, Effects, Load, Now};
use crate::tui::remedy::words;
use crate::tui::widgets::dialog::{Dialog, Reading, ReportKind};

/// A line that is read holds at least as many characters, whatever the size of the screen.
const LEAST_LINE: usize = 40;

/// Something that is looked up.
#[derive(Debug)]
pub struct Report<T> {
    /// The newest; while a newer one is loaded there is none.
    pub value: Option<T>,
    /// How looking it up goes.
    pub load: Load,
    /// When it was looked up last.
    pub at: Option<Zoned>,
}

impl<T> Default for Report<T> {
    fn default() -> Self {
        Self { value: None, load: Load::NotAsked, at: None }
    }
}

impl<T> Report<T> {
    /// Takes in what was looked up; what was there before stays if it failed.
    pub fn take(&mut self, result: Result<T, Problem>, now: &Now) {
        self.load = match result {
            Ok(value) => {
                self.value = Some(value);
                self.at = Some(now.wall.clone());
                Load::Done { at: now.wall.clone() }
            }
            Err(problem) => Load::Failed { problem },
        };
    }

    /// Begins to look it up, unless that is under way.
    pub(super) fn begin(&mut self, work: ExportWork, effects: &mut Effects) -> bool {
        if matches!(self.load, Load::Loading) {
            return false;
        }
        self.load = Load::Loading;
        effects.push(work.into());
        true
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct Reports {
    /// How every feed is. The last one stays while it is read again.
    pub health: Report<Health>,
    /// What a full export would take.
    pub estimate: Report<Estimate>,
    /// What the doctor found so far.
    pub diagnosis: Report<Diagnosis>,
    /// The services that the connector serves.
    pub services: Report<Services>,
    /// What is wrong with the catalogue, row by row.
    pub lint: Report<Vec<Row>>,
    /// Whether a sample of what was sent is visible, row by row.
    pub visible: Report<Vec<Row>>,
    /// How our items compare with those of Adobe's exporter, row by row.
    pub exporter: Report<Vec<Row>>,
    /// What two data spaces show, row by row.
    pub data_spaces: Report<Vec<Row>>,
    /// What goes into a support bundle.
    pub bundle: Report<Arc<Bundle>>,
}

impl Reports {
    /// How a feed is, as far as that is known.
    pub fn health_of(&self, feed: Feed) -> Option<&FeedHealth> {
        self.health.value.as_ref()?.feeds.iter().find(|health| health.feed == feed)
    }

    /// One of those that are rows.
    pub fn rows(&self, kind: ReportKind) -> &Report<Vec<Row>> {
        match kind {
            ReportKind::Lint => &self.lint,
            ReportKind::Visible => &self.visible,
            ReportKind::Exporter => &self.exporter,
            ReportKind::DataSpaces => &self.data_spaces,
        }
    }

    /// The same, to change it.
    pub fn rows_mut(&mut self, kind: ReportKind) -> &mut Report<Vec<Row>> {
        match kind {
            ReportKind::Lint => &mut self.lint,
            ReportKind::Visible => &mut self.visible,
            ReportKind::Exporter => &mut self.exporter,
            ReportKind::DataSpaces => &mut self.data_spaces,
        }
    }

    /// What is not as it should be with a feed.
    pub fn findings_of(&self, feed: Feed) -> impl Iterator<Item = &Finding> {
        let findings = self.health.value.as_ref().map(|health| health.findings.as_slice()).unwrap_or_default();
        findings.iter().filter(move |finding| finding.feed == Some(feed))
    }

    /// At least as many lines as a text to read can have, so that scrolling ends.
    pub fn most_lines(&self, what: &Reading, runs: usize) -> usize {
        let of_text = |text: &str| text.len().div_ceil(LEAST_LINE) + 1;
        let of_finding =
            |finding: &Finding| of_text(&finding.what) + of_text(&finding.means) + of_text(&words(&finding.next));
        match what {
            // A message is cut to a few hundred characters where it enters; everything else is fixed text.
            Reading::Failure(_) | Reading::WhereKeys | Reading::License | Reading::Estimate => 40,
            Reading::Item(entry) => 2 + of_text(entry.text.as_str()),
            Reading::Reported(line) => 4 + of_text(&line.text),
            // The state counts these itself.
            Reading::Notices => 0,
            Reading::Feed(feed) => 40 + self.findings_of(*feed).map(of_finding).sum::<usize>(),
            Reading::Doctor => self.diagnosis.value.as_ref().map_or(0, |diagnosis| {
                diagnosis.checks.len() + 2 + diagnosis.findings().map(of_finding).sum::<usize>()
            }),
            // A problem of a run is one sentence.
            Reading::Runs => 12 * runs + 1,
            Reading::Report(kind) => {
                self.rows(*kind).value.iter().flatten().map(|row| of_text(row.text.as_str())).sum()
            }
            Reading::Services => self.services.value.as_ref().map_or(0, |services| 6 * (services.services.len() + 1)),
        }
    }

    /// Whatever was waited for will not come.
    pub fn forget_pending(&mut self) {
        let Self { health, estimate, diagnosis, services, lint, visible, exporter, data_spaces, bundle } = self;
        let looked_up = [&mut health.load, &mut estimate.load, &mut diagnosis.load, &mut services.load];
        let read = [&mut lint.load, &mut visible.load, &mut exporter.load, &mut data_spaces.load, &mut bundle.load];
        looked_up.into_iter().chain(read).for_each(Load::forget_pending);
    }
}

impl Reports {
    /// Looks the services up again; what is known of them stays until then.
    pub fn refresh_services(&mut self, effects: &mut Effects) {
        self.services.begin(ExportWork::LoadServices, effects);
    }

    /// Looks up how every feed is.
    pub fn refresh_health(&mut self, effects: &mut Effects) {
        self.health.begin(ExportWork::LoadHealth, effects);
    }

    /// The doctor has one more check done.
    pub fn on_check(&mut self, check: Check) {
        if let Some(diagnosis) = &mut self.diagnosis.value {
            diagnosis.checks.push(check);
        }
    }
}

impl ExportPane {
    pub(super) fn read_estimate(&mut self, cx: &mut Cx<'_>, effects: &mut Effects) {
        if self.reports.estimate.begin(ExportWork::Estimate, effects) {
            self.reports.estimate.value = None;
        }
        *cx.dialog = Some(Dialog::reading(Reading::Estimate));
    }

    pub(super) fn read_diagnosis(&mut self, cx: &mut Cx<'_>, effects: &mut Effects) {
        if self.reports.diagnosis.begin(ExportWork::Diagnose, effects) {
            self.reports.diagnosis.value = Some(Diagnosis { checks: Vec::new() });
        }
        *cx.dialog = Some(Dialog::reading(Reading::Doctor));
    }

    /// The services, to be read.
    pub fn read_services(&mut self, cx: &mut Cx<'_>, effects: &mut Effects) {
        if self.reports.services.begin(ExportWork::LoadServices, effects) {
            self.reports.services.value = None;
        }
        *cx.dialog = Some(Dialog::reading(Reading::Services));
    }

    /// A report, to be read; it is made anew.
    pub(super) fn read_report(&mut self, request: ReportRequest, cx: &mut Cx<'_>, effects: &mut Effects) {
        let kind = request.kind();
        let report = self.reports.rows_mut(kind);
        if report.begin(ExportWork::Report(request), effects) {
            report.value = None;
        }
        *cx.dialog = Some(Dialog::reading(Reading::Report(kind)));
    }

    /// What the data space in use shows, against the one that was typed.
    pub fn compare_with(&mut self, other: &str, cx: &mut Cx<'_>, effects: &mut Effects) {
        if let Some((ours, ..)) = cx.overview.data_space.clone() {
            self.read_report(ReportRequest::DataSpaces { ours, other: other.to_owned() }, cx, effects);
        }
    }

    pub(super) fn read_feed_health(&self, cx: &mut Cx<'_>) {
        match self.feed_of_cursor() {
            Some(feed) => *cx.dialog = Some(Dialog::reading(Reading::Feed(feed))),
            None => Self::ask_for_a_feed(cx),
        }
    }
}
