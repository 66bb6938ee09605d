//! Moving a ledger between a file and the database that nodes share.

use std::path::Path;
use std::sync::Arc;

use super::replica::{self, Replica};
use super::{LedgerError, path_of, paths, schema};
use crate::cluster::Worker;

/// Moves this server's ledger into the database: all of it, as the snapshot that every node begins with. The file stays as this node's
/// copy. `false` if there is none. Blocking; nobody else may use the ledger meanwhile.
///
/// # Errors
/// [`LedgerError`] if the file cannot be read or the database not be written; the file then still is the ledger.
pub(in crate::export) fn to_database(state_dir: &Path, worker: &Arc<Worker>) -> Result<bool, LedgerError> {
    let (cluster, data_space) = (worker.cluster(), worker.data_space());
    let path = path_of(state_dir, data_space);
    if !paths::is_there(&path)? {
        return Ok(false);
    }
    let mut connection = schema::open_writable(&path, data_space)?;
    replica::refuse(&connection, &path)?;
    let replica = Replica::begin(&mut connection, &path, cluster, data_space, Some(Arc::clone(worker)))?;
    replica::in_transaction(&connection, &path, |connection| {
        replica::adopt(connection, cluster).map_err(|error| LedgerError::of_sqlite(&path, &error))?;
        replica.publish(connection, &path)
    })?;
    Ok(true)
}

/// Makes this node's copy the ledger. `false` if it is that already. Blocking; nobody else may use the ledger meanwhile.
///
/// # Errors
/// [`LedgerError`] if the database cannot be read, or the file not be written.
pub(in crate::export) fn to_file(state_dir: &Path, worker: &Arc<Worker>) -> Result<bool, LedgerError> {
    let (cluster, data_space) = (worker.cluster(), worker.data_space());
    let path = path_of(state_dir, data_space);
    replica::refresh(state_dir, data_space, cluster)?;
    let connection = schema::open_writable(&path, data_space)?;
    let sqlite = |error: rusqlite::Error| LedgerError::of_sqlite(&path, &error);
    if replica::database_of(&connection).map_err(sqlite)?.is_none() {
        return Ok(false);
    }
    replica::in_transaction(&connection, &path, |connection| {
        connection.execute("DROP TABLE replica", []).map(drop).map_err(sqlite)
    })?;
    Ok(true)
}
