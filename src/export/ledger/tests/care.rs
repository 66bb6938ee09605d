//! Check, repair and backup.

use std::io::{Read as _, Seek as _, Write as _};

use super::*;
use crate::export::ledger::repair::repair;

/// A closed ledger of so many sent products.
fn sent(products: usize) -> (TempDir, PathBuf) {
    let mut shop = Shop::new(Feed::Products);
    shop.in_one_commit();
    let items: Vec<FeedItem> = (0..products).map(|sku| product(&sku.to_string(), "a")).collect();
    shop.deliver(&items);
    shop.store.finish_full(Feed::Products, None, now()).expect("finished");
    shop.store.connection.execute_batch("COMMIT").expect("committed");
    let path = path_of(shop.state.path(), &space());
    (shop.state, path)
}

fn checked(state: &TempDir) -> Checkup {
    check(state.path(), &space()).expect("checked").expect("there")
}

fn mended(state: &TempDir, from: RepairFrom<'_>) -> Repaired {
    let repaired = repair(state.path(), &space(), from).expect("repaired").expect("something to do");
    assert_eq!(checked(state).flaws, []);
    repaired
}

/// Runs statements on the file behind the program's back.
fn tamper(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).expect("open").execute_batch(sql).expect(sql);
}

/// Writes over a part of the file.
fn spoil(path: &Path, from: u64, bytes: &[u8]) {
    let mut file = std::fs::OpenOptions::new().write(true).open(path).expect("open");
    file.seek(std::io::SeekFrom::Start(from)).expect("sought");
    file.write_all(bytes).expect("written");
}

#[test]
fn there_is_nothing_to_check_to_copy_or_to_repair_before_the_first_run() {
    let state = tempfile::tempdir().expect("a directory");
    assert_eq!(check(state.path(), &space()), Ok(None));
    assert_eq!(back_up(state.path(), &space(), &state.path().join("copy")), Ok(None));
    for from in [RepairFrom::Damaged, RepairFrom::Doubted] {
        assert_eq!(repair(state.path(), &space(), from), Ok(None));
    }
    assert_eq!(std::fs::read_dir(state.path()).expect("readable").count(), 0);
}

#[test]
fn a_sound_ledger_is_told_in_numbers_and_left_alone() {
    let mut shop = Shop::new(Feed::Products);
    shop.deliver(&[product("A", "a"), product("B", "b")]);
    let compared = shop.collect(&[product("A", "x"), product("B", "y")]);
    let rows = compared.send.iter().map(|sent| sent.row).collect();
    let attempt = Attempt { run: 1, feed: Feed::Products, rows, bytes: 9, number: 1, kept: Kept::Nothing };
    shop.store.journal(&attempt, now()).expect("journaled");
    let checkup = checked(&shop.state);
    assert_eq!((checkup.items, checkup.unanswered, checkup.flaws), (vec![(Feed::Products, 2)], (1, 2), vec![]));
    assert!(checkup.bytes > 4096);
    assert_eq!(repair(shop.state.path(), &space(), RepairFrom::Damaged), Ok(None));
}

#[test]
fn what_contradicts_itself_is_found() {
    for (sql, words) in [
        ("UPDATE batches SET answered_at = NULL", "1 item counted as sent without a recorded response"),
        ("UPDATE items SET batch = 99", "1 item sent in requests that were never recorded"),
        ("UPDATE items SET hash = x'00'", "1 item with invalid fields"),
        ("UPDATE items SET minimal = x'00'", "1 item with invalid fields"),
        ("UPDATE items SET feed = 99", "1 item with invalid fields"),
        ("INSERT INTO logs VALUES (5, 5, 'a_cl', -1, '')", "feed 5, log a_cl, version -1"),
        (
            "INSERT INTO gaps (feed, log, after, last, present, since) VALUES (5, 5, 6, 7, 0, 0)",
            "feed 5, versions up to 7 are missing above the position",
        ),
    ] {
        let (state, path) = sent(1);
        assert_eq!(checked(&state).flaws, []);
        tamper(&path, sql);
        let flaws = checked(&state).flaws;
        assert!(flaws.len() == 1 && flaws[0].to_string().contains(words), "{sql}: {flaws:?}");
        mended(&state, RepairFrom::Damaged);
    }
}

#[test]
fn times_that_are_yet_to_come_are_no_flaw() {
    let (state, path) = sent(1);
    tamper(&path, "UPDATE items SET modified_at = 9999999999999");
    assert_eq!((checked(&state).ahead, checked(&state).flaws), (1, vec![]));
}

#[test]
fn a_repaired_ledger_sends_everything_once_more_and_deletes_what_is_gone() {
    let (state, path) = sent(3);
    tamper(&path, "UPDATE batches SET answered_at = NULL");
    let repaired = mended(&state, RepairFrom::Damaged);
    assert_eq!((repaired.kept, repaired.lost), (3, Some(0)));
    let aside = repaired.aside.expect("the old one");
    assert!(aside.starts_with(path.parent().expect("a directory")) && aside.exists(), "{aside:?}");
    let mut shop = Shop { store: Store::open(state.path(), &space()).expect("opened"), state, feed: Feed::Products };
    let send = shop.collect(&[product("0", "a"), product("1", "a")]).send;
    assert_eq!(labels(&send), [("0 · default", Why::Changed), ("1 · default", Why::Changed)]);
    assert_eq!(labels(&shop.sweep().gone), [("2 · default", Why::Gone)]);
}

