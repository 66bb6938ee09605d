//! Runs played by keyboard alone: a failed item is read, understood and sent again; a suspended program goes on where it was.

use portable_pty::CommandBuilder;
use support::terminal::{ORDINARY, PROGRAM, Screen, Terminal};

use crate::support;

#[test]
fn a_failed_item_is_read_and_sent_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let faults = dir.path().join("faults.toml");
    let refused = "[[fault]]\nkind = \"refused-items\"\nitems = 0.1\non = [1]\nfeed = \"products\"\n";
    std::fs::write(&faults, refused).expect("a file");
    let mut command = CommandBuilder::new(PROGRAM);
    command.args(["demo", "--products", "30", "--state-dir"]);
    command.args([&dir.path().join("state"), std::path::Path::new("--faults"), &faults]);
    let mut terminal = Terminal::start(command, ORDINARY);
    // Not finished: the run is done, and says that something failed.
    terminal.wait_for("▲ Export done at");
    terminal.wait_for("▲ needs a fix");
    terminal.wait_for("failed");
    // The reason at the end of the list leads to its items, and one of them to what was answered.
    terminal.press("G");
    terminal.press("\r");
    terminal.wait_for("Items of products");
    terminal.press("\r");
    terminal.wait_for("Item of products");
    terminal.escape_from("Item of products");
    // First the error that is filtered by goes, then the page.
    terminal.escape_from("error contains");
    terminal.escape_from("Items of products");
    terminal.press("t");
    terminal.wait_for("● Retry of products");
    terminal.wait_gone("▲ needs a fix");
    terminal.press("n");
    terminal.wait_for("Retry of products");
    terminal.wait_for("Run complete");
    terminal.escape_from("Run log");
    terminal.press("q");
    assert_eq!(terminal.ends_restored(), 0, "the last run was whole");
}

#[test]
fn a_suspended_program_gives_the_shell_its_terminal_and_goes_on_in_the_foreground() {
    let dir = tempfile::tempdir().expect("a directory");
    // Only under a shell with job control does suspending mean anything.
    let mut shell = CommandBuilder::new("bash");
    shell.args(["--norc", "--noprofile", "-i"]);
    let mut terminal = Terminal::start(shell, ORDINARY);
    let state = dir.path().display();
    terminal.press(&format!("PS1='ready> '; {PROGRAM} demo --products 300 --state-dir {state}\r"));
    terminal.wait("the screen", Screen::is_taken);
    terminal.wait_for("items sent");
    terminal.press("\x1a");
    terminal.wait("the shell", |screen| !screen.is_taken() && screen.contains("Stopped"));
    terminal.press("fg\r");
    terminal.wait("the screen again", |screen| screen.is_taken() && screen.contains("Records"));
    terminal.wait_for("Export done at");
    terminal.press("q");
    // Before its prompt the shell throws away what was typed.
    terminal.wait("the shell's prompt", |screen| !screen.is_taken() && screen.text().trim_end().ends_with("ready>"));
    terminal.press("echo came $?; exit\r");
    terminal.wait_for("came 0");
    terminal.ends_restored();
}

/// Whether the terminal was last asked to report the mouse.
fn reports_mouse(screen: &Screen) -> bool {
    let written = screen.written();
    let last = |sequence: &[u8]| written.windows(sequence.len()).rposition(|part| part == sequence);
    let [is_on, is_off] = [["1000h", "1006h"], ["1006l", "1000l"]]
        .map(|modes| modes.map(|mode| last(format!("\x1b[?{mode}").as_bytes())).into_iter().min().flatten());
    is_on > is_off
}

#[test]
fn a_suspended_program_takes_no_mouse_until_it_is_back() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("config.toml"), "[ui]\nmouse = true\n").expect("written");
    let mut shell = CommandBuilder::new("bash");
    shell.args(["--norc", "--noprofile", "-i"]);
    let mut terminal = Terminal::start(shell, ORDINARY);
    let home = dir.path().display();
    let program = format!("{PROGRAM} --config {home}/config.toml --state-dir {home}/state");
    terminal.press(&format!("PS1='ready> '; chmod 600 {home}/config.toml; {program}\r"));
    terminal.wait("the screen with the mouse", |screen| screen.is_taken() && reports_mouse(screen));
    terminal.wait_for("Overview");
    terminal.press("\x1a");
    terminal.wait("the shell", |screen| !screen.is_taken() && screen.contains("Stopped"));
    assert!(!terminal.look(reports_mouse), "the shell would be sent clicks");
    terminal.press("fg\r");
    terminal.wait("the screen again, with the mouse", |screen| screen.is_taken() && reports_mouse(screen));
    // The title of Data export is at the right.
    terminal.wait_for("4 Export");
    terminal.press("\x1b[<0;46;2M");
    terminal.wait_for("export all");
    terminal.press("q");
    terminal.wait("the shell's prompt", |screen| !screen.is_taken() && screen.text().trim_end().ends_with("ready>"));
    assert!(!terminal.look(reports_mouse), "it was left on");
    terminal.press("exit\r");
    terminal.ends_restored();
}

#[test]
fn a_run_is_paused_changed_and_resumed_on_the_page_of_its_feed() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut terminal = Terminal::demo(100, dir.path());
    terminal.wait_for("▶ Export");
    terminal.press(" ");
    terminal.wait_for("paused, nothing more is sent. Space: resume");
    terminal.press("jjjj\r");
    terminal.wait_for("Collect");
    terminal.press("+");
    terminal.wait_for("2 threads");
    terminal.press(" ");
    terminal.wait_gone("nothing more is sent");
    terminal.wait_for("Run ended at");
    terminal.press("n");
    terminal.wait_for("Run complete");
    terminal.press("g");
    terminal.wait_for("Paused");
    terminal.wait_for("Resumed");
    terminal.escape_from("Run log");
    terminal.press("q");
    assert_eq!(terminal.ends_restored(), 0);
}
