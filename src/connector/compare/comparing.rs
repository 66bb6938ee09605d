//! One feed after the other: our items come by, and each is compared with theirs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::rules::{Finding, Rules, Verdict, without_envelope};
use super::theirs::{Their, Theirs};
use super::{FeedComparison, FieldDifference, TheirFeed};
use crate::connector::{explained, reading::each_record};
use crate::domain::Feed;
use crate::error::Problem;
use crate::feeds::item::FeedItem;
use crate::feeds::source::{Collected, Selection, Source};
use crate::untrusted::SafeText;

/// Identities that are kept of each kind of difference.
const EXAMPLES: usize = 5;
/// Paths of a feed that are told apart; a feed has some hundreds.
const MOST_PATHS: usize = 1_000;

/// Who is told what was found of each item, besides what is counted.
pub(super) trait Onlooker: Send + 'static {
    /// Whether ours are of interest although there is nothing to compare them with.
    const WANTS_OURS: bool;

    /// One of our items, with theirs if there is one.
    fn ours(&mut self, item: &FeedItem, their: Option<&Their>, verdict: &Verdict) -> Result<(), Problem>;
    /// One of theirs that the shop does not have.
    fn only_theirs(&mut self, their: &Their) -> Result<(), Problem>;
}

/// Only what is counted is of interest.
pub(super) struct Nobody;

impl Onlooker for Nobody {
    const WANTS_OURS: bool = false;

    fn ours(&mut self, _: &FeedItem, _: Option<&Their>, _: &Verdict) -> Result<(), Problem> {
        Ok(())
    }

    fn only_theirs(&mut self, _: &Their) -> Result<(), Problem> {
        Ok(())
    }
}

/// One feed while it is compared.
struct Comparing<O> {
    rules: Rules,
    theirs: Theirs,
    now: Timestamp,
    result: FeedComparison,
    fields: BTreeMap<String, FieldDifference>,
    onlooker: O,
}

/// Compares one feed. Gives back what it was lent.
///
/// # Errors
/// A [`Problem`]: the source cannot be read, or what the onlooker ended with.
pub(super) async fn compare_feed<O: Onlooker>(
    source: &Source,
    feed: Feed,
    found: TheirFeed,
    theirs: Theirs,
    onlooker: O,
) -> Result<(FeedComparison, Theirs, O), Problem> {
    let rules = Rules::of(feed, true).with_random_uuids();
    let result = FeedComparison::new(feed, found);
    let mut comparing = Comparing { rules, theirs, now: Timestamp::now(), result, fields: BTreeMap::new(), onlooker };
    let is_read = found.whole > 0 || O::WANTS_OURS;
    if is_read && source.feeds().await.map_err(explained)?.contains(&feed) {
        comparing = each_record(source, feed, Selection::All, comparing, Comparing::ours).await?;
    }
    tokio::task::block_in_place(|| comparing.conclude())
}

impl<O: Onlooker> Comparing<O> {
    /// One of our records. One that cannot be sent is missing among ours.
    fn ours(&mut self, record: Collected) -> Result<(), Problem> {
        let Collected::Item { source_id, content } = record else { return Ok(()) };
        let feed = self.rules.feed;
        let Ok(item) = FeedItem::new(feed, source_id, content, self.now) else { return Ok(()) };
        let Ok(ours) = serde_json::from_slice(&item.json) else { return Ok(()) };
        let ours = without_envelope(ours);
        let id = self.rules.identity(&ours);
        let their = self.theirs.take(feed, &id)?;
        let verdict = match &their {
            Some(their) if their.is_gone => Verdict::OnlyOurs,
            Some(their) if !their.is_whole => Verdict::NotCompared,
            Some(their) => self.rules.verdict(&their.item, ours),
            None => Verdict::OnlyOurs,
        };
        self.onlooker.ours(&item, their.as_ref(), &verdict)?;
        self.count(&id, verdict);
        Ok(())
    }

    fn count(&mut self, id: &str, verdict: Verdict) {
        match verdict {
            Verdict::Equal => self.result.equal += 1,
            Verdict::Different(findings) => {
                self.result.different += 1;
                self.add(id, findings);
            }
            Verdict::OnlyOurs if !self.rules.is_forgotten(id) => {
                self.result.only_ours += 1;
                if self.result.only_ours_examples.len() < EXAMPLES {
                    self.result.only_ours_examples.push(SafeText::new(id));
                }
            }
            Verdict::OnlyOurs | Verdict::NotCompared => {}
        }
    }

    fn add(&mut self, id: &str, findings: Vec<Finding>) {
        let mut seen = BTreeSet::new();
        for finding in findings.into_iter().filter(|finding| seen.insert(finding.path.clone())) {
            if let Some(field) = self.fields.get_mut(&finding.path) {
                field.items += 1;
            } else if self.fields.len() < MOST_PATHS {
                // Values of orders are personal data: they stay in the shop.
                let shown = |value| if self.rules.feed.is_personal() { "(personal data)".into() } else { value };
                let field = FieldDifference {
                    path: SafeText::new(&finding.path),
                    items: 1,
                    example: SafeText::new(id),
                    theirs: shown(finding.theirs),
                    ours: shown(finding.ours),
                };
                self.fields.insert(finding.path, field);
            }
        }
    }

    fn conclude(self) -> Result<(FeedComparison, Theirs, O), Problem> {
        let Self { theirs, mut result, fields, mut onlooker, .. } = self;
        let (only_theirs, examples) = theirs.left(result.feed, EXAMPLES)?;
        result.only_theirs = only_theirs;
        result.only_theirs_examples = examples.iter().map(|id| SafeText::new(id)).collect();
        result.fields = fields.into_values().collect();
        result.fields.sort_by_key(|field| std::cmp::Reverse(field.items));
        theirs.each_left(result.feed, &mut |their| onlooker.only_theirs(&their))?;
        Ok((result, theirs, onlooker))
    }
}
