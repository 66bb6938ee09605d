//! The table of identities itself; see `identity`.

use rusqlite::{Connection, OptionalExtension, ToSql, params, params_from_iter};

use super::feed_code;
use crate::domain::Feed;
use crate::feeds::item::Sha1Hash;

/// The mark of a table that has the identities of all rows, whatever their numbers: other nodes add rows as well.
pub(super) const ALL: i64 = i64::MAX;

/// How many bytes of an identity the table holds: enough that two are hardly ever alike; the row has all of it.
const KEY_BYTES: usize = 8;

/// What the table holds of an identity.
pub(super) type Key = [u8; KEY_BYTES];

/// Up to which row the table has the identities of a feed.
pub(super) fn up_to(connection: &Connection, feed: Feed) -> rusqlite::Result<i64> {
    let mut select = connection.prepare_cached("SELECT up_to FROM identified WHERE feed = ?1")?;
    Ok(select.query_row([feed_code(feed)], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// Writes down up to which row it has them.
pub(super) fn keep_up_to(connection: &Connection, feed: Feed, up_to: i64) -> rusqlite::Result<()> {
    let mut keep = connection.prepare_cached("INSERT OR REPLACE INTO identified VALUES (?1, ?2)")?;
    keep.execute([feed_code(feed), up_to]).map(drop)
}

/// What the table holds of an identity. Made here and not by the statement, which SQLite would then compile anew each time.
pub(super) fn key(id: &Sha1Hash) -> Key {
    // An identity is longer than a key.
    id.0.first_chunk().copied().unwrap_or_default()
}

/// Puts an identity in; one whose key was taken in memory may be there since an earlier run.
pub(super) fn put(connection: &Connection, feed: Feed, key: Key, row: i64) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO identities VALUES (?1, ?2, ?3)")?;
    insert.execute(params![feed_code(feed), key, row]).map(drop)
}

/// Whether a row is that of this identity.
pub(super) fn is_row_of(connection: &Connection, feed: Feed, id: Sha1Hash, row: i64) -> rusqlite::Result<bool> {
    let mut select = connection.prepare_cached("SELECT 1 FROM items WHERE id = ?1 AND feed = ?2 AND feed_id = ?3")?;
    select.exists(params![row, feed_code(feed), id.0])
}

/// The row of an identity, if the table has it.
pub(super) fn in_table(connection: &Connection, feed: Feed, id: Sha1Hash) -> rusqlite::Result<Option<i64>> {
    let mut select = connection.prepare_cached(
        "SELECT i.id FROM identities k CROSS JOIN items i
         WHERE k.feed = ?1 AND k.key = ?2 AND i.id = k.id AND i.feed = ?1 AND i.feed_id = ?3",
    )?;
    select.query_row(params![feed_code(feed), key(&id), id.0], |row| row.get(0)).optional()
}

/// The row of an identity, from outside of a run: what the table does not have yet is looked for among the newest rows.
pub(super) fn find(connection: &Connection, feed: Feed, id: Sha1Hash) -> rusqlite::Result<Option<i64>> {
    if let Some(row) = in_table(connection, feed, id)? {
        return Ok(Some(row));
    }
    let sql = "SELECT id FROM items NOT INDEXED WHERE id > ?1 AND feed = ?2 AND feed_id = ?3";
    let mut select = connection.prepare_cached(sql)?;
    select.query_row(params![up_to(connection, feed)?, feed_code(feed), id.0], |row| row.get(0)).optional()
}

/// From now on rows come from other nodes as well: the table gets those of all that are there.
pub(super) fn share(connection: &Connection) -> rusqlite::Result<()> {
    index_all(connection)?;
    Feed::ALL.into_iter().try_for_each(|feed| keep_up_to(connection, feed, ALL))
}

/// Forgets the identities of a feed.
pub(super) fn forget(connection: &Connection, feed: Feed) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM identities WHERE feed = ?1", [feed_code(feed)])?;
    connection.execute("DELETE FROM identified WHERE feed = ?1 AND up_to <> ?2", [feed_code(feed), ALL]).map(drop)
}

/// Puts the identity of a row that another node wrote into the table.
pub(super) fn put_row(connection: &Connection, key: &[impl ToSql]) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT OR IGNORE INTO identities SELECT feed, substr(feed_id, 1, {KEY_BYTES}), id FROM items WHERE id = ?1"
    );
    connection.prepare_cached(&sql)?.execute(params_from_iter(key)).map(drop)
}

/// Takes the identity of a row out that another node deleted, before the row is.
pub(super) fn drop_row(connection: &Connection, key: &[impl ToSql]) -> rusqlite::Result<()> {
    let sql = format!(
        "DELETE FROM identities WHERE (feed, key, id) IN
             (SELECT feed, substr(feed_id, 1, {KEY_BYTES}), id FROM items WHERE id = ?1)"
    );
    connection.prepare_cached(&sql)?.execute(params_from_iter(key)).map(drop)
}

/// Fills the table from all rows, as a repair does that has made these.
pub(super) fn index_all(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("DELETE FROM identities; DELETE FROM identified")?;
    connection.execute(
        &format!(
            "INSERT INTO identities SELECT feed, substr(feed_id, 1, {KEY_BYTES}), id FROM items ORDER BY feed, feed_id, id"
        ),
        [],
    )?;
    connection.execute("INSERT INTO identified SELECT feed, max(id) FROM items GROUP BY feed", []).map(drop)
}
