//! The items of Adobe's exporter, kept in a temporary database on disk until ours come by: memory does not grow with them.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use crate::connector::temporary;
use crate::domain::Feed;
use crate::error::Problem;

const TABLES: &str = "
    CREATE TABLE theirs (feed TEXT, id TEXT, item TEXT, is_whole INTEGER, is_gone INTEGER, is_accepted INTEGER, at INTEGER,
        PRIMARY KEY (feed, id)) WITHOUT ROWID;
    BEGIN";

const COLUMNS: &str = "item, is_whole, is_gone, is_accepted, at";

/// An item of Adobe's exporter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Their {
    pub item: Value,
    /// Whether all of it is known, or only what a deletion is made of.
    pub is_whole: bool,
    /// Whether it is gone from the shop, and the service was not brought to delete it yet.
    pub is_gone: bool,
    /// Whether the service accepted it as it is. Of an item in a file that is not known.
    pub is_accepted: bool,
    /// When it was answered.
    pub at: Timestamp,
}

impl Their {
    /// An item of a file.
    pub fn in_file(item: Value) -> Self {
        Self { item, is_whole: true, is_gone: false, is_accepted: false, at: Timestamp::UNIX_EPOCH }
    }
}

#[derive(Debug)]
pub(super) struct Theirs {
    connection: Connection,
}

impl Theirs {
    pub fn new() -> Result<Self, Problem> {
        let connection = temporary::open().map_err(failed)?;
        connection.execute_batch(TABLES).map_err(failed)?;
        Ok(Self { connection })
    }

    pub fn put(&self, feed: Feed, id: &str, their: &Their) -> Result<(), Problem> {
        let sql = "REPLACE INTO theirs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let mut put = self.connection.prepare_cached(sql).map_err(failed)?;
        let Their { item, is_whole, is_gone, is_accepted, at } = their;
        let values = params![feed.name(), id, item.to_string(), is_whole, is_gone, is_accepted, at.as_millisecond()];
        put.execute(values).map(drop).map_err(failed)
    }

    /// Takes an item out; `None` if there is none.
    pub fn take(&self, feed: Feed, id: &str) -> Result<Option<Their>, Problem> {
        let sql = format!("DELETE FROM theirs WHERE feed = ?1 AND id = ?2 RETURNING {COLUMNS}");
        let mut take = self.connection.prepare_cached(&sql).map_err(failed)?;
        take.query_row([feed.name(), id], their).optional().map_err(failed)
    }

    /// How many whole items of a feed are left, and the identities of the first.
    pub fn left(&self, feed: Feed, examples: usize) -> Result<(u64, Vec<String>), Problem> {
        let rest = "FROM theirs WHERE feed = ?1 AND is_whole AND NOT is_gone";
        let count = self
            .connection
            .query_row(&format!("SELECT COUNT(*) {rest}"), [feed.name()], |row| row.get::<_, i64>(0))
            .map_err(failed)?;
        let sql = format!("SELECT id {rest} ORDER BY id LIMIT ?2");
        let mut select = self.connection.prepare_cached(&sql).map_err(failed)?;
        let limit = i64::try_from(examples).unwrap_or(i64::MAX);
        let ids = select.query_map(params![feed.name(), limit], |row| row.get(0)).map_err(failed)?;
        let ids = ids.collect::<Result<Vec<String>, _>>().map_err(failed)?;
        Ok((u64::try_from(count).unwrap_or_default(), ids))
    }

    /// Hands every item of a feed that is left to `take`.
    pub fn each_left(&self, feed: Feed, take: &mut dyn FnMut(Their) -> Result<(), Problem>) -> Result<(), Problem> {
        let sql = format!("SELECT {COLUMNS} FROM theirs WHERE feed = ?1 ORDER BY id");
        let mut select = self.connection.prepare_cached(&sql).map_err(failed)?;
        let rows = select.query_map([feed.name()], their).map_err(failed)?;
        rows.map(|row| row.map_err(failed)).try_for_each(|row| take(row?))
    }
}

fn their(row: &Row<'_>) -> rusqlite::Result<Their> {
    Ok(Their {
        // It was JSON when it was put there.
        item: serde_json::from_str(&row.get::<_, String>(0)?).unwrap_or_default(),
        is_whole: row.get(1)?,
        is_gone: row.get(2)?,
        is_accepted: row.get(3)?,
        at: Timestamp::from_millisecond(row.get(4)?).unwrap_or_default(),
    })
}

#[allow(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn failed(error: rusqlite::Error) -> Problem {
    temporary::failed("the comparison", &error)
}
