//! What a run has of new identities beside the file; see `identity`.

use std::collections::HashMap;

use crate::domain::Feed;
use crate::feeds::item::Sha1Hash;

/// The identities of the feed that is gone through and that the table does not have yet.
#[derive(Debug, Default)]
pub(super) struct NewIdentities {
    pub feed: Option<Feed>,
    /// The table has every row up to this one.
    pub up_to: i64,
    /// Whether the table has any of the feed: in a first sync nothing is looked up in it.
    pub has_settled: bool,
    pub rows: HashMap<Sha1Hash, i64>,
}
