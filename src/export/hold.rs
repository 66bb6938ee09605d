//! Holding back: a run that would delete more of a feed than usual (or change more, where that is limited) sends none of it, and
//! says so. Absence is not a proof of a deletion: a table that was emptied by mistake looks the same.
//!
//! The rule. What a run finds gone, together with what was deleted within the last day, is measured against the feed as it was
//! before that. So a mistake that comes in small parts, pass by pass, is held back as one that comes at once. A feed whose
//! deletions are held back stays so until a full compare finds few enough of them, or until a person allows them with a number
//! of their own. Changes are measured run by run.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::collect;
use super::ledger::{Measure, Place, Ruling};
use super::mode::SyncMode;
use super::pass::{KEYS_AT_ONCE, StopReason, before, in_ledger};
use super::progress::RunEvent;
use super::send::FeedRun;
use crate::feeds::Feed;
use crate::feeds::source::Selection;
use crate::format::{count, counted};
use crate::untrusted::SafeText;

/// A share is not measured below so many items: ten of fifty products are gone quickly, and are soon sent again.
const FEW: u64 = 100;

/// How many of the items are named.
const EXAMPLES: usize = 3;

/// The most items of a feed that a run may delete, or change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub enum Most {
    /// So many percent of the feed, or a hundred items where that is more.
    Percent(u8),
    /// So many items.
    Items(u64),
    /// As many as there are.
    NoLimit,
}

/// What a run may delete by default.
pub const MAX_DELETE: Most = Most::Percent(10);

/// A limit as it is written in a file: a text, or a number of items.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Number(u64),
}

/// A text that is not a limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a limit: use a share (10%), a number of items (500) or none")]
pub struct NoMost {
    given: String,
}

impl FromStr for Most {
    type Err = NoMost;

    fn from_str(text: &str) -> Result<Self, NoMost> {
        let wrong = || NoMost { given: text.to_owned() };
        let word = text.trim();
        if word.eq_ignore_ascii_case("none") {
            return Ok(Most::NoLimit);
        }
        match word.strip_suffix('%') {
            Some(percent) => match percent.trim().parse() {
                Ok(percent @ 0..=100) => Ok(Most::Percent(percent)),
                _ => Err(wrong()),
            },
            None => word.parse().map(Most::Items).map_err(|_| wrong()),
        }
    }
}

impl TryFrom<Written> for Most {
    type Error = NoMost;

    fn try_from(written: Written) -> Result<Self, NoMost> {
        match written {
            Written::Text(text) => text.parse(),
            Written::Number(items) => Ok(Most::Items(items)),
        }
    }
}

impl From<Most> for String {
    fn from(most: Most) -> Self {
        most.to_string()
    }
}

impl fmt::Display for Most {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Most::Percent(percent) => write!(f, "{percent}%"),
            Most::Items(items) => write!(f, "{items}"),
            Most::NoLimit => f.write_str("none"),
        }
    }
}

impl Most {
    /// Whether so many of `size` items are too many.
    #[must_use]
    pub fn is_exceeded_by(self, items: u64, size: u64) -> bool {
        match self {
            Most::NoLimit => false,
            Most::Items(most) => items > most,
            Most::Percent(percent) => items > FEW && u128::from(items) * 100 > u128::from(size) * u128::from(percent),
        }
    }
}

/// What a run may do to a feed: as configured, and as somebody allows it for this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// As configured.
    pub usual: Most,
    /// As somebody says for this run.
    pub now: Option<Most>,
}

impl Limit {
    /// The one that counts.
    #[must_use]
    pub fn most(self) -> Most {
        self.now.unwrap_or(self.usual)
    }
}

/// What is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Deletions.
    Deletions,
    /// Changes.
    Changes,
}

/// What was not sent of a feed because it is more than a run may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The feed.
    pub feed: Feed,
    /// Deletions or changes.
    pub what: What,
    /// How many.
    pub items: u64,
    /// Of how many.
    pub size: u64,
    /// How many there may be.
    pub most: Most,
    /// Some of them.
    pub examples: Vec<SafeText>,
    /// When that was found; `None` = by this run.
    pub since: Option<Timestamp>,
}

