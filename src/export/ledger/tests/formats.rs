//! Ledgers of older formats, and files that have no format yet.

use super::*;

/// The tables of format 1, as the first release made them.
const FORMAT_1: &str = "
CREATE TABLE items (
    id INTEGER PRIMARY KEY, feed INTEGER NOT NULL, feed_id BLOB NOT NULL, source_id INTEGER, label TEXT NOT NULL,
    minimal BLOB NOT NULL, wire INTEGER, hash BLOB NOT NULL, deleted INTEGER NOT NULL, status INTEGER, error TEXT, code TEXT,
    request_id TEXT, batch INTEGER, modified_at INTEGER NOT NULL, UNIQUE (feed, feed_id)
) STRICT;
CREATE INDEX items_state ON items (feed, status, deleted);
CREATE INDEX items_wire ON items (feed, wire) WHERE wire IS NOT NULL;
CREATE TABLE batches (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, feed INTEGER NOT NULL, items INTEGER NOT NULL, bytes INTEGER NOT NULL,
    attempt INTEGER NOT NULL, sent_at INTEGER NOT NULL, answered_at INTEGER, status INTEGER, request_id TEXT
) STRICT;
CREATE TABLE feeds (feed INTEGER PRIMARY KEY, last_sync INTEGER NOT NULL) STRICT;
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO meta VALUES ('data_space', 'space');
INSERT INTO feeds VALUES (5, 1800000000000);
PRAGMA user_version = 1;
";

/// What format 2 added to them.
const TO_FORMAT_2: &str = "
CREATE INDEX items_source ON items (feed, source_id);
ALTER TABLE feeds RENAME COLUMN last_sync TO last_full;
ALTER TABLE feeds ADD COLUMN last_partial INTEGER;
ALTER TABLE feeds ADD COLUMN log TEXT;
ALTER TABLE feeds ADD COLUMN log_cursor INTEGER;
CREATE TABLE gaps (
    feed INTEGER NOT NULL, version INTEGER NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (feed, version)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 2;
";

/// A state directory with a ledger file of these statements.
fn file_of(sql: &str) -> TempDir {
    let state = tempfile::tempdir().expect("a directory");
    let path = path_of(state.path(), &space());
    place::make(&path).expect("made");
    rusqlite::Connection::open(&path).expect("open").execute_batch(sql).expect(sql);
    state
}

/// A ledger of format 1 that has sent one product, with the key 7.
fn old_ledger() -> TempDir {
    ledger_of(FORMAT_1)
}

/// A ledger of these tables that has sent one product, with the key 7.
fn ledger_of(tables: &str) -> TempDir {
    let item = product("A", "a");
    let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    file_of(&format!(
        "{tables} INSERT INTO items VALUES (1, 5, x'{}', 7, 'A · default', x'{}', NULL, x'{}', 0, 200, NULL, NULL, NULL, 3, 0);",
        hex(&item.id.0),
        hex(&item.minimal),
        hex(&item.hash.0)
    ))
}

fn shape(state: &TempDir) -> Vec<String> {
    let connection = rusqlite::Connection::open(path_of(state.path(), &space())).expect("open");
    let mut select = connection
        .prepare("SELECT m.name || ' ' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c ORDER BY 1")
        .expect("prepared");
    let columns = select.query_map([], |row| row.get(0)).expect("read");
    let mut shape: Vec<String> = columns.map(|column| column.expect("text")).collect();
    let mut indexes = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' ORDER BY 1").expect("ok");
    shape.extend(indexes.query_map([], |row| row.get(0)).expect("read").map(|name| name.expect("text")));
    shape
}

#[test]
fn a_ledger_of_an_older_format_is_brought_forward_and_forgets_nothing() {
    for tables in [FORMAT_1.to_owned(), format!("{FORMAT_1} {TO_FORMAT_2}")] {
        let state = ledger_of(&tables);
        let mut store = Store::open(state.path(), &space()).expect("opened");
        store.begin_feed(Feed::Products, Resend::None).expect("begun");
        let compared = store.compare(vec![Entry::Whole(product("A", "a"))], now()).expect("compared");
        assert_eq!((compared.send.len(), compared.unchanged), (0, 1), "it was sent before");
        let followed = store.followed(Feed::Products).expect("read").expect("known");
        assert_eq!(followed, Followed { last_full: now(), log: None });
        drop(store);
        let new = tempfile::tempdir().expect("a directory");
        drop(Store::open(new.path(), &space()).expect("made"));
        assert_eq!(shape(&state), shape(&new), "the same tables as in a new one");
    }
}

#[test]
fn whoever_looks_first_brings_it_forward_and_sees_what_is_there() {
    let state = old_ledger();
    let reader = LedgerReader::open(state.path(), &space()).expect("readable").expect("there");
    let summary = reader.summary().expect("read");
    assert_eq!((summary[0].feed, summary[0].submitted, summary[0].last_sync), (Feed::Products, 1, Some(now())));
    let state = old_ledger();
    let store = Store::open_to_look(state.path(), &space()).expect("opened");
    assert!(!store.is_empty().expect("read"));
}

#[test]
fn a_migration_that_fails_leaves_the_old_ledger_as_it_was() {
    let state = old_ledger();
    let path = path_of(state.path(), &space());
    let connection = rusqlite::Connection::open(&path).expect("open");
    connection.execute_batch("CREATE TABLE gaps (in_the_way INTEGER)").expect("made");
    Store::open(state.path(), &space()).expect_err("a table is in the way");
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("read");
    assert_eq!(version, 1);
    let last: i64 = connection.query_row("SELECT last_sync FROM feeds", [], |row| row.get(0)).expect("as before");
    assert_eq!(last, 1_800_000_000_000);
    connection.execute_batch("DROP TABLE gaps").expect("dropped");
    Store::open(state.path(), &space()).expect("the way is free");
}

#[test]
fn a_file_in_the_instant_before_its_first_tables_has_nothing_recorded() {
    for begun in ["", "PRAGMA journal_mode = WAL"] {
        let state = tempfile::tempdir().expect("a directory");
        let path = path_of(state.path(), &space());
        place::make(&path).expect("made");
        if !begun.is_empty() {
            let connection = rusqlite::Connection::open(&path).expect("open");
            connection.pragma_update(None, "journal_mode", "WAL").expect("set");
        }
        assert!(LedgerReader::open(state.path(), &space()).expect("no error").is_none(), "{begun:?}");
        assert!(Store::open_to_look(state.path(), &space()).expect("opened").is_empty().expect("read"));
        drop(Store::open(state.path(), &space()).expect("made"));
        assert!(LedgerReader::open(state.path(), &space()).expect("no error").is_some());
    }
}

#[test]
fn whoever_looks_while_a_run_makes_the_file_sees_nothing_or_an_empty_ledger_and_never_an_error() {
    for _ in 0..30 {
        let state = tempfile::tempdir().expect("a directory");
        std::thread::scope(|scope| {
            let readers: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        while LedgerReader::open(state.path(), &space()).expect("no error").is_none() {
                            std::thread::yield_now();
                        }
                    })
                })
                .collect();
            drop(Store::open(state.path(), &space()).expect("made"));
            for reader in readers {
                reader.join().expect("read");
            }
        });
    }
}
