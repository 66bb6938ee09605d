//! A connection to the ledger with what a run keeps beside it. Used by one thread; knows no channel and no async.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rusqlite::Connection;

use super::bitmap::Bitmap;
use super::bloom_filter::BloomFilter;
use super::fingerprints::Fingerprints;
use super::replica::{self, Replica};
use super::slow_disk::DiskWaits;
use super::{LedgerError, identity_table, path_of, paths, schema};
use crate::cluster::Worker;
use crate::domain::{DataSpaceId, Feed};
use crate::waiting;

/// How many prepared statements are kept. A run has about two dozen, and for a ledger that nodes share two more for each table (see
/// `capture`): with fewer places, each commit would drive all of them out and prepare them anew.
const STATEMENTS: usize = 128;

/// What a run keeps beside the file, and forgets: what is chosen of a feed that is not gone through whole (see `chosen`), with what
/// of it the logs have named (see `recheck`).
const BESIDE: &str = "
CREATE TEMP TABLE chosen_keys (key INTEGER PRIMARY KEY);
CREATE TEMP TABLE chosen_rows (id INTEGER PRIMARY KEY);
CREATE TEMP TABLE named_keys (key INTEGER PRIMARY KEY);
";

/// The ledger as a run uses it.
#[derive(Debug)]
pub(in crate::export) struct Store {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) mode: Mode,
    pub(super) pass: Pass,
    /// What keeps a copy of a shared ledger together with its database.
    pub(super) replica: Option<Replica>,
    disk_waits: DiskWaits,
}

/// Whether intents are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// A run: every intent is written.
    Keep,
    /// A dry run: nothing is written; identities that are new are remembered in memory only.
    Look,
}

/// Which items are sent although the service has them as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::export) enum Resend {
    /// None of them.
    #[default]
    None,
    /// All: somebody asked for them.
    All,
    /// All, and nothing is known of what was sent before.
    AsNew,
    /// Those that were chosen because their last attempt failed, and no others at all, changed or not.
    OnlyFailed,
}

/// One feed's way through the ledger in one run.
#[derive(Debug)]
pub(super) struct Pass {
    pub feed: Feed,
    pub resend: Resend,
    /// What was added to the feed, if nothing was recorded of it before: a first sync hardly ever looks for its own items.
    pub added: Option<BloomFilter>,
    /// The rows whose item the source still has.
    pub seen: Bitmap,
    /// The identities that a dry run has met and that have no row.
    pub unknown: Fingerprints,
    /// The rows that were counted as gone.
    pub counted: Bitmap,
    /// Whether somebody allowed the deletions that are sent now, though they are more than usual.
    pub allowed: bool,
    /// Whether items that the service has in another form are left as they are.
    pub holds_changes: bool,
}

impl Pass {
    fn new(feed: Feed, resend: Resend) -> Self {
        let (seen, counted) = (Bitmap::default(), Bitmap::default());
        let unknown = Fingerprints::default();
        Self { feed, resend, added: None, seen, unknown, counted, allowed: false, holds_changes: false }
    }
}

impl Store {
    /// Opens (and makes) the ledger of a data space for a run.
    pub fn open(state_dir: &Path, data_space: &DataSpaceId) -> Result<Self, LedgerError> {
        let path = path_of(state_dir, data_space);
        let connection = schema::open_writable(&path, data_space)?;
        replica::refuse(&connection, &path)?;
        Self::new(connection, path, Mode::Keep)
    }

    /// Opens (and makes) this node's copy of a ledger that nodes share, for a run. Blocking.
    pub fn open_shared(state_dir: &Path, worker: &Arc<Worker>) -> Result<Self, LedgerError> {
        let (cluster, data_space) = (worker.cluster(), worker.data_space());
        let path = path_of(state_dir, data_space);
        let mut connection = replica::open(state_dir, data_space, cluster)?;
        let replica = Replica::begin(&mut connection, &path, cluster, data_space, Some(Arc::clone(worker)))?;
        replica::in_transaction(&connection, &path, |connection| replica.catch_up(connection, &path))?;
        Ok(Self { replica: Some(replica), ..Self::new(connection, path, Mode::Keep)? })
    }

    /// Does something in one transaction, which other nodes see as well once it is done.
    pub(super) fn in_transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        // IMMEDIATE, because a run of another feed may write the same file from its own process.
        self.execute(if self.mode == Mode::Keep { "BEGIN IMMEDIATE" } else { "BEGIN" })?;
        let done = self.catch_up().and_then(|()| work(self)).and_then(|done| self.commit().map(|()| done));
        if done.is_err() {
            // SQLite may have rolled back by itself; then this one fails and changes nothing.
            let _ = self.execute("ROLLBACK");
        }
        done
    }

    /// Applies what other nodes did.
    pub(super) fn catch_up(&self) -> Result<(), LedgerError> {
        self.replica.as_ref().map_or(Ok(()), |replica| replica.catch_up(&self.connection, &self.path))
    }

    /// Commits, for the other nodes first.
    pub(super) fn commit(&mut self) -> Result<(), LedgerError> {
        self.replica.as_ref().map_or(Ok(()), |replica| replica.append(&self.connection, &self.path))?;
        let begun = Instant::now();
        self.execute("COMMIT")?;
        if let Some(text) = self.disk_waits.count(begun.elapsed(), &self.path) {
            waiting::tell(text);
        }
        Ok(())
    }

    fn execute(&self, sql: &str) -> Result<(), LedgerError> {
        self.connection.execute_batch(sql).map_err(|error| LedgerError::of_sqlite(&self.path, &error))
    }

    /// What is left to do when a run is over.
    pub(super) fn close(&mut self) {
        if let Some(replica) = &self.replica
            && let Err(error) = replica.compact(&self.connection, &self.path)
        {
            tracing::warn!(%error, "the log of the shared ledger was not compacted; the next run tries it again");
        }
    }

    /// Opens the ledger of a data space for a dry run; there need not be one.
    pub fn open_to_look(state_dir: &Path, data_space: &DataSpaceId) -> Result<Self, LedgerError> {
        let path = path_of(state_dir, data_space);
        let there = if paths::is_there(&path)? { schema::open_read_only(&path, data_space)? } else { None };
        let connection = there.map_or_else(|| schema::open_nowhere(&path, data_space), Ok)?;
        Self::new(connection, path, Mode::Look)
    }

    fn new(connection: Connection, path: PathBuf, mode: Mode) -> Result<Self, LedgerError> {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.execute_batch(BESIDE).map_err(|error| LedgerError::of_sqlite(&path, &error))?;
        let pass = Pass::new(Feed::ScopesWebsite, Resend::None);
        Ok(Self { connection, path, mode, pass, replica: None, disk_waits: DiskWaits::default() })
    }

    /// Begins a feed: nothing of it was seen yet, and nothing is chosen.
    pub fn begin_feed(&mut self, feed: Feed, resend: Resend) -> rusqlite::Result<()> {
        self.pass = Pass::new(feed, resend);
        self.choose_nothing()?;
        if self.mode == Mode::Keep {
            self.take_unanswered(feed)?;
            self.trim_journal()?;
        }
        self.pass.added = identity_table::has_none(&self.connection, feed)?.then(BloomFilter::new);
        Ok(())
    }
}
