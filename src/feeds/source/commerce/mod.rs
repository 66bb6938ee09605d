//! Feed items from a Commerce database: keyset pages, each read in one short read-only snapshot.

use tokio::sync::mpsc;

use super::{Page, Selection, SourceError};
use crate::commerce::database::DatabaseSettings;
use crate::feeds::Feed;

/// A connected Commerce database. Clones share the pool.
#[derive(Debug, Clone)]
pub struct Commerce {}

impl Commerce {
    /// Connects and finds out what kind of schema this is.
    ///
    /// # Errors
    /// [`SourceError::Unreachable`] or [`SourceError::NotCommerce`].
    pub async fn connect(_settings: &DatabaseSettings) -> Result<Self, SourceError> {
        unimplemented!()
    }

    /// The feeds that are built for this schema.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn feeds(&self) -> Result<Vec<Feed>, SourceError> {
        unimplemented!()
    }

    /// How many source records a feed has: one count query.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn count(&self, _feed: Feed) -> Result<Option<u64>, SourceError> {
        unimplemented!()
    }

    /// Streams the records of a feed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn read(
        &self,
        _feed: Feed,
        _selection: &Selection,
        _pages: mpsc::Sender<Page>,
    ) -> Result<(), SourceError> {
        unimplemented!()
    }
}
