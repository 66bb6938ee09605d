//! The habits of the screen in a real terminal, whatever it is used for.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use portable_pty::CommandBuilder;
use rustix::process::Signal;
use support::terminal::{ORDINARY, PROGRAM, Screen, Terminal, program_in};

use crate::support;

#[test]
fn read_only_and_theme_are_remembered_until_they_are_lifted() {
    let home = tempfile::tempdir().expect("a directory");
    let open = |args: &[&str]| {
        let mut terminal = Terminal::start(program_in(home.path(), args), ORDINARY);
        terminal.wait_for("q quit");
        let is_read_only = terminal.text().contains("READ-ONLY");
        terminal.press("q");
        assert_eq!(terminal.ends_restored(), 0);
        is_read_only
    };
    assert!(!open(&[]));
    assert!(open(&["--read-only", "--theme", "mono"]));
    assert!(open(&[]), "it is remembered");
    let config = home.path().join(".config/commerce-connector/config.toml");
    let text = std::fs::read_to_string(&config).expect("the configuration");
    assert!(text.contains("read_only = true") && text.contains("theme = \"mono\""), "{text}");
    assert!(!open(&["--read-only=false"]));
    assert!(!open(&[]), "it is lifted");
}

/// What begins and ends a frame that the terminal shows at once.
const FRAME: (&str, &str) = ("\x1b[?2026h", "\x1b[?2026l");
/// Half of a long way there and back: 140 ms.
const LINK: Duration = Duration::from_millis(70);

/// A shell with job control, in which the program is started with a home of its own.
fn shell(home: &Path) -> Terminal {
    let mut command = CommandBuilder::new("/bin/bash");
    command.args(["--norc", "--noprofile", "-i"]);
    command.env_clear();
    command.env("HOME", home);
    command.env("PS1", "shell> ");
    let mut terminal = Terminal::start(command, ORDINARY);
    terminal.wait_for("shell>");
    terminal.press(&format!("{PROGRAM}\r"));
    terminal.wait_for("q quit");
    terminal
}

#[test]
fn control_z_stops_and_fg_brings_the_screen_back() {
    let home = tempfile::tempdir().expect("a directory");
    let mut terminal = shell(home.path());
    terminal.press("\x1a");
    terminal.wait("the shell", |screen| !screen.is_taken() && screen.contains("Stopped"));
    terminal.press("fg\r");
    terminal.wait("the screen", |screen| screen.is_taken() && screen.contains("q quit"));
    terminal.press("2");
    terminal.wait_for("C create");
    terminal.press("q");
    // A key that comes before the program has ended is the program's.
    terminal.wait("the shell", |screen| !screen.is_taken() && screen.text().trim_end().ends_with("shell>"));
    terminal.press("exit\r");
    assert_eq!(terminal.ends_restored(), 0);
}

#[test]
fn control_c_leaves_where_nothing_runs_and_control_l_repaints_what_was_overwritten() {
    let home = tempfile::tempdir().expect("a directory");
    let mut terminal = Terminal::start(program_in(home.path(), &[]), ORDINARY);
    terminal.wait_for("Welcome. This program connects");
    let before = terminal.text();
    terminal.spoil("somebody wrote on this terminal");
    assert_ne!(terminal.text(), before);
    terminal.press("\x0c");
    terminal.wait("the screen as it was", |screen| screen.text() == before);
    terminal.press("\x03");
    assert_eq!(terminal.ends_restored(), 0);
}

#[test]
fn a_terminal_of_any_size_is_drawn_also_while_a_dialog_is_open() {
    let home = tempfile::tempdir().expect("a directory");
    let mut terminal = Terminal::start(program_in(home.path(), &[]), ORDINARY);
    terminal.press(":");
    terminal.wait_for("Actions");
    terminal.press("My shop");
    terminal.wait_for("My shop");
    for size in [(1, 1), (1, 200), (60, 2), (10, 40), (50, 200), (15, 60)] {
        terminal.resize(size);
        match size {
            (15.., 60..) => terminal.wait_for("My shop"),
            (10, 40) => terminal.wait_for("The screen needs 60x15"),
            _ => terminal.wait("an answer to the new size", |screen| !screen.contains("Actions")),
        }
    }
    terminal.press("\x1b");
    terminal.wait_gone("My shop");
    terminal.press("q");
    assert_eq!(terminal.ends_restored(), 0);
}

