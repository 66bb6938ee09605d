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

/// Prints the newest lines of all days that are kept.
pub async fn run(args: &LogsArgs, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let state_dir = setting.state_dir(&setting.load()?);
    let Some(newest) = logging::files(&state_dir)?.pop() else {
        return Err(Problem::new(Exit::Other, format!("no log yet in {}", safe(&state_dir)))
            .hint("exports, the screen and `export watch` write one")
            .into());
    };
    let end = std::fs::metadata(&newest).map_or(0, |meta| meta.len());
    for line in logging::newest(&state_dir, args.lines)? {
        output.text(SafeText::new(&line).as_str())?;
    }
    if args.follow {
        follow(&state_dir, newest, end, output).await?;
    }
    Ok(Exit::Done)
}

/// Prints whole lines as they come, from the next day's file too, until the process is interrupted.
async fn follow(state_dir: &Path, mut file: PathBuf, mut at: u64, output: &mut Output) -> anyhow::Result<()> {
    let mut rest = Vec::new();
    loop {
        let mut open = tokio::fs::File::open(&file).await.map_err(|error| logging::unreadable(&file, &error))?;
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
