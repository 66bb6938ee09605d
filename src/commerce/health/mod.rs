//! How the installation's own machinery is: indexers, change logs, cron, Adobe's feed tables, the locks that its export holds.
//!
//! Read-only, from one snapshot. What is asked for is named by the caller: this room must never know what a feed is, nor
//! decide whether what it found is good or bad.

mod change_log;
mod cron;
mod feed_table;
mod locks;

use std::collections::BTreeMap;

pub use change_log::{ChangeLog, Mode, View};
pub use cron::{Cron, STUCK_AFTER, StuckJob};
pub use feed_table::{FeedTable, ItemError, StatusCount};
pub use locks::FeedLock;

use super::database::{Database, DatabaseError, Snapshot};
use super::triggers::{self, Triggers};
use crate::untrusted::SafeText;

/// What to look at for one feed; tables without the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    /// `mview_state.view_id`; its change log is `<view>_cl`.
    pub view: &'static str,
    /// `indexer_state.indexer_id`.
    pub indexer: &'static str,
    /// Adobe's own table of what it sent or will send.
    pub feed_table: &'static str,
    /// Whether that table has a status for each item.
    pub has_status: bool,
    /// The tables whose triggers write the view's change log.
    pub tables: &'static [&'static str],
}

/// A thing that may not be there, or may not be readable, without any harm to the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<T> {
    /// It was read.
    Known(T),
    /// The table is missing.
    Missing {
        /// Its full name, with the prefix.
        table: SafeText,
    },
    /// The table is there, and the server would not let us read it.
    Unreadable {
        /// Its full name, with the prefix.
        table: SafeText,
        /// The server's words.
        reason: SafeText,
    },
}

impl<T> Part<T> {
    /// What was read, if anything was.
    pub fn known(&self) -> Option<&T> {
        match self {
            Part::Known(value) => Some(value),
            Part::Missing { .. } | Part::Unreadable { .. } => None,
        }
    }

    /// The same of something made from what was read.
    pub fn map<U>(&self, f: impl FnOnce(&T) -> U) -> Part<U> {
        match self {
            Part::Known(value) => Part::Known(f(value)),
            Part::Missing { table } => Part::Missing { table: table.clone() },
            Part::Unreadable { table, reason } => Part::Unreadable { table: table.clone(), reason: reason.clone() },
        }
    }

    /// One line that says why it is not known: `… is missing`, or the server's words.
    pub fn complaint(&self) -> Option<String> {
        match self {
            Part::Known(_) => None,
            Part::Missing { table } => Some(format!("the table {table} is missing")),
            Part::Unreadable { table, reason } => Some(format!("the table {table} cannot be read: {reason}")),
        }
    }
}

/// What an indexer says of itself (`indexer_state.status`, protocol page §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexerStatus {
    /// `valid`: *Ready*.
    Ready,
    /// `invalid`: *Reindex required*.
    ReindexRequired,
    /// `working`: *Processing*.
    Processing,
    /// `suspended`: it waits for another indexer.
    Suspended,
    /// A word that no published version uses.
    Other(SafeText),
}

impl IndexerStatus {
    fn of(word: &str) -> Self {
        match word {
            "valid" => Self::Ready,
            "invalid" => Self::ReindexRequired,
            "working" => Self::Processing,
            "suspended" => Self::Suspended,
            other => Self::Other(SafeText::limited(other, 40)),
        }
    }

    /// As Adobe's status page words it.
    pub fn words(&self) -> &str {
        match self {
            Self::Ready => "Ready",
            Self::ReindexRequired => "Reindex required",
            Self::Processing => "Processing",
            Self::Suspended => "Suspended",
            Self::Other(word) => word.as_str(),
        }
    }
}

/// How the way of one feed through the installation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPath {
    /// Its indexer; `None` where the installation has no such indexer.
    pub indexer: Part<Option<IndexerStatus>>,
    /// Its materialized view; `None` where the installation has no such view.
    pub view: Part<Option<View>>,
    pub log: Part<ChangeLog>,
    /// The triggers that write it.
    pub triggers: Part<Triggers>,
}

