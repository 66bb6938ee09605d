//! The rows that a value table has of many products.
//!
//! Its index finds the rows of some products, but each row has then to be fetched from where it lies in the table, which costs the
//! server three times as much as reading rows that lie side by side. Most of them do: rows lie in the order in which they were
//! written, product by product where people and imports write, attribute by attribute where a migration did. So the index is
//! asked where the rows lie, which it knows without looking at any; where they lie close, the table is read, and the few rows
//! that lie elsewhere are fetched one by one.

use super::super::keys::Keys;
use super::reader::Reader;
use crate::commerce::database::{DatabaseError, Decode};

/// Of no more products than these, rows are fetched one by one: that takes less time than asking where they lie.
const FEW: usize = 200;
/// Rows in a block of the table, for counting; the server's own pages hold about as many.
const BLOCK: u64 = 256;
/// A block is read as a whole if at least one in so many of its rows is wanted: passing over a row costs that much less than
/// fetching one.
const PASSED_OVER: u64 = 6;

/// A question to a value table.
pub(super) struct Question<'a> {
    /// What is wanted of each row: columns, as SQL.
    pub columns: &'a str,
    /// The full, quoted name.
    pub table: &'a str,
    /// The link column's values of the products.
    pub links: &'a Keys,
    /// A condition on the rows besides, as SQL.
    pub and: &'a str,
}

impl Question<'_> {
    /// Hands over the rows, in no order.
    pub(super) async fn ask<T: Decode>(
        &self,
        reader: &mut Reader<'_>,
        mut take: impl FnMut(T) + Send,
    ) -> Result<(), DatabaseError> {
        let is_of_products = self.links.filter(reader.link());
        let Self { columns, table, and, .. } = self;
        let close = if self.links.len() > FEW { self.close(reader, &is_of_products).await? } else { Close::default() };
        let Some(is_close) = close.condition() else {
            let sql = format!("SELECT {columns} FROM {table} WHERE {is_of_products} AND {and}");
            return reader.each_row(&sql, take).await;
        };
        // Named, for the server's statistics may tell it otherwise.
        let sql = format!(
            "SELECT {columns} FROM {table} FORCE INDEX (PRIMARY) WHERE ({is_close}) AND {is_of_products} AND {and}"
        );
        reader.each_row(&sql, &mut take).await?;
        if close.leaves_some {
            let sql = format!("SELECT {columns} FROM {table} WHERE {is_of_products} AND NOT ({is_close}) AND {and}");
            reader.each_row(&sql, take).await?;
        }
        Ok(())
    }

    /// Where the rows lie close.
    async fn close(&self, reader: &mut Reader<'_>, is_of_products: &str) -> Result<Close, DatabaseError> {
        let sql = format!(
            "SELECT value_id DIV {BLOCK}, COUNT(*) FROM {table} WHERE {is_of_products} GROUP BY 1 ORDER BY 1",
            table = self.table
        );
        Ok(Close::of(&reader.rows(&sql).await?))
    }
}

/// Where the wanted rows of a table lie close.
#[derive(Debug, Default, PartialEq, Eq)]
struct Close {
    /// Blocks, the first and the last of each stretch.
    stretches: Vec<(u64, u64)>,
    /// Whether rows lie elsewhere as well.
    leaves_some: bool,
}

impl Close {
    /// Of the blocks that hold wanted rows, in order, with how many.
    fn of(blocks: &[(u64, u64)]) -> Self {
        let is_dense = |(_, rows): &(u64, u64)| rows * PASSED_OVER >= BLOCK;
        let beside = |place: usize, step: isize| {
            let other = blocks.get(place.checked_add_signed(step)?)?;
            (other.0.abs_diff(blocks[place].0) == 1).then_some(other)
        };
        let mut close = Self::default();
        for (place, entry) in blocks.iter().enumerate() {
            // The ends of a stretch hold fewer, and belong to it.
            let is_close = is_dense(entry) || [-1, 1].into_iter().filter_map(|step| beside(place, step)).any(is_dense);
            let block = entry.0;
            match close.stretches.last_mut() {
                _ if !is_close => close.leaves_some = true,
                Some((_, last)) if *last + 1 == block => *last = block,
                _ => close.stretches.push((block, block)),
            }
        }
        close
    }

    /// That a row lies in one of the stretches, as SQL; `None` if there is none.
    fn condition(&self) -> Option<String> {
        let range =
            |(first, last): &(u64, u64)| format!("value_id BETWEEN {} AND {}", first * BLOCK, last * BLOCK + BLOCK - 1);
        let ranges: Vec<String> = self.stretches.iter().map(range).collect();
        (!ranges.is_empty()).then(|| ranges.join(" OR "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_blocks_and_the_ends_beside_them_are_one_stretch() {
        let close = Close::of(&[(3, 1), (4, 250), (5, 256), (6, 2), (7, 2), (9, 256), (11, 3)]);
        assert_eq!(close, Close { stretches: vec![(3, 6), (9, 9)], leaves_some: true });
        let condition = close.condition().expect("a condition");
        assert_eq!(condition, "value_id BETWEEN 768 AND 1791 OR value_id BETWEEN 2304 AND 2559");
    }

    #[test]
    fn a_block_is_dense_from_a_sixth_on() {
        assert!(!Close::of(&[(0, 43)]).leaves_some);
        assert_eq!(Close::of(&[(0, 42), (1, 42)]), Close { stretches: Vec::new(), leaves_some: true });
        assert_eq!(Close::of(&[]), Close::default());
        assert_eq!(Close::of(&[(0, 42)]).condition(), None);
    }
}
