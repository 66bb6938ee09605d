//! How many requests are in flight at a time, as a person sets it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use crate::bounds::{MOST_THREADS, THREAD_COUNTS};

/// Requests in flight at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum ThreadCount {
    /// As many as the request rate needs, by how long answers take.
    #[default]
    Auto,
    /// So many; one of [`THREAD_COUNTS`].
    Fixed(usize),
}

/// A thread count as it is written in a file.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(i64),
    Text(String),
}

/// A value that is not a thread count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be from 1 to {MOST_THREADS}, or auto")]
pub struct NoThreadCount;

impl FromStr for ThreadCount {
    type Err = NoThreadCount;

    fn from_str(text: &str) -> Result<Self, NoThreadCount> {
        match text.trim() {
            "auto" => Ok(Self::Auto),
            number => {
                number.parse().ok().filter(|count| THREAD_COUNTS.contains(count)).map(Self::Fixed).ok_or(NoThreadCount)
            }
        }
    }
}

impl TryFrom<Written> for ThreadCount {
    type Error = NoThreadCount;

    fn try_from(written: Written) -> Result<Self, NoThreadCount> {
        match written {
            Written::Number(number) => number.to_string().parse(),
            Written::Text(text) => text.parse(),
        }
    }
}

impl Serialize for ThreadCount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Fixed(count) => serializer.serialize_u64(u64::try_from(*count).unwrap_or(u64::MAX)),
        }
    }
}

impl fmt::Display for ThreadCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Fixed(count) => write!(f, "{count}"),
        }
    }
}

impl ThreadCount {
    /// How many it is before anything is known of the gateway.
    pub fn at_first(self) -> usize {
        match self {
            Self::Auto => 1,
            Self::Fixed(count) => count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_count_is_a_number_or_auto() {
        for (text, count) in
            [("auto", ThreadCount::Auto), ("1", ThreadCount::Fixed(1)), (" 32 ", ThreadCount::Fixed(32))]
        {
            assert_eq!(text.parse(), Ok(count), "{text}");
            assert_eq!(count.to_string(), text.trim());
        }
        for text in ["", "0", "33", "-1", "four", "Auto", "1.5"] {
            assert_eq!(text.parse::<ThreadCount>(), Err(NoThreadCount), "{text}");
        }
    }
}
