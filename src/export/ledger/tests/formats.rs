//! Ledgers of other formats, and files that have no format yet.

use super::*;

#[test]
fn a_ledger_of_another_format_is_refused_and_stays_as_it_is() {
    for (format, who) in [(6, "an older version"), (10, "a newer version")] {
        let state = tempfile::tempdir().expect("a directory");
        drop(Store::open(state.path(), &space()).expect("made"));
        let path = path_of(state.path(), &space());
        let connection = rusqlite::Connection::open(&path).expect("open");
        connection.pragma_update(None, "user_version", format).expect("set");
        for error in [
            Store::open(state.path(), &space()).expect_err("refused"),
            LedgerReader::open(state.path(), &space()).expect_err("refused"),
        ] {
            assert!(error.to_string().contains(who), "{error}");
        }
        let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("read");
        assert_eq!(found, format);
    }
}

#[test]
fn a_ledger_of_an_earlier_format_is_brought_up_to_date_whoever_opens_it() {
    const FORMAT_7: &str = "DROP TABLE hours;
        CREATE TABLE hours (hour INTEGER PRIMARY KEY, sent INTEGER NOT NULL) STRICT;
        INSERT INTO hours VALUES (500000, 42);
        CREATE TABLE identified (feed INTEGER PRIMARY KEY, up_to INTEGER NOT NULL) STRICT;
        DELETE FROM identities; INSERT INTO identities VALUES (5, x'0102030405060708', 1);
        PRAGMA user_version = 7;";
    const FORMAT_8: &str = "DELETE FROM hours;
        INSERT INTO hours VALUES (500000, 0, 42);
        CREATE TABLE identified (feed INTEGER PRIMARY KEY, up_to INTEGER NOT NULL) STRICT;
        DELETE FROM identities;
        PRAGMA user_version = 8;";
    for (before, is_reader) in [(FORMAT_7, false), (FORMAT_7, true), (FORMAT_8, false), (FORMAT_8, true)] {
        let mut shop = Shop::new(Feed::Products);
        shop.deliver(&[product("a", "A")]);
        shop.feed = Feed::Categories;
        let (old, moved) = (category("3", "old"), category("3", "new"));
        shop.deliver(std::slice::from_ref(&old));
        let path = path_of(shop.state.path(), &space());
        let Shop { state, store, .. } = shop;
        drop(store);
        rusqlite::Connection::open(&path).expect("open").execute_batch(before).expect("as it was");
        if !is_reader {
            drop(Store::open(state.path(), &space()).expect("opened"));
        }
        let reader = LedgerReader::open(state.path(), &space()).expect("readable").expect("there");
        let submitted: Vec<u64> = reader.summary().expect("read").iter().map(|feed| feed.submitted).collect();
        assert_eq!(submitted, [1, 1]);
        let then = Timestamp::from_second(500_000 * 3600).expect("a time");
        assert_eq!(reader.sent_per_hour(then).expect("read").total(), 42);
        // What the service knows by another id than its label is found by that.
        let found = reader.sent_as(Feed::Categories, moved.id, &moved.label).expect("read").expect("found");
        assert_eq!(found.id, old.id);
        assert_eq!(check(state.path(), &space()).expect("checked").expect("there").flaws, []);
    }
}

#[test]
fn a_file_in_the_instant_before_its_first_tables_has_nothing_recorded() {
    for begun in ["", "PRAGMA journal_mode = WAL"] {
        let state = tempfile::tempdir().expect("a directory");
        let path = path_of(state.path(), &space());
        paths::make(&path).expect("made");
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

#[test]
fn runs_that_make_the_file_at_the_same_time_wait_for_each_other() {
    for _ in 0..30 {
        let state = tempfile::tempdir().expect("a directory");
        std::thread::scope(|scope| {
            let makers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| Store::open(state.path(), &space()).map(drop))).collect();
            for maker in makers {
                maker.join().expect("no panic").expect("made, or there");
            }
        });
    }
}
