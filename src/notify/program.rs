//! A program that gets a text on standard input: the command of `[notify]`, and sendmail.

use std::future::Future;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::Failed;
use crate::private_file::safe;
use crate::untrusted::SafeText;

/// The most that is kept of what it says of its failure, in bytes.
const SAID_LIMIT: u64 = 300;

/// `EX_TEMPFAIL` of sysexits.h: the caller is invited to try again. Sendmail programs use it.
const TRY_AGAIN: i32 = 75;

/// Runs it to its end with this on its standard input. It is not retried where it ran into the time limit: it may have done its work.
pub async fn run(program: &Path, arguments: &[String], input: &[u8], limit: Duration) -> Result<(), Failed> {
    run_until(program, arguments, input, tokio::time::sleep(limit)).await?.ok_or_else(|| {
        Failed::for_good(format!("{} did not end within {} s, and was killed", safe(program), limit.as_secs()))
    })
}

/// The same until the time is up; `None` = it was killed then.
async fn run_until(
    program: &Path,
    arguments: &[String],
    input: &[u8],
    time_is_up: impl Future<Output = ()>,
) -> Result<Option<()>, Failed> {
    let name = safe(program);
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    // A group of its own, so that what it starts ends with it.
    command.process_group(0).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| Failed::for_good(not_started(&name, &error)))?;
    let ended = tokio::select! {
        ended = talk(&mut child, input) => ended,
        () = time_is_up => {
            end(&mut child).await;
            return Ok(None);
        }
    };
    let (status, said) = ended.map_err(|error| Failed::for_good(format!("{name}: {error}")))?;
    if status.success() {
        return Ok(Some(()));
    }
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    let what = SafeText::from(format!("{name} ended with {status}{said}"));
    Err(Failed { what, is_temporary: status.code() == Some(TRY_AGAIN) })
}

fn not_started(name: &SafeText, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("{name} does not exist, or what it is run by does not"),
        io::ErrorKind::PermissionDenied => format!("{name} is not executable for this user"),
        _ => format!("{name} cannot be started: {error}"),
    }
}

/// Hands it the input, and gives how it ended and the beginning of what it said on standard error.
async fn talk(child: &mut Child, input: &[u8]) -> io::Result<(ExitStatus, SafeText)> {
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // It need not read it: how it ends says what it makes of it.
            let _ = stdin.write_all(input).await;
        }
    };
    let listen = async {
        let mut said = Vec::new();
        if let Some(stderr) = stderr {
            let mut first = stderr.take(SAID_LIMIT);
            first.read_to_end(&mut said).await?;
            // The rest is read, so that it does not wait for a reader.
            tokio::io::copy(&mut first.into_inner(), &mut tokio::io::sink()).await?;
        }
        Ok::<_, io::Error>(said)
    };
    let ((), said, status) = tokio::join!(feed, listen, child.wait());
    let said = String::from_utf8_lossy(&said?).trim().to_owned();
    Ok((status?, SafeText::new(said.lines().next().unwrap_or_default())))
}

/// Ends it with everything that it started.
async fn end(child: &mut Child) {
    if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        // Gone already is as good.
        let _ = kill_process_group(pid, Signal::KILL);
    }
    let _ = child.wait().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Real time: what is run is another process.
    const PATIENCE: Duration = Duration::from_secs(20);

    async fn shell(script: &str, limit: Duration) -> Result<(), Failed> {
        run(Path::new("/bin/sh"), &["-c".to_owned(), script.to_owned()], b"{\"a\":1}", limit).await
    }

    #[tokio::test]
    async fn it_gets_the_text_on_standard_input() {
        let dir = tempfile::tempdir().expect("a directory");
        let got = dir.path().join("got");
        shell(&format!("cat > '{}'", got.display()), PATIENCE).await.expect("well");
        assert_eq!(std::fs::read_to_string(got).expect("written"), "{\"a\":1}");
    }

    #[tokio::test]
    async fn how_it_failed_is_said_in_one_line_and_only_75_is_tried_again() {
        let failed = shell("echo 'no such room' >&2; echo more >&2; exit 3", PATIENCE).await.expect_err("3");
        assert_eq!(failed.what.as_str(), "/bin/sh ended with exit status: 3: no such room");
        assert!(!failed.is_temporary);
        assert!(shell("exit 75", PATIENCE).await.expect_err("75").is_temporary);
        shell("exec <&-; exit 0", PATIENCE).await.expect("it need not read");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_does_not_end_is_killed_with_what_it_started() {
        let dir = tempfile::tempdir().expect("a directory");
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("it runs").success());
        // The time is up when what it started has written into the pipe; and the pipe ends with the last who has it open.
        let (begun, time_is_up) = tokio::sync::oneshot::channel();
        let opened = pipe.clone();
        let reader = tokio::task::spawn_blocking(move || {
            let mut pipe = std::fs::File::open(opened).expect("opened");
            std::io::Read::read_exact(&mut pipe, &mut [0]).expect("it begins");
            begun.send(()).expect("somebody waits");
            std::io::read_to_string(pipe).expect("it ends")
        });
        let script = format!("(echo; sleep 600) > '{}' & wait", pipe.display());
        let time_is_up = async { time_is_up.await.expect("it begins") };
        let ended = run_until(Path::new("/bin/sh"), &["-c".to_owned(), script], b"", time_is_up).await;
        assert_eq!(ended, Ok(None));
        let rest = tokio::time::timeout(PATIENCE, reader).await.expect("nobody has it open").expect("no panic");
        assert_eq!(rest, "");
    }

    #[tokio::test]
    async fn what_is_missing_or_no_program_is_said_by_name() {
        let missing = run(Path::new("/nowhere/tell"), &[], b"", PATIENCE).await.expect_err("missing");
        assert_eq!(missing.what.as_str(), "/nowhere/tell does not exist, or what it is run by does not");
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("text"), "no program").expect("written");
        let failed = run(&dir.path().join("text"), &[], b"", PATIENCE).await.expect_err("no program");
        assert!(failed.what.as_str().ends_with("text is not executable for this user"), "{failed:?}");
    }
}
