//! Sweep: what the ledger has and the source has not. It runs only after a feed, or all that was chosen of it, was collected.

use jiff::Timestamp;
use rusqlite::params;

use super::compare::{Outgoing, Why};
use super::held::Measure;
use super::store::{Mode, Store};
use super::{feed_code, status};
use crate::domain::Feed;
use crate::feeds::item::{FeedItem, Sha1Hash};
use crate::untrusted::SafeText;

/// How many index entries one step looks at: a few milliseconds, so that answers of other batches do not wait long, and
/// at most about a megabyte of deletions in memory.
const STEP: i64 = 2_000;

/// How many settled deletions are dropped in one step: some milliseconds.
const DROPPED_AT_ONCE: i64 = 1_000;

/// Where a sweep continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::export) enum SweepScope {
    /// In the whole feed, above this identity.
    Feed(Option<Sha1Hash>),
    /// Among the chosen, above this key; then the chosen rows.
    Key(i64),
    /// Among the chosen, above this row.
    Row(i64),
}

/// What one step of the sweep found.
#[derive(Debug, Default)]
pub(in crate::export) struct Swept {
    /// The deletions to send; the intent is already kept.
    pub gone: Vec<Outgoing>,
    /// Where to continue; `None` = all of it is swept.
    pub next: Option<SweepScope>,
}

struct SweptRow {
    id: i64,
    feed_id: [u8; 20],
    source_id: Option<i64>,
    label: String,
    minimal: Vec<u8>,
    deleted: bool,
    status: Option<i64>,
    was_sent: bool,
}

impl Store {
    /// Counts what the next step would delete that the service still has. Nothing is written, and nothing counts as seen.
    pub fn count_gone(&mut self, from: SweepScope) -> rusqlite::Result<(Measure, Option<SweepScope>)> {
        let (unseen, next) = self.unseen(from)?;
        let mut measure = Measure::default();
        for id in unseen {
            // A chosen row may belong to a chosen key.
            if self.pass.counted.insert(id) {
                let row = self.row(id)?;
                if row.was_sent && !row.deleted {
                    measure.items += 1;
                    measure.examples.push(SafeText::new(&row.label));
                }
            }
        }
        Ok((measure, next))
    }

    /// Looks at the next rows that were not seen. Returns the deletions to send, whose intents are kept, and where to continue.
    pub fn sweep(&mut self, from: SweepScope, now: Timestamp) -> rusqlite::Result<Swept> {
        let (unseen, next) = self.unseen(from)?;
        let mut swept = Swept { gone: Vec::new(), next };
        let mut deleted = 0;
        for id in unseen {
            // Once looked at is enough.
            if self.pass.seen.insert(id) {
                let row = self.row(id)?;
                let item = self.judge(&row, now)?;
                deleted += usize::from(item.is_some() && !row.deleted);
                swept.gone.extend(item.map(|item| Outgoing { row: id, item, why: Why::Gone }));
            }
        }
        self.count_deletions(deleted, now)?;
        Ok(swept)
    }

    /// The next rows that were not seen, and where to continue.
    fn unseen(&self, from: SweepScope) -> rusqlite::Result<(Vec<i64>, Option<SweepScope>)> {
        let (mut ids, next) = match from {
            SweepScope::Feed(after) => self.of_feed(after)?,
            SweepScope::Key(after) => self.of_chosen_keys(after)?,
            SweepScope::Row(after) => self.of_chosen_rows(after)?,
        };
        ids.retain(|id| !self.pass.seen.contains(*id));
        Ok((ids, next))
    }

    /// The order is that of the unique index: it alone tells the row ids, so that rows which are still there are never
    /// read from the table.
    fn of_feed(&self, after: Option<Sha1Hash>) -> rusqlite::Result<(Vec<i64>, Option<SweepScope>)> {
        let mut entries = self.connection.prepare_cached(
            "SELECT id, feed_id FROM items WHERE feed = ?1 AND feed_id > ?2 ORDER BY feed_id LIMIT ?3",
        )?;
        let after: &[u8] = after.as_ref().map_or(&[], |hash| &hash.0);
        let mut rows = entries.query(params![feed_code(self.pass.feed), after, STEP])?;
        let mut ids = Vec::new();
        let mut next = None;
        let mut met = 0;
        while let Some(row) = rows.next()? {
            ids.push(row.get(0)?);
            met += 1;
            if met == STEP {
                next = Some(SweepScope::Feed(Some(Sha1Hash(row.get(1)?))));
            }
        }
        Ok((ids, next))
    }

    /// The deletion to send for a row that was not seen, if any; the intent is kept.
    fn judge(&self, row: &SweptRow, now: Timestamp) -> rusqlite::Result<Option<FeedItem>> {
        if row.deleted && row.status == Some(status::SUBMITTED) {
            return Ok(None);
        }
        if !row.was_sent {
            self.forget(row.id)?;
            return Ok(None);
        }
        let item = FeedItem::deletion(
            self.pass.feed,
            Sha1Hash(row.feed_id),
            row.source_id.and_then(|id| u64::try_from(id).ok()),
            SafeText::new(&row.label),
            row.minimal.clone(),
            now,
        );
        self.intend(row.id, &item, now)?;
        Ok(Some(item))
    }

    /// Drops settled deletions that are older than `before`: one step of them, and returns whether that was the last. The
    /// service has nothing of them, and Adobe's own tables forget them as well (protocol page §3).
    pub fn drop_deletions(&mut self, feed: Feed, before: Timestamp) -> rusqlite::Result<bool> {
        let mut select = self.connection.prepare_cached(
            "SELECT id FROM items INDEXED BY items_gone
             WHERE feed = ?1 AND deleted = 1 AND status = 200 AND modified_at < ?2 ORDER BY modified_at LIMIT ?3",
        )?;
        let ids =
            select.query_map(params![feed_code(feed), before.as_millisecond(), DROPPED_AT_ONCE], |row| row.get(0))?;
        let ids = ids.collect::<rusqlite::Result<Vec<i64>>>()?;
        for id in &ids {
            self.forget(*id)?;
        }
        Ok(i64::try_from(ids.len()).is_ok_and(|dropped| dropped < DROPPED_AT_ONCE))
    }

    fn forget(&self, row: i64) -> rusqlite::Result<()> {
        if self.mode == Mode::Keep {
            self.leave_payloads(&[row])?;
            self.connection.prepare_cached("DELETE FROM attempts WHERE item = ?1")?.execute([row])?;
            self.connection.prepare_cached("DELETE FROM items WHERE id = ?1")?.execute([row])?;
        }
        Ok(())
    }

    fn row(&self, id: i64) -> rusqlite::Result<SweptRow> {
        let mut select = self.connection.prepare_cached(
            "SELECT feed_id, source_id, label, minimal, deleted, status, batch IS NOT NULL FROM items WHERE id = ?1",
        )?;
        select.query_row([id], |row| {
            Ok(SweptRow {
                id,
                feed_id: row.get(0)?,
                source_id: row.get(1)?,
                label: row.get(2)?,
                minimal: row.get(3)?,
                deleted: row.get(4)?,
                status: row.get(5)?,
                was_sent: row.get(6)?,
            })
        })
    }
}
