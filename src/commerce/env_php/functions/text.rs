//! Functions of text and of single values that are computed.

use std::path::{Component, Path};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::operators;
use super::super::value::{ArrayEntry, Key, Value};
use super::{of_json, unknown};

/// What a function of text and numbers gives; `None` for any other function.
pub(in crate::commerce::env_php) fn call(
    name: &str,
    arguments: &[ArrayEntry],
    line: usize,
    file: &Path,
) -> Option<Value> {
    let first = arguments.first()?;
    // What is not set stays so; what is not known is not computed.
    let passes_on = matches!(
        name,
        "trim"
            | "rtrim"
            | "ltrim"
            | "strtolower"
            | "strtoupper"
            | "strval"
            | "intval"
            | "boolval"
            | "floatval"
            | "base64_decode"
            | "json_decode"
            | "dirname"
            | "basename"
            | "urldecode"
            | "rawurldecode"
            | "ucfirst"
    );
    if passes_on && matches!(first.value, Value::Unset(_) | Value::Unknown(_)) {
        return Some(first.value.clone());
    }
    let text = || first.value.text(line).ok();
    let number = |at: usize| match arguments.get(at).map(|entry| &entry.value) {
        None => Some(None),
        Some(Value::Int(number)) => Some(Some(*number)),
        Some(_) => None,
    };
    let mark = |at: usize| arguments.get(at).map(|entry| entry.value.text(line));
    Some(match (name, arguments.len()) {
        ("trim", 1) => Value::Text(text()?.trim_matches(is_blank).to_owned()),
        ("rtrim", 1) => Value::Text(text()?.trim_end_matches(is_blank).to_owned()),
        ("ltrim", 1) => Value::Text(text()?.trim_start_matches(is_blank).to_owned()),
        ("rtrim", 2) => {
            let signs = mark(1)?.ok()?;
            Value::Text(text()?.trim_end_matches(|c| signs.contains(c)).to_owned())
        }
        ("strtolower", 1) => Value::Text(text()?.to_ascii_lowercase()),
        ("strtoupper", 1) => Value::Text(text()?.to_ascii_uppercase()),
        ("strval", 1) => operators::cast("string", first.clone()),
        ("intval", 1) => operators::cast("int", first.clone()),
        ("boolval", 1) => operators::cast("bool", first.clone()),
        ("floatval", 1) => operators::cast("float", first.clone()),
        ("str_replace", 3) => {
            let (from, to, whole) = (text()?, mark(1)?.ok()?, mark(2)?.ok()?);
            if from.is_empty() || to.len() > from.len().saturating_mul(8) {
                return None;
            }
            Value::Text(whole.replace(&from, &to))
        }
        ("implode" | "join", 2) => {
            let Value::Array(parts) = &arguments[1].value else { return None };
            if let Some(unknown) = parts.rest() {
                return Some(Value::Unknown(unknown.clone()));
            }
            match parts.values().map(|entry| entry.value.text(entry.line)).collect::<Result<Vec<_>, _>>() {
                Ok(parts) => Value::Text(parts.join(&text()?)),
                Err(unknown) => Value::Unknown(unknown),
            }
        }
        ("dirname", 1 | 2) => {
            let levels = usize::try_from(number(1)?.unwrap_or(1)).ok()?;
            let whole = text()?;
            let mut path = Path::new(&whole);
            for _ in 0..levels.min(whole.len()) {
                path = path.parent().unwrap_or(path);
            }
            Value::Text(path.to_string_lossy().into_owned())
        }
        ("basename", 1) => Value::Text(Path::new(&text()?).file_name()?.to_string_lossy().into_owned()),
        // Without a look at the disk, which may have links: only where nothing has to be followed.
        ("realpath", 1) => {
            let path = text()?;
            let is_plain =
                Path::new(&path).components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
            if !is_plain || !Path::new(&path).is_absolute() || !file.starts_with(&path) {
                return None;
            }
            Value::Text(path)
        }
        ("sprintf", _) => formatted(&text()?, &arguments[1..], line)?,
        _ => return of_values(name, arguments, line),
    })
}

/// Functions that ask what a value is, or take one apart.
fn of_values(name: &str, arguments: &[ArrayEntry], line: usize) -> Option<Value> {
    let first = arguments.first()?;
    let text = || first.value.text(line).ok();
    Some(match (name, arguments.len()) {
        ("base64_decode", 1 | 2) => {
            match STANDARD.decode(text()?.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(text) => Value::Text(text),
                None => unknown(line, "the value for base64_decode() is not base64 of text"),
            }
        }
        ("json_decode", 2..) if arguments[1].value == Value::Bool(true) => of_json(&text()?, line),
        ("is_string", 1) => Value::Bool(matches!(first.value.known().ok()?, Value::Text(_))),
        ("is_array", 1) => Value::Bool(matches!(first.value.known().ok()?, Value::Array(_))),
        ("is_null", 1) => match &first.value {
            Value::Unset(unset) => Value::Bool(unset.is_null),
            value => Value::Bool(*value.known().ok()? == Value::Null),
        },
        ("array_key_exists", 2) => {
            let key = Key::of(&first.value, line).ok()?;
            match &arguments[1].value {
                Value::Array(array) => match (array.get(&key), array.rest()) {
                    (Some(_), _) => Value::Bool(true),
                    (None, Some(unknown)) => Value::Unknown(unknown.clone()),
                    (None, None) => Value::Bool(false),
                },
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// What `trim()` takes off.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\0' | '\x0b')
}

/// `sprintf()` with `%s`, `%d` and `%%`; `None` with anything else.
fn formatted(format: &str, arguments: &[ArrayEntry], line: usize) -> Option<Value> {
    let mut text = String::new();
    let mut arguments = arguments.iter();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let sign = after.chars().next()?;
        match sign {
            '%' => text.push('%'),
            's' | 'd' => {
                let entry = arguments.next()?;
                let value = if sign == 'd' { operators::cast("int", entry.clone()) } else { entry.value.clone() };
                match value.text(line) {
                    Ok(argument) => text.push_str(&argument),
                    Err(unknown) => return Some(Value::Unknown(unknown)),
                }
            }
            _ => return None,
        }
        rest = &after[sign.len_utf8()..];
    }
    text.push_str(rest);
    Some(Value::Text(text))
}
