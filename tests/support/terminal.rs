//! The real binary in a pseudo-terminal: keys and pastes in, and what its screen shows.

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_commerce-connector");
/// No step of a test takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Rows and columns of an ordinary terminal.
pub const ORDINARY: (u16, u16) = (24, 80);

/// A program in a pseudo-terminal. One that a failed test left behind is killed.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keyboard: mpsc::Sender<Vec<u8>>,
    screen: Arc<(Mutex<Screen>, Condvar)>,
    cooked: String,
}

/// What the terminal shows, and everything that was written to it.
pub struct Screen {
    parser: vt100::Parser,
    written: Vec<u8>,
    closed: bool,
}

impl Screen {
    /// The text of all rows.
    pub fn text(&self) -> String {
        self.parser.screen().contents()
    }

    pub fn contains(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// The cells with their colours.
    pub fn grid(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Everything that was written so far.
    pub fn written(&self) -> &[u8] {
        &self.written
    }

    /// Whether a full-screen program has the terminal.
    pub fn is_taken(&self) -> bool {
        self.parser.screen().alternate_screen()
    }
}

/// The command line of the program with a home directory of its own, and nothing of the environment of the tests.
pub fn program_in(home: &Path, args: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(PROGRAM);
    command.args(args);
    command.env_clear();
    command.env("HOME", home);
    command.cwd(home);
    command
}

impl Terminal {
    /// Starts a command in a terminal of so many rows and columns.
    pub fn start(command: CommandBuilder, size: (u16, u16)) -> Self {
        Self::start_over(Duration::ZERO, command, size)
    }

    /// The same at the other end of a link that takes so long in each direction.
    pub fn start_over(link: Duration, mut command: CommandBuilder, (rows, cols): (u16, u16)) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let cooked = format!("{:?}", pair.master.get_termios().expect("its settings"));
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env_remove("NO_COLOR");
        if link.is_zero() {
            command.env_remove("SSH_CONNECTION");
        } else {
            command.env("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let mut input = pair.master.take_writer().expect("a writer");
        let keyboard = delay_line(link, move |keys| {
            // A program that ended takes no keys.
            let _ = input.write_all(&keys).and_then(|()| input.flush());
        });
        let cells = |count| NonZero::new(count).expect("some cells");
        let parser = vt100::Parser::new(cells(rows), cells(cols), 0);
        let screen = Arc::new((Mutex::new(Screen { parser, written: Vec::new(), closed: false }), Condvar::new()));
        let shown = Arc::clone(&screen);
        let output = delay_line(link, move |bytes| {
            let (screen, changed) = &*shown;
            let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
            screen.parser.process(&bytes);
            screen.closed = bytes.is_empty();
            screen.written.extend(bytes);
            changed.notify_all();
        });
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let count = reader.read(&mut bytes).unwrap_or(0);
                if output.send(bytes[..count].to_vec()).is_err() || count == 0 {
                    return;
                }
            }
        });
        Self { child, master: pair.master, keyboard, screen, cooked }
    }

    /// The demo with so many products, in an ordinary terminal.
    pub fn demo(products: u32, state_dir: &Path) -> Self {
        Self::demo_in(ORDINARY, products, state_dir)
    }

    /// The same in a terminal of another size.
    pub fn demo_in(size: (u16, u16), products: u32, state_dir: &Path) -> Self {
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(["demo", "--products", &products.to_string(), "--state-dir", &state_dir.display().to_string()]);
        Self::start(command, size)
    }

    /// Sends keys as a terminal does: `\r` is Enter, `\x1b` Escape.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.send(keys.as_bytes().to_vec()).expect("the terminal takes keys");
    }

    /// Sends pasted text in brackets, with the line ends that terminals send.
    pub fn paste(&mut self, text: &str) {
        self.press(&format!("\x1b[200~{}\x1b[201~", text.replace('\n', "\r")));
    }

    /// Sends Escape, and waits until it cannot be taken for Alt with the next key: until this text is gone.
    pub fn escape_from(&mut self, text: &str) {
        self.press("\x1b");
        self.wait_gone(text);
    }

    /// What something makes of the screen as it is now.
    pub fn look<T>(&self, at: impl FnOnce(&Screen) -> T) -> T {
        at(&self.screen.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shows something that the program knows nothing of.
    pub fn spoil(&mut self, text: &str) {
        self.screen.0.lock().unwrap_or_else(PoisonError::into_inner).parser.process(text.as_bytes());
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, (rows, cols): (u16, u16)) {
        let cells = |count| NonZero::new(count).expect("some cells");
        {
            let mut screen = self.screen.0.lock().unwrap_or_else(PoisonError::into_inner);
            screen.parser.screen_mut().set_size(cells(rows), cells(cols));
        }
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("another size");
    }

    /// Waits until the screen is as `is_so` wants it; woken by what the program writes.
    pub fn wait(&self, what: &str, is_so: impl Fn(&Screen) -> bool) {
        let (screen, changed) = &*self.screen;
        let deadline = Instant::now() + PATIENCE;
        let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
        while !is_so(&screen) {
            let left = deadline.saturating_duration_since(Instant::now());
            let is_over = left.is_zero() || screen.closed && !is_so(&screen);
            assert!(!is_over, "no {what} on the screen:\n{}", screen.text());
            (screen, _) = changed.wait_timeout(screen, left).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub fn wait_for(&self, text: &str) {
        self.wait(text, |screen| screen.contains(text));
    }

    pub fn wait_gone(&self, text: &str) {
        self.wait(&format!("page without {text}"), |screen| !screen.contains(text));
    }

    /// What is shown now.
    pub fn text(&self) -> String {
        self.look(Screen::text)
    }

    pub fn signal(&self, signal: Signal) {
        let pid = self.child.process_id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("a pid");
        kill_process(pid, signal).expect("the program is there");
    }

    /// Waits until nobody has the terminal open any more.
    pub fn wait_closed(&self) {
        self.wait("end of output", |screen| screen.closed);
    }

    /// Waits for the end, and checks that the terminal is as it was before. Gives the exit code.
    pub fn ends_restored(mut self) -> u32 {
        let status = self.child.wait().expect("it ends");
        self.wait_closed();
        let screen = self.screen.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = screen.parser.screen();
        assert!(!shown.alternate_screen(), "the alternate screen was left on");
        assert!(!shown.hide_cursor(), "the cursor was left hidden");
        assert!(!shown.bracketed_paste(), "bracketed paste was left on");
        let now = format!("{:?}", self.master.get_termios().expect("its settings"));
        assert_eq!(now, self.cooked, "the terminal was left in raw mode");
        status.exit_code()
    }
}

/// One direction of a link: what goes in comes out in order, each piece after so long.
fn delay_line(delay: Duration, mut out: impl FnMut(Vec<u8>) + Send + 'static) -> mpsc::Sender<Vec<u8>> {
    let (timed_in, timed_out) = mpsc::channel::<(Instant, Vec<u8>)>();
    let (in_, waiting) = mpsc::channel::<Vec<u8>>();
    std::thread::spawn(move || {
        while let Ok(bytes) = waiting.recv() {
            if timed_in.send((Instant::now() + delay, bytes)).is_err() {
                return;
            }
        }
    });
    std::thread::spawn(move || {
        while let Ok((due, bytes)) = timed_out.recv() {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            out(bytes);
        }
    });
    in_
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It ended already, unless the test failed.
        let _ = self.child.kill();
    }
}
