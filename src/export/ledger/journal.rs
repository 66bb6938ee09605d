//! The journal: each request before it leaves, and its answer.
//!
//! Before a request leaves, its entry says which rows travel in it; the rows themselves are written with the answer. Rows without
//! an answer get their entry when the feed is begun the next time: they may have arrived.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::replica::Replica;
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
    /// The same as the try before it, which has this entry.
    AsBefore(i64),
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
    /// Its place in the body, from 0.
    pub place: usize,
    /// Its status code.
    pub status: i64,
    /// The server's own text; empty where all is well.
    pub error: SafeText,
    /// The server's code; may be empty.
    pub code: SafeText,
}

impl BatchOutcome {
    /// Whether the other is of the next row, at the next place, and the same.
    fn is_continued_by(&self, other: &Self) -> bool {
        (other.row, other.place) == (self.row + 1, self.place + 1)
            && (other.status, &other.error, &other.code) == (self.status, &self.error, &self.code)
    }
}

impl Store {
    /// Writes down that these rows leave now, and as what; returns the journal entry.
    pub fn journal(&mut self, attempt: &Attempt, now: Timestamp) -> rusqlite::Result<i64> {
        let payload = match &attempt.kept {
            Kept::Nothing => None,
            Kept::Body(gzip) => Some(self.keep_payload(attempt.feed, gzip, now)?),
            Kept::AsBefore(entry) => {
                // The same rows travel again, so that this entry stands for the one before.
                let sql = "UPDATE batches SET rows = NULL WHERE id = ?1 RETURNING payload";
                self.connection.prepare_cached(sql)?.query_row([entry], |row| row.get(0)).optional()?.flatten()
            }
        };
        let number = Replica::number(&mut self.replica);
        self.connection
            .prepare_cached(
                "INSERT INTO batches (run, feed, items, bytes, attempt, sent_at, payload, rows, id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .insert(params![
                attempt.run,
                feed_code(attempt.feed),
                count(attempt.rows.len()),
                count(attempt.bytes),
                attempt.number,
                now.as_millisecond(),
                payload,
                ranges_text(&attempt.rows),
                number,
            ])
    }

    /// Writes down what a request came to.
    pub fn record(&mut self, answer: &Answer, at: Timestamp) -> rusqlite::Result<()> {
        let now = at.as_millisecond();
        let request_id = answer.request_id.as_ref().map(SafeText::as_str);
        let sql =
            "UPDATE batches SET answered_at = ?2, status = ?3, request_id = ?4, rows = iif(items = ?5, NULL, rows)
                   WHERE id = ?1 RETURNING payload, feed";
        let values = params![answer.batch, now, answer.status, request_id, count(answer.verdicts.len())];
        let (payload, feed): (Option<i64>, i64) =
            self.connection.prepare_cached(sql)?.query_row(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.point_to_payload(payload, answer.verdicts.len())?;
        self.leave_payloads(answer.verdicts.iter().map(|outcome| outcome.row))?;
        // One statement for the rows that follow each other and came to the same, which are nearly always all of a request. OR FAIL:
        // what a failure leaves half done goes with the transaction, so the statement needs no journal of its own for undoing it.
        let mut update = self.connection.prepare_cached(
            "UPDATE OR FAIL items SET status = ?3, error = ?4, code = ?5, request_id = ?6, modified_at = ?7, batch = ?8,
                 payload = ?9, place = ?10 + id - ?1
             WHERE id BETWEEN ?1 AND ?2",
        )?;
        for outcomes in answer.verdicts.chunk_by(BatchOutcome::is_continued_by) {
            let (Some(first), Some(last)) = (outcomes.first(), outcomes.last()) else { continue };
            update.execute(params![
                first.row,
                last.row,
                first.status,
                text(&first.error),
                text(&first.code),
                request_id,
                now,
                answer.batch,
                payload,
                payload.map(|_| count(first.place)),
            ])?;
        }
        drop(update);
        let accepted = answer.verdicts.iter().filter(|outcome| outcome.status == status::SUBMITTED).count();
        self.add_to_hour(feed, accepted as u64, at)
    }

    /// Writes into the rows of a feed in which request they left last, where no answer did that: they may have arrived. Payloads
    /// that no item points to are dropped, since no request of the feed is on its way any more.
    pub(super) fn take_unanswered(&mut self, feed: Feed) -> rusqlite::Result<()> {
        let feed = feed_code(feed);
        let open = "SELECT id, rows, payload FROM batches INDEXED BY batches_open
                    WHERE feed = ?1 AND rows IS NOT NULL ORDER BY id";
        let mut select = self.connection.prepare_cached(open)?;
        let batches = select.query_map([feed], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<i64>>(2)?))
        })?;
        for batch in batches.collect::<rusqlite::Result<Vec<_>>>()? {
            let (id, ranges, payload) = batch;
            self.take_rows(feed, id, &rows_of(&ranges), payload)?;
            self.connection.prepare_cached("UPDATE batches SET rows = NULL WHERE id = ?1")?.execute([id])?;
        }
        self.drop_unused_payloads(feed)
    }

    fn take_rows(&self, feed: i64, batch: i64, rows: &[i64], payload: Option<i64>) -> rusqlite::Result<()> {
        // A row that has its state by this request, or left again since, has that already. A number may be another feed's by now.
        let sql = "SELECT 1 FROM items WHERE id = ?1 AND feed = ?2 AND (batch IS NULL OR batch < ?3)";
        let mut select = self.connection.prepare_cached(sql)?;
        let mut update =
            self.connection.prepare_cached("UPDATE items SET batch = ?2, payload = ?3, place = ?4 WHERE id = ?1")?;
        let mut taken = 0;
        for (place, row) in rows.iter().enumerate() {
            if select.exists([*row, feed, batch])? {
                self.leave_payloads([*row])?;
                update.execute(params![row, batch, payload, payload.map(|_| count(place))])?;
                taken += 1;
            }
        }
        self.point_to_payload(payload, taken)
    }

    pub(super) fn trim_journal(&mut self) -> rusqlite::Result<()> {
        self.connection
            .execute(
                "DELETE FROM batches WHERE id <= (SELECT id FROM batches ORDER BY id DESC LIMIT 1 OFFSET ?1)
                     AND rows IS NULL",
                [KEPT_REQUESTS],
            )
            .map(drop)
    }
}

/// Rows as the first and last of each range, in their order: those of a first sync are one range.
pub(super) fn ranges(rows: impl IntoIterator<Item = i64>) -> Vec<[i64; 2]> {
    let mut ranges: Vec<[i64; 2]> = Vec::new();
    for row in rows {
        match ranges.last_mut() {
            Some([_, last]) if *last + 1 == row => *last = row,
            _ => ranges.push([row, row]),
        }
    }
    ranges
}

/// Ranges as they are in the file.
fn ranges_text(rows: &[i64]) -> String {
    // Numbers always serialize.
    serde_json::to_string(&ranges(rows.iter().copied())).unwrap_or_default()
}

/// The rows of [`ranges_text`], in their order.
fn rows_of(ranges: &str) -> Vec<i64> {
    let ranges: Vec<[i64; 2]> = serde_json::from_str(ranges).unwrap_or_default();
    ranges.into_iter().flat_map(|[first, last]| first..=last).collect()
}

fn text(text: &SafeText) -> Option<&str> {
    (!text.is_empty()).then_some(text.as_str())
}

/// Counts of one request are far below `i64::MAX`.
pub(super) fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
