//! The format of a ledger that is there, and bringing it to that of this program.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::reader::LedgerReader;
use super::schema::{OLDEST, VERSION, refuse_newer, refuse_older, version};
use super::{LedgerError, path_of, paths};
use crate::domain::DataSpaceId;

/// Formats, and the ledger that has the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formats {
    pub path: PathBuf,
    /// That of the ledger, before anything was changed.
    pub found: i64,
    /// That of this program.
    pub ours: i64,
}

/// Brings the ledger of a data space to the format of this program, as whatever opens it does; a dry run only looks. `None` if there
/// is no ledger. Blocking.
///
/// # Errors
/// [`LedgerError`] that says so if the format is a newer one, or older than the first that was released.
pub fn migrate(state_dir: &Path, data_space: &DataSpaceId, dry_run: bool) -> Result<Option<Formats>, LedgerError> {
    let path = path_of(state_dir, data_space);
    if !paths::is_there(&path)? {
        return Ok(None);
    }
    paths::check(&path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let found = Connection::open_with_flags(&path, flags).and_then(|connection| version(&connection));
    let found = found.map_err(|error| LedgerError::of_sqlite(&path, &error))?;
    refuse_newer(found, &path)?;
    refuse_older(found, OLDEST, &path)?;
    if !dry_run && LedgerReader::open(state_dir, data_space)?.is_none() {
        return Ok(None);
    }
    Ok(Some(Formats { path, found, ours: VERSION }))
}
