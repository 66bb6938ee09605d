//! Items from a directory of `<feed>.ndjson` or `<feed>.json` files, each optionally `.gz`, streamed.

use std::path::PathBuf;

use tokio::sync::mpsc;

use super::{Page, Selection, SourceError};
use crate::feeds::Feed;

/// A directory of feed files.
#[derive(Debug, Clone)]
pub struct Files {
    /// The directory.
    pub directory: PathBuf,
}

impl Files {
    /// The feeds that have a file.
    ///
    /// # Errors
    /// [`SourceError::File`] if the directory cannot be read.
    pub async fn feeds(&self) -> Result<Vec<Feed>, SourceError> {
        unimplemented!()
    }

    /// Always unknown beforehand: counting would mean reading the whole file.
    ///
    /// # Errors
    /// [`SourceError::NoSuchFeed`] if there is no file for it.
    pub async fn count(&self, _feed: Feed) -> Result<Option<u64>, SourceError> {
        unimplemented!()
    }

    /// Streams the items of a feed's file.
    ///
    /// # Errors
    /// [`SourceError::File`] if it cannot be read, [`SourceError::NoSuchFeed`] if there is none.
    pub async fn read(
        &self,
        _feed: Feed,
        _selection: &Selection,
        _pages: mpsc::Sender<Page>,
    ) -> Result<(), SourceError> {
        unimplemented!()
    }
}
