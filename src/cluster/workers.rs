//! Who works: a process that may write has a row, which is its lease, and whose number is its fencing number.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mysql_async::prelude::{FromValue, Queryable as _};
use mysql_async::{Conn, Error, Transaction, TxOpts};

use super::connections::{Cluster, persist};
use super::error::ClusterError;
use crate::domain::DataSpaceId;
use crate::untrusted::SafeText;

/// How often a lease is renewed, which is also when a worker learns what is asked of it. The shortest lease is longer.
pub const RENEW_EVERY: Duration = Duration::from_secs(1);

/// How long ended workers are remembered: who looks at the list sees how the last ones ended.
const KEPT: Duration = Duration::from_hours(24);

/// What a worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerKind {
    /// A run.
    Run,
    /// A watch between its passes.
    Watch,
    /// Something short, such as moving a ledger.
    Task,
}

impl WorkerKind {
    fn name(self) -> &'static str {
        match self {
            WorkerKind::Run => "run",
            WorkerKind::Watch => "watch",
            WorkerKind::Task => "task",
        }
    }

    fn of(name: &str) -> Self {
        match name {
            "run" => WorkerKind::Run,
            "watch" => WorkerKind::Watch,
            _ => WorkerKind::Task,
        }
    }
}

/// A worker of this process.
#[derive(Debug)]
pub struct Worker {
    cluster: Cluster,
    id: u64,
    data_space: DataSpaceId,
    /// How many entries it has appended.
    number: AtomicU64,
    /// After how long of silence another node may take over, by the database's clock.
    lease: Duration,
}

/// What a renewal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// What somebody asks of this worker, as it was written.
    pub wanted: Option<String>,
}

/// A worker as everybody sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerRow {
    pub id: u64,
    pub kind: WorkerKind,
    /// Who it is, as it was written.
    pub owner: String,
    /// What it was asked to do.
    pub request: SafeText,
    /// For how long it works, in seconds, by the database's clock.
    pub age: f64,
    /// For how long it was not heard of, in seconds.
    pub silent: f64,
    /// Which shared export it works on.
    pub export: Option<u64>,
    /// How far it is, as it was written.
    pub progress: Option<String>,
    /// How it ended, as it was written.
    pub report: Option<String>,
    /// Whether it ended, or another node ended it.
    pub has_ended: bool,
}

impl Cluster {
    /// Registers a worker. `owner` says who it is, in JSON.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written.
    pub async fn begin_worker(
        &self,
        data_space: &DataSpaceId,
        kind: WorkerKind,
        owner: &str,
        request: &str,
    ) -> Result<Worker, ClusterError> {
        let request: String = request.chars().take(255).collect();
        let lease = self.lease();
        let space = data_space.as_str();
        let id = persist!(self, connection => begin_on(&mut connection, space, kind, owner, &request, lease))?;
        let number = AtomicU64::new(0);
        Ok(Worker { cluster: self.clone(), id, data_space: data_space.clone(), number, lease })
    }

    /// Ends the workers of a data space whose lease has run out; what they append from now on is not accepted.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written.
    pub async fn end_expired(&self, data_space: &DataSpaceId) -> Result<(), ClusterError> {
        let sql = "UPDATE workers SET ended = UTC_TIMESTAMP(6)
                   WHERE data_space = ? AND ended IS NULL AND until < UTC_TIMESTAMP(6)";
        persist!(self, connection => connection.exec_drop(sql, (data_space.as_str(),)))
    }

    /// The workers of a data space that are at work, oldest first.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be read.
    pub async fn workers(&self, data_space: &DataSpaceId) -> Result<Vec<WorkerRow>, ClusterError> {
        let which = "data_space = ? AND ended IS NULL";
        persist!(self, connection => rows_on(&mut connection, which, data_space.as_str()))
    }

    /// One worker; `None` if it is forgotten.
    ///
    /// # Errors
    /// As [`Self::workers`].
    pub async fn worker(&self, id: u64) -> Result<Option<WorkerRow>, ClusterError> {
        let rows: Vec<WorkerRow> = persist!(self, connection => rows_on(&mut connection, "id = ?", id))?;
        Ok(rows.into_iter().next())
    }

    /// Asks something of a worker.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written.
    pub async fn want(&self, worker: u64, wanted: &str) -> Result<(), ClusterError> {
        let update = "UPDATE workers SET wanted = ? WHERE id = ?";
        persist!(self, connection => connection.exec_drop(update, (wanted, worker)))
    }

    /// Whether a worker has seen what was asked of it.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be read.
    pub async fn has_seen(&self, worker: u64, wanted: &str) -> Result<bool, ClusterError> {
        let select = "SELECT 1 FROM workers WHERE id = ? AND seen = ?";
        let seen: Option<u8> = persist!(self, connection => connection.exec_first(select, (worker, wanted)))?;
        Ok(seen.is_some())
    }
}

impl Worker {
    /// Its number.
    pub fn id(&self) -> u64 {
        self.id
    }

    pub fn data_space(&self) -> &DataSpaceId {
        &self.data_space
    }

