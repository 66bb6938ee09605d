//! The format of a ledger that is there, and what this program has to change in it.

use std::path::{Path, PathBuf};

use super::reader::LedgerReader;
use super::{LedgerError, schema};
use crate::domain::DataSpaceId;

/// Formats, and the ledger that has the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formats {
    pub path: PathBuf,
    /// That of the ledger.
    pub found: i64,
    /// That of this program.
    pub ours: i64,
}

/// Which format the ledger of a data space has; `None` if there is none. The first released one is 7, and there is no other yet, so
/// one that can be used needs no change. Blocking.
///
/// # Errors
/// [`LedgerError`] that says so if it is newer, or older than the first.
pub fn formats(state_dir: &Path, data_space: &DataSpaceId) -> Result<Option<Formats>, LedgerError> {
    let Some(LedgerReader { connection, path }) = LedgerReader::open(state_dir, data_space)? else { return Ok(None) };
    let found = schema::version(&connection).map_err(|error| LedgerError::of_sqlite(&path, &error))?;
    Ok(Some(Formats { path, found, ours: schema::VERSION }))
}
