//! Rows as values, and which value of a row is not of the type that was asked for.

use mysql_async::prelude::{FromRow, FromValue};
use mysql_async::{Row, Value};

use super::error::DatabaseError;
use crate::untrusted::SafeText;

/// A row that can say which of its columns is not as expected.
pub trait Decode: FromRow + Send + 'static {
    /// The first column whose value has another type than the one asked for.
    fn culprit(row: &Row) -> Option<usize>;
}

/// The value of a column, as a type. Its error is as good as its absence here.
fn is_of<T: FromValue>(row: &Row, column: usize) -> bool {
    row.as_ref(column).is_some_and(|value| T::from_value_opt(value.clone()).is_ok())
}

macro_rules! decode_single {
    ($($type:ty),+) => {
        $(impl Decode for $type {
            fn culprit(row: &Row) -> Option<usize> {
                (!is_of::<Self>(row, 0)).then_some(0)
            }
        })+
    };
}

decode_single!(u64, u32, i64, String, Option<i64>, Option<u64>, Option<String>);

/// Columns that are only known at run time; whoever takes them looks at each.
impl Decode for Row {
    fn culprit(_: &Row) -> Option<usize> {
        None
    }
}

macro_rules! decode_tuple {
    ($($type:ident $column:tt),+) => {
        impl<$($type: FromValue + Send + 'static),+> Decode for ($($type,)+)
        where
            Self: FromRow,
        {
            fn culprit(row: &Row) -> Option<usize> {
                $(if !is_of::<$type>(row, $column) {
                    return Some($column);
                })+
                None
            }
        }
    };
}

decode_tuple!(A 0);
decode_tuple!(A 0, B 1);
decode_tuple!(A 0, B 1, C 2);
decode_tuple!(A 0, B 1, C 2, D 3);
decode_tuple!(A 0, B 1, C 2, D 3, E 4);
decode_tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
decode_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
decode_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
decode_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
decode_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
decode_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
decode_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);

/// Names table, column and row of a value that is not as expected. The value stays unnamed.
pub(super) fn undecodable<T: Decode>(row: &Row) -> DatabaseError {
    let columns = row.columns_ref();
    // What a column is made of has a name of its own, and a table only if it is nothing but a column.
    let named = |name: std::borrow::Cow<'_, str>, or: std::borrow::Cow<'_, str>| {
        SafeText::new(if name.is_empty() { &or } else { &name })
    };
    let (table, column) = match T::culprit(row).and_then(|at| columns.get(at)) {
        Some(column) => {
            (named(column.org_table_str(), "a query".into()), named(column.org_name_str(), column.name_str()))
        }
        None => ("a query".into(), "a column".into()),
    };
    let key = match (columns.first(), row.as_ref(0)) {
        (Some(first), Some(value)) => format!("{} {}", named(first.org_name_str(), first.name_str()), shown(value)),
        _ => "no key".to_owned(),
    };
    DatabaseError::Undecodable { table, column, key: SafeText::new(&key) }
}

/// A key as a person writes it. Anything but a number may be a customer's data.
fn shown(value: &Value) -> String {
    match value {
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Bytes(bytes) if bytes.iter().all(u8::is_ascii_digit) => String::from_utf8_lossy(bytes).into_owned(),
        Value::NULL => "NULL".to_owned(),
        _ => "(not a number)".to_owned(),
    }
}