    /// The database it works in.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    pub(super) fn next_number(&self) -> u64 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    /// Renews the lease, writes down how far it is, and looks what is asked of it.
    ///
    /// # Errors
    /// [`ClusterError::Lost`] if another node has ended it, or the database's failure.
    pub async fn renew(&self, progress: Option<&str>) -> Result<Renewed, ClusterError> {
        let renewed: Option<Renewed> =
            persist!(self.cluster, connection => self.renew_with(&mut connection, progress))?;
        renewed.ok_or(ClusterError::Lost)
    }

    /// Ends it in order: its claims are free at once. `report` says how it ended, in JSON.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written; its lease runs out then.
    pub async fn end(&self, report: Option<&str>) -> Result<(), ClusterError> {
        persist!(self.cluster, connection => end_on(&mut connection, self.id, report))
    }

    /// Renews the lease as a part of a transaction; `false` if the worker was ended.
    pub(super) async fn renew_on(&self, transaction: &mut Transaction<'_>) -> Result<bool, Error> {
        // Also one that ran out, as long as nobody has taken over. The lock of the row keeps it so to the end of the transaction.
        let sql = "UPDATE workers SET heard = UTC_TIMESTAMP(6), until = UTC_TIMESTAMP(6) + INTERVAL ? SECOND
                   WHERE id = ? AND ended IS NULL";
        transaction.exec_drop(sql, (self.lease.as_secs(), self.id)).await?;
        if transaction.affected_rows() > 0 {
            return Ok(true);
        }
        // A clock that was set back may have come to the same moment again: then the row is as it was, and not counted.
        let sql = "SELECT ended IS NULL FROM workers WHERE id = ? FOR UPDATE";
        Ok(transaction.exec_first(sql, (self.id,)).await? == Some(true))
    }

    async fn renew_with(&self, connection: &mut Conn, progress: Option<&str>) -> Result<Option<Renewed>, Error> {
        let mut transaction = connection.start_transaction(TxOpts::default()).await?;
        if !self.renew_on(&mut transaction).await? {
            transaction.rollback().await?;
            return Ok(None);
        }
        if let Some(progress) = progress {
            let sql = "UPDATE workers SET progress = ?, seen = wanted WHERE id = ?";
            transaction.exec_drop(sql, (progress, self.id)).await?;
        }
        let wanted: Option<Option<String>> =
            transaction.exec_first("SELECT wanted FROM workers WHERE id = ?", (self.id,)).await?;
        transaction.commit().await?;
        Ok(Some(Renewed { wanted: wanted.flatten() }))
    }
}

async fn begin_on(
    connection: &mut Conn,
    data_space: &str,
    kind: WorkerKind,
    owner: &str,
    request: &str,
    lease: Duration,
) -> Result<u64, Error> {
    let forget = "DELETE FROM workers WHERE ended < UTC_TIMESTAMP(6) - INTERVAL ? SECOND";
    connection.exec_drop(forget, (KEPT.as_secs(),)).await?;
    let insert = "INSERT INTO workers (data_space, kind, owner, request, since, heard, until) VALUES
                  (?, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL ? SECOND)";
    connection.exec_drop(insert, (data_space, kind.name(), owner, request, lease.as_secs())).await?;
    Ok(connection.last_insert_id().unwrap_or_default())
}

async fn rows_on(
    connection: &mut Conn,
    which: &str,
    value: impl Into<mysql_async::Value> + Send,
) -> Result<Vec<WorkerRow>, Error> {
    let select = format!(
        "SELECT id, kind, owner, request, TIMESTAMPDIFF(MICROSECOND, since, UTC_TIMESTAMP(6)) / 1e6 AS age,
             TIMESTAMPDIFF(MICROSECOND, heard, UTC_TIMESTAMP(6)) / 1e6 AS silent, export, progress, report,
             ended IS NOT NULL OR until < UTC_TIMESTAMP(6) AS has_ended
         FROM workers WHERE {which} ORDER BY id"
    );
    let rows: Vec<mysql_async::Row> = connection.exec(select, (value.into(),)).await?;
    let mut workers = Vec::with_capacity(rows.len());
    for mut row in rows {
        workers.push(WorkerRow {
            id: take(&mut row, "id")?,
            kind: WorkerKind::of(&take::<String>(&mut row, "kind")?),
            owner: take(&mut row, "owner")?,
            request: SafeText::new(&take::<String>(&mut row, "request")?),
            age: take(&mut row, "age")?,
            silent: take(&mut row, "silent")?,
            export: take(&mut row, "export")?,
            progress: take(&mut row, "progress")?,
            report: take(&mut row, "report")?,
            has_ended: take(&mut row, "has_ended")?,
        });
    }
    Ok(workers)
}

/// A column of a row, which the table has.
fn take<T: FromValue>(row: &mut mysql_async::Row, column: &str) -> Result<T, Error> {
    match row.take_opt(column) {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(Error::Driver(mysql_async::DriverError::FromValue { value: error.0 })),
        None => Err(Error::Driver(mysql_async::DriverError::FromRow { row: row.clone() })),
    }
}

async fn end_on(connection: &mut Conn, worker: u64, report: Option<&str>) -> Result<(), Error> {
    let mut transaction = connection.start_transaction(TxOpts::default()).await?;
    let sql = "UPDATE workers SET ended = UTC_TIMESTAMP(6), report = ? WHERE id = ? AND ended IS NULL";
    transaction.exec_drop(sql, (report, worker)).await?;
    transaction.exec_drop("DELETE FROM claims WHERE worker = ?", (worker,)).await?;
    transaction.commit().await
}
