//! Drawing a sample: so many at random, which is what its confidence is about, and a few more of what is rare.

use std::collections::BTreeMap;

/// Of each kind of product in each store view so many are looked at, if there are so many among what was drawn beside the sample.
const LEAST_OF_EACH: usize = 5;

/// Draws from what is handed over one by one, without knowing how much comes.
#[derive(Debug)]
pub struct Draw<T> {
    size: usize,
    drawn: Vec<T>,
    /// How many were handed over.
    pub population: u64,
    rng: fastrand::Rng,
}

impl<T> Draw<T> {
    /// A draw of at most `size`.
    #[must_use]
    pub fn new(size: usize, seed: u64) -> Self {
        Self { size, drawn: Vec::new(), population: 0, rng: fastrand::Rng::with_seed(seed) }
    }

    /// Hands one over; each ends up among the drawn with the same chance.
    pub fn offer(&mut self, one: T) {
        self.population += 1;
        if self.drawn.len() < self.size {
            self.drawn.push(one);
            return;
        }
        let place = self.rng.u64(..self.population);
        if let Some(kept) = usize::try_from(place).ok().and_then(|place| self.drawn.get_mut(place)) {
            *kept = one;
        }
    }

    /// The drawn ones, in random order: the first of them are a sample, too.
    pub fn drawn(mut self) -> Vec<T> {
        self.rng.shuffle(&mut self.drawn);
        self.drawn
    }
}

/// Which of `more`, named by its kind, are added to a sample of these kinds, so that what is rare is looked at, too.
pub fn rare<K: Ord + Clone>(sample: &[K], more: &[K]) -> Vec<usize> {
    let mut seen: BTreeMap<K, usize> = BTreeMap::new();
    for kind in sample {
        *seen.entry(kind.clone()).or_default() += 1;
    }
    let is_added = |(place, kind): (usize, &K)| {
        let seen = seen.entry(kind.clone()).or_default();
        *seen += 1;
        (*seen <= LEAST_OF_EACH).then_some(place)
    };
    more.iter().enumerate().filter_map(is_added).collect()
}

#[cfg(test)]
mod tests {
    use super::super::confidence::{DEFAULT_SHARE, most_wrong, size_for};
    use super::*;
    use crate::export::ledger::ItemNumber;

    fn sample(population: i64, size: u64, seed: u64) -> Vec<ItemNumber> {
        let mut draw = Draw::new(usize::try_from(size).expect("small") * 2, seed);
        (0..population).for_each(|number| draw.offer(ItemNumber(number)));
        assert_eq!(draw.population, population.cast_unsigned());
        let mut drawn = draw.drawn();
        drawn.truncate(usize::try_from(size).expect("small"));
        drawn
    }

    /// A loss that is larger than a good sample would let stand is found by 95 of 100 samples, wherever it is.
    #[test]
    fn a_sample_of_its_stated_size_finds_a_loss_with_its_stated_confidence() {
        const POPULATION: i64 = 10_000;
        const ALL: u64 = POPULATION.cast_unsigned();
        const SEEDS: u64 = 600;
        let size = size_for(ALL, DEFAULT_SHARE);
        let lost = most_wrong(ALL, size, 0).cast_signed() + 1;
        assert_eq!(lost, 31);
        // In one place at the end, where a draw that favours the beginning would miss it; and spread out.
        let in_one_place = |number: i64| number >= POPULATION - lost;
        let spread = |number: i64| number % (POPULATION / lost) == 7 && number < lost * (POPULATION / lost);
        for is_lost in [&in_one_place as &dyn Fn(i64) -> bool, &spread] {
            assert_eq!((0..POPULATION).filter(|number| is_lost(*number)).count(), 31);
            let finds = |seed: &u64| sample(POPULATION, size, *seed).iter().any(|number| is_lost(number.0));
            let found = (0..SEEDS).filter(finds).count();
            // 570 of 600 are expected; three standard deviations (5.3 each) to either side.
            assert!((554..=587).contains(&found), "{found} of {SEEDS}");
        }
    }

    #[test]
    fn everything_is_drawn_with_the_same_chance() {
        let mut hits = [0_u32; 50];
        for seed in 0..2_000 {
            for number in sample(50, 5, seed) {
                hits[usize::try_from(number.0).expect("small")] += 1;
            }
        }
        // 200 each are expected, with a standard deviation of 13.
        assert!(hits.iter().all(|hits| (140..=260).contains(hits)), "{hits:?}");
    }

    #[test]
    fn a_small_population_is_drawn_whole() {
        let mut drawn = sample(3, 10, 1);
        drawn.sort_unstable();
        assert_eq!(drawn, [0, 1, 2].map(ItemNumber));
    }

    #[test]
    fn what_is_rare_is_added_up_to_a_few() {
        let sample = ["simple"; 20];
        let more = ["simple", "bundle", "bundle", "simple", "bundle", "bundle", "bundle", "bundle"];
        assert_eq!(rare(&sample, &more), [1, 2, 4, 5, 6]);
    }
}
