//! What the ledger says after a kill: read from a copy, for looking at it must not mend it before the next run does.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};
use serde_json::json;

/// A ledger, as the next run will find it.
pub struct Journal {
    connection: Connection,
    _copy: tempfile::TempDir,
}

impl Journal {
    /// A copy of the ledger in a state directory; `None` if there are no tables in it yet.
    pub fn look(state: &Path) -> Option<Self> {
        let copy = tempfile::tempdir().expect("a directory");
        let mut ledger = None;
        for entry in fs::read_dir(state.join("ledger")).ok()? {
            let path = entry.expect("an entry").path();
            let to = copy.path().join(path.file_name().expect("a name"));
            if to.extension().is_some_and(|end| end == "sqlite3") {
                ledger = Some(to.clone());
            }
            fs::copy(path, to).expect("copied");
        }
        let connection = Connection::open(ledger?).expect("opened");
        let sound: String = connection.pragma_query_value(None, "integrity_check", |row| row.get(0)).expect("checked");
        assert_eq!(sound, "ok", "SQLite itself finds the ledger damaged");
        let tables = connection.query_row("SELECT 1 FROM sqlite_schema WHERE name = 'batches'", [], |_| Ok(()));
        tables.optional().expect("read")?;
        Some(Self { connection, _copy: copy })
    }

    /// Requests that were journaled.
    pub fn requests(&self) -> u64 {
        self.number("SELECT coalesce(max(id), 0) FROM batches")
    }

    /// Items in requests whose answer is not known: they may have arrived, and are sent again.
    pub fn items_without_answer(&self) -> u64 {
        self.number("SELECT coalesce(sum(items), 0) FROM batches WHERE status IS NULL")
    }

    /// The gateway's keys of products that are to be sent, but did not leave since that was written down.
    pub fn intended_products(&self) -> Vec<String> {
        let mut select = self
            .connection
            .prepare(
                "SELECT label FROM items i LEFT JOIN batches b ON b.id = i.batch
                 WHERE i.feed = 5 AND i.status IS NOT 200 AND (b.id IS NULL OR b.status IS NOT NULL)
                   AND NOT EXISTS (
                       SELECT 1 FROM batches w JOIN json_each(w.rows) r
                       WHERE w.feed = 5 AND w.status IS NULL
                         AND i.id BETWEEN r.value ->> '$[0]' AND r.value ->> '$[1]')",
            )
            .expect("prepared");
        let labels = select.query_map([], |row| row.get::<_, String>(0)).expect("read");
        labels.map(|label| json!(label.expect("a label").split(" · ").collect::<Vec<_>>()).to_string()).collect()
    }

    /// Items whose state is not final.
    pub fn unsettled(&self) -> u64 {
        self.number("SELECT count(*) FROM items WHERE status IS NOT 200")
    }

    fn number(&self, query: &str) -> u64 {
        self.connection.query_row(query, [], |row| row.get::<_, i64>(0)).expect("a number").unsigned_abs()
    }
}
