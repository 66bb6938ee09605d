//! Rows of any width as the fields of a feed: orders have too many columns for tuples.
//!
//! A shop's UUIDs and what else is not of the orders may be in another database (a split database), so nothing is joined with them.
//!
//! It must never tell anybody what is in a row: orders hold personal data.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use mysql_async::{Row, Value as Cell};
use serde_json::{Map, Value, json};

use super::super::context::Context;
use crate::commerce::database::{DatabaseError, Snapshot, in_list};
use crate::domain::Feed;
use crate::feeds::content::Fields;

/// How a column becomes a value. A field whose column is NULL is absent, but for the forms that say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
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
    /// The UUID that Commerce gave to a key of this kind (`data_exporter_uuid.type`), as `{"id": …}`; null without one.
    Uuid(&'static str),
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

/// Reads what belongs to the orders of a page.
pub(super) struct Reader<'a> {
    pub context: &'a Context,
    /// The orders of the page, for an `IN` list.
    pub ids: String,
    /// Of the database that the orders are in.
    snapshot: &'a mut Snapshot,
    /// Of the rest of the shop, if that is another database. It is the later one: what an order names was there before.
    rest: Option<Snapshot>,
    /// Those that were looked up: lines of documents name the lines of the order again.
    uuids: HashMap<(&'static str, u64), Option<String>>,
}

/// Owner and id come before the columns.
const KEYS: usize = 2;

impl<'a> Reader<'a> {
    pub(super) async fn new(
        snapshot: &'a mut Snapshot,
        context: &'a Context,
        ids: &[u64],
    ) -> Result<Self, DatabaseError> {
        let rest = if context.databases.is_apart(Feed::Orders) {
            Some(context.databases.main.snapshot().await?)
        } else {
            None
        };
        Ok(Self { context, ids: in_list(ids), snapshot, rest, uuids: HashMap::new() })
    }

    /// Must be called when everything is read.
    pub(super) async fn end(self) {
        if let Some(rest) = self.rest {
            rest.end().await;
        }
    }

    /// Of what is not of the orders.
    pub(super) fn rest(&mut self) -> &mut Snapshot {
        self.rest.as_mut().unwrap_or(self.snapshot)
    }

    /// The rows of `SELECT owner, id, columns… FROM from`.
    pub(super) async fn load(
        &mut self,
        owner: &str,
        id: &str,
        columns: &[Column],
        from: &str,
    ) -> Result<Vec<Record>, DatabaseError> {
        let keys = [owner, id];
        let list: Vec<&str> = keys.into_iter().chain(columns.iter().map(|(_, sql, _)| *sql)).collect();
        let rows: Vec<Row> = self.snapshot.rows(&format!("SELECT {} FROM {from}", list.join(", "))).await?;
        let mut records: Vec<Record> = rows.iter().map(|row| record(row, columns)).collect();
        for (at, (field, _, form)) in columns.iter().enumerate() {
            if let Form::Uuid(kind) = form {
                let keys: Vec<Option<u64>> = rows.iter().map(|row| key(row, at + KEYS)).collect();
                self.look_up(kind, &keys).await?;
                for (record, key) in records.iter_mut().zip(keys) {
                    let uuid = key.and_then(|key| self.uuids.get(&(*kind, key))?.as_ref());
                    record.put(field, uuid.map_or(Value::Null, |uuid| json!({"id": uuid})));
                }
            }
        }
        Ok(records)
    }

    async fn look_up(&mut self, kind: &'static str, keys: &[Option<u64>]) -> Result<(), DatabaseError> {
        let mut new: Vec<u64> = keys.iter().copied().flatten().collect();
        new.retain(|key| match self.uuids.entry((kind, *key)) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(None);
                true
            }
        });
        if new.is_empty() {
            return Ok(());
        }
        let table = self.context.table("data_exporter_uuid");
        let sql = format!("SELECT entity_id, uuid FROM {table} WHERE type = ? AND entity_id IN ({})", in_list(&new));
        let found: Vec<(u64, String)> = self.rest().rows_with(&sql, (kind,)).await?;
        self.uuids.extend(found.into_iter().map(|(key, uuid)| ((kind, key), Some(uuid))));
        Ok(())
    }
}

fn record(row: &Row, columns: &[Column]) -> Record {
    let mut fields = Fields::new();
    for (at, (field, _, form)) in columns.iter().enumerate() {
        let value = match text(row, at + KEYS) {
            Some(text) => form.value(&text),
            None if matches!(form, Form::TextOrNull) => Value::Null,
            None => continue,
        };
        put(&mut fields, field, value);
    }
    Record { owner: key(row, 0).unwrap_or_default(), id: key(row, 1).unwrap_or_default(), fields }
}

fn key(row: &Row, at: usize) -> Option<u64> {
    text(row, at)?.parse().ok()
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
            // Looked up by its key when all rows are read.
            Form::Uuid(_) => Value::Null,
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
