//! The rows of Adobe's feed tables: what its exporter kept of each item, and how the service answered.
//!
//! They are read page by page, each in a snapshot of its own, so that a long read holds nothing up.

use jiff::Timestamp;

use super::database::{Database, DatabaseError};

/// Rows that are read at once: a payload is some KiB, at most 16 MiB.
const PAGE: usize = 100;

/// A feed table, and which columns it has: the legacy ones keep no status, and not all of them what is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedRows {
    table: &'static str,
    has_status: bool,
    has_deletions: bool,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRow {
    pub id: u64,
    /// `feed_data`: JSON, if Adobe's exporter wrote it.
    pub data: String,
    /// Adobe's code (protocol page §3); `None` where the table keeps none.
    pub status: Option<i64>,
    /// Whether the source record is gone.
    pub is_deleted: bool,
    /// When the row last changed.
    pub modified_at: Option<Timestamp>,
}

impl FeedRows {
    /// The feed table of this name, without the prefix.
    ///
    /// # Errors
    /// [`DatabaseError`], after it was tried again where that may help.
    pub async fn of(database: &Database, table: &'static str) -> Result<Self, DatabaseError> {
        let name = format!("{}{table}", database.settings().table_prefix);
        let sql =
            "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?";
        let read = async || {
            let mut snapshot = database.snapshot().await?;
            let columns = snapshot.rows_with::<String>(sql, (name.as_str(),)).await?;
            snapshot.end().await;
            Ok(columns)
        };
        let columns = database.persist(read).await?;
        let has = |column: &str| columns.iter().any(|name| name == column);
        Ok(Self { table, has_status: has("status"), has_deletions: has("is_deleted") })
    }

    /// The next rows above an id, in the order of ids; none at the end.
    ///
    /// # Errors
    /// [`DatabaseError`], after it was tried again where that may help.
    pub async fn after(self, database: &Database, id: u64) -> Result<Vec<FeedRow>, DatabaseError> {
        let status = if self.has_status { "status" } else { "NULL" };
        let deleted = if self.has_deletions { "is_deleted" } else { "0" };
        let sql = format!(
            "SELECT id, COALESCE(feed_data, ''), CAST({status} AS SIGNED), CAST({deleted} AS SIGNED), \
             CAST(UNIX_TIMESTAMP(modified_at) AS SIGNED) FROM {} WHERE id > {id} ORDER BY id LIMIT {PAGE}",
            database.table(self.table)
        );
        let read = async || {
            let mut snapshot = database.snapshot().await?;
            let rows = snapshot.rows::<(u64, String, Option<i64>, i64, Option<i64>)>(&sql).await?;
            snapshot.end().await;
            Ok(rows)
        };
        let rows = database.persist(read).await?;
        let row = |(id, data, status, deleted, modified): (u64, String, Option<i64>, i64, Option<i64>)| FeedRow {
            id,
            data,
            status,
            is_deleted: deleted != 0,
            modified_at: modified.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        };
        Ok(rows.into_iter().map(row).collect())
    }
}
