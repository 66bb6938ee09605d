//! A full sync that several nodes share: its parts, and who is at which.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, TxOpts};

use super::claims::Claimed;
use super::connections::persist;
use super::error::ClusterError;
use super::workers::Worker;

/// The claim under which an export is begun or joined.
const DOOR: &str = "export";

/// How a part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartState {
    Waiting,
    Working,
    Done,
    Failed,
}

impl PartState {
    fn code(self) -> u8 {
        match self {
            PartState::Waiting => 0,
            PartState::Working => 1,
            PartState::Done => 2,
            PartState::Failed => 3,
        }
    }
}

/// What there is to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// This part, which is this worker's now.
    Mine(String),
    /// Nothing at present: other workers are at these, and all else is done.
    Others(Vec<String>),
    /// All of it is done, but for what failed.
    Over { failed: Vec<String> },
}

/// A full sync that this worker shares.
#[derive(Debug)]
pub struct SharedExport<'a> {
    worker: &'a Worker,
    export: u64,
    /// Whether other workers had begun it.
    pub is_joined: bool,
}

impl Worker {
    /// Joins the export of this name that other workers are at, or begins it with these parts. `None` while another worker is about to begin one.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written.
    pub async fn share(&self, request: &str, parts: &[String]) -> Result<Option<SharedExport<'_>>, ClusterError> {
        if let Claimed::Held(_) = self.claim(DOOR, false).await? {
            return Ok(None);
        }
        let shared = persist!(self.cluster(), connection => share_on(&mut connection, self, request, parts));
        self.release(DOOR).await?;
        let (export, is_joined) = shared?;
        Ok(Some(SharedExport { worker: self, export, is_joined }))
    }
}

impl SharedExport<'_> {
    /// Takes the next part that nobody is at.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written.
    pub async fn take(&self) -> Result<Part, ClusterError> {
        self.worker.cluster().end_expired(self.worker.data_space()).await?;
        persist!(self.worker.cluster(), connection => take_on(&mut connection, self.worker.id(), self.export))
    }

    /// Writes down how this worker's part ended; as waiting, another may take it.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written.
    pub async fn finish(&self, part: &str, state: PartState) -> Result<(), ClusterError> {
        let sql = "UPDATE exports SET state = ? WHERE export = ? AND part = ? AND worker = ?";
        persist!(self.worker.cluster(), connection =>
            connection.exec_drop(sql, (state.code(), self.export, part, self.worker.id())))
    }
}

async fn share_on(
    connection: &mut Conn,
    worker: &Worker,
    request: &str,
    parts: &[String],
) -> Result<(u64, bool), Error> {
    let data_space = worker.data_space().as_str();
    let request: String = request.chars().take(255).collect();
    let mut transaction = connection.start_transaction(TxOpts::default()).await?;
    let live = "SELECT export FROM workers WHERE data_space = ? AND ended IS NULL AND until > UTC_TIMESTAMP(6)
                    AND export IS NOT NULL";
    let forget =
        format!("DELETE FROM exports WHERE data_space = ? AND export NOT IN (SELECT export FROM ({live}) live)");
    transaction.exec_drop(forget, (data_space, data_space)).await?;
    let sql = "SELECT export FROM exports WHERE data_space = ? AND request = ? AND state IN (0, 1)
               ORDER BY export LIMIT 1";
    let joined: Option<u64> = transaction.exec_first(sql, (data_space, &request)).await?;
    let export = joined.unwrap_or(worker.id());
    if joined.is_none() {
        let insert =
            "INSERT IGNORE INTO exports (export, place, data_space, request, part, state) VALUES (?, ?, ?, ?, ?, 0)";
        for (place, part) in (0_u32..).zip(parts) {
            transaction.exec_drop(insert, (export, place, data_space, &request, part)).await?;
        }
    }
    transaction.exec_drop("UPDATE workers SET export = ? WHERE id = ?", (export, worker.id())).await?;
    transaction.commit().await?;
    Ok((export, joined.is_some()))
}

async fn take_on(connection: &mut Conn, worker: u64, export: u64) -> Result<Part, Error> {
    // What this worker has already: a try before this one had no answer.
    let mine = "SELECT part FROM exports WHERE export = ? AND worker = ? AND state = 1";
    if let Some(part) = connection.exec_first(mine, (export, worker)).await? {
        return Ok(Part::Mine(part));
    }
    let update = "UPDATE exports SET worker = ?, state = 1
                  WHERE export = ? AND (state = 0 OR (state = 1 AND NOT EXISTS (
                      SELECT 1 FROM workers w WHERE w.id = exports.worker AND w.ended IS NULL)))
                  ORDER BY place LIMIT 1";
    connection.exec_drop(update, (worker, export)).await?;
    if let Some(part) = connection.exec_first(mine, (export, worker)).await? {
        return Ok(Part::Mine(part));
    }
    let in_state = "SELECT part FROM exports WHERE export = ? AND state IN (?, ?) ORDER BY place";
    let open: Vec<String> =
        connection.exec(in_state, (export, PartState::Waiting.code(), PartState::Working.code())).await?;
    if !open.is_empty() {
        return Ok(Part::Others(open));
    }
    let failed = PartState::Failed.code();
    Ok(Part::Over { failed: connection.exec(in_state, (export, failed, failed)).await? })
}
