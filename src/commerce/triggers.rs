//! The triggers that write a change log: whether all are there, and when each was made.
//!
//! A view that is enabled without them is one whose changes nobody notices. It must never know which feed a log is for.

use std::collections::BTreeSet;

use super::database::{Database, DatabaseError, Snapshot};

/// What is known of the triggers that write a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Triggers {
    /// All are there: each, and when it was made, one a line.
    There(String),
    /// These tables lack some.
    Missing(Vec<String>),
    /// This user may not see triggers.
    Unseen,
}

/// Looks for the triggers that write `log`, on those of these tables that the shop has.
///
/// # Errors
/// [`DatabaseError`] if the server does not answer.
pub async fn read(
    database: &Database,
    snapshot: &mut Snapshot,
    log: &str,
    tables: &[&str],
) -> Result<Triggers, DatabaseError> {
    let prefix = &database.settings().table_prefix;
    let sql = "SELECT event_object_table, event_manipulation, CAST(created AS CHAR) FROM information_schema.triggers \
               WHERE trigger_schema = DATABASE() AND action_statement REGEXP CONCAT('(^|[^A-Za-z0-9_])', ?, '([^A-Za-z0-9_]|$)') \
               ORDER BY event_object_table, event_manipulation, created";
    let rows: Vec<(String, String, Option<String>)> = snapshot.rows_with(sql, (format!("{prefix}{log}"),)).await?;
    let there: BTreeSet<(&str, &str)> = rows.iter().map(|(table, event, _)| (table.as_str(), event.as_str())).collect();
    let is_whole = |table: &str| ["INSERT", "UPDATE", "DELETE"].iter().all(|event| there.contains(&(table, *event)));
    let watched = tables.iter().filter(|table| database.schema().has(table)).map(|table| format!("{prefix}{table}"));
    let missing: Vec<String> = watched.filter(|table| !is_whole(table)).collect();
    if missing.is_empty() {
        let line = |(table, event, made): &(String, String, Option<String>)| {
            format!("{table} {event} {}", made.as_deref().unwrap_or("-"))
        };
        return Ok(Triggers::There(rows.iter().map(line).collect::<Vec<_>>().join("\n")));
    }
    if rows.is_empty() && !may_see(snapshot).await? {
        return Ok(Triggers::Unseen);
    }
    Ok(Triggers::Missing(missing))
}

/// Whether this user would see triggers if there were any.
async fn may_see(snapshot: &mut Snapshot) -> Result<bool, DatabaseError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM information_schema.triggers WHERE trigger_schema = DATABASE()) \
               OR EXISTS (SELECT 1 FROM information_schema.user_privileges WHERE privilege_type = 'TRIGGER') \
               OR EXISTS (SELECT 1 FROM information_schema.schema_privileges \
                          WHERE privilege_type = 'TRIGGER' AND DATABASE() LIKE table_schema)";
    Ok(snapshot.rows::<i64>(sql).await?.first().is_some_and(|may| *may != 0))
}
