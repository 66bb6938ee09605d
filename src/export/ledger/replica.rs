//! The ledger that several nodes share: this file is a copy, and the database has the truth (see `cluster`).
//!
//! A commit first applies what other nodes have appended, then works, then appends what it changed, and only then is committed here.
//! So whatever dies in between, the copy is never ahead of the log; and a copy that is lost is made anew from it.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params_from_iter};
use tokio::runtime::Handle;

use super::capture::{Capture, Table, cells};
use super::entry::{Cell, Entry, TableChanges};
use super::{LedgerError, identity_table, path_of, paths, schema};
use crate::cluster::{Cluster, ClusterError, Worker};
use crate::domain::DataSpaceId;
use crate::remedy::{Hint, Remedy};

/// What a copy remembers of itself, and nobody shares: `database` says whose copy it is, `position` up to which entry it has all.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS replica (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT";

/// How many rows a part of a snapshot has: below the size of a packet with any labels and errors, but for bodies.
const SNAPSHOT_ROWS: usize = 4_000;

/// How many bytes of values a part of a snapshot has, at most by one row more.
const SNAPSHOT_BYTES: usize = 2 * 1024 * 1024;

/// From which size on the log is replaced by a snapshot, in bytes, and by how much it must be larger than that.
const LEAST_LOG: u64 = 32 * 1024 * 1024;

/// The place in which a copy keeps what makes it one.
fn remembered(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    let is_copy = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'replica'")?.exists([])?;
    if !is_copy {
        return Ok(None);
    }
    let sql = "SELECT value FROM replica WHERE name = ?1";
    connection.query_row(sql, [name], |row| row.get(0)).optional()
}

fn remember(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO replica VALUES (?1, ?2)";
    connection.prepare_cached(sql)?.execute([name, value]).map(drop)
}

/// Whose copy a ledger is; `None` if it is none.
pub(super) fn database_of(connection: &Connection) -> rusqlite::Result<Option<String>> {
    remembered(connection, "database")
}

/// A copy that follows its database.
#[derive(Debug)]
pub(super) struct Replica {
    cluster: Cluster,
    data_space: DataSpaceId,
    /// Who writes; without one it only follows.
    worker: Option<Arc<Worker>>,
    capture: Capture,
    runtime: Handle,
    /// The newest numbers that this worker has given to rows.
    pub numbers: Numbers,
}

/// Numbers of rows that no other node gives: each worker has a range of its own.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    next: i64,
}

/// How many rows a worker can number. With the numbers of workers below 2^25 all stay below 2^53, which JSON can tell.
const NUMBERS_OF_A_WORKER: i64 = 1 << 28;

impl Numbers {
    fn of(worker: u64) -> Self {
        Self { next: i64::try_from(worker).unwrap_or_default().saturating_mul(NUMBERS_OF_A_WORKER) }
    }

    fn take(&mut self) -> i64 {
        self.next += 1;
        self.next
    }
}

impl Replica {
    /// Follows the database with this connection, whose file is a copy or is new.
    pub fn begin(
        connection: &mut Connection,
        path: &Path,
        cluster: &Cluster,
        data_space: &DataSpaceId,
        worker: Option<Arc<Worker>>,
    ) -> Result<Self, LedgerError> {
        let sqlite = |error: rusqlite::Error| LedgerError::of_sqlite(path, &error);
        let capture = Capture::begin(connection, worker.is_some()).map_err(sqlite)?;
        let numbers = worker.as_ref().map(|worker| Numbers::of(worker.id())).unwrap_or_default();
        let runtime = Handle::current();
        let (cluster, data_space) = (cluster.clone(), data_space.clone());
        Ok(Self { cluster, data_space, worker, capture, runtime, numbers })
    }

    /// The number of a new row; `None` where nobody else writes, and SQLite gives it.
    pub fn number(replica: &mut Option<Self>) -> Option<i64> {
        replica.as_mut().filter(|replica| replica.worker.is_some()).map(|replica| replica.numbers.take())
    }

    /// Applies what other nodes have appended. Within a transaction.
    pub fn catch_up(&self, connection: &Connection, path: &Path) -> Result<(), LedgerError> {
        let sqlite = |error: rusqlite::Error| LedgerError::of_sqlite(path, &error);
        let mut position = position(connection).map_err(sqlite)?;
        let head = self.wait_for(self.cluster.head(&self.data_space))?;
        if position >= head.seq {
            return Ok(());
        }
        while position < head.seq {
            let entries = match self.wait_for(self.cluster.entries(&self.data_space, position)) {
                Ok(entries) if !entries.entries.is_empty() => entries,
                // What is behind this copy is in the snapshot only.
                Ok(_) | Err(LedgerError::Shared(ClusterError::Behind)) if position < head.base => {
                    self.restore(connection, path, head.base)?;
                    position = head.base;
                    continue;
                }
                Ok(_) => return Err(ClusterError::Behind.into()),
                Err(error) => return Err(error),
            };
            for (seq, bytes) in entries.entries {
                self.apply(connection, path, &bytes)?;
                position = seq;
            }
        }
        keep_position(connection, position).map_err(sqlite)?;
        self.capture.forget(connection).map_err(sqlite)
    }