impl FeedPath {
    /// The silent stall (protocol page §5): Commerce's cursor is above everything that the log ever held, so new changes get
    /// version numbers that Commerce believes to have seen, and skips without an error.
    /// Gives the cursor and the newest version that the log has handed out.
    pub fn stall(&self) -> Option<(u64, u64)> {
        let cursor = self.view.known()?.as_ref()?.cursor;
        let newest = self.log.known()?.newest;
        (cursor > newest).then_some((cursor, newest))
    }
}

/// How the installation's machinery is, without the feed tables: cheap, whatever the size of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machinery {
    /// In the order asked for.
    pub paths: Vec<FeedPath>,
    pub cron: Part<Cron>,
    /// Locks of Adobe's export that are held now.
    pub locks: Part<Vec<FeedLock>>,
}

/// Reads indexers, views, change logs, cron and locks.
///
/// # Errors
/// [`DatabaseError`] if no snapshot can be opened; a table that is missing or forbidden is reported in its place.
pub async fn machinery(database: &Database, watched: &[Watched]) -> Result<Machinery, DatabaseError> {
    let mut snapshot = database.snapshot().await?;
    let indexers = indexers(database, &mut snapshot).await;
    let views = change_log::views(database, &mut snapshot).await;
    let mut paths = Vec::with_capacity(watched.len());
    for names in watched {
        let view = views.map(|views| views.get(names.view).cloned());
        let cursor = view.known().and_then(Option::as_ref).map(|view| view.cursor);
        let log = change_log::read(database, &mut snapshot, names.view, cursor).await;
        let name = format!("{}_cl", names.view);
        let found = triggers::read(database, &mut snapshot, &name, names.tables);
        let triggers = read_part(database, "mview_state", found).await;
        let indexer = indexers.map(|states| states.get(names.indexer).cloned());
        paths.push(FeedPath { indexer, view, log, triggers });
    }
    let cron = cron::read(database, &mut snapshot).await;
    let locks = locks::read(database, &mut snapshot).await;
    snapshot.end().await;
    Ok(Machinery { paths, cron, locks })
}

/// Reads Adobe's own feed tables, in the order asked for: one pass over each, so it takes as long as they are large.
///
/// # Errors
/// [`DatabaseError`] if no snapshot can be opened; a table that is missing or forbidden is reported in its place.
pub async fn feed_tables(database: &Database, watched: &[Watched]) -> Result<Vec<Part<FeedTable>>, DatabaseError> {
    let mut snapshot = database.snapshot().await?;
    let mut tables = Vec::with_capacity(watched.len());
    for names in watched {
        tables.push(feed_table::read(database, &mut snapshot, names).await);
    }
    snapshot.end().await;
    Ok(tables)
}

async fn indexers(database: &Database, snapshot: &mut Snapshot) -> Part<BTreeMap<String, IndexerStatus>> {
    let table = database.table("indexer_state");
    let rows = async {
        // Should an indexer have two rows, the older one is the one that Commerce reads.
        let sql = format!("SELECT indexer_id, status FROM {table} ORDER BY state_id DESC");
        snapshot.rows::<(Option<String>, Option<String>)>(&sql).await
    };
    read_part(database, "indexer_state", rows).await.map(|rows| {
        rows.iter()
            .filter_map(|(id, status)| Some((id.clone()?, IndexerStatus::of(status.as_deref().unwrap_or_default()))))
            .collect()
    })
}

/// The answer of a query on a table that may be missing; then the query is not run.
async fn read_part<T>(
    database: &Database,
    table: &str,
    query: impl Future<Output = Result<T, DatabaseError>>,
) -> Part<T> {
    let full_name = || SafeText::new(database.table(table).trim_matches('`'));
    if !database.schema().has(table) {
        return Part::Missing { table: full_name() };
    }
    match query.await {
        Ok(value) => Part::Known(value),
        Err(DatabaseError::Query { reason }) => Part::Unreadable { table: full_name(), reason },
        Err(error) => Part::Unreadable { table: full_name(), reason: SafeText::new(&error.to_string()) },
    }
}
