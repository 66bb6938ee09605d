//! Sweep: what the ledger has and the source has not. It runs only after a feed, or all that was chosen of it, was collected.

use jiff::Timestamp;
use rusqlite::params;

use super::compare::{Outgoing, Why};
use super::held::Measure;
use super::journal::count;
use super::store::{Mode, Store};
use super::{feed_code, identity_table, status};
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
    /// In the whole feed, above this source key and row. Rows without a key come first.
    Feed(Option<i64>, i64),
    /// Among the chosen, above this key; then the chosen rows.
    Key(i64),
    /// Among the chosen, above this row.
    Row(i64),
}

impl SweepScope {
    /// Where the sweep of a whole feed begins.
    pub const WHOLE: Self = Self::Feed(None, i64::MIN);
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
            SweepScope::Feed(key, row) => self.of_feed(key, row)?,
            SweepScope::Key(after) => self.of_chosen_keys(after)?,
            SweepScope::Row(after) => self.of_chosen_rows(after)?,
        };
        ids.retain(|id| !self.pass.seen.contains(*id));
        Ok((ids, next))
    }

    /// The order is that of an index that tells the rows, so that those which are still there are never read from the table.
    fn of_feed(&self, key: Option<i64>, row: i64) -> rusqlite::Result<(Vec<i64>, Option<SweepScope>)> {
        let feed = feed_code(self.pass.feed);
        let met = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?));
        let mut same = self.connection.prepare_cached(
            "SELECT id, source_id FROM items INDEXED BY items_source
             WHERE feed = ?1 AND source_id IS ?2 AND id > ?3 ORDER BY id LIMIT ?4",
        )?;
        let same = same.query_map(params![feed, key, row, STEP], met)?;
        let mut entries = same.collect::<rusqlite::Result<Vec<_>>>()?;
        let mut above = self.connection.prepare_cached(
            "SELECT id, source_id FROM items INDEXED BY items_source
             WHERE feed = ?1 AND source_id > ?2 ORDER BY source_id, id LIMIT ?3",
        )?;
        let room = STEP - count(entries.len());
        // SQLite's keys are entity ids and the like, which are never its least number.
        for entry in above.query_map([feed, key.unwrap_or(i64::MIN), room], met)? {
            entries.push(entry?);
        }
        let is_full = count(entries.len()) == STEP;
        let next = entries.last().filter(|_| is_full).map(|(row, key)| SweepScope::Feed(*key, *row));
        Ok((entries.into_iter().map(|(row, _)| row).collect(), next))
    }

    /// The deletion to send for a row that was not seen, if any; the intent is kept.
    fn judge(&mut self, row: &SweptRow, now: Timestamp) -> rusqlite::Result<Option<FeedItem>> {
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
        drop(select);
        for id in &ids {
            self.forget(*id)?;
        }
        Ok(i64::try_from(ids.len()).is_ok_and(|dropped| dropped < DROPPED_AT_ONCE))
    }

    fn forget(&mut self, row: i64) -> rusqlite::Result<()> {
        if self.mode == Mode::Keep {
            self.leave_payloads([row])?;
            identity_table::drop_row(&self.connection, &[row])?;
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
