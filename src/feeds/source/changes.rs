//! What is known of changes before a record is read: the change logs, Commerce's indexes, and what shapes many items at once.
//! Only words; the reading is elsewhere.
//!
//! It must never know what became of the records, or who follows the logs.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::Feed;
use crate::untrusted::SafeText;

/// Where everything stands that tells of changes of a feed, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moment {
    /// The database server's clock, in seconds since 1970. Ages are measured by it, never by the clock of this machine.
    pub now: i64,
    /// How far the server shows what other connections have not committed yet.
    pub sight: Sight,
    /// The logs that name the feed's records, its own first. Empty if it has none.
    pub logs: Vec<(Feed, ChangeLog)>,
    /// Commerce's indexes that the items are made of.
    pub indexes: Vec<IndexView>,
    /// What shapes many items, and has no log.
    pub fingerprints: Vec<Fingerprint>,
}

/// What the server shows of entries that are not committed yet, and how it gives out versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Whether a dirty read shows every open transaction: not on a replica, and not beside other nodes that write.
    pub shows_open: bool,
    /// `auto_increment_increment`: from 1.
    pub stride: u64,
}

impl Default for Sight {
    fn default() -> Self {
        Self { shows_open: true, stride: 1 }
    }
}

/// Whether the changes of a feed are written down, and where that log stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeLog {
    /// They are.
    Kept(LogState),
    /// Nobody writes them down, so that only a full compare finds them.
    NotKept {
        /// Why, as half a sentence: `its change log cde_products_feed_cl is missing`.
        reason: SafeText,
    },
}

/// Where a change log stands at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogState {
    /// Which log it is: its table, database and server. The versions of another log mean something else.
    pub name: String,
    /// The oldest version in it; `None` if it is empty.
    pub oldest: Option<u64>,
    /// The newest version in it; `None` if it is empty.
    pub newest: Option<u64>,
    /// The version that its next entry gets (`AUTO_INCREMENT`), from 1.
    pub next: u64,
    /// How far Commerce itself has read it (`mview_state.version_id`). Only looked at, never moved.
    pub commerce_cursor: u64,
    /// `mview_state.view_id`.
    pub view: &'static str,
    /// `indexer_state.indexer_id`.
    pub indexer: &'static str,
}

impl LogState {
    /// The version up to which the log can be read now. Versions below it may still appear: they are given out when an
    /// entry is inserted, and seen when its transaction is committed.
    pub fn end(&self) -> u64 {
        self.newest.unwrap_or(self.next.saturating_sub(1))
    }

    /// How many versions Commerce's own cursor is ahead of the log (protocol page §5, "the silent stall"); 0 = none, as it
    /// should be.
    pub fn stalled_by(&self) -> u64 {
        self.commerce_cursor.saturating_sub(self.next.saturating_sub(1))
    }
}

/// An index of Commerce that is filled along a change log of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexView {
    /// `mview_state.view_id`
    pub view: String,
    /// The newest version in its log; 0 if that is empty.
    pub newest: u64,
    /// How far the index was filled.
    pub cursor: u64,
    /// Whether nobody fills it at this moment.
    pub is_idle: bool,
}

/// Something that shapes many items and that no log tells. What it was is kept, and compared with what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Its name, which never changes.
    pub name: String,
    /// What it is now.
    pub value: String,
    /// What another value means, as half a sentence.
    pub reason: String,
    /// Which items another value can reach.
    pub reach: Reach,
}

/// Which items a sign can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Any of the feed.
    Feed,
    /// Those of some records, which the source finds.
    Records(Shape),
}

/// What reaches only some records of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Labels, swatches and order of attribute options.
    Options,
    CategoryPaths,
    /// Rows that were added to a table without a trigger.
    NewRows(NewRows),
    /// Staged versions that begin or end.
    Versions,
    /// What the log of an index names: those whose rows in it change.
    Indexed(IndexLog),
}

/// The change log of an index of Commerce, by what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IndexLog {
    /// Products, in the log of this view.
    Products(&'static str),
    /// Categories, in the log of this view: the products below them are meant.
    Categories(&'static str),
    /// Source items, in the log of this view: the products with their SKUs are meant.
    SourceItems(&'static str),
}

impl IndexLog {
    /// `mview_state.view_id`
    pub fn view(self) -> &'static str {
        match self {
            IndexLog::Products(view) | IndexLog::Categories(view) | IndexLog::SourceItems(view) => view,
        }
    }
}

/// A table without a trigger, whose rows get ever higher numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NewRows {
    /// `url_rewrite`
    UrlRewrites,
    /// `catalog_product_option`
    Options,
    /// `catalog_product_option_type_value`
    OptionValues,
    /// `catalog_product_link`
    Links,
}

/// What a sign was, with what the source needs to find the records that it reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Before {
    pub value: String,
    /// By record of the shape: a hash.
    pub details: Details,
}

/// A hash of each option, category and so on, by its key.
pub type Details = BTreeMap<u64, u64>;

/// A stretch of a change log: the versions above `after`, up to and with `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where it begins: this version is not in it.
    pub after: u64,
    /// Where it ends: this version is in it.
    pub to: u64,
}

/// How many entries a stretch of a log has: those that are committed, and whether there are others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Present {
    /// Committed entries.
    pub committed: u64,
    /// A checksum of their versions.
    pub checksum: u64,
    /// Whether an open transaction has entries in it.
    pub is_open: bool,
    /// How many versions should be in it, by the stride in which they are given out.
    pub expected: u64,
}

/// One entry of a change log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub version: u64,
    /// Which record it names.
    pub record: Touched,
}

/// How an entry names its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    Key(u64),
    Sku(String),
}

/// One record shows something of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    /// The one that is shown: a child, or the target of a link.
    pub shown: u64,
    /// The one that shows it: a parent, or the product with the link.
    pub holder: u64,
    /// Whether the shown one is a part, and so shows its holder as well. A link goes one way.
    pub is_part: bool,
}

/// The keys of what shows one of these records, and of their parts.
pub fn around(keys: &BTreeSet<u64>, pairs: &[Shown]) -> Vec<u64> {
    let mut around = Vec::new();
    for pair in pairs {
        around.extend(Some(pair.holder).filter(|_| keys.contains(&pair.shown)));
        around.extend(Some(pair.shown).filter(|_| pair.is_part && keys.contains(&pair.holder)));
    }
    around
}
