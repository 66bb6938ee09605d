//! The real program in a real terminal: `demo` from start to quit, and the terminal comes back however it ends.

use rustix::process::Signal;
use support::terminal::{Screen, Terminal};

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
    terminal.wait_for("if every item were sent");
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
    assert_eq!(terminal.ends_restored(), 130, "interrupted by a signal");
}

#[test]
fn a_hang_up_signal_gives_the_terminal_back_and_the_run_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let terminal = Terminal::demo(30, dir.path());
    terminal.wait("the screen", Screen::is_taken);
    terminal.wait_for("products");
    terminal.signal(Signal::HUP);
    terminal.wait("the screen's end", |screen| !screen.is_taken());
    assert_eq!(terminal.ends_restored(), 0, "the run was finished without the screen");
}
