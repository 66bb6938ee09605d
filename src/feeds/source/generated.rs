//! A made-up catalogue for `demo`, rehearsals and benches: deterministic, of any size, held nowhere.

use tokio::sync::mpsc;

use super::{Page, Selection, SourceError};
use crate::feeds::Feed;

/// A made-up catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generated {
    /// How many products.
    pub products: u64,
}

impl Generated {
    /// The feeds it can give.
    #[must_use]
    pub fn feeds(&self) -> Vec<Feed> {
        unimplemented!()
    }

    /// How many source records a feed has.
    #[must_use]
    pub fn count(&self, _feed: Feed) -> Option<u64> {
        unimplemented!()
    }

    /// Streams the records of a feed.
    ///
    /// # Errors
    /// [`SourceError::NoSuchFeed`] for a feed that is not made up.
    pub async fn read(
        &self,
        _feed: Feed,
        _selection: &Selection,
        _pages: mpsc::Sender<Page>,
    ) -> Result<(), SourceError> {
        unimplemented!()
    }
}
