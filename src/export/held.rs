//! What is held back of a feed, and how much a run may send.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{Feed, Most};
use crate::format::{count, counted};
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// What a run may do to a feed: as configured, and as somebody allows it for this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// As configured.
    pub usual: Most,
    /// As somebody says for this run.
    pub now: Option<Most>,
}

impl Limit {
    /// The one that counts.
    pub fn most(self) -> Most {
        self.now.unwrap_or(self.usual)
    }
}

/// What is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Deletions,
    Changes,
}

/// What was not sent of a feed because it is more than a run may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub feed: Feed,
    /// Deletions or changes.
    pub what: What,
    /// How many.
    pub items: u64,
    /// Of how many.
    pub size: u64,
    /// How many there may be.
    pub most: Most,
    /// Some of them.
    pub examples: Vec<SafeText>,
    /// When that was found; `None` = by this run.
    pub since: Option<Timestamp>,
}

impl Held {
    /// What happened, in one sentence with its numbers and examples.
    pub fn sentence(&self) -> String {
        let of = format!("{} of {}", count(self.items), counted(self.size, "item"));
        let (found, flag) = match self.what {
            What::Deletions => (format!("{of} are gone from the source"), "max_delete"),
            What::Changes => (format!("{of} changed"), "max_change"),
        };
        let most = self.most;
        match (self.since, self.what) {
            (Some(since), What::Deletions) => {
                format!("{}: deletions paused since {since}: {found}, {flag} is {most}", self.feed)
            }
            (Some(since), What::Changes) => {
                format!("{}: changes paused since {since}: {found}, {flag} is {most}", self.feed)
            }
            (None, what) => {
                let names: Vec<&str> = self.examples.iter().map(SafeText::as_str).collect();
                let more = if self.items > names.len() as u64 { ", …" } else { "" };
                let names = if names.is_empty() { String::new() } else { format!(" ({}{more})", names.join(", ")) };
                let not = if what == What::Deletions { "none was deleted" } else { "no change was sent" };
                format!("{}: {found}{names}; {flag} is {most}, so {not}", self.feed)
            }
        }
    }

    /// What sends them all the same.
    pub fn remedy(&self) -> Hint {
        let (feed, items) = (self.feed.name().into(), self.items);
        match self.what {
            What::Deletions => Hint::from("if the shop has removed them: ").and(Remedy::MaxDelete { feed, items }),
            What::Changes => Hint::from("if the shop has changed them: ").and(Remedy::MaxChange { feed, items }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MAX_DELETE;

    #[test]
    fn what_is_held_is_told_with_numbers_examples_and_a_command() {
        let held = Held {
            feed: Feed::Products,
            what: What::Deletions,
            items: 3_000,
            size: 5_000,
            most: MAX_DELETE,
            examples: ["A · default".into(), "B · default".into()].into(),
            since: None,
        };
        assert_eq!(
            held.sentence(),
            "products: 3,000 of 5,000 items are gone from the source (A · default, B · default, …); max_delete is 10%, so \
             none was deleted"
        );
        assert_eq!(
            held.remedy().command_line(),
            "if the shop has removed them: commerce-connector export run --feed products --max-delete 3000"
        );
        let before = Held { since: Some(Timestamp::UNIX_EPOCH), ..held };
        assert_eq!(
            before.sentence(),
            "products: deletions paused since 1970-01-01T00:00:00Z: 3,000 of 5,000 items are gone from the source, \
             max_delete is 10%"
        );
    }
}
