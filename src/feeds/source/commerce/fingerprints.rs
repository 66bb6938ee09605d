//! What tells of changes besides a feed's own log: Commerce's indexes, and what shapes many items at once and has no log.
//!
//! All of it is asked in every pass, so all of it is cheap: some rows of state, checksums of small tables, highest numbers. Which
//! index and which table shapes which feed is said in `in_commerce`.

use super::super::changes::{ChangeLog, Fingerprint, IndexLog, IndexView, Moment, NewRows, Reach, Shape};
use super::change_log::{self, VIEWS};
use super::context::Context;
use super::eav::Entity;
use super::prices::dates;
use super::shapes;
use crate::commerce::database::{Database, DatabaseError, Snapshot};
use crate::domain::Feed;
use crate::feeds::in_commerce::Named;

/// Where Commerce keeps the state of its indexers.
const INDEXERS: &str = "indexer_state";

/// Where everything stands that tells of changes of a feed.
pub(super) async fn moment(database: &Database, context: &Context, feed: Feed) -> Result<Moment, DatabaseError> {
    let mut snapshot = database.snapshot().await?;
    let mut moment = Moment::default();
    for log in feed.logs() {
        let read = change_log::read(database, &mut snapshot, *log).await?;
        if matches!(read.state, ChangeLog::Kept(_)) {
            let made = "its change log was recreated";
            moment
                .fingerprints
                .extend(read.made.map(|value| fingerprint(format!("log {log}"), value, made, Reach::Feed)));
            let made = "the triggers of its change log were recreated";
            moment
                .fingerprints
                .extend(read.triggers.map(|value| fingerprint(format!("triggers {log}"), value, made, Reach::Feed)));
        }
        moment.logs.push((*log, read.state));
    }
    if moment.logs.is_empty() || moment.logs.iter().any(|(_, log)| matches!(log, ChangeLog::NotKept { .. })) {
        // Nothing can be followed, so nothing else matters.
        snapshot.end().await;
        return Ok(moment);
    }
    moment.sight = change_log::sight(&mut snapshot).await?;
    moment.now = snapshot.rows::<i64>("SELECT UNIX_TIMESTAMP()").await?.first().copied().unwrap_or_default();
    moment.fingerprints.extend(indexers(database, &mut snapshot, feed).await?);
    moment.fingerprints.extend(exchanged(database, &mut snapshot, feed).await?);
    moment.fingerprints.extend(checksums(database, &mut snapshot, feed).await?);
    moment.fingerprints.extend(attributes(database, &mut snapshot, feed).await?);
    moment.fingerprints.extend(of_context(&mut snapshot, context, feed).await?);
    moment.fingerprints.extend(of_records(database, &mut snapshot, context, feed).await?);
    moment.indexes = views(database, &mut snapshot, feed).await?;
    moment.fingerprints.extend(index_logs(&moment.indexes, feed));
    snapshot.end().await;
    Ok(moment)
}

fn fingerprint(
    name: impl Into<String>,
    value: impl Into<String>,
    reason: impl Into<String>,
    reach: Reach,
) -> Fingerprint {
    Fingerprint { name: name.into(), value: value.into(), reason: reason.into(), reach }
}

/// The indexers that fill what items are made of, and the feed's own, which Commerce invalidates when everything may have
/// changed. One that works now says nothing: what it comes to is reported when it is done.
async fn indexers(database: &Database, snapshot: &mut Snapshot, feed: Feed) -> Result<Vec<Fingerprint>, DatabaseError> {
    if !database.schema().has(INDEXERS) {
        return Ok(Vec::new());
    }
    let own = feed.in_commerce().map(|names| names.indexer);
    let names: Vec<&str> = feed.core_indexes().iter().map(|index| index.name).chain(own).collect();
    let marks = vec!["?"; names.len()].join(",");
    let sql = format!(
        "SELECT indexer_id, status, CAST(updated AS CHAR) FROM {} WHERE indexer_id IN ({marks}) \
         AND status IN ('valid', 'invalid') ORDER BY state_id",
        database.table(INDEXERS)
    );
    let rows: Vec<(String, String, Option<String>)> = snapshot.rows_with(&sql, names).await?;
    let fingerprints = rows.into_iter().map(|(name, status, updated)| {
        let what = if status == "valid" { "was rebuilt" } else { "is marked invalid" };
        let reason = format!("Commerce's index {name} {what}, which is in no change log");
        fingerprint(format!("indexer {name}"), format!("{status} {}", updated.unwrap_or_default()), reason, Reach::Feed)
    });
    Ok(fingerprints.collect())
}

