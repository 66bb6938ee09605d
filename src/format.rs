//! Numbers and durations as people read them, the same on the screen and in plain lines.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A number with its thousands apart: `12,400`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun: `1 item`, `12,400 items`.
pub fn counted(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(number)) }
}

/// A duration for a person: `42 s`, `3 min 05 s`, `2 h 07 min`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// When something was, in full: `2026-03-04 11:58:00 CET`.
pub fn full_moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// A rate that is calm to read: one decimal below ten, and none where it would be zero.
pub fn rate(per_second: f64) -> String {
    if per_second < 9.95 {
        let text = format!("{per_second:.1}");
        return text.strip_suffix(".0").map(str::to_owned).unwrap_or(text);
    }
    let text = format!("{per_second:.0}");
    text.parse().map(count).unwrap_or(text)
}

/// Bytes for a person: `512 B`, `1.4 MiB`, `2.5 GiB`.
pub fn bytes(number: u64) -> String {
    const KIB: f64 = 1024.0;
    let size = number as f64;
    if size < KIB {
        format!("{number} B")
    } else if size < KIB * KIB {
        format!("{:.1} KiB", size / KIB)
    } else if size < KIB * KIB * KIB {
        format!("{:.1} MiB", size / (KIB * KIB))
    } else {
        format!("{:.1} GiB", size / (KIB * KIB * KIB))
    }
}

/// One decimal, never less than it is: `0.4` of 0.301.
pub fn rounded_up(number: f64) -> String {
    // What is added makes a negative zero a plain one.
    one_decimal((number * 10.0 - 1e-9).ceil() + 0.0)
}

/// One decimal, never more than it is: `99.9` of 99.99.
pub fn rounded_down(number: f64) -> String {
    one_decimal((number * 10.0 + 1e-9).floor())
}

fn one_decimal(tenths: f64) -> String {
    let text = format!("{:.1}", tenths / 10.0);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_never_promises_more_than_it_knows() {
        assert_eq!([0.0, 0.3, 0.301, 1.0].map(rounded_up), ["0", "0.3", "0.4", "1"]);
        assert_eq!([0.0, 99.9, 99.99, 100.0].map(rounded_down), ["0", "99.9", "99.9", "100"]);
    }

    #[test]
    fn digits_are_grouped_and_nouns_counted() {
        assert_eq!([0, 999, 1_000, 12_400, 1_234_567].map(count), ["0", "999", "1,000", "12,400", "1,234,567"]);
        assert_eq!([counted(1, "item"), counted(12_400, "item")], ["1 item", "12,400 items"]);
    }

    #[test]
    fn durations_are_human() {
        let words = [7, 185, 7_620].map(|seconds| duration(Duration::from_secs(seconds)));
        assert_eq!(words, ["7 s", "3 min 05 s", "2 h 07 min"]);
    }

    #[test]
    fn rates_are_calm() {
        assert_eq!([0.0, 0.25, 2.0, 9.97, 198.4, 2570.0].map(rate), ["0", "0.2", "2", "10", "198", "2,570"]);
    }

    #[test]
    fn bytes_are_for_people() {
        assert_eq!([bytes(1536), bytes(2_684_354_560)], ["1.5 KiB", "2.5 GiB"]);
    }
}
