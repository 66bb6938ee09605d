//! The keys of a page's source records, as a condition of the queries that read the page.
//!
//! This file must never know what the keys are of.

use crate::commerce::database::in_list;

/// The keys of a page's source records, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    ids: Vec<u64>,
    /// Whether no record of the table is between the first and the last but those of the page.
    is_run: bool,
}

impl Keys {
    /// Keys that follow one another in their table: those of a page of a walk over all of it.
    pub(super) fn run(ids: Vec<u64>) -> Self {
        Self { ids, is_run: true }
    }

    /// Keys between which there may be others.
    pub(super) fn list(ids: Vec<u64>) -> Self {
        Self { ids, is_run: false }
    }

    /// A condition on a column of such keys. For a run it is one range, which costs a server far less to plan and to read than
    /// a list; it may let rows through whose record is gone, so whoever groups the rows must know the page's records.
    pub(super) fn filter(&self, column: &str) -> String {
        match (self.is_run, self.ids.as_slice()) {
            (true, [first, .., last]) => format!("{column} BETWEEN {first} AND {last}"),
            (_, ids) => format!("{column} IN ({})", in_list(ids)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_a_range_and_anything_else_a_list() {
        assert_eq!(Keys::run(vec![3, 5, 9]).filter("e.id"), "e.id BETWEEN 3 AND 9");
        assert_eq!(Keys::run(vec![3]).filter("e.id"), "e.id IN (3)");
        assert_eq!(Keys::run(Vec::new()).filter("e.id"), "e.id IN (NULL)");
        assert_eq!(Keys::list(vec![3, 5, 9]).filter("e.id"), "e.id IN (3,5,9)");
    }
}
