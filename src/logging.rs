//! The log: a 0600 file a day in the state directory, never the screen. Secrets never reach it, since they cannot be printed.

use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{Builder, Rotation};

use crate::error::{Exit, Problem};
use crate::private_file;

/// Days of logs that are kept.
const DAYS: usize = 7;

/// Writes events to `<state_dir>/logs/commerce-connector.<day>.log` until the guard is dropped.
///
/// # Errors
/// A [`Problem`] if the directory cannot be made or written.
pub fn start(state_dir: &Path) -> Result<WorkerGuard, Problem> {
    let directory = state_dir.join("logs");
    let failed = |reason: &dyn std::fmt::Display| {
        Problem::new(Exit::Other, format!("the log directory {}: {reason}", private_file::safe(&directory)))
            .hint("name a directory that you can write with --state-dir")
    };
    private_file::create_dir(&directory).map_err(|error| failed(&error))?;
    let appender = Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("commerce-connector")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(&directory)
        .map_err(|error| failed(&error))?;
    let (writer, guard) = tracing_appender::non_blocking(appender);
    let subscriber =
        tracing_subscriber::fmt().with_writer(writer).with_ansi(false).with_max_level(tracing::Level::INFO).finish();
    // A second start in one process (tests) keeps the first log.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(guard)
}
