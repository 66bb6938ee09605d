//! A watch, visible and stoppable from other processes, also while it waits for its next pass.
//!
//! Its passes are runs with sockets of their own; this is the socket of the watch itself. It has one line that is sent again
//! whenever it changes, and takes one command: stop.

use std::path::Path;
use std::pin::pin;

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::client::{self, PATIENCE, said};
use super::lines::{self, Line};
use super::server::{END_PATIENCE, MOST_GUESTS, read_lines, write};
use super::socket::{self, Listening, WATCHES};
use super::wire::{FromGuest, FromServer, WatchStatus, read};
use crate::error::{Exit, Problem};
use crate::export::control::Command;

/// Makes a watch reachable until the other end of `status` is dropped; a stop that is asked for cancels `stop`. If that cannot
/// be, the log says why, and the watch continues.
pub fn publish_watch(
    status: watch::Receiver<WatchStatus>,
    stop: CancellationToken,
    state_dir: &Path,
) -> Option<JoinHandle<()>> {
    match socket::listen(state_dir, WATCHES) {
        Ok(listening) => Some(tokio::spawn(serve(status, stop, listening))),
        Err(error) => {
            tracing::warn!(%error, "no other process can see or stop this watch");
            None
        }
    }
}

async fn serve(status: watch::Receiver<WatchStatus>, stop: CancellationToken, listening: Listening) {
    let mut guests = JoinSet::new();
    let mut over = pin!(over(status.clone()));
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut over => break,
            Some(_) = guests.join_next() => continue,
            accepted = listening.accept() => accepted,
        };
        match accepted {
            Ok(Some(stream)) if guests.len() < MOST_GUESTS => {
                guests.spawn(attend(status.clone(), stop.clone(), stream));
            }
            Ok(_) => tracing::warn!("refused: another user's process, or one too many, looked at this watch"),
            // Too many open files, most likely: others may look once that has passed.
            Err(_) => tokio::time::sleep(END_PATIENCE).await,
        }
    }
}

/// Waits for the end of the watch.
async fn over(mut status: watch::Receiver<WatchStatus>) {
    while status.changed().await.is_ok() {}
}

/// Tells one who looks how the watch stands, whenever that changes. Whoever does not read, or goes, is let go of.
async fn attend(mut status: watch::Receiver<WatchStatus>, stop: CancellationToken, stream: UnixStream) {
    let (from, mut to) = stream.into_split();
    let mut lines = read_lines(from);
    status.mark_changed();
    loop {
        let message = tokio::select! {
            line = lines.recv() => match line {
                Some(Ok(line)) => carry_out(&line, &stop),
                Some(Err(_)) | None => return,
            },
            changed = status.changed() => match changed {
                Ok(()) => FromServer::Watch { watch: status.borrow_and_update().clone() },
                Err(_) => return,
            },
        };
        if write(&mut to, message).await.is_err() {
            return;
        }
    }
}

fn carry_out(line: &[u8], stop: &CancellationToken) -> FromServer {
    match read(line) {
        Ok(FromGuest::Command { command: Command::Stop, by }) => {
            tracing::info!(%by, "stopped by another process");
            stop.cancel();
            FromServer::Taken
        }
        Ok(FromGuest::Command { .. }) => FromServer::Refused { message: "a watch can only be stopped".into() },
        Err(message) => FromServer::Refused { message: message.into() },
    }
}

/// A watch of another process, or of this one.
#[derive(Debug)]
pub struct FoundWatch {
    /// How it stands.
    pub status: WatchStatus,
    lines: mpsc::Receiver<Line>,
    to: OwnedWriteHalf,
}

/// The watches in this state directory, the oldest first.
pub async fn find_watches(state_dir: &Path) -> Vec<FoundWatch> {
    let mut found = Vec::new();
    for path in socket::all(state_dir, WATCHES) {
        match timeout(PATIENCE, greet(&path)).await {
            Ok(Ok(watch)) => found.push(watch),
            // It has just ended.
            Ok(Err(error)) => tracing::info!(%error, "cannot look at a watch"),
            Err(_) => tracing::warn!(socket = %crate::private_file::safe(&path), "a watch does not respond"),
        }
    }
    found.sort_by_key(|watch| watch.status.owner.since);
    found
}

async fn greet(path: &Path) -> Result<FoundWatch, String> {
    let (from, to) = socket::connect(path).await.map_err(|error| error.to_string())?.into_split();
    let mut lines = lines::read(from, client::LINE_LIMIT);
    match client::next(&mut lines).await? {
        FromServer::Watch { watch: status } => Ok(FoundWatch { status, lines, to }),
        FromServer::Refused { message } => Err(message.to_string()),
        _ => Err("it did not identify its watch".to_owned()),
    }
}

impl FoundWatch {
    /// Ends it: after the batches in flight of its pass, or at once between two passes.
    ///
    /// # Errors
    /// A [`Problem`] if it does not respond; a watch that has ended by then has done what was wanted.
    pub async fn stop(&mut self) -> Result<(), Problem> {
        let answer = timeout(PATIENCE, async {
            self.to.write_all(&said(Command::Stop)).await.map_err(|error| error.to_string())?;
            loop {
                match client::next(&mut self.lines).await? {
                    FromServer::Taken => return Ok::<(), String>(()),
                    FromServer::Refused { message } => return Err(message.to_string()),
                    _ => {}
                }
            }
        });
        match answer.await {
            Ok(Ok(())) => Ok(()),
            _ if self.status.owner.is_gone() == Some(true) => Ok(()),
            Ok(Err(reason)) => Err(self.unstopped(&reason)),
            Err(_) => Err(self.unstopped("it does not respond")),
        }
    }

    /// How it stands when that has changed; `None` once it has ended.
    pub async fn changed(&mut self) -> Option<WatchStatus> {
        loop {
            match client::next(&mut self.lines).await {
                Ok(FromServer::Watch { watch }) => return Some(watch),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    fn unstopped(&self, reason: &str) -> Problem {
        Problem::new(Exit::TryAgain, format!("the watch of {} was not stopped: {reason}", self.status.owner.name()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::export::owner::Owner;

    fn status() -> WatchStatus {
        WatchStatus {
            owner: Owner::this_process(),
            data_space: "space".parse().expect("an id"),
            every: Duration::from_mins(1),
            last_pass: None,
            next_pass: None,
            problem: None,
        }
    }

    #[tokio::test]
    async fn a_watch_is_seen_while_it_waits_and_until_it_ends() {
        let state = tempfile::tempdir().expect("a directory");
        let (sender, watched) = watch::channel(status());
        let stop = CancellationToken::new();
        let serving = publish_watch(watched, stop.clone(), state.path()).expect("published");
        let [found] = &mut find_watches(state.path()).await[..] else { panic!("one watch") };
        assert_eq!(found.status, status());
        let next = Timestamp::from_second(1_800_000_000).expect("a time");
        sender.send_modify(|status| status.next_pass = Some(next));
        assert_eq!(found.changed().await.expect("it goes on").next_pass, Some(next));
        found.stop().await.expect("taken");
        assert!(stop.is_cancelled());
        drop(sender);
        assert_eq!(found.changed().await, None);
        serving.await.expect("ended");
        assert!(find_watches(state.path()).await.is_empty());
    }

    #[tokio::test]
    async fn nothing_but_a_stop_is_carried_out() {
        let stop = CancellationToken::new();
        for line in [said(Command::Pause), b"{}".to_vec()] {
            assert!(matches!(carry_out(&line, &stop), FromServer::Refused { .. }));
        }
        assert!(!stop.is_cancelled());
    }
}
