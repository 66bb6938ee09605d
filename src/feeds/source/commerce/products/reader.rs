//! What every part of a page is read with.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::hash::Hash;

use super::super::context::Context;
use super::super::eav::Entity;
use super::shop::Shop;
use crate::commerce::database::{DatabaseError, Decode, Snapshot, in_list};

/// The store (or website) id that stands for *all of them*.
pub(super) const DEFAULT: u32 = 0;

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

/// Values by the key of what they belong to, and by store (or website), with [`DEFAULT`] under all of them.
#[derive(Debug)]
pub(super) struct Scoped<T, K = u64> {
    rows: HashMap<K, Vec<(u32, T)>>,
}

impl<T, K> Default for Scoped<T, K> {
    fn default() -> Self {
        Self { rows: HashMap::new() }
    }
}

impl<T, K: Eq + Hash> FromIterator<(K, u32, T)> for Scoped<T, K> {
    fn from_iter<I: IntoIterator<Item = (K, u32, T)>>(rows: I) -> Self {
        let mut scoped = Self::default();
        for (key, scope, value) in rows {
            scoped.rows.entry(key).or_default().push((scope, value));
        }
        scoped
    }
}

impl<T, K: Eq + Hash + Copy> Scoped<T, K> {
    /// The row of exactly this scope. Of several, the last: where nothing forbids two rows, the later one is the newer.
    pub(super) fn own(&self, key: K, scope: u32) -> Option<&T> {
        self.rows.get(&key)?.iter().rev().find(|(of, _)| *of == scope).map(|(_, value)| value)
    }
}

impl<T, K: Eq + Hash + Copy> Scoped<Option<T>, K> {
    /// The scope's value laid over the default one: a NULL lets the default through.
    pub(super) fn laid_over(&self, key: K, scope: u32) -> Option<&T> {
        let own = self.own(key, scope).and_then(Option::as_ref);
        own.or_else(|| self.own(key, DEFAULT).and_then(Option::as_ref))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_laid_over_the_default() {
        let scoped: Scoped<Option<&str>> =
            [(7, 0, Some("all")), (7, 1, None), (7, 2, Some("own")), (7, 2, Some("newer"))].into_iter().collect();
        assert_eq!(scoped.laid_over(7, 1), Some(&"all"));
        assert_eq!(scoped.laid_over(7, 2), Some(&"newer"));
        assert_eq!(scoped.laid_over(7, 3), Some(&"all"));
        assert_eq!(scoped.laid_over(8, 1), None);
    }

    #[test]
    fn a_filter_is_an_expression() {
        assert_eq!(filter("v.attribute_id", [73, 84]), "v.attribute_id + 0 IN (73,84)");
        assert_eq!(filter("v.attribute_id", [0_u8; 0]), "v.attribute_id + 0 IN (NULL)");
    }
}
