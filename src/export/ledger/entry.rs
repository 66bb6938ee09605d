//! What a commit changed, as bytes: the rows of each table as they are after it, and the keys of those that are gone. Applying it twice
//! changes nothing.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use serde::{Deserialize, Serialize};

use super::schema;

/// What one commit changed, or a part of a snapshot.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The format of the tables.
    pub format: i64,
    pub tables: Vec<TableChanges>,
}

/// What changed in one table.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct TableChanges {
    /// Which one: its place in `capture::TABLES`.
    pub table: usize,
    /// Whole rows, in the order of the columns.
    pub rows: Vec<Vec<Cell>>,
    /// The keys of rows that are gone.
    pub gone: Vec<Vec<Cell>>,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(#[serde(with = "bytes")] Vec<u8>),
}

impl Entry {
    /// Whether it can be applied. What nodes share has been the same since format 8.
    pub fn is_known(&self) -> bool {
        (8..=schema::VERSION).contains(&self.format)
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The bytes, compressed.
    ///
    /// # Errors
    /// If there is no memory.
    pub fn encode(&self) -> std::io::Result<Vec<u8>> {
        let plain = postcard::to_stdvec(self).map_err(std::io::Error::other)?;
        let mut gzip = GzEncoder::new(Vec::with_capacity(plain.len() / 2), Compression::fast());
        gzip.write_all(&plain)?;
        gzip.finish()
    }

    /// Reads [`Self::encode`].
    ///
    /// # Errors
    /// If it is not what that wrote.
    pub fn decode(bytes: &[u8]) -> std::io::Result<Self> {
        let mut plain = Vec::with_capacity(bytes.len() * 4);
        GzDecoder::new(bytes).read_to_end(&mut plain)?;
        postcard::from_bytes(&plain).map_err(std::io::Error::other)
    }
}

impl Cell {
    /// A value as SQLite gives it.
    pub fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Integer(number),
            ValueRef::Real(number) => Cell::Real(number),
            ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
        }
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Cell::Null => ToSqlOutput::Owned(Value::Null),
            Cell::Integer(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Cell::Real(number) => ToSqlOutput::Owned(Value::Real(*number)),
            Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Cell::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// Bytes as one piece, and not as a list of numbers.
mod bytes {
    use serde::de::{Deserializer, Visitor};
    use serde::ser::Serializer;

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_the_format_before_is_taken_and_a_newer_one_is_not() {
        let is_known = |format| Entry { format, tables: Vec::new() }.is_known();
        let formats = [7, 8, schema::VERSION, schema::VERSION + 1];
        assert_eq!(formats.map(is_known), [false, true, true, false]);
    }

    #[test]
    fn an_entry_reads_back_as_it_was_and_anything_else_is_refused() {
        let row =
            vec![Cell::Integer(-7), Cell::Null, Cell::Text("é".into()), Cell::Blob(vec![0, 255]), Cell::Real(0.5)];
        let changes = TableChanges { table: 3, rows: vec![row], gone: vec![vec![Cell::Integer(i64::MAX)]] };
        let entry = Entry { format: 8, tables: vec![changes] };
        let bytes = entry.encode().expect("encoded");
        assert_eq!(Entry::decode(&bytes).expect("decoded"), entry);
        assert!(Entry::decode(&bytes[..bytes.len() - 9]).is_err(), "cut off");
        assert!(Entry::decode(b"something else").is_err());
    }
}
