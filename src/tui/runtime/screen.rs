//! Frames on their way to the terminal: drawn here, written by a thread of its own.
//!
//! One frame is one write inside a synchronized update; a frame that changes nothing is not a write at all. While the
//! terminal takes a frame no other is drawn, so a slow line never holds up the loop, and a dead one never stops it.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::mpsc as sync_mpsc;
use std::thread;
use std::time::Duration;

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::crossterm::Command;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::queue;
use ratatui::crossterm::style::ResetColor;
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
};
use ratatui::layout::{Position, Size};
use ratatui::{Frame, Terminal};
use tokio::sync::mpsc;

use crate::tui::panes::export::clicked::Landmarks;
use crate::tui::runtime::terminal::{MOUSE_OFF, MOUSE_ON};
use crate::tui::widgets::click::{Click, cursor_row};
use crate::tui::widgets::copyable::Copyable;

/// The screen's side of the terminal.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<FrameBackend>,
    writer: Writer,
    /// How many writes the terminal has not taken yet.
    under_way: usize,
    /// Whether a plain text is shown in place of the screen.
    is_aside: bool,
    /// Whether clicks and the wheel are taken while the screen is shown.
    mouse: bool,
    /// The row of the cursor in the last frame.
    cursor_row: Option<u16>,
    /// What else a click can be on in the last frame.
    landmarks: Landmarks,
}

impl Screen {
    /// A screen that has drawn nothing yet.
    ///
    /// # Errors
    /// If standard output is not a terminal, or the system gives no thread.
    pub fn open(mouse: bool) -> io::Result<Self> {
        let writer = Writer::start(crate::tui::runtime::terminal::terminal_output()?)?;
        let terminal = Terminal::new(FrameBackend::default())?;
        Ok(Self {
            terminal,
            writer,
            under_way: 0,
            is_aside: false,
            mouse,
            cursor_row: None,
            landmarks: Landmarks::default(),
        })
    }

    /// A click at this column and row, with what is shown there.
    pub fn click(&mut self, column: u16, row: u16) -> Click {
        let width = self.terminal.get_frame().area().width;
        Click { column, row, width, cursor_row: self.cursor_row, listed: self.landmarks.at(column, row) }
    }

    /// Draws a frame and hands what changed to the writer. Must not be called while [`Self::is_writing`].
    ///
    /// # Errors
    /// If the size of the terminal cannot be read, or the writer is gone.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame)) -> io::Result<()> {
        let frame = self.terminal.draw(view)?;
        if self.mouse {
            self.cursor_row = cursor_row(frame.buffer);
            self.landmarks = Landmarks::of(frame.buffer);
        }
        let body = self.terminal.backend_mut().take();
        if body.is_empty() {
            return Ok(());
        }
        self.send(synchronized(&body))
    }

    /// Writes something that draws nothing, after what is under way.
    pub fn send(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        self.under_way += 1;
        self.writer.write(bytes)
    }

    /// Shows a text where the shell was, without breaking its lines, until [`Self::come_back`]. Nothing must be drawn
    /// meanwhile.
    pub fn step_aside(&mut self, text: &Copyable) -> io::Result<()> {
        self.come_back()?;
        self.is_aside = true;
        if self.mouse {
            // What is shown is to be selected with it.
            self.send(MOUSE_OFF.as_bytes().to_vec())?;
        }
        self.send(aside(text)?)
    }

    /// Whether a plain text is shown in place of the screen.
    pub fn is_aside(&self) -> bool {
        self.is_aside
    }

    /// Takes the screen's place again, if it was left; the next frame is drawn whole.
    pub fn come_back(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.is_aside) {
            return Ok(());
        }
        let mut bytes = Vec::new();
        queue!(bytes, EnterAlternateScreen, Hide)?;
        if self.mouse {
            bytes.extend_from_slice(MOUSE_ON);
        }
        self.send(bytes)?;
        self.forget()
    }

    /// Whether the terminal has not taken everything yet.
    pub fn is_writing(&self) -> bool {
        self.under_way > 0
    }

    /// Waits until the terminal has taken the oldest of what is under way; for ever if nothing is.
    ///
    /// # Errors
    /// If the terminal did not take it.
    pub async fn written(&mut self) -> io::Result<()> {
        if !self.is_writing() {
            return std::future::pending().await;
        }
        let result = self.writer.done.recv().await;
        self.under_way -= 1;
        result.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into()))
    }

    /// Waits for what is under way, but not for ever.
    pub async fn settle(&mut self, patience: Duration) {
        let all = async { while self.is_writing() && self.written().await.is_ok() {} };
        let _ = tokio::time::timeout(patience, all).await;
    }

    /// Forgets what the terminal shows, so that the next frame is drawn whole.
    ///
    /// # Errors
    /// If the size of the terminal cannot be read.
    pub fn forget(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.backend_mut().forget_cursor();
        self.terminal.resize(size.into())
    }
}

