//! An attribute that products have besides their own, and what supplies it: `[[feeds.products.attributes]]`.

use serde::{Deserialize, Serialize};

/// The longest name of a table or column, in characters.
const LONGEST_NAME: usize = 64;
/// The column by which a table points to a product, unless it is named.
const DEFAULT_KEY: &str = "entity_id";

/// An attribute and what supplies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct MappedAttribute {
    pub code: String,
    pub supply: Supply,
}

/// What supplies the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Supply {
    /// The shop's own attribute of this code, which is not sent otherwise.
    Attribute,
    /// The same value for every product.
    Value(String),
    /// A column of the products' own table.
    Column(String),
    /// A column of a table: a value for each row of a product.
    Table {
        /// Without the prefix.
        table: String,
        column: String,
        /// The column that says which product a row is of.
        key: String,
        by: KeyedBy,
    },
}

/// What a table knows a product by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyedBy {
    /// Its id.
    #[default]
    Id,
    Sku,
}

/// An attribute that cannot be supplied as it is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMapping {
    #[error("code {0:?} is not an attribute code: use letters, digits and _")]
    Code(String),
    #[error("{field} {name:?} is not a name of the database: use letters, digits, _ and $, 64 characters at most")]
    Name { field: &'static str, name: String },
    #[error("the attribute {0} has a value besides a column or table: choose one")]
    TwoSupplies(String),
    #[error("the attribute {0} has a table, so it needs the column with the values")]
    NoColumn(String),
    #[error("the attribute {0} has a key, which only a table needs")]
    KeyWithoutTable(String),
}

/// As it is written in a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<KeyedBy>,
}

impl TryFrom<Written> for MappedAttribute {
    type Error = BadMapping;

    fn try_from(written: Written) -> Result<Self, BadMapping> {
        let Written { code, value, table, column, key, by } = written;
        if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(BadMapping::Code(code));
        }
        for (field, name) in [("table", &table), ("column", &column), ("key", &key)] {
            if let Some(name) = name.as_ref().filter(|name| !is_name(name)) {
                return Err(BadMapping::Name { field, name: name.clone() });
            }
        }
        if table.is_none() && (key.is_some() || by.is_some()) {
            return Err(BadMapping::KeyWithoutTable(code));
        }
        let supply = match (value, table, column) {
            (None, None, None) => Supply::Attribute,
            (Some(value), None, None) => Supply::Value(value),
            (None, None, Some(column)) => Supply::Column(column),
            (None, Some(table), Some(column)) => Supply::Table {
                table,
                column,
                key: key.unwrap_or_else(|| DEFAULT_KEY.to_owned()),
                by: by.unwrap_or_default(),
            },
            (None, Some(_), None) => return Err(BadMapping::NoColumn(code)),
            (Some(_), ..) => return Err(BadMapping::TwoSupplies(code)),
        };
        Ok(Self { code, supply })
    }
}

impl From<MappedAttribute> for Written {
    fn from(MappedAttribute { code, supply }: MappedAttribute) -> Self {
        let bare = Self { code, value: None, table: None, column: None, key: None, by: None };
        match supply {
            Supply::Attribute => bare,
            Supply::Value(value) => Self { value: Some(value), ..bare },
            Supply::Column(column) => Self { column: Some(column), ..bare },
            Supply::Table { table, column, key, by } => {
                Self { table: Some(table), column: Some(column), key: Some(key), by: Some(by), ..bare }
            }
        }
    }
}

/// Whether a name can be quoted in SQL without a second look.
fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<MappedAttribute, String> {
        toml::from_str(toml).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn an_attribute_is_supplied_by_one_thing() {
        let supply = |toml: &str| read(&format!("code = \"badge\"\n{toml}")).map(|mapped| mapped.supply);
        assert_eq!(supply(""), Ok(Supply::Attribute));
        assert_eq!(supply("value = \"new\""), Ok(Supply::Value("new".to_owned())));
        assert_eq!(supply("column = \"origin\""), Ok(Supply::Column("origin".to_owned())));
        let table = |key: &str, by| Supply::Table {
            table: "erp".to_owned(),
            column: "badge".to_owned(),
            key: key.to_owned(),
            by,
        };
        assert_eq!(supply("table = \"erp\"\ncolumn = \"badge\""), Ok(table("entity_id", KeyedBy::Id)));
        let by_sku = "table = \"erp\"\ncolumn = \"badge\"\nkey = \"item\"\nby = \"sku\"";
        assert_eq!(supply(by_sku), Ok(table("item", KeyedBy::Sku)));
        let written = toml::to_string(&read(&format!("code = \"badge\"\n{by_sku}")).expect("read")).expect("TOML");
        assert_eq!(read(&written), read(&format!("code = \"badge\"\n{by_sku}")), "it is saved as it was read");
    }

    #[test]
    fn what_cannot_be_meant_is_one_sentence() {
        for (toml, word) in [
            ("code = \"a b\"", "not an attribute code"),
            ("code = \"a\"\ntable = \"t`; DROP\"\ncolumn = \"c\"", "not a name of the database"),
            ("code = \"a\"\ncolumn = \"\"", "not a name of the database"),
            ("code = \"a\"\nvalue = \"v\"\ncolumn = \"c\"", "choose one"),
            ("code = \"a\"\ntable = \"t\"", "needs the column"),
            ("code = \"a\"\nkey = \"k\"\ncolumn = \"c\"", "only a table needs"),
            ("value = \"v\"", "missing field `code`"),
        ] {
            let error = read(toml).expect_err(toml);
            assert!(error.contains(word), "{toml}: {error}");
        }
    }
}
