//! Which ledger rows a run has met: one bit per row, so that a million items cost 125 kB.

/// A set of row ids.
#[derive(Debug, Default)]
pub(super) struct Bitmap {
    words: Vec<u64>,
}

impl Bitmap {
    /// Puts a row in; `false` if it was there already.
    pub fn insert(&mut self, row: i64) -> bool {
        let (word, bit) = place(row);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let is_new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        is_new
    }

    /// Whether a row is in.
    pub fn contains(&self, row: i64) -> bool {
        let (word, bit) = place(row);
        self.words.get(word).is_some_and(|bits| bits & bit != 0)
    }
}

/// SQLite gives row ids from 1 up, so they are small and never negative here.
fn place(row: i64) -> (usize, u64) {
    let row = usize::try_from(row).unwrap_or_default();
    (row / 64, 1 << (row % 64))
}

#[cfg(test)]
mod tests {
    use super::Bitmap;

    #[test]
    fn a_row_is_new_once_and_its_neighbours_stay_out() {
        let mut set = Bitmap::default();
        for row in [1, 63, 64, 100_000] {
            assert!(!set.contains(row));
            assert!(set.insert(row), "{row} is new");
            assert!(!set.insert(row), "{row} is known");
            assert!(set.contains(row));
        }
        assert!(!set.contains(2) && !set.contains(65) && !set.contains(99_999) && !set.contains(1 << 40));
    }
}
