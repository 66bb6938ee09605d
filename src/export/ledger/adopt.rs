//! Taking over into the ledger what another exporter has sent: all of it in one transaction.

use jiff::Timestamp;
use rusqlite::params;

use super::store::Store;
use super::{LedgerError, feed_code, status};
use crate::domain::Feed;
use crate::feeds::item::FeedItem;

/// What the ledger has of an item that was handed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It was not there, and is now.
    New,
    /// It was there as it is.
    Already,
    /// It was there otherwise, and is left so.
    Otherwise,
}

/// What an item counts as that was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountsAs {
    /// The service has it as it is.
    Sent,
    /// The service may have another form of it: the next sync sends it, or deletes it if it is gone.
    Unknown,
}

impl Store {
    /// Begins; nothing is kept before [`Self::keep_adopted`].
    pub fn begin_adoption(&self) -> Result<(), LedgerError> {
        self.explained(self.connection.execute_batch("BEGIN IMMEDIATE"))?;
        self.catch_up()
    }

    /// Keeps everything that was handed over.
    pub fn keep_adopted(&mut self) -> Result<(), LedgerError> {
        self.commit()
    }

    /// How many items of a feed count as sent.
    pub fn count_sent(&self, feed: Feed) -> Result<u64, LedgerError> {
        let sql = "SELECT COUNT(*) FROM items WHERE feed = ?1 AND status = ?2";
        let count = self.connection.query_row(sql, [feed_code(feed), status::SUBMITTED], |row| row.get::<_, i64>(0));
        self.explained(count).map(i64::unsigned_abs)
    }

    /// Takes over an item that the service was sent, and answered at this time.
    pub fn adopt(&mut self, item: &FeedItem, as_what: CountsAs, at: Timestamp) -> Result<Taken, LedgerError> {
        let adopted = self.try_adopt(item, as_what, at);
        self.explained(adopted)
    }

    fn try_adopt(&mut self, item: &FeedItem, as_what: CountsAs, at: Timestamp) -> rusqlite::Result<Taken> {
        let (hash, status) = match as_what {
            CountsAs::Sent => (item.hash.0, Some(status::SUBMITTED)),
            CountsAs::Unknown => ([0; 20], None),
        };
        if let Some(row) = self.row_of(item)? {
            let sql = "SELECT 1 FROM items WHERE id = ?1 AND hash = ?2 AND status IS ?3 AND deleted = 0";
            let is_same = self.connection.prepare_cached(sql)?.exists(params![row, hash, status])?;
            return Ok(if is_same { Taken::Already } else { Taken::Otherwise });
        }
        // A batch of a time before the journal: the item has left, so it can be deleted there.
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO items (feed, feed_id, source_id, label, minimal, hash, deleted, status, batch, modified_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, 0, ?8)",
        )?;
        let source_id = item.source_id.and_then(|id| i64::try_from(id).ok());
        let (feed, at) = (feed_code(item.feed), at.as_millisecond());
        let values = params![feed, item.id.0, source_id, item.label.as_str(), item.minimal, hash, status, at];
        let row = insert.insert(values)?;
        drop(insert);
        self.add_identity(item, row)?;
        Ok(Taken::New)
    }

    fn explained<T>(&self, result: rusqlite::Result<T>) -> Result<T, LedgerError> {
        result.map_err(|error| LedgerError::of_sqlite(&self.path, &error))
    }
}
