//! How far looking at everything has come, so that it can go on after an interruption.

use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Sighting, Tally, VerifyRequest};
use crate::domain::DataSpaceId;
use crate::error::Problem;
use crate::private_file::{self, Secrecy};

/// How often it is written at most. What is looked at in between is looked at again.
const SAVE_EVERY: Duration = Duration::from_secs(10);
/// The most bytes that are read of it: a million differing items.
const MOST_BYTES: u64 = 512 * 1024 * 1024;
/// What is older says little about now.
const STALE_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// What is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Kept {
    asked: Asked,
    started_at: Timestamp,
    /// The number of the last item that was looked at.
    after: i64,
    tally: Tally,
    differing: Vec<Sighting>,
}

/// What was asked for; another question begins from the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Asked {
    store_view: Option<String>,
    group: u64,
    live_search: bool,
}

/// The file of a data space, and what was found so far.
#[derive(Debug)]
pub struct Resume {
    path: PathBuf,
    kept: Kept,
    saved: Option<Instant>,
}

impl Resume {
    /// What an interrupted look left, or the beginning of a new one. What cannot be read is a beginning.
    #[must_use]
    pub fn open(state_dir: &Path, data_space: &DataSpaceId, request: &VerifyRequest, now: Timestamp) -> Self {
        let path = state_dir.join("verify").join(format!("{data_space}.json"));
        let asked =
            Asked { store_view: request.store_view.clone(), group: request.group, live_search: request.live_search };
        let kept = private_file::open(&path, Secrecy::Open).ok();
        let kept = kept.and_then(|file| serde_json::from_reader::<_, Kept>(BufReader::new(file.take(MOST_BYTES))).ok());
        let kept = kept.filter(|kept| kept.asked == asked && now.duration_since(kept.started_at) < STALE_AFTER);
        let fresh = || Kept { asked, started_at: now, after: 0, tally: Tally::default(), differing: Vec::new() };
        Self { path, kept: kept.unwrap_or_else(fresh), saved: None }
    }

    /// The number of the last item that was looked at; `None` at the beginning.
    pub fn after(&self) -> Option<i64> {
        (self.kept.after != 0).then_some(self.kept.after)
    }

    /// What was found so far.
    pub fn found(&self) -> (&Tally, &[Sighting]) {
        (&self.kept.tally, &self.kept.differing)
    }

    /// Remembers a page. Blocking, now and then.
    pub fn passed(&mut self, after: i64, tally: &Tally, differing: Vec<Sighting>) -> Result<(), Problem> {
        self.kept.after = after;
        self.kept.tally = tally.clone();
        self.kept.differing.extend(differing);
        if self.saved.is_some_and(|saved| saved.elapsed() < SAVE_EVERY) {
            return Ok(());
        }
        self.save()
    }

    /// Writes it now.
    pub fn save(&mut self) -> Result<(), Problem> {
        let text = serde_json::to_vec(&self.kept).map_err(|error| Problem::usage(error.to_string()))?;
        private_file::write(&self.path, &text).map_err(|error| Problem::of(&error))?;
        self.saved = Some(Instant::now());
        Ok(())
    }

    /// Forgets it: everything was looked at.
    pub fn finish(self) {
        // A file that stays is found stale, or goes on where nothing is left.
        let _ = std::fs::remove_file(self.path);
    }
}
