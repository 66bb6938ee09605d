//! What a worker answers about the items of the ledger.

use std::path::PathBuf;

use crate::connector::items::ItemView;
use crate::error::Problem;
use crate::export::ledger::{ItemNumber, ItemPage, ItemQuery, PageFrom};

/// The answers.
#[derive(Debug)]
pub enum ItemsReply {
    /// A page was loaded.
    Page {
        /// Of these items.
        query: ItemQuery,
        /// From here.
        from: PageFrom,
        /// The page; nothing if it was not wanted any more.
        result: Result<Option<ItemPage>, Problem>,
    },
    /// Nothing was found yet among so many items.
    Searching {
        /// Of these items.
        query: ItemQuery,
        /// How many were looked at.
        looked: u64,
    },
    /// The items of a query were counted.
    Count {
        /// The query.
        query: ItemQuery,
        /// How many there are; nothing if that was not wanted any more.
        result: Result<Option<u64>, Problem>,
    },
    /// One item was looked at.
    Looked {
        /// Which.
        number: ItemNumber,
        /// What is known of it.
        result: Result<Box<ItemView>, Problem>,
    },
    /// Its payloads were saved.
    Saved(Result<PathBuf, Problem>),
}
