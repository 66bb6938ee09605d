//! The orders in which items are listed: where a walk continues, and the ranges of an index that it goes along.

use std::cmp::Ordering;

use rusqlite::types::Value;

use super::super::items::{ItemOrder, ItemPage, ItemRow, PageFrom};

/// Where a walk continues: beyond the row with this key and number, or with it.
pub(super) struct RowPosition {
    pub key: Value,
    pub id: i64,
    pub including: bool,
}

impl RowPosition {
    pub(super) fn beyond(order: ItemOrder, row: &ItemRow) -> Self {
        let key = match order {
            ItemOrder::Label => Value::Text(row.label.as_str().to_owned()),
            ItemOrder::SourceId => row.source_id.map_or(Value::Null, Value::Integer),
            ItemOrder::Newest => row.request.map_or(Value::Null, Value::Integer),
        };
        Self { key, id: row.number.0, including: false }
    }

    pub(super) fn label(&self) -> Option<(String, i64)> {
        match &self.key {
            Value::Text(label) => Some((label.clone(), self.id)),
            _ => None,
        }
    }
}

/// A part of a walk that is one range of an index.
pub(super) struct Leg {
    pub condition: String,
    pub values: Vec<Value>,
    pub direction: &'static str,
}

/// The column that an order goes by.
pub(super) fn column_of(order: ItemOrder) -> &'static str {
    match order {
        ItemOrder::Label => "label",
        ItemOrder::SourceId => "source_id",
        ItemOrder::Newest => "batch",
    }
}

/// The ranges of the index of an order that lie beyond a place, nearest first.
pub(super) fn legs(order: ItemOrder, place: Option<&RowPosition>, is_backwards: bool) -> Vec<Leg> {
    let is_descending = (order == ItemOrder::Newest) != is_backwards;
    let direction = if is_descending { "DESC" } else { "ASC" };
    let leg = |condition: String, values: Vec<Value>| Leg { condition, values, direction };
    let Some(RowPosition { key, id, including }) = place else { return vec![leg(String::new(), Vec::new())] };
    let column = column_of(order);
    let beyond = match (is_descending, including) {
        (false, false) => ">",
        (false, true) => ">=",
        (true, false) => "<",
        (true, true) => "<=",
    };
    let mut legs = vec![leg(format!("AND {column} IS ? AND id {beyond} ?"), vec![key.clone(), Value::Integer(*id)])];
    match (key, is_descending) {
        // NULL is the least.
        (Value::Null, true) => {}
        (Value::Null, false) => legs.push(leg(format!("AND {column} >= ?"), vec![Value::Integer(i64::MIN)])),
        (_, false) => legs.push(leg(format!("AND {column} > ?"), vec![key.clone()])),
        (_, true) => {
            legs.push(leg(format!("AND {column} < ?"), vec![key.clone()]));
            if order != ItemOrder::Label {
                legs.push(leg(format!("AND {column} IS NULL"), Vec::new()));
            }
        }
    }
    legs
}

/// Which of two rows comes first in an order.
pub(super) fn in_order(order: ItemOrder, a: &ItemRow, b: &ItemRow) -> Ordering {
    match order {
        ItemOrder::Label => a.label.cmp(&b.label).then(a.number.cmp(&b.number)),
        ItemOrder::SourceId => a.source_id.cmp(&b.source_id).then(a.number.cmp(&b.number)),
        ItemOrder::Newest => b.request.cmp(&a.request).then(b.number.cmp(&a.number)),
    }
}

/// A page out of all rows in order.
pub(super) fn cut(rows: &[ItemRow], order: ItemOrder, from: &PageFrom, limit: usize) -> ItemPage {
    let (begin, end) = match from {
        PageFrom::Start => (0, limit),
        PageFrom::End => (rows.len().saturating_sub(limit), rows.len()),
        PageFrom::After(row) => {
            let begin = rows.partition_point(|other| in_order(order, other, row) != Ordering::Greater);
            (begin, begin + limit)
        }
        PageFrom::At(row) => {
            let begin = rows.partition_point(|other| in_order(order, other, row) == Ordering::Less);
            (begin, begin + limit)
        }
        PageFrom::Before(row) => {
            let end = rows.partition_point(|other| in_order(order, other, row) == Ordering::Less);
            (end.saturating_sub(limit), end)
        }
    };
    let end = end.min(rows.len());
    ItemPage { rows: rows[begin.min(end)..end].to_vec(), has_before: begin > 0, has_after: end < rows.len() }
}
