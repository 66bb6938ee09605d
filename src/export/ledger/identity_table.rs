//! Which row has an identity, as the file knows it.
//!
//! Identities are hashes, so an index of them is written at a random place, that is a page, for each item. Nearly all items need
//! none: their label is their identity in words, and the index of labels finds them. Items that the service knows by other ids
//! (see [`Feed::wire_ids`]) keep their identity when their label changes, so these alone are in the table `identities`; they are
//! categories, websites and customer groups.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, ToSql, params, params_from_iter};

use super::feed_code;
use crate::domain::Feed;
use crate::feeds::item::Sha1Hash;

/// How many bytes of an identity are kept in the table and in memory: enough that two are hardly ever alike; the row has all of it.
const KEY_BYTES: usize = 8;

/// The first bytes of an identity.
pub(super) type Key = [u8; KEY_BYTES];

/// The first bytes of an identity. Made here and not by a statement, which SQLite would then compile anew each time.
pub(super) fn key(id: &Sha1Hash) -> Key {
    // An identity is longer than a key.
    id.0.first_chunk().copied().unwrap_or_default()
}

/// Whether the items of a feed are in the table.
fn has_table(feed: Feed) -> bool {
    !feed.wire_ids().is_empty()
}

/// Puts the row of an identity into the table, if its feed is there.
pub(super) fn put(connection: &Connection, feed: Feed, id: &Sha1Hash, row: i64) -> rusqlite::Result<()> {
    if !has_table(feed) {
        return Ok(());
    }
    let mut insert = connection.prepare_cached("INSERT INTO identities VALUES (?1, ?2, ?3)")?;
    insert.execute(params![feed_code(feed), key(id), row]).map(drop)
}

/// That an item is of a feed that is in the table, as SQL.
pub(super) fn is_of_table() -> String {
    let feeds = Feed::ALL.into_iter().filter(|feed| has_table(*feed));
    let codes: Vec<String> = feeds.map(|feed| feed_code(feed).to_string()).collect();
    format!("feed IN ({})", codes.join(","))
}

/// The row of an identity, which in words is this label.
pub(super) fn find(connection: &Connection, feed: Feed, id: Sha1Hash, label: &str) -> rusqlite::Result<Option<i64>> {
    let feed_code = feed_code(feed);
    let found = if has_table(feed) {
        let mut select = connection.prepare_cached(
            "SELECT i.id FROM identities k CROSS JOIN items i
             WHERE k.feed = ?1 AND k.key = ?2 AND i.id = k.id AND i.feed = ?1 AND i.feed_id = ?3",
        )?;
        select.query_row(params![feed_code, key(&id), id.0], |row| row.get(0))
    } else {
        let sql = "SELECT id FROM items INDEXED BY items_label WHERE feed = ?1 AND label = ?2 AND feed_id = ?3";
        connection.prepare_cached(sql)?.query_row(params![feed_code, label, id.0], |row| row.get(0))
    };
    found.optional()
}

/// Whether nothing is recorded of a feed.
pub(super) fn has_none(connection: &Connection, feed: Feed) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM items INDEXED BY items_source WHERE feed = ?1";
    connection.prepare_cached(sql)?.exists([feed_code(feed)]).map(|has_some| !has_some)
}

/// Forgets the identities of a feed.
pub(super) fn forget(connection: &Connection, feed: Feed) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM identities WHERE feed = ?1", [feed_code(feed)]).map(drop)
}

/// What the table holds of rows, as SQL that a further condition may follow.
static OF_ROWS: LazyLock<String> =
    LazyLock::new(|| format!("SELECT feed, substr(feed_id, 1, {KEY_BYTES}), id FROM items WHERE {}", is_of_table()));
static PUT_ROW: LazyLock<String> =
    LazyLock::new(|| format!("INSERT OR IGNORE INTO identities {} AND id = ?1", *OF_ROWS));
static DROP_ROW: LazyLock<String> =
    LazyLock::new(|| format!("DELETE FROM identities WHERE (feed, key, id) IN ({} AND id = ?1)", *OF_ROWS));

/// Puts the identity of a row that was written elsewhere into the table.
pub(super) fn put_row(connection: &Connection, row: &[impl ToSql]) -> rusqlite::Result<()> {
    connection.prepare_cached(&PUT_ROW)?.execute(params_from_iter(row)).map(drop)
}

/// Takes the identity of a row out, before the row is deleted.
pub(super) fn drop_row(connection: &Connection, row: &[impl ToSql]) -> rusqlite::Result<()> {
    connection.prepare_cached(&DROP_ROW)?.execute(params_from_iter(row)).map(drop)
}

/// Fills the table from all rows.
pub(super) fn index_all(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!("DELETE FROM identities; INSERT INTO identities {} ORDER BY 1, 2, 3", *OF_ROWS))
}