#[test]
fn what_can_be_read_of_a_damaged_file_is_saved_and_the_rest_is_counted() {
    let (state, path) = sent(3_000);
    let size = std::fs::metadata(&path).expect("there").len();
    // Two pages in the middle of the rows: where, the row of a product in the middle says.
    let mut bytes = Vec::new();
    std::fs::File::open(&path).expect("open").read_to_end(&mut bytes).expect("read");
    let needle = b"\"sku\":\"1500\"";
    let at = bytes.windows(needle.len()).position(|window| window == needle).expect("the row") as u64 / 4096 * 4096;
    spoil(&path, at, &[0xA5; 4096]);
    assert_eq!(std::fs::metadata(&path).expect("there").len(), size);
    let flaws = checked(&state).flaws;
    assert!(matches!(flaws[0], Flaw::Damaged(_)), "{flaws:?}");
    let repaired = mended(&state, RepairFrom::Damaged);
    let lost = repaired.lost.expect("the index is whole");
    assert!((1..100).contains(&lost) && repaired.kept + lost == 3_000, "{repaired:?}");
    let mut shop = Shop { store: Store::open(state.path(), &space()).expect("opened"), state, feed: Feed::Products };
    let items: Vec<FeedItem> = (0..3_000).map(|sku| product(&sku.to_string(), "a")).collect();
    assert_eq!(shop.collect(&items).send.len(), 3_000, "nothing counts as sent");
}

#[test]
fn of_rubbish_nothing_is_saved_and_it_is_left_as_it_is() {
    let (state, path) = sent(1);
    let backup = state.path().join("copy");
    back_up(state.path(), &space(), &backup).expect("copied").expect("there");
    spoil(&path, 0, &[0xA5; 4096]);
    let before = std::fs::read(&path).expect("read");
    let error = repair(state.path(), &space(), RepairFrom::Damaged).expect_err("nothing to read");
    let hint = error.hint().expect("what to do").command_line();
    assert!(error.to_string().contains("no part of it is readable"), "{error}");
    assert!(hint.contains("--from FILE") && hint.contains("stay in the service"), "{hint}");
    assert_eq!(std::fs::read(&path).expect("read"), before);
    let repaired = mended(&state, RepairFrom::Backup(&backup));
    assert_eq!((repaired.kept, repaired.lost), (1, Some(0)));
    assert_eq!(std::fs::read(repaired.aside.expect("kept")).expect("read"), before);
}

#[test]
fn a_backup_is_private_whole_and_overwrites_nothing() {
    let mut shop = Shop::new(Feed::Products);
    shop.deliver(&[product("A", "a")]);
    // While a run writes.
    shop.store.connection.execute_batch("BEGIN IMMEDIATE; DELETE FROM items").expect("begun");
    let to = shop.state.path().join("copy");
    let backup = back_up(shop.state.path(), &space(), &to).expect("copied").expect("there");
    assert_eq!((backup.path.as_path(), backup.bytes), (to.as_path(), std::fs::metadata(&to).expect("there").len()));
    assert_eq!(std::fs::metadata(&to).expect("there").permissions().mode() & 0o777, 0o600);
    let copied = rusqlite::Connection::open(&to).expect("open");
    let items: i64 =
        copied.query_row("SELECT count(*) FROM items WHERE status = 200", [], |row| row.get(0)).expect("read");
    assert_eq!(items, 1);
    let error = back_up(shop.state.path(), &space(), &to).expect_err("it is there");
    assert!(error.to_string().contains("already exists"), "{error}");
    let error = back_up(shop.state.path(), &space(), Path::new("/nowhere/copy")).expect_err("no directory");
    assert!(error.to_string().contains("cannot be written"), "{error}");
}

#[test]
fn a_backup_of_another_data_space_is_refused() {
    let (state, _) = sent(1);
    let other = tempfile::tempdir().expect("a directory");
    let elsewhere: DataSpaceId = "elsewhere".parse().expect("an id");
    drop(Store::open(other.path(), &elsewhere).expect("made"));
    let file = path_of(other.path(), &elsewhere);
    let error = repair(state.path(), &space(), RepairFrom::Backup(&file)).expect_err("not ours");
    assert!(error.to_string().contains("another data space (elsewhere)"), "{error}");
    let error = repair(state.path(), &space(), RepairFrom::Backup(Path::new("/nowhere"))).expect_err("no file");
    assert!(error.hint().expect("what to do").command_line().contains("export ledger backup"), "{error}");
    assert_eq!(checked(&state).items, [(Feed::Products, 1)]);
}

#[test]
fn a_repair_that_was_broken_off_is_finished_and_nothing_is_begun_anew_before() {
    let (state, path) = sent(2);
    let repaired = mended(&state, RepairFrom::Doubted);
    // As after the first of the two renames, with a log of the old ledger still there.
    let aside = repaired.aside.expect("kept");
    std::fs::rename(&path, paths::repaired(&path)).expect("renamed");
    std::fs::write(paths::with_end(&path, "-wal"), "an old log").expect("written");
    for error in [
        Store::open(state.path(), &space()).expect_err("refused"),
        LedgerReader::open(state.path(), &space()).expect_err("refused"),
        check(state.path(), &space()).expect_err("refused"),
    ] {
        assert!(error.to_string().contains("its repair was interrupted"), "{error}");
        assert!(error.hint().expect("what to do").command_line().contains("export ledger repair"));
    }
    let finished = mended(&state, RepairFrom::Damaged);
    assert_eq!((finished.kept, finished.aside.as_ref()), (2, Some(&aside)));
    assert_eq!(std::fs::read(paths::with_end(&aside, "-wal")).expect("read"), b"an old log");
}
