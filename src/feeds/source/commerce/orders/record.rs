//! Rows of any width as the fields of a feed: orders have too many columns for tuples.
//!
//! It must never tell anybody what is in a row: orders hold personal data.

use std::collections::HashMap;

use mysql_async::{Row, Value as Cell};
use serde_json::{Map, Value, json};

use crate::commerce::database::{DatabaseError, Snapshot};
use crate::feeds::item::Fields;

/// How a column becomes a value. A field whose column is NULL is absent, but for the forms that say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A text.
    Text,
    /// A text; null without one.
    TextOrNull,
    /// A number: quantities and amounts.
    Number,
    /// A number without what is after the point.
    Whole,
    /// Yes or no.
    Flag,
    /// RFC 3339; the session's time zone is UTC. The date of nothing (`0000-00-00`) is null.
    Time,
    /// `{"id": …}`; null without an id.
    Uuid,
}

/// A field (or `object/field`), the SQL of its column, and its form.
pub(super) type Column = (&'static str, &'static str, Form);

/// A row.
pub(super) struct Record {
    /// What it belongs to.
    pub owner: u64,
    /// Its own key.
    pub id: u64,
    pub fields: Fields,
}

impl Record {
    /// Takes a text field out; empty if it is null or absent.
    pub(super) fn take_text(&mut self, field: &str) -> String {
        match self.fields.remove(field) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        }
    }

    pub(super) fn put(&mut self, field: &str, value: Value) {
        put(&mut self.fields, field, value);
    }
}

/// The rows of `SELECT owner, id, columns… FROM from`.
pub(super) async fn load(
    snapshot: &mut Snapshot,
    owner: &str,
    id: &str,
    columns: &[Column],
    from: &str,
) -> Result<Vec<Record>, DatabaseError> {
    let keys = [owner, id];
    let list: Vec<&str> = keys.into_iter().chain(columns.iter().map(|(_, sql, _)| *sql)).collect();
    let rows: Vec<Row> = snapshot.rows(&format!("SELECT {} FROM {from}", list.join(", "))).await?;
    Ok(rows.iter().map(|row| record(row, columns)).collect())
}

fn record(row: &Row, columns: &[Column]) -> Record {
    /// Owner and id come before the columns.
    const KEYS: usize = 2;
    let key = |at: usize| text(row, at).and_then(|text| text.parse().ok()).unwrap_or_default();
    let mut fields = Fields::new();
    for (at, (field, _, form)) in columns.iter().enumerate() {
        let value = match text(row, at + KEYS) {
            Some(text) => form.value(&text),
            None if matches!(form, Form::TextOrNull | Form::Uuid) => Value::Null,
            None => continue,
        };
        put(&mut fields, field, value);
    }
    Record { owner: key(0), id: key(1), fields }
}

/// A cell as the server wrote it; `None` for NULL.
fn text(row: &Row, at: usize) -> Option<String> {
    match row.as_ref(at)? {
        Cell::NULL => None,
        Cell::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        // Plain queries are answered in text only.
        other => Some(other.as_sql(true)),
    }
}

impl Form {
    fn value(self, text: &str) -> Value {
        match self {
            Form::Text | Form::TextOrNull => json!(text),
            Form::Number => json!(text.parse::<f64>().ok()),
            Form::Whole => json!(text.split('.').next().and_then(|whole| whole.parse::<i64>().ok())),
            Form::Flag => json!(text != "0" && !text.is_empty()),
            Form::Time => json!(rfc_3339(text)),
            Form::Uuid => json!({"id": text}),
        }
    }
}

/// `2026-01-31 23:59:59` as RFC 3339.
fn rfc_3339(text: &str) -> Option<String> {
    let (date, time) = text.split_once(' ')?;
    let time = time.split('.').next().unwrap_or(time);
    (!date.starts_with("0000")).then(|| format!("{date}T{time}+00:00"))
}

/// Sets `field`, or `field` of the object `object` for `object/field`.
pub(super) fn put(fields: &mut Fields, name: &str, value: Value) {
    match name.split_once('/') {
        None => {
            fields.insert(name.to_owned(), value);
        }
        Some((object, field)) => {
            if let Value::Object(inner) = fields.entry(object).or_insert_with(|| Value::Object(Map::new())) {
                inner.insert(field.to_owned(), value);
            }
        }
    }
}

/// What belongs to other records, in order.
#[derive(Debug, Default)]
pub(super) struct Children {
    by_owner: HashMap<u64, Vec<Value>>,
}

impl Children {
    pub(super) fn of(records: Vec<Record>) -> Self {
        let mut children = Self::default();
        for record in records {
            children.add(record.owner, Value::Object(record.fields));
        }
        children
    }

    pub(super) fn add(&mut self, owner: u64, child: Value) {
        self.by_owner.entry(owner).or_default().push(child);
    }

    /// The list of an owner's children; null if it has none.
    pub(super) fn take(&mut self, owner: u64) -> Value {
        self.by_owner.remove(&owner).map_or(Value::Null, Value::Array)
    }

    /// The last of an owner's children; null if it has none.
    pub(super) fn take_last(&mut self, owner: u64) -> Value {
        self.by_owner.remove(&owner).and_then(|mut children| children.pop()).unwrap_or_default()
    }
}

/// A list; null if nothing is in it.
pub(super) fn list_or_null(list: Vec<Value>) -> Value {
    if list.is_empty() { Value::Null } else { Value::Array(list) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_value() {
        assert_eq!(Form::Text.value("007"), json!("007"));
        assert_eq!(Form::Number.value("-12.3400"), json!(-12.34));
        assert_eq!(Form::Whole.value("2.9000"), json!(2));
        assert_eq!(Form::Whole.value("8"), json!(8));
        assert_eq!((Form::Flag.value("0"), Form::Flag.value("1")), (json!(false), json!(true)));
        assert_eq!(Form::Time.value("2026-01-31 23:59:59"), json!("2026-01-31T23:59:59+00:00"));
        assert_eq!(Form::Time.value("2026-01-31 23:59:59.123"), json!("2026-01-31T23:59:59+00:00"));
        assert_eq!(Form::Time.value("0000-00-00 00:00:00"), Value::Null);
        assert_eq!(Form::Uuid.value("a-b"), json!({"id": "a-b"}));
    }

    #[test]
    fn a_field_may_be_in_an_object() {
        let mut fields = Fields::new();
        put(&mut fields, "a", json!(1));
        put(&mut fields, "b/c", json!(2));
        put(&mut fields, "b/d", json!(3));
        assert_eq!(Value::Object(fields), json!({"a": 1, "b": {"c": 2, "d": 3}}));
    }
}
