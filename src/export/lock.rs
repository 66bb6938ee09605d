//! One run per data space and feed: a file lock that the system takes back when the process dies, however it dies.
//!
//! Whether it is held, only the lock says. The file says who holds it; a run that ends in order empties it, so that what is left
//! in it names a run that died.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ExportError;
use super::owner::Owner;
use crate::domain::{DataSpaceId, Feed};
use crate::private_file::PrivateFileError;
use crate::state_files::{self, lock_within};
use crate::untrusted::SafeText;

/// The most that is read of a lock file, in bytes: somebody else may have written it.
const FILE_LIMIT: u64 = 1024;

/// The most that is shown of a lock file that no run wrote, in characters.
const SHOWN_LIMIT: usize = 200;

/// Within which time the system frees the lock of a process that was killed, while it finishes what that wrote.
const FREED_WITHIN: Duration = Duration::from_secs(1);

/// A held lock; dropping it lets the next run in.
#[derive(Debug)]
pub(super) struct RunLock {
    file: File,
    /// Who held it last, and died holding it.
    pub died: Option<SafeText>,
}

impl RunLock {
    /// Takes the lock of a feed; `is_pass`: for a partial sync, for which others may wait.
    ///
    /// # Errors
    /// [`ExportError::Locked`] if a run holds it, [`ExportError::LockFile`] if there can be no lock file.
    pub fn take(state_dir: &Path, data_space: &DataSpaceId, feed: Feed, is_pass: bool) -> Result<Self, ExportError> {
        let path = state_files::own_dir(state_dir, "locks")?.join(format!("{data_space}.{feed}.lock"));
        let failure = |error: &std::io::Error| PrivateFileError::io(&path, error);
        let mut file = state_files::open_own(&path)?;
        // The system frees the locks of a killed process a moment after the process is gone.
        let is_taken = lock_within(&file, FREED_WITHIN, || is_left_behind(&file));
        if !is_taken.map_err(|error| failure(&error))? {
            let (holder, is_pass) = holder(&file);
            return Err(ExportError::Locked { feed, holder, is_pass });
        }
        let died = read(&file).map(|written| match written {
            Written::Holder(holder) => SafeText::from(holder.owner.to_string()),
            Written::Other(text) => text,
        });
        introduce(&mut file, is_pass).map_err(|error| failure(&error))?;
        Ok(Self { file, died })
    }

    /// Takes the locks of all feeds of a data space, so that no run of it may continue while they are held.
    ///
    /// # Errors
    /// As [`Self::take`]; none is held then.
    pub fn take_all(state_dir: &Path, data_space: &DataSpaceId) -> Result<Vec<Self>, ExportError> {
        Feed::ALL.into_iter().map(|feed| Self::take(state_dir, data_space, feed, false)).collect()
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Closing the file unlocks it as well; the file stays, for removing it could let two runs lock two files.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

fn introduce(file: &mut File, is_pass: bool) -> std::io::Result<()> {
    let holder = serde_json::to_vec(&Holder { owner: Owner::this_process(), is_pass })?;
    file.set_len(0)?;
    file.rewind()?;
    // At once: another run may be reading it.
    file.write_all(&holder)
}

/// Who holds a lock.
#[derive(Serialize, Deserialize)]
struct Holder {
    #[serde(flatten)]
    owner: Owner,
    /// Whether it is a partial sync.
    #[serde(default)]
    is_pass: bool,
}

/// What stands in a lock file.
enum Written {
    Holder(Holder),
    Other(SafeText),
}

fn read(mut file: &File) -> Option<Written> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.take(FILE_LIMIT).read_to_string(&mut text)).ok().filter(|length| *length > 0)?;
    Some(match serde_json::from_str(&text) {
        Ok(holder) => Written::Holder(holder),
        Err(_) => Written::Other(SafeText::limited(text.trim_end(), SHOWN_LIMIT)),
    })
}

/// Whether the process that holds it is gone.
fn is_left_behind(file: &File) -> bool {
    matches!(read(file), Some(Written::Holder(Holder { owner, .. })) if owner.is_gone() == Some(true))
}

