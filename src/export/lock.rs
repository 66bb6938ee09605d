//! One run per data space and feed: a file lock that the system takes back when the process dies, however it dies.
//!
//! The file says who holds it; whether it is held, only the lock says, so a file that was left behind means nothing.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::ExportError;
use super::ledger::LedgerError;
use crate::client::models::DataSpaceId;
use crate::feeds::Feed;
use crate::untrusted::SafeText;

/// The most that is read of, and shown from, a lock file that somebody else wrote.
const HOLDER_LIMIT: u64 = 200;

/// A held lock; dropping it lets the next run in.
#[derive(Debug)]
pub(super) struct RunLock {
    file: File,
}

impl RunLock {
    /// Takes the lock of a feed.
    ///
    /// # Errors
    /// [`ExportError::Locked`] if a run holds it, [`ExportError::Ledger`] if there can be no lock file.
    pub fn take(state_dir: &Path, data_space: &DataSpaceId, feed: Feed) -> Result<Self, ExportError> {
        let path = state_dir.join("locks").join(format!("{data_space}.{feed}.lock"));
        let mut file = open(&path).map_err(|error| LedgerError::of_io(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ExportError::Locked { feed, holder: holder(&mut file) }),
            Err(TryLockError::Error(error)) => return Err(LedgerError::of_io(&path, &error).into()),
        }
        introduce(&mut file).map_err(|error| LedgerError::of_io(&path, &error))?;
        Ok(Self { file })
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Closing the file unlocks it as well; the file stays, for removing it could let two runs lock two files.
        let _ = self.file.unlock();
    }
}

fn open(path: &PathBuf) -> std::io::Result<File> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn introduce(file: &mut File) -> std::io::Result<()> {
    let pid = std::process::id();
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy();
    file.set_len(0)?;
    write!(file, "{} on {host}, pid {pid}, since {}", user(), Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC"))?;
    file.flush()
}

/// The name that goes with the user id; the number where there is none. `$USER` would be whatever `su` left behind.
fn user() -> String {
    let id = rustix::process::getuid().as_raw().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("user {id}"))
}

fn holder(file: &mut File) -> SafeText {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(HOLDER_LIMIT).read_to_string(&mut text));
    match read {
        Ok(length) if length > 0 => SafeText::new(text.trim_end()),
        _ => SafeText::from("another run that has just begun"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_run_is_told_who_holds_the_lock_and_the_third_gets_it() {
        let state = tempfile::tempdir().expect("a directory");
        let space: DataSpaceId = "space".parse().expect("an id");
        let first = RunLock::take(state.path(), &space, Feed::Products).expect("free");
        let error = RunLock::take(state.path(), &space, Feed::Products).expect_err("held");
        let ExportError::Locked { feed, holder } = &error else { panic!("{error}") };
        assert_eq!(*feed, Feed::Products);
        assert!(holder.as_str().contains(&format!("pid {}", std::process::id())), "{holder}");
        drop(RunLock::take(state.path(), &space, Feed::Prices).expect("another feed is free"));
        drop(first);
        drop(RunLock::take(state.path(), &space, Feed::Products).expect("free again"));
    }

    #[test]
    fn what_somebody_wrote_into_a_lock_file_is_made_safe() {
        let state = tempfile::tempdir().expect("a directory");
        let space: DataSpaceId = "space".parse().expect("an id");
        let held = RunLock::take(state.path(), &space, Feed::Orders).expect("free");
        std::fs::write(state.path().join("locks/space.orders.lock"), "\x1b]0;gotcha\x07").expect("written");
        let error = RunLock::take(state.path(), &space, Feed::Orders).expect_err("held");
        assert!(!error.to_string().contains('\x1b'), "{error:?}");
        drop(held);
    }
}
