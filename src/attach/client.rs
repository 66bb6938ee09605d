//! The side of who looks at a run of another process.

use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::lines::{self, Line};
use super::node::{self, NodeLink, Standing};
use super::socket;
use super::wire::{About, FromGuest, FromServer, line, read};
use crate::cluster::{Cluster, RENEW_EVERY};
use crate::domain::DataSpaceId;
use crate::error::{Exit, Problem};
use crate::export::control::{Command, Control};
use crate::export::owner::Owner;
use crate::export::progress::{Progress, RunEvent, RunReport};
use crate::export::{ExportError, Run};
use crate::remedy::{Hint, Remedy};

/// How long a process that runs may take to answer. It does so at once, unless it was stopped like a job.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// The longest line that is read, in bytes. The counters of all feeds have about ten thousand.
pub(super) const LINE_LIMIT: u64 = 1024 * 1024;
/// How long a process that closed its socket may take to end.
const GONE_PATIENCE: Duration = Duration::from_secs(1);
/// Events that may wait for who looks.
const EVENTS_WAITING: usize = 256;
/// Commands that may wait to be written.
const COMMANDS_WAITING: usize = 16;

/// A running export, as it was when it was found.
#[derive(Debug)]
pub struct Found {
    /// Which run it is.
    pub about: About,
    /// How far it is.
    pub progress: Progress,
    pub(super) way: Way,
}

/// The way to a run.
#[derive(Debug)]
pub(super) enum Way {
    /// Its socket.
    Socket { lines: mpsc::Receiver<Line>, to: OwnedWriteHalf },
    /// The database that its node shares with this one.
    Node(NodeLink),
}

/// The running exports in this state directory, the oldest first.
pub async fn find(state_dir: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    for path in socket::all(state_dir, socket::RUNS) {
        match timeout(PATIENCE, greet(&path)).await {
            Ok(Ok(run)) => found.push(run),
            // It has just ended, or its process does not answer: the lock still says who that is.
            Ok(Err(error)) => tracing::info!(%error, "cannot attach to a running export"),
            Err(_) => tracing::warn!(socket = %crate::private_file::safe(&path), "a running export does not respond"),
        }
    }
    found.sort_by_key(|run| run.about.owner.since);
    found
}

/// The running exports of all nodes that share this database, into this data space, the oldest first.
///
/// # Errors
/// A [`Problem`] if the database cannot be asked.
pub async fn find_on_nodes(cluster: &Cluster, data_space: &DataSpaceId) -> Result<Vec<Found>, Problem> {
    let runs = node::find(cluster, data_space).await?;
    Ok(runs.into_iter().map(|(about, progress, link)| Found { about, progress, way: Way::Node(link) }).collect())
}

async fn greet(path: &Path) -> Result<Found, String> {
    let (from, to) = socket::connect(path).await.map_err(|error| error.to_string())?.into_split();
    let mut lines = lines::read(from, LINE_LIMIT);
    match next(&mut lines).await? {
        FromServer::Run { about, progress } => Ok(Found { about, progress, way: Way::Socket { lines, to } }),
        FromServer::Refused { message } => Err(message.to_string()),
        _ => Err("it did not identify its run".to_owned()),
    }
}

pub(super) async fn next(lines: &mut mpsc::Receiver<Line>) -> Result<FromServer, String> {
    match lines.recv().await {
        Some(Ok(line)) => read(&line),
        Some(Err(_)) => Err("it sent too much data".to_owned()),
        None => Err("it sent nothing more".to_owned()),
    }
}

impl Found {
    /// Has a command carried out.
    pub async fn tell(&mut self, command: Command) -> Result<(), Problem> {
        let gone = |_| ended_meanwhile(&self.about);
        let (lines, to) = match &mut self.way {
            Way::Node(link) => return link.tell(&self.about, command).await,
            Way::Socket { lines, to } => (lines, to),
        };
        to.write_all(&said(command)).await.map_err(gone)?;
        let answer = timeout(PATIENCE, async {
            loop {
                match next(lines).await {
                    Ok(FromServer::Taken) => return Ok(()),
                    Ok(FromServer::Refused { message }) => return Err(Problem::usage(message.to_string())),
                    Ok(FromServer::Ended { .. }) | Err(_) => return Err(ended_meanwhile(&self.about)),
                    Ok(_) => {}
                }
            }
        });
        answer.await.unwrap_or_else(|_| {
            let what = format!("the run of {} does not respond", self.about.owner.name());
            Err(Problem::new(Exit::TryAgain, what))
        })
    }

