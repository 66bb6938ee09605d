//! Since when changes wait to be sent.

use jiff::Timestamp;
use rusqlite::Connection;

use super::reader::LedgerReader;
use super::status::{OPEN, SUBMITTED, ranges_of};
use super::{LedgerError, feed_of_code};
use crate::domain::Feed;
use crate::export::progress::ItemState;

impl LedgerReader {
    /// Since when the oldest change of each feed waits that is still to be sent: without an answer, or to be retried. Blocking.
    pub fn oldest_pending(&self) -> Result<Vec<(Feed, Timestamp)>, LedgerError> {
        read(&self.connection).map_err(|error| LedgerError::of_sqlite(&self.path, &error))
    }
}

/// An item that was tried already waits since its first failure after the last success.
fn read(connection: &Connection) -> rusqlite::Result<Vec<(Feed, Timestamp)>> {
    let pending = [ItemState::Awaiting, ItemState::WillRetry].into_iter().flat_map(ranges_of);
    let pending = pending.collect::<Vec<_>>().join(" OR ");
    let mut select = connection.prepare(&format!(
        "SELECT feed, min(coalesce((
             SELECT min(at) FROM attempts WHERE item = items.id AND status <> {SUBMITTED} AND at > coalesce((
                 SELECT max(at) FROM attempts AS good WHERE good.item = items.id AND good.status = {SUBMITTED}), 0)
         ), modified_at)) FROM items INDEXED BY items_open WHERE {OPEN} AND ({pending}) GROUP BY feed"
    ))?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut oldest = Vec::new();
    for row in rows {
        let (feed, at): (i64, i64) = row?;
        oldest.extend(feed_of_code(feed).zip(Timestamp::from_millisecond(at).ok()));
    }
    Ok(oldest)
}
