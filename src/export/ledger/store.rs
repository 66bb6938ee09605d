//! A connection to the ledger with what a run keeps beside it. Used by one thread; knows no channel and no async.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::rowset::RowSet;
use super::{LedgerError, path_of, schema};
use crate::client::models::DataSpaceId;
use crate::feeds::Feed;

/// How many prepared statements are kept; this room has about a dozen.
const STATEMENTS: usize = 32;

/// The ledger as a run uses it.
#[derive(Debug)]
pub(in crate::export) struct Store {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) mode: Mode,
    pub(super) pass: Pass,
}

/// Whether intents are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// A run: every intent is written.
    Keep,
    /// A dry run: nothing is written; identities that are new are remembered in a temporary table only.
    Look,
}

/// One feed's way through the ledger in one run.
#[derive(Debug)]
pub(super) struct Pass {
    pub feed: Feed,
    /// The rows whose item the source still has.
    pub seen: RowSet,
}

impl Store {
    /// Opens (and makes) the ledger of a data space for a run.
    pub fn open(state_dir: &Path, data_space: &DataSpaceId) -> Result<Self, LedgerError> {
        let path = path_of(state_dir, data_space);
        let connection = schema::open_writable(&path, data_space)?;
        Ok(Self::new(connection, path, Mode::Keep))
    }

    /// Opens the ledger of a data space for a dry run; there need not be one.
    pub fn open_to_look(state_dir: &Path, data_space: &DataSpaceId) -> Result<Self, LedgerError> {
        let path = path_of(state_dir, data_space);
        let connection = if path.exists() {
            schema::open_read_only(&path, data_space)?
        } else {
            schema::open_nowhere(&path, data_space)?
        };
        connection
            .execute_batch("CREATE TEMP TABLE unknown (feed_id BLOB PRIMARY KEY) WITHOUT ROWID")
            .map_err(|error| LedgerError::of_sqlite(&path, &error))?;
        Ok(Self::new(connection, path, Mode::Look))
    }

    fn new(connection: Connection, path: PathBuf, mode: Mode) -> Self {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Self { connection, path, mode, pass: Pass { feed: Feed::ScopesWebsite, seen: RowSet::default() } }
    }

    /// Begins a feed: nothing of it was seen yet.
    pub fn begin_feed(&mut self, feed: Feed) -> rusqlite::Result<()> {
        self.pass = Pass { feed, seen: RowSet::default() };
        match self.mode {
            Mode::Keep => self.trim_journal(),
            Mode::Look => self.connection.execute("DELETE FROM temp.unknown", []).map(drop),
        }
    }
}
