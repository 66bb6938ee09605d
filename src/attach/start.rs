//! A run that is started in a process of its own: the screen that starts it and the new process talk over a socket pair.
//!
//! The socket in the state directory is for who comes later. A run that is over at once would be missed there, and one that does not
//! begin has none.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream as BlockingStream;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::process::Command;
use tokio::sync::mpsc;

use super::client::{self, Found, LINE_LIMIT, Way};
use super::lines::{self, Line};
use super::wire::{FromServer, line, read};
use crate::error::{Exit, Problem};

/// Starts a process that finds its screen at its standard input, hands it `job`, and waits until its run has begun.
///
/// # Errors
/// The [`Problem`] of the new process, which has ended then; or it could not be started.
pub async fn start(mut command: Command, job: &impl Serialize) -> Result<Found, Problem> {
    let failed = |error: io::Error| Problem::new(Exit::Other, format!("cannot start the export's process: {error}"));
    let (ours, theirs) = BlockingStream::pair().map_err(failed)?;
    let (from, mut to) = of_runtime(ours).map_err(failed)?.into_split();
    let mut process = command.stdin(OwnedFd::from(theirs)).spawn().map_err(failed)?;
    // It holds the other end of the pair, which must close with the process.
    drop(command);
    let mut lines = lines::read(from, LINE_LIMIT);
    // A process that has ended already does not read it; what it said is read below.
    let _ = to.write_all(&line(job)).await;
    match client::next(&mut lines).await {
        Ok(FromServer::Run { about, progress }) => Ok(Found { about, progress, way: Way::Socket { lines, to } }),
        Ok(FromServer::NotStarted { problem }) => Err(problem),
        _ => {
            let _ = process.start_kill();
            let status = process.wait().await.map_err(failed)?;
            Err(Problem::new(Exit::Other, format!("the export's process ended before the export began ({status})"))
                .hint("see the log in the state directory"))
        }
    }
}

/// The screen that had this process started.
#[derive(Debug)]
pub struct Starter {
    pub(super) lines: mpsc::Receiver<Line>,
    pub(super) to: OwnedWriteHalf,
}

impl Starter {
    /// The screen at standard input, of which nothing else is read from then on.
    ///
    /// # Errors
    /// If there is no socket.
    pub fn at_standard_input() -> io::Result<Self> {
        let stream = BlockingStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        // Whatever is no socket has no address.
        stream.local_addr()?;
        let (from, to) = of_runtime(stream)?.into_split();
        // The screen would never see the end of a socket that stays open here.
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        Ok(Self { lines: lines::read(from, LINE_LIMIT), to })
    }

    /// What it wants.
    ///
    /// # Errors
    /// A [`Problem`] if it does not say so.
    pub async fn job<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        let said = match self.lines.recv().await {
            Some(Ok(line)) => read(&line),
            Some(Err(_)) => Err(format!("the request has more than {LINE_LIMIT} bytes")),
            None => Err("the screen is gone".to_owned()),
        };
        said.map_err(|reason| Problem::usage(format!("nothing to export: {reason}")))
    }

    /// Says why the run does not begin.
    pub async fn refuse(mut self, problem: Problem) {
        // If the screen is gone, the log has it.
        let _ = self.to.write_all(&line(FromServer::NotStarted { problem })).await;
    }
}

fn of_runtime(stream: BlockingStream) -> io::Result<UnixStream> {
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A process that answers what it is asked with these shell commands.
    fn shell(commands: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", commands]).stdout(std::process::Stdio::null());
        command
    }

    #[tokio::test]
    async fn a_process_that_says_nothing_is_told_by_how_it_ended() {
        let problem = start(shell("read line; exit 3"), &json!({})).await.expect_err("no run");
        assert!(problem.what.contains("ended before the export began (exit status: 3)"), "{problem}");
        let nonsense = start(shell("echo nonsense >&0; exec sleep 600"), &json!({})).await.expect_err("no run");
        assert!(nonsense.what.contains("signal: 9"), "{nonsense}");
    }

    #[tokio::test]
    async fn a_process_that_refuses_is_heard() {
        let refusal = Problem::new(Exit::Guarded, "this is a copy");
        let line = String::from_utf8(line(FromServer::NotStarted { problem: refusal.clone() })).expect("UTF-8");
        let command = format!("read job; case $job in *canary*) printf '%s' '{line}' >&0;; esac");
        assert_eq!(start(shell(&command), &json!({"job": "canary"})).await.expect_err("refused"), refusal);
    }

    #[tokio::test]
    async fn a_screen_that_is_gone_or_says_too_much_wants_nothing() {
        for (said, words) in
            [(vec![], "the screen is gone"), (vec![b'x'; 2_000_000], "bytes"), (b"{}\n".to_vec(), "schema")]
        {
            let (ours, theirs) = UnixStream::pair().expect("a pair");
            let (from, to) = theirs.into_split();
            let mut starter = Starter { lines: lines::read(from, LINE_LIMIT), to };
            let saying = async move {
                let mut ours = ours;
                // It stops reading where it is too much.
                let _ = ours.write_all(&said).await;
            };
            let asking = async move { starter.job::<Value>().await };
            let (asked, ()) = tokio::join!(asking, saying);
            let problem = asked.expect_err("no job");
            assert!(problem.what.contains(words), "{problem}");
        }
    }
}
