//! The real program in a real terminal: a pasted private key that is not saved is not lost, whatever ends the screen, and a paste that
//! the terminal does not bracket is no row of commands.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use rustix::process::Signal;
use support::home::Home;
use support::terminal::{ORDINARY, Terminal, program_in};

use crate::support;

const KEY: &str = include_str!("../../src/keys/fixtures/rsa-2048.pem");
const API_KEY: &str = "c0ffee00c0ffee01c0ffee02c0ffee03";

fn open(home: &Home) -> Terminal {
    let terminal = Terminal::start(program_in(home.dir.path(), &[]), ORDINARY);
    terminal.wait_for("0 Overview");
    terminal
}

/// The screen with a private key that was pasted into Keys and accepted there.
fn with_pasted_key(home: &Home) -> Terminal {
    let mut terminal = open(home);
    terminal.press("1");
    terminal.wait_for("Production pair");
    terminal.paste(KEY);
    terminal.wait_for("RSA private key, 2048 bits");
    terminal.press("\r");
    terminal.wait_for("key entered (unsaved)");
    terminal
}

/// What is kept, each file private.
fn kept(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.path(".local/state/commerce-connector/unsaved"));
    let paths: Vec<PathBuf> =
        entries.map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default();
    for path in &paths {
        assert_eq!(fs::metadata(path).expect("there").permissions().mode() & 0o777, 0o600);
    }
    paths
}

fn logs_are_silent(home: &Home) {
    let logs = fs::read_dir(home.path(".local/state/commerce-connector/logs")).expect("logs");
    let line = KEY.lines().nth(3).expect("a line of the key");
    for log in logs.flatten() {
        let text = fs::read_to_string(log.path()).expect("readable");
        assert!(!text.contains(line), "{text}");
    }
}

#[test]
fn quitting_asks_and_what_is_kept_is_offered_until_it_is_saved() {
    let home = Home::new();
    let mut terminal = with_pasted_key(&home);
    terminal.press("q");
    terminal.wait_for("Quit without saving the keys?");
    terminal.press("n");
    terminal.wait_gone("Quit without saving the keys?");
    terminal.press("q");
    terminal.wait_for("Quit without saving the keys?");
    terminal.press("k");
    terminal.wait_for("the next start asks about them");
    assert_eq!(terminal.ends_restored(), 0);
    assert_eq!(kept(&home).len(), 1);

    // Not now: it stays, and is asked about again.
    let mut terminal = open(&home);
    terminal.wait_for("Unsaved keys");
    terminal.wait_for("RSA 2048 bits");
    terminal.escape_from("Unsaved keys");
    terminal.press("q");
    assert_eq!(terminal.ends_restored(), 0);
    assert_eq!(kept(&home).len(), 1);

    let mut terminal = open(&home);
    terminal.wait_for("Unsaved keys");
    terminal.press("y");
    terminal.wait_for("keys restored from an earlier screen");
    terminal.press("A");
    terminal.wait_for("Paste the public API key");
    terminal.paste(API_KEY);
    terminal.press("\r");
    terminal.wait_for("the production pair is complete but not saved");
    assert_eq!(kept(&home).len(), 1, "kept until it is saved");
    terminal.press("w");
    terminal.wait_for("the production pair is saved");
    terminal.wait("the end of the kept file", |_| kept(&home).is_empty());
    terminal.press("q");
    assert_eq!(terminal.ends_restored(), 0);
    logs_are_silent(&home);
}

#[test]
fn signals_keep_what_is_not_saved_and_whoever_does_not_want_it_deletes_it() {
    let home = Home::new();
    for (signal, whole) in [(Signal::TERM, true), (Signal::HUP, true), (Signal::TERM, false)] {
        let terminal = if whole {
            with_pasted_key(&home)
        } else {
            let mut terminal = open(&home);
            terminal.press("1");
            terminal.wait_for("Production pair");
            terminal.paste(&KEY[..KEY.len() / 2]);
            terminal.wait_for("✗");
            terminal
        };
        terminal.signal(signal);
        assert_eq!(terminal.ends_restored(), 130, "{signal:?}");
        assert_eq!(kept(&home).len(), 1, "{signal:?}");
        let mut terminal = open(&home);
        terminal.wait_for("Unsaved keys");
        terminal.wait_for(if whole { "RSA 2048 bits" } else { "incomplete" });
        terminal.press("x");
        terminal.wait_gone("Unsaved keys");
        terminal.wait("the end of the kept file", |_| kept(&home).is_empty());
        terminal.press("q");
        assert_eq!(terminal.ends_restored(), 0);
    }
    logs_are_silent(&home);
}

#[test]
fn escape_asks_before_a_pasted_key_is_discarded() {
    let home = Home::new();
    let mut terminal = open(&home);
    terminal.press("1");
    terminal.wait_for("Production pair");
    terminal.paste(KEY);
    terminal.wait_for("RSA private key, 2048 bits");
    terminal.press("\x1b");
    terminal.wait_for("Discard it?");
    terminal.press("n");
    terminal.wait_for("RSA private key, 2048 bits");
    terminal.press("\x1b");
    terminal.wait_for("Discard it?");
    terminal.press("y");
    terminal.wait_gone("Discard it?");
    terminal.press("q");
    assert_eq!(terminal.ends_restored(), 0);
    assert!(kept(&home).is_empty());
}

#[test]
fn a_paste_without_brackets_is_no_row_of_commands() {
    let home = Home::new();
    let mut terminal = open(&home);
    terminal.press(&KEY.replace('\n', "\r"));
    terminal.wait_for("A private key was pasted");
    terminal.press("y");
    terminal.wait_for("RSA private key, 2048 bits");
    terminal.press("\r");
    terminal.wait_for("key entered (unsaved)");
    // An API key in hexadecimal is full of commands, too.
    terminal.press(API_KEY);
    terminal.wait_for("Paste the public API key");
    terminal.press("\r");
    terminal.wait_for("the production pair is complete but not saved");
    terminal.press("q");
    terminal.wait_for("Quit without saving the keys?");
    terminal.press("x");
    assert_eq!(terminal.ends_restored(), 0);
    assert!(kept(&home).is_empty());
}
