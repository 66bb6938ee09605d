//! Which SKUs are asked for in which store view: kept in a temporary database on disk, in the order in which they are asked for.

use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use crate::client::storefront::StoreScope;
use crate::connector::temporary;
use crate::error::Problem;

const TABLES: &str = "
    CREATE TABLE skus (website TEXT, store TEXT, view TEXT, sku TEXT, PRIMARY KEY (website, store, view, sku)) WITHOUT ROWID;
    BEGIN";

/// A SKU in a store view.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Place {
    pub website: String,
    pub store: String,
    pub view: String,
    pub sku: String,
}

impl Place {
    pub fn new(scope: &StoreScope, sku: &str) -> Self {
        Self {
            website: scope.website.clone(),
            store: scope.store.clone(),
            view: scope.store_view.clone(),
            sku: sku.to_owned(),
        }
    }

    /// The store view, for visitors of this customer group.
    pub fn scope(&self, customer_group: &str) -> StoreScope {
        StoreScope {
            website: self.website.clone(),
            store: self.store.clone(),
            store_view: self.view.clone(),
            customer_group: customer_group.to_owned(),
        }
    }

    /// Whether both are asked for in one request.
    pub fn is_beside(&self, other: &Self) -> bool {
        (&self.website, &self.store, &self.view) == (&other.website, &other.store, &other.view)
    }
}

#[derive(Debug)]
pub(super) struct Skus {
    connection: Connection,
}

impl Skus {
    pub fn new() -> Result<Self, Problem> {
        let connection = temporary::open().map_err(failed)?;
        connection.execute_batch(TABLES).map_err(failed)?;
        Ok(Self { connection })
    }

    /// Adds one; what is there already stays.
    pub fn add(&self, place: &Place) -> Result<(), Problem> {
        let mut insert =
            self.connection.prepare_cached("INSERT OR IGNORE INTO skus VALUES (?1, ?2, ?3, ?4)").map_err(failed)?;
        insert.execute(params![place.website, place.store, place.view, place.sku]).map(drop).map_err(failed)
    }

    pub fn count(&self) -> Result<u64, Problem> {
        let count = self.connection.query_row("SELECT COUNT(*) FROM skus", [], |row| row.get::<_, i64>(0));
        count.map(i64::unsigned_abs).map_err(failed)
    }

    /// The next ones after this one, at most so many.
    pub fn after(&self, place: &Place, limit: usize) -> Result<Vec<Place>, Problem> {
        let sql = "SELECT website, store, view, sku FROM skus WHERE (website, store, view, sku) > (?1, ?2, ?3, ?4) \
                   ORDER BY website, store, view, sku LIMIT ?5";
        let mut select = self.connection.prepare_cached(sql).map_err(failed)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = params![place.website, place.store, place.view, place.sku, limit];
        let rows = select.query_map(values, found).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }
}

fn found(row: &Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place { website: row.get(0)?, store: row.get(1)?, view: row.get(2)?, sku: row.get(3)? })
}

#[allow(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn failed(error: rusqlite::Error) -> Problem {
    temporary::failed("the comparison", &error)
}
