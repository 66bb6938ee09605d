//! What was sent and how it was answered, many items at a time: for comparing it with what a service shows.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row};
use serde_json::Value;

use super::items::ItemNumber;
use super::{LedgerError, LedgerReader, detail, feed_code, identity_table, state_of_status};
use crate::domain::Feed;
use crate::export::progress::ItemState;
use crate::feeds::item::Sha1Hash;
use crate::untrusted::SafeText;

/// How many labels one step reads: no step holds up a run that writes.
const STEP: i64 = 5_000;

/// What is read of an item, in this order.
const COLUMNS: &str = "id, source_id, minimal, status, deleted, modified_at, error, payload, place, feed_id, hash";

/// An item as it was sent last.
#[derive(Debug, Clone, PartialEq)]
pub struct SentItem {
    pub number: ItemNumber,
    /// What the service knows it by.
    pub id: Sha1Hash,
    /// Of its content, as it was compared last; of an accepted item, as it was sent.
    pub hash: Sha1Hash,
    /// The id of its source record.
    pub source_id: Option<i64>,
    pub state: ItemState,
    /// Whether it is gone from the source.
    pub is_deleted: bool,
    /// When that was recorded: of an accepted item, when it was accepted.
    pub at: Timestamp,
    /// The server's own text; may be empty.
    pub error: SafeText,
    /// The fields of its minimal payload.
    pub minimal: Value,
    /// What was sent last; `None` if it is not kept.
    pub payload: Option<Value>,
}

impl LedgerReader {
    /// Hands numbers and labels of items over, in the order of labels, from this one on, for as long as it is told to go on.
    /// Blocking.
    pub fn each_label_after(
        &self,
        feed: Feed,
        first: &str,
        go_on: &mut dyn FnMut(ItemNumber, &str) -> bool,
    ) -> Result<(), LedgerError> {
        self.read_labels(feed, first, go_on).map_err(|error| LedgerError::of_sqlite(&self.path, &error))
    }

    /// The items with these numbers; those that are not there any more are left out. Blocking.
    pub fn sent_items(&self, numbers: &[ItemNumber]) -> Result<Vec<SentItem>, LedgerError> {
        let found = numbers.iter().map(|number| self.read_sent(number.0));
        let found: rusqlite::Result<Vec<Option<SentItem>>> = found.collect();
        Ok(found.map_err(|error| LedgerError::of_sqlite(&self.path, &error))?.into_iter().flatten().collect())
    }

    /// The item that the service knows by this id, and that has this label; `None` if there never was one. Blocking.
    pub fn sent_as(&self, feed: Feed, id: Sha1Hash, label: &SafeText) -> Result<Option<SentItem>, LedgerError> {
        let row = identity_table::find(&self.connection, feed, id, label.as_str());
        row.and_then(|row| row.map_or(Ok(None), |row| self.read_sent(row)))
            .map_err(|error| LedgerError::of_sqlite(&self.path, &error))
    }

    fn read_labels(
        &self,
        feed: Feed,
        first: &str,
        go_on: &mut dyn FnMut(ItemNumber, &str) -> bool,
    ) -> rusqlite::Result<()> {
        let sql = "SELECT id, label FROM items INDEXED BY items_label
                   WHERE feed = ?1 AND (label, id) > (?2, ?3) ORDER BY label, id LIMIT ?4";
        let mut select = self.connection.prepare_cached(sql)?;
        let (mut label, mut id) = (first.to_owned(), i64::MIN);
        loop {
            let mut rows = select.query((feed_code(feed), &label, id, STEP))?;
            let mut read = 0;
            while let Some(row) = rows.next()? {
                read += 1;
                (id, label) = (row.get(0)?, row.get(1)?);
                if !go_on(ItemNumber(id), &label) {
                    return Ok(());
                }
            }
            if read < STEP {
                return Ok(());
            }
        }
    }

    fn read_sent(&self, row: i64) -> rusqlite::Result<Option<SentItem>> {
        let mut select = self.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM items WHERE id = ?1"))?;
        let found = select.query_row([row], sent_item).optional()?;
        let Some((mut item, kept)) = found else { return Ok(None) };
        if let Some((payload, place)) = kept {
            item.payload = detail::sent(&self.connection, payload, place)?.map(|(_, payload)| payload);
        }
        Ok(Some(item))
    }
}

/// The item without its payload, and where that is.
fn sent_item(row: &Row<'_>) -> rusqlite::Result<(SentItem, Option<(i64, i64)>)> {
    let item = SentItem {
        number: ItemNumber(row.get(0)?),
        id: Sha1Hash(row.get(9)?),
        hash: Sha1Hash(row.get(10)?),
        source_id: row.get(1)?,
        minimal: serde_json::from_slice(&row.get::<_, Vec<u8>>(2)?).unwrap_or_default(),
        state: state_of_status(row.get(3)?),
        is_deleted: row.get(4)?,
        at: Timestamp::from_millisecond(row.get(5)?).unwrap_or_default(),
        error: row.get::<_, Option<String>>(6)?.map(SafeText::from).unwrap_or_default(),
        payload: None,
    };
    Ok((item, row.get::<_, Option<i64>>(7)?.zip(row.get::<_, Option<i64>>(8)?)))
}
