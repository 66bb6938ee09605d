//! The run history: what was exported when and by whom, and how that ended.
//!
//! A run is written down when it begins, so that one whose process dies is in the history as well: it has no end, and its
//! process is gone.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

use super::hours::SentPerHour;
use super::reader::LedgerReader;
use super::replica::Replica;
use super::store::Store;
use super::{LedgerError, feed_code, feed_of_code, signed};
use crate::domain::Feed;
use crate::export::owner::Owner;
use crate::export::progress::{RunEnd, RunReport};
use crate::report::Tone;
use crate::untrusted::SafeText;

/// How long runs are remembered.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How many runs are remembered at most: a run every 15 minutes for 90 days has 8,640.
const KEPT_RUNS: i64 = 10_000;

/// A run of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRun {
    pub started_at: Timestamp,
    /// What it was asked to do, in a few words.
    pub request: SafeText,
    /// The process that ran it.
    pub owner: Owner,
    /// The feeds that were planned.
    pub feeds: Vec<Feed>,
    /// When it ended; `None` if it runs, or that was never recorded.
    pub ended_at: Option<Timestamp>,
    /// Its items; `None` without an end.
    pub counts: Option<RunCounts>,
    pub end: PastEnd,
}

/// Items of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Items that the gateway accepted, without deletions.
    pub sent: u64,
    /// Items that failed, for now or until they are fixed.
    pub failed: u64,
    /// Deletions that the gateway accepted.
    pub deleted: u64,
}

/// What is known of the time after a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunHistory {
    /// The newest runs, newest first.
    pub runs: Vec<PastRun>,
    pub sent_per_hour: SentPerHour,
}

/// How a run of the history ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PastEnd {
    /// It has not.
    Running,
    /// Its process ended before it did.
    Died,
    /// It has no end, and its process is on another host.
    Unknown,
    /// Every feed was gone through.
    Complete,
    /// The same, but deletions or changes were held back.
    Held,
    /// Stopped on request.
    Stopped,
    /// A feed could not be gone through.
    Failed {
        /// The first problem.
        what: SafeText,
    },
    /// The gateway refused the keys.
    KeysRefused {
        /// Its own words.
        what: SafeText,
    },
}

impl PastRun {
    /// How long it took; `None` without an end.
    pub fn duration(&self) -> Option<Duration> {
        let ended_at = self.ended_at?;
        // A clock that was set back makes it take no time at all.
        Some(ended_at.duration_since(self.started_at).try_into().unwrap_or_default())
    }

    /// What its end means, failed items counted in.
    pub fn tone(&self) -> Tone {
        match &self.end {
            PastEnd::Running => Tone::Busy,
            PastEnd::Complete if self.counts.is_none_or(|counts| counts.failed == 0) => Tone::Good,
            PastEnd::Complete | PastEnd::Held | PastEnd::Stopped | PastEnd::Unknown => Tone::Warning,
            PastEnd::Died | PastEnd::Failed { .. } | PastEnd::KeysRefused { .. } => Tone::Danger,
        }
    }
}

impl PastEnd {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            PastEnd::Running => "running",
            PastEnd::Died => "died",
            PastEnd::Unknown => "unknown",
            PastEnd::Complete => "complete",
            PastEnd::Held => "held back",
            PastEnd::Stopped => "stopped",
            PastEnd::Failed { .. } => "failed",
            PastEnd::KeysRefused { .. } => "keys refused",
        }
    }

    /// Why; `None` where the word says it all.
    pub fn reason(&self) -> Option<SafeText> {
        match self {
            PastEnd::Failed { what } | PastEnd::KeysRefused { what } => Some(what.clone()),
            PastEnd::Died => Some("its process ended before the run did; the next run resumes it".into()),
            PastEnd::Unknown => Some("no end was recorded, and its process is on another host".into()),
            PastEnd::Held => Some("deletions or changes above the limit were not sent".into()),
            PastEnd::Running | PastEnd::Complete | PastEnd::Stopped => None,
        }
    }

    fn of(report: &RunReport) -> Self {
        match &report.end {
            RunEnd::Complete if report.held().next().is_some() => PastEnd::Held,
            RunEnd::Complete => PastEnd::Complete,
            RunEnd::Stopped => PastEnd::Stopped,
            RunEnd::KeysRefused { message, .. } => PastEnd::KeysRefused { what: message.clone() },
            RunEnd::Failed { problems } => {
                let what = problems.first().map(|(feed, problem)| format!("{feed}: {}", problem.what));
                PastEnd::Failed { what: what.unwrap_or_default().into() }
            }
        }
    }
}

