//! When each data space last received anything from here: a look over all ledgers of a state directory.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use jiff::Timestamp;

use super::{LedgerError, LedgerReader, directory_of};
use crate::domain::DataSpaceId;

/// When the gateway last accepted a request for each data space. One that never received anything is not among them.
/// Blocking.
///
/// # Errors
/// [`LedgerError`] if the directory or a ledger in it cannot be read.
pub fn last_received(state_dir: &Path) -> Result<BTreeMap<DataSpaceId, Timestamp>, LedgerError> {
    let directory = directory_of(state_dir);
    let unreadable =
        |error: &std::io::Error| LedgerError::new(&directory, &error.to_string(), "check its owner and mode");
    let entries = match directory.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(unreadable(&error)),
    };
    let mut received = BTreeMap::new();
    for entry in entries {
        let name = entry.map_err(|error| unreadable(&error))?.file_name();
        // What is not a ledger, such as a write-ahead log beside one, has no id for a name.
        let id = name.to_str().and_then(|name| name.strip_suffix(".sqlite3")?.parse::<DataSpaceId>().ok());
        let Some(id) = id else { continue };
        if let Some(ledger) = LedgerReader::open(state_dir, &id)?
            && let Some(at) = ledger.last_received()?
        {
            received.insert(id, at);
        }
    }
    Ok(received)
}

impl LedgerReader {
    /// When the gateway last accepted a request; `None` if it never did. Blocking.
    pub fn last_received(&self) -> Result<Option<Timestamp>, LedgerError> {
        let at: Option<i64> = self
            .connection
            .query_row("SELECT max(answered_at) FROM batches WHERE status = 200", [], |row| row.get(0))
            .map_err(|error| LedgerError::of_sqlite(&self.path, &error))?;
        Ok(at.and_then(|at| Timestamp::from_millisecond(at).ok()))
    }
}
