//! Text for the screen: numbers, times and durations in words, and text fitted to a width.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr;

use crate::format;

/// How many columns a text takes: as many as ratatui gives it, which counts what belongs together by itself.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// The text in at most `room` columns, with an ellipsis where something is missing.
pub fn fit(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let Some(before_ellipsis) = room.checked_sub(1) else { return String::new() };
    let mut fitted = text[..end_within(text, before_ellipsis)].to_owned();
    fitted.push('…');
    fitted
}

/// The text and its end in at most `room` columns: the text is cut, its end is not, as it says what to do.
pub fn fit_with_end(text: &str, end: &str, room: usize) -> String {
    fit(&format!("{}{end}", fit(text, room.saturating_sub(width(end)))), room)
}

/// The text in exactly `room` columns, on the left.
pub fn left(text: &str, room: usize) -> String {
    let fitted = fit(text, room);
    let rest = room.saturating_sub(width(&fitted));
    fitted + &" ".repeat(rest)
}

/// The text in exactly `room` columns, on the right.
pub fn right(text: &str, room: usize) -> String {
    let fitted = fit(text, room);
    " ".repeat(room.saturating_sub(width(&fitted))) + &fitted
}

/// The text broken at spaces into lines of at most `room` columns; a longer word is broken anywhere.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for mut word in text.split_whitespace() {
        let mut columns = width(word);
        if !line.is_empty() {
            if used + 1 + columns <= room {
                line.push(' ');
                line.push_str(word);
                used += 1 + columns;
                continue;
            }
            lines.push(std::mem::take(&mut line));
        }
        while columns > room {
            // What is wider than the room stands alone.
            let cut = match end_within(word, room) {
                0 => word.graphemes(true).next().map_or(word.len(), str::len),
                end => end,
            };
            lines.push(word[..cut].to_owned());
            columns -= width(&word[..cut]);
            word = &word[cut..];
        }
        line.push_str(word);
        used = columns;
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Where the beginning of a text that takes at most `room` columns ends, in bytes.
fn end_within(text: &str, room: usize) -> usize {
    let mut used = 0;
    let fits = |(_, grapheme): &(usize, &str)| {
        used += grapheme.width();
        used <= room
    };
    text.grapheme_indices(true).take_while(fits).last().map_or(0, |(at, grapheme)| at + grapheme.len())
}

/// A wrapped text as lines of one style.
pub fn paragraph(text: &str, room: usize, style: Style) -> Vec<Line<'static>> {
    wrap(text, room).into_iter().map(|line| Line::from(Span::styled(line, style))).collect()
}

/// A local time with its zone: `12:03:10 CEST`.
pub fn time(at: &Zoned) -> String {
    at.strftime("%H:%M:%S %Z").to_string()
}

/// When something was, in six columns: the time if it was today, the date if it was this year, else the year.
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
pub fn full_moment(at: Timestamp, now: Option<&Zoned>) -> String {
    format::full_moment(at, now.map_or(&TimeZone::UTC, Zoned::time_zone))
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
        assert_eq!(fit_with_end("the database does not answer", "; r: retry", 20), "the datab…; r: retry");
        assert_eq!(fit_with_end("short", "; r: retry", 20), "short; r: retry");
        assert_eq!(fit_with_end("text", "; r: retry", 6), "; r: …");
        assert_eq!(right("12", 4), "  12");
        // Each of these is drawn as one: a combined letter, a coloured hand, and two that only a font joins.
        assert_eq!((width("e\u{301}"), width("👍🏽"), width("لا")), (1, 2, 2));
        assert_eq!(fit("👍🏽👍🏽", 3), "👍🏽…");
    }

    #[test]
    fn wrapping_loses_nothing() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("東京東京", 1), ["東", "京", "東", "京"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("ab abc", 3), ["ab", "abc"]);
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
