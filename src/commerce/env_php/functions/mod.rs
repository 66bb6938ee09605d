//! The functions and constants whose result is the same for everybody, and the words that begin an expression.

mod text;

use std::path::Path;
use std::sync::Arc;

use super::ParseError;
use super::lexer::Token;
use super::parser::Parser;
use super::scope::{Mode, Scope, Step};
use super::value::{Array, ArrayEntry, Key, Unknown, Value, name_in_words};

/// PDO's numbers of driver options for MySQL: `\PDO::MYSQL_ATTR_…`, or `\Pdo\Mysql::ATTR_…`.
const MYSQL_ATTRIBUTES: [(&str, i64); 16] = [
    ("USE_BUFFERED_QUERY", 1000),
    ("LOCAL_INFILE", 1001),
    ("INIT_COMMAND", 1002),
    ("COMPRESS", 1003),
    ("DIRECT_QUERY", 1004),
    ("FOUND_ROWS", 1005),
    ("IGNORE_SPACE", 1006),
    ("SSL_KEY", 1007),
    ("SSL_CERT", 1008),
    ("SSL_CA", 1009),
    ("SSL_CAPATH", 1010),
    ("SSL_CIPHER", 1011),
    ("SERVER_PUBLIC_KEY", 1012),
    ("MULTI_STATEMENTS", 1013),
    ("SSL_VERIFY_SERVER_CERT", 1014),
    ("LOCAL_INFILE_DIRECTORY", 1015),
];
/// Other constants of PDO that are seen among driver options.
const PDO: [(&str, i64); 20] = [
    ("ATTR_AUTOCOMMIT", 0),
    ("ATTR_PREFETCH", 1),
    ("ATTR_TIMEOUT", 2),
    ("ATTR_ERRMODE", 3),
    ("ATTR_SERVER_VERSION", 4),
    ("ATTR_CLIENT_VERSION", 5),
    ("ATTR_SERVER_INFO", 6),
    ("ATTR_CONNECTION_STATUS", 7),
    ("ATTR_CASE", 8),
    ("ATTR_CURSOR", 10),
    ("ATTR_ORACLE_NULLS", 11),
    ("ATTR_PERSISTENT", 12),
    ("ATTR_DRIVER_NAME", 16),
    ("ATTR_STRINGIFY_FETCHES", 17),
    ("ATTR_DEFAULT_FETCH_MODE", 19),
    ("ATTR_EMULATE_PREPARES", 20),
    ("ERRMODE_SILENT", 0),
    ("ERRMODE_WARNING", 1),
    ("ERRMODE_EXCEPTION", 2),
    ("FETCH_ASSOC", 2),
];
/// The application modes of `Magento\Framework\App\State`.
const MODES: [(&str, &str); 4] = [
    ("PARAM_MODE", "MAGE_MODE"),
    ("MODE_DEVELOPER", "developer"),
    ("MODE_PRODUCTION", "production"),
    ("MODE_DEFAULT", "default"),
];
/// Functions that leave variables and environment as they are, though what they give depends on the machine or the moment.
const HARMLESS: [&str; 57] = [
    "array_filter",
    "array_key_exists",
    "array_keys",
    "array_map",
    "array_merge_recursive",
    "array_values",
    "bin2hex",
    "class_exists",
    "count",
    "date",
    "date_default_timezone_set",
    "define",
    "error_reporting",
    "explode",
    "extension_loaded",
    "file",
    "file_exists",
    "file_get_contents",
    "function_exists",
    "gethostbyname",
    "gethostname",
    "hash",
    "header",
    "http_build_query",
    "in_array",
    "ini_get",
    "ini_set",
    "intdiv",
    "is_array",
    "is_dir",
    "is_file",
    "is_readable",
    "is_string",
    "json_encode",
    "max",
    "md5",
    "microtime",
    "min",
    "mt_rand",
    "parse_ini_file",
    "parse_url",
    "php_sapi_name",
    "php_uname",
    "phpversion",
    "preg_replace",
    "print_r",
    "rand",
    "random_int",
    "realpath",
    "rtrim",
    "setlocale",
    "sha1",
    "sys_get_temp_dir",
    "time",
    "umask",
    "uniqid",
    "version_compare",
];

