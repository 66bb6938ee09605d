//! A Bloom filter of identities: what it does not have was surely not added; of what was never added, it takes one in some hundreds
//! for added.

use crate::feeds::item::Sha1Hash;

/// Bits for each identity.
const BITS: usize = 16;

/// Identities that a part has room for at least, so that there are few parts also where identities come in small numbers.
const LEAST: usize = 50_000;

/// The filter, in parts, so that it grows with the identities: two bytes for each.
#[derive(Debug, Default)]
pub(super) struct BloomFilter {
    parts: Vec<Part>,
}

/// Some of the identities. Every question looks at every part.
#[derive(Debug)]
struct Part {
    bits: Vec<u64>,
    /// How many identities it has room for yet.
    room: usize,
}

impl Part {
    fn of(ids: usize) -> Self {
        let room = ids.max(LEAST);
        Self { bits: vec![0; (room * BITS).div_ceil(64)], room }
    }
}

impl BloomFilter {
    /// Adds identities.
    pub fn add<'a>(&mut self, mut ids: impl ExactSizeIterator<Item = &'a Sha1Hash>) {
        while ids.len() > 0 {
            if self.parts.last().is_none_or(|part| part.room == 0) {
                self.parts.push(Part::of(ids.len()));
            }
            let Some(part) = self.parts.last_mut() else { return };
            for id in ids.by_ref().take(part.room) {
                for (word, bit) in places(id, part.bits.len()) {
                    part.bits[word] |= bit;
                }
                part.room -= 1;
            }
        }
    }

    /// Whether it may have been added.
    pub fn may_have(&self, id: &Sha1Hash) -> bool {
        self.parts.iter().any(|Part { bits, .. }| {
            places(id, bits.len()).all(|(word, bit)| bits.get(word).is_some_and(|bits| bits & bit != 0))
        })
    }
}

/// The bits of an identity in a part of so many words. An identity is a hash already: each four bytes of it are one.
fn places(id: &Sha1Hash, words: usize) -> impl Iterator<Item = (usize, u64)> {
    let bits = words.max(1) as u64 * 64;
    id.0.as_chunks::<4>().0.iter().take(4).map(move |chunk| {
        let place = u64::from(u32::from_be_bytes(*chunk)) % bits;
        (usize::try_from(place / 64).unwrap_or_default(), 1 << (place % 64))
    })
}

#[cfg(test)]
mod tests {
    use sha1::{Digest, Sha1};

    use super::*;

    #[test]
    fn what_was_added_is_always_found_and_little_else() {
        let ids: Vec<Sha1Hash> =
            (0_u32..60_000).map(|number| Sha1Hash(Sha1::digest(number.to_be_bytes()).into())).collect();
        let mut filter = BloomFilter::default();
        assert!(ids.iter().all(|id| !filter.may_have(id)), "nothing was added");
        filter.add(ids[..10_000].iter());
        filter.add([].iter());
        filter.add(ids[10_000..20_000].iter());
        filter.add(ids[20_000..20_001].iter());
        assert!(ids[..20_001].iter().all(|id| filter.may_have(id)));
        let mistaken = ids[20_001..].iter().filter(|id| filter.may_have(id)).count();
        assert!(mistaken < 400, "{mistaken} of 40,000");
    }
}
