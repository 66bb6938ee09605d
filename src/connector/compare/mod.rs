//! Our items against those of Adobe's own exporter on the same server, field by field.
//!
//! What it finds is what the services would be sent otherwise after a switch to this program. It sends and changes nothing.

mod file;
pub mod rules;
mod theirs;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::reading::each_record;
use super::{Connector, explained};
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::feeds::item::FeedItem;
use crate::feeds::source::{Collected, Selection};
use crate::untrusted::SafeText;
use rules::Rules;
use theirs::Theirs;

/// Identities that are kept of each kind of difference.
const EXAMPLES: usize = 5;
/// Paths of a feed that are told apart; a feed has some hundreds.
const MOST_PATHS: usize = 1_000;

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
    fn new(feed: Feed) -> Self {
        Self {
            feed,
            equal: 0,
            different: 0,
            only_theirs: 0,
            only_ours: 0,
            only_theirs_examples: Vec::new(),
            only_ours_examples: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// Whether Adobe's services would be sent the same.
    pub fn is_equal(&self) -> bool {
        self.different + self.only_theirs + self.only_ours == 0
    }
}

/// 3 if a feed differs.
pub fn exit(feeds: &[FeedComparison]) -> Exit {
    if feeds.iter().all(FeedComparison::is_equal) { Exit::Done } else { Exit::Partial }
}

/// The command by which Adobe's exporter writes what it would send into `var/log/saas-export.log`, without sending it.
pub fn command_to_make(feed: Option<Feed>) -> String {
    format!("EXPORTER_EXTENDED_LOG=1 bin/magento saas:resync --feed {} --dry-run", feed.unwrap_or(Feed::Products))
}

/// One feed while it is compared.
struct Comparing {
    rules: Rules,
    theirs: Theirs,
    now: Timestamp,
    result: FeedComparison,
    fields: BTreeMap<String, FieldDifference>,
}

impl Connector {
    /// Compares the items in a file with ours: of this feed, or of every feed in the file.
    ///
    /// # Errors
    /// A [`Problem`]: the file or the source cannot be read, or the file has no items of such a feed.
    pub async fn compare_exporter(&self, path: PathBuf, feed: Option<Feed>) -> Result<Vec<FeedComparison>, Problem> {
        let source = self.source().await?.for_run();
        let given = source.feeds().await.map_err(explained)?;
        let reading = tokio::task::spawn_blocking(move || read_theirs(&path, feed));
        let ended = |error| Problem::new(Exit::Other, format!("reading the file ended early: {error}"));
        let (mut theirs, feeds) = reading.await.map_err(ended)??;
        let mut results = Vec::new();
        let now = Timestamp::now();
        for feed in feeds {
            let rules = Rules::of(feed, true).with_random_uuids();
            let result = FeedComparison::new(feed);
            let mut comparing = Comparing { rules, theirs, now, result, fields: BTreeMap::new() };
            if given.contains(&feed) {
                comparing = each_record(&source, feed, Selection::All, comparing, Comparing::ours).await?;
            }
            let (result, left) = tokio::task::spawn_blocking(move || comparing.conclude()).await.map_err(ended)??;
            theirs = left;
            results.push(result);
        }
        Ok(results)
    }
}

/// Their items, and the feeds that they are of, in the order of a first sync.
fn read_theirs(path: &std::path::Path, feed: Option<Feed>) -> Result<(Theirs, Vec<Feed>), Problem> {
    let theirs = Theirs::new()?;
    let mut found = std::collections::BTreeSet::new();
    file::each_item(path, feed, &mut |feed, item| {
        found.insert(feed);
        let rules = Rules::of(feed, true);
        let id = rules.identity(&item);
        let before = theirs.take(feed, &id)?;
        // A later deletion is the last word.
        if item["deleted"] == Value::Bool(true) {
            return Ok(());
        }
        theirs.put(feed, &id, &before.map_or_else(|| item.clone(), |before| rules.joined(before, item.clone())))
    })?;
    if found.is_empty() {
        return Err(file::without_items(path, feed));
    }
    Ok((theirs, found.into_iter().collect()))
}

impl Comparing {
    /// One of our records. One that cannot be sent is missing among ours.
    fn ours(&mut self, record: Collected) -> Result<(), Problem> {
        let Collected::Item { source_id, content } = record else { return Ok(()) };
        let feed = self.rules.feed;
        let Ok(item) = FeedItem::new(feed, source_id, content, self.now) else { return Ok(()) };
        let Ok(item) = serde_json::from_slice(&item.json) else { return Ok(()) };
        let item = rules::without_envelope(item);
        let id = self.rules.identity(&item);
        let Some(theirs) = self.theirs.take(feed, &id)? else {
            if !self.rules.is_forgotten(&id) {
                self.result.only_ours += 1;
                if self.result.only_ours_examples.len() < EXAMPLES {
                    self.result.only_ours_examples.push(SafeText::new(&id));
                }
            }
            return Ok(());
        };
        let findings = self.rules.diff(&theirs, &item);
        if findings.is_empty() {
            self.result.equal += 1;
            return Ok(());
        }
        self.result.different += 1;
        let mut seen = std::collections::BTreeSet::new();
        for finding in findings.into_iter().filter(|finding| seen.insert(finding.path.clone())) {
            if let Some(field) = self.fields.get_mut(&finding.path) {
                field.items += 1;
            } else if self.fields.len() < MOST_PATHS {
                // Values of orders are personal data: they stay in the shop.
                let shown = |value| if feed.is_personal() { "(personal data)".into() } else { value };
                let field = FieldDifference {
                    path: SafeText::new(&finding.path),
                    items: 1,
                    example: SafeText::new(&id),
                    theirs: shown(finding.theirs),
                    ours: shown(finding.ours),
                };
                self.fields.insert(finding.path, field);
            }
        }
        Ok(())
    }

    fn conclude(self) -> Result<(FeedComparison, Theirs), Problem> {
        let Self { theirs, mut result, fields, .. } = self;
        let (only_theirs, examples) = theirs.left(result.feed, EXAMPLES)?;
        result.only_theirs = only_theirs;
        result.only_theirs_examples = examples.iter().map(|id| SafeText::new(id)).collect();
        result.fields = fields.into_values().collect();
        result.fields.sort_by_key(|field| std::cmp::Reverse(field.items));
        Ok((result, theirs))
    }
}