impl Held {
    /// What happened, in one sentence with its numbers and examples.
    pub fn sentence(&self) -> String {
        let of = format!("{} of {}", count(self.items), counted(self.size, "item"));
        let (found, flag) = match self.what {
            What::Deletions => (format!("{of} are gone from the source"), "max_delete"),
            What::Changes => (format!("{of} changed"), "max_change"),
        };
        let most = self.most;
        match (self.since, self.what) {
            (Some(since), What::Deletions) => {
                format!("{}: deletions paused since {since}: {found}, {flag} is {most}", self.feed)
            }
            (Some(since), What::Changes) => {
                format!("{}: changes paused since {since}: {found}, {flag} is {most}", self.feed)
            }
            (None, what) => {
                let names: Vec<&str> = self.examples.iter().map(SafeText::as_str).collect();
                let more = if self.items > names.len() as u64 { ", …" } else { "" };
                let names = if names.is_empty() { String::new() } else { format!(" ({}{more})", names.join(", ")) };
                let not = if what == What::Deletions { "none was deleted" } else { "no change was sent" };
                format!("{}: {found}{names}; {flag} is {most}, so {not}", self.feed)
            }
        }
    }

    /// The command that sends them all the same.
    pub fn remedy(&self) -> String {
        let (flag, right) = match self.what {
            What::Deletions => ("--max-delete", "if the shop has removed them"),
            What::Changes => ("--max-change", "if the shop has changed them"),
        };
        format!("{right}: commerce-connector export run --feed {} {flag} {}", self.feed, self.items)
    }
}

/// Whether the deletions found from `place` on may be sent: counted before the first of them is. Tells what is held back.
///
/// # Errors
/// If the ledger cannot be read, or the run is stopped.
pub(super) async fn may_delete(feed_run: &FeedRun, place: Place, is_whole: bool) -> Result<bool, StopReason> {
    let feed = feed_run.plan.feed;
    let mut measure = Measure::default();
    let mut next = Some(place);
    while let Some(place) = next {
        if feed_run.cancel.is_pulled() {
            return Err(StopReason::Cancelled);
        }
        let (step, then) = in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.count_gone(place)).await)?;
        measure.add(step, EXAMPLES);
        next = then;
    }
    rule(feed_run, feed, What::Deletions, measure, is_whole).await
}

/// Whether the changes in what is selected may be sent: the selected records are read and compared beforehand, which sends
/// nothing. Only done where changes are limited.
///
/// # Errors
/// If source or ledger cannot be read, or the run is stopped.
pub(super) async fn may_change(
    feed_run: &FeedRun,
    selections: Vec<Selection>,
    is_whole: bool,
) -> Result<bool, StopReason> {
    let feed = feed_run.plan.feed;
    let mut measure = Measure::default();
    for selection in selections {
        measure.add(collect::count_changed(feed_run, selection, EXAMPLES).await?, EXAMPLES);
    }
    rule(feed_run, feed, What::Changes, measure, is_whole).await
}

/// Lets the ledger rule, and tells what is held back.
async fn rule(
    feed_run: &FeedRun,
    feed: Feed,
    what: What,
    measure: Measure,
    is_whole: bool,
) -> Result<bool, StopReason> {
    let limit = feed_run.plan.limit(what);
    let ruled = feed_run.run.ledger.call(move |store| {
        let ruling = Ruling { feed, what, limit, is_whole, now: Timestamp::now() };
        store.rule(&ruling, measure)
    });
    let Some(held) = in_ledger(feed_run, ruled.await)? else { return Ok(true) };
    feed_run.run.live_progress.update(|progress| progress.held.push(held.clone()));
    feed_run.run.events.tell(RunEvent::Held(held)).await;
    Ok(false)
}

/// Where changes are limited, finds out whether they may be sent, and leaves them as they are if not.
pub(super) async fn hold_changes<F: Future<Output = Result<Vec<Selection>, StopReason>>>(
    feed_run: &FeedRun,
    selections: impl FnOnce() -> F,
    is_whole: bool,
) -> Result<(), StopReason> {
    let limit = feed_run.plan.max_change;
    if limit.usual == Most::NoLimit && limit.now.is_none() || feed_run.run.mode == SyncMode::Cleanup {
        return Ok(());
    }
    if !may_change(feed_run, selections().await?, is_whole).await? {
        let held = feed_run.run.ledger.call(|store| {
            store.hold_changes();
            Ok(())
        });
        in_ledger(feed_run, held.await)?;
    }
    Ok(())
}

