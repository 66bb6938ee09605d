//! The change log of a feed (feed map §1): a table into which triggers write the key of every record that they see change.
//!
//! It is only read. Commerce has a cursor of its own in `mview_state`, which belongs to Commerce.

use super::super::changes::{ChangeLog, Entry, LogState, Span, Touched};
use crate::commerce::database::{Database, DatabaseError, Snapshot, in_list};
use crate::feeds::Feed;
use crate::feeds::in_commerce::{InCommerce, LogKey};
use crate::untrusted::SafeText;

/// The table in which Commerce keeps what it knows of each view.
const VIEWS: &str = "mview_state";
/// `mview_state.mode` of a view whose triggers are there.
const BY_SCHEDULE: &str = "enabled";

/// Where the change log of a feed stands.
pub(super) async fn state(database: &Database, feed: Feed) -> Result<ChangeLog, DatabaseError> {
    let Some(names) = feed.in_commerce() else {
        return Ok(not_kept("Commerce keeps no public change log of this feed"));
    };
    let log = names.change_log();
    let mut snapshot = database.snapshot().await?;
    let state = state_of(database, &mut snapshot, names, &log).await;
    snapshot.end().await;
    state
}

async fn state_of(
    database: &Database,
    snapshot: &mut Snapshot,
    names: InCommerce,
    log: &str,
) -> Result<ChangeLog, DatabaseError> {
    if !is_there(database, snapshot, VIEWS).await? {
        return Ok(not_kept("the table mview_state is missing"));
    }
    let sql = format!("SELECT mode, version_id FROM {} WHERE view_id = ?", database.table(VIEWS));
    let views: Vec<(Option<String>, u64)> = snapshot.rows_with(&sql, (names.view,)).await?;
    let Some((mode, commerce_cursor)) = views.into_iter().next() else {
        return Ok(not_kept(&format!("Commerce does not know the view {}", names.view)));
    };
    if mode.as_deref() != Some(BY_SCHEDULE) {
        return Ok(not_kept(&format!(
            "its indexer {} is not on Update by Schedule, so nothing writes its change log",
            names.indexer
        )));
    }
    if !is_there(database, snapshot, log).await? {
        return Ok(not_kept(&format!("its change log {log} is missing")));
    }
    let table = database.table(log);
    let next = snapshot.next_auto_increment(&table).await?;
    let sql = format!("SELECT MIN(version_id), MAX(version_id) FROM {table}");
    let bounds: Vec<(Option<u64>, Option<u64>)> = snapshot.rows(&sql).await?;
    let (oldest, newest) = bounds.into_iter().next().unwrap_or_default();
    let settings = database.settings();
    let name = format!("{}{log} in {} at {}", settings.table_prefix, settings.database, settings.address_text());
    let (view, indexer) = (names.view, names.indexer);
    Ok(ChangeLog::Kept(LogState { name, oldest, newest, next, commerce_cursor, view, indexer }))
}

fn not_kept(reason: &str) -> ChangeLog {
    ChangeLog::NotKept { reason: SafeText::new(reason) }
}

/// Asked anew each time, unlike the schema that a connection remembers: a log comes and goes with its indexer's mode.
async fn is_there(database: &Database, snapshot: &mut Snapshot, table: &str) -> Result<bool, DatabaseError> {
    let name = format!("{}{table}", database.settings().table_prefix);
    let sql = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?";
    Ok(snapshot.rows_with::<u64>(sql, (name,)).await?.first().is_some_and(|count| *count > 0))
}

/// Entries in the order of their versions.
pub(super) async fn entries(
    database: &Database,
    feed: Feed,
    span: Span,
    limit: usize,
) -> Result<Vec<Entry>, DatabaseError> {
    let Span { after, to } = span;
    read(database, feed, &format!("version_id > {after} AND version_id <= {to} ORDER BY version_id LIMIT {limit}"))
        .await
}

/// The entries with these versions.
pub(super) async fn entries_at(database: &Database, feed: Feed, versions: &[u64]) -> Result<Vec<Entry>, DatabaseError> {
    read(database, feed, &format!("version_id IN ({}) ORDER BY version_id", in_list(versions))).await
}

async fn read(database: &Database, feed: Feed, which: &str) -> Result<Vec<Entry>, DatabaseError> {
    let Some(names) = feed.in_commerce() else { return Ok(Vec::new()) };
    let sql = format!("SELECT version_id, entity_id FROM {} WHERE {which}", database.table(&names.change_log()));
    let mut snapshot = database.snapshot().await?;
    let entries = match names.log_key {
        LogKey::Id => {
            let rows: Vec<(u64, u64)> = snapshot.rows(&sql).await?;
            rows.into_iter().map(|(version, key)| Entry { version, record: Touched::Key(key) }).collect()
        }
        LogKey::Sku => {
            let rows: Vec<(u64, String)> = snapshot.rows(&sql).await?;
            rows.into_iter().map(|(version, sku)| Entry { version, record: Touched::Sku(sku) }).collect()
        }
    };
    snapshot.end().await;
    Ok(entries)
}
