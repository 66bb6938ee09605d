//! How many items of a feed a run may delete, or change.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A share is not measured below so many items: ten of fifty products are gone quickly, and are soon sent again.
const FEW: u64 = 100;

/// The most items of a feed that a run may delete, or change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub enum Most {
    /// So many percent of the feed, or a hundred items where that is more.
    Percent(u8),
    /// So many items.
    Items(u64),
    /// As many as there are.
    NoLimit,
}

/// What a run may delete by default.
pub const MAX_DELETE: Most = Most::Percent(10);

/// A limit as it is written in a file: a text, or a number of items.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Number(u64),
}

/// A text that is not a limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a limit: use a share (10%), a number of items (500) or none")]
pub struct NoMost {
    given: String,
}

impl FromStr for Most {
    type Err = NoMost;

    fn from_str(text: &str) -> Result<Self, NoMost> {
        let wrong = || NoMost { given: text.to_owned() };
        let word = text.trim();
        if word.eq_ignore_ascii_case("none") {
            return Ok(Most::NoLimit);
        }
        match word.strip_suffix('%') {
            Some(percent) => match percent.trim().parse() {
                Ok(percent @ 0..=100) => Ok(Most::Percent(percent)),
                _ => Err(wrong()),
            },
            None => word.parse().map(Most::Items).map_err(|_| wrong()),
        }
    }
}

impl TryFrom<Written> for Most {
    type Error = NoMost;

    fn try_from(written: Written) -> Result<Self, NoMost> {
        match written {
            Written::Text(text) => text.parse(),
            Written::Number(items) => Ok(Most::Items(items)),
        }
    }
}

impl From<Most> for String {
    fn from(most: Most) -> Self {
        most.to_string()
    }
}

impl fmt::Display for Most {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Most::Percent(percent) => write!(f, "{percent}%"),
            Most::Items(items) => write!(f, "{items}"),
            Most::NoLimit => f.write_str("none"),
        }
    }
}

impl Most {
    /// Whether so many of `size` items are too many.
    pub fn is_exceeded_by(self, items: u64, size: u64) -> bool {
        match self {
            Most::NoLimit => false,
            Most::Items(most) => items > most,
            Most::Percent(percent) => items > FEW && u128::from(items) * 100 > u128::from(size) * u128::from(percent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_share_a_number_or_none() {
        for (text, most) in [
            ("10%", Most::Percent(10)),
            (" 5 % ", Most::Percent(5)),
            ("500", Most::Items(500)),
            ("0", Most::Items(0)),
            ("None", Most::NoLimit),
        ] {
            assert_eq!(text.parse(), Ok(most), "{text}");
        }
        for text in ["", "%", "101%", "-1", "10 percent", "1e3", "1.5%"] {
            let error = text.parse::<Most>().expect_err("no limit");
            assert!(error.to_string().contains("10%"), "{error}");
        }
        for most in [Most::Percent(10), Most::Items(7), Most::NoLimit] {
            assert_eq!(most.to_string().parse(), Ok(most));
        }
    }

    #[test]
    fn a_share_is_measured_above_a_hundred_items_and_a_number_from_the_first() {
        let ten = Most::Percent(10);
        for (items, size, exceeded) in
            [(100, 100, false), (101, 1_010, false), (101, 1_009, true), (u64::MAX, u64::MAX, true), (0, 0, false)]
        {
            assert_eq!(ten.is_exceeded_by(items, size), exceeded, "{items} of {size}");
        }
        assert!(Most::Items(0).is_exceeded_by(1, 1_000));
        assert!(!Most::Items(5).is_exceeded_by(5, 5));
        assert!(!Most::NoLimit.is_exceeded_by(u64::MAX, 0));
    }
}