/// The call of a function or of what looks like one; its opening bracket is next.
pub(super) fn call(parser: &mut Parser<'_, '_, '_>, word: &str, line: usize) -> Result<ArrayEntry, ParseError> {
    let begin = parser.at;
    let name = word.to_ascii_lowercase();
    let name = name.rsplit('\\').next().unwrap_or_default();
    let entry = |value| Ok(ArrayEntry { line, value });
    match name {
        "array" => {
            parser.at += 1;
            return parser.array(")", line);
        }
        "include" | "include_once" | "require" | "require_once" | "print" | "clone" | "throw" | "exit" | "die"
        | "eval" => {
            return running(parser, name, line);
        }
        _ => {}
    }
    let arguments = parser.arguments()?;
    let Some(arguments) = arguments else {
        return Ok(unknown_call(parser, name, begin, line));
    };
    match (name, arguments.as_slice()) {
        ("isset", values) => {
            for value in values {
                parser.scope.has_fallback(&value.value);
            }
            entry(isset(values))
        }
        ("empty", [value]) => {
            parser.scope.has_fallback(&value.value);
            entry(value.value.truth().map_or_else(Value::Unknown, |truth| Value::Bool(!truth)))
        }
        ("define", [name, value, ..]) => {
            match &name.value {
                Value::Text(name) => parser.scope.define(name, value.value.clone()),
                other => {
                    let unknown = other
                        .known()
                        .err()
                        .cloned()
                        .unwrap_or(Unknown { line, reason: "the name of this constant is unknown".to_owned() });
                    parser.scope.hide(&unknown);
                }
            }
            entry(Value::Bool(true))
        }
        ("defined", [name]) => entry(match &name.value {
            Value::Text(name) => match (constant(name, line, parser.scope), parser.scope.opaque()) {
                (Some(_), _) => Value::Bool(true),
                (None, Some(unknown)) => Value::Unknown(unknown.clone()),
                (None, None) => Value::Bool(false),
            },
            _ => unknown(line, "the name of this constant is unknown"),
        }),
        ("constant", [name]) => entry(match &name.value {
            Value::Text(name) => {
                constant(name, line, parser.scope).unwrap_or_else(|| unknown(line, "unknown constant"))
            }
            _ => unknown(line, "the name of this constant is unknown"),
        }),
        ("getenv", [name] | [name, _]) => entry(match name.value.text(line) {
            Ok(name) => parser.scope.environment_variable(&name, line, false),
            Err(unknown) => Value::Unknown(unknown),
        }),
        ("putenv", [pair]) => {
            let text = pair.value.text(line);
            if let Ok(Some((name, value))) = text.as_ref().map(|pair| pair.split_once('=')) {
                let value = ArrayEntry { line, value: Value::Text(value.to_owned()) };
                parser.scope.assign("_ENV", &[Step::Key(Key::of_text(name))], value)?;
            } else {
                let reason = "an unknown environment variable is changed".to_owned();
                parser.scope.forget_all(&Unknown { line, reason });
            }
            entry(Value::Bool(true))
        }
        ("array_merge" | "array_replace", arrays) => {
            let mut merged = Array::default();
            for array in arrays {
                merge(&mut merged, array, name == "array_merge", parser.scope)?;
            }
            entry(Value::Array(Arc::new(merged)))
        }
        ("array_replace_recursive", [first, rest @ ..]) => {
            let mut value = first.value.clone();
            for other in rest {
                value = replace(&value, &other.value, line, parser.scope)?;
            }
            entry(value)
        }
        _ => match text::call(name, &arguments, line, parser.scope.path) {
            Some(value) => {
                parser.spend_on(&value, line)?;
                entry(value)
            }
            None => Ok(unknown_call(parser, name, begin, line)),
        },
    }
}

pub(super) fn unknown(line: usize, reason: &str) -> Value {
    Value::Unknown(Unknown { line, reason: reason.to_owned() })
}

/// A function that is not computed. It may change a variable that is passed to it, and read variables into the environment.
fn unknown_call(parser: &mut Parser<'_, '_, '_>, name: &str, begin: usize, line: usize) -> ArrayEntry {
    let unknown = Unknown { line, reason: format!("the function {}() is not supported", name_in_words(name)) };
    if !HARMLESS.contains(&name) {
        parser.forget_within(begin, &unknown);
        parser.scope.hide(&unknown);
    }
    if matches!(name, "extract" | "parse_str") {
        parser.scope.forget_all(&unknown);
    }
    ArrayEntry { line, value: Value::Unknown(unknown) }
}

fn isset(values: &[ArrayEntry]) -> Value {
    for entry in values {
        match &entry.value {
            Value::Unknown(unknown) => return Value::Unknown(unknown.clone()),
            Value::Null | Value::Unset(_) => return Value::Bool(false),
            _ => {}
        }
    }
    Value::Bool(true)
}

/// JSON as PHP's arrays.
pub(super) fn of_json(text: &str, line: usize) -> Value {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => json(value, line),
        Err(_) => unknown(line, "invalid JSON"),
    }
}

