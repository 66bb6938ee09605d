//! Where the ledger stands, and what a dying run leaves there.

use std::os::unix::fs::symlink;

use super::*;

/// A ledger that recorded something, and its path.
fn ledger() -> (TempDir, PathBuf) {
    let mut shop = Shop::new(Feed::Products);
    shop.deliver(&[product("A", "a")]);
    let path = path_of(shop.state.path(), &space());
    (shop.state, path)
}

/// What opening it says, for writing and for reading alike, and what to do.
fn refusal(state: &TempDir) -> (String, String) {
    let error = Store::open(state.path(), &space()).expect_err("refused");
    let looked = LedgerReader::open(state.path(), &space()).expect_err("refused");
    assert_eq!(error, looked);
    assert_eq!(Store::open_to_look(state.path(), &space()).expect_err("refused"), error);
    (error.to_string(), error.hint().expect("what to do").command_line())
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("chmod");
}

#[test]
fn a_ledger_that_others_may_read_is_refused() {
    let (state, path) = ledger();
    set_mode(&path, 0o640);
    let (what, hint) = refusal(&state);
    assert!(what.contains("readable by other users (mode 0640)"), "{what}");
    assert!(hint.starts_with(&format!("run `chmod 600 {}", path.display())), "{hint}");
    set_mode(&path, 0o600);
    Store::open(state.path(), &space()).expect("as the hint says");
}

#[test]
fn a_directory_in_which_others_may_write_is_refused() {
    let (state, path) = ledger();
    let directory = path.parent().expect("a directory");
    set_mode(directory, 0o770);
    let (what, hint) = refusal(&state);
    assert!(what.contains("other users can write to its directory (mode 0770"), "{what}");
    assert!(hint.contains(&format!("chmod 700 {}", directory.display())), "{hint}");
}

#[test]
fn a_link_is_refused_wherever_it_leads() {
    let (state, path) = ledger();
    let elsewhere = state.path().join("elsewhere");
    std::fs::rename(&path, &elsewhere).expect("moved");
    for target in [elsewhere.as_path(), Path::new("/nowhere")] {
        symlink(target, &path).expect("a link");
        let (what, hint) = refusal(&state);
        assert!(what.contains("it is a symbolic link"), "{what}");
        assert!(hint.contains("--state-dir"), "{hint}");
        std::fs::remove_file(&path).expect("removed");
    }
}

#[test]
fn a_ledger_of_another_user_is_refused_except_by_root() {
    let (state, path) = ledger();
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can give a file to another user");
        return;
    }
    std::os::unix::fs::chown(&path, Some(65_534), None).expect("chown");
    Store::open(state.path(), &space()).expect("root may use what its users own");
}

#[test]
fn what_was_half_made_when_the_power_went_is_taken_back_by_whoever_looks_first() {
    // A power cut can bring back the journal of the very first write: whoever only reads cannot play it back.
    let state = tempfile::tempdir().expect("a directory");
    let path = path_of(state.path(), &space());
    paths::make(&path).expect("made");
    let connection = rusqlite::Connection::open(&path).expect("open");
    connection.pragma_update(None, "journal_mode", "PERSIST").expect("set");
    connection.execute_batch("BEGIN; CREATE TABLE half (made INTEGER); PRAGMA cache_spill = 1").expect("begun");
    connection.cache_flush().expect("written before the commit");
    let journal = paths::with_end(&path, "-journal");
    let (file, hot) = (std::fs::read(&path).expect("read"), std::fs::read(&journal).expect("a journal"));
    drop(connection);
    std::fs::write(&path, file).expect("written");
    std::fs::write(&journal, hot).expect("written");
    let reader = LedgerReader::open(state.path(), &space()).expect("no error");
    assert!(reader.is_none_or(|reader| reader.summary().expect("read").is_empty()));
    Store::open(state.path(), &space()).expect("made");
}
