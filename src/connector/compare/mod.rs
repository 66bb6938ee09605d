//! Our items against those of Adobe's own exporter on the same server, field by field.
//!
//! What it finds is what the services would be sent otherwise after a switch to this program. It sends nothing, and changes nothing
//! but the ledger, if that is to take over what Adobe's exporter has sent.

mod adopt;
mod comparing;
mod file;
mod report;
pub mod rules;
mod tables;
mod theirs;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::{Connector, explained};
use crate::cluster::WorkerKind;
use crate::commerce::database::Database;
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::export::Adoption;
use crate::format::counted;
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;
use adopt::Taking;
pub use adopt::{AdoptionCounts, FeedAdoption, PlannedAdoption};
use comparing::{Nobody, compare_feed};
pub use report::summary;
use rules::Rules;
use theirs::{Their, Theirs};

/// Where the items of Adobe's exporter are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file that a person made.
    File(PathBuf),
    /// Its own feed tables.
    FeedTables,
}

/// What there is of one feed of Adobe's exporter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct TheirFeed {
    /// Items that can be compared.
    whole: u64,
    /// Rows with the minimal payload only.
    only_minimal: u64,
    /// Rows that are no items of this feed as this program knows it.
    other_shape: u64,
}

impl TheirFeed {
    /// What cannot be compared, and why; empty if everything can be.
    fn sentence(self) -> String {
        let minimal = format!("{} with the minimal payload only", counted(self.only_minimal, "row"));
        let other = format!("{} of another shape, such as Commerce Optimizer's", counted(self.other_shape, "row"));
        let parts = [(self.only_minimal, minimal), (self.other_shape, other)];
        let parts: Vec<String> = parts.into_iter().filter(|(rows, _)| *rows > 0).map(|(_, text)| text).collect();
        parts.join(", ")
    }
}

/// What became of one feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedComparison {
    pub feed: Feed,
    /// Items that are the same.
    pub equal: u64,
    /// Items that both have, and that differ.
    pub different: u64,
    pub only_theirs: u64,
    pub only_ours: u64,
    /// The first of them.
    pub only_theirs_examples: Vec<SafeText>,
    pub only_ours_examples: Vec<SafeText>,
    /// By path, most frequent first.
    pub fields: Vec<FieldDifference>,
    /// Rows of Adobe's feed table that were not compared, because they hold the minimal payload only.
    pub only_minimal: u64,
    /// The same, because they have another shape, such as that of Commerce Optimizer.
    pub other_shape: u64,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldDifference {
    /// Such as `categoryData[].productPosition`; `(kind)` after it where only the JSON type differs, `[missing]` and `[extra]` where an
    /// element is in their list or in ours alone.
    pub path: SafeText,
    /// In how many items.
    pub items: u64,
    /// The first of them.
    pub example: SafeText,
    pub theirs: SafeText,
    pub ours: SafeText,
}

impl FeedComparison {
    fn new(feed: Feed, theirs: TheirFeed) -> Self {
        Self {
            feed,
            equal: 0,
            different: 0,
            only_theirs: 0,
            only_ours: 0,
            only_theirs_examples: Vec::new(),
            only_ours_examples: Vec::new(),
            fields: Vec::new(),
            only_minimal: theirs.only_minimal,
            other_shape: theirs.other_shape,
        }
    }

    /// Whether Adobe's services would be sent the same, as far as it was compared.
    pub fn is_equal(&self) -> bool {
        self.different + self.only_theirs + self.only_ours == 0
    }

    /// Whether everything of it was compared, and is equal.
    fn is_proven(&self) -> bool {
        self.is_equal() && self.only_minimal + self.other_shape == 0
    }

    /// Whether nothing of it was compared.
    pub fn is_skipped(&self) -> bool {
        self.is_equal() && self.equal == 0 && self.only_minimal + self.other_shape > 0
    }

    /// What was not compared, and why; empty if everything was.
    pub fn not_compared(&self) -> String {
        TheirFeed { whole: 0, only_minimal: self.only_minimal, other_shape: self.other_shape }.sentence()
    }
}

/// 3 if a feed differs, or could not be compared whole.
pub fn exit(feeds: &[FeedComparison]) -> Exit {
    if feeds.iter().all(FeedComparison::is_proven) { Exit::Done } else { Exit::Partial }
}

/// The command by which Adobe's exporter writes what it would send into `var/log/saas-export.log`, without sending it.
pub fn command_to_make(feed: Option<Feed>) -> String {
    format!("EXPORTER_EXTENDED_LOG=1 bin/magento saas:resync --feed {} --dry-run", feed.unwrap_or(Feed::Products))
}

