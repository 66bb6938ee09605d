//! The file itself: its tables, its version, its permissions, and how it is opened.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior};

use super::{LedgerError, identity_table, paths};
use crate::domain::DataSpaceId;
use crate::private_file;

/// What to do about a format that this program cannot use.
const OTHER_VERSION: &str = "use that version, or set another directory with --state-dir";

/// The version of the tables below, in `PRAGMA user_version`.
pub(super) const VERSION: i64 = 9;

/// The oldest version that is brought up to date when it is opened; those before it were never released.
pub(super) const OLDEST: i64 = 7;

/// From version 7 on, `hours` counts each feed by itself, since another node may count another one at the same time.
const FROM_7: &str = "
ALTER TABLE hours RENAME TO hours_of_all;
CREATE TABLE hours (
    hour        INTEGER NOT NULL,
    feed        INTEGER NOT NULL,
    sent        INTEGER NOT NULL,
    PRIMARY KEY (hour, feed)
) STRICT, WITHOUT ROWID;
INSERT INTO hours SELECT hour, 0, sent FROM hours_of_all;
DROP TABLE hours_of_all;
";

/// From version 8 on, only some feeds have their identities in the table.
const FROM_8: &str = "DROP TABLE identified;";

/// How long a statement waits for another process that writes the same file: a run of another feed commits within
/// milliseconds, a slow disk within seconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);

/// How often a file is tried again that another process is making.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The page cache, in KiB (negative is SQLite's way to say KiB). Items are compared and appended in order, so a larger one makes nothing faster
/// (measured with 16 MiB).
const CACHE_KIB: i64 = -8 * 1024;

/// How many pages of 4 KiB the write-ahead log holds before it is folded in: 16 MB, four times SQLite's own measure, since a page
/// that was written many times meanwhile is folded in once.
const CHECKPOINT_PAGES: i64 = 4_000;

/// The write-ahead log is cut back to this many bytes once it was folded in, so that one big run does not keep the disk.
const WAL_LIMIT_BYTES: i64 = 16 * 1024 * 1024;

