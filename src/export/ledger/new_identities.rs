//! What a run has of new identities beside the file; see `identity`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::bloom_filter::BloomFilter;
use super::identity_table::Key;
use crate::domain::Feed;

/// The identities of the feed that is gone through and that the table does not have yet.
#[derive(Debug, Default)]
pub(super) struct NewIdentities {
    pub feed: Option<Feed>,
    /// The table has every row up to this one.
    pub up_to: i64,
    /// What the table has of the feed, if all of that was put there by this run: then a first sync hardly ever looks into it. `None`
    /// = it may have any.
    pub settled: Option<BloomFilter>,
    /// How far above `up_to` the row of each is: twelve bytes for a key and its row.
    rows: HashMap<Key, u32>,
}

impl NewIdentities {
    /// Nothing new yet of a feed.
    pub fn of(feed: Feed, up_to: i64, settled: Option<BloomFilter>) -> Self {
        Self { feed: Some(feed), up_to, settled, rows: HashMap::new() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row of a key. Another identity may have the same key, so the row must be looked at.
    pub fn get(&self, key: Key) -> Option<i64> {
        self.rows.get(&key).map(|above| self.up_to + i64::from(*above))
    }

    /// Keeps the row of a key; `false` if it must be put into the table: its key is taken, or the row is too far above the mark.
    pub fn insert(&mut self, key: Key, row: i64) -> bool {
        let Ok(above) = u32::try_from(row - self.up_to) else { return false };
        match self.rows.entry(key) {
            Entry::Vacant(place) => {
                place.insert(above);
                true
            }
            Entry::Occupied(_) => false,
        }
    }

    /// Takes a row out; `false` if it is not here.
    pub fn remove(&mut self, key: Key, row: i64) -> bool {
        self.get(key) == Some(row) && self.rows.remove(&key).is_some()
    }

    /// Takes all out, sorted.
    pub fn drain(&mut self) -> Vec<(Key, i64)> {
        let up_to = self.up_to;
        let mut all: Vec<(Key, i64)> = self.rows.drain().map(|(key, above)| (key, up_to + i64::from(above))).collect();
        all.sort_unstable();
        all
    }
}
