//! The side of the process that runs: it lets others look, and takes their commands.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::lines::{self, TooLong};
use super::socket::{self, Listening};
use super::wire::{About, FromGuest, FromServer, line, read};
use crate::error::Problem;
use crate::export::Run;
use crate::export::control::Control;
use crate::export::progress::{Progress, RunEvent, RunReport};
use crate::export::report_text::event_line;

/// How many may look at once; each costs a task and a few buffers.
pub(super) const MOST_GUESTS: usize = 16;
/// How many events are kept for who comes later, and may wait for who reads slowly.
const EVENTS_KEPT: usize = 256;
/// The longest line that is read, in bytes. A command has about a hundred.
const LINE_LIMIT: u64 = 4096;
/// How long a line may take to be written to who looks.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);
/// How long the end of a run may take to be reported to all who look.
pub(super) const END_PATIENCE: Duration = Duration::from_secs(1);

/// How a run ended, once it has.
type Ended = Option<Result<Box<RunReport>, Problem>>;

/// Makes a run reachable, and returns it as it was. If that cannot be, the log says why, and the run continues.
pub fn publish(run: Run, about: About, state_dir: &Path) -> Run {
    let listening = match socket::listen(state_dir, socket::RUNS) {
        Ok(listening) => listening,
        Err(error) => {
            tracing::warn!(%error, "no other process can attach to this run");
            return run;
        }
    };
    let Run { progress, events, control, report } = run;
    let (ended, is_ended) = watch::channel(None);
    let server = Arc::new(Server {
        about,
        progress: progress.clone(),
        control: control.clone(),
        reported: Mutex::default(),
        ended: is_ended,
    });
    let (events_out, reported) = mpsc::channel(1);
    let relay = tokio::spawn(relay(Arc::clone(&server), events, events_out));
    let serving = tokio::spawn(serve(server, listening));
    let report = tokio::spawn(async move {
        let result = match report.await {
            Ok(result) => result,
            // As if the run broke here; who looks sees that its process has nothing more to say.
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => std::future::pending().await,
            },
        };
        wait(relay).await;
        let reported = result.as_ref().map(|report| Box::new(report.clone())).map_err(|error| Problem::of(error));
        ended.send_replace(Some(reported));
        wait(serving).await;
        result
    });
    Run { progress, events: reported, control, report }
}

/// Waits for a task of ours; that it broke is reported by the panic hook, and no reason to break as well.
async fn wait(task: JoinHandle<()>) {
    let _ = task.await;
}

/// A run and all who look at it.
struct Server {
    about: About,
    progress: watch::Receiver<Progress>,
    control: Control,
    reported: Mutex<Reported>,
    ended: watch::Receiver<Ended>,
}

/// What was reported so far, and the end at which more is reported.
struct Reported {
    kept: VecDeque<RunEvent>,
    /// `None` once there will be no more.
    more: Option<broadcast::Sender<RunEvent>>,
}

impl Default for Reported {
    fn default() -> Self {
        Self { kept: VecDeque::new(), more: Some(broadcast::Sender::new(EVENTS_KEPT)) }
    }
}

impl Server {
    fn reported(&self) -> MutexGuard<'_, Reported> {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: &RunEvent) {
        let mut reported = self.reported();
        if reported.kept.len() == EVENTS_KEPT {
            reported.kept.pop_front();
        }
        reported.kept.push_back(event.clone());
        if let Some(more) = &reported.more {
            // Nobody may be looking.
            let _ = more.send(event.clone());
        }
    }

    /// What was reported, and the events from now on; none is missed in between.
    fn listen(&self) -> (Vec<RunEvent>, Option<broadcast::Receiver<RunEvent>>) {
        let reported = self.reported();
        (reported.kept.iter().cloned().collect(), reported.more.as_ref().map(broadcast::Sender::subscribe))
    }
}

/// Passes the events on to the one who started the run, and tells them to the log and to all who look. Only the first is waited
/// for, as before, until the run is stopped.
async fn relay(server: Arc<Server>, mut events: mpsc::Receiver<RunEvent>, out: mpsc::Sender<RunEvent>) {
    while let Some(event) = events.recv().await {
        tracing::info!("{}", event_line(&event));
        server.tell(&event);
        tokio::select! {
            biased;
            // Whoever dropped the other end does not want to know.
            room = out.reserve() => if let Ok(room) = room { room.send(event) },
            () = server.control.stopped() => drop(out.try_send(event)),
        }
    }
    server.reported().more = None;
}

