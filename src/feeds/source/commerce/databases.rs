//! The databases of a shop: one, or two where the orders' tables have one of their own (a split database).
//!
//! No query joins tables of both: they may be on two servers.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::commerce::database::{Database, DatabaseError, Snapshot};
use crate::domain::Feed;

/// What the tables of the orders begin with.
const OF_ORDERS: &str = "sales_";
/// The tables without which a database is not that of the orders.
pub(super) const ORDER_TABLES: &[&str] = &["sales_order", "sales_order_item", "sales_order_payment"];

fn is_of_orders(table: &str) -> bool {
    table.starts_with(OF_ORDERS)
}

/// The databases of a shop, each with its schema as it was looked at last.
#[derive(Debug, Clone)]
pub(super) struct Databases {
    pub main: Database,
    /// That of the orders' tables, if they have one of their own.
    pub orders: Option<Database>,
}

impl Databases {
    /// The database with the source table of a feed.
    pub(super) fn of(&self, feed: Feed) -> &Database {
        match &self.orders {
            Some(orders) if feed == Feed::Orders => orders,
            _ => &self.main,
        }
    }

    /// The database with a table.
    fn with(&self, table: &str) -> &Database {
        match &self.orders {
            Some(orders) if is_of_orders(table) => orders,
            _ => &self.main,
        }
    }

    /// The full, quoted name of a table in its database.
    pub(super) fn table(&self, name: &str) -> String {
        self.with(name).table(name)
    }

    /// Whether a table is listed; unlike [`Self::has`], nothing depends on the answer.
    pub(super) fn lists(&self, table: &str) -> bool {
        self.with(table).schema().has(table)
    }

    /// Whether there is such a table; the name is without the prefix.
    pub(super) fn has(&self, table: &str) -> bool {
        self.with(table).has(table)
    }

    /// The same databases with their schemas as they are now, as [`Database::look_again`].
    pub(super) async fn look_again(&self, expected: &BTreeSet<String>, needed: &[&str]) -> Result<Self, DatabaseError> {
        let Some(orders) = &self.orders else {
            let main = self.main.look_again(expected.clone(), needed).await?;
            return Ok(Self { main, orders: None });
        };
        let (of_orders, expected): (BTreeSet<String>, _) =
            expected.iter().cloned().partition(|table| is_of_orders(table));
        let (needed_of_orders, needed): (Vec<&str>, Vec<&str>) =
            needed.iter().copied().partition(|table| is_of_orders(table));
        let main = self.main.look_again(expected, &needed).await?;
        let orders = orders.look_again(of_orders, &needed_of_orders).await?;
        Ok(Self { main, orders: Some(orders) })
    }

    /// Whether what a feed depends on is as it should be, as [`Database::check_tables`]: in the moment of a snapshot of `read`,
    /// which is one of these databases, and now in the other, if the feed depends on both.
    pub(super) async fn check_tables(
        &self,
        feed: Feed,
        read: &Database,
        snapshot: &mut Snapshot,
    ) -> Result<(), DatabaseError> {
        read.check_tables(snapshot).await?;
        let orders = self.orders.as_ref().filter(|_| self.is_apart(feed));
        if let Some(orders) = orders {
            let other = if std::ptr::eq(read, orders) { &self.main } else { orders };
            let mut snapshot = other.snapshot().await?;
            other.check_tables(&mut snapshot).await?;
            snapshot.end().await;
        }
        Ok(())
    }

    /// Which of these tables have rows, if those that were expected to have some still have them.
    pub(super) async fn filled_tables(&self, tables: &BTreeSet<String>) -> Result<BTreeSet<String>, DatabaseError> {
        let mut filled = BTreeSet::new();
        for database in [Some(&self.main), self.orders.as_ref()].into_iter().flatten() {
            let mut snapshot = database.snapshot().await?;
            // In the same moment: what was emptied after the last page must not be forgotten.
            database.check_tables(&mut snapshot).await?;
            let tables = tables.iter().filter(|table| std::ptr::eq(self.with(table), database)).cloned().collect();
            filled.extend(database.filled_tables(&mut snapshot, &tables).await?);
            snapshot.end().await;
        }
        Ok(filled)
    }

    /// Whether the feed's source table and the rest of the shop are in two databases.
    pub(super) fn is_apart(&self, feed: Feed) -> bool {
        self.orders.is_some() && feed == Feed::Orders
    }

    /// The tables that queries named.
    pub(super) fn used_tables(&self) -> BTreeSet<String> {
        let mut used = self.main.used_tables();
        used.extend(self.orders.iter().flat_map(Database::used_tables));
        used
    }

    /// How long the servers took for all queries of this program so far.
    pub(super) fn query_time(&self) -> Duration {
        self.main.query_time() + self.orders.as_ref().map(Database::query_time).unwrap_or_default()
    }
}
