//! A length of time as people write it: `90s`, `30m`, `1h`, `2d`; `off` is none.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A length of time, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeSpan(Option<Duration>);

/// A word that is not a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a time such as 90s, 30m, 1h or 2d, or off")]
pub struct NoTimeSpan;

/// The units, the largest first, in seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A year: nobody means more.
const LONGEST_SECONDS: u64 = 365 * 86_400;

impl TimeSpan {
    /// So many hours.
    #[must_use]
    pub const fn hours(hours: u64) -> Self {
        Self(Some(Duration::from_hours(hours)))
    }

    /// How long it is; `None` = off.
    pub fn length(self) -> Option<Duration> {
        self.0
    }
}

impl FromStr for TimeSpan {
    type Err = NoTimeSpan;

    fn from_str(text: &str) -> Result<Self, NoTimeSpan> {
        let text = text.trim();
        if text == "off" {
            return Ok(Self(None));
        }
        let unit = text.chars().next_back().ok_or(NoTimeSpan)?;
        let (_, unit_seconds) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or(NoTimeSpan)?;
        let number: u64 = text.strip_suffix(unit).unwrap_or_default().trim_end().parse().map_err(|_| NoTimeSpan)?;
        let seconds = number.checked_mul(unit_seconds).filter(|seconds| (1..=LONGEST_SECONDS).contains(seconds));
        Ok(Self(Some(Duration::from_secs(seconds.ok_or(NoTimeSpan)?))))
    }
}

impl TryFrom<String> for TimeSpan {
    type Error = NoTimeSpan;

    fn try_from(text: String) -> Result<Self, NoTimeSpan> {
        text.parse()
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(length) = self.0 else { return f.write_str("off") };
        let seconds = length.as_secs();
        let whole = UNITS.into_iter().find(|(_, unit)| seconds.is_multiple_of(*unit));
        let (name, unit) = whole.unwrap_or(('s', 1));
        write!(f, "{}{name}", seconds / unit)
    }
}

impl From<TimeSpan> for String {
    fn from(span: TimeSpan) -> Self {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_and_written_as_people_do() {
        for (text, seconds, written) in
            [("90s", 90, "90s"), (" 30 m ", 1_800, "30m"), ("60m", 3_600, "1h"), ("2d", 172_800, "2d")]
        {
            let span: TimeSpan = text.parse().expect(text);
            assert_eq!((span.length(), span.to_string().as_str()), (Some(Duration::from_secs(seconds)), written));
        }
        assert_eq!("off".parse(), Ok(TimeSpan(None)));
        assert_eq!(TimeSpan(None).to_string(), "off");
    }

    #[test]
    fn anything_else_is_no_time() {
        for text in ["", "1", "h", "0s", "-1h", "1.5h", "1hh", "400d", "99999999999999999999s", "1y", "ü"] {
            assert_eq!(text.parse::<TimeSpan>(), Err(NoTimeSpan), "{text}");
        }
    }
}
