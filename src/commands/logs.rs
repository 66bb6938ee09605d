//! `logs`: the lines that this program logged, and with `--follow` those that come.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::Invocation;
use super::output::Output;
use crate::cli::LogsArgs;
use crate::error::{Exit, Problem};
use crate::logging;
use crate::private_file::safe;
use crate::untrusted::SafeText;

/// How often it is looked for new lines: as quick as a person reads, and nothing to a disk.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How much of the newest files is read for the last lines, in bytes.
const TAIL: u64 = 4 * 1024 * 1024;

/// Prints the newest lines of all days that are kept.
pub async fn run(args: &LogsArgs, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let state_dir = setting.state_dir(&setting.load()?);
    let mut files = logging::files(&state_dir)?;
    let Some(newest) = files.last().cloned() else {
        return Err(Problem::new(Exit::Other, format!("no log yet in {}", safe(&state_dir)))
            .hint("exports, the screen and `export watch` write one")
            .into());
    };
    let end = std::fs::metadata(&newest).map_or(0, |meta| meta.len());
    let mut lines: Vec<String> = Vec::new();
    while let Some(file) = files.pop().filter(|_| lines.len() < args.lines) {
        let text = tail(&file).map_err(|error| unreadable(&file, &error))?;
        let earlier = text.lines().rev().map(str::to_owned).take(args.lines - lines.len());
        lines.extend(earlier);
    }
    for line in lines.iter().rev() {
        output.text(SafeText::new(line).as_str())?;
    }
    if args.follow {
        follow(&state_dir, newest, end, output).await?;
    }
    Ok(Exit::Done)
}

/// The end of a file, from the beginning of a line.
fn tail(file: &Path) -> std::io::Result<String> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut file = std::fs::File::open(file)?;
    let skipped = file.metadata()?.len().saturating_sub(TAIL);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match text.split_once('\n') {
        Some((_, rest)) if skipped > 0 => rest.to_owned(),
        _ => text,
    })
}

/// Prints whole lines as they come, from the next day's file too, until the process is interrupted.
async fn follow(state_dir: &Path, mut file: PathBuf, mut at: u64, output: &mut Output) -> anyhow::Result<()> {
    let mut rest = Vec::new();
    loop {
        let mut open = tokio::fs::File::open(&file).await.map_err(|error| unreadable(&file, &error))?;
        open.seek(std::io::SeekFrom::Start(at)).await?;
        at += open.read_to_end(&mut rest).await? as u64;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            output.text(SafeText::new(String::from_utf8_lossy(&line).trim_end()).as_str())?;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        if let Some(newest) = logging::files(state_dir)?.pop().filter(|newest| *newest > file) {
            (file, at) = (newest, 0);
        }
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> Problem {
    Problem::new(Exit::Other, format!("the log {} cannot be read: {error}", safe(file)))
}
