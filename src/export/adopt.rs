//! Switching over from another exporter: what it has sent counts as sent here.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::ExportError;
use super::ledger::{CountsAs, Store, Taken};
use super::lock::RunLock;
use super::nodes;
use crate::cluster::{Worker, blocking};
use crate::domain::{DataSpaceId, Feed};
use crate::feeds::item::FeedItem;

/// A ledger that is being filled. It holds all locks of the data space, and keeps nothing unless it is finished.
#[derive(Debug)]
pub struct Adoption {
    store: Store,
    /// This process among the nodes that share the ledger; it ends with the adoption.
    worker: Option<Arc<Worker>>,
    _locks: Vec<RunLock>,
}

impl Adoption {
    /// Begins. Blocking, as everything here is.
    ///
    /// # Errors
    /// [`ExportError::Locked`] if a run into this data space is active, [`ExportError::Ledger`] if the ledger cannot be written.
    pub fn begin(state_dir: &Path, data_space: &DataSpaceId, worker: Option<Arc<Worker>>) -> Result<Self, ExportError> {
        let locks = RunLock::take_all(state_dir, data_space)?;
        let store = match &worker {
            None => Store::open(state_dir, data_space)?,
            Some(worker) => {
                blocking(nodes::claim_all(worker))?;
                Store::open_shared(state_dir, worker)?
            }
        };
        store.begin_adoption()?;
        Ok(Self { store, worker, _locks: locks })
    }

    /// How many items of a feed count as sent.
    ///
    /// # Errors
    /// [`ExportError::Ledger`]; nothing is kept then.
    pub fn count_sent(&self, feed: Feed) -> Result<u64, ExportError> {
        Ok(self.store.count_sent(feed)?)
    }

    /// Takes over an item that was sent, and answered at this time.
    ///
    /// # Errors
    /// [`ExportError::Ledger`]; nothing is kept then.
    pub fn take(&mut self, item: &FeedItem, as_what: CountsAs, at: Timestamp) -> Result<Taken, ExportError> {
        Ok(self.store.adopt(item, as_what, at)?)
    }

    /// Keeps all of it.
    ///
    /// # Errors
    /// [`ExportError::Ledger`]; nothing is kept then.
    pub fn finish(mut self) -> Result<(), ExportError> {
        Ok(self.store.keep_adopted()?)
    }
}

impl Drop for Adoption {
    fn drop(&mut self) {
        blocking(nodes::end(self.worker.as_ref(), None));
    }
}
