//! Whether a ledger can be believed: SQLite's own check of the file, and what must be true of its contents. Only looks.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use super::{LedgerError, feed_of_code, identity_table, path_of, paths, schema};
use crate::domain::{DataSpaceId, Feed};
use crate::format::counted;
use crate::untrusted::SafeText;

/// How many words of SQLite's check are kept: one bad page has hundreds of consequences.
const WORDS_KEPT: usize = 10;

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkup {
    /// The file.
    pub path: PathBuf,
    /// Its size with its log, in bytes.
    pub bytes: u64,
    /// The items of each feed, deleted ones included.
    pub items: Vec<(Feed, u64)>,
    /// Requests whose answer is not recorded, and the items in them: on their way now, or cut off by the end of a run. The
    /// next run sends these items again.
    pub unanswered: (u64, u64),
    /// Items whose last change is dated after now: a clock was wrong. Times are only shown, so nothing follows from it.
    pub ahead: u64,
    /// What must not be.
    pub flaws: Vec<Flaw>,
}

/// Something that must not be in a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// The file is damaged, in SQLite's words.
    Damaged(SafeText),
    /// So many items count as sent, though the request in which they left last has no recorded answer.
    SentWithoutAnswer(u64),
    /// So many items left in requests that the journal never had.
    UnknownRequest(u64),
    /// So many items have fields that this program never writes.
    Senseless(u64),
    /// So many items are not found by their identity, or are there twice.
    Identity(u64),
    /// The place in a feed's change log makes no sense.
    Cursor(SafeText),
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Flaw::Damaged(words) => write!(f, "the file is damaged: {words}"),
            Flaw::SentWithoutAnswer(items) => {
                write!(f, "{} counted as sent without a recorded response", counted(*items, "item"))
            }
            Flaw::UnknownRequest(items) => {
                write!(f, "{} sent in requests that were never recorded", counted(*items, "item"))
            }
            Flaw::Senseless(items) => write!(f, "{} with invalid fields", counted(*items, "item")),
            Flaw::Identity(items) => write!(f, "{} not found by identity, or recorded twice", counted(*items, "item")),
            Flaw::Cursor(words) => write!(f, "invalid position in a change log: {words}"),
        }
    }
}

/// Checks the ledger of a data space; `None` if there is none. Reads all of it. Blocking.
///
/// # Errors
/// [`LedgerError`] if it cannot be opened, for another reason than damage, or is not this program's and this data space's.
pub fn check(state_dir: &Path, data_space: &DataSpaceId) -> Result<Option<Checkup>, LedgerError> {
    let path = path_of(state_dir, data_space);
    if !paths::is_there(&path)? {
        return Ok(None);
    }
    let mut checkup = Checkup {
        bytes: size(state_dir, data_space),
        path,
        items: Vec::new(),
        unanswered: (0, 0),
        ahead: 0,
        flaws: Vec::new(),
    };
    let looked = match schema::open_read_only(&checkup.path, data_space) {
        Ok(None) => return Ok(None),
        Ok(Some(connection)) => look(&connection, &mut checkup),
        Err(LedgerError::Damaged { reason, .. }) => {
            checkup.flaws.push(Flaw::Damaged(reason));
            return Ok(Some(checkup));
        }
        Err(error) => return Err(error),
    };
    match looked {
        Ok(()) => Ok(Some(checkup)),
        Err(error) if is_damage(&error) => {
            checkup.flaws.push(Flaw::Damaged(SafeText::new(&error.to_string())));
            Ok(Some(checkup))
        }
        Err(error) => Err(LedgerError::of_sqlite(&checkup.path, &error)),
    }
}

/// The size of a data space's ledger with its log, in bytes; 0 if there is none.
pub fn size(state_dir: &Path, data_space: &DataSpaceId) -> u64 {
    let path = path_of(state_dir, data_space);
    ["", "-wal"]
        .iter()
        .filter_map(|end| std::fs::metadata(paths::with_end(&path, end)).ok())
        .map(|meta| meta.len())
        .sum()
}

/// Whether SQLite's error says that the file is not what was written.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

/// All in one read transaction: a run may be writing.
fn look(connection: &Connection, checkup: &mut Checkup) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN")?;
    let mut integrity = connection.prepare(&format!("PRAGMA integrity_check({WORDS_KEPT})"))?;
    let words = integrity.query_map([], |row| row.get::<_, String>(0))?;
    for words in words {
        let words = words?;
        if words != "ok" {
            checkup.flaws.push(Flaw::Damaged(SafeText::new(&words)));
        }
    }
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    let flaws = [
        (
            "SELECT count(*) FROM items JOIN batches ON batches.id = items.batch
             WHERE items.status = 200 AND batches.answered_at IS NULL",
            Flaw::SentWithoutAnswer as fn(u64) -> Flaw,
        ),
        ("SELECT count(*) FROM items WHERE batch > (SELECT coalesce(max(id), 0) FROM batches)", Flaw::UnknownRequest),
        (
            "SELECT count(*) FROM items WHERE length(feed_id) <> 20 OR length(hash) <> 20 OR deleted NOT IN (0, 1)
             OR NOT json_valid(CAST(minimal AS TEXT))",
            Flaw::Senseless,
        ),
        (
            &format!(
                "SELECT (SELECT count(*) FROM items WHERE {of_table})
                        - (SELECT count(*) FROM identities k JOIN items i ON i.id = k.id
                           WHERE i.feed = k.feed AND substr(i.feed_id, 1, length(k.key)) = k.key)
                        + (SELECT count(*) FROM (SELECT 1 FROM items GROUP BY feed, feed_id HAVING count(*) > 1))",
                of_table = identity_table::is_of_table()
            ),
            Flaw::Identity,
        ),
    ];
    for (sql, flaw) in flaws {
        match number(sql)? {
            0 => {}
            items => checkup.flaws.push(flaw(items)),
        }
    }
    let unanswered = "SELECT count(*), coalesce(sum(items), 0) FROM batches WHERE answered_at IS NULL";
    checkup.unanswered = connection.query_row(unanswered, [], |row| {
        Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()))
    })?;
    let now = Timestamp::now().as_millisecond();
    let ahead = "SELECT count(*) FROM items WHERE modified_at > ?1";
    checkup.ahead = connection.query_row(ahead, params![now], |row| row.get::<_, i64>(0))?.unsigned_abs();
    look_at_feeds(connection, checkup)
}

fn look_at_feeds(connection: &Connection, checkup: &mut Checkup) -> rusqlite::Result<()> {
    let mut counts = connection.prepare("SELECT feed, count(*) FROM items GROUP BY feed")?;
    let mut rows = counts.query([])?;
    while let Some(row) = rows.next()? {
        let items = row.get::<_, i64>(1)?.unsigned_abs();
        match feed_of_code(row.get(0)?) {
            Some(feed) => checkup.items.push((feed, items)),
            None => checkup.flaws.push(Flaw::Senseless(items)),
        }
    }
    let cursors =
        "SELECT 'feed ' || feed || ', log ' || name || ', version ' || cursor FROM logs WHERE cursor < 0 LIMIT 1";
    let gaps = "SELECT 'feed ' || feed || ', versions up to ' || last || ' are missing above the position' FROM gaps g
                WHERE NOT EXISTS (SELECT 1 FROM logs l WHERE l.feed = g.feed AND l.log = g.log AND g.last <= l.cursor) LIMIT 1";
    for sql in [cursors, gaps] {
        let words: Option<String> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
        checkup.flaws.extend(words.map(|words| Flaw::Cursor(SafeText::new(&words))));
    }
    Ok(())
}