fn json(value: serde_json::Value, line: usize) -> Value {
    use serde_json::Value as Json;
    match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(float)) => Value::Float(float),
            (None, None) => unknown(line, "a number in JSON is out of range"),
        },
        Json::String(text) => Value::Text(text),
        Json::Array(values) => {
            let mut array = Array::default();
            for value in values {
                array.push(ArrayEntry { line, value: json(value, line) });
            }
            Value::Array(Arc::new(array))
        }
        Json::Object(values) => {
            let mut array = Array::default();
            for (key, value) in values {
                array.insert(Key::of_text(&key), ArrayEntry { line, value: json(value, line) });
            }
            Value::Array(Arc::new(array))
        }
    }
}

/// Adds the entries of a value to an array. Numbers are counted on, or replace.
pub(super) fn merge(
    into: &mut Array,
    from: &ArrayEntry,
    counts_on: bool,
    scope: &mut Scope<'_>,
) -> Result<(), ParseError> {
    let array = match from.value.known() {
        Ok(Value::Array(array)) => array,
        Ok(_) => {
            let reason = "a merged value is not an array".to_owned();
            into.insert_unknown(Unknown { line: from.line, reason });
            return Ok(());
        }
        Err(unknown) => {
            into.insert_unknown(unknown.clone());
            return Ok(());
        }
    };
    if let Some(unknown) = array.rest() {
        into.insert_unknown(unknown.clone());
    }
    scope.spend(array.entries().len(), from.line)?;
    for (key, entry) in array.entries() {
        match key {
            Key::Number(_) if counts_on => into.push(entry.clone()),
            key => into.insert(key.clone(), entry.clone()),
        }
    }
    Ok(())
}

/// `array_replace_recursive()`: arrays are merged key by key, and anything else is replaced.
pub(super) fn replace(base: &Value, over: &Value, line: usize, scope: &mut Scope<'_>) -> Result<Value, ParseError> {
    let (Value::Array(base), Value::Array(over)) = (base, over) else { return Ok(over.clone()) };
    let mut merged = (**base).clone();
    scope.spend(base.entries().len() + over.entries().len(), line)?;
    if let Some(unknown) = over.rest() {
        merged.insert_unknown(unknown.clone());
    }
    for (key, entry) in over.entries() {
        let value = match merged.get(key) {
            Some(before) => replace(&before.value, &entry.value, line, scope)?,
            None => entry.value.clone(),
        };
        merged.insert(key.clone(), ArrayEntry { line: entry.line, value });
    }
    Ok(Value::Array(Arc::new(merged)))
}

/// Words that begin an expression of their own.
pub(super) fn keyword(
    parser: &mut Parser<'_, '_, '_>,
    word: &str,
    line: usize,
) -> Result<Option<ArrayEntry>, ParseError> {
    let name = word.to_ascii_lowercase();
    match name.as_str() {
        "include" | "include_once" | "require" | "require_once" | "print" | "clone" | "throw" | "exit" | "die"
        | "yield" => running(parser, &name, line).map(Some),
        "new" => {
            // `new Name(…)`, `new class(…) {…}`
            while matches!(parser.peek(), Some(Token::Word(_) | Token::Variable(_))) {
                parser.at += 1;
            }
            for open in ["(", "{"] {
                if parser.is_next(open) {
                    parser.skip_group()?;
                }
            }
            let unknown = Unknown { line, reason: "creating objects is not supported".to_owned() };
            parser.scope.hide(&unknown);
            Ok(Some(ArrayEntry { line, value: Value::Unknown(unknown) }))
        }
        "function" | "match" => {
            while !parser.is_next("{") {
                match parser.peek() {
                    None | Some(Token::Sign(";")) => return Err(parser.error(format!("expected `{{` after `{name}`"))),
                    Some(Token::Sign("(")) => parser.skip_group()?,
                    Some(_) => parser.at += 1,
                }
            }
            parser.skip_group()?;
            Ok(Some(Parser::unknown(line, format!("the result of `{name}` is not computed"))))
        }
        "fn" => {
            while !parser.take("=>") {
                match parser.peek() {
                    None | Some(Token::Sign(";")) => return Err(parser.error("expected `=>` after `fn`")),
                    Some(Token::Sign("(")) => parser.skip_group()?,
                    Some(_) => parser.at += 1,
                }
            }
            // What is in it does not happen here.
            let before = std::mem::replace(&mut parser.scope.mode, Mode::Dead);
            let body = parser.expression();
            parser.scope.mode = before;
            body.map(|_| Some(Parser::unknown(line, "the result of `fn` is not computed")))
        }
        "static" => match parser.peek().cloned() {
            // `static fn`, `static function`
            Some(Token::Word(word)) => {
                parser.at += 1;
                keyword(parser, &word, line)
            }
            _ => Ok(Some(Parser::unknown(line, "the result of `static` is not computed"))),
        },
        _ => Ok(None),
    }
}