    /// Appends what this transaction changed to the log. Nothing of it may be committed here if that fails.
    pub fn append(&self, connection: &Connection, path: &Path) -> Result<(), LedgerError> {
        let sqlite = |error: rusqlite::Error| LedgerError::of_sqlite(path, &error);
        let Some(worker) = &self.worker else { return Ok(()) };
        let entry = self.capture.take(connection).map_err(sqlite)?;
        if entry.is_empty() {
            return Ok(());
        }
        let bytes = entry.encode().map_err(|error| LedgerError::of_io(path, &error))?;
        let seq = self.wait_for(worker.append(&bytes))?;
        let before = position(connection).map_err(sqlite)?;
        if seq > before + 1 {
            // Other nodes were quicker. Theirs is about other feeds, so the order of the two does not matter here.
            let mut position = before;
            while position + 1 < seq {
                let entries = self.wait_for(self.cluster.entries(&self.data_space, position))?;
                for (other, bytes) in entries.entries.into_iter().take_while(|(other, _)| *other < seq) {
                    self.apply(connection, path, &bytes)?;
                    position = other;
                }
            }
            self.capture.forget(connection).map_err(sqlite)?;
        }
        keep_position(connection, seq).map_err(sqlite)
    }

    /// Replaces the log by a snapshot if it has grown much larger than one.
    pub fn compact(&self, connection: &Connection, path: &Path) -> Result<(), LedgerError> {
        let head = self.wait_for(self.cluster.head(&self.data_space))?;
        if head.log_bytes < LEAST_LOG.max(2 * head.snapshot_bytes) {
            return Ok(());
        }
        let sqlite = |error: rusqlite::Error| LedgerError::of_sqlite(path, &error);
        let reading = connection.unchecked_transaction().map_err(sqlite)?;
        let at = position(&reading).map_err(sqlite)?;
        self.write_snapshot(&reading, path, at)
    }

    /// Writes all rows as the snapshot after this entry.
    pub fn write_snapshot(&self, connection: &Connection, path: &Path, seq: u64) -> Result<(), LedgerError> {
        let sqlite = |error: rusqlite::Error| LedgerError::of_sqlite(path, &error);
        let mut writer = self.wait_for(self.cluster.begin_snapshot(&self.data_space, seq))?;
        for (place, table) in self.capture.tables.iter().enumerate() {
            let mut after: Option<Vec<Cell>> = None;
            loop {
                let rows = rows_after(connection, table, after.as_deref()).map_err(sqlite)?;
                let Some(last) = rows.last() else { break };
                after = Some(table.key_of(last));
                let changes = TableChanges { table: place, rows, gone: Vec::new() };
                let entry = Entry { format: schema::VERSION, tables: vec![changes] };
                let bytes = entry.encode().map_err(|error| LedgerError::of_io(path, &error))?;
                self.wait_for(writer.write(&bytes))?;
            }
        }
        self.wait_for(writer.finish())
    }

    /// Makes what is here the ledger of all nodes, by a snapshot in the place of whatever was before. Within a transaction.
    pub fn publish(&self, connection: &Connection, path: &Path) -> Result<(), LedgerError> {
        let head = self.wait_for(self.cluster.head(&self.data_space))?;
        let seq = head.seq + 1;
        self.write_snapshot(connection, path, seq)?;
        keep_position(connection, seq).map_err(|error| LedgerError::of_sqlite(path, &error))
    }

    /// Makes the copy anew from the snapshot.
    fn restore(&self, connection: &Connection, path: &Path, base: u64) -> Result<(), LedgerError> {
        let sqlite = |error: rusqlite::Error| LedgerError::of_sqlite(path, &error);
        for table in &self.capture.tables {
            connection.execute(&format!("DELETE FROM main.{}", table.name), []).map_err(sqlite)?;
        }
        connection.execute("DELETE FROM identities", []).map_err(sqlite)?;
        let mut part = None;
        while let Some((number, bytes)) = self.wait_for(self.cluster.snapshot_part(&self.data_space, base, part))? {
            self.apply(connection, path, &bytes)?;
            part = Some(number);
        }
        keep_position(connection, base).map_err(sqlite)
    }

    fn apply(&self, connection: &Connection, path: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
        let entry = Entry::decode(bytes).map_err(|error| LedgerError::of_io(path, &error))?;
        if !entry.is_known() {
            return Err(schema::other_format_in_log(entry.format, path));
        }
        self.apply_entry(connection, &entry).map_err(|error| LedgerError::of_sqlite(path, &error))
    }

    fn apply_entry(&self, connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
        for changes in &entry.tables {
            let Some(table) = self.capture.tables.get(changes.table) else { continue };
            let is_items = table.name == "items";
            let mut put = connection.prepare_cached(&table.put())?;
            for row in &changes.rows {
                put.execute(params_from_iter(row))?;
                if is_items {
                    identity_table::put_row(connection, &table.key_of(row))?;
                }
            }
            let mut delete = connection.prepare_cached(&table.delete())?;
            for key in &changes.gone {
                if is_items {
                    identity_table::drop_row(connection, key)?;
                }
                delete.execute(params_from_iter(key))?;
            }
        }
        self.capture.forget_items();
        Ok(())
    }