/// Lets others look until the run has ended and they know.
async fn serve(server: Arc<Server>, listening: Listening) {
    let mut guests = JoinSet::new();
    let mut ended = server.ended.clone();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = end(&mut ended) => break,
            Some(_) = guests.join_next() => continue,
            accepted = listening.listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Too many open files, most likely: others may look once that has passed.
            tokio::time::sleep(END_PATIENCE).await;
            continue;
        };
        if !socket::is_trusted(&stream) {
            tracing::warn!("refused: another user's process tried to attach to this run");
        } else if guests.len() >= MOST_GUESTS {
            let message = "too many screens attached to this run: close one first".into();
            guests.spawn(async move { drop(write(&mut stream.into_split().1, FromServer::Refused { message }).await) });
        } else {
            guests.spawn(attend(Arc::clone(&server), stream));
        }
    }
    drop(listening);
    let _ = timeout(END_PATIENCE, async { while guests.join_next().await.is_some() {} }).await;
}

/// What who looks says, line by line.
pub(super) fn read_lines(from: OwnedReadHalf) -> mpsc::Receiver<lines::Line> {
    lines::read(from, LINE_LIMIT)
}

/// Tells one who looks everything, and takes its commands, until it goes or the run has ended.
async fn attend(server: Arc<Server>, stream: UnixStream) {
    let (from, mut to) = stream.into_split();
    // Whoever does not read, or goes, is let go of; it may come again.
    let _ = talk(&server, &mut read_lines(from), &mut to).await;
}

async fn talk(
    server: &Server,
    lines: &mut mpsc::Receiver<lines::Line>,
    to: &mut OwnedWriteHalf,
) -> std::io::Result<()> {
    let mut progress = server.progress.clone();
    let mut ended = server.ended.clone();
    let (before, mut events) = server.listen();
    let now = progress.borrow_and_update().clone();
    write(to, FromServer::Run { about: server.about.clone(), progress: now }).await?;
    for event in before {
        write(to, FromServer::Event { event }).await?;
    }
    let mut is_counting = true;
    loop {
        let message = tokio::select! {
            biased;
            line = lines.recv() => match line {
                Some(Ok(line)) => carry_out(server, &line),
                Some(Err(TooLong)) => FromServer::Refused { message: format!("a line has at most {LINE_LIMIT} bytes").into() },
                None => return Ok(()),
            },
            event = next(&mut events) => match event {
                Ok(event) => FromServer::Event { event },
                Err(broadcast::error::RecvError::Lagged(events)) => FromServer::Skipped { events },
                Err(broadcast::error::RecvError::Closed) => {
                    events = None;
                    continue;
                }
            },
            newer = progress.changed(), if is_counting => {
                is_counting = newer.is_ok();
                let progress = progress.borrow_and_update().clone();
                FromServer::Progress { progress }
            }
            result = end(&mut ended), if events.is_none() => return write(to, FromServer::Ended { result }).await,
        };
        write(to, message).await?;
    }
}

/// The next event; for ever none, once there will be no more.
async fn next(events: &mut Option<broadcast::Receiver<RunEvent>>) -> Result<RunEvent, broadcast::error::RecvError> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

/// How the run ended, once it has.
async fn end(ended: &mut watch::Receiver<Ended>) -> Result<Box<RunReport>, Problem> {
    let result = ended.wait_for(Option::is_some).await.ok().and_then(|ended| ended.clone());
    match result {
        Some(result) => result,
        // The export failed: there will be no report, and the end of the process says so.
        None => std::future::pending().await,
    }
}

fn carry_out(server: &Server, line: &[u8]) -> FromServer {
    let (command, by) = match read(line) {
        Ok(FromGuest::Command { command, by }) => (command, by),
        Err(message) => return FromServer::Refused { message: message.into() },
    };
    tracing::info!(%by, ?command, "command from another process");
    match server.control.apply(&command, Some(by)) {
        Ok(()) => FromServer::Taken,
        Err(error) => FromServer::Refused { message: error.to_string().into() },
    }
}

pub(super) async fn write(to: &mut OwnedWriteHalf, message: FromServer) -> std::io::Result<()> {
    timeout(WRITE_PATIENCE, to.write_all(&line(message))).await.map_err(|_| std::io::ErrorKind::TimedOut)?
}
