//! Lines from a socket, each of a bounded length, read by a task of its own so that waiting for one can be broken off.

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::sync::mpsc;

/// How many lines may wait. Past it the other end waits.
const WAITING: usize = 16;

/// A line, or that it is too long to be one.
pub(super) type Line = Result<Vec<u8>, TooLong>;

/// The other end wrote a line without an end; nothing more is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// Reads lines of at most `limit` bytes until the other end closes, or the receiver is dropped.
pub(super) fn read(from: impl AsyncRead + Unpin + Send + 'static, limit: u64) -> mpsc::Receiver<Line> {
    let (sender, lines) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut from = BufReader::new(from);
        loop {
            let mut line = Vec::new();
            let mut bounded = (&mut from).take(limit);
            let read = tokio::select! {
                () = sender.closed() => return,
                read = bounded.read_until(b'\n', &mut line) => read,
            };
            if read.is_err() || line.is_empty() {
                return;
            }
            let is_whole = line.pop_if(|last| *last == b'\n').is_some();
            let is_too_long = !is_whole && line.len() as u64 >= limit;
            let reported = sender.send(if is_too_long { Err(TooLong) } else { Ok(line) }).await;
            if reported.is_err() || is_too_long {
                return;
            }
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_bounded() {
        let mut lines = read(&b"one\n\ntwo\nthree and more"[..], 8);
        let mut reported = Vec::new();
        while let Some(line) = lines.recv().await {
            reported.push(line.map(|line| String::from_utf8(line).expect("text")));
        }
        assert_eq!(reported, [Ok("one".to_owned()), Ok(String::new()), Ok("two".to_owned()), Err(TooLong)]);
    }
}