    /// The run as if it was one of this process. Dropping it leaves the run alone.
    pub fn attach(self) -> Run {
        let (progress_out, mut progress) = watch::channel(self.progress.clone());
        // Also a run that stands still is shown as it is.
        progress.mark_changed();
        let (events_out, events) = mpsc::channel(EVENTS_WAITING);
        let (commands, commands_in) = mpsc::channel(COMMANDS_WAITING);
        let Self { about, way, .. } = self;
        let report = match way {
            Way::Socket { lines, to } => {
                let socket = Socket { about, lines, to };
                tokio::spawn(socket.follow(progress_out, events_out, commands_in))
            }
            Way::Node(link) => tokio::spawn(follow_node(about, link, progress_out, events_out, commands_in)),
        };
        Run { progress, events, control: Control::elsewhere(commands), report }
    }
}

/// A run behind its socket.
struct Socket {
    about: About,
    lines: mpsc::Receiver<Line>,
    to: OwnedWriteHalf,
}

impl Socket {
    async fn follow(
        mut self,
        progress: watch::Sender<Progress>,
        events: mpsc::Sender<RunEvent>,
        mut commands: mpsc::Receiver<Command>,
    ) -> Result<RunReport, ExportError> {
        let mut is_commanded = true;
        loop {
            let message = tokio::select! {
                biased;
                () = events.closed() => return Err(ExportError::Elsewhere(lost(&self.about))),
                command = commands.recv(), if is_commanded => {
                    match command {
                        // If it cannot be written, there is nothing to be read either.
                        Some(command) => drop(self.to.write_all(&said(command)).await),
                        None => is_commanded = false,
                    }
                    continue;
                }
                message = next(&mut self.lines) => message,
            };
            match message {
                Ok(FromServer::Progress { progress: newer }) => drop(progress.send_replace(newer)),
                Ok(FromServer::Event { event }) => drop(events.send(event).await),
                Ok(FromServer::Ended { result }) => {
                    return result.map(|report| *report).map_err(ExportError::Elsewhere);
                }
                Ok(
                    FromServer::Run { .. }
                    | FromServer::NotStarted { .. }
                    | FromServer::Watch { .. }
                    | FromServer::Skipped { .. }
                    | FromServer::Taken
                    | FromServer::Refused { .. },
                ) => {}
                Err(_) => {
                    // A process that dies closes its socket some moments before it is gone.
                    let _ = timeout(GONE_PATIENCE, gone(&self.about)).await;
                    return Err(ExportError::Elsewhere(lost(&self.about)));
                }
            }
        }
    }
}

/// Follows a run of another node: its counters, as it writes them down.
async fn follow_node(
    about: About,
    link: NodeLink,
    progress: watch::Sender<Progress>,
    events: mpsc::Sender<RunEvent>,
    mut commands: mpsc::Receiver<Command>,
) -> Result<RunReport, ExportError> {
    let mut is_commanded = true;
    loop {
        tokio::select! {
            biased;
            () = events.closed() => return Err(ExportError::Elsewhere(lost(&about))),
            command = commands.recv(), if is_commanded => match command {
                Some(command) => link.tell(&about, command).await.map_err(ExportError::Elsewhere)?,
                None => is_commanded = false,
            },
            () = tokio::time::sleep(RENEW_EVERY) => match link.look().await.map_err(ExportError::Elsewhere)? {
                Standing::Running(newer) => drop(progress.send_replace(*newer)),
                Standing::Ended(report) => return Ok(*report),
                Standing::Gone => return Err(ExportError::Elsewhere(lost(&about))),
            },
        }
    }
}

/// Waits until the process of a run is gone.
async fn gone(about: &About) {
    while about.owner.is_gone() != Some(true) {
        tokio::time::sleep(GONE_PATIENCE / 20).await;
    }
}

pub(super) fn said(command: Command) -> Vec<u8> {
    line(FromGuest::Command { command, by: Owner::this_process().name().into() })
}

fn ended_meanwhile(about: &About) -> Problem {
    Problem::new(Exit::Other, format!("the run of {} has ended", about.owner.name()))
}

/// Nothing more comes, and no report came.
fn lost(about: &About) -> Problem {
    let name = about.owner.name();
    match about.owner.is_gone() {
        Some(true) => Problem::new(Exit::TryAgain, format!("the run's process ended before the run did ({name})"))
            .hint("run the export again to resume"),
        _ => Problem::new(Exit::TryAgain, format!("lost the connection to the run of {name}"))
            .hint(Hint::from("check it with ").and(Remedy::Status)),
    }
}
