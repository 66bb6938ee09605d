//! What a run has of new identities beside the file; see `identity`.

use std::collections::HashMap;

use super::bloom_filter::BloomFilter;
use crate::domain::Feed;
use crate::feeds::item::Sha1Hash;

/// The identities of the feed that is gone through and that the table does not have yet.
#[derive(Debug, Default)]
pub(super) struct NewIdentities {
    pub feed: Option<Feed>,
    /// The table has every row up to this one.
    pub up_to: i64,
    /// What the table has of the feed, if all of that was put there by this run: then a first sync hardly ever looks into it. `None`
    /// = it may have any.
    pub settled: Option<BloomFilter>,
    pub rows: HashMap<Sha1Hash, i64>,
}
