//! A copy of all rows of a ledger, so that the log need not be kept for ever.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, TxOpts};

use super::connections::{Cluster, persist};
use super::error::ClusterError;
use super::log::PART_BYTES;
use crate::domain::DataSpaceId;

/// How many of the newest entries stay although a snapshot has them: nodes that are at work need not begin from it.
const KEPT_ENTRIES: u64 = 1_000;

/// Writes a snapshot, part by part. It counts once it is finished.
#[derive(Debug)]
pub struct SnapshotWriter<'a> {
    cluster: &'a Cluster,
    data_space: &'a DataSpaceId,
    seq: u64,
    part: u32,
    bytes: u64,
}

impl Cluster {
    /// Begins the snapshot of a ledger as it is after this entry.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written.
    pub async fn begin_snapshot<'a>(
        &'a self,
        data_space: &'a DataSpaceId,
        seq: u64,
    ) -> Result<SnapshotWriter<'a>, ClusterError> {
        // One that nobody finished.
        let delete = "DELETE FROM snapshots WHERE data_space = ? AND seq = ?";
        let () = persist!(self, connection => connection.exec_drop(delete, (data_space.as_str(), seq)))?;
        Ok(SnapshotWriter { cluster: self, data_space, seq, part: 0, bytes: 0 })
    }

    /// The part of the snapshot behind this one, and its number; `None` behind the last.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be read.
    pub async fn snapshot_part(
        &self,
        data_space: &DataSpaceId,
        seq: u64,
        after: Option<u32>,
    ) -> Result<Option<(u32, Vec<u8>)>, ClusterError> {
        let sql =
            "SELECT part, entry FROM snapshots WHERE data_space = ? AND seq = ? AND part >= ? ORDER BY part LIMIT 1";
        let from = after.map_or(0, |after| after + 1);
        persist!(self, connection => connection.exec_first(sql, (data_space.as_str(), seq, from)))
    }
}

impl SnapshotWriter<'_> {
    /// Writes one part: an entry as the log has them.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written, or the part is too large.
    pub async fn write(&mut self, entry: &[u8]) -> Result<(), ClusterError> {
        debug_assert!(entry.len() <= 2 * PART_BYTES, "parts are made of a limited number of rows");
        let key = (self.data_space.as_str(), self.seq, self.part, entry);
        let sql = "REPLACE INTO snapshots (data_space, seq, part, entry) VALUES (?, ?, ?, ?)";
        let () = persist!(self.cluster, connection => connection.exec_drop(sql, key))?;
        self.part += 1;
        self.bytes += entry.len() as u64;
        Ok(())
    }

    /// From now on the snapshot counts, and what it has is dropped from the log.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written.
    pub async fn finish(self) -> Result<(), ClusterError> {
        let Self { cluster, data_space, seq, bytes, .. } = self;
        persist!(cluster, connection => finish_on(&mut connection, data_space.as_str(), seq, bytes))
    }
}

async fn finish_on(connection: &mut Conn, data_space: &str, seq: u64, bytes: u64) -> Result<(), Error> {
    let mut transaction = connection.start_transaction(TxOpts::default()).await?;
    // A ledger that is moved here begins with its snapshot.
    transaction
        .exec_drop(
            "INSERT INTO ledgers (data_space, seq, base, snapshot_bytes) VALUES (?, ?, ?, ?)
             ON DUPLICATE KEY UPDATE seq = GREATEST(seq, VALUES(seq)), base = VALUES(base),
                 snapshot_bytes = VALUES(snapshot_bytes), log_bytes = 0",
            (data_space, seq, seq, bytes),
        )
        .await?;
    transaction.exec_drop("DELETE FROM snapshots WHERE data_space = ? AND seq <> ?", (data_space, seq)).await?;
    let kept_from = seq.saturating_sub(KEPT_ENTRIES);
    transaction.exec_drop("DELETE FROM log WHERE data_space = ? AND seq <= ?", (data_space, kept_from)).await?;
    transaction.commit().await
}
