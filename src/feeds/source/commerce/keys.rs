//! The keys of a page's source records, as a condition of the queries that read the page.
//!
//! This file must never know what the keys are of.

use crate::commerce::database::in_list;

/// The shortest row of numbers that is written as a range.
const LEAST_RUN: usize = 4;

/// The keys of a page's source records, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keys {
    /// Keys that follow one another in their table: those of a page of a walk over all of it.
    Run(Run),
    /// Keys between which there may be others.
    List(Vec<u64>),
}

/// Keys between the first and the last of which the table has no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub first: u64,
    pub last: u64,
    /// How many there are.
    pub len: usize,
}

impl Keys {
    /// A condition on a column of such keys. For a run it is one range, which costs a server far less to plan and to read than
    /// a list; it may let rows through whose record is gone, so whoever groups the rows must know the page's records.
    pub(super) fn filter(&self, column: &str) -> String {
        match self {
            Self::Run(Run { first, last, .. }) => format!("{column} BETWEEN {first} AND {last}"),
            Self::List(ids) => one_of(column, ids),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Run(run) => run.len,
            Self::List(ids) => ids.len(),
        }
    }
}

/// That a column is one of these, in ascending order. Numbers that follow one another are a range: the children of a product
/// mostly do, and a server takes longer to plan a list of ten thousand than to read what it stands for.
fn one_of(column: &str, ids: &[u64]) -> String {
    let runs = ids.chunk_by(|id, next| id + 1 == *next);
    let (ranges, single): (Vec<&[u64]>, Vec<&[u64]>) = runs.partition(|run| run.len() >= LEAST_RUN);
    let list = |ids: &[&[u64]]| format!("{column} IN ({})", in_list(ids.iter().copied().flatten()));
    if ranges.is_empty() {
        return list(&single);
    }
    let range = |run: &&[u64]| format!("{column} BETWEEN {} AND {}", run[0], run[run.len() - 1]);
    let mut conditions: Vec<String> = ranges.iter().map(range).collect();
    if !single.is_empty() {
        conditions.push(list(&single));
    }
    format!("({})", conditions.join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_a_range_and_anything_else_a_list() {
        assert_eq!(Keys::Run(Run { first: 3, last: 9, len: 3 }).filter("e.id"), "e.id BETWEEN 3 AND 9");
        assert_eq!(Keys::List(vec![3, 5, 9]).filter("e.id"), "e.id IN (3,5,9)");
    }

    #[test]
    fn numbers_of_a_list_that_follow_one_another_are_a_range() {
        assert_eq!(Keys::List(vec![3, 4, 5, 6]).filter("id"), "(id BETWEEN 3 AND 6)");
        let mixed = Keys::List(vec![1, 3, 4, 5, 6, 8, 9, 20, 21, 22, 23, 24]).filter("id");
        assert_eq!(mixed, "(id BETWEEN 3 AND 6 OR id BETWEEN 20 AND 24 OR id IN (1,8,9))");
        assert_eq!(Keys::List(Vec::new()).filter("id"), "id IN (NULL)");
    }
}
