//! The keyboard: one thread that reads, one that watches for the terminal to go away. Keys that come as fast as a paste are looked
//! at in `burst`.
//!
//! crossterm's reader must never meet a terminal that is gone: at end of input it would ask again for ever, at full
//! speed. So a second thread waits for the hang-up, and puts a pipe that stays silent in the terminal's place.

use std::io;
use std::thread;

use ratatui::crossterm::event::{self, Event as TerminalEvent, KeyEventKind, MouseButton, MouseEventKind};
use rustix::event::{PollFd, PollFlags};
use tokio::sync::{mpsc, oneshot};

use crate::secret::Secret;
use crate::tui::runtime::burst::Burst;
pub use crate::tui::runtime::burst::Input;

/// How many events may wait for the loop. A person cannot type as many; past it the terminal waits.
const INPUT_QUEUE: usize = 64;

/// Both threads, as the loop sees them. They end with the process: neither can be woken while the terminal is silent.
#[derive(Debug)]
pub struct Keyboard {
    events: mpsc::Receiver<Input>,
    hang_up: oneshot::Receiver<()>,
}

impl Keyboard {
    /// Starts reading standard input.
    ///
    /// # Errors
    /// If the system gives no thread or no pipe.
    pub fn start() -> io::Result<Self> {
        let (events_out, events) = mpsc::channel(INPUT_QUEUE);
        let (hang_up_out, hang_up) = oneshot::channel();
        let (silent, keeps_silent) = io::pipe()?;
        thread::Builder::new().name("hang-up".to_owned()).spawn(move || {
            wait_for_hang_up();
            // Reads of standard input now wait for ever instead of ending at once, over and over.
            let _ = rustix::stdio::dup2_stdin(&silent);
            // The silence must outlive this thread.
            std::mem::forget(keeps_silent);
            let _ = hang_up_out.send(());
        })?;
        thread::Builder::new().name("keyboard".to_owned()).spawn(move || read(&events_out))?;
        Ok(Self { events, hang_up })
    }

    /// The next event; `None` when there will be no more.
    pub async fn next(&mut self) -> Option<Input> {
        tokio::select! {
            biased;
            input = self.events.recv() => input,
            _ = &mut self.hang_up => None,
        }
    }
}

fn read(events: &mpsc::Sender<Input>) {
    // What was read and did not belong to a burst before it.
    let mut next = None;
    // An error means that the terminal cannot be read any more; dropping the sender tells the loop.
    while let Some(event) = next.take().or_else(|| event::read().ok()) {
        let inputs = match event {
            TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => match Burst::begin(&key) {
                Some(burst) => {
                    let (burst, other) = follow(burst);
                    next = other;
                    burst.end()
                }
                None => vec![Input::Key(key)],
            },
            TerminalEvent::Paste(text) => vec![Input::Paste(Secret::new(text))],
            TerminalEvent::Mouse(mouse) => match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => vec![Input::Click(mouse.column, mouse.row)],
                MouseEventKind::ScrollUp => vec![Input::Wheel { is_up: true }],
                MouseEventKind::ScrollDown => vec![Input::Wheel { is_up: false }],
                _ => continue,
            },
            TerminalEvent::Resize(..) => vec![Input::Resize],
            _ => continue,
        };
        for input in inputs {
            if events.blocking_send(input).is_err() {
                return;
            }
        }
    }
}

/// Reads what belongs to a burst; also the event that ended it, if one did.
fn follow(mut burst: Burst) -> (Burst, Option<TerminalEvent>) {
    while event::poll(burst.patience()).is_ok_and(|is_there| is_there) {
        match event::read() {
            Ok(TerminalEvent::Key(key)) if key.kind == KeyEventKind::Release || burst.takes(&key) => {}
            other => return (burst, other.ok()),
        }
    }
    (burst, None)
}

/// Returns when standard input is not a terminal any more. Without a time limit and without interest in data, so that it
/// costs nothing while the terminal is there.
fn wait_for_hang_up() {
    let stdin = io::stdin();
    loop {
        let mut watched = [PollFd::new(&stdin, PollFlags::empty())];
        match rustix::event::poll(&mut watched, None) {
            Ok(_) if watched[0].revents().is_empty() => {}
            Err(rustix::io::Errno::INTR) => {}
            Ok(_) | Err(_) => return,
        }
    }
}
