//! `[notify]`: who is told of exports that fail, and how.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use super::Hidden;
use super::time_span::TimeSpan;

/// `[notify]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotifySection {
    /// Whether a failed run or pass is told.
    pub on_failure: bool,
    /// Whether the first success after a failure that was told is told.
    pub on_recovery: bool,
    /// How many runs or passes in a row must fail before that is told.
    pub after_failures: u32,
    /// From how many items that need a fix that is told; 0 = never.
    pub needs_fix: u64,
    /// When the daily digest is due, in the server's time zone.
    pub digest: DailyTime,
    /// The least time between two messages about the same.
    pub repeat_after: TimeSpan,
    /// Seconds that a channel may take for one attempt.
    pub timeout_seconds: u64,
    /// Fetched after each success, at most once a minute. Whoever knows it can report successes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ping_url: Option<Hidden>,
    /// A program that gets each message as JSON on standard input, relative to the config file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<PathBuf>,
    /// Where each message is posted as JSON. It often holds a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<Hidden>,
    /// The file of the secret that signs it, 0600, relative to the config file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_secret_file: Option<PathBuf>,
    /// Who gets each message by mail, comma-separated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sendmail_to: Option<String>,
    /// Whom the mail is from; the program's user if it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sendmail_from: Option<String>,
    /// The program that sends it.
    pub sendmail_program: PathBuf,
}

impl Default for NotifySection {
    fn default() -> Self {
        Self {
            on_failure: true,
            on_recovery: true,
            after_failures: 1,
            needs_fix: 1,
            digest: DailyTime::OFF,
            repeat_after: TimeSpan::hours(1),
            timeout_seconds: 10,
            ping_url: None,
            command: None,
            webhook_url: None,
            webhook_secret_file: None,
            sendmail_to: None,
            sendmail_from: None,
            sendmail_program: PathBuf::from("/usr/sbin/sendmail"),
        }
    }
}

/// A time of the day, as `07:30`, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DailyTime(Option<Time>);

/// A word that is not a time of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a time of the day such as 07:30, or off")]
pub struct NoDailyTime;

impl DailyTime {
    /// Never.
    pub const OFF: Self = Self(None);

    /// The time; `None` = off.
    pub fn time(self) -> Option<Time> {
        self.0
    }
}

impl FromStr for DailyTime {
    type Err = NoDailyTime;

    fn from_str(text: &str) -> Result<Self, NoDailyTime> {
        let text = text.trim();
        if text == "off" {
            return Ok(Self::OFF);
        }
        let (hour, minute) = text.split_once(':').ok_or(NoDailyTime)?;
        let number = |text: &str| match text.len() {
            1 | 2 if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse::<i8>().map_err(|_| NoDailyTime),
            _ => Err(NoDailyTime),
        };
        Time::new(number(hour)?, number(minute)?, 0, 0).map(|time| Self(Some(time))).map_err(|_| NoDailyTime)
    }
}

impl TryFrom<String> for DailyTime {
    type Error = NoDailyTime;

    fn try_from(text: String) -> Result<Self, NoDailyTime> {
        text.parse()
    }
}

impl fmt::Display for DailyTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(time) => write!(f, "{:02}:{:02}", time.hour(), time.minute()),
            None => f.write_str("off"),
        }
    }
}

impl From<DailyTime> for String {
    fn from(time: DailyTime) -> Self {
        time.to_string()
    }
}

/// The addresses of a comma-separated list, or users of this server; `None` if one could be taken for an option or for a header.
#[must_use]
pub fn mailboxes(text: &str) -> Option<Vec<&str>> {
    let is_address = |address: &&str| {
        !address.is_empty() && !address.starts_with('-') && address.chars().all(|c| c.is_ascii_graphic() && c != ',')
    };
    text.split(',').map(str::trim).map(|address| Some(address).filter(is_address)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_an_option_or_a_header_is_no_mail_address() {
        assert_eq!(mailboxes("ops@example.com, root"), Some(vec!["ops@example.com", "root"]));
        for text in ["", "a@b,", "-oQ/tmp", "a@b\nBcc: c@d", "a b"] {
            assert_eq!(mailboxes(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_of_the_day_is_read_and_written_and_anything_else_is_refused() {
        for (text, written) in [("07:30", "07:30"), (" 7:05 ", "07:05"), ("23:59", "23:59"), ("off", "off")] {
            assert_eq!(text.parse::<DailyTime>().map(|time| time.to_string()), Ok(written.to_owned()), "{text}");
        }
        for text in ["", "7", "24:00", "12:60", "7:30am", "+7:30", "07:30:00", "007:30", "on"] {
            assert_eq!(text.parse::<DailyTime>(), Err(NoDailyTime), "{text}");
        }
    }
}
