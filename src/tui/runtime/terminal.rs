//! The terminal is borrowed: this guard takes it, and gives it back whatever happens.
//!
//! It knows escape sequences and terminal modes, and must never know what is drawn.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::style::ResetColor;
use ratatui::crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{Command, queue};

/// How long giving the terminal back may take, when nobody reads what is written to it.
const GIVE_BACK_PATIENCE: Duration = Duration::from_millis(500);

/// Whether the terminal is ours now. Global, since a panic hook has nothing else to look at.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Clicks and the wheel, with places beyond column 223; no motion, which would be an event for each cell.
pub(super) const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// The same undone; where it was never on, this does nothing.
pub(super) const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// The taken terminal; dropping it gives it back.
#[derive(Debug)]
pub struct TerminalGuard {
    mouse: bool,
}

impl TerminalGuard {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste, no cursor; and the `mouse`, if it is asked for.
    ///
    /// # Errors
    /// If there is no terminal. It is given back as it was.
    pub fn take(mouse: bool) -> io::Result<Self> {
        let guard = Self { mouse };
        guard.retake()?;
        Ok(guard)
    }

    /// Takes it again after [`Self::give_back`].
    ///
    /// # Errors
    /// If there is no terminal any more.
    pub fn retake(&self) -> io::Result<()> {
        TAKEN.store(true, Ordering::SeqCst);
        // crossterm believes that raw mode lasts; after a stop and `fg` it may not. Without a mode to go back to, this
        // does nothing.
        let _ = disable_raw_mode();
        enable_raw_mode()?;
        let mut bytes = Vec::new();
        queue!(bytes, EnterAlternateScreen, EnableBracketedPaste, Hide)?;
        if self.mouse {
            bytes.extend_from_slice(MOUSE_ON);
        }
        terminal_output()?.write_all(&bytes)
    }

    /// Gives the terminal back, until [`Self::retake`].
    pub fn give_back(&self) {
        give_back();
    }

    /// Lets go of a terminal that is gone: nothing this process writes later can fail or block on it.
    pub fn let_go(self) {
        drop(self);
        if let Ok(nowhere) = File::options().read(true).write(true).open("/dev/null") {
            let _ = rustix::stdio::dup2_stdout(&nowhere);
            let _ = rustix::stdio::dup2_stderr(&nowhere);
        }
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        give_back();
    }
}

/// A handle of standard output that writes at once and whole, unlike the one of std, which splits at line ends. No process that is
/// started has it: one that outlives the screen would keep the terminal open.
///
/// # Errors
/// If standard output is closed.
pub fn terminal_output() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Gives the terminal back, once. Safe to call from a panic hook, and when the terminal is gone.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // First what cannot block. A terminal that is gone refuses; there is nobody left to tell.
    let _ = disable_raw_mode();
    let mut text = String::new();
    let _ = EndSynchronizedUpdate.write_ansi(&mut text);
    let _ = ResetColor.write_ansi(&mut text);
    text.push_str(MOUSE_OFF);
    let _ = DisableBracketedPaste.write_ansi(&mut text);
    let _ = Show.write_ansi(&mut text);
    let _ = LeaveAlternateScreen.write_ansi(&mut text);
    // A terminal that nobody reads (a dead link, Ctrl-S) blocks writers for ever: a thread of its own may wait for it.
    let (done, is_done) = mpsc::channel();
    let written = thread::Builder::new().name("give-back".to_owned()).spawn(move || {
        if let Ok(mut output) = terminal_output() {
            let _ = output.write_all(text.as_bytes());
        }
        let _ = done.send(());
    });
    if written.is_ok() {
        let _ = is_done.recv_timeout(GIVE_BACK_PATIENCE);
    }
}

/// Makes panics harmless for the terminal: a panic of this thread gives it back before its message is printed, and the
/// message of any other thread goes to the log, since it would land in the middle of the screen.
pub fn install_panic_hook() {
    let screen_thread = thread::current().id();
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !TAKEN.load(Ordering::SeqCst) {
            previous(info);
        } else if thread::current().id() == screen_thread {
            give_back();
            previous(info);
        } else {
            tracing::error!(panic = %info, "a worker panicked");
        }
    }));
}
