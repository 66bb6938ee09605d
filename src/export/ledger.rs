//! The ledger: what the service has of each item, and how the last attempt went. Embedded SQLite, one file per data space.

use std::path::Path;

use jiff::Timestamp;

use super::progress::{ItemFailure, ItemState};
use crate::client::models::DataSpaceId;
use crate::error::{Exit, Explain};
use crate::feeds::Feed;
use crate::untrusted::SafeText;

/// Counts of one feed in the ledger, in items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSummary {
    /// The feed.
    pub feed: Feed,
    /// Live items that the service has as last collected.
    pub submitted: u64,
    /// Items without a recorded answer.
    pub awaiting: u64,
    /// Items that the next run retries.
    pub will_retry: u64,
    /// Items that someone has to look at.
    pub needs_attention: u64,
    /// When a run last went through the whole feed.
    pub last_sync: Option<Timestamp>,
}

/// Reads the ledger beside a run; never writes.
#[derive(Debug)]
pub struct LedgerReader {}

impl LedgerReader {
    /// Opens the ledger of a data space; `None` if nothing was ever recorded for it.
    ///
    /// # Errors
    /// [`LedgerError`] if it is there but cannot be read.
    pub fn open(_state_dir: &Path, _data_space: &DataSpaceId) -> Result<Option<Self>, LedgerError> {
        unimplemented!()
    }

    /// Counts of every feed that was ever exported. Blocking.
    ///
    /// # Errors
    /// [`LedgerError`] if the file cannot be read.
    pub fn summary(&self) -> Result<Vec<FeedSummary>, LedgerError> {
        unimplemented!()
    }

    /// The newest failed items, at most `limit`, of one feed or of all. Blocking.
    ///
    /// # Errors
    /// [`LedgerError`] if the file cannot be read.
    pub fn failures(&self, _feed: Option<Feed>, _limit: usize) -> Result<Vec<ItemFailure>, LedgerError> {
        unimplemented!()
    }
}

/// Where an item's state stands in the ledger's `status` column: Adobe's codes (protocol page §3, "Item status").
#[must_use]
pub fn state_of_status(status: Option<i64>) -> ItemState {
    match status {
        None => ItemState::Awaiting,
        Some(200) => ItemState::Submitted,
        Some(0 | 1 | 2 | 408 | 429 | 500..=599) => ItemState::WillRetry,
        Some(_) => ItemState::NeedsAttention,
    }
}

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It cannot be opened, read or written.
    #[error("the ledger {path}: {reason}")]
    Unusable {
        /// Its path.
        path: SafeText,
        /// The system's words.
        reason: SafeText,
        /// What to do.
        hint: String,
    },
}

impl Explain for LedgerError {
    fn exit(&self) -> Exit {
        Exit::Other
    }

    fn hint(&self) -> Option<String> {
        let LedgerError::Unusable { hint, .. } = self;
        Some(hint.clone())
    }
}