#[test]
fn keys_pressed_before_anything_is_shown_are_not_lost() {
    let home = tempfile::tempdir().expect("a directory");
    let mut terminal = Terminal::start(program_in(home.path(), &[]), ORDINARY);
    terminal.press(":Early bird");
    terminal.wait("what was typed ahead", |screen| screen.contains("Actions") && screen.contains("Early bird"));
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.ends_restored(), 130, "interrupted by a signal");
}

#[test]
fn over_a_slow_link_keys_typed_ahead_arrive_in_order_and_no_frame_tears() {
    let home = tempfile::tempdir().expect("a directory");
    let mut terminal = Terminal::start_over(LINK, program_in(home.path(), &[]), ORDINARY);
    let words = "typed ahead, letter by letter, over a long way";
    terminal.press(":");
    for letter in words.chars() {
        terminal.press(&letter.to_string());
    }
    terminal.wait_for(words);
    for size in [(30, 100), (24, 80), (40, 120), (24, 80)] {
        terminal.resize(size);
    }
    terminal.press("!");
    terminal.wait("the last key", |screen| screen.contains(&format!("{words}!")));
    terminal.press("\x1b");
    terminal.wait_gone(words);
    terminal.press("q");
    terminal.wait("the end", |screen| !screen.is_taken());
    terminal.wait("whole frames", frames_are_whole);
    assert_eq!(terminal.ends_restored(), 0);
}

/// Whether whatever was drawn came inside of frames, each of which was ended before the next began.
fn frames_are_whole(screen: &Screen) -> bool {
    let written = String::from_utf8_lossy(screen.written());
    let (begin, end) = FRAME;
    let mut outside = String::new();
    let mut frames = 0;
    for part in written.split(end) {
        match part.split_once(begin) {
            Some((before, frame)) if !frame.contains(begin) => {
                outside.push_str(before);
                frames += 1;
            }
            Some(_) => return false,
            None => outside.push_str(part),
        }
    }
    // The terminal is taken and given back outside of frames, and nothing else.
    frames > 3 && !outside.contains(['│', '─']) && !outside.contains("quit")
}

#[test]
fn a_long_address_is_copied_whole_and_shown_unbroken_outside_of_the_screen() {
    let state = tempfile::tempdir().expect("a directory");
    let mut terminal = Terminal::demo(30, state.path());
    terminal.wait_for("Export done at");
    terminal.press("3");
    terminal.wait_for("Not signed in");
    terminal.press("S");
    terminal.wait_for("Open this URL anywhere");
    terminal.press("y");
    terminal.wait_for("is on your clipboard");
    let address = terminal.look(|screen| copied(screen.written())).expect("a text for the clipboard");
    assert!(address.starts_with("http") && address.contains("state=") && address.len() > 200, "{address}");
    terminal.press("P");
    terminal.wait("the plain text", |screen| !screen.is_taken() && screen.contains("press any key to return"));
    let written = terminal.look(|screen| String::from_utf8_lossy(screen.written()).into_owned());
    assert!(written.contains(&format!("\r\n{address}\r\n")), "the address is in one piece");
    // In one instant, neither of which may wait for the next key.
    terminal.resize((40, 120));
    terminal.press("q");
    terminal.wait("the screen in its new size", |screen| screen.is_taken() && screen.contains("3 IMS organization"));
    terminal.press("P");
    terminal.wait("the plain text", |screen| !screen.is_taken());
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.ends_restored(), 130, "interrupted by a signal");
}

/// The last text that was put on the clipboard.
fn copied(written: &[u8]) -> Option<String> {
    let written = String::from_utf8_lossy(written);
    let (_, from) = written.rsplit_once("\x1b]52;c;")?;
    let (encoded, _) = from.split_once("\x1b\\")?;
    String::from_utf8(BASE64.decode(encoded).ok()?).ok()
}