impl RunCounts {
    fn of(report: &RunReport) -> Self {
        report.progress.feeds.iter().fold(Self::default(), |counts, feed| Self {
            sent: counts.sent + feed.submitted.saturating_sub(feed.deleted),
            failed: counts.failed + feed.will_retry + feed.needs_attention,
            deleted: counts.deleted + feed.deleted,
        })
    }
}

impl Store {
    /// Writes down that a run begins, and forgets runs that are too old; returns its number.
    pub fn begin_run(&mut self, request: &SafeText, feeds: &[Feed], now: Timestamp) -> rusqlite::Result<i64> {
        let oldest = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        self.connection.execute("DELETE FROM runs WHERE started_at < ?1", [oldest.as_millisecond()])?;
        let sql =
            "DELETE FROM runs WHERE id IN (SELECT id FROM runs ORDER BY started_at DESC, id DESC LIMIT -1 OFFSET ?1)";
        self.connection.execute(sql, [KEPT_RUNS])?;
        self.trim_hours(now)?;
        let feeds: Vec<i64> = feeds.iter().copied().map(feed_code).collect();
        let number = Replica::number(&mut self.replica);
        // Names and numbers always serialize.
        let owner = serde_json::to_string(&Owner::this_process()).unwrap_or_default();
        let feeds = serde_json::to_string(&feeds).unwrap_or_default();
        self.connection
            .prepare("INSERT INTO runs (started_at, request, owner, feeds, id) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .insert(params![now.as_millisecond(), request.as_str(), owner, feeds, number])
    }

    /// Writes down how a run ended.
    pub fn end_run(&mut self, run: i64, report: &RunReport, now: Timestamp) -> rusqlite::Result<()> {
        let RunCounts { sent, failed, deleted } = RunCounts::of(report);
        let end = serde_json::to_string(&PastEnd::of(report)).unwrap_or_default();
        let sql = "UPDATE runs SET ended_at = ?2, sent = ?3, failed = ?4, deleted = ?5, outcome = ?6 WHERE id = ?1";
        let counts = [sent, failed, deleted].map(signed);
        self.connection.execute(sql, params![run, now.as_millisecond(), counts[0], counts[1], counts[2], end]).map(drop)
    }

    /// Takes a run out of the history: it had nothing to do.
    pub fn forget_run(&mut self, run: i64) -> rusqlite::Result<()> {
        self.connection.execute("DELETE FROM runs WHERE id = ?1", [run]).map(drop)
    }
}

impl LedgerReader {
    /// The newest runs, at most `limit`, newest first. Blocking.
    pub fn runs(&self, limit: usize) -> Result<Vec<PastRun>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<PastRun>> {
            let sql = "SELECT started_at, request, owner, feeds, ended_at, sent, failed, deleted, outcome FROM runs
                       ORDER BY started_at DESC, id DESC LIMIT ?1";
            let mut select = self.connection.prepare(sql)?;
            let runs = select.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], past_run)?;
            // A row without an owner was not written by this program.
            Ok(runs.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect())
        };
        read().map_err(|error| LedgerError::of_sqlite(&self.path, &error))
    }
}

fn past_run(row: &Row<'_>) -> rusqlite::Result<Option<PastRun>> {
    let time = |at: i64| Timestamp::from_millisecond(at).unwrap_or_default();
    let Ok(owner) = serde_json::from_str::<Owner>(&row.get::<_, String>(2)?) else { return Ok(None) };
    let feeds: Vec<i64> = serde_json::from_str(&row.get::<_, String>(3)?).unwrap_or_default();
    let number = |at| row.get::<_, Option<i64>>(at).map(|number| number.unwrap_or_default().unsigned_abs());
    let ended_at = row.get::<_, Option<i64>>(4)?.map(time);
    let outcome: Option<String> = row.get(8)?;
    let end = match outcome.and_then(|outcome| serde_json::from_str(&outcome).ok()) {
        Some(end) => end,
        None => match owner.is_gone() {
            Some(true) => PastEnd::Died,
            Some(false) => PastEnd::Running,
            None => PastEnd::Unknown,
        },
    };
    let counts = RunCounts { sent: number(5)?, failed: number(6)?, deleted: number(7)? };
    Ok(Some(PastRun {
        started_at: time(row.get(0)?),
        request: SafeText::from(row.get::<_, String>(1)?),
        owner,
        feeds: feeds.into_iter().filter_map(feed_of_code).collect(),
        counts: ended_at.map(|_| counts),
        ended_at,
        end,
    }))
}
