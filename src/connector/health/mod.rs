//! Health of every feed: our own ledger beside Adobe's feed tables, indexers, change logs, cron and locks.
//!
//! It joins what `commerce` reads with what feeds are called, and says what is wrong. It must never write, and never know how
//! anything is shown.

mod judge;

use jiff::Timestamp;

use super::finding::Finding;
use super::{Connector, database, explained};
use crate::commerce::database::{Database, DatabaseSettings};
use crate::commerce::health::{self, Cron, FeedLock, FeedPath, FeedTable, ItemError, Machinery, Part, Watched};
use crate::config::SourceKind;
use crate::domain::Feed;
use crate::error::Problem;
use crate::export::ledger::{FeedSummary, state_of_status};
use crate::export::progress::ItemState;

pub use judge::BACKLOG_LIMIT;
pub(super) use judge::{cron as judge_cron, logs as judge_logs, states as judge_states};

/// The health of every feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// The feeds that Adobe's export has, in the recommended order.
    pub feeds: Vec<FeedHealth>,
    /// What the installation's database says; `None` if this program does not know where it is.
    pub installation: Option<Installation>,
    /// Everything that is not as it should be, the feeds' in their order.
    pub findings: Vec<Finding>,
}

/// What the database says besides the feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Whether anything of Adobe's export is there: a feed table, a view or an indexer.
    pub has_adobe_export: bool,
    pub cron: Part<Cron>,
    /// Locks of Adobe's export that are held now.
    pub locks: Part<Vec<FeedLock>>,
}

/// How one feed is.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedHealth {
    pub feed: Feed,
    /// What this program's ledger has of it in the chosen data space.
    pub ours: Option<FeedSummary>,
    /// Its way through the installation.
    pub path: Option<FeedPath>,
    /// Adobe's own feed table.
    pub adobe: Option<Part<AdobeItems>>,
    /// What its change log has since this program read it last; `None` if that log is not followed.
    pub pending: Option<Pending>,
}

/// Entries of a change log that were not compared yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// How many version numbers were given out since: at least as many as there are entries.
    pub entries: u64,
    /// When the log was read last, so that none is older; `None` if that is not known.
    pub since: Option<Timestamp>,
}

impl Pending {
    fn of(feed: &FeedHealth, cursors: &[(Feed, u64)]) -> Option<Self> {
        let newest = feed.path.as_ref()?.log.known()?.newest;
        let cursor = cursors.iter().find(|(of, _)| *of == feed.feed)?.1;
        let since = feed.ours.as_ref().and_then(|ours| ours.last_partial.max(ours.last_sync));
        // A log that ends before where it was read was made anew: the next sync compares everything.
        newest.checked_sub(cursor).map(|entries| Self { entries, since })
    }
}

impl Health {
    /// What is pending in all logs that are followed, since the oldest of their syncs; `None` if none is.
    pub fn pending(&self) -> Option<Pending> {
        let all = self.feeds.iter().filter_map(|feed| feed.pending);
        all.reduce(|sum, one| {
            let since =
                if one.entries == 0 { sum.since } else { earliest(sum.since.filter(|_| sum.entries > 0), one.since) };
            Pending { entries: sum.entries.saturating_add(one.entries), since }
        })
    }
}

fn earliest(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

/// What Adobe's feed table tells, in items, in the words of its status page (protocol page §3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdobeItems {
    /// Live items by state. `None` where the table keeps no status: the legacy feeds.
    pub by_state: Option<ByState>,
    /// Rows, without those of deleted records where these are distinguished.
    pub rows: u64,
    /// Rows of records that are gone.
    pub deleted: u64,
    /// When a row last changed.
    pub last_modified: Option<Timestamp>,
    /// The newest errors.
    pub errors: Vec<ItemError>,
}

/// Live items of a feed table by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByState {
    /// *Submitted to service*.
    pub submitted: u64,
    /// *Awaiting submission*.
    pub awaiting: u64,
    /// *Failed, will retry*; deletions that failed as well.
    pub will_retry: u64,
    /// *Failed, requires attention*; deletions that failed as well.
    pub needs_attention: u64,
}

impl AdobeItems {
    fn of(table: &FeedTable, has_status: bool) -> Self {
        let mut items = Self {
            by_state: has_status.then(ByState::default),
            last_modified: table.last_modified,
            errors: table.errors.clone(),
            ..AdobeItems::default()
        };
        for count in &table.counts {
            if count.is_deleted {
                items.deleted += count.rows;
            } else {
                items.rows += count.rows;
            }
            let (Some(by_state), Some(status)) = (&mut items.by_state, count.status) else { continue };
            match state_of_status(Some(status)) {
                // What the service was asked to delete, and accepted, is not there any more.
                ItemState::Submitted | ItemState::Awaiting if count.is_deleted => {}
                ItemState::Submitted => by_state.submitted += count.rows,
                ItemState::Awaiting => by_state.awaiting += count.rows,
                ItemState::WillRetry => by_state.will_retry += count.rows,
                ItemState::NeedsAttention => by_state.needs_attention += count.rows,
            }
        }
        items
    }
}

