//! How far a long look has come, so that it can go on after an interruption.

use std::io::{BufReader, Read as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::state_files;

/// How often it is written at most. What is looked at in between is looked at again.
const SAVE_EVERY: Duration = Duration::from_secs(10);
/// The most bytes that are read of it: a million differing items.
const MOST_BYTES: u64 = 512 * 1024 * 1024;
/// What is older says little about now.
const STALE_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// What is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept<Q, W> {
    /// What was asked for; another question begins from the start.
    asked: Q,
    started_at: Timestamp,
    work: W,
}

/// The file of a look, and what was found so far.
#[derive(Debug)]
pub(super) struct Resume<Q, W> {
    path: PathBuf,
    kept: Kept<Q, W>,
    is_begun: bool,
    saved: Option<Instant>,
}

impl<Q, W> Resume<Q, W>
where
    Q: Serialize + DeserializeOwned + PartialEq,
    W: Serialize + DeserializeOwned + Default,
{
    /// What an interrupted look left, or the beginning of a new one. What cannot be read is a beginning.
    pub fn open(path: PathBuf, asked: Q, now: Timestamp) -> Self {
        let kept = state_files::open(&path).ok();
        let kept =
            kept.and_then(|file| serde_json::from_reader::<_, Kept<Q, W>>(BufReader::new(file.take(MOST_BYTES))).ok());
        let kept = kept.filter(|kept| kept.asked == asked && now.duration_since(kept.started_at) < STALE_AFTER);
        let is_begun = kept.is_some();
        let kept = kept.unwrap_or_else(|| Kept { asked, started_at: now, work: W::default() });
        Self { path, kept, is_begun, saved: None }
    }

    /// What was found so far; `None` at the beginning.
    pub fn begun(&self) -> Option<&W> {
        self.is_begun.then_some(&self.kept.work)
    }

    /// Remembers what was found since. Blocking, now and then.
    ///
    /// # Errors
    /// A [`Problem`] if the file cannot be written.
    pub fn add(&mut self, found: impl FnOnce(&mut W)) -> Result<(), Problem> {
        found(&mut self.kept.work);
        self.is_begun = true;
        if self.saved.is_some_and(|saved| saved.elapsed() < SAVE_EVERY) {
            return Ok(());
        }
        self.save()
    }

    /// Writes it now, if there is anything to remember.
    ///
    /// # Errors
    /// A [`Problem`] if the file cannot be written.
    pub fn save(&mut self) -> Result<(), Problem> {
        if !self.is_begun {
            return Ok(());
        }
        let text = serde_json::to_vec(&self.kept).map_err(|error| Problem::usage(error.to_string()))?;
        state_files::write(&self.path, &text).map_err(|error| Problem::of(&error))?;
        self.saved = Some(Instant::now());
        Ok(())
    }

    /// Forgets it: everything was looked at.
    pub fn finish(self) {
        // A file that stays is found stale, or goes on where nothing is left.
        let _ = std::fs::remove_file(self.path);
    }
}