/// `items.id` is the bit in a run's row set; rows are appended, and written again once, with their answer. `items.feed_id` is what
/// the service knows an item by (see `Feed::wire_ids`); `items_label` finds it, or `identities` (see `identity_table`). Nearly all items are
/// accepted and stay so, and the indexes of states leave those out: `items_open` has what is not accepted, `items_gone` the accepted
/// deletions. `items_source` finds the items of a source record, in the order in which a source is read; with `items_label` and
/// `items_batch` it gives the orders in which items are listed. `items.batch` is the last journal entry the item travelled in and that
/// has an answer; NULL = it never left. `items.payload` and `items.place` say which kept payload holds the item as it left last, and
/// at which place of its array; NULL = not kept. `batches.rows` are the rows that travel in a request, as long as some of them have
/// no state by it: JSON, a list of ranges, first and last row, in the order of the body; `batches.payload` is what is kept of it. An
/// item in such a request may have left, whatever its own row says (see `journal`). `payloads.items` counts the items that point
/// there; its id is never given twice, so that a pointer to what was dropped finds nothing. A body is a row of its own, because a
/// change of the count would write it again. `attempts` holds
/// what an item's state was before the present one. `logs` says up to which version a feed has followed a change log
/// (`log` is the feed whose log it is), and which entries it read last. `gaps` holds stretches below the cursor in which versions
/// were missing, how many entries were there, since when (by the database server's clock), and how often they were looked at.
/// `signs` holds what shaped a feed when it was compared. `rechecks` are groups of keys that are compared again until Commerce's
/// indexes have passed their `marks`; a key is in its newest group only. `shown` is which product ever showed which.
/// `rounds` holds how far the rolling compare of each feed has come (see `rolling::Round`).
/// `deletions` counts what was deleted when, for a day, and `held` says of which feeds deletions (`what` 0) or changes (1) are held
/// back. `items_gone` finds the settled deletions that are old enough to be dropped.
/// `filled` holds the tables (or files) that a feed was read from and that had something in them at its last compare, and since when they were found
/// empty. `runs` is the run history: `owner` and `outcome` are JSON, `feeds` is a JSON array of feed numbers; what stands behind them is
/// NULL until the run has ended. `batch_sizes` says how many items a request of a feed may have, and which size was refused when.
/// `hours` counts the items of each feed accepted in each hour since 1970; feed 0 is all of them, from before feeds were counted.
const TABLES: &str = "
CREATE TABLE items (
    id          INTEGER PRIMARY KEY,
    feed        INTEGER NOT NULL,
    source_id   INTEGER,
    feed_id     BLOB    NOT NULL,
    hash        BLOB    NOT NULL,
    deleted     INTEGER NOT NULL,
    status      INTEGER,
    batch       INTEGER,
    payload     INTEGER,
    place       INTEGER,
    modified_at INTEGER NOT NULL,
    label       TEXT    NOT NULL,
    minimal     BLOB    NOT NULL,
    error       TEXT,
    code        TEXT,
    request_id  TEXT
) STRICT;
CREATE INDEX items_source ON items (feed, source_id);
CREATE INDEX items_label ON items (feed, label);
CREATE INDEX items_batch ON items (feed, batch);
CREATE INDEX items_open ON items (feed, status, deleted) WHERE status IS NOT 200;
CREATE INDEX items_gone ON items (feed, modified_at) WHERE deleted = 1 AND status = 200;
CREATE TABLE identities (
    feed        INTEGER NOT NULL,
    key         BLOB    NOT NULL,
    id          INTEGER NOT NULL,
    PRIMARY KEY (feed, key, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE batches (
    id          INTEGER PRIMARY KEY,
    run         INTEGER NOT NULL,
    feed        INTEGER NOT NULL,
    items       INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    sent_at     INTEGER NOT NULL,
    answered_at INTEGER,
    status      INTEGER,
    request_id  TEXT,
    payload     INTEGER,
    rows        TEXT
) STRICT;
CREATE INDEX batches_open ON batches (feed) WHERE rows IS NOT NULL;
CREATE TABLE feeds (
    feed         INTEGER PRIMARY KEY,
    last_full    INTEGER NOT NULL,
    last_partial INTEGER
) STRICT;
CREATE TABLE logs (
    feed        INTEGER NOT NULL,
    log         INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    cursor      INTEGER NOT NULL,
    tail        TEXT    NOT NULL,
    PRIMARY KEY (feed, log)
) STRICT, WITHOUT ROWID;
CREATE TABLE gaps (
    feed        INTEGER NOT NULL,
    log         INTEGER NOT NULL,
    after       INTEGER NOT NULL,
    last        INTEGER NOT NULL,
    present     INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    looks       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (feed, log, after, last)
) STRICT, WITHOUT ROWID;
CREATE TABLE deletions (
    feed        INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    items       INTEGER NOT NULL,
    PRIMARY KEY (feed, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE held (
    feed        INTEGER NOT NULL,
    what        INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    items       INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    PRIMARY KEY (feed, what)
) STRICT, WITHOUT ROWID;
CREATE TABLE filled (
    feed        INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    empty_since INTEGER,
    PRIMARY KEY (feed, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE rounds (
    feed        INTEGER PRIMARY KEY,
    started_at  INTEGER NOT NULL,
    stepped_at  INTEGER NOT NULL,
    waited      INTEGER NOT NULL,
    position    INTEGER,
    total       INTEGER,
    records     INTEGER NOT NULL,
    spent       INTEGER NOT NULL,
    credit      INTEGER NOT NULL,
    cost        INTEGER,
    took        INTEGER,
    is_late     INTEGER NOT NULL
) STRICT;
CREATE TABLE signs (
    feed        INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    details     BLOB    NOT NULL,
    PRIMARY KEY (feed, name)
) STRICT;
CREATE TABLE rechecks (
    feed        INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    marks       TEXT    NOT NULL,
    PRIMARY KEY (feed, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE recheck_keys (
    feed        INTEGER NOT NULL,
    key         INTEGER NOT NULL,
    recheck     INTEGER NOT NULL,
    PRIMARY KEY (feed, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE shown (
    shown       INTEGER NOT NULL,
    holder      INTEGER NOT NULL,
    is_part     INTEGER NOT NULL,
    PRIMARY KEY (shown, holder, is_part)
) STRICT, WITHOUT ROWID;
CREATE INDEX shown_parts ON shown (holder) WHERE is_part = 1;
CREATE TABLE meta (
    name        TEXT PRIMARY KEY,
    value       TEXT NOT NULL
) STRICT;
CREATE TABLE attempts (
    item        INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    status      INTEGER NOT NULL,
    error       TEXT,
    code        TEXT,
    request_id  TEXT,
    PRIMARY KEY (item, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    started_at  INTEGER NOT NULL,
    request     TEXT    NOT NULL,
    owner       TEXT    NOT NULL,
    feeds       TEXT    NOT NULL,
    ended_at    INTEGER,
    sent        INTEGER,
    failed      INTEGER,
    deleted     INTEGER,
    outcome     TEXT
) STRICT;
CREATE INDEX runs_time ON runs (started_at);
CREATE TABLE hours (
    hour        INTEGER NOT NULL,
    feed        INTEGER NOT NULL,
    sent        INTEGER NOT NULL,
    PRIMARY KEY (hour, feed)
) STRICT, WITHOUT ROWID;
CREATE TABLE batch_sizes (
    feed        INTEGER PRIMARY KEY,
    items       INTEGER NOT NULL,
    refused     INTEGER,
    refused_at  INTEGER
) STRICT;
CREATE TABLE payloads (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    feed        INTEGER NOT NULL,
    sent_at     INTEGER NOT NULL,
    items       INTEGER NOT NULL
) STRICT;
CREATE INDEX payloads_unused ON payloads (feed) WHERE items <= 0;
CREATE TABLE bodies (
    payload     INTEGER PRIMARY KEY,
    gzip        BLOB    NOT NULL
) STRICT;
";

/// Opens the ledger for writing, and makes it if it is not there.
pub(super) fn open_writable(path: &Path, data_space: &DataSpaceId) -> Result<Connection, LedgerError> {
    paths::make(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection =
        Connection::open_with_flags(path, flags).map_err(|error| LedgerError::of_sqlite(path, &error))?;
    let begun = Instant::now();
    loop {
        match prepare_writable(&mut connection, data_space) {
            Ok(()) => break,
            // Two runs that make the file at the same time: SQLite does not wait where it changes to the log.
            Err(error) if is_busy(&error) && begun.elapsed() < BUSY_TIMEOUT => std::thread::sleep(LOOK_AGAIN),
            Err(error) => return Err(LedgerError::of_sqlite(path, &error)),
        }
    }
    check(&connection, path, data_space)?;
    Ok(connection)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Opens an existing ledger for reading only; works while a run writes. `None` if it has no tables yet: the run that makes
/// it has only just begun. What a run left unfinished that died while it made the file is rolled back first.
pub(super) fn open_read_only(path: &Path, data_space: &DataSpaceId) -> Result<Option<Connection>, LedgerError> {
    let sqlite = |error: rusqlite::Error| LedgerError::of_sqlite(path, &error);
    paths::check(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(sqlite)?;
    match version(&connection) {
        Ok(0) => return Ok(None),
        Ok(found) if is_earlier(found) => drop(open_writable(path, data_space)?),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => drop(open_writable(path, data_space)?),
        Ok(_) => {}
        Err(error) => return Err(sqlite(error)),
    }
    check(&connection, path, data_space)?;
    Ok(Some(connection))
}

/// An empty ledger that is nowhere: what a dry run compares with before the first real one.
pub(super) fn open_nowhere(path: &Path, data_space: &DataSpaceId) -> Result<Connection, LedgerError> {
    let made = Connection::open_in_memory().and_then(|connection| {
        create_tables(&connection, data_space)?;
        Ok(connection)
    });
    made.map_err(|error| LedgerError::of_sqlite(path, &error))
}

fn prepare_writable(connection: &mut Connection, data_space: &DataSpaceId) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL syncs the log at every commit. With NORMAL a power cut could take back an intent after its batch was sent;
    // the item would then look as the service knew it before, and its change would never be sent again.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // The log is folded in by the commit that makes it this long: the log is synced before, the file after, and only then is
    // the log begun again. A longer log makes fewer of these pauses and a slower start after a crash.
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    // A page whose insides do not fit together is an error when it is read, and not a wrong answer.
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    connection.pragma_update(None, "journal_size_limit", WAL_LIMIT_BYTES)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match version(&transaction)? {
        0 => create_tables(&transaction, data_space)?,
        found if is_earlier(found) => bring_up_to_date(&transaction, found)?,
        // This one; or another, which whoever opens it refuses.
        _ => {}
    }
    transaction.commit()
}

/// Whether a ledger of this version is brought up to date.
fn is_earlier(found: i64) -> bool {
    (OLDEST..VERSION).contains(&found)
}

fn bring_up_to_date(connection: &Connection, found: i64) -> rusqlite::Result<()> {
    if found < 8 {
        connection.execute_batch(FROM_7)?;
    }
    connection.execute_batch(FROM_8)?;
    identity_table::index_all(connection)?;
    connection.pragma_update(None, "user_version", VERSION)
}

fn create_tables(connection: &Connection, data_space: &DataSpaceId) -> rusqlite::Result<()> {
    connection.execute_batch(TABLES)?;
    connection.execute("INSERT INTO meta (name, value) VALUES ('data_space', ?1)", [data_space.as_str()])?;
    connection.pragma_update(None, "user_version", VERSION)
}

pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Refuses a format that this program does not know yet.
pub(super) fn refuse_newer(found: i64, path: &Path) -> Result<(), LedgerError> {
    if found <= VERSION { Ok(()) } else { Err(other_format("a newer", found, path)) }
}

/// The same for an entry of the log that nodes share.
pub(super) fn other_format_in_log(found: i64, path: &Path) -> LedgerError {
    let reason = format!(
        "a node with another version of this program has written to it (format {found}; this one uses {VERSION})"
    );
    LedgerError::new(path, &reason, "install the same version on every node")
}

/// Refuses a format from before `oldest`.
pub(super) fn refuse_older(found: i64, oldest: i64, path: &Path) -> Result<(), LedgerError> {
    if found >= oldest { Ok(()) } else { Err(other_format("an older", found, path)) }
}

fn other_format(who: &str, found: i64, path: &Path) -> LedgerError {
    let reason = format!("it was written by {who} version of this program (format {found}; this one uses {VERSION})");
    LedgerError::new(path, &reason, OTHER_VERSION)
}

/// A ledger of a newer program, or one that was copied over from another data space, would make this run lie.
fn check(connection: &Connection, path: &Path, data_space: &DataSpaceId) -> Result<(), LedgerError> {
    let sqlite = |error: rusqlite::Error| LedgerError::of_sqlite(path, &error);
    let found = version(connection).map_err(sqlite)?;
    refuse_newer(found, path)?;
    refuse_older(found, VERSION, path)?;
    let owner: Option<String> = connection
        .query_row("SELECT value FROM meta WHERE name = 'data_space'", [], |row| row.get(0))
        .optional()
        .map_err(sqlite)?;
    match owner {
        Some(owner) if owner == data_space.as_str() => Ok(()),
        Some(owner) => Err(LedgerError::new(
            path,
            &format!("it belongs to another data space ({owner})"),
            "move the file away and run again; every item is then resent, which does no harm",
        )),
        None => Err(LedgerError::Damaged {
            path: private_file::safe(path),
            reason: "it does not name its data space".into(),
        }),
    }
}
