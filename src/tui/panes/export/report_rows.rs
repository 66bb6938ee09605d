//! The reports that are made on request: what the connector finds, as the rows that are read.

use jiff::tz::TimeZone;

use crate::connector::Connector;
use crate::connector::compare::{self, Origin, command_to_make};
use crate::connector::data_spaces::{DataSpacesNews, DataSpacesRequest, HowMany, SkuOrigin, which_is_which};
use crate::connector::lint::LintRequest;
use crate::connector::verify::{VerifyNews, VerifyRequest};
use crate::domain::DataSpaceId;
use crate::error::Problem;
use crate::report::{Row, Tone};
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::widgets::dialog::ReportKind;

/// How many items that are not as they should be are kept to read; the commands name each.
const DIFFERING_KEPT: usize = 200;

/// What to report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportRequest {
    /// What is wrong with the catalogue.
    Lint,
    /// Whether what was sent is visible.
    Visible,
    /// Our items against those of Adobe's exporter.
    Exporter,
    /// What the data space in use shows against another one.
    DataSpaces {
        ours: DataSpaceId,
        /// Id, name or beginning of one.
        other: String,
    },
}

impl ReportRequest {
    /// What is made of it.
    pub fn kind(&self) -> ReportKind {
        match self {
            Self::Lint => ReportKind::Lint,
            Self::Visible => ReportKind::Visible,
            Self::Exporter => ReportKind::Exporter,
            Self::DataSpaces { .. } => ReportKind::DataSpaces,
        }
    }

    /// Makes it.
    ///
    /// # Errors
    /// A [`Problem`] if something of it cannot be read.
    pub async fn rows(self, connector: &Connector) -> Result<Vec<Row>, Problem> {
        match self {
            Self::Lint => lint(connector).await,
            Self::Visible => visible(connector).await,
            Self::Exporter => exporter(connector).await,
            Self::DataSpaces { ours, other } => data_spaces(connector, ours, other).await,
        }
    }
}

/// What is wrong with the catalogue: the sum, then what each rule found.
async fn lint(connector: &Connector) -> Result<Vec<Row>, Problem> {
    let report = connector.lint(&LintRequest::default()).await?;
    let mut rows = vec![Row::new(report.summary(), report.tone())];
    for rule in &report.rules {
        rows.push(Row::new(format!("{}: {}", rule.rule.meaning(), rule.found()), rule.tone()));
        rows.extend(rule.example_lines().into_iter().map(remark));
    }
    let skipped = report.skipped.iter();
    rows.extend(skipped.map(|(rule, why)| Row::new(format!("{}: not checked, {why}", rule.meaning()), Tone::Open)));
    Ok(rows)
}

/// Whether a sample of what was sent is visible: the sum, then what is not as it was sent.
async fn visible(connector: &Connector) -> Result<Vec<Row>, Problem> {
    let zone = TimeZone::system();
    let mut differing = Vec::new();
    let mut tell = |news: VerifyNews<'_>| {
        if let VerifyNews::Seen(sighting) = news
            && sighting.is_different()
            && differing.len() < DIFFERING_KEPT
        {
            differing.push(sighting.row(&zone));
            differing.extend(sighting.difference_lines().map(remark));
        }
        Ok(())
    };
    let report = Box::pin(connector.verify_items(&VerifyRequest::sample(None), &mut tell)).await?;
    let tone = if report.tally.wrong > 0 { Tone::Danger } else { Tone::Good };
    Ok(report.sentences().into_iter().map(|sentence| Row::new(sentence, tone)).chain(differing).collect())
}

/// Our items against those in Adobe's feed tables: the sum, what to do next, then each feed with what differs.
async fn exporter(connector: &Connector) -> Result<Vec<Row>, Problem> {
    let feeds = Box::pin(connector.compare_exporter(Origin::FeedTables, None)).await?;
    let mut rows = vec![compare::summary(&feeds)];
    let adopt = key_of(KeyContext::Export, Action::Adopt);
    rows.push(remark(format!("{adopt} in Data export: count what is equal as sent, so that only the rest is sent")));
    for feed in &feeds {
        rows.push(feed.row());
        rows.extend(feed.field_lines().into_iter().map(remark));
        if feed.more_fields() > 0 {
            rows.push(remark(format!("{} more fields", feed.more_fields())));
        }
        rows.extend(feed.example_lines().into_iter().map(remark));
    }
    if let Some(skipped) = feeds.iter().find(|feed| feed.is_skipped()) {
        rows.push(remark(format!("To compare what was not: {}", command_to_make(Some(skipped.feed)))));
        let then = "It sends nothing, and writes the items into var/log/saas-export.log: \
                    `commerce-connector compare exporter --from FILE` compares that file.";
        rows.push(remark(then.to_owned()));
    }
    Ok(rows)
}

/// What two data spaces show: which is which, the counts, then the first SKUs that differ.
async fn data_spaces(connector: &Connector, ours: DataSpaceId, other: String) -> Result<Vec<Row>, Problem> {
    let request = DataSpacesRequest {
        spaces: [ours.as_str().to_owned(), other],
        pairs: [None, None],
        skus: SkuOrigin::Source,
        how_many: HowMany::Sample(None),
        store_view: None,
        seed: fastrand::u64(..),
    };
    let mut differing = Vec::new();
    let mut tell = |news: DataSpacesNews<'_>| {
        if let DataSpacesNews::Seen(found) = news
            && found.state.is_difference()
            && differing.len() < DIFFERING_KEPT
        {
            differing.push(found.row());
            differing.extend(found.difference_lines().map(remark));
        }
        Ok(())
    };
    let report = Box::pin(connector.compare_data_spaces(&request, &mut tell)).await?;
    let tone = if report.different() > 0 { Tone::Danger } else { Tone::Good };
    let first = Row::new(which_is_which(&report.spaces), Tone::Plain);
    let sums = report.sentences().into_iter().map(|sentence| Row::new(sentence, tone));
    Ok(std::iter::once(first).chain(sums).chain(differing).collect())
}

fn remark(text: String) -> Row {
    Row::new(text, Tone::Remark)
}