/// When the tables of those indexes were made: a rebuild fills others beside them and exchanges the names.
async fn exchanged(
    database: &Database,
    snapshot: &mut Snapshot,
    feed: Feed,
) -> Result<Vec<Fingerprint>, DatabaseError> {
    let beginnings: Vec<&str> = feed.core_indexes().iter().flat_map(|index| index.tables).copied().collect();
    if beginnings.is_empty() {
        return Ok(Vec::new());
    }
    let prefix = &database.settings().table_prefix;
    let conditions = vec!["LEFT(table_name, CHAR_LENGTH(?)) = ?"; beginnings.len()].join(" OR ");
    let sql = format!(
        "SELECT table_name, CAST(create_time AS CHAR) FROM information_schema.tables \
         WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND ({conditions}) ORDER BY table_name"
    );
    let words: Vec<String> =
        beginnings.iter().flat_map(|name| [format!("{prefix}{name}"), format!("{prefix}{name}")]).collect();
    let rows: Vec<(String, Option<String>)> = snapshot.rows_with(&sql, words).await?;
    let is_filled = |table: &str| {
        let name = table.strip_prefix(prefix.as_str()).unwrap_or(table);
        let rest = beginnings.iter().filter_map(|beginning| name.strip_prefix(beginning));
        rest.into_iter().any(|rest| rest.chars().all(|c| c.is_ascii_digit()))
    };
    let lines: Vec<String> = rows
        .iter()
        .filter(|(table, _)| is_filled(table))
        .map(|(table, made)| format!("{table} {}", made.as_deref().unwrap_or("-")))
        .collect();
    Ok(vec![fingerprint("tables", lines.join("\n"), "Commerce replaced a table of an index", Reach::Feed)])
}

/// Small tables that shape many items.
async fn checksums(
    database: &Database,
    snapshot: &mut Snapshot,
    feed: Feed,
) -> Result<Vec<Fingerprint>, DatabaseError> {
    let mut fingerprints = Vec::new();
    let tables: Vec<&str> =
        feed.shaping_tables().iter().copied().filter(|table| database.schema().has(table)).collect();
    for (table, checksum) in tables.iter().zip(shapes::checksums(database, snapshot, &tables).await?) {
        let reason = format!("{table} changed, which affects many items");
        fingerprints.push(fingerprint(format!("table {table}"), checksum, reason, Reach::Feed));
    }
    Ok(fingerprints)
}

/// Which attributes there are and where their values lie, for feeds that need no more of them.
async fn attributes(
    database: &Database,
    snapshot: &mut Snapshot,
    feed: Feed,
) -> Result<Vec<Fingerprint>, DatabaseError> {
    let entity = match feed {
        Feed::Categories => Entity::Category,
        Feed::Prices | Feed::Variants => Entity::Product,
        _ => return Ok(Vec::new()),
    };
    let value = shapes::attributes(database, snapshot, entity).await?;
    Ok(vec![fingerprint(
        "attributes",
        value,
        "an attribute was added, removed or renamed, or changed its type",
        Reach::Feed,
    )])
}

