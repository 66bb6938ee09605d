//! A copy of the ledger, whole and of one moment, taken beside a run.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{LedgerError, path_of, paths, schema};
use crate::domain::DataSpaceId;
use crate::private_file;
use crate::state_files::Users;

/// A copy that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    pub path: PathBuf,
    /// Its size, in bytes.
    pub bytes: u64,
}

/// Copies the ledger of a data space to a new file (0600); `None` if there is none. Blocking.
///
/// # Errors
/// [`LedgerError`] if the file is there already, or the ledger cannot be read, or the copy cannot be written or does not pass
/// SQLite's check; nothing is left behind then.
pub fn back_up(state_dir: &Path, data_space: &DataSpaceId, to: &Path) -> Result<Option<Backup>, LedgerError> {
    let path = path_of(state_dir, data_space);
    if !paths::is_there(&path)? {
        return Ok(None);
    }
    let Some(connection) = schema::open_read_only(&path, data_space)? else { return Ok(None) };
    let of_target = |error: &io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            LedgerError::new(&path, &format!("{} already exists", private_file::safe(to)), "choose a new file name")
        }
        _ => LedgerError::new(
            &path,
            &format!("{} cannot be written: {error}", private_file::safe(to)),
            "choose a file in an existing, writable directory",
        ),
    };
    // Made here, so that it is private from the first byte and nothing is overwritten; SQLite takes an empty file.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(Users::of_parent(to).file_mode())
        .open(to)
        .map_err(|error| of_target(&error))?;
    let copied = copy(&connection, to).map_err(|error| LedgerError::of_sqlite(to, &error));
    let kept = copied.and_then(|()| make_durable(to).map_err(|error| of_target(&error)));
    match kept {
        Ok(bytes) => Ok(Some(Backup { path: to.to_owned(), bytes })),
        Err(error) => {
            let _ = std::fs::remove_file(to);
            Err(error)
        }
    }
}

fn copy(connection: &Connection, to: &Path) -> rusqlite::Result<()> {
    connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    let copy = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let words: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if words == "ok" {
        return Ok(());
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(rusqlite::Error::SqliteFailure(code, Some(words)))
}

fn make_durable(to: &Path) -> io::Result<u64> {
    let file = File::open(to)?;
    file.sync_all()?;
    let directory = to.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    paths::sync_directory(directory)?;
    Ok(file.metadata()?.len())
}