impl Connector {
    /// Compares the items of Adobe's exporter with ours: of this feed, or of every feed that it has.
    ///
    /// # Errors
    /// A [`Problem`]: the items or the source cannot be read, or there is nothing to compare.
    pub async fn compare_exporter(&self, origin: Origin, feed: Option<Feed>) -> Result<Vec<FeedComparison>, Problem> {
        let source = self.source().await?.for_run();
        let mut theirs = Theirs::new()?;
        let found = match origin {
            Origin::File(path) => tokio::task::block_in_place(|| read_file(&path, feed, &theirs))?,
            Origin::FeedTables => {
                let or_a_file = |problem: Problem| match &problem.hint {
                    Some(_) => problem,
                    None => problem.hint(Hint::from("compare a file with its items: ").and(Remedy::CompareFile)),
                };
                let database = self.feed_database().await.map_err(or_a_file)?;
                let (found, filled) = tables::read(&database, feed, theirs).await?;
                theirs = filled;
                if found.values().all(|found| found.whole == 0) {
                    return Err(nothing_whole(&found, feed));
                }
                found
            }
        };
        let mut results = Vec::new();
        for (feed, found) in found {
            let (result, left, _) = compare_feed(&source, feed, found, theirs, Nobody).await?;
            results.push(result);
            theirs = left;
        }
        Ok(results)
    }

    /// Finds what Adobe's exporter has sent and is equal to what this program would send, so that it counts as sent once it is kept:
    /// of this feed, or of every feed whose table says what was sent.
    ///
    /// # Errors
    /// A [`Problem`]: as [`Self::compare_exporter`], or a run is active, this program has sent other items already, or Adobe's
    /// exporter sends elsewhere. Nothing is changed then.
    pub async fn plan_adoption(&self, feed: Option<Feed>) -> Result<PlannedAdoption, Problem> {
        let data_space = self.destination()?;
        let database = self.feed_database().await?;
        self.check_adobes_data_space(&database, &data_space).await?;
        let source = self.source().await?.for_run();
        let worker = self.begin_worker(&data_space, WorkerKind::Task, "adopt").await?;
        let begin = || Adoption::begin(&self.shared.state_dir, &data_space, worker);
        let mut adoption = tokio::task::block_in_place(begin).map_err(explained)?;
        let (mut found, mut theirs) = tables::read(&database, feed, Theirs::new()?).await?;
        let given = source.feeds().await.map_err(explained)?;
        let has_status = |feed: Feed| feed.in_commerce().is_some_and(|names| names.is_immediate);
        found.retain(|feed, _| has_status(*feed) && given.contains(feed));
        if found.is_empty() {
            return Err(Problem::usage("Adobe's feed tables have no items of which they say whether they were sent"));
        }
        let is_unsaid = |of: &Feed| !found.contains_key(of) && feed.is_none_or(|feed| feed == *of);
        let unsaid = given.iter().copied().filter(is_unsaid).collect();
        let mut feeds = Vec::new();
        for (feed, found) in found {
            let (_, left, taking) = compare_feed(&source, feed, found, theirs, Taking::begin(adoption, feed)?).await?;
            let (kept, counts) = taking.end()?;
            feeds.push(counts);
            (theirs, adoption) = (left, kept);
        }
        Ok(PlannedAdoption { adoption, counts: AdoptionCounts { feeds, unsaid } })
    }

    /// The database with Adobe's feed tables.
    async fn feed_database(&self) -> Result<Database, Problem> {
        let what = "no Commerce database is configured, so there are no feed tables to read";
        let settings = self.database_settings()?.ok_or_else(|| Problem::usage(what))?;
        Database::connect(&settings).await.map_err(explained)
    }
}

/// Puts their items into `theirs`, and counts them by feed, in the order of a first sync.
fn read_file(path: &Path, feed: Option<Feed>, theirs: &Theirs) -> Result<BTreeMap<Feed, TheirFeed>, Problem> {
    let mut found: BTreeMap<Feed, TheirFeed> = BTreeMap::new();
    file::each_item(path, feed, &mut |feed, item| {
        found.entry(feed).or_default().whole += 1;
        let rules = Rules::of(feed, true);
        let id = rules.identity(&item);
        let before = theirs.take(feed, &id)?;
        // A later deletion is the last word.
        if item["deleted"] == Value::Bool(true) {
            return Ok(());
        }
        let item = before.map_or_else(|| item.clone(), |before| rules.joined(before.item, item.clone()));
        theirs.put(feed, &id, &Their::in_file(item))
    })?;
    if found.is_empty() {
        return Err(file::without_items(path, feed));
    }
    Ok(found)
}

/// The feed tables have nothing to compare: how they get it, or a file that has.
fn nothing_whole(found: &BTreeMap<Feed, TheirFeed>, feed: Option<Feed>) -> Problem {
    let of = feed.map(|feed| format!(" of {feed}")).unwrap_or_default();
    let sum = |rows: fn(&TheirFeed) -> u64| found.values().map(rows).sum();
    let rows = TheirFeed {
        whole: 0,
        only_minimal: sum(|found| found.only_minimal),
        other_shape: sum(|found| found.other_shape),
    };
    let what = match rows.sentence() {
        rows if rows.is_empty() => format!("Adobe's feed tables have no rows{of}"),
        rows => format!("Adobe's feed tables have nothing{of} that can be compared: {rows}"),
    };
    let command = command_to_make(feed);
    let made = format!(
        "let Adobe's exporter write its items into var/log/saas-export.log, which sends nothing: {command}; then "
    );
    Problem::usage(what).hint(Hint::from(made).and(Remedy::CompareFile).and(" with that file"))
}
