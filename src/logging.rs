//! The log: a 0600 file a day in the state directory, never the screen. Secrets never reach it, since they cannot be printed.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tracing::Level;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::MakeWriterExt as _;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

use crate::error::{Exit, Explain as _, Problem};
use crate::hardening::{self, Connecting, Writing};
use crate::private_file::{self, PrivateFileError};
use crate::state_files::{self, Users};

/// Days of logs that are kept.
const DAYS: usize = 7;

/// How much of a file is read for its newest lines, in bytes.
const TAIL: u64 = 4 * 1024 * 1024;

/// How the names of all log files begin.
const PREFIX: &str = "commerce-connector";

fn is_log(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
}

/// Refuses log files through which others could read or write, such as a link that leads elsewhere. The directory is its users' alone,
/// so nobody else can put one there afterwards.
fn check_files(directory: &Path) -> Result<(), PrivateFileError> {
    let failure = |error: &std::io::Error| PrivateFileError::io(directory, error);
    let users = Users::of(&std::fs::metadata(directory).map_err(|error| failure(&error))?);
    for entry in std::fs::read_dir(directory).map_err(|error| failure(&error))? {
        let path = entry.map_err(|error| failure(&error))?.path();
        match std::fs::symlink_metadata(&path) {
            Ok(meta) if is_log(&path) => state_files::check_own(&path, &meta, users)?,
            // One that is gone was too old, and another process took it away.
            _ => {}
        }
    }
    Ok(())
}

/// The log files that are kept, oldest first; none where nothing was logged.
///
/// # Errors
/// A [`Problem`] if the directory is there and cannot be read.
pub fn files(state_dir: &Path) -> Result<Vec<PathBuf>, Problem> {
    let directory = directory(state_dir);
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let what = format!("the log directory {} cannot be read: {error}", private_file::safe(&directory));
            return Err(Problem::new(Exit::Other, what));
        }
    };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths.filter(|path| is_log(path)).collect();
    // The day is in the name.
    files.sort_unstable();
    Ok(files)
}

/// The end of a log file, from the beginning of a line; at most the newest 4 MiB. Blocking.
///
/// # Errors
/// That of the file.
pub fn end_of(file: &Path) -> std::io::Result<String> {
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

/// The newest lines of all days that are kept, oldest first; none where nothing was logged. Blocking.
///
/// # Errors
/// A [`Problem`] if the directory or a file cannot be read.
pub fn newest(state_dir: &Path, most: usize) -> Result<Vec<String>, Problem> {
    let mut lines: Vec<String> = Vec::new();
    for file in files(state_dir)?.iter().rev() {
        let text = end_of(file).map_err(|error| unreadable(file, &error))?;
        lines.extend(text.lines().rev().map(str::to_owned).take(most - lines.len()));
        if lines.len() == most {
            break;
        }
    }
    lines.reverse();
    Ok(lines)
}

/// What is said of a log that cannot be read.
#[must_use]
pub fn unreadable(file: &Path, error: &std::io::Error) -> Problem {
    Problem::new(Exit::Other, format!("the log {} cannot be read: {error}", private_file::safe(file)))
}

/// Where the files are.
#[must_use]
pub fn directory(state_dir: &Path) -> PathBuf {
    state_dir.join("logs")
}

/// How much is logged, and whether it is on stderr as well.
#[derive(Debug, Clone, Copy)]
struct Amount {
    level: Level,
    is_shown: bool,
}

/// Set once, before the first log begins.
static AMOUNT: OnceLock<Amount> = OnceLock::new();

/// Says how much is logged by this process; the first one to say so counts.
pub fn set(level: Level, is_shown: bool) {
    // Tests run several commands in one process.
    let _ = AMOUNT.set(Amount { level, is_shown });
}

fn amount() -> Amount {
    AMOUNT.get().copied().unwrap_or(Amount { level: Level::INFO, is_shown: false })
}

/// Prints events to stderr, if that is wanted, for a command that writes no log.
pub fn show() {
    let amount = amount();
    if amount.is_shown {
        install(std::io::stderr, amount.level);
    }
}

/// Takes events from here on. Libraries say no more than usual: what they log beyond that is not ours to keep secret.
fn install(writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static, level: Level) {
    let targets = Targets::new().with_default(level.min(Level::INFO)).with_target(env!("CARGO_CRATE_NAME"), level);
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    // A second start in one process (tests) keeps the first log.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines.with_filter(targets)));
}

/// How many lines may wait for a slow disk before some are left out. The queue takes its memory at the start: half a megabyte, where the
/// library's default takes four.
const WAITING_LINES: usize = 16_384;

/// Writes events to `<state_dir>/logs/commerce-connector.<day>.log` until the guard is dropped.
///
/// # Errors
/// A [`Problem`] if the directory cannot be made or written.
pub fn start(state_dir: &Path) -> Result<WorkerGuard, Problem> {
    let directory = directory(state_dir);
    let elsewhere = || "set a writable directory with --state-dir or state.directory".to_owned();
    let failed = |reason: &dyn std::fmt::Display| {
        Problem::new(Exit::Other, format!("the log directory {}: {reason}", private_file::safe(&directory)))
            .hint(elsewhere())
    };
    state_files::own_dir(state_dir, "logs").and_then(|directory| check_files(&directory)).map_err(|error| Problem {
        what: format!("the log: {error}"),
        hint: error.hint().or_else(|| Some(elsewhere().into())),
        exit: Exit::Other,
    })?;
    let appender = Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix(PREFIX)
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(&directory)
        .map_err(|error| failed(&error))?;
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(WAITING_LINES).finish(appender);
    let amount = amount();
    if amount.is_shown {
        install(writer.and(std::io::stderr), amount.level);
    } else {
        install(writer, amount.level);
    }
    let Some(in_force) = hardening::in_force() else { return Ok(guard) };
    match &in_force.writing {
        Writing::Confined => tracing::info!("can write only where it must (Landlock)"),
        Writing::Anywhere(why) => tracing::info!(why, "can write wherever its user can"),
    }
    match &in_force.connecting {
        Connecting::Only(ports) => tracing::info!(?ports, "can connect only to ports of its settings (Landlock)"),
        Connecting::Anywhere(why) => tracing::info!(why, "can connect to any port"),
    }
    Ok(guard)
}