/// Settings and the date of today.
async fn of_context(snapshot: &mut Snapshot, context: &Context, feed: Feed) -> Result<Vec<Fingerprint>, DatabaseError> {
    let mut fingerprints = Vec::new();
    if matches!(feed, Feed::Categories | Feed::Products | Feed::Prices | Feed::InventoryStockStatus) {
        let reason = "a shop setting that affects many items changed";
        fingerprints.push(fingerprint("settings", context.settings.fingerprint(), reason, Reach::Feed));
    }
    if feed == Feed::Prices {
        let reason = "a new day began in the time zone of a website; prices of catalogue rules are per day";
        fingerprints.push(fingerprint("dates", dates(snapshot, context).await?, reason, Reach::Feed));
    }
    Ok(fingerprints)
}

/// What reaches only some records, which are found when it differs.
async fn of_records(
    database: &Database,
    snapshot: &mut Snapshot,
    context: &Context,
    feed: Feed,
) -> Result<Vec<Fingerprint>, DatabaseError> {
    let mut fingerprints = Vec::new();
    let reason = "this shop's options, category paths and added rows were never checked before";
    let mut add =
        |name: &str, value: String, shape| fingerprints.push(fingerprint(name, value, reason, Reach::Records(shape)));
    if matches!(feed, Feed::Products | Feed::Variants) {
        add("options", shapes::options_checksum(database, snapshot).await?, Shape::Options);
    }
    if feed == Feed::Products {
        let paths = shapes::category_paths(snapshot, context).await?;
        add("paths", shapes::fingerprint(&paths), Shape::CategoryPaths);
        for rows in [NewRows::UrlRewrites, NewRows::Options, NewRows::OptionValues, NewRows::Links] {
            if let Some(highest) = shapes::highest(database, snapshot, rows).await? {
                add(&format!("new {rows:?}"), highest.to_string(), Shape::NewRows(rows));
            }
        }
    }
    if shapes::is_staged(database, feed) {
        add("version", context.now.as_second().to_string(), Shape::Versions);
    }
    Ok(fingerprints)
}

/// The logs of those indexes: what they name changes in the index, whether the feed's own log names it or not.
fn index_logs(indexes: &[IndexView], feed: Feed) -> Vec<Fingerprint> {
    let mut fingerprints = Vec::new();
    for index in feed.core_indexes() {
        let log = match index.names {
            Named::Products => IndexLog::Products(index.name),
            Named::Categories => IndexLog::Categories(index.name),
            Named::SourceItems => IndexLog::SourceItems(index.name),
            Named::Rules => continue,
        };
        if let Some(view) = indexes.iter().find(|view| view.view == index.name) {
            let reason = "the change logs of Commerce's indexes were never read before";
            let reach = Reach::Records(Shape::Indexed(log));
            fingerprints.push(fingerprint(format!("index log {}", index.name), view.newest.to_string(), reason, reach));
        }
    }
    fingerprints
}

/// How far those indexes are filled along their logs. One that is not on schedule is filled by the save itself.
async fn views(database: &Database, snapshot: &mut Snapshot, feed: Feed) -> Result<Vec<IndexView>, DatabaseError> {
    let mut views = Vec::new();
    for index in feed.core_indexes() {
        let sql = format!(
            "SELECT status, version_id FROM {} WHERE view_id = ? AND mode = 'enabled' ORDER BY state_id LIMIT 1",
            database.table(VIEWS)
        );
        let states: Vec<(Option<String>, Option<u64>)> = snapshot.rows_with(&sql, (index.name,)).await?;
        let Some((work, cursor)) = states.into_iter().next() else { continue };
        let log = format!("{}_cl", index.name);
        if !database.schema().has(&log) {
            continue;
        }
        let sql = format!("SELECT COALESCE(MAX(version_id), 0) FROM {}", database.table(&log));
        views.push(IndexView {
            view: index.name.to_owned(),
            newest: snapshot.rows::<u64>(&sql).await?.first().copied().unwrap_or_default(),
            cursor: cursor.unwrap_or_default(),
            is_idle: work.as_deref() == Some("idle"),
        });
    }
    Ok(views)
}
