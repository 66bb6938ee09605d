//! What must be compared across items: SKUs, URL keys, prices, children, categories. In a temporary database that `SQLite` keeps on
//! disk and deletes by itself.

use rusqlite::{Connection, params};

use crate::connector::temporary;
use crate::error::Problem;

/// Pages of the cache, in KiB (negative, as `SQLite` wants it): what is kept in memory, whatever the catalogue; sorting takes as much again.
const CACHE_KIB: i64 = -8_000;

const TABLES: &str = "
    CREATE TABLE product (sku TEXT PRIMARY KEY, folded TEXT, kind TEXT, enabled INTEGER) WITHOUT ROWID;
    CREATE TABLE url (view TEXT, key TEXT, sku TEXT, PRIMARY KEY (view, key, sku)) WITHOUT ROWID;
    CREATE TABLE priced (sku TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE parent (sku TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE once (rule TEXT, place TEXT, PRIMARY KEY (rule, place)) WITHOUT ROWID;
    CREATE TABLE category (view TEXT, id TEXT, parent TEXT, PRIMARY KEY (view, id)) WITHOUT ROWID;
    BEGIN";

/// The temporary database.
#[derive(Debug)]
pub(super) struct Seen {
    connection: Connection,
}

/// What a query finds, line by line.
type Found<'a> = &'a mut dyn FnMut(&str, &str) -> Result<(), Problem>;

impl Seen {
    pub fn new() -> Result<Self, Problem> {
        let connection = temporary::open().map_err(failed)?;
        connection.pragma_update(None, "cache_size", CACHE_KIB).map_err(failed)?;
        connection.execute_batch(TABLES).map_err(failed)?;
        Ok(Self { connection })
    }

    fn run(&self, sql: &str, values: impl rusqlite::Params) -> Result<bool, Problem> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        statement.execute(values).map(|rows| rows > 0).map_err(failed)
    }

    /// A product in one of its store views. Whether its SKU is new.
    pub fn product(&self, sku: &str, kind: &str, is_enabled: bool) -> Result<bool, Problem> {
        let is_new = self.run(
            "INSERT OR IGNORE INTO product VALUES (?1, ?2, ?3, 0)",
            params![sku, sku.trim().to_lowercase(), kind],
        )?;
        if is_enabled {
            self.run("UPDATE product SET enabled = 1 WHERE sku = ?1 AND enabled = 0", [sku])?;
        }
        Ok(is_new)
    }

    pub fn url(&self, view: &str, key: &str, sku: &str) -> Result<(), Problem> {
        self.run("INSERT OR IGNORE INTO url VALUES (?1, ?2, ?3)", [view, key, sku]).map(drop)
    }

    pub fn priced(&self, sku: &str) -> Result<(), Problem> {
        self.run("INSERT OR IGNORE INTO priced VALUES (?1)", [sku]).map(drop)
    }

    pub fn parent(&self, sku: &str) -> Result<(), Problem> {
        self.run("INSERT OR IGNORE INTO parent VALUES (?1)", [sku]).map(drop)
    }

    pub fn category(&self, view: &str, id: &str, parent: &str) -> Result<(), Problem> {
        self.run("INSERT OR IGNORE INTO category VALUES (?1, ?2, ?3)", [view, id, parent]).map(drop)
    }

    /// Whether a rule meets this place for the first time.
    pub fn is_first(&self, rule: &str, place: &str) -> Result<bool, Problem> {
        self.run("INSERT OR IGNORE INTO once VALUES (?1, ?2)", [rule, place])
    }

    /// SKUs that are the same but for case and blanks: two of them, and how many there are.
    pub fn same_skus(&self, found: Found<'_>) -> Result<(), Problem> {
        self.each(
            "SELECT MIN(sku), MAX(sku) || CASE COUNT(*) WHEN 2 THEN '' ELSE ', ' || COUNT(*) || ' in all' END \
             FROM product GROUP BY folded HAVING COUNT(*) > 1 ORDER BY 1",
            found,
        )
    }

    /// URL keys of several products: key and store view, and the products.
    pub fn same_urls(&self, found: Found<'_>) -> Result<(), Problem> {
        self.each(
            "SELECT key || ', store view ' || view, \
             MIN(sku) || ' and ' || MAX(sku) || CASE COUNT(*) WHEN 2 THEN '' ELSE ', ' || COUNT(*) || ' in all' END \
             FROM url GROUP BY view, key HAVING COUNT(*) > 1 ORDER BY 1",
            found,
        )
    }

    /// Enabled products without a price. A configurable product has none of its own.
    pub fn unpriced(&self, found: Found<'_>) -> Result<(), Problem> {
        self.each(
            "SELECT sku, kind FROM product WHERE enabled AND kind <> 'configurable' \
             AND sku NOT IN (SELECT sku FROM priced) ORDER BY sku",
            found,
        )
    }

    /// Enabled products that are made of others, without any.
    pub fn childless(&self, found: Found<'_>) -> Result<(), Problem> {
        self.each(
            "SELECT sku, kind FROM product WHERE enabled AND kind IN ('configurable', 'bundle', 'grouped') \
             AND sku NOT IN (SELECT sku FROM parent) ORDER BY sku",
            found,
        )
    }

    /// Categories whose parent is not in their store view: the category and its parent. The top has none: its parent is that of all
    /// trees, 1.
    pub fn orphans(&self, found: Found<'_>) -> Result<(), Problem> {
        self.each(
            "SELECT id || ', store view ' || view, parent FROM category AS child WHERE parent NOT IN ('', '0', '1') \
             AND NOT EXISTS (SELECT 1 FROM category WHERE view = child.view AND id = child.parent) ORDER BY view, id",
            found,
        )
    }

    fn each(&self, sql: &str, found: Found<'_>) -> Result<(), Problem> {
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let text = |column| row.get_ref(column).map_err(failed).map(|value| value.as_str().unwrap_or_default());
            found(text(0)?, text(1)?)?;
        }
        Ok(())
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn failed(error: rusqlite::Error) -> Problem {
    temporary::failed("lint", &error)
}
