//! The ways to sync: how a run goes through its feeds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::feeds::source::IdKind;

/// How a run goes through its feeds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
    /// Every record is compared with the ledger: what is new, changed or gone is sent.
    #[default]
    Full,
    /// Only the records that Commerce's change logs name since the last sync; a feed whose log cannot be followed is compared
    /// in full.
    Partial(Following),
    /// The records that a person names, sent even when they did not change.
    ByIds {
        /// Keys or codes.
        words: Vec<String>,
        /// Which of the two they are.
        kind: IdKind,
    },
    /// The items whose last attempt failed, sent even when they did not change.
    Retry {
        /// Only those whose error text or code contains this; empty = all.
        error: String,
    },
    /// Everything that is known of the feeds is forgotten; then a full sync sends all of it again.
    Cleanup,
}

impl SyncMode {
    /// Every item whose last attempt failed.
    pub const RETRY_ALL: Self = Self::Retry { error: String::new() };
}

/// What a partial sync does besides following the logs. By default it leaves nothing for later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Following {
    /// How long an item whose last attempt failed rests before it is tried again.
    pub rest: Duration,
    /// How long a feed without a change log is left alone after a full compare.
    pub full_every: Duration,
    /// Whether a part of every feed is compared as well.
    pub rolling: Option<Rolling>,
}

/// The rolling compare: each partial sync compares a part of every feed, so that the whole shop is compared again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rolling {
    /// Within which time the whole shop is compared.
    pub within: Duration,
    /// The most of the database's time that this may take, in percent; 100 = no bound.
    pub share: u8,
}