/// What would run code, or end the run.
fn running(parser: &mut Parser<'_, '_, '_>, name: &str, line: usize) -> Result<ArrayEntry, ParseError> {
    let operand = match parser.peek() {
        Some(Token::Sign(";" | ")" | "]" | ",")) | None => None,
        Some(_) => Some(parser.expression()?),
    };
    let unknown = Unknown { line, reason: format!("the result of `{name}` is unknown: no other code is run") };
    let loads_classes = matches!(operand.as_ref().map(|operand| &operand.value), Some(Value::Text(path)) if path.ends_with("vendor/autoload.php"));
    if !loads_classes && !matches!(name, "print" | "clone") {
        parser.scope.forget_all(&unknown);
    }
    Ok(ArrayEntry { line, value: Value::Unknown(unknown) })
}

/// `Name::class`, `\PDO::MYSQL_ATTR_SSL_CA`, `Name::call(…)`; the two colons are next.
pub(super) fn of_class(parser: &mut Parser<'_, '_, '_>, class: &str, line: usize) -> ArrayEntry {
    let full = parser.class_name(class);
    let Some(Token::Word(name)) = parser.peek_at(1).cloned() else {
        // `Name::$variable`: what follows the colons is read like any other arrow.
        return Parser::unknown(line, "class members are not supported");
    };
    if matches!(parser.peek_at(2), Some(Token::Sign("("))) {
        return Parser::unknown(line, "method calls are not supported");
    }
    parser.at += 2;
    let short = full.to_ascii_lowercase();
    let number =
        |list: &[(&str, i64)], name: &str| list.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    let value = match (short.as_str(), name.as_str()) {
        (_, word) if word.eq_ignore_ascii_case("class") => Some(Value::Text(full)),
        ("pdo", name) => match name.strip_prefix("MYSQL_ATTR_") {
            Some(name) => number(&MYSQL_ATTRIBUTES, name),
            None => number(&PDO, name),
        }
        .map(Value::Int),
        ("pdo\\mysql", name) => {
            let own = name.strip_prefix("ATTR_").and_then(|name| number(&MYSQL_ATTRIBUTES, name));
            own.or_else(|| number(&PDO, name)).map(Value::Int)
        }
        ("magento\\framework\\app\\state", name) => {
            MODES.iter().find(|(known, _)| *known == name).map(|(_, text)| Value::Text((*text).to_owned()))
        }
        _ => None,
    };
    match value {
        Some(value) => ArrayEntry { line, value },
        None => Parser::unknown(line, format!("unknown class constant {}", name_in_words(&name))),
    }
}

/// A constant by its name.
pub(super) fn constant(word: &str, line: usize, scope: &Scope<'_>) -> Option<Value> {
    let name = word.trim_start_matches('\\');
    let text = |path: Option<&Path>| path.map(|path| Value::Text(path.to_string_lossy().into_owned()));
    let root = || scope.path.ancestors().nth(3);
    match name.to_ascii_lowercase().as_str() {
        "true" => return Some(Value::Bool(true)),
        "false" => return Some(Value::Bool(false)),
        "null" => return Some(Value::Null),
        "__dir__" => return text(scope.path.parent()),
        "__file__" => return text(Some(scope.path)),
        "__line__" => return i64::try_from(line).ok().map(Value::Int),
        _ => {}
    }
    if let Some(value) = scope.constant(name) {
        return Some(value.clone());
    }
    match name {
        "PHP_EOL" => Some(Value::Text("\n".to_owned())),
        "DIRECTORY_SEPARATOR" | "DS" => Some(Value::Text("/".to_owned())),
        "PATH_SEPARATOR" => Some(Value::Text(":".to_owned())),
        "PHP_INT_MAX" => Some(Value::Int(i64::MAX)),
        "PHP_INT_SIZE" => Some(Value::Int(8)),
        // Commerce's own root, above app/etc.
        "BP" => text(root()),
        _ => None,
    }
}

impl Parser<'_, '_, '_> {
    /// A class by its full name.
    fn class_name(&self, class: &str) -> String {
        if let Some(full) = class.strip_prefix('\\') {
            return full.to_owned();
        }
        let (first, rest) = class.split_once('\\').unwrap_or((class, ""));
        let known = self.scope.classes.get(&first.to_lowercase());
        match (known, rest) {
            (None, _) => class.to_owned(),
            (Some(full), "") => full.clone(),
            (Some(full), rest) => format!("{full}\\{rest}"),
        }
    }
}
