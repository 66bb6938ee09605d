//! The tables that a reading depends on: which it used, and whether those that had rows before still have them.
//!
//! Absence is not deletion. A table that was there and had rows, and now is empty, renamed or hidden from this user, makes items
//! look deleted or changed that are not. So whoever reads pages asks [`Database::check_tables`] within each page's snapshot.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::error::{DatabaseError, grant};
use super::schema::readable;
use super::snapshot::Snapshot;
use super::{Database, Schema};
use crate::untrusted::SafeText;

/// What tables of Adobe Commerce begin with. A user with rights on single tables cannot know whether they exist, and mostly they
/// do not.
const OF_ADOBE_COMMERCE: &str = "magento_";
/// Prices of catalog rules, and the rules: without a rule that is active today, no prices are right.
const RULE_PRICES: &str = "catalogrule_product_price";
const RULES: &str = "catalogrule";
/// Reservations of stock. Commerce deletes them once they add up to nothing.
const RESERVATIONS: &str = "inventory_reservation";

/// What is known of the tables of one reading.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Those that must have rows.
    pub expected: BTreeSet<String>,
    /// Those that queries name.
    used: Mutex<BTreeSet<String>>,
    /// Those that were asked about and are not listed.
    absent: Mutex<BTreeSet<String>>,
}

impl Tables {
    pub fn expecting(expected: BTreeSet<String>) -> Self {
        Self { expected, ..Self::default() }
    }

    pub fn use_table(&self, name: &str) {
        insert(&self.used, name);
    }

    pub fn miss_table(&self, name: &str) {
        insert(&self.absent, name);
    }

    fn used(&self) -> BTreeSet<String> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn insert(set: &Mutex<BTreeSet<String>>, name: &str) {
    let mut set = set.lock().unwrap_or_else(PoisonError::into_inner);
    if !set.contains(name) {
        set.insert(name.to_owned());
    }
}

impl Database {
    /// Counts tables that were read before this reading began, and that it depends on all the same.
    pub fn depends_on(&self, tables: &[&str]) {
        for table in tables {
            self.tables.use_table(table);
        }
    }

    /// The tables that queries named since [`Self::look_again`] made this.
    pub fn used_tables(&self) -> BTreeSet<String> {
        self.tables.used()
    }

    /// Whether everything that this reading depends on is as it should be, in the moment of the snapshot.
    ///
    /// # Errors
    /// [`DatabaseError::Emptied`] for a table that had rows and has none, or is gone; [`DatabaseError::Interrupted`] for one that was
    /// exchanged since the snapshot; [`DatabaseError::Denied`] for one that this user may not read.
    pub async fn check_tables(&self, snapshot: &mut Snapshot) -> Result<(), DatabaseError> {
        if !self.schema.sees_all {
            let absent = self.tables.absent.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(table) = absent.iter().find(|table| !table.starts_with(OF_ADOBE_COMMERCE)) {
                return Err(self.denied(table));
            }
        }
        if self.tables.expected.is_empty() {
            return Ok(());
        }
        if let Some(table) = self.tables.expected.iter().find(|table| !self.schema.has(table)) {
            // A table that is hidden says so; whatever else is wrong with it, it is not there.
            if let Err(error @ DatabaseError::Denied { .. }) = readable(snapshot, &self.settings().table(table)).await {
                return Err(error);
            }
            return Err(self.emptied(table, true));
        }
        let empty = |table: &String| {
            let name = self.connections.settings().table(table);
            format!("SELECT '{table}' FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM {name})")
        };
        let selects: Vec<String> = self.tables.expected.iter().map(empty).collect();
        let emptied: Vec<String> = snapshot.rows(&selects.join(" UNION ALL ")).await?;
        for table in emptied {
            if self.is_explained(snapshot, &table).await? {
                continue;
            }
            return Err(if self.has_rows_by_now(&table).await? {
                DatabaseError::exchanged(&table)
            } else {
                self.emptied(&table, false)
            });
        }
        Ok(())
    }

    /// Whether a table that is empty in a snapshot has rows in a newer one: those of a table that a reindex renamed in are too new
    /// for a snapshot from before.
    async fn has_rows_by_now(&self, table: &str) -> Result<bool, DatabaseError> {
        let mut snapshot = self.snapshot().await?;
        let sql = format!("SELECT 1 FROM {} LIMIT 1", self.connections.settings().table(table));
        let rows: Vec<u64> = snapshot.rows(&sql).await?;
        snapshot.end().await;
        Ok(!rows.is_empty())
    }

    /// Which of these tables have rows: those that a later reading must find filled.
    pub async fn filled_tables(
        &self,
        snapshot: &mut Snapshot,
        tables: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, DatabaseError> {
        let there = tables.iter().filter(|table| self.schema.has(table));
        let filled = |table: &String| {
            let name = self.connections.settings().table(table);
            let rows = match table.as_str() {
                // Those that add up to nothing may be deleted any moment, and change nothing.
                RESERVATIONS => format!("SELECT 1 FROM {name} GROUP BY sku, stock_id HAVING SUM(quantity) <> 0"),
                _ => format!("SELECT 1 FROM {name}"),
            };
            format!("SELECT '{table}' FROM DUAL WHERE EXISTS ({rows})")
        };
        let selects: Vec<String> = there.map(filled).collect();
        if selects.is_empty() {
            return Ok(BTreeSet::new());
        }
        Ok(snapshot.rows::<String>(&selects.join(" UNION ALL ")).await?.into_iter().collect())
    }

    /// Whether it is right that a table is empty: no rule is active, so none has a price.
    async fn is_explained(&self, snapshot: &mut Snapshot, table: &str) -> Result<bool, DatabaseError> {
        if table != RULE_PRICES || !self.schema.has(RULES) {
            return Ok(false);
        }
        let sql = format!(
            "SELECT 1 FROM {} WHERE is_active = 1 AND (from_date IS NULL OR from_date <= CURRENT_DATE + INTERVAL 1 DAY) \
             AND (to_date IS NULL OR to_date >= CURRENT_DATE - INTERVAL 1 DAY) LIMIT 1",
            self.connections.settings().table(RULES)
        );
        Ok(snapshot.rows::<u64>(&sql).await?.is_empty())
    }

    fn emptied(&self, table: &str, is_missing: bool) -> DatabaseError {
        let name = format!("{}{table}", self.settings().table_prefix);
        DatabaseError::Emptied { name: table.to_owned(), table: SafeText::new(&name), is_missing }
    }

    fn denied(&self, table: &str) -> DatabaseError {
        let name = format!("{}{table}", self.settings().table_prefix);
        DatabaseError::Denied {
            table: SafeText::new(&name),
            reason: "the user has rights on single tables only; this one may not exist".into(),
            grant: grant(self.settings(), &self.schema.account, "SELECT", None),
        }
    }
}

impl Schema {
    /// A table that no Commerce has: who may read the whole database learns that it does not exist, and everybody else that
    /// reading it is denied.
    pub(super) const NOBODYS_TABLE: &'static str = "commerce_connector_no_such_table";
}
