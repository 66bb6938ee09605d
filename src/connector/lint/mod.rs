//! What is wrong with the catalogue, found in the items that would be sent, before anything is sent.
//!
//! Every feed is read once, as a dry run reads it. What must be compared across items (`seen`) is kept in a temporary database on
//! disk, so memory is the same for a thousand products and for a million.

mod checks;
mod hits;
mod seen;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use super::reading::each_record;
use super::{Connector, explained};
use crate::domain::{Feed, LintRule, Severity};
use crate::error::{Exit, Problem};
use crate::feeds::source::{Collected, Selection};
use crate::format::{count, counted};
use crate::report::Tone;
use crate::untrusted::SafeText;
use checks::Checks;
use hits::Hits;

/// What to look for, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LintRequest {
    /// The rules; empty = all.
    pub rules: Vec<LintRule>,
    /// The feeds to read; empty = those that the rules need and the source has.
    pub feeds: Vec<Feed>,
    /// A file that every hit is written to, as CSV.
    pub csv: Option<PathBuf>,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LintReport {
    /// What each rule found, in the order of the rules; also those that found nothing.
    pub rules: Vec<RuleReport>,
    /// The rules that could not be checked, and why: one sentence each.
    pub skipped: Vec<(LintRule, SafeText)>,
    /// How many items were read.
    pub items: u64,
}

/// What one rule found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleReport {
    pub rule: LintRule,
    pub severity: Severity,
    /// How many times.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<Hit>,
}

/// One hit of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// Where: `24-MB01, store view default`.
    pub place: SafeText,
    /// What: `the special price 12 is above the regular price 10.8`; empty if the rule says it all.
    pub text: SafeText,
}

impl RuleReport {
    /// How many hits, or that there are none.
    pub fn found(&self) -> String {
        if self.count == 0 { "none".to_owned() } else { count(self.count) }
    }

    /// What that means.
    pub fn tone(&self) -> Tone {
        match (self.count, self.severity) {
            (0, _) => Tone::Good,
            (_, Severity::Warning) => Tone::Warning,
            (_, Severity::Error) => Tone::Danger,
        }
    }

    /// The first hits, a line each, and how many more there are.
    pub fn example_lines(&self) -> Vec<String> {
        let line = |hit: &Hit| {
            let text = if hit.text.is_empty() { String::new() } else { format!(": {}", hit.text) };
            format!("{}{text}", hit.place)
        };
        let more = self.count.saturating_sub(self.examples.len() as u64);
        let more = (more > 0).then(|| format!("… and {} more", count(more)));
        self.examples.iter().map(line).chain(more).collect()
    }
}

impl LintReport {
    /// How many hits of this severity there are.
    pub fn count(&self, severity: Severity) -> u64 {
        self.rules.iter().filter(|rule| rule.severity == severity).map(|rule| rule.count).sum()
    }

    /// What the sum means.
    pub fn tone(&self) -> Tone {
        match (self.count(Severity::Error), self.count(Severity::Warning)) {
            (0, 0) => Tone::Good,
            (0, _) => Tone::Warning,
            _ => Tone::Danger,
        }
    }

    /// 3 if an error was found.
    pub fn exit(&self) -> Exit {
        if self.count(Severity::Error) > 0 { Exit::Partial } else { Exit::Done }
    }

    /// `2 errors, 14 warnings in 3,604 items`.
    pub fn summary(&self) -> String {
        let (errors, warnings) = (self.count(Severity::Error), self.count(Severity::Warning));
        let found = match (errors, warnings) {
            (0, 0) => "no problems".to_owned(),
            (0, warnings) => counted(warnings, "warning"),
            (errors, 0) => counted(errors, "error"),
            (errors, warnings) => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
        };
        let skipped = match self.skipped.len() {
            0 => String::new(),
            rules => format!("; {} not checked", counted(rules as u64, "rule")),
        };
        format!("{found} in {}{skipped}", counted(self.items, "item"))
    }
}

impl Connector {
    /// Reads the feeds that the rules need, and says what is wrong with their items. Sends and changes nothing.
    ///
    /// # Errors
    /// A [`Problem`]: the source cannot be read, or the CSV file cannot be written.
    pub async fn lint(&self, request: &LintRequest) -> Result<LintReport, Problem> {
        let source = self.source().await?.for_run();
        let given: BTreeSet<Feed> = source.feeds().await.map_err(explained)?.into_iter().collect();
        if let Some(feed) = request.feeds.iter().find(|feed| !given.contains(feed)) {
            return Err(Problem::usage(format!("{feed} is not in this source")));
        }
        let is_read = |feed: Feed| given.contains(&feed) && (request.feeds.is_empty() || request.feeds.contains(&feed));
        let (mut rules, mut skipped, mut feeds) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        let wanted = |rule: &LintRule| request.rules.is_empty() || request.rules.contains(rule);
        for rule in LintRule::ALL.into_iter().filter(wanted) {
            match rule.feeds().iter().find(|feed| !is_read(**feed)) {
                None => {
                    rules.insert(rule);
                    feeds.extend(rule.feeds());
                }
                Some(feed) if request.feeds.is_empty() => {
                    skipped.push((rule, format!("{feed} is not in this source").into()));
                }
                Some(feed) => skipped.push((rule, format!("{feed} is not among the feeds to read").into())),
            }
        }
        if rules.contains(&LintRule::InvalidRecord) && feeds.is_empty() {
            feeds.extend(Feed::ALL.into_iter().filter(|feed| is_read(*feed) && !feed.is_experimental()));
        }
        let mut checks = Checks::new(Hits::new(rules, request.csv.as_deref())?)?;
        // In the order of a first sync, which is that of the feeds.
        for feed in feeds {
            checks = each_record(&source, feed, Selection::All, checks, move |checks, record| match record {
                Collected::Item { content, .. } => checks.item(feed, &content),
                Collected::Broken(record) => checks.broken(&record),
            })
            .await?;
        }
        let (rules, items) = tokio::task::spawn_blocking(move || checks.conclude())
            .await
            .map_err(|error| Problem::new(Exit::Other, format!("lint ended early: {error}")))??;
        Ok(LintReport { rules, skipped, items })
    }
}
