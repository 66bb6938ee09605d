//! What was told: a file in the state directory, since a run by cron has no other memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::private_file::PrivateFileError;
use crate::state_files::{self, lock_within};

/// The file, below [`DIRECTORY`] in the state directory.
const FILE: &str = "told.json";
const LOCK: &str = "told.lock";
const DIRECTORY: &str = "notify";

/// How long another process is waited for: it holds the lock for one small file.
const LOCK_WAIT: Duration = Duration::from_secs(1);

/// What was told, and of what the next message depends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// By kind of work.
    pub(super) works: BTreeMap<String, WorkMemory>,
    pub(super) fix: FixMemory,
    /// Up to which moment digests were told.
    pub(super) digest: Option<Timestamp>,
    pub(super) digest_not_before: Option<Timestamp>,
    pub(super) pinged: Option<Timestamp>,
}

/// Failures in a row of one kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// The first of them.
    pub since: Timestamp,
    /// How many.
    pub times: u64,
    /// Whether that was told, or would have been but for `on_failure`.
    pub(super) told: bool,
}

/// What is remembered of one kind of work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkMemory {
    pub(super) failing: Option<Failing>,
    /// Over, but not told yet.
    pub(super) recovered: Option<Failing>,
    pub(super) failure_not_before: Option<Timestamp>,
    pub(super) recovery_not_before: Option<Timestamp>,
}

/// What is remembered of items that need a fix.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FixMemory {
    /// Whose items they are.
    pub(super) data_space: String,
    /// The most that were told since there were fewer than the threshold.
    pub(super) told: u64,
    pub(super) not_before: Option<Timestamp>,
}

impl WorkMemory {
    /// Whether its failures were told.
    pub(super) fn was_told(&self) -> bool {
        self.failing.is_some_and(|failing| failing.told)
    }
}

impl Memory {
    /// Changes what is remembered, while no other process does. What cannot be read is forgotten. Blocking, for a second at most.
    ///
    /// # Errors
    /// A [`Problem`] if it cannot be written; what `change` gave is lost then, so that nothing is told again and again.
    pub fn change<T>(state_dir: &Path, change: impl FnOnce(&mut Self) -> T) -> Result<T, Problem> {
        let changed = Self::change_file(state_dir, change);
        changed.map_err(|error| Problem {
            what: format!("what was told cannot be remembered: {error}"),
            ..Problem::of(&error)
        })
    }

    fn change_file<T>(state_dir: &Path, change: impl FnOnce(&mut Self) -> T) -> Result<T, PrivateFileError> {
        let directory = state_files::own_dir(state_dir, DIRECTORY)?;
        let lock_path = directory.join(LOCK);
        let lock = state_files::open_own(&lock_path)?;
        let is_taken = lock_within(&lock, LOCK_WAIT, || true);
        let held = || std::io::Error::other("another process holds it");
        let is_taken = is_taken.and_then(|is_taken| is_taken.then_some(()).ok_or_else(held));
        is_taken.map_err(|error| PrivateFileError::io(&lock_path, &error))?;
        let path = directory.join(FILE);
        let mut memory = Self::read(&path);
        let given = change(&mut memory);
        // A derived structure of texts, numbers and times always is JSON.
        let text = serde_json::to_vec(&memory).unwrap_or_default();
        state_files::write(&path, &text)?;
        Ok(given)
    }

    fn read(path: &Path) -> Self {
        if !path.exists() {
            return Self::default();
        }
        let text = state_files::read(path).map_err(|error| error.to_string());
        text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string())).unwrap_or_else(|reason| {
            tracing::warn!(reason, "what was told is forgotten");
            Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_between_processes_and_what_is_no_memory_is_forgotten() {
        let dir = tempfile::tempdir().expect("a directory");
        let at: Timestamp = "2026-11-27T12:00:00Z".parse().expect("a time");
        Memory::change(dir.path(), |memory| memory.digest = Some(at)).expect("written");
        let read = || Memory::change(dir.path(), |memory| memory.clone());
        assert_eq!(read().expect("read").digest, Some(at));
        std::fs::write(dir.path().join("notify/told.json"), "{\"digest\": 5").expect("written");
        assert_eq!(read(), Ok(Memory::default()));
    }

    #[test]
    fn without_a_place_for_it_nothing_is_given() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("notify"), "").expect("written");
        let problem = Memory::change(dir.path(), |_| ()).expect_err("no directory");
        assert!(problem.what.starts_with("what was told cannot be remembered: "), "{problem}");
    }
}
