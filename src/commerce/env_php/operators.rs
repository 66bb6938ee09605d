//! What operators and casts make of values.

use std::cmp::Ordering;

use super::value::{ArrayEntry, Unknown, Value};

/// Whether this is a type that PHP casts to.
pub(super) fn is_cast(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "int" | "integer" | "float" | "double" | "string" | "bool" | "boolean" | "array" | "object" | "binary"
    )
}

/// A number as it is written in PHP; `None` if it is none.
pub(super) fn number(text: &str) -> Option<Value> {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = if let Some(hex) = lower.strip_prefix("0x") {
        (hex, 16)
    } else if let Some(binary) = lower.strip_prefix("0b") {
        (binary, 2)
    } else if lower.len() > 1 && lower.starts_with('0') && !lower.contains(['.', 'e', '8', '9']) {
        (lower.strip_prefix("0o").unwrap_or(&lower), 8)
    } else {
        (lower.as_str(), 10)
    };
    let is_whole = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    if is_whole {
        if let Ok(number) = i64::from_str_radix(digits, radix) {
            return Some(Value::Int(number));
        }
        // What is too big for a whole number is a float in PHP.
        let digit = |sum: f64, c: char| sum * f64::from(radix) + f64::from(c.to_digit(radix).unwrap_or_default());
        return Some(Value::Float(digits.chars().fold(0.0, digit)));
    }
    let is_decimal = radix == 10 && digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    is_decimal.then(|| digits.parse().ok()).flatten().map(Value::Float)
}

/// A number in text, such as `"42"`, as PHP reads it in a calculation.
fn numeric(value: &Value) -> Option<Value> {
    match value {
        Value::Int(_) | Value::Float(_) => Some(value.clone()),
        Value::Bool(flag) => Some(Value::Int(i64::from(*flag))),
        Value::Null => Some(Value::Int(0)),
        Value::Text(text) => {
            let text = text.trim();
            match text.parse::<i64>() {
                Ok(number) => Some(Value::Int(number)),
                Err(_) if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+')) => {
                    text.parse().ok().map(Value::Float)
                }
                Err(_) => None,
            }
        }
        _ => None,
    }
}

fn float(value: &Value) -> Option<f64> {
    match numeric(value)? {
        Value::Int(number) => Some(number as f64),
        Value::Float(number) => Some(number),
        _ => None,
    }
}

pub(super) fn unary(sign: &str, operand: &ArrayEntry) -> Value {
    let value = match operand.value.known() {
        Ok(value) => value,
        Err(unknown) => return Value::Unknown(unknown.clone()),
    };
    let result = match (sign, numeric(value)) {
        ("+", result) => result,
        ("-", Some(Value::Int(number))) => number.checked_neg().map(Value::Int),
        ("-", Some(Value::Float(number))) => Some(Value::Float(-number)),
        ("~", Some(Value::Int(number))) if matches!(value, Value::Int(_)) => Some(Value::Int(!number)),
        _ => None,
    };
    result.unwrap_or_else(|| not_computed(operand.line))
}

fn not_computed(line: usize) -> Value {
    Value::Unknown(Unknown { line, reason: "the result of this calculation is not computed".to_owned() })
}

/// The result of an operator between two values.
pub(super) fn binary(sign: &str, left: &ArrayEntry, right: &ArrayEntry) -> Value {
    if let "===" | "!==" | "==" | "!=" | "<>" = sign {
        return match equal(&left.value, &right.value, sign.len() == 3) {
            Ok(is_equal) => Value::Bool(is_equal == matches!(sign, "==" | "===")),
            Err(Some(unknown)) => Value::Unknown(unknown),
            Err(None) => not_computed(left.line),
        };
    }
    let (a, b) = match (left.value.known(), right.value.known()) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(unknown), _) | (_, Err(unknown)) => return Value::Unknown(unknown.clone()),
    };
    if sign == "." {
        return match (a.text(left.line), b.text(right.line)) {
            (Ok(a), Ok(b)) => Value::Text(a + &b),
            (Err(unknown), _) | (_, Err(unknown)) => Value::Unknown(unknown),
        };
    }
    calculate(sign, a, b).unwrap_or_else(|| not_computed(left.line))
}

