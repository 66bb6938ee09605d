//! Coverage: of how many items the service has the newest state.

use std::iter::Sum;

use super::reader::FeedSummary;
use crate::format::{count, counted};

/// How many items are known, and of how many the newest state was sent. What changed in the shop since the last sync is not in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Items whose newest state the gateway accepted.
    pub sent: u64,
    /// Items in all, deletions that are still to be sent among them.
    pub items: u64,
}

impl Coverage {
    /// The share in percent, rounded down to a tenth, so that only all of them make 100; `None` if there is no item.
    pub fn percent(self) -> Option<f64> {
        let thousandths = (u128::from(self.sent) * 1_000).checked_div(u128::from(self.items))?;
        u32::try_from(thousandths).ok().map(|thousandths| f64::from(thousandths) / 10.0)
    }

    /// The share as it is shown: `99.5%`; `-` if there is no item.
    pub fn share(self) -> String {
        self.percent().map_or("-".to_owned(), |percent| format!("{percent}%"))
    }

    /// In words: `15,540 of 15,618 items (99.5%)`.
    pub fn words(self) -> String {
        format!("{} of {} ({})", count(self.sent), counted(self.items, "item"), self.share())
    }
}

impl FeedSummary {
    /// How much of the feed was sent as it is now.
    pub fn coverage(&self) -> Coverage {
        let open = self.awaiting + self.will_retry + self.needs_attention;
        Coverage { sent: self.submitted, items: self.submitted + open }
    }
}

impl Sum for Coverage {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self { sent: sum.sent + one.sent, items: sum.items + one.items })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_never_rounded_up_to_all_of_them() {
        let share = |sent, items| Coverage { sent, items }.share();
        assert_eq!(share(0, 0), "-");
        assert_eq!(share(15_540, 15_618), "99.5%");
        assert_eq!(share(999_999, 1_000_000), "99.9%");
        assert_eq!(share(7, 7), "100%");
        assert_eq!(share(0, 7), "0%");
        assert_eq!(Coverage { sent: 1, items: 1 }.words(), "1 of 1 item (100%)");
    }

    #[test]
    fn the_whole_is_the_sum_of_items_and_not_of_shares() {
        let all = [Coverage { sent: 1, items: 1 }, Coverage { sent: 0, items: 9 }];
        assert_eq!(all.into_iter().sum::<Coverage>().share(), "10%");
    }
}
