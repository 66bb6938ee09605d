//! The real program in a real terminal: `demo` from start to quit, and the terminal comes back however it ends.

use commerce_connector::private_file;
use rustix::process::Signal;
use support::terminal::{ORDINARY, Screen, Terminal, program_in};

use crate::support;

#[test]
fn the_demo_from_start_to_quit() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut terminal = Terminal::demo(30, dir.path());
    terminal.wait_for("products");
    terminal.press("1");
    terminal.wait_for("SHA256:");
    terminal.press("2");
    terminal.wait_for("Demo shop");
    terminal.press("4");
    terminal.wait_for("products");
    terminal.wait_for("Export done at");
    terminal.press("e");
    terminal.wait_for("in batches that grow to this size");
    terminal.press("q");
    terminal.wait_gone("every item were");
    terminal.press("D");
    terminal.wait_for(" skipped");
    terminal.press("q");
    terminal.wait_gone(" skipped");
    terminal.press("?");
    terminal.wait_for("Export the selected feed");
    terminal.escape_from("Export the selected feed");
    terminal.press("q");
    assert_eq!(terminal.ends_restored(), 0);
}

#[test]
fn a_termination_signal_gives_the_terminal_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let terminal = Terminal::demo(30, dir.path());
    terminal.wait("the screen", Screen::is_taken);
    terminal.wait_for("products");
    terminal.signal(Signal::TERM);
    // What came of the run stays where the shell is.
    terminal.wait_for("Export stopped; run again to resume: ");
    terminal.wait_for("log in ");
    assert_eq!(terminal.ends_restored(), 130, "interrupted by a signal");
}

#[test]
fn a_run_that_ended_leaves_a_line_behind() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut terminal = Terminal::demo(30, dir.path());
    terminal.wait_for("Export done at");
    terminal.press("q");
    terminal.wait("the screen's end", |screen| !screen.is_taken());
    terminal.wait_for("Export finished: ");
    terminal.wait_for(" sent; log in ");
    assert_eq!(terminal.ends_restored(), 0);
}

#[test]
fn the_demo_paints_before_it_makes_keys_and_a_signal_meanwhile_gives_the_terminal_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let terminal = Terminal::demo(30, dir.path());
    terminal.wait_for("making its keys");
    assert!(!dir.path().join("demo/config.toml").exists(), "nothing is ready yet");
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.ends_restored(), 130);
}

#[test]
fn a_configuration_that_changes_under_the_screen_is_read_again_and_said() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = dir.path().join("config.toml");
    let write = |text: &str| {
        private_file::write(&config, text.as_bytes()).expect("written");
    };
    write("[export]\nthread_count = 1\n");
    let command = program_in(dir.path(), &["--config", &config.display().to_string()]);
    let mut terminal = Terminal::start(command, ORDINARY);
    terminal.wait_for("Overview");
    write("[export]\nthread_count = 7\n[instance]\nname = \"renamed\"\n");
    terminal.wait_for("thread_count: 7 (was 1)");
    terminal.wait_for("renamed");
    write("[export]\nthread_cont = 7\n");
    terminal.wait_for("configuration not reload");
    terminal.press("q");
    assert_eq!(terminal.ends_restored(), 0);
}

#[test]
fn a_hang_up_signal_gives_the_terminal_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let terminal = Terminal::demo(30, dir.path());
    terminal.wait("the screen", Screen::is_taken);
    terminal.wait_for("products");
    terminal.signal(Signal::HUP);
    terminal.wait("the screen's end", |screen| !screen.is_taken());
    assert_eq!(terminal.ends_restored(), 130, "the run of the demo ends with its gateway");
}
