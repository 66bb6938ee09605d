//! The items of Adobe's exporter, kept in a temporary database on disk until ours come by: memory does not grow with them.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use crate::domain::Feed;
use crate::error::{Exit, Problem};

const TABLES: &str = "
    CREATE TABLE theirs (feed TEXT, id TEXT, item TEXT, PRIMARY KEY (feed, id)) WITHOUT ROWID;
    BEGIN";

#[derive(Debug)]
pub(super) struct Theirs {
    connection: Connection,
}

impl Theirs {
    pub fn new() -> Result<Self, Problem> {
        // An empty name: a file of its own in the directory for temporary files, which nobody else can open.
        let connection = Connection::open("").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "OFF").map_err(failed)?;
        connection.pragma_update(None, "journal_mode", "OFF").map_err(failed)?;
        connection.execute_batch(TABLES).map_err(failed)?;
        Ok(Self { connection })
    }

    pub fn put(&self, feed: Feed, id: &str, item: &Value) -> Result<(), Problem> {
        let mut put = self.connection.prepare_cached("REPLACE INTO theirs VALUES (?1, ?2, ?3)").map_err(failed)?;
        put.execute(params![feed.name(), id, item.to_string()]).map(drop).map_err(failed)
    }

    /// Takes an item out; `None` if there is none.
    pub fn take(&self, feed: Feed, id: &str) -> Result<Option<Value>, Problem> {
        let sql = "DELETE FROM theirs WHERE feed = ?1 AND id = ?2 RETURNING item";
        let mut take = self.connection.prepare_cached(sql).map_err(failed)?;
        let text: Option<String> = take.query_row([feed.name(), id], |row| row.get(0)).optional().map_err(failed)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// How many items of a feed are left, and the identities of the first.
    pub fn left(&self, feed: Feed, examples: usize) -> Result<(u64, Vec<String>), Problem> {
        let count = self
            .connection
            .query_row("SELECT COUNT(*) FROM theirs WHERE feed = ?1", [feed.name()], |row| row.get::<_, i64>(0))
            .map_err(failed)?;
        let sql = "SELECT id FROM theirs WHERE feed = ?1 ORDER BY id LIMIT ?2";
        let mut select = self.connection.prepare_cached(sql).map_err(failed)?;
        let limit = i64::try_from(examples).unwrap_or(i64::MAX);
        let ids = select.query_map(params![feed.name(), limit], |row| row.get(0)).map_err(failed)?;
        let ids = ids.collect::<Result<Vec<String>, _>>().map_err(failed)?;
        Ok((u64::try_from(count).unwrap_or_default(), ids))
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn failed(error: rusqlite::Error) -> Problem {
    Problem::new(Exit::Other, format!("the temporary database of the comparison failed: {error}"))
        .hint("free some space in the directory for temporary files, or name another in the variable TMPDIR")
}
