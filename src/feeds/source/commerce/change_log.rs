//! The change log of a feed (feed map §1): a table into which triggers write the key of every record that they see change.
//!
//! It is only read. Commerce has a cursor of its own in `mview_state`, which belongs to Commerce.

use super::super::changes::{ChangeLog, LogEntry, LogState, Present, Sight, Span, Touched};
use crate::commerce::database::{Database, DatabaseError, Snapshot, in_list};
use crate::commerce::triggers::{self, Triggers};
use crate::domain::Feed;
use crate::feeds::in_commerce::{InCommerce, LogKey};
use crate::untrusted::SafeText;

/// The table in which Commerce keeps what it knows of each view.
pub(super) const VIEWS: &str = "mview_state";
/// `mview_state.mode` of a view whose triggers are there.
const BY_SCHEDULE: &str = "enabled";

/// A log, and what tells it from another of the same name.
#[derive(Debug)]
pub(super) struct Log {
    pub state: ChangeLog,
    /// When its table was made; `None` if the server does not say.
    pub made: Option<String>,
    /// Its triggers, and when each was made; `None` if this user may not see triggers.
    pub triggers: Option<String>,
}

impl Log {
    fn not_kept(reason: &str) -> Self {
        Self { state: ChangeLog::NotKept { reason: SafeText::new(reason) }, made: None, triggers: None }
    }
}

/// That nothing writes a log of the orders of a split database: Commerce makes triggers in its first database only.
pub(super) fn apart() -> ChangeLog {
    ChangeLog::NotKept {
        reason: "its tables are in a separate (split) database, where Commerce writes no change log".into(),
    }
}

/// Where the change log of a feed stands.
pub(super) async fn read(database: &Database, snapshot: &mut Snapshot, feed: Feed) -> Result<Log, DatabaseError> {
    let Some(names) = feed.in_commerce() else {
        return Ok(Log::not_kept("Commerce has no public change log of this feed"));
    };
    let log = names.change_log();
    if made(database, snapshot, VIEWS).await?.is_none() {
        return Ok(Log::not_kept("the table mview_state is missing"));
    }
    let sql =
        format!("SELECT mode, version_id FROM {} WHERE view_id = ? ORDER BY state_id LIMIT 1", database.table(VIEWS));
    let views: Vec<(Option<String>, Option<u64>)> = snapshot.rows_with(&sql, (names.view,)).await?;
    let Some((mode, commerce_cursor)) = views.into_iter().next() else {
        return Ok(Log::not_kept(&format!("Commerce does not know the view {}", names.view)));
    };
    if mode.as_deref() != Some(BY_SCHEDULE) {
        return Ok(Log::not_kept(&format!(
            "its indexer {} is not set to Update by Schedule, so nothing writes its change log",
            names.indexer
        )));
    }
    let Some(creation) = made(database, snapshot, &log).await? else {
        return Ok(Log::not_kept(&format!("its change log {log} is missing")));
    };
    let triggers = match triggers::read(database, snapshot, &log, feed.watched_tables()).await? {
        Triggers::There(triggers) => Some(triggers),
        Triggers::Missing(tables) => return Ok(Log::not_kept(&missing_triggers(&tables, names))),
        Triggers::Unseen => None,
    };
    let state = state_of(database, snapshot, names, commerce_cursor.unwrap_or_default()).await?;
    Ok(Log { state: ChangeLog::Kept(state), made: creation, triggers })
}

/// That nothing writes a log although its view is enabled, as half a sentence with its fix.
fn missing_triggers(tables: &[String], names: InCommerce) -> String {
    let (triggers, are) =
        if tables.len() == 1 { ("triggers of its table", "are") } else { ("triggers of its tables", "are") };
    format!(
        "the {triggers} {} {are} missing, so their changes are not in its change log; to fix it: bin/magento \
         indexer:set-mode realtime {indexer}, then indexer:set-mode schedule {indexer}",
        tables.join(", "),
        indexer = names.indexer
    )
}

async fn state_of(
    database: &Database,
    snapshot: &mut Snapshot,
    names: InCommerce,
    commerce_cursor: u64,
) -> Result<LogState, DatabaseError> {
    let log = names.change_log();
    let table = database.table(&log);
    let next = snapshot.next_auto_increment(&table).await?;
    let sql = format!("SELECT MIN(version_id), MAX(version_id) FROM {table}");
    let bounds: Vec<(Option<u64>, Option<u64>)> = snapshot.rows(&sql).await?;
    let (oldest, newest) = bounds.into_iter().next().unwrap_or_default();
    let settings = database.settings();
    let name = format!("{}{log} in {} at {}", settings.table_prefix, settings.database, settings.address_text());
    let (view, indexer) = (names.view, names.indexer);
    Ok(LogState { name, oldest, newest, next, commerce_cursor, view, indexer })
}

