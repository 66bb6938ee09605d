//! Which identities a dry run has met that the ledger does not have: less than six bytes each.

use crate::feeds::item::Sha1Hash;

/// Bits of an identity that pick a block …
const BLOCK_BITS: u32 = 14;
/// … the next ones, which pick a bucket of it, …
const BUCKET_BITS: u32 = 6;
/// … and those that are kept in the bucket: in two parts, so that the larger ones lie one after the other and are searched at once.
const KEPT_BITS: u32 = 40;
const BUCKETS: usize = 1 << BUCKET_BITS;

/// A set of identities, by the first 60 bits of each. Among ten million identities two are alike with a chance of one in 23,000: a
/// dry run then takes an item for a second one of the same identity. A run that sends compares whole identities.
#[derive(Debug, Default)]
pub(super) struct Fingerprints {
    /// Empty until the first identity comes.
    blocks: Vec<Block>,
}

/// The identities that begin alike, bucket after bucket.
#[derive(Debug, Clone)]
struct Block {
    /// How many each bucket has.
    sizes: [u8; BUCKETS],
    high: Vec<u32>,
    low: Vec<u8>,
}

impl Fingerprints {
    /// Puts an identity in; `false` if it was there already.
    pub fn insert(&mut self, id: Sha1Hash) -> bool {
        if self.blocks.is_empty() {
            self.blocks.resize(1 << BLOCK_BITS, Block { sizes: [0; BUCKETS], high: Vec::new(), low: Vec::new() });
        }
        let first = id.0.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let block = first >> (u64::BITS - BLOCK_BITS);
        let bucket = first >> (u64::BITS - BLOCK_BITS - BUCKET_BITS) & (BUCKETS as u64 - 1);
        let kept = first >> (u64::BITS - BLOCK_BITS - BUCKET_BITS - KEPT_BITS);
        #[expect(clippy::cast_possible_truncation, reason = "parts of a number, each as wide as its type")]
        self.blocks[block as usize].insert(bucket as usize, (kept >> u8::BITS) as u32, kept as u8)
    }
}

impl Block {
    fn insert(&mut self, bucket: usize, high: u32, low: u8) -> bool {
        let begin: usize = self.sizes[..bucket].iter().copied().map(usize::from).sum();
        let end = begin + usize::from(self.sizes[bucket]);
        let mut in_bucket = self.high[begin..end].iter().zip(&self.low[begin..end]);
        if in_bucket.any(|(of_high, of_low)| (*of_high, *of_low) == (high, low)) {
            return false;
        }
        let Some(size) = self.sizes[bucket].checked_add(1) else {
            // Hundreds of millions of identities came: this one is taken for new, however often it comes.
            return true;
        };
        if self.high.len() == self.high.capacity() {
            // A little more, and not twice as much: a third of this memory would be room. All blocks grow together, so that what one
            // leaves for more is of use to no other: the larger the step, the more lies idle (72 MiB of ten million at an eighth).
            let more = self.high.len() / 64 + 8;
            self.high.reserve_exact(more);
            self.low.reserve_exact(more);
        }
        self.high.insert(end, high);
        self.low.insert(end, low);
        self.sizes[bucket] = size;
        true
    }
}

#[cfg(test)]
mod tests {
    use sha1::{Digest, Sha1};

    use super::*;

    #[test]
    fn an_identity_is_new_once() {
        let id = |number: u32| Sha1Hash(Sha1::digest(number.to_be_bytes()).into());
        let mut met = Fingerprints::default();
        assert!((0..50_000).all(|number| met.insert(id(number))), "each is new");
        assert!((0..50_000).all(|number| !met.insert(id(number))), "and known afterwards");
        assert!(met.insert(id(50_000)));
        // Two of ten million that were exported once agree in 56 bits.
        let ids = [0xc445, 0xc4eb].map(|end: u16| {
            let mut id = [0; 20];
            id[..6].copy_from_slice(&[0x63, 0x81, 0xbd, 0xf0, 0xb9, 0x49]);
            id[6..8].copy_from_slice(&end.to_be_bytes());
            Sha1Hash(id)
        });
        assert!(ids.into_iter().all(|id| met.insert(id)), "two identities");
    }

    #[test]
    fn each_of_its_bits_counts() {
        for bit in 0..60 {
            let mut met = Fingerprints::default();
            let ids = [u64::MAX, u64::MAX ^ 1 << (63 - bit)].map(|first| {
                let mut id = [0; 20];
                id[..8].copy_from_slice(&first.to_be_bytes());
                Sha1Hash(id)
            });
            assert!(ids.into_iter().all(|id| met.insert(id)), "bit {bit}");
            assert!(!ids.into_iter().any(|id| met.insert(id)), "bit {bit}");
        }
    }

    #[test]
    fn a_bucket_that_is_full_takes_no_identity_for_known() {
        let mut block = Block { sizes: [0; BUCKETS], high: Vec::new(), low: Vec::new() };
        assert!((0..300).all(|number| block.insert(5, number, 0)));
        assert!(!block.insert(5, 0, 0), "what it has is known");
        assert!(block.insert(6, 0, 0));
    }

    #[test]
    fn there_is_little_room_besides() {
        let mut met = Fingerprints::default();
        let items = 1_000_000;
        for number in 0..items {
            // As scattered as a hash, and sooner made.
            let scattered = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
            let mut id = [0; 20];
            id[..8].copy_from_slice(&scattered);
            assert!(met.insert(Sha1Hash(id)));
        }
        let of_block = |block: &Block| 4 * block.high.capacity() + block.low.capacity();
        let bytes: usize = met.blocks.iter().map(of_block).sum();
        assert!(bytes < 6 * items, "{bytes} bytes for {items} identities");
        assert!(size_of::<Block>() * met.blocks.len() < 2 << 20, "and the blocks");
    }
}
