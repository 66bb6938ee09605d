//! Values by scope: what a store view or website sets, over the default.

/// The store (or website) id that stands for *all of them*.
pub(super) const DEFAULT: u32 = 0;

/// Values by the key of what they belong to, and by store (or website), with [`DEFAULT`] under all of them. A list, since a portion of
/// products may have tens of thousands, mostly one for each key.
#[derive(Debug)]
pub(super) struct Scoped<T, K = u64> {
    /// In the order of keys and scopes.
    rows: Vec<(K, u32, T)>,
}

impl<T, K> Default for Scoped<T, K> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}

impl<T, K: Ord + Copy> FromIterator<(K, u32, T)> for Scoped<T, K> {
    fn from_iter<I: IntoIterator<Item = (K, u32, T)>>(rows: I) -> Self {
        let mut rows: Vec<(K, u32, T)> = rows.into_iter().collect();
        // Stable: rows of one key and scope stay in the order in which they came.
        rows.sort_by_key(|(key, scope, _)| (*key, *scope));
        rows.shrink_to_fit();
        Self { rows }
    }
}

impl<T, K: Ord + Copy> Scoped<T, K> {
    /// The row of exactly this scope. Of several, the last: where nothing forbids two rows, the later one is the newer.
    pub(super) fn own(&self, key: K, scope: u32) -> Option<&T> {
        let end = self.rows.partition_point(|row| (row.0, row.1) <= (key, scope));
        let last = &self.rows[end.checked_sub(1)?];
        ((last.0, last.1) == (key, scope)).then_some(&last.2)
    }

    /// All values.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().map(|(_, _, value)| value)
    }
}

impl<T, K: Ord + Copy> Scoped<Option<T>, K> {
    /// The scope's value laid over the default one: a NULL lets the default through.
    pub(super) fn laid_over(&self, key: K, scope: u32) -> Option<&T> {
        let of = |scope| self.own(key, scope).and_then(Option::as_ref);
        of(scope).or_else(|| of(DEFAULT))
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
    fn of_two_rows_the_later_one_counts_and_others_are_not_found() {
        let scoped: Scoped<char> =
            [(9, 0, 'a'), (4, 2, 'b'), (4, 0, 'c'), (4, 0, 'd'), (5, 0, 'e')].into_iter().collect();
        let own = |key, scope| scoped.own(key, scope).copied();
        assert_eq!([own(4, 0), own(4, 2), own(5, 0), own(9, 0)], [Some('d'), Some('b'), Some('e'), Some('a')]);
        assert_eq!([own(3, 0), own(4, 1), own(5, 1), own(10, 0)], [None; 4]);
    }

    #[test]
    fn a_filter_is_an_expression() {
        assert_eq!(filter("v.attribute_id", [73, 84]), "v.attribute_id + 0 IN (73,84)");
        assert_eq!(filter("v.attribute_id", [0_u8; 0]), "v.attribute_id + 0 IN (NULL)");
    }
}
