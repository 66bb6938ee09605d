//! Which row an item of a run has: a first sync need not look for what it has not added itself.

use super::identity_table::{find, key, put};
use super::store::Store;
use crate::feeds::item::FeedItem;

impl Store {
    /// The row of an item.
    pub(super) fn row_of(&self, item: &FeedItem) -> rusqlite::Result<Option<i64>> {
        match &self.pass.added {
            Some(added) if item.feed == self.pass.feed && !added.may_have(key(&item.id)) => Ok(None),
            _ => find(&self.connection, item.feed, item.id, item.label.as_str()),
        }
    }

    /// Takes note of the row of a new item.
    pub(super) fn add_identity(&mut self, item: &FeedItem, row: i64) -> rusqlite::Result<()> {
        if let Some(added) = self.pass.added.as_mut().filter(|_| item.feed == self.pass.feed) {
            added.add(key(&item.id));
        }
        put(&self.connection, item.feed, &item.id, row)
    }
}
