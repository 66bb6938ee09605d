//! What a worker can do about the items of the ledger.

use crate::export::ledger::{ItemNumber, ItemQuery, PageFrom};

/// Each is one call of the connector.
#[derive(Debug)]
pub enum ItemsWork {
    /// Load a page. What was searched for before is not wanted any more.
    Page {
        /// Of these items.
        query: ItemQuery,
        /// From here.
        from: PageFrom,
        /// At most so many.
        limit: usize,
    },
    /// Count the items of a query. What was counted before is not wanted any more.
    Count(ItemQuery),
    /// Look at one item.
    Look(ItemNumber),
    /// Save the payloads of one item to a new file in the state directory.
    Save(ItemNumber),
}
