//! How many items travel in one request of a feed: learned from what the gateway takes.
//!
//! At two requests a second a first sync lasts as long as it has requests. So a feed begins with Adobe's default, grows while its
//! full batches are taken, up to the largest that Adobe documents, and falls back when one is refused for its size. It never
//! knows who sends or what.

use jiff::{SignedDuration, Timestamp};

/// For how long a refused size is remembered: a gateway may be changed, and a try costs one request.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A size grows by this share of itself while none was refused: from 100 to 200 within eight requests.
const GROWTH: usize = 10;

/// Requests that so many items take if the gateway takes all of them, in batches that grow from `first` to `most`; and how large
/// those become.
pub fn requests(items: u64, first: usize, most: usize) -> (u64, usize) {
    LearnedSize::untried(first).requests(items, most)
}

/// The size of batches of one feed, and what is known of larger ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LearnedSize {
    /// Items in one request.
    pub items: usize,
    /// The smallest size that was refused, and when.
    pub refused: Option<(usize, Timestamp)>,
}

impl LearnedSize {
    /// A size of which nothing is known.
    pub fn untried(items: usize) -> Self {
        Self { items, refused: None }
    }

    /// Requests that so many items take if the gateway takes all of them, in batches that grow up to `most`; and how large those
    /// become.
    pub fn requests(mut self, mut items: u64, most: usize) -> (u64, usize) {
        let mut requests = 0;
        while items > self.items as u64 && self.items < most {
            items -= self.items as u64;
            requests += 1;
            self = self.taken(self.items, most);
        }
        (requests + items.div_ceil(self.items as u64), self.items)
    }

    /// What a run begins with: what was learned before, within what is allowed now.
    pub fn resumed(self, most: usize, now: Timestamp) -> Self {
        let refused = self.refused.filter(|(_, at)| now.duration_since(*at).abs() < REMEMBERED);
        Self { items: self.items.clamp(1, most.max(1)), refused }
    }

    /// After a batch of so many items was taken; at most `most`. Half-full batches teach nothing.
    #[must_use]
    pub fn taken(self, batch: usize, most: usize) -> Self {
        if batch < self.items {
            return self;
        }
        let step = match self.refused {
            // Halfway to what was refused, until that is near: each try of it may cost a request.
            Some((refused, _)) if refused.saturating_sub(self.items) > self.items / GROWTH => {
                (refused - self.items) / 2
            }
            Some(_) => 0,
            None => (self.items / GROWTH).max(1),
        };
        Self { items: (self.items + step).min(most.max(self.items)), ..self }
    }

    /// After a batch of so many items was refused for its size: half of that, and never as many again.
    #[must_use]
    pub fn refused(self, batch: usize, now: Timestamp) -> Self {
        let least = self.refused.map_or(batch, |(refused, _)| refused.min(batch));
        Self { items: self.items.min(batch.div_ceil(2)).max(1), refused: Some((least, now)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// Sends full batches to a gateway that takes so many items; returns what was learned and how many were refused.
    fn send(mut size: LearnedSize, takes: usize, most: usize, batches: usize) -> (LearnedSize, usize) {
        let mut refused = 0;
        for _ in 0..batches {
            let batch = size.items;
            size = if batch > takes {
                refused += 1;
                size.refused(batch, NOW)
            } else {
                size.taken(batch, most)
            };
        }
        (size, refused)
    }

    #[test]
    fn a_size_grows_to_the_most_and_stays() {
        let (size, refused) = send(LearnedSize::untried(100), 1_000, 200, 8);
        assert_eq!((size.items, refused), (200, 0));
        assert_eq!(send(size, 1_000, 200, 100).0.items, 200);
        assert_eq!(send(LearnedSize::untried(1), 1_000, 200, 400).0.items, 200);
        assert_eq!(LearnedSize::untried(100).taken(99, 200).items, 100, "what is not full teaches nothing");
        assert_eq!(LearnedSize::untried(500).taken(500, 400).items, 500, "nobody asked for less");
    }

    #[test]
    fn requests_are_counted_as_batches_grow() {
        let requests = |items| LearnedSize::untried(100).requests(items, 200);
        assert_eq!(
            [0, 1, 100, 101, 210, 211].map(requests),
            [(0, 100), (1, 100), (1, 100), (2, 110), (2, 110), (3, 121)]
        );
        // 100, 110, 121, 133, 146, 160, 176 and 193 are 1,139.
        assert_eq!([1_139, 1_140, 1_339, 1_340].map(requests), [(8, 193), (9, 200), (9, 200), (10, 200)]);
        assert_eq!(LearnedSize::untried(500).requests(1_001, 500), (3, 500));
        assert_eq!(
            LearnedSize { refused: Some((102, NOW)), ..LearnedSize::untried(100) }.requests(1_000, 200),
            (10, 100)
        );
    }

    #[test]
    fn a_limit_is_found_within_a_few_refusals_and_not_tried_again() {
        for takes in 1..=250 {
            let (size, refused) = send(LearnedSize::untried(100), takes, 200, 200);
            assert!(size.items <= takes, "{takes}: {size:?}");
            assert!(size.items >= (takes * 9 / 11).min(200), "{takes}: {size:?}");
            assert!(refused <= 8, "{takes}: {refused} refused");
            assert_eq!(send(size, takes, 200, 100), (size, 0), "{takes}");
        }
    }

    #[test]
    fn what_was_refused_is_forgotten_after_a_week() {
        let size = LearnedSize::untried(100).refused(100, NOW);
        assert_eq!(size.items, 50);
        let soon = NOW + SignedDuration::from_hours(6 * 24);
        assert_eq!(size.resumed(200, soon), size);
        assert_eq!(size.resumed(200, NOW + SignedDuration::from_hours(8 * 24)).refused, None);
        assert_eq!(size.resumed(20, soon).items, 20, "the setting is the most");
    }
}