/// Whether somebody allows now what was held back before: only a full compare finds all of it again.
pub(super) async fn is_allowed_again(feed_run: &FeedRun) -> Result<bool, StopReason> {
    let feed = feed_run.plan.feed;
    for what in [What::Deletions, What::Changes] {
        if feed_run.plan.limit(what).now.is_some() {
            let held = in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.held(feed, what)).await)?;
            if held.is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// What is chosen, as the source is asked for it.
pub(super) async fn chosen(feed_run: &FeedRun) -> Result<Vec<Selection>, StopReason> {
    let mut selections = Vec::new();
    let mut after = None;
    loop {
        let keys = feed_run.run.ledger.call(move |store| store.chosen_keys(after, KEYS_AT_ONCE)).await;
        let keys = in_ledger(feed_run, keys)?;
        let Some(last) = keys.last() else { return Ok(selections) };
        after = Some(*last);
        selections.push(Selection::Keys(keys));
    }
}

/// Drops settled deletions that are old enough, step by step, so that answers of other feeds never wait long.
pub(super) async fn drop_deletions(feed_run: &FeedRun) -> Result<(), StopReason> {
    let feed = feed_run.plan.feed;
    let old = before(Timestamp::now(), feed_run.run.keep_deletions);
    while !feed_run.cancel.is_pulled() {
        if in_ledger(feed_run, feed_run.run.ledger.call(move |store| store.drop_deletions(feed, old)).await)? {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_share_a_number_or_none() {
        for (text, most) in [
            ("10%", Most::Percent(10)),
            (" 5 % ", Most::Percent(5)),
            ("500", Most::Items(500)),
            ("0", Most::Items(0)),
            ("None", Most::NoLimit),
        ] {
            assert_eq!(text.parse(), Ok(most), "{text}");
        }
        for text in ["", "%", "101%", "-1", "10 percent", "1e3", "1.5%"] {
            let error = text.parse::<Most>().expect_err("no limit");
            assert!(error.to_string().contains("10%"), "{error}");
        }
        for most in [Most::Percent(10), Most::Items(7), Most::NoLimit] {
            assert_eq!(most.to_string().parse(), Ok(most));
        }
    }

    #[test]
    fn a_share_is_measured_above_a_hundred_items_and_a_number_from_the_first() {
        let ten = Most::Percent(10);
        for (items, size, exceeded) in
            [(100, 100, false), (101, 1_010, false), (101, 1_009, true), (u64::MAX, u64::MAX, true), (0, 0, false)]
        {
            assert_eq!(ten.is_exceeded_by(items, size), exceeded, "{items} of {size}");
        }
        assert!(Most::Items(0).is_exceeded_by(1, 1_000));
        assert!(!Most::Items(5).is_exceeded_by(5, 5));
        assert!(!Most::NoLimit.is_exceeded_by(u64::MAX, 0));
    }

    #[test]
    fn what_is_held_is_told_with_numbers_examples_and_a_command() {
        let held = Held {
            feed: Feed::Products,
            what: What::Deletions,
            items: 3_000,
            size: 5_000,
            most: MAX_DELETE,
            examples: ["A · default".into(), "B · default".into()].into(),
            since: None,
        };
        assert_eq!(
            held.sentence(),
            "products: 3,000 of 5,000 items are gone from the source (A · default, B · default, …); max_delete is 10%, so \
             none was deleted"
        );
        assert_eq!(
            held.remedy(),
            "if the shop has removed them: commerce-connector export run --feed products --max-delete 3000"
        );
        let before = Held { since: Some(Timestamp::UNIX_EPOCH), ..held };
        assert_eq!(
            before.sentence(),
            "products: deletions paused since 1970-01-01T00:00:00Z: 3,000 of 5,000 items are gone from the source, \
             max_delete is 10%"
        );
    }
}