/// Whether a table is there, and when it was made, if the server says so. Asked again each time, unlike the schema that a
/// connection remembers: a log comes and goes with its indexer's mode.
async fn made(
    database: &Database,
    snapshot: &mut Snapshot,
    table: &str,
) -> Result<Option<Option<String>>, DatabaseError> {
    let name = format!("{}{table}", database.settings().table_prefix);
    let sql = "SELECT CAST(create_time AS CHAR) FROM information_schema.tables \
               WHERE table_schema = DATABASE() AND table_name = ?";
    Ok(snapshot.rows_with::<Option<String>>(sql, (name,)).await?.into_iter().next())
}

/// What the server shows of transactions that are open, and how it gives out versions.
pub(super) async fn sight(snapshot: &mut Snapshot) -> Result<Sight, DatabaseError> {
    let sql = "SHOW VARIABLES WHERE variable_name IN \
               ('read_only', 'wsrep_on', 'group_replication_group_name', 'auto_increment_increment')";
    let rows: Vec<(String, String)> = snapshot.rows(sql).await?;
    let mut sight = Sight::default();
    for (name, value) in rows {
        match name.as_str() {
            "auto_increment_increment" => sight.stride = value.parse().unwrap_or(1).max(1),
            "group_replication_group_name" => sight.shows_open &= value.is_empty(),
            // A replica shows a transaction when it is committed elsewhere; a node of a cluster, when it is certified.
            _ => sight.shows_open &= !matches!(value.as_str(), "ON" | "1"),
        }
    }
    Ok(sight)
}

/// Entries in the order of their versions.
pub(super) async fn entries(
    database: &Database,
    feed: Feed,
    span: Span,
    limit: usize,
) -> Result<Vec<LogEntry>, DatabaseError> {
    let Span { after, to } = span;
    read_entries(
        database,
        feed,
        &format!("version_id > {after} AND version_id <= {to} ORDER BY version_id LIMIT {limit}"),
    )
    .await
}

/// The entries with these versions.
pub(super) async fn entries_at(
    database: &Database,
    feed: Feed,
    versions: &[u64],
) -> Result<Vec<LogEntry>, DatabaseError> {
    read_entries(database, feed, &format!("version_id IN ({}) ORDER BY version_id", in_list(versions))).await
}

async fn read_entries(database: &Database, feed: Feed, which: &str) -> Result<Vec<LogEntry>, DatabaseError> {
    let Some(names) = feed.in_commerce() else { return Ok(Vec::new()) };
    let sql = format!("SELECT version_id, entity_id FROM {} WHERE {which}", database.table(&names.change_log()));
    let mut snapshot = database.snapshot().await?;
    let entries = match names.log_key {
        LogKey::Id => {
            let rows: Vec<(u64, u64)> = snapshot.rows(&sql).await?;
            rows.into_iter().map(|(version, key)| LogEntry { version, record: Touched::Key(key) }).collect()
        }
        LogKey::Sku => {
            let rows: Vec<(u64, String)> = snapshot.rows(&sql).await?;
            rows.into_iter().map(|(version, sku)| LogEntry { version, record: Touched::Sku(sku) }).collect()
        }
    };
    snapshot.end().await;
    Ok(entries)
}

/// Lowest version, entries, classes by the stride, checksum of the versions.
type Counts = (Option<u64>, u64, u64, u64);

/// What a stretch of a log has, and whether open transactions have more of it.
///
/// What is open is seen by a dirty read, which takes no lock and needs no privilege. It comes first: what is committed
/// between the two reads is then counted as committed.
pub(super) async fn present(
    database: &Database,
    feed: Feed,
    span: Span,
    sight: Sight,
) -> Result<Present, DatabaseError> {
    let Some(names) = feed.in_commerce() else { return Ok(Present::default()) };
    let table = database.table(&names.change_log());
    let Span { after, to } = span;
    let stride = sight.stride.max(1);
    let counts = |after: u64| {
        format!(
            "SELECT MIN(version_id), COUNT(*), COUNT(DISTINCT version_id % {stride}), \
             CAST(COALESCE(SUM(CRC32(version_id)), 0) AS UNSIGNED) FROM {table} \
             WHERE version_id > {after} AND version_id <= {to}"
        )
    };
    let mut dirty = database.dirty_snapshot().await?;
    let seen = only(dirty.rows::<Counts>(&counts(after)).await?);
    dirty.end().await;
    let mut snapshot = database.snapshot().await?;
    let (_, committed, classes, checksum) = only(snapshot.rows::<Counts>(&counts(after)).await?);
    // Commerce cleans a log from below: what it deletes at this moment must not hide what is open above.
    let lowest = seen.0.map_or(after, |lowest| lowest.saturating_sub(1));
    let above = only(snapshot.rows::<Counts>(&counts(lowest)).await?).1;
    snapshot.end().await;
    // Versions of a class that was never given out are not missing: each node of a cluster has a class of its own.
    let expected = to.saturating_sub(after) / stride * classes.max(1);
    Ok(Present { committed, checksum, is_open: seen.1 > above, expected })
}

fn only(rows: Vec<Counts>) -> Counts {
    rows.into_iter().next().unwrap_or_default()
}
