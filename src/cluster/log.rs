//! The log of a ledger: what its commits changed, in one order.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, TxOpts};

use super::connections::{Cluster, persist};
use super::error::ClusterError;
use super::workers::Worker;
use crate::domain::DataSpaceId;

/// The most bytes of one row: below what servers take in a packet by default (MariaDB 16 MB).
pub(super) const PART_BYTES: usize = 4 * 1024 * 1024;

/// About how many bytes of the log are read at once.
const READ_BYTES: usize = 16 * 1024 * 1024;

/// Where the log of a ledger stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// The newest entry; 0 = none was ever written.
    pub seq: u64,
    /// Up to which entry the snapshot has everything; 0 = there is none.
    pub base: u64,
    /// How large the log behind it is.
    pub log_bytes: u64,
    /// How large the snapshot is.
    pub snapshot_bytes: u64,
}

/// Some entries, oldest first.
#[derive(Debug, Default)]
pub struct Entries {
    /// Each with its number.
    pub entries: Vec<(u64, Vec<u8>)>,
    /// Whether there are more.
    pub has_more: bool,
}

impl Cluster {
    /// Where the log of a ledger stands.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be asked.
    pub async fn head(&self, data_space: &DataSpaceId) -> Result<Head, ClusterError> {
        persist!(self, connection => head_on(&mut connection, data_space.as_str()))
    }

    /// The file to which the ledger was moved, `host:path`; `None` while it is here.
    ///
    /// # Errors
    /// As [`Self::head`].
    pub async fn moved_to(&self, data_space: &DataSpaceId) -> Result<Option<String>, ClusterError> {
        let place: Option<Option<String>> = persist!(self, connection => connection
            .exec_first("SELECT place FROM ledgers WHERE data_space = ?", (data_space.as_str(),)))?;
        Ok(place.flatten())
    }

    /// Writes down that the ledger is in a file now, or here again.
    ///
    /// # Errors
    /// As [`Self::head`].
    pub async fn move_to(&self, data_space: &DataSpaceId, place: Option<&str>) -> Result<(), ClusterError> {
        persist!(self, connection => connection.exec_drop(
            "INSERT INTO ledgers (data_space, place) VALUES (?, ?) ON DUPLICATE KEY UPDATE place = VALUES(place)",
            (data_space.as_str(), place),
        ))
    }

    /// The entries behind this one.
    ///
    /// # Errors
    /// [`ClusterError::Behind`] if some of them are only in the snapshot.
    pub async fn entries(&self, data_space: &DataSpaceId, after: u64) -> Result<Entries, ClusterError> {
        let entries: Entries = persist!(self, connection => entries_on(&mut connection, data_space.as_str(), after))?;
        let is_whole = entries.entries.iter().zip(after + 1..).all(|((seq, _), expected)| *seq == expected);
        if is_whole { Ok(entries) } else { Err(ClusterError::Behind) }
    }
}

impl Worker {
    /// Appends what a commit changed; returns the number of the entry. It is in the database when this returns, or nothing of it.
    ///
    /// # Errors
    /// [`ClusterError::Lost`] if the worker was ended by another node, or the database's failure.
    pub async fn append(&self, entry: &[u8]) -> Result<u64, ClusterError> {
        let number = self.next_number();
        let mut is_again = false;
        let appended: Option<u64> = persist!(self.cluster(), connection => {
            let again = std::mem::replace(&mut is_again, true);
            append_on(&mut connection, self, number, entry, again)
        })?;
        appended.ok_or(ClusterError::Lost)
    }
}

async fn head_on(connection: &mut Conn, data_space: &str) -> Result<Head, Error> {
    let sql = "SELECT seq, base, log_bytes, snapshot_bytes FROM ledgers WHERE data_space = ?";
    let row: Option<(u64, u64, u64, u64)> = connection.exec_first(sql, (data_space,)).await?;
    let head = |(seq, base, log_bytes, snapshot_bytes)| Head { seq, base, log_bytes, snapshot_bytes };
    Ok(row.map_or_else(Head::default, head))
}

async fn entries_on(connection: &mut Conn, data_space: &str, after: u64) -> Result<Entries, Error> {
    let mut entries = Entries::default();
    let mut bytes = 0;
    let sizes: Vec<(u64, u64)> = connection
        .exec(
            "SELECT seq, CAST(SUM(LENGTH(entry)) AS UNSIGNED) FROM log WHERE data_space = ? AND seq > ?
             GROUP BY seq ORDER BY seq LIMIT 10000",
            (data_space, after),
        )
        .await?;
    let mut last = after;
    for (seq, size) in &sizes {
        if bytes > 0 && bytes + size > READ_BYTES as u64 {
            entries.has_more = true;
            break;
        }
        bytes += size;
        last = *seq;
    }
    let mut rows: Vec<(u64, Vec<u8>)> = connection
        .exec(
            "SELECT seq, entry FROM log WHERE data_space = ? AND seq > ? AND seq <= ? ORDER BY seq, part",
            (data_space, after, last),
        )
        .await?;
    entries.has_more |= sizes.len() == 10_000;
    for (seq, mut part) in rows.drain(..) {
        match entries.entries.last_mut() {
            Some((before, entry)) if *before == seq => entry.append(&mut part),
            _ => entries.entries.push((seq, part)),
        }
    }
    Ok(entries)
}

/// One transaction: the lease, the number of the entry, the entry. `None` if the worker was ended.
async fn append_on(
    connection: &mut Conn,
    worker: &Worker,
    number: u64,
    entry: &[u8],
    is_again: bool,
) -> Result<Option<u64>, Error> {
    let data_space = worker.data_space().as_str();
    if is_again {
        // A commit whose answer was lost may have been done.
        let sql = "SELECT seq FROM log WHERE worker = ? AND number = ? LIMIT 1";
        if let Some(seq) = connection.exec_first(sql, (worker.id(), number)).await? {
            return Ok(Some(seq));
        }
    }
    let mut transaction = connection.start_transaction(TxOpts::default()).await?;
    if !worker.renew_on(&mut transaction).await? {
        transaction.rollback().await?;
        return Ok(None);
    }
    let size = entry.len() as u64;
    transaction
        .exec_drop(
            "INSERT INTO ledgers (data_space, seq, log_bytes) VALUES (?, LAST_INSERT_ID(1), ?)
             ON DUPLICATE KEY UPDATE seq = LAST_INSERT_ID(seq + 1), log_bytes = log_bytes + VALUES(log_bytes)",
            (data_space, size),
        )
        .await?;
    // Servers answer with it, also for a table that numbers nothing itself; one that does not is asked.
    let seq = match transaction.last_insert_id() {
        Some(seq) => seq,
        None => transaction.query_first("SELECT LAST_INSERT_ID()").await?.unwrap_or_default(),
    };
    for (part, bytes) in (0_u32..).zip(entry.chunks(PART_BYTES)) {
        transaction
            .exec_drop(
                "INSERT INTO log (data_space, seq, part, worker, number, entry) VALUES (?, ?, ?, ?, ?, ?)",
                (data_space, seq, part, worker.id(), number, bytes),
            )
            .await?;
    }
    transaction.commit().await?;
    Ok(Some(seq))
}
