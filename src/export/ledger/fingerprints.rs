//! Which identities a dry run has met that the ledger does not have: some six bytes each, so that ten million cost 63 MB.

use crate::feeds::item::Sha1Hash;

/// Bytes that pick a bucket.
const BUCKET_BYTES: usize = 2;
/// Bytes of an identity that a bucket keeps.
const KEPT_BYTES: usize = 6;

/// A set of identities, by the first 64 bits of each. Among ten million identities two are alike with a chance of one in 370,000: a
/// dry run then takes an item for a second one of the same identity. A run that sends compares whole identities.
#[derive(Debug, Default)]
pub(super) struct Fingerprints {
    /// The rest of the bytes, by bucket. Empty until the first identity comes.
    buckets: Vec<Vec<[u8; KEPT_BYTES]>>,
}

impl Fingerprints {
    /// Puts an identity in; `false` if it was there already.
    pub fn insert(&mut self, id: Sha1Hash) -> bool {
        if self.buckets.is_empty() {
            self.buckets.resize(1 << (8 * BUCKET_BYTES), Vec::new());
        }
        let (first, rest) = id.0.split_at(BUCKET_BYTES);
        let bucket = &mut self.buckets[first.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))];
        // What is left of an identity is longer than that.
        let kept = *rest.first_chunk().unwrap_or(&[0; KEPT_BYTES]);
        let is_new = !bucket.contains(&kept);
        if is_new {
            if bucket.len() == bucket.capacity() {
                // A little more, and not twice as much: a third of this memory would be room.
                bucket.reserve_exact(bucket.len() / 16 + 2);
            }
            bucket.push(kept);
        }
        is_new
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
        let bytes: usize = met.buckets.iter().map(|bucket| bucket.capacity() * KEPT_BYTES).sum();
        assert!(bytes < 8 * items, "{bytes} bytes for {items} identities");
    }
}
