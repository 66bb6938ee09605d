//! Failed items by reason, over all feeds: however many fail, and whatever they say, in constant memory.

use serde::{Deserialize, Serialize};

use super::item_state::ItemState;
use crate::domain::Feed;
use crate::untrusted::SafeText;

/// How many reasons are told apart; items of further ones are only counted.
pub const MOST_REASONS: usize = 16;

/// The most characters of a reason that are kept.
const REASON_LIMIT: usize = 160;

/// Numbers of at least so many digits are an id or an amount of one item; shorter ones may be a status code.
const LONG_NUMBER: usize = 4;

/// Why items failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub state: ItemState,
    /// The server's (or source's) own text without what differs from item to item: what it quotes, and long numbers.
    pub message: SafeText,
    /// How many items.
    pub items: u64,
    /// How many of each feed, in the order in which they failed first.
    pub feeds: Vec<(Feed, u64)>,
}

/// The reasons of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasons {
    /// At most [`MOST_REASONS`], in the order in which they came.
    pub list: Vec<Reason>,
    /// Items that failed for other reasons than those.
    pub others: u64,
}

impl Reason {
    /// The feed that most of the items are of.
    pub fn main_feed(&self) -> Option<Feed> {
        self.feeds.iter().rev().max_by_key(|(_, items)| *items).map(|(feed, _)| *feed)
    }

    /// The longest part of the message that is the same in every item.
    pub fn needle(&self) -> &str {
        let parts = self.message.as_str().split(['…', '#']).map(|part| part.trim_matches(['"', '`', '\'', ' ']));
        parts.max_by_key(|part| part.len()).unwrap_or_default()
    }
}

impl Reasons {
    /// Counts an item that failed.
    pub fn add(&mut self, feed: Feed, state: ItemState, message: &str) {
        let message = reason_of(message);
        let found = self.list.iter().position(|known| known.state == state && known.message == message);
        if found.is_none() && self.list.len() == MOST_REASONS {
            self.others += 1;
            return;
        }
        let place = found.unwrap_or_else(|| {
            self.list.push(Reason { state, message, items: 0, feeds: Vec::new() });
            self.list.len() - 1
        });
        let Some(reason) = self.list.get_mut(place) else { return };
        reason.items += 1;
        match reason.feeds.iter_mut().find(|(known, _)| *known == feed) {
            Some((_, items)) => *items += 1,
            None => reason.feeds.push((feed, 1)),
        }
    }

    /// Counts what failed elsewhere for one reason.
    pub fn add_all(&mut self, reason: &Reason) {
        let same = |known: &Reason| known.state == reason.state && known.message == reason.message;
        let Some(place) = self.list.iter().position(same) else {
            if self.list.len() < MOST_REASONS {
                self.list.push(reason.clone());
            } else {
                self.others += reason.items;
            }
            return;
        };
        let Some(known) = self.list.get_mut(place) else { return };
        known.items += reason.items;
        for (feed, items) in &reason.feeds {
            match known.feeds.iter_mut().find(|(of, _)| of == feed) {
                Some((_, known)) => *known += items,
                None => known.feeds.push((*feed, *items)),
            }
        }
    }

    /// All items that failed.
    pub fn items(&self) -> u64 {
        self.list.iter().map(|reason| reason.items).sum::<u64>() + self.others
    }

    /// The most frequent first.
    pub fn sorted(&self) -> Vec<&Reason> {
        let mut sorted: Vec<&Reason> = self.list.iter().collect();
        sorted.sort_by_key(|reason| std::cmp::Reverse(reason.items));
        sorted
    }
}

/// What a message says of any item: `unknown colour "…"` for `unknown colour "mauve"`.
pub fn reason_of(message: &str) -> SafeText {
    let mut text = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        let is_open = matches!(first, '"' | '`') || (first == '\'' && !text.ends_with(char::is_alphanumeric));
        let quoted = rest.get(first.len_utf8()..).filter(|_| is_open).and_then(|inside| inside.find(first));
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let taken = if let Some(inside) = quoted {
            text.extend([first, '…', first]);
            inside + 2 * first.len_utf8()
        } else if digits >= LONG_NUMBER {
            text.push('#');
            digits
        } else {
            let taken = digits.max(first.len_utf8());
            text.push_str(rest.get(..taken).unwrap_or_default());
            taken
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    SafeText::limited(&text, REASON_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_item_to_item_is_no_reason_of_its_own() {
        for (message, reason) in [
            ("unknown colour \"mauve\" of 10042", "unknown colour \"…\" of #"),
            ("can't read 'a' nor `b`", "can't read '…' nor `…`"),
            ("HTTP status 503: busy", "HTTP status 503: busy"),
            ("an open \" quote", "an open \" quote"),
            ("東京'12345", "東京'#"),
            ("", ""),
        ] {
            assert_eq!(reason_of(message).as_str(), reason);
            assert_eq!(reason_of(reason).as_str(), reason, "a reason is its own reason");
        }
    }

    #[test]
    fn a_hundred_thousand_reasons_take_no_more_room_than_a_few() {
        let mut reasons = Reasons::default();
        for number in 0..100_000_u32 {
            let letters: String = number.to_string().bytes().map(|digit| char::from(digit + 49)).collect();
            reasons.add(Feed::Products, ItemState::WillRetry, &letters);
        }
        reasons.add(Feed::Prices, ItemState::WillRetry, "b");
        assert_eq!((reasons.list.len(), reasons.items()), (MOST_REASONS, 100_001));
        let [first, ..] = reasons.sorted()[..] else { panic!("there are reasons") };
        assert_eq!((first.items, &first.feeds[..]), (2, &[(Feed::Products, 1), (Feed::Prices, 1)][..]));
    }

    #[test]
    fn states_are_told_apart() {
        let mut reasons = Reasons::default();
        reasons.add(Feed::Products, ItemState::WillRetry, "no");
        reasons.add(Feed::Products, ItemState::NeedsAttention, "no");
        assert_eq!(reasons.list.len(), 2);
    }
}
