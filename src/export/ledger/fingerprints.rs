//! Which identities a dry run has met that the ledger does not have: some six bytes each, so that ten million cost 60 MB.

use crate::feeds::item::Sha1Hash;

/// Bits that pick a bucket.
const BUCKET_BITS: u32 = 16;

/// A set of identities, by the first 48 bits of each. Among ten million identities two are alike with a chance of one in six: a
/// dry run then counts one item too few. A run that sends compares whole identities.
#[derive(Debug, Default)]
pub(super) struct Fingerprints {
    /// The rest of the bits, by bucket. Empty until the first identity comes.
    buckets: Vec<Vec<u32>>,
}

impl Fingerprints {
    /// Puts an identity in; `false` if it was there already.
    pub fn insert(&mut self, id: Sha1Hash) -> bool {
        if self.buckets.is_empty() {
            self.buckets.resize(1 << BUCKET_BITS, Vec::new());
        }
        let (first, rest) = id.0.split_at(2);
        let number = |bytes: &[u8]| bytes.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        let bucket = &mut self.buckets[usize::try_from(number(first)).unwrap_or_default()];
        let rest = number(&rest[..4]);
        let is_new = !bucket.contains(&rest);
        if is_new {
            bucket.push(rest);
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
    }
}
