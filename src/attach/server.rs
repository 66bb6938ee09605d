//! The side of the process that runs: it lets others look, and takes their commands.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::events::{EventLog, Reader, Reported};
use super::lines::{self, TooLong};
use super::socket::{self, Listening};
use super::start::Starter;
use super::wire::{About, FromGuest, FromServer, line, read};
use crate::error::Problem;
use crate::export::Run;
use crate::export::control::Control;
use crate::export::progress::{Progress, RunEvent, RunReport};
use crate::export::report_text::event_line;

/// How many may look at once; each costs a task and a few buffers.
pub(super) const MOST_GUESTS: usize = 16;
/// The longest line that is read, in bytes. A command has about a hundred.
const LINE_LIMIT: u64 = 4096;
/// How long a line may take to be written to who looks.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);
/// How long the end of a run may take to be reported to all who look.
pub(super) const END_PATIENCE: Duration = Duration::from_secs(1);

/// How a run ended, once it has.
type Ended = Option<Result<Box<RunReport>, Problem>>;

/// Makes a run reachable, and returns it as it was. `starter` looks on from the beginning. If others cannot, the log says why, and
/// the run continues.
pub fn publish(run: Run, about: About, state_dir: &Path, starter: Option<Starter>) -> Run {
    let listening = socket::listen(state_dir, socket::RUNS)
        .inspect_err(|error| tracing::warn!(%error, "no other process can attach to this run"))
        .ok();
    if listening.is_none() && starter.is_none() {
        return run;
    }
    let Run { progress, events, control, report } = run;
    let (ended, is_ended) = watch::channel(None);
    let server = Arc::new(Server {
        about,
        progress: progress.clone(),
        control: control.clone(),
        events: EventLog::new(),
        ended: is_ended,
    });
    let (events_out, reported) = mpsc::channel(1);
    let relay = tokio::spawn(relay(Arc::clone(&server), events, events_out));
    let serving = tokio::spawn(serve(server, listening, starter));
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
    events: Arc<EventLog>,
    ended: watch::Receiver<Ended>,
}

/// One who looks.
struct Guest {
    lines: mpsc::Receiver<lines::Line>,
    to: OwnedWriteHalf,
    /// Whether it is the screen that started the run. It may be stopped like a job, so it is waited for, and who gives its
    /// commands needs no name.
    is_starter: bool,
}

impl Guest {
    /// Another process.
    fn visiting(stream: UnixStream) -> Self {
        let (from, to) = stream.into_split();
        Self { lines: read_lines(from), to, is_starter: false }
    }

    async fn tell(&mut self, message: FromServer) -> std::io::Result<()> {
        if self.is_starter { self.to.write_all(&line(message)).await } else { write(&mut self.to, message).await }
    }
}

/// Passes the events on to the one who started the run, and tells them to the log and to all who look. Only the first is waited
/// for, as before, until the run is stopped.
async fn relay(server: Arc<Server>, mut events: mpsc::Receiver<RunEvent>, out: mpsc::Sender<RunEvent>) {
    while let Some(event) = events.recv().await {
        tracing::info!("{}", event_line(&event));
        server.events.add(event.clone());
        tokio::select! {
            biased;
            // Whoever dropped the other end does not want to know.
            room = out.reserve() => if let Ok(room) = room { room.send(event) },
            () = server.control.stopped() => drop(out.try_send(event)),
        }
    }
    server.events.close();
}

/// Lets others look until the run has ended and they know.
async fn serve(server: Arc<Server>, listening: Option<Listening>, starter: Option<Starter>) {
    let starter = starter
        .map(|Starter { lines, to }| tokio::spawn(attend(Arc::clone(&server), Guest { lines, to, is_starter: true })));
    let mut guests = JoinSet::new();
    let mut ended = server.ended.clone();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = end(&mut ended) => break,
            Some(_) = guests.join_next() => continue,
            accepted = accept(listening.as_ref()) => accepted,
        };
        let Ok(stream) = accepted else {
            // Too many open files, most likely: others may look once that has passed.
            tokio::time::sleep(END_PATIENCE).await;
            continue;
        };
        let Some(stream) = stream else {
            tracing::warn!("refused: another user's process tried to attach to this run");
            continue;
        };
        if guests.len() >= MOST_GUESTS {
            let message = "too many screens attached to this run: close one first".into();
            guests.spawn(async move { drop(write(&mut stream.into_split().1, FromServer::Refused { message }).await) });
        } else {
            guests.spawn(attend(Arc::clone(&server), Guest::visiting(stream)));
        }
    }
    drop(listening);
    let _ = timeout(END_PATIENCE, async { while guests.join_next().await.is_some() {} }).await;
    if let Some(starter) = starter {
        wait(starter).await;
    }
}

/// The next who looks; nobody, if nobody can.
async fn accept(listening: Option<&Listening>) -> std::io::Result<Option<UnixStream>> {
    match listening {
        Some(listening) => listening.accept().await,
        None => std::future::pending().await,
    }
}

/// What who looks says, line by line.
pub(super) fn read_lines(from: OwnedReadHalf) -> mpsc::Receiver<lines::Line> {
    lines::read(from, LINE_LIMIT)
}

/// Tells one who looks everything, and takes its commands, until it goes or the run has ended.
async fn attend(server: Arc<Server>, mut guest: Guest) {
    // Whoever does not read, or goes, is let go of; it may come again.
    let _ = talk(&server, &mut guest).await;
}

async fn talk(server: &Server, guest: &mut Guest) -> std::io::Result<()> {
    let mut progress = server.progress.clone();
    let mut ended = server.ended.clone();
    let mut events = Some(server.events.read());
    let now = progress.borrow_and_update().clone();
    guest.tell(FromServer::Run { about: server.about.clone(), progress: now }).await?;
    let mut is_counting = true;
    loop {
        let message = tokio::select! {
            biased;
            line = guest.lines.recv() => match line {
                Some(Ok(line)) => carry_out(server, &line, guest.is_starter),
                Some(Err(TooLong)) => FromServer::Refused { message: format!("a line has at most {LINE_LIMIT} bytes").into() },
                None => return Ok(()),
            },
            reported = next(&mut events) => match reported {
                Some(Reported::Event(event)) => FromServer::Event { event },
                Some(Reported::Skipped(events)) => FromServer::Skipped { events },
                None => {
                    events = None;
                    continue;
                }
            },
            newer = progress.changed(), if is_counting => {
                is_counting = newer.is_ok();
                let progress = progress.borrow_and_update().clone();
                FromServer::Progress { progress }
            }
            result = end(&mut ended), if events.is_none() => return guest.tell(FromServer::Ended { result }).await,
        };
        guest.tell(message).await?;
    }
}

/// What is reported next; for ever nothing, once there will be no more.
async fn next(events: &mut Option<Reader>) -> Option<Reported> {
    match events {
        Some(events) => events.next().await,
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

fn carry_out(server: &Server, line: &[u8], is_starter: bool) -> FromServer {
    let (command, by) = match read(line) {
        Ok(FromGuest::Command { command, by }) => (command, by),
        Err(message) => return FromServer::Refused { message: message.into() },
    };
    tracing::info!(%by, ?command, "command from another process");
    match server.control.apply(&command, (!is_starter).then_some(by)) {
        Ok(()) => FromServer::Taken,
        Err(error) => FromServer::Refused { message: error.to_string().into() },
    }
}

pub(super) async fn write(to: &mut OwnedWriteHalf, message: FromServer) -> std::io::Result<()> {
    timeout(WRITE_PATIENCE, to.write_all(&line(message))).await.map_err(|_| std::io::ErrorKind::TimedOut)?
}
