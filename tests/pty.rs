//! The real program in a real terminal: `demo` from start to quit, and the terminal comes back however it ends.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, also where a helper notices")]

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

const PROGRAM: &str = env!("CARGO_BIN_EXE_commerce-connector");
/// No step of a test takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A program in a pseudo-terminal, and what its screen shows.
struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn std::io::Write + Send>,
    screen: Arc<(Mutex<Screen>, Condvar)>,
    cooked: String,
}

struct Screen {
    parser: vt100::Parser,
    closed: bool,
}

impl Terminal {
    fn start(program: &str, args: &[&str], (rows, cols): (u16, u16)) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let cooked = format!("{:?}", pair.master.get_termios().expect("its settings"));
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env_remove("NO_COLOR");
        command.env_remove("SSH_CONNECTION");
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let keyboard = pair.master.take_writer().expect("a writer");
        let cells = |count| NonZero::new(count).expect("some cells");
        let parser = vt100::Parser::new(cells(rows), cells(cols), 0);
        let screen = Arc::new((Mutex::new(Screen { parser, closed: false }), Condvar::new()));
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let count = reader.read(&mut bytes).unwrap_or(0);
                let (screen, changed) = &*shown;
                let mut screen = screen.lock().expect("the lock");
                screen.parser.process(&bytes[..count]);
                screen.closed = count == 0;
                changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Self { child, master: pair.master, keyboard, screen, cooked }
    }

    fn demo(products: u32, state_dir: &std::path::Path) -> Self {
        let state_dir = state_dir.display().to_string();
        let products = products.to_string();
        Self::start(PROGRAM, &["demo", "--products", &products, "--state-dir", &state_dir], (24, 80))
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.keyboard.flush().expect("the terminal takes keys");
    }

    /// Waits until the screen is as `is_so` wants it; woken by what the program writes.
    fn wait(&self, what: &str, is_so: impl Fn(&Screen) -> bool) {
        let (screen, changed) = &*self.screen;
        let deadline = Instant::now() + PATIENCE;
        let mut screen = screen.lock().expect("the lock");
        while !is_so(&screen) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {what} on the screen:\n{}", screen.parser.screen().contents());
            (screen, _) = changed.wait_timeout(screen, left).expect("the lock");
        }
    }

    fn wait_for(&self, text: &str) {
        self.wait(text, |screen| screen.parser.screen().contents().contains(text));
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.process_id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("a pid");
        kill_process(pid, signal).expect("the program is there");
    }

    /// Waits for the end, and checks that the terminal is as it was before.
    fn ends_restored(mut self) -> u32 {
        let status = self.child.wait().expect("it ends");
        self.wait("end of output", |screen| screen.closed);
        let screen = self.screen.0.lock().expect("the lock");
        let shown = screen.parser.screen();
        assert!(!shown.alternate_screen(), "the alternate screen was left on");
        assert!(!shown.hide_cursor(), "the cursor was left hidden");
        assert!(!shown.bracketed_paste(), "bracketed paste was left on");
        let now = format!("{:?}", self.master.get_termios().expect("its settings"));
        assert_eq!(now, self.cooked, "the terminal was left in raw mode");
        status.exit_code()
    }
}

fn on_screen(screen: &Screen) -> bool {
    screen.parser.screen().alternate_screen()
}

#[test]
fn the_demo_from_start_to_quit() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut terminal = Terminal::demo(30, dir.path());
    terminal.wait_for("Data export");
    terminal.press("1");
    terminal.wait_for("Keys");
    terminal.wait_for("SHA256:");
    terminal.press("2");
    terminal.wait_for("Demo shop");
    terminal.press("3");
    terminal.wait_for("products");
    terminal.wait_for("Export done at");
    terminal.press("e");
    terminal.wait_for("if every item had to be sent");
    terminal.press("q");
    terminal.wait("page without the estimate", |screen| !screen.parser.screen().contents().contains("every item had"));
    terminal.press("o");
    terminal.wait_for(" skipped");
    terminal.press("q");
    terminal.wait("page without the doctor", |screen| !screen.parser.screen().contents().contains(" skipped"));
    terminal.press("?");
    terminal.wait_for("Keys of this place");
    terminal.press("\x1b");
    // Escape and a letter at once would be that letter with Alt.
    terminal.wait("page without help", |screen| !screen.parser.screen().contents().contains("Keys of this place"));
    terminal.press("q");
    assert_eq!(terminal.ends_restored(), 0);
}

#[test]
fn a_termination_signal_gives_the_terminal_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let terminal = Terminal::demo(30, dir.path());
    terminal.wait("the screen", on_screen);
    terminal.wait_for("products");
    terminal.signal(Signal::TERM);
    terminal.ends_restored();
}

#[test]
fn a_hang_up_signal_gives_the_terminal_back_and_the_run_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let terminal = Terminal::demo(30, dir.path());
    terminal.wait("the screen", on_screen);
    terminal.wait_for("products");
    terminal.signal(Signal::HUP);
    terminal.wait("the screen's end", |screen| !on_screen(screen));
    assert_eq!(terminal.ends_restored(), 0, "the run was finished without the screen");
}
