//! What every part of a page is read with.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::super::context::Context;
use super::super::eav::Entity;
use super::shop::Shop;
use crate::commerce::database::{DatabaseError, Decode, Snapshot, in_list};

/// What every part of a page is read with.
pub(super) struct Reader<'a> {
    pub snapshot: &'a mut Snapshot,
    pub context: &'a Context,
    pub shop: &'a Shop,
}

impl Reader<'_> {
    pub(super) async fn rows<T: Decode>(&mut self, sql: &str) -> Result<Vec<T>, DatabaseError> {
        self.snapshot.rows(sql).await
    }

    /// The same for a query with many rows: preparing it takes a round trip more, but its numbers need not be made of text.
    pub(super) async fn many_rows<T: Decode>(&mut self, sql: &str) -> Result<Vec<T>, DatabaseError> {
        self.snapshot.rows_with(sql, ()).await
    }

    /// The same, row by row.
    pub(super) async fn each_row<T: Decode>(
        &mut self,
        sql: &str,
        take: impl FnMut(T) + Send,
    ) -> Result<(), DatabaseError> {
        self.snapshot.each_row(sql, (), take).await
    }

    /// The rows of `select`, which ends with its table, whose `column` is one of these; `and` is the rest of the query. Nothing
    /// is asked where there is nothing to ask about.
    pub(super) async fn rows_about<T: Decode>(
        &mut self,
        select: &str,
        column: &str,
        ids: &BTreeSet<u64>,
        and: &str,
    ) -> Result<Vec<T>, DatabaseError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.snapshot.rows(&format!("{select} WHERE {column} IN ({}){and}", in_list(ids))).await
    }

    /// The full, quoted name of a table.
    pub(super) fn table(&self, name: &str) -> String {
        self.context.table(name)
    }

    /// Whether all of these tables are there: a shop may have left out the module that they belong to.
    pub(super) fn has_all(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.context.has_table(name))
    }

    /// `entity_id`, or `row_id` where products are staged.
    pub(super) fn link(&self) -> &'static str {
        self.context.link(Entity::Product)
    }

    /// The end of a `WHERE` that picks the current version of the product `alias`.
    pub(super) fn is_current(&self, alias: &str) -> String {
        self.context.is_current(Entity::Product, alias)
    }
}

/// A condition on a column that must not choose the index.
///
/// Two `IN` lists on the columns of one index become a range for every pair: 500 products × 40 attributes are 20,000
/// ranges,
/// and planning them takes MariaDB five times as long as reading the rows. An expression is only checked on the rows
/// found.
pub(super) fn filter(column: &str, numbers: impl IntoIterator<Item = impl Display>) -> String {
    format!("{column} + 0 IN ({})", in_list(numbers))
}
