//! Which ledger rows a run has met: one bit per row, so that a million items cost 125 kB.

use std::collections::HashMap;

/// How many words a block has: 32,768 rows, 4 kB.
const BLOCK_WORDS: usize = 512;

/// A set of row ids. Blocks, because rows that several nodes numbered lie far apart.
#[derive(Debug, Default)]
pub(super) struct Bitmap {
    blocks: HashMap<i64, Box<[u64; BLOCK_WORDS]>>,
}

impl Bitmap {
    /// Puts a row in; `false` if it was there already.
    pub fn insert(&mut self, row: i64) -> bool {
        let (block, word, bit) = place(row);
        let word = &mut self.blocks.entry(block).or_insert_with(|| Box::new([0; BLOCK_WORDS]))[word];
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Whether a row is in.
    pub fn contains(&self, row: i64) -> bool {
        let (block, word, bit) = place(row);
        self.blocks.get(&block).is_some_and(|words| words[word] & bit != 0)
    }
}

/// The block of a row, the word in it, and the bit in that.
fn place(row: i64) -> (i64, usize, u64) {
    let block = row >> 15;
    // What is left is below 2^15.
    let rest = usize::try_from(row & 0x7fff).unwrap_or_default();
    (block, rest / 64, 1 << (rest % 64))
}

#[cfg(test)]
mod tests {
    use super::Bitmap;

    #[test]
    fn a_row_is_new_once_and_its_neighbours_stay_out() {
        let mut set = Bitmap::default();
        for row in [1, 63, 64, 100_000, 1 << 52] {
            assert!(!set.contains(row));
            assert!(set.insert(row), "{row} is new");
            assert!(!set.insert(row), "{row} is known");
            assert!(set.contains(row));
        }
        assert!(!set.contains(2) && !set.contains(65) && !set.contains(99_999) && !set.contains(1 << 40));
    }
}