    fn wait_for<T>(&self, work: impl Future<Output = Result<T, ClusterError>>) -> Result<T, LedgerError> {
        // The ledger's own thread, or one that may block.
        Ok(tokio::task::block_in_place(|| self.runtime.block_on(work))?)
    }
}

/// Up to which entry a copy has everything.
fn position(connection: &Connection) -> rusqlite::Result<u64> {
    Ok(remembered(connection, "position")?.and_then(|text| text.parse().ok()).unwrap_or_default())
}

fn keep_position(connection: &Connection, position: u64) -> rusqlite::Result<()> {
    remember(connection, "position", &position.to_string())
}

fn rows_after(connection: &Connection, table: &Table, after: Option<&[Cell]>) -> rusqlite::Result<Vec<Vec<Cell>>> {
    let mut select = connection.prepare_cached(&table.select_after(after.is_some()))?;
    let mut rows = select.query(params_from_iter(after.unwrap_or_default()))?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let row = cells(row, 0, table.columns.len())?;
        bytes += row.iter().map(size).sum::<usize>();
        found.push(row);
        if found.len() == SNAPSHOT_ROWS || bytes >= SNAPSHOT_BYTES {
            break;
        }
    }
    Ok(found)
}

fn size(cell: &Cell) -> usize {
    match cell {
        Cell::Text(text) => text.len(),
        Cell::Blob(bytes) => bytes.len(),
        Cell::Null | Cell::Integer(_) | Cell::Real(_) => 8,
    }
}

/// Makes a file the copy of a database.
pub(super) fn adopt(connection: &Connection, cluster: &Cluster) -> rusqlite::Result<()> {
    connection.execute_batch(TABLE)?;
    remember(connection, "database", cluster.id())
}

/// Opens the copy of a shared ledger, and makes it if it is not there.
pub(super) fn open(state_dir: &Path, data_space: &DataSpaceId, cluster: &Cluster) -> Result<Connection, LedgerError> {
    let path = path_of(state_dir, data_space);
    let was_there = paths::is_there(&path)?;
    let connection = schema::open_writable(&path, data_space)?;
    let sqlite = |error: rusqlite::Error| LedgerError::of_sqlite(&path, &error);
    let database = database_of(&connection).map_err(sqlite)?;
    match database {
        Some(id) if id == cluster.id() => {}
        Some(_) => {
            let hint = "move the file away and run again: the copy is then made anew";
            return Err(LedgerError::new(&path, "it is the copy of another database's ledger", hint));
        }
        None if was_there && has_rows(&connection).map_err(sqlite)? => {
            return Err(LedgerError::new(
                &path,
                "state.ledger is \"database\", and this ledger is in a file",
                Hint::from("run ").and(Remedy::MoveLedger { to: "database".into() }),
            ));
        }
        None => adopt(&connection, cluster).map_err(sqlite)?,
    }
    // What a power cut takes from a copy is applied again, so a commit need not wait for the disk.
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(sqlite)?;
    Ok(connection)
}

/// Refuses to use the copy of a shared ledger as one of its own.
pub(super) fn refuse(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    match database_of(connection).map_err(|error| LedgerError::of_sqlite(path, &error))? {
        None => Ok(()),
        Some(_) => Err(LedgerError::new(
            path,
            "it is a copy of the ledger in the database, and state.ledger is \"file\"",
            Hint::from("set state.ledger = \"database\", or run ").and(Remedy::MoveLedger { to: "file".into() }),
        )),
    }
}

/// Whether anything was ever sent or planned with a ledger.
fn has_rows(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM items UNION ALL SELECT 1 FROM batches UNION ALL SELECT 1 FROM runs")?.exists([])
}

/// Brings the copy of a shared ledger up to date, so that readers see what other nodes did. Blocking.
///
/// # Errors
/// [`LedgerError`] if the database cannot be reached, or the copy not be written.
pub fn refresh(state_dir: &Path, data_space: &DataSpaceId, cluster: &Cluster) -> Result<(), LedgerError> {
    let path = path_of(state_dir, data_space);
    let mut connection = open(state_dir, data_space, cluster)?;
    let replica = Replica::begin(&mut connection, &path, cluster, data_space, None)?;
    in_transaction(&connection, &path, |connection| replica.catch_up(connection, &path))
}

/// All of it or nothing of it.
pub(super) fn in_transaction<T>(
    connection: &Connection,
    path: &Path,
    work: impl FnOnce(&Connection) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    let sqlite = |error: rusqlite::Error| LedgerError::of_sqlite(path, &error);
    connection.execute_batch("BEGIN IMMEDIATE").map_err(sqlite)?;
    let done = work(connection).and_then(|done| connection.execute_batch("COMMIT").map_err(sqlite).map(|()| done));
    if done.is_err() {
        // SQLite may have rolled back by itself; then this one fails and changes nothing.
        let _ = connection.execute_batch("ROLLBACK");
    }
    done
}
