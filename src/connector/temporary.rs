//! Temporary databases: what would need memory with every item is kept on disk, in a file that `SQLite` deletes by itself.

use rusqlite::Connection;

use crate::error::{Exit, Problem};

/// An empty one, in the directory for temporary files. It need not survive anything.
pub(super) fn open() -> rusqlite::Result<Connection> {
    // An empty name: a file of its own, which nobody else can open.
    let connection = Connection::open("")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "journal_mode", "OFF")?;
    Ok(connection)
}

/// What is said when that of a task, such as `lint`, fails.
pub(super) fn failed(task: &str, error: &rusqlite::Error) -> Problem {
    Problem::new(Exit::Other, format!("the temporary database of {task} failed: {error}"))
        .hint("free some space in the directory for temporary files, or name another in the variable TMPDIR")
}