/// A plain text on the shell's side of the terminal, and how to return.
fn aside(text: &Copyable) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    queue!(bytes, ResetColor, LeaveAlternateScreen, Show)?;
    // The terminal is in raw mode: a line feed alone would not go back to the left.
    write!(bytes, "\r\n{}:\r\n\r\n{}\r\n\r\n(press any key to return)\r\n", text.name(), text.joined("\r\n"))?;
    Ok(bytes)
}

/// A frame that the terminal shows at once or not at all.
fn synchronized(body: &[u8]) -> Vec<u8> {
    let mut around = String::new();
    // Writing to a String cannot fail.
    let _ = BeginSynchronizedUpdate.write_ansi(&mut around);
    let mut frame = around.into_bytes();
    frame.extend_from_slice(body);
    let mut around = String::new();
    let _ = EndSynchronizedUpdate.write_ansi(&mut around);
    frame.extend_from_slice(around.as_bytes());
    frame
}

/// The thread that writes.
#[derive(Debug)]
struct Writer {
    frames: sync_mpsc::Sender<Vec<u8>>,
    done: mpsc::UnboundedReceiver<io::Result<()>>,
}

impl Writer {
    fn start(mut output: File) -> io::Result<Self> {
        let (frames, to_write) = sync_mpsc::channel::<Vec<u8>>();
        // At most one frame is under way, and what a key asked for besides: neither channel grows.
        let (reported, done) = mpsc::unbounded_channel();
        thread::Builder::new().name("screen".to_owned()).spawn(move || {
            while let Ok(frame) = to_write.recv() {
                if reported.send(output.write_all(&frame)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { frames, done })
    }

    fn write(&self, frame: Vec<u8>) -> io::Result<()> {
        self.frames.send(frame).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Collects one frame, and leaves out what the terminal already knows: an empty change, a cursor that did not move.
#[derive(Debug, Default)]
struct FrameBackend {
    collected: Vec<u8>,
    cursor: Cursor,
}

/// What the terminal's cursor is known to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Cursor {
    #[default]
    Unknown,
    Hidden,
    Shown(Option<Position>),
}

impl FrameBackend {
    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.collected)
    }

    fn forget_cursor(&mut self) {
        self.cursor = Cursor::Unknown;
    }

    fn inner(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        CrosstermBackend::new(&mut self.collected)
    }
}

impl Backend for FrameBackend {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        // Drawing moves the cursor.
        if let Cursor::Shown(position) = &mut self.cursor {
            *position = None;
        }
        self.inner().draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor == Cursor::Hidden {
            return Ok(());
        }
        self.cursor = Cursor::Hidden;
        self.inner().hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if matches!(self.cursor, Cursor::Shown(_)) {
            return Ok(());
        }
        self.cursor = Cursor::Shown(None);
        self.inner().show_cursor()
    }

    /// The terminal is never asked: an answer may never come, and it would arrive between keys.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor == Cursor::Shown(Some(position)) {
            return Ok(());
        }
        if let Cursor::Shown(known) = &mut self.cursor {
            *known = Some(position);
        }
        self.inner().set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.inner().clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.inner().clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        let size = rustix::termios::tcgetwinsize(io::stdout())?;
        Ok(Size::new(size.ws_col, size.ws_row))
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        let size = rustix::termios::tcgetwinsize(io::stdout())?;
        Ok(WindowSize {
            columns_rows: Size::new(size.ws_col, size.ws_row),
            pixels: Size::new(size.ws_xpixel, size.ws_ypixel),
        })
    }

    /// Nothing: the frame is handed over when it is whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_changes_nothing_is_no_byte() {
        let mut backend = FrameBackend::default();
        backend.hide_cursor().unwrap();
        assert_eq!(backend.take(), b"\x1b[?25l");
        backend.draw(std::iter::empty()).unwrap();
        backend.hide_cursor().unwrap();
        backend.flush().unwrap();
        assert_eq!(backend.take(), b"");
    }

    #[test]
    fn a_cursor_that_stays_is_not_moved_unless_something_was_drawn() {
        let mut backend = FrameBackend::default();
        let place = Position::new(3, 4);
        backend.show_cursor().unwrap();
        backend.set_cursor_position(place).unwrap();
        backend.take();
        backend.show_cursor().unwrap();
        backend.set_cursor_position(place).unwrap();
        assert_eq!(backend.take(), b"");
        let cell = Cell::new("x");
        backend.draw([(0, 0, &cell)].into_iter()).unwrap();
        backend.take();
        backend.set_cursor_position(place).unwrap();
        assert_eq!(backend.take(), b"\x1b[5;4H");
    }

    #[test]
    fn a_plain_text_keeps_its_lines_whole_and_is_outside_of_the_alternate_screen() {
        let url = format!("https://ims.example/authorize?{}", "x".repeat(300));
        let bytes = aside(&Copyable::lines("the address", vec![url.as_str().into(), "b".into()])).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("\x1b[0m\x1b[?1049l\x1b[?25h"), "{text:?}");
        assert!(text.contains(&format!("the address:\r\n\r\n{url}\r\nb\r\n")), "{text:?}");
    }

    #[test]
    fn a_frame_is_wrapped_in_a_synchronized_update() {
        assert_eq!(synchronized(b"x"), b"\x1b[?2026hx\x1b[?2026l");
    }
}