/// The feeds that Adobe's export has, and what they are called there.
pub(super) fn watched() -> Vec<(Feed, Watched)> {
    Feed::ALL
        .into_iter()
        .filter_map(|feed| {
            let names = feed.in_commerce()?;
            let watched = Watched {
                view: names.view,
                indexer: names.indexer,
                feed_table: names.feed_table,
                has_status: names.is_immediate,
                tables: feed.watched_tables(),
            };
            Some((feed, watched))
        })
        .collect()
}

/// Whether anything of Adobe's export is there.
pub(super) fn has_adobe_export(database: &Database, machinery: &Machinery, watched: &[(Feed, Watched)]) -> bool {
    let in_states = |path: &FeedPath| {
        path.indexer.known().is_some_and(Option::is_some) || path.view.known().is_some_and(Option::is_some)
    };
    machinery.paths.iter().any(in_states) || watched.iter().any(|(_, names)| database.schema().has(names.feed_table))
}

impl Connector {
    /// Where the Commerce database is; `None` if the configuration names none and the source needs none.
    pub(super) fn database_settings(&self) -> Result<Option<DatabaseSettings>, Problem> {
        let store = self.store().clone();
        let config = store.config();
        let is_named = config.instance.root.is_some() || config.source.commerce.names_a_database();
        if self.shared.fixed_source.is_some() || (config.source.kind == SourceKind::Files && !is_named) {
            return Ok(None);
        }
        database::settings(&store).map(Some)
    }

    /// How every feed is. Only reads.
    pub async fn health(&self) -> Result<Health, Problem> {
        let mut ours = tokio::task::block_in_place(|| self.ledger_summary())?;
        let mut take = |feed| {
            let at = ours.iter().position(|summary| summary.feed == feed)?;
            Some(ours.swap_remove(at))
        };
        let watched = watched();
        let mut feeds: Vec<FeedHealth> = watched
            .iter()
            .map(|&(feed, _)| FeedHealth { feed, ours: take(feed), path: None, adobe: None, pending: None })
            .collect();
        let mut installation = None;
        if let Some(settings) = self.database_settings()? {
            let database = Database::connect(&settings).await.map_err(explained)?;
            let names: Vec<Watched> = watched.iter().map(|(_, names)| *names).collect();
            let machinery = health::machinery(&database, &names).await.map_err(explained)?;
            let has_adobe_export = has_adobe_export(&database, &machinery, &watched);
            if has_adobe_export {
                let tables = health::feed_tables(&database, &names).await.map_err(explained)?;
                for (at, (path, table)) in machinery.paths.into_iter().zip(tables).enumerate() {
                    feeds[at].path = Some(path);
                    feeds[at].adobe = Some(table.map(|table| AdobeItems::of(table, names[at].has_status)));
                }
            }
            installation = Some(Installation { has_adobe_export, cron: machinery.cron, locks: machinery.locks });
        }
        let cursors = tokio::task::block_in_place(|| self.cursors())?;
        for feed in &mut feeds {
            feed.pending = Pending::of(feed, &cursors);
        }
        let findings = judge::all(&feeds, installation.as_ref());
        Ok(Health { feeds, installation, findings })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commerce::health::StatusCount;

    #[test]
    fn adobes_codes_become_the_words_of_its_status_page() {
        let rows = |status, is_deleted, rows| StatusCount { status: Some(status), is_deleted, rows };
        let counts = vec![
            rows(200, false, 1),
            rows(-1, false, 2),
            rows(0, false, 4),
            rows(1, false, 8),
            rows(2, false, 16),
            rows(429, false, 32),
            rows(503, false, 64),
            rows(400, false, 128),
            rows(401, false, 256),
            rows(403, false, 512),
            rows(200, true, 1024),
            rows(400, true, 2048),
        ];
        let items = AdobeItems::of(&FeedTable { counts, last_modified: None, errors: Vec::new() }, true);
        let expected = ByState {
            submitted: 1,
            awaiting: 2,
            // 401 and 403 stand in older tables only; a newer one has 2 for them.
            will_retry: 4 + 16 + 32 + 64 + 256 + 512,
            needs_attention: 8 + 128 + 2048,
        };
        assert_eq!((items.by_state, items.rows, items.deleted), (Some(expected), 1023, 3072));
        let legacy = vec![StatusCount { status: None, is_deleted: false, rows: 7 }];
        let items = AdobeItems::of(&FeedTable { counts: legacy, last_modified: None, errors: Vec::new() }, false);
        assert_eq!((items.by_state, items.rows), (None, 7));
    }
}
