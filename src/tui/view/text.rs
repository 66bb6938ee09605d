//! Text for the screen: numbers, times and durations in words, and text fitted to a width.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How many columns a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `room` columns, with an ellipsis where something is missing.
#[must_use]
pub fn fit(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut fitted = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        fitted.push(c);
    }
    if room > 0 {
        fitted.push('…');
    }
    fitted
}

/// The text in exactly `room` columns, on the left.
#[must_use]
pub fn left(text: &str, room: usize) -> String {
    let fitted = fit(text, room);
    let rest = room.saturating_sub(fitted.width());
    fitted + &" ".repeat(rest)
}

/// The text in exactly `room` columns, on the right.
#[must_use]
pub fn right(text: &str, room: usize) -> String {
    let fitted = fit(text, room);
    " ".repeat(room.saturating_sub(fitted.width())) + &fitted
}

/// The text broken at spaces into lines of at most `room` columns; a longer word is broken anywhere.
#[must_use]
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word = word;
        if !line.is_empty() {
            if line.width() + 1 + word.width() <= room {
                line.push(' ');
                line.push_str(word);
                continue;
            }
            lines.push(std::mem::take(&mut line));
        }
        while word.width() > room {
            let cut = cut_at(word, room);
            lines.push(word[..cut].to_owned());
            word = &word[cut..];
        }
        line.push_str(word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Where to cut a text so that its beginning takes at most `room` columns, but holds at least one character.
fn cut_at(text: &str, room: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > room && at > 0 {
            return at;
        }
    }
    text.len()
}

/// A wrapped text as lines of one style.
#[must_use]
pub fn paragraph(text: &str, room: usize, style: Style) -> Vec<Line<'static>> {
    wrap(text, room).into_iter().map(|line| Line::from(Span::styled(line, style))).collect()
}

/// A local time with its zone: `12:03:10 CEST`.
#[must_use]
pub fn time(at: &Zoned) -> String {
    at.strftime("%H:%M:%S %Z").to_string()
}

/// When something was, in six columns: the time if it was today, the date if it was this year, else the year.
#[must_use]
pub fn moment(at: Timestamp, now: Option<&Zoned>) -> String {
    let local = at.to_zoned(now.map_or(TimeZone::UTC, |now| now.time_zone().clone()));
    let same_year = now.is_some_and(|now| now.year() == local.year());
    if now.is_some_and(|now| now.date() == local.date()) {
        local.strftime("%H:%M").to_string()
    } else {
        local.strftime(if same_year { "%b %d" } else { "%Y" }).to_string()
    }
}

/// When something was, in full with the zone.
#[must_use]
pub fn full_moment(at: Timestamp, now: Option<&Zoned>) -> String {
    let local = at.to_zoned(now.map_or(TimeZone::UTC, |now| now.time_zone().clone()));
    local.strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_fitted_by_columns() {
        assert_eq!(fit("東京タワー", 5), "東京…");
        assert_eq!(fit("東京タワー", 4), "東…");
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abcd", 0), "");
        assert_eq!(left("東", 3), "東 ");
        assert_eq!(right("12", 4), "  12");
    }

    #[test]
    fn wrapping_loses_nothing() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("東京東京", 1), ["東", "京", "東", "京"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn a_moment_fits_six_columns() {
        let now: Zoned = "2026-03-04T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(moment(at("2026-03-04T10:03:00Z"), Some(&now)), "11:03");
        assert_eq!(moment(at("2026-03-03T10:03:00Z"), Some(&now)), "Mar 03");
        assert_eq!(moment(at("2025-03-03T10:03:00Z"), Some(&now)), "2025");
        assert_eq!(full_moment(at("2026-03-03T10:03:00Z"), Some(&now)), "2026-03-03 11:03:00 CET");
    }
}
