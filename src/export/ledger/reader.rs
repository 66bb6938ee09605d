//! Looks into the ledger from outside, beside a run or without one; never writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::status::OPEN;
use super::{LedgerError, feed_code, feed_of_code, path_of, paths, schema, state_of_status};
use crate::domain::{DataSpaceId, Feed};
use crate::export::progress::{ItemFailure, ItemState};
use crate::untrusted::SafeText;

/// Counts of one feed in the ledger, in items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSummary {
    pub feed: Feed,
    /// Live items that the service has as last collected.
    pub submitted: u64,
    /// Items without a recorded answer.
    pub awaiting: u64,
    /// Items that the next run retries.
    pub will_retry: u64,
    /// Items that someone has to look at.
    pub needs_attention: u64,
    /// When a run last went through the whole feed.
    pub last_sync: Option<Timestamp>,
    /// When a partial sync last compared what had changed since; `None` = not since `last_sync` was first recorded.
    pub last_partial: Option<Timestamp>,
}

impl FeedSummary {
    fn new(feed: Feed) -> Self {
        Self { feed, submitted: 0, awaiting: 0, will_retry: 0, needs_attention: 0, last_sync: None, last_partial: None }
    }
}

/// Reads the ledger beside a run; never writes.
#[derive(Debug)]
pub struct LedgerReader {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
}

impl LedgerReader {
    /// Opens the ledger of a data space; `None` if nothing was ever recorded for it. Blocking.
    ///
    /// # Errors
    /// [`LedgerError`] if it is there but cannot be read.
    pub fn open(state_dir: &Path, data_space: &DataSpaceId) -> Result<Option<Self>, LedgerError> {
        let path = path_of(state_dir, data_space);
        if !paths::is_there(&path)? {
            return Ok(None);
        }
        let connection = schema::open_read_only(&path, data_space)?;
        Ok(connection.map(|connection| Self { connection, path }))
    }

    /// Counts of every feed that was ever exported, in the recommended order. Blocking.
    pub fn summary(&self) -> Result<Vec<FeedSummary>, LedgerError> {
        self.count().map_err(|error| LedgerError::of_sqlite(&self.path, &error))
    }

    /// The newest failed items, at most `limit`, of one feed or of all. Blocking.
    pub fn failures(&self, feed: Option<Feed>, limit: usize) -> Result<Vec<ItemFailure>, LedgerError> {
        let feeds = feed.map_or_else(|| Feed::ALL.to_vec(), |feed| vec![feed]);
        self.newest(&feeds, limit).map_err(|error| LedgerError::of_sqlite(&self.path, &error))
    }

    /// How many items of this feed the requests of the journal held, and how many compressed bytes these took. Blocking.
    pub fn travelled(&self, feed: Feed) -> Result<(u64, u64), LedgerError> {
        self.connection
            .query_row(
                "SELECT coalesce(sum(items), 0), coalesce(sum(bytes), 0) FROM batches WHERE feed = ?1",
                [feed_code(feed)],
                |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs())),
            )
            .map_err(|error| LedgerError::of_sqlite(&self.path, &error))
    }

    fn count(&self) -> rusqlite::Result<Vec<FeedSummary>> {
        let mut feeds: BTreeMap<Feed, FeedSummary> = BTreeMap::new();
        // One state of the ledger for all that is counted.
        let reading = self.connection.unchecked_transaction()?;
        let all = "SELECT feed, count(*) FROM items INDEXED BY items_source GROUP BY feed";
        let open = format!(
            "SELECT feed, count(*), status FROM items INDEXED BY items_open WHERE {OPEN} GROUP BY feed, status"
        );
        let gone =
            "SELECT feed, count(*) FROM items INDEXED BY items_gone WHERE deleted = 1 AND status = 200 GROUP BY feed";
        for (feed, items) in counts(&reading, all)? {
            feeds.entry(feed).or_insert_with(|| FeedSummary::new(feed)).submitted = items;
        }
        let mut states = reading.prepare(&open)?;
        let mut rows = states.query([])?;
        while let Some(row) = rows.next()? {
            let Some(feed) = feed_of_code(row.get(0)?) else { continue };
            let items = row.get::<_, i64>(1)?.unsigned_abs();
            let summary = feeds.entry(feed).or_insert_with(|| FeedSummary::new(feed));
            summary.submitted -= items;
            match state_of_status(row.get(2)?) {
                ItemState::Awaiting => summary.awaiting += items,
                ItemState::Submitted => summary.submitted += items,
                ItemState::WillRetry => summary.will_retry += items,
                ItemState::NeedsAttention => summary.needs_attention += items,
            }
        }
        // What the service was asked to delete, and accepted, is not there any more.
        for (feed, items) in counts(&reading, gone)? {
            feeds.entry(feed).or_insert_with(|| FeedSummary::new(feed)).submitted -= items;
        }
        let mut syncs = reading.prepare("SELECT feed, last_full, last_partial FROM feeds")?;
        let mut rows = syncs.query([])?;
        while let Some(row) = rows.next()? {
            let Some(feed) = feed_of_code(row.get(0)?) else { continue };
            let summary = feeds.entry(feed).or_insert_with(|| FeedSummary::new(feed));
            summary.last_sync = Timestamp::from_millisecond(row.get(1)?).ok();
            summary.last_partial = row.get::<_, Option<i64>>(2)?.and_then(|at| Timestamp::from_millisecond(at).ok());
        }
        Ok(feeds.into_values().collect())
    }

    /// Along the index of what is not accepted, so that the rows of a ledger in which nearly all is well are not read.
    fn newest(&self, feeds: &[Feed], limit: usize) -> rusqlite::Result<Vec<ItemFailure>> {
        let mut failures = Vec::new();
        let mut select = self.connection.prepare(&format!(
            "SELECT modified_at, label, status, error, code, request_id FROM items INDEXED BY items_open
             WHERE feed = ?1 AND {OPEN} AND status IS NOT NULL ORDER BY modified_at DESC LIMIT ?2"
        ))?;
        for &feed in feeds {
            let mut rows = select.query(params![feed_code(feed), i64::try_from(limit).unwrap_or(i64::MAX)])?;
            while let Some(row) = rows.next()? {
                let modified_at: i64 = row.get(0)?;
                let text = |text: Option<String>| text.map(SafeText::from);
                failures.push((
                    modified_at,
                    ItemFailure {
                        feed,
                        label: SafeText::from(row.get::<_, String>(1)?),
                        state: state_of_status(row.get(2)?),
                        message: text(row.get(3)?).unwrap_or_default(),
                        code: text(row.get(4)?).unwrap_or_default(),
                        request_id: text(row.get(5)?),
                    },
                ));
            }
        }
        failures.sort_by_key(|&(modified_at, _)| std::cmp::Reverse(modified_at));
        failures.truncate(limit);
        Ok(failures.into_iter().map(|(_, failure)| failure).collect())
    }
}

/// Numbers of items by feed, as a statement gives them.
fn counts(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<(Feed, u64)>> {
    let mut select = connection.prepare(sql)?;
    let counts = select.query_map([], |row| Ok((feed_of_code(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs())))?;
    counts.filter_map(|count| count.map(|(feed, items)| Some((feed?, items))).transpose()).collect()
}
