//! What is wrong with the catalogue, found in the items that would be sent, before anything is sent.
//!
//! Every feed is read once, as a dry run reads it, or along with one. What must be compared across items (`seen`) is kept in a temporary database on
//! disk, so memory is the same for a thousand products and for a million.

mod checks;
mod hits;
mod seen;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};

use super::reading::{PAGES_AHEAD, each_record};
use super::{Connector, ExportRequest, explained};
use crate::domain::{Feed, LintRule, Severity};
use crate::error::{Exit, Problem};
use crate::export::Run;
use crate::export::progress::{RunEnd, RunReport};
use crate::feeds::source::{Collected, Page, Selection, Source};
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

/// What is looked for, and what was found so far.
struct Lint {
    checks: Checks,
    /// The feeds that are to be looked at, in the order of a first sync.
    feeds: BTreeSet<Feed>,
    skipped: Vec<(LintRule, SafeText)>,
}

impl Lint {
    async fn begin(source: &Source, request: &LintRequest) -> Result<Self, Problem> {
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
        let checks = Checks::new(Hits::new(rules, request.csv.as_deref())?)?;
        Ok(Self { checks, feeds, skipped })
    }

    /// Looks at the pages that somebody else reads, until there are no more. What is seen of a feed is all of it. Blocking.
    fn look_on(mut self, mut pages: mpsc::Receiver<(Feed, Page)>) -> Result<Self, Problem> {
        let mut seen = BTreeSet::new();
        while let Some((feed, page)) = pages.blocking_recv() {
            if self.feeds.contains(&feed) {
                seen.insert(feed);
                page.collected.into_iter().try_for_each(|record| look(&mut self.checks, feed, record))?;
            }
        }
        self.feeds = &self.feeds - &seen;
        Ok(self)
    }

    /// Reads the feeds that nobody else has read, and says what was found.
    async fn conclude(self, source: &Source) -> Result<LintReport, Problem> {
        let Self { mut checks, feeds, skipped } = self;
        for feed in feeds {
            let look = move |checks: &mut Checks, record| look(checks, feed, record);
            checks = each_record(source, feed, Selection::All, checks, look).await?;
        }
        let (rules, items) = tokio::task::spawn_blocking(move || checks.conclude()).await.map_err(ended_early)??;
        Ok(LintReport { rules, skipped, items })
    }
}

fn look(checks: &mut Checks, feed: Feed, record: Collected) -> Result<(), Problem> {
    match record {
        Collected::Item { content, .. } => checks.item(feed, &content),
        Collected::Broken(record) => checks.broken(&record),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn ended_early(error: JoinError) -> Problem {
    Problem::new(Exit::Other, format!("lint ended early: {error}"))
}

/// Lint of what a dry run reads.
pub struct Linting {
    source: Source,
    looking: Result<JoinHandle<Result<Lint, Problem>>, Problem>,
}

impl Linting {
    /// What was found, once the run has ended. A feed that lint needs and the run did not read is read now.
    ///
    /// # Errors
    /// A [`Problem`]: the dry run ended early, or the source cannot be read.
    pub async fn conclude(self, report: &RunReport) -> Result<LintReport, Problem> {
        let looked = self.looking?.await.map_err(ended_early)??;
        if report.end != RunEnd::Complete {
            return Err(Problem::new(report.exit(), "the dry run ended early".to_owned()));
        }
        looked.conclude(&self.source).await
    }
}

impl Connector {
    /// Reads the feeds that the rules need, and says what is wrong with their items. Sends and changes nothing.
    ///
    /// # Errors
    /// A [`Problem`]: the source cannot be read, or the CSV file cannot be written.
    pub async fn lint(&self, request: &LintRequest) -> Result<LintReport, Problem> {
        let source = self.source().await?.for_run();
        Lint::begin(&source, request).await?.conclude(&source).await
    }

    /// Starts a dry run of everything in its feeds, and looks at what it reads: the shop is read once for both.
    ///
    /// # Errors
    /// As [`Self::start_export`].
    pub async fn start_linted(&self, request: ExportRequest) -> Result<(Run, Linting), Problem> {
        self.destination()?;
        let source = self.source().await?.for_run();
        let begun = Lint::begin(&source, &LintRequest { feeds: request.feeds.clone(), ..LintRequest::default() }).await;
        let (look, pages) = mpsc::channel(PAGES_AHEAD);
        let looking = begun.map(|lint| tokio::task::spawn_blocking(move || lint.look_on(pages)));
        let look = looking.is_ok().then_some(look);
        let run = self.start_from(source.clone(), request, false, None, &mut None, look).await?;
        Ok((run, Linting { source, looking }))
    }
}
