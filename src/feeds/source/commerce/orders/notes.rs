//! What payment methods and extensions noted down: JSON of any shape, as a list of names and values.
//!
//! A value that is not a text is written as JSON, and as Commerce's PHP writes it: 14 digits, `/` and what is not ASCII escaped.

use std::fmt::Write as _;
use std::ops::Range;

use serde_json::{Number, Value, json};

/// Digits of a number with a point; Commerce sets PHP's `serialize_precision` to it.
const DIGITS: usize = 14;

/// The exponents that are not written.
const PLAIN: Range<i32> = -4..14;

/// The entries of an object or a list as names and values; none for anything else: extensions write here what they like.
pub(super) fn entries(text: &str) -> Vec<Value> {
    let entry = |name: String, value: Value| match value {
        Value::String(text) => json!({"name": name, "value": text}),
        other => {
            let mut text = String::new();
            put_json(&mut text, &other);
            json!({"name": name, "value": text})
        }
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(entries)) => entries.into_iter().map(|(name, value)| entry(name, value)).collect(),
        Ok(Value::Array(list)) => {
            list.into_iter().enumerate().map(|(at, value)| entry(at.to_string(), value)).collect()
        }
        _ => Vec::new(),
    }
}

/// The title of the payment method. One that is an object or a list is none: the vendor's exporter sends the word `Array`.
pub(super) fn title(text: &str) -> Option<String> {
    let notes: Value = serde_json::from_str(text).ok()?;
    match notes.get("method_title")? {
        Value::String(title) => Some(title.clone()),
        Value::Number(number) => {
            let mut title = String::new();
            put_number(&mut title, number);
            Some(title)
        }
        _ => None,
    }
}

fn put_json(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => put_number(text, number),
        Value::String(value) => put_text(text, value),
        Value::Array(list) => {
            text.push('[');
            for (at, value) in list.iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                put_json(text, value);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push('{');
            for (at, (name, value)) in fields.iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                put_text(text, name);
                text.push(':');
                put_json(text, value);
            }
            text.push('}');
        }
    }
}

fn put_text(text: &mut String, value: &str) {
    // What JSON must escape, PHP escapes alike.
    for letter in Value::from(value).to_string().chars() {
        match letter {
            '/' => text.push_str("\\/"),
            ' '..='~' => text.push(letter),
            _ => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
}

/// PHP has whole numbers of 64 bits with a sign; larger ones have a point.
fn put_number(text: &mut String, number: &Number) {
    let _ = match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => write!(text, "{whole}"),
        (None, Some(real)) => text.write_str(&in_digits(real)),
        (None, None) => write!(text, "{number}"),
    };
}

/// `0.1`, `15`, `1.2e+20`, `1.0e-7`: at most [`DIGITS`] digits, and an exponent where these do not reach the point.
fn in_digits(number: f64) -> String {
    let scientific = format!("{number:.*e}", DIGITS - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if PLAIN.contains(&exponent) {
        // As many after the point as make DIGITS in all.
        let after = DIGITS + 3 - usize::try_from(exponent + 4).unwrap_or_default();
        let text = format!("{number:.after$}");
        return if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    }
    let digits = mantissa.trim_end_matches('0').trim_end_matches('.');
    let point = if digits.contains('.') { "" } else { ".0" };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}{point}e{sign}{}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_a_list_of_names_and_texts() {
        let list = entries(
            r#"{"gift": "yes/ü", "size": {"w": 2, "h": [1.50, null]}, "n": 1, "t": true, "x": {"u": "ü/😀\n"}}"#,
        );
        let expected = json!([
            {"name": "gift", "value": "yes/ü"},
            {"name": "n", "value": "1"},
            {"name": "size", "value": r#"{"h":[1.5,null],"w":2}"#},
            {"name": "t", "value": "true"},
            {"name": "x", "value": r#"{"u":"\u00fc\/\ud83d\ude00\n"}"#},
        ]);
        assert_eq!(Value::Array(list), expected);
        assert_eq!(entries(r#"["a", 2]"#), [json!({"name": "0", "value": "a"}), json!({"name": "1", "value": "2"})]);
        for nothing in ["", "{}", "null", "[]", "a:0:{}", "\"text\"", "not json"] {
            assert_eq!(entries(nothing), [] as [Value; 0], "{nothing}");
        }
    }

    #[test]
    fn numbers_are_written_as_php_writes_them() {
        let written = |text: &str| {
            let mut written = String::new();
            put_number(&mut written, &serde_json::from_str(text).expect("a number"));
            written
        };
        for (text, expected) in [
            ("12345678901234567890", "1.2345678901235e+19"),
            ("9223372036854775807", "9223372036854775807"),
            ("1.50", "1.5"),
            ("0.1", "0.1"),
            ("-2.0", "-2"),
            ("0.0", "0"),
            ("100000000000000000.0", "1.0e+17"),
            ("0.0001", "0.0001"),
            ("0.00001", "1.0e-5"),
            ("0.30000000000000004", "0.3"),
        ] {
            assert_eq!(written(text), expected, "{text}");
        }
    }

    #[test]
    fn a_title_is_found_where_there_is_one() {
        assert_eq!(title(r#"{"method_title":"Check"}"#).as_deref(), Some("Check"));
        assert_eq!(title(r#"{"method_title":1}"#).as_deref(), Some("1"));
        for nothing in ["", "null", "[]", r#"["method_title"]"#, r#"{"method_title":{"a":1}}"#, "a:0:{}"] {
            assert_eq!(title(nothing), None, "{nothing}");
        }
    }
}
