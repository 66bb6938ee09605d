//! A Bloom filter of identities, of one size: what it does not have was surely not added. Of what was never added, it takes one in
//! thirty for added among three million identities, and one in five among ten million.

use super::identity_table::Key;

/// Words of the filter, four MiB.
const WORDS: usize = 1 << 19;

/// Their bits.
const BITS: u64 = WORDS as u64 * 64;

/// The filter.
#[derive(Debug)]
pub(super) struct BloomFilter {
    /// Empty until something is added.
    words: Vec<u64>,
}

impl BloomFilter {
    /// One that has nothing.
    pub const fn new() -> Self {
        Self { words: Vec::new() }
    }

    /// Adds an identity.
    pub fn add(&mut self, key: Key) {
        self.words.resize(WORDS, 0);
        for (word, bit) in places(key) {
            self.words[word] |= bit;
        }
    }

    /// Whether it may have been added.
    pub fn may_have(&self, key: Key) -> bool {
        places(key).iter().all(|(word, bit)| self.words.get(*word).is_some_and(|bits| bits & bit != 0))
    }
}

/// The bits of an identity. It is a hash already: each four bytes of it are one.
fn places(key: Key) -> [(usize, u64); 2] {
    let number = u64::from_be_bytes(key);
    [number >> 32, number].map(|half| {
        let place = half % BITS;
        (usize::try_from(place / 64).unwrap_or_default(), 1 << (place % 64))
    })
}

#[cfg(test)]
mod tests {
    use sha1::{Digest, Sha1};

    use super::super::identity_table::key;
    use super::*;
    use crate::feeds::item::Sha1Hash;

    #[test]
    fn what_was_added_is_always_found_and_little_else() {
        let ids = (0_u32..600_000).map(|number| Sha1Hash(Sha1::digest(number.to_be_bytes()).into()));
        let keys: Vec<Key> = ids.map(|id| key(&id)).collect();
        let mut filter = BloomFilter::new();
        assert!(keys.iter().all(|key| !filter.may_have(*key)), "nothing was added");
        keys[..300_000].iter().for_each(|key| filter.add(*key));
        assert!(keys[..300_000].iter().all(|key| filter.may_have(*key)));
        let mistaken = keys[300_000..].iter().filter(|key| filter.may_have(**key)).count();
        assert!(mistaken < 300, "{mistaken} of 300,000");
    }
}
