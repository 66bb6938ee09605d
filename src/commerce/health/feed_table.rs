//! Adobe's own feed tables: what its export sent or will send, by status, and what went wrong last.
//!
//! `feed_data` stays unread: it is the minimal payload, never what the service has (protocol page §5).

use jiff::Timestamp;
use serde_json::Value;

use super::{Part, Watched, read_part};
use crate::commerce::database::{Database, DatabaseError, Snapshot};
use crate::untrusted::SafeText;

/// The newest errors that are read of each table.
const ERRORS_READ: usize = 5;
/// The most characters of an error's text that are kept.
const ERROR_LIMIT: usize = 500;
/// The most characters of a request id that are kept; usual ones are UUIDs.
const REQUEST_ID_LIMIT: usize = 128;
/// The status of an item that the service has taken (protocol page §3).
const SUBMITTED: i64 = 200;

/// What one of the tables holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedTable {
    /// Rows by status; one entry with status `None` where the table keeps no status.
    pub counts: Vec<StatusCount>,
    /// When a row last changed.
    pub last_modified: Option<Timestamp>,
    /// The newest errors, the newest first.
    pub errors: Vec<ItemError>,
}

/// How many rows have a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusCount {
    /// Adobe's code (protocol page §3, "Item status").
    pub status: Option<i64>,
    /// Whether the source record is gone.
    pub is_deleted: bool,
    /// Rows.
    pub rows: u64,
}

/// An item that Adobe's export could not deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemError {
    /// The key of its source record.
    pub source_id: u64,
    /// Adobe's code.
    pub status: i64,
    pub at: Option<Timestamp>,
    /// The service's words, or those of Adobe's export.
    pub message: SafeText,
    /// The id of the request, where it was kept.
    pub request_id: Option<SafeText>,
}

pub(super) async fn read(database: &Database, snapshot: &mut Snapshot, names: &Watched) -> Part<FeedTable> {
    let table = database.table(names.feed_table);
    let rows = async {
        if !names.has_status {
            let sql = format!("SELECT COUNT(*), CAST(UNIX_TIMESTAMP(MAX(modified_at)) AS SIGNED) FROM {table}");
            let (rows, modified) =
                snapshot.rows::<(u64, Option<i64>)>(&sql).await?.first().copied().unwrap_or((0, None));
            let counts = vec![StatusCount { status: None, is_deleted: false, rows }];
            return Ok(FeedTable { counts, last_modified: modified.and_then(moment), errors: Vec::new() });
        }
        let sql = format!(
            "SELECT status, is_deleted, COUNT(*), CAST(UNIX_TIMESTAMP(MAX(modified_at)) AS SIGNED) \
             FROM {table} GROUP BY status, is_deleted"
        );
        let groups = snapshot.rows::<(Option<i64>, i64, u64, Option<i64>)>(&sql).await?;
        // Both sides of the status index; `<> 200` alone would read every row of a table in which all is well.
        let sql = format!(
            "SELECT source_entity_id, status, CAST(UNIX_TIMESTAMP(modified_at) AS SIGNED), errors, metadata \
             FROM {table} WHERE (status < {SUBMITTED} OR status > {SUBMITTED}) AND errors <> '' \
             ORDER BY modified_at DESC, id DESC LIMIT {ERRORS_READ}"
        );
        let errors = snapshot.rows::<(u64, i64, Option<i64>, String, Option<String>)>(&sql).await?;
        Ok::<_, DatabaseError>(FeedTable {
            counts: groups
                .iter()
                .map(|&(status, is_deleted, rows, _)| StatusCount { status, is_deleted: is_deleted != 0, rows })
                .collect(),
            last_modified: groups.iter().filter_map(|&(.., modified)| modified).max().and_then(moment),
            errors: errors
                .into_iter()
                .map(|(source_id, status, at, errors, metadata)| ItemError {
                    source_id,
                    status,
                    at: at.and_then(moment),
                    message: message(&errors),
                    request_id: request_id(metadata.as_deref().unwrap_or_default()).or_else(|| request_id(&errors)),
                })
                .collect(),
        })
    };
    read_part(database, names.feed_table, rows).await
}

fn moment(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}

/// `errors` is JSON in newer versions and a sentence in older ones.
fn message(errors: &str) -> SafeText {
    let value: Option<Value> = serde_json::from_str(errors).ok();
    let text = value.as_ref().and_then(|value| find(value, &|name| name == "message"));
    SafeText::limited(text.as_deref().unwrap_or(errors), ERROR_LIMIT)
}

/// The form of `metadata` is not public, so the id is found by its name, wherever it stands.
fn request_id(text: &str) -> Option<SafeText> {
    let value: Value = serde_json::from_str(text).ok()?;
    let is_id = |name: &str| {
        let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        letters.to_ascii_lowercase().ends_with("requestid")
    };
    find(&value, &is_id).map(|id| SafeText::limited(&id, REQUEST_ID_LIMIT))
}

/// The first text or number under a name that is wanted, from the outside in.
fn find(value: &Value, is_wanted: &dyn Fn(&str) -> bool) -> Option<String> {
    let text = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        // A header may hold its value in a list.
        Value::Array(values) => values.first().and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| is_wanted(name))
            .find_map(|(_, value)| text(value))
            .or_else(|| fields.values().find_map(|value| find(value, is_wanted))),
        Value::Array(values) => values.iter().find_map(|value| find(value, is_wanted)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_sentences_or_json() {
        assert_eq!(message("not found").as_str(), "not found");
        assert_eq!(
            message(r#"[{"field":"/0/sku","message":"sku \u001b is required"}]"#).as_str(),
            "sku \\x1b is required"
        );
        assert_eq!(message(r#"{"code":1}"#).as_str(), r#"{"code":1}"#);
    }

    #[test]
    fn a_request_id_is_found_wherever_it_stands() {
        for text in [
            r#"{"request_id":"r-1"}"#,
            r#"{"response":{"headers":{"X-Request-Id":["r-1"]}}}"#,
            r#"[{"other":1},{"requestId":"r-1"}]"#,
        ] {
            assert_eq!(request_id(text).as_ref().map(SafeText::as_str), Some("r-1"), "{text}");
        }
        assert_eq!(request_id("r-1"), None);
        assert_eq!(request_id(r#"{"request":"r-1"}"#), None);
    }
}
