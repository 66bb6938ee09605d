//! Values by scope: what a store view or website sets, over the default.

use std::collections::HashMap;
use std::hash::Hash;

/// The store (or website) id that stands for *all of them*.
pub(super) const DEFAULT: u32 = 0;

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
        of_scope(self.rows.get(&key)?, scope)
    }
}

fn of_scope<T>(rows: &[(u32, T)], scope: u32) -> Option<&T> {
    rows.iter().rev().find(|(of, _)| *of == scope).map(|(_, value)| value)
}

impl<T, K: Eq + Hash + Copy> Scoped<Option<T>, K> {
    /// The scope's value laid over the default one: a NULL lets the default through.
    pub(super) fn laid_over(&self, key: K, scope: u32) -> Option<&T> {
        let rows = self.rows.get(&key)?;
        let own = of_scope(rows, scope).and_then(Option::as_ref);
        own.or_else(|| of_scope(rows, DEFAULT).and_then(Option::as_ref))
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::filter;
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
