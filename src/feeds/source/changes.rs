//! What a change log tells: which records were touched, in the order of its versions. Only words; the reading is elsewhere.
//!
//! It must never know what became of the records, or who follows the log.

use crate::untrusted::SafeText;

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
    #[must_use]
    pub fn end(&self) -> u64 {
        self.newest.unwrap_or(self.next.saturating_sub(1))
    }

    /// How many versions Commerce's own cursor is ahead of the log (protocol page §5, "the silent stall"); 0 = none, as it
    /// should be.
    #[must_use]
    pub fn stalled_by(&self) -> u64 {
        self.commerce_cursor.saturating_sub(self.next.saturating_sub(1))
    }
}

/// A stretch of a change log: the versions above `after`, up to and with `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where it begins: this version is not in it.
    pub after: u64,
    /// Where it ends: this version is in it.
    pub to: u64,
}

/// One entry of a change log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its version.
    pub version: u64,
    /// Which record it names.
    pub record: Touched,
}

/// How an entry names its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// By its key.
    Key(u64),
    /// By its SKU.
    Sku(String),
}
