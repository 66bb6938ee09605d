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
        /// The page.
        result: Result<ItemPage, Problem>,
    },
    /// The items of a query were counted.
    Count {
        /// The query.
        query: ItemQuery,
        /// How many there are.
        result: Result<u64, Problem>,
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
