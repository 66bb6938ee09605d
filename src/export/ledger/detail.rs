//! One item: who it is, what happened to it, and what was sent of it last.

use std::io::Read as _;

use flate2::read::GzDecoder;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value;
use serde_json::value::RawValue;

use super::items::{ItemAttempt, ItemDetail, ItemNumber, LastRequest};
use super::{LedgerError, LedgerReader, feed_of_code, listing, state_of_status};
use crate::domain::Feed;
use crate::feeds::item::Sha1Hash;
use crate::untrusted::SafeText;

impl LedgerReader {
    /// Everything that is known of an item; `None` if there is no such item. Blocking.
    pub fn detail(&self, number: ItemNumber) -> Result<Option<ItemDetail>, LedgerError> {
        self.read_detail(number).map_err(|error| LedgerError::of_sqlite(&self.path, &error))
    }

    fn read_detail(&self, number: ItemNumber) -> rusqlite::Result<Option<ItemDetail>> {
        let Some(row) = listing::row_of(self, number)? else { return Ok(None) };
        let sql = "SELECT feed, feed_id, minimal, status, batch, payload, place FROM items WHERE id = ?1";
        let more = self.connection.query_row(sql, [number.0], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, [u8; 20]>(1)?,
                row.get::<_, Vec<u8>>(2)?,
                row.get::<_, Option<i64>>(3)?,
                row.get::<_, Option<i64>>(4)?,
                row.get::<_, Option<i64>>(5)?.zip(row.get::<_, Option<i64>>(6)?),
            ))
        });
        let Some((feed, id, minimal, status, batch, kept)) = more.optional()? else { return Ok(None) };
        let Some(feed) = feed_of_code(feed) else { return Ok(None) };
        let present = status.map(|status| ItemAttempt {
            at: row.modified_at,
            state: row.state,
            status,
            error: row.error.clone(),
            code: row.code.clone(),
            request_id: row.request_id.clone(),
        });
        let mut attempts: Vec<ItemAttempt> = present.into_iter().collect();
        attempts.extend(earlier(&self.connection, number)?);
        Ok(Some(ItemDetail {
            row,
            feed,
            id: Sha1Hash(id),
            identity: identity(feed, &minimal),
            attempts,
            request: batch.map(|batch| request(&self.connection, batch)).transpose()?.flatten(),
            sent: kept.map(|(payload, place)| sent(&self.connection, payload, place)).transpose()?.flatten(),
        }))
    }
}

/// The states before the present one, newest first.
fn earlier(connection: &Connection, number: ItemNumber) -> rusqlite::Result<Vec<ItemAttempt>> {
    let sql = "SELECT at, status, error, code, request_id FROM attempts WHERE item = ?1 ORDER BY at DESC";
    let mut select = connection.prepare_cached(sql)?;
    let attempts = select.query_map([number.0], |row| {
        let status = row.get(1)?;
        let text = |text: Option<String>| text.map(SafeText::from);
        Ok(ItemAttempt {
            at: moment(row.get(0)?),
            state: state_of_status(Some(status)),
            status,
            error: text(row.get(2)?).unwrap_or_default(),
            code: text(row.get(3)?).unwrap_or_default(),
            request_id: text(row.get(4)?),
        })
    })?;
    attempts.collect()
}

/// A request of the journal, if it is still there.
fn request(connection: &Connection, batch: i64) -> rusqlite::Result<Option<LastRequest>> {
    let sql = "SELECT sent_at, attempt, items, status, answered_at IS NOT NULL FROM batches WHERE id = ?1";
    let request = connection.query_row(sql, [batch], |row| {
        Ok(LastRequest {
            sent_at: moment(row.get(0)?),
            number: row.get(1)?,
            items: u64::try_from(row.get::<_, i64>(2)?).unwrap_or_default(),
            status: row.get(3)?,
            is_over: row.get(4)?,
        })
    });
    request.optional()
}

/// What was sent of an item, if it is kept. A body that cannot be read any more is one that is not kept.
pub(super) fn sent(connection: &Connection, payload: i64, place: i64) -> rusqlite::Result<Option<(Timestamp, Value)>> {
    let sql = "SELECT sent_at, gzip FROM payloads JOIN bodies ON payload = id WHERE id = ?1";
    let kept = connection.query_row(sql, [payload], |row| Ok((moment(row.get(0)?), row.get::<_, Vec<u8>>(1)?)));
    let Some((at, gzip)) = kept.optional()? else { return Ok(None) };
    let mut body = Vec::new();
    if GzDecoder::new(&gzip[..]).read_to_end(&mut body).is_err() {
        return Ok(None);
    }
    // A body may hold hundreds of items; only the one is taken apart.
    let items: Vec<&RawValue> = serde_json::from_slice(&body).unwrap_or_default();
    let item = usize::try_from(place).ok().and_then(|place| items.get(place));
    Ok(item.and_then(|item| serde_json::from_str(item.get()).ok()).map(|item| (at, item)))
}

/// The fields by which the service and the shop know the item. The minimal payload holds them, but for a few.
fn identity(feed: Feed, minimal: &[u8]) -> Vec<(SafeText, SafeText)> {
    let item: Value = serde_json::from_slice(minimal).unwrap_or_default();
    let mut identity = Vec::new();
    let mut add = |name: &str, value: &Value| {
        let text = match value {
            Value::String(text) => SafeText::new(text),
            Value::Number(number) => SafeText::from(number.to_string()),
            _ => return,
        };
        let name = SafeText::new(name);
        if identity.iter().all(|(known, _)| *known != name) {
            identity.push((name, text));
        }
    };
    for pointer in feed.identity().iter().chain(feed.wire_ids()) {
        if let Some(value) = item.pointer(pointer) {
            add(pointer.rsplit('/').next().unwrap_or_default(), value);
        }
    }
    // Where the minimal payload is the whole item, the rest of it is not an identity.
    let rest = feed.minimal().iter().filter_map(|name| Some((*name, item.get(*name)?)));
    rest.for_each(|(name, value)| add(name, value));
    identity
}

fn moment(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}
