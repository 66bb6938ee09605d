//! The journal: each request before it leaves, and its answer.

use jiff::Timestamp;
use rusqlite::params;

use super::store::Store;
use super::{feed_code, status};
use crate::domain::Feed;
use crate::untrusted::SafeText;

/// How many requests the journal remembers: some days of a big shop, in a few hundred kilobytes.
const KEPT_REQUESTS: i64 = 10_000;

/// A request that is about to leave.
#[derive(Debug, Clone)]
pub(in crate::export) struct Attempt {
    /// Which run: its start, in milliseconds since 1970.
    pub run: i64,
    pub feed: Feed,
    /// The rows that travel in it.
    pub rows: Vec<i64>,
    /// Its compressed size.
    pub bytes: usize,
    /// Which try of this batch, from 1.
    pub number: u32,
    /// What is kept of its payload.
    pub kept: Kept,
}

/// What is kept of the payload of a request.
#[derive(Debug, Clone)]
pub(in crate::export) enum Kept {
    Nothing,
    /// This compressed body.
    Body(Vec<u8>),
    /// What the try before it kept: the same.
    AsBefore,
}

/// What a request came to.
#[derive(Debug, Clone)]
pub(in crate::export) struct Answer {
    /// Its entry in the journal.
    pub batch: i64,
    /// HTTP status; `None` = no answer.
    pub status: Option<u16>,
    /// The gateway's request id.
    pub request_id: Option<SafeText>,
    /// The items that have their state by it; those that are sent again are not among them.
    pub verdicts: Vec<BatchOutcome>,
}

/// The state of one item after an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::export) struct BatchOutcome {
    pub row: i64,
    /// Its status code.
    pub status: i64,
    /// The server's own text; empty where all is well.
    pub error: SafeText,
    /// The server's code; may be empty.
    pub code: SafeText,
}

impl Store {
    /// Writes down that these rows leave now, and as what; returns the journal entry.
    pub fn journal(&mut self, attempt: &Attempt, now: Timestamp) -> rusqlite::Result<i64> {
        let batch = self
            .connection
            .prepare_cached(
                "INSERT INTO batches (run, feed, items, bytes, attempt, sent_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .insert(params![
                attempt.run,
                feed_code(attempt.feed),
                count(attempt.rows.len()),
                count(attempt.bytes),
                attempt.number,
                now.as_millisecond(),
            ])?;
        let payload = match &attempt.kept {
            Kept::AsBefore => {
                let mut travel = self.connection.prepare_cached("UPDATE items SET batch = ?2 WHERE id = ?1")?;
                for row in &attempt.rows {
                    travel.execute([*row, batch])?;
                }
                return Ok(batch);
            }
            Kept::Nothing => None,
            Kept::Body(gzip) => Some(self.keep_payload(attempt, gzip, now)?),
        };
        self.leave_payloads(&attempt.rows)?;
        let mut travel =
            self.connection.prepare_cached("UPDATE items SET batch = ?2, payload = ?3, place = ?4 WHERE id = ?1")?;
        for (place, row) in attempt.rows.iter().enumerate() {
            travel.execute(params![*row, batch, payload, payload.map(|_| count(place))])?;
        }
        Ok(batch)
    }

    /// Writes down what a request came to.
    pub fn record(&mut self, answer: &Answer, at: Timestamp) -> rusqlite::Result<()> {
        let now = at.as_millisecond();
        let request_id = answer.request_id.as_ref().map(SafeText::as_str);
        self.connection
            .prepare_cached("UPDATE batches SET answered_at = ?2, status = ?3, request_id = ?4 WHERE id = ?1")?
            .execute(params![answer.batch, now, answer.status, request_id])?;
        let mut update = self.connection.prepare_cached(
            "UPDATE items SET status = ?2, error = ?3, code = ?4, request_id = ?5, modified_at = ?6 WHERE id = ?1",
        )?;
        for outcome in &answer.verdicts {
            update.execute(params![
                outcome.row,
                outcome.status,
                text(&outcome.error),
                text(&outcome.code),
                request_id,
                now
            ])?;
        }
        drop(update);
        let accepted = answer.verdicts.iter().filter(|outcome| outcome.status == status::SUBMITTED).count();
        self.add_to_hour(accepted as u64, at)
    }

    pub(super) fn trim_journal(&mut self) -> rusqlite::Result<()> {
        self.connection
            .execute("DELETE FROM batches WHERE id <= (SELECT max(id) FROM batches) - ?1", [KEPT_REQUESTS])
            .map(drop)
    }
}

fn text(text: &SafeText) -> Option<&str> {
    (!text.is_empty()).then_some(text.as_str())
}

/// Counts of one request are far below `i64::MAX`.
pub(super) fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
