//! Claims: which worker has a feed, or the watch. One statement takes a claim, and nobody waits for it.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error};

use super::connections::persist;
use super::error::ClusterError;
use super::workers::Worker;

/// Who has a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its worker.
    pub worker: u64,
    /// Who that is, as it was written.
    pub owner: String,
    /// Whether it is worth waiting for: a partial sync.
    pub is_pass: bool,
}

/// What asking for a claim came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// This worker has it.
    Got {
        /// Who had it and was not heard of any more.
        died: Option<Holder>,
    },
    /// Another worker has it.
    Held(Holder),
}

impl Worker {
    /// Takes a claim, if nobody has it whose lease is good.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written.
    pub async fn claim(&self, name: &str, is_pass: bool) -> Result<Claimed, ClusterError> {
        self.cluster().end_expired(self.data_space()).await?;
        persist!(self.cluster(), connection => claim_on(&mut connection, self, name, is_pass))
    }

    /// Gives a claim back.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written; the claim ends with the worker then.
    pub async fn release(&self, name: &str) -> Result<(), ClusterError> {
        let sql = "DELETE FROM claims WHERE data_space = ? AND name = ? AND worker = ?";
        persist!(self.cluster(), connection =>
            connection.exec_drop(sql, (self.data_space().as_str(), name, self.id())))
    }
}

/// Worker, owner, whether it is a partial sync, whether the worker has ended.
type ClaimRow = (u64, Option<String>, bool, bool);

async fn claim_on(connection: &mut Conn, worker: &Worker, name: &str, is_pass: bool) -> Result<Claimed, Error> {
    let data_space = worker.data_space().as_str();
    let mut died = None;
    loop {
        let insert = "INSERT IGNORE INTO claims (data_space, name, worker, is_pass) VALUES (?, ?, ?, ?)";
        connection.exec_drop(insert, (data_space, name, worker.id(), is_pass)).await?;
        if connection.affected_rows() == 1 {
            return Ok(Claimed::Got { died });
        }
        let row: Option<ClaimRow> = connection
            .exec_first(
                "SELECT c.worker, w.owner, c.is_pass, w.id IS NULL OR w.ended IS NOT NULL
                 FROM claims c LEFT JOIN workers w ON w.id = c.worker WHERE c.data_space = ? AND c.name = ?",
                (data_space, name),
            )
            .await?;
        // Given back between the two statements.
        let Some((holder, owner, is_pass, has_ended)) = row else { continue };
        if holder == worker.id() {
            // A try before this one had no answer.
            return Ok(Claimed::Got { died });
        }
        let holder = Holder { worker: holder, owner: owner.unwrap_or_default(), is_pass };
        if !has_ended {
            return Ok(Claimed::Held(holder));
        }
        // Only the claim of that worker: another one may have been quicker.
        let delete = "DELETE FROM claims WHERE data_space = ? AND name = ? AND worker = ?";
        connection.exec_drop(delete, (data_space, name, holder.worker)).await?;
        died = Some(holder);
    }
}