fn calculate(sign: &str, a: &Value, b: &Value) -> Option<Value> {
    if sign == "+"
        && let (Value::Array(first), Value::Array(second)) = (a, b)
    {
        // A union: the first array's entries count, and the second's are added.
        if let Some(unknown) = first.rest() {
            return Some(Value::Unknown(unknown.clone()));
        }
        let mut union = (**second).clone();
        for (key, entry) in first.entries() {
            union.insert(key.clone(), entry.clone());
        }
        return Some(Value::Array(union.into()));
    }
    if let "xor" = sign {
        return Some(Value::Bool(a.truth().ok()? != b.truth().ok()?));
    }
    if let "<" | "<=" | ">" | ">=" | "<=>" = sign {
        let order = float(a)?.partial_cmp(&float(b)?)?;
        return Some(match sign {
            "<" => Value::Bool(order == Ordering::Less),
            "<=" => Value::Bool(order != Ordering::Greater),
            ">" => Value::Bool(order == Ordering::Greater),
            ">=" => Value::Bool(order != Ordering::Less),
            _ => Value::Int(order as i64),
        });
    }
    if let (Value::Int(a), Value::Int(b)) = (numeric(a)?, numeric(b)?) {
        let whole = match sign {
            "+" => a.checked_add(b),
            "-" => a.checked_sub(b),
            "*" => a.checked_mul(b),
            "/" if b != 0 && a.checked_rem(b) == Some(0) => a.checked_div(b),
            "%" => a.checked_rem(b),
            "**" => a.checked_pow(u32::try_from(b).ok()?),
            "|" => Some(a | b),
            "&" => Some(a & b),
            "^" => Some(a ^ b),
            "<<" => u32::try_from(b).ok().filter(|bits| *bits < 64).map(|bits| a.wrapping_shl(bits)),
            ">>" => u32::try_from(b).ok().filter(|bits| *bits < 64).map(|bits| a >> bits),
            _ => None,
        };
        if let Some(whole) = whole {
            return Some(Value::Int(whole));
        }
    }
    let (a, b) = (float(a)?, float(b)?);
    let result = match sign {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" if b != 0.0 => a / b,
        "**" => a.powf(b),
        _ => return None,
    };
    Some(Value::Float(result))
}

/// Whether two values are the same; `Err(None)` where that is not computed.
fn equal(left: &Value, right: &Value, is_strict: bool) -> Result<bool, Option<Unknown>> {
    // Not set is `null` or `false`: a comparison with these is what asks for it.
    let settled = |value: &Value| match value {
        Value::Unset(unset) if unset.is_null => Value::Null,
        Value::Unset(_) => Value::Bool(false),
        value => value.clone(),
    };
    let (left, right) = match (left, right) {
        (Value::Unknown(unknown), _) | (_, Value::Unknown(unknown)) => return Err(Some(unknown.clone())),
        // Arrays that share parts could take for ever to be compared.
        (Value::Array(_), _) | (_, Value::Array(_)) => return Err(None),
        (left, right) => (settled(left), settled(right)),
    };
    if is_strict || std::mem::discriminant(&left) == std::mem::discriminant(&right) {
        if let (Value::Text(a), Value::Text(b), false) = (&left, &right, is_strict)
            && let (Some(a), Some(b)) =
                (numeric(&left).filter(|_| !a.is_empty()), numeric(&right).filter(|_| !b.is_empty()))
        {
            return Ok(float(&a) == float(&b));
        }
        return Ok(left == right);
    }
    match (&left, &right) {
        (Value::Bool(flag), other) | (other, Value::Bool(flag)) => {
            other.truth().map(|truth| truth == *flag).map_err(Some)
        }
        (Value::Null, other) | (other, Value::Null) => match other {
            Value::Text(text) => Ok(text.is_empty()),
            other => other.truth().map(|truth| !truth).map_err(Some),
        },
        (a, b) => match (float(a), float(b)) {
            (Some(a), Some(b)) => Ok(a.partial_cmp(&b) == Some(Ordering::Equal)),
            _ => Ok(a.text(0).ok() == b.text(0).ok()),
        },
    }
}

/// `(type) operand`. What is not set stays so.
pub(super) fn cast(to: &str, operand: ArrayEntry) -> Value {
    let line = operand.line;
    let value = match operand.value {
        value @ (Value::Unset(_) | Value::Unknown(_)) => return value,
        value => value,
    };
    match to {
        "int" | "integer" => whole(&value).map_or_else(|| not_computed(line), Value::Int),
        "float" | "double" => leading(&value).map_or_else(|| not_computed(line), Value::Float),
        "string" | "binary" => value.text(line).map_or_else(Value::Unknown, Value::Text),
        "bool" | "boolean" => value.truth().map_or_else(Value::Unknown, Value::Bool),
        "array" if matches!(value, Value::Array(_)) => value,
        _ => not_computed(line),
    }
}

/// A number, or the number that a text begins with; 0 without one.
fn leading(value: &Value) -> Option<f64> {
    let Value::Text(text) = value else { return float(value) };
    let text = text.trim_start();
    let end = text
        .char_indices()
        .take_while(|(at, c)| c.is_ascii_digit() || (*at == 0 && matches!(c, '+' | '-')) || *c == '.')
        .map(|(at, c)| at + c.len_utf8())
        .last()
        .unwrap_or_default();
    Some(text[..end].parse().unwrap_or(0.0))
}

#[expect(clippy::cast_possible_truncation, reason = "PHP cuts the fraction off, too")]
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Text(text) if text.trim().parse::<i64>().is_ok() => text.trim().parse().ok(),
        value => leading(value).filter(|number| number.abs() < 9e15).map(|number| number as i64),
    }
}