/// Who holds it, and whether that is worth waiting for: a partial sync, or a run that has yet to say what it is.
fn holder(file: &File) -> (SafeText, bool) {
    match read(file) {
        // The system frees the locks of a process that ends; a server of files that lost sight of it may not.
        Some(Written::Holder(Holder { owner, .. })) if owner.is_gone() == Some(true) => {
            let text = format!(
                "{owner}: that process has ended, but its lock is still held; if the state directory is on a network file \
                 system, move it to a local disk"
            );
            (SafeText::from(text), false)
        }
        Some(Written::Holder(Holder { owner, is_pass })) => (SafeText::from(owner.to_string()), is_pass),
        Some(Written::Other(text)) => (text, false),
        None => (SafeText::from("another run that has just started"), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space() -> DataSpaceId {
        "space".parse().expect("an id")
    }

    #[test]
    fn the_second_run_is_told_who_holds_the_lock_and_the_third_gets_it() {
        let state = tempfile::tempdir().expect("a directory");
        let first = RunLock::take(state.path(), &space(), Feed::Products, false).expect("free");
        let error = RunLock::take(state.path(), &space(), Feed::Products, false).expect_err("held");
        let ExportError::Locked { feed, holder, .. } = &error else { panic!("{error}") };
        assert_eq!(*feed, Feed::Products);
        assert!(holder.as_str().contains(&format!("pid {}", std::process::id())), "{holder}");
        drop(RunLock::take(state.path(), &space(), Feed::Prices, false).expect("another feed is free"));
        drop(first);
        let third = RunLock::take(state.path(), &space(), Feed::Products, false).expect("free again");
        assert_eq!(third.died, None, "the first ended in order");
    }

    #[test]
    fn a_lock_of_a_run_that_died_is_taken_over_and_says_whose_it_was() {
        let state = tempfile::tempdir().expect("a directory");
        drop(RunLock::take(state.path(), &space(), Feed::Products, false).expect("free"));
        let path = state.path().join("locks/space.products.lock");
        let dead = Owner { pid: 4_194_304, ..Owner::this_process() };
        std::fs::write(&path, serde_json::to_vec(&dead).expect("JSON")).expect("written");
        let taken = RunLock::take(state.path(), &space(), Feed::Products, false).expect("nobody holds it");
        assert_eq!(taken.died, Some(dead.to_string().as_str().into()));
        // The same words in a lock that is held: only a file system that lost sight of its owner does that.
        std::fs::write(&path, serde_json::to_vec(&dead).expect("JSON")).expect("written");
        let error = RunLock::take(state.path(), &space(), Feed::Products, false).expect_err("held");
        assert!(error.to_string().contains("that process has ended, but its lock is still held"), "{error}");
    }

    #[test]
    fn the_lock_of_a_process_that_is_just_gone_is_taken_as_soon_as_it_is_free() {
        let state = tempfile::tempdir().expect("a directory");
        let held = RunLock::take(state.path(), &space(), Feed::Products, false).expect("free");
        let path = state.path().join("locks/space.products.lock");
        let dead = Owner { pid: 4_194_304, ..Owner::this_process() };
        std::fs::write(&path, serde_json::to_vec(&dead).expect("JSON")).expect("written");
        std::thread::scope(|scope| {
            let next = scope.spawn(|| RunLock::take(state.path(), &space(), Feed::Products, false));
            // Closed as the system does it: what stands in the file stays.
            held.file.unlock().expect("unlocked");
            next.join().expect("no panic").expect("free soon");
        });
    }

    #[test]
    fn a_lock_that_is_a_link_is_refused_and_nothing_is_written_through_it() {
        let state = tempfile::tempdir().expect("a directory");
        drop(RunLock::take(state.path(), &space(), Feed::Prices, false).expect("free"));
        let elsewhere = state.path().join("precious");
        std::fs::write(&elsewhere, "precious").expect("written");
        std::os::unix::fs::symlink(&elsewhere, state.path().join("locks/space.orders.lock")).expect("a link");
        let error = RunLock::take(state.path(), &space(), Feed::Orders, false).expect_err("refused");
        assert!(error.to_string().contains("symbolic link"), "{error}");
        assert_eq!(std::fs::read_to_string(&elsewhere).expect("there"), "precious");
    }

    #[test]
    fn what_somebody_wrote_into_a_lock_file_is_made_safe() {
        let state = tempfile::tempdir().expect("a directory");
        let held = RunLock::take(state.path(), &space(), Feed::Orders, false).expect("free");
        std::fs::write(state.path().join("locks/space.orders.lock"), "\x1b]0;gotcha\x07").expect("written");
        let error = RunLock::take(state.path(), &space(), Feed::Orders, false).expect_err("held");
        assert!(!error.to_string().contains('\x1b'), "{error:?}");
        drop(held);
    }

    #[test]
    fn a_run_that_has_not_said_yet_what_it_is_is_waited_for() {
        let state = tempfile::tempdir().expect("a directory");
        let held = RunLock::take(state.path(), &space(), Feed::Orders, false).expect("free");
        std::fs::write(state.path().join("locks/space.orders.lock"), "").expect("written");
        let error = RunLock::take(state.path(), &space(), Feed::Orders, false).expect_err("held");
        let ExportError::Locked { holder, is_pass, .. } = error else { panic!("{error}") };
        assert_eq!((holder.as_str(), is_pass), ("another run that has just started", true));
        drop(held);
    }
}
