//! The terminal guard in a real terminal: what it took is given back after a panic, and a panic elsewhere leaves it alone.
//!
//! Each test starts this file's own binary again inside a pseudo-terminal, where one of the `child_…` tests plays the
//! program.

use std::io::Read as _;
use std::thread;

use commerce_connector::tui::runtime::terminal::{TerminalGuard, install_panic_hook};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// What a child left behind.
struct Left {
    output: String,
    is_restored: bool,
}

/// Runs one of the children in a terminal of its own, to its end.
fn play(child: &str) -> Left {
    let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, ..PtySize::default() }).unwrap();
    let before = format!("{:?}", pair.master.get_termios().unwrap());
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", child, "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("TERM", "xterm-256color");
    let mut running = pair.slave.spawn_command(command).unwrap();
    let mut reader = pair.master.try_clone_reader().unwrap();
    let listening = thread::spawn(move || {
        let mut output = Vec::new();
        // A terminal that nobody has open any more ends with an error; all was read by then.
        let _ = reader.read_to_end(&mut output);
        String::from_utf8_lossy(&output).into_owned()
    });
    running.wait().unwrap();
    let after = format!("{:?}", pair.master.get_termios().unwrap());
    drop(pair);
    Left { output: listening.join().unwrap(), is_restored: before == after }
}

/// Where a control sequence is last in the output.
fn last(output: &str, sequence: &str) -> Option<usize> {
    output.rfind(sequence)
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_speaks() {
    let left = play("terminal::child_panics");
    assert!(left.is_restored, "raw mode was left on");
    let message = left.output.find("the screen broke").unwrap();
    let modes = [
        ("\x1b[?1049h", "\x1b[?1049l"),
        ("\x1b[?2004h", "\x1b[?2004l"),
        ("\x1b[?25l", "\x1b[?25h"),
        ("\x1b[?1000h", "\x1b[?1000l"),
        ("\x1b[?1006h", "\x1b[?1006l"),
    ];
    for (on, off) in modes {
        assert!(last(&left.output, on).unwrap() < last(&left.output, off).unwrap(), "{off:?} is missing");
        assert!(last(&left.output, off).unwrap() < message, "the message came before {off:?}");
    }
}

#[test]
#[ignore = "played by a_panic_gives_the_terminal_back_before_it_speaks"]
fn child_panics() {
    install_panic_hook();
    let _guard = TerminalGuard::take(true).unwrap();
    panic!("the screen broke");
}

#[test]
fn a_panic_of_a_worker_writes_nothing_on_the_screen() {
    let left = play("terminal::child_with_a_worker_that_panics");
    assert!(left.is_restored, "raw mode was left on");
    assert!(!left.output.contains("the worker broke"), "{}", left.output);
    let still_there = left.output.find("still here").unwrap();
    assert!(still_there < last(&left.output, "\x1b[?1049l").unwrap(), "the worker took the screen along");
}

#[test]
#[ignore = "played by a_panic_of_a_worker_writes_nothing_on_the_screen"]
fn child_with_a_worker_that_panics() {
    install_panic_hook();
    let guard = TerminalGuard::take(false).unwrap();
    assert!(thread::spawn(|| panic!("the worker broke")).join().is_err());
    println!("still here");
    drop(guard);
}
