//! What a file has set so far: variables, constants, names of classes; and what it may ask of the outside.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::ParseError;
use super::value::{Array, ArrayEntry, Key, Unknown, Unset, Value, name_in_words};
use crate::variables::Variables;

/// Bytes and entries that a file may copy on top of a hundred times its own length. Far above what a configuration does; without a limit,
/// a line that doubles a string would fill the memory.
const COPIES: usize = 1_000_000;

/// What the web server or the command line puts into `$_SERVER` besides environment variables: each begins so.
const OF_REQUESTS: [&str; 18] = [
    "HTTP_",
    "HTTPS",
    "REQUEST_",
    "SERVER_",
    "SCRIPT_",
    "REMOTE_",
    "QUERY_",
    "DOCUMENT_",
    "PHP_SELF",
    "PHP_AUTH",
    "PATH_INFO",
    "PATH_TRANSLATED",
    "ORIG_",
    "CONTENT_",
    "GATEWAY_",
    "AUTH_",
    "argv",
    "argc",
];

/// Whether what is read happens.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mode {
    /// It does.
    Live,
    /// It does not: the other branch was taken.
    Dead,
    /// Nobody can tell.
    Maybe(Unknown),
}

/// What a file has set so far.
pub(super) struct Scope<'a> {
    environment: &'a Variables,
    pub path: &'a Path,
    variables: BTreeMap<String, ArrayEntry>,
    constants: BTreeMap<String, Value>,
    /// Class names by `use`, the key in lower case.
    pub classes: BTreeMap<String, String>,
    pub mode: Mode,
    /// What the file returned.
    pub returned: Option<ArrayEntry>,
    /// Variables variables that were asked for, are not set, and have nothing in their place.
    pub missing: BTreeMap<String, usize>,
    /// Set where code that is not seen here may have set variables and constants.
    opaque: Option<Unknown>,
    copies_left: usize,
    /// Statements and expressions in each other.
    pub depth: usize,
}

/// A step into an array that is assigned to.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// `['key']`
    Key(Key),
    /// `[]`
    Next,
    /// A key that nobody knows.
    Unknown(Unknown),
}

impl<'a> Scope<'a> {
    pub(super) fn new(environment: &'a Variables, path: &'a Path, file_length: usize) -> Self {
        Self {
            environment,
            path,
            variables: BTreeMap::new(),
            constants: BTreeMap::new(),
            classes: BTreeMap::new(),
            mode: Mode::Live,
            returned: None,
            missing: BTreeMap::new(),
            opaque: None,
            copies_left: COPIES.saturating_add(file_length.saturating_mul(100)),
            depth: 0,
        }
    }

    /// Counts bytes or entries that are copied.
    pub(super) fn spend(&mut self, count: usize, line: usize) -> Result<(), ParseError> {
        match self.copies_left.checked_sub(count) {
            Some(left) => {
                self.copies_left = left;
                Ok(())
            }
            None => Err(ParseError { line, reason: "this file computes more than a configuration does".to_owned() }),
        }
    }

    /// An environment variable as `getenv()` (`false`) or `$_ENV` (`null`) gives it.
    pub(super) fn environment_variable(&mut self, name: &str, line: usize, is_null: bool) -> Value {
        if let Some(value) = self.variables.get("_ENV").and_then(|of_file| match &of_file.value {
            Value::Array(array) => array.get(&Key::of_text(name)).map(|entry| entry.value.clone()),
            _ => None,
        }) {
            return value;
        }
        if let Some(value) = self.environment.get(name) {
            return Value::Text(value.to_owned());
        }
        if let Some(opaque) = &self.opaque {
            return Value::Unknown(opaque.clone());
        }
        if self.mode != Mode::Dead {
            self.missing.insert(name.to_owned(), line);
        }
        let reason = format!("the environment variable {} is not set", name_in_words(name));
        Value::Unset(Unset { unknown: Unknown { line, reason }, is_null, variable: Some(name.to_owned()) })
    }

    /// `$_SERVER['name']`
    pub(super) fn server_variable(&mut self, name: &str, line: usize) -> Value {
        if self.environment.get(name).is_none() && OF_REQUESTS.iter().any(|begin| name.starts_with(begin)) {
            let reason = format!("the value of {} in $_SERVER belongs to one request", name_in_words(name));
            return Value::Unknown(Unknown { line, reason });
        }
        self.environment_variable(name, line, true)
    }

    /// Something else stands in the place of a variable that is not set.
    pub(super) fn has_fallback(&mut self, value: &Value) {
        if let Value::Unset(Unset { variable: Some(name), .. }) = value {
            self.missing.remove(name);
        }
    }

    pub(super) fn variable(&self, name: &str, line: usize) -> Value {
        if let Some(entry) = self.variables.get(name) {
            return entry.value.clone();
        }
        let reason = format!("the variable ${} is not set in this file", name_in_words(name));
        match &self.opaque {
            Some(unknown) => Value::Unknown(unknown.clone()),
            None => Value::Unset(Unset { unknown: Unknown { line, reason }, is_null: true, variable: None }),
        }
    }

    pub(super) fn constant(&self, name: &str) -> Option<&Value> {
        self.constants.get(name)
    }

    /// Why constants may be set that nobody knows.
    pub(super) fn opaque(&self) -> Option<&Unknown> {
        self.opaque.as_ref()
    }

    pub(super) fn define(&mut self, name: &str, value: Value) {
        match &self.mode {
            Mode::Dead => {}
            Mode::Live => {
                // The first definition stays, as in PHP.
                self.constants.entry(name.to_owned()).or_insert(value);
            }
            Mode::Maybe(unknown) => {
                self.constants.insert(name.to_owned(), Value::Unknown(unknown.clone()));
            }
        }
    }

    /// `$name[…][…] = value`
    pub(super) fn assign(&mut self, name: &str, steps: &[Step], entry: ArrayEntry) -> Result<(), ParseError> {
        let value = match &self.mode {
            Mode::Dead => return Ok(()),
            Mode::Live => entry.value,
            Mode::Maybe(unknown) => Value::Unknown(unknown.clone()),
        };
        let before = match self.variables.remove(name) {
            Some(entry) => entry.value,
            None if matches!(name, "_ENV" | "_SERVER") && !steps.is_empty() => Value::Null,
            None => self.variable(name, entry.line),
        };
        let mut whole = before;
        let copied = set(&mut whole, steps, ArrayEntry { line: entry.line, value });
        self.variables.insert(name.to_owned(), ArrayEntry { line: entry.line, value: whole });
        self.spend(copied, entry.line)
    }

    /// A variable that something unseen may have changed.
    pub(super) fn forget(&mut self, name: &str, unknown: &Unknown) {
        if self.mode != Mode::Dead {
            let value = Value::Unknown(unknown.clone());
            self.variables.insert(name.to_owned(), ArrayEntry { line: unknown.line, value });
        }
    }

    /// After code that is not seen here, every variable and every constant may be another.
    pub(super) fn forget_all(&mut self, unknown: &Unknown) {
        if self.mode != Mode::Dead {
            let names: Vec<String> = self.variables.keys().cloned().collect();
            for name in names {
                self.forget(&name, unknown);
            }
            self.hide(unknown);
        }
    }

    /// After code that is not seen here, environment variables and constants may be set that are not known.
    pub(super) fn hide(&mut self, unknown: &Unknown) {
        if self.mode != Mode::Dead {
            self.opaque.get_or_insert_with(|| unknown.clone());
        }
    }

    /// `return value;`
    pub(super) fn give_back(&mut self, entry: ArrayEntry) {
        match &self.mode {
            Mode::Dead => {}
            Mode::Live => {
                self.returned.get_or_insert(entry);
            }
            Mode::Maybe(unknown) => {
                let value = Value::Unknown(unknown.clone());
                self.returned.get_or_insert(ArrayEntry { line: entry.line, value });
            }
        }
    }

    /// What happens in a branch. Gives the mode to go back to.
    pub(super) fn enter(&mut self, is_taken: &Result<bool, Unknown>) -> Mode {
        let within = match (&self.mode, is_taken) {
            (Mode::Dead, _) | (_, Ok(false)) => Mode::Dead,
            (mode, Ok(true)) => mode.clone(),
            (Mode::Live, Err(unknown)) | (Mode::Maybe(unknown), Err(_)) => Mode::Maybe(unknown.clone()),
        };
        std::mem::replace(&mut self.mode, within)
    }
}

/// Sets what is at the end of these steps. Gives how many entries had to be copied.
fn set(value: &mut Value, steps: &[Step], entry: ArrayEntry) -> usize {
    let Some((step, steps)) = steps.split_first() else {
        *value = entry.value;
        return 0;
    };
    let mut array = match std::mem::replace(value, Value::Null) {
        Value::Array(array) => array,
        Value::Null | Value::Unset(_) => Arc::default(),
        Value::Unknown(unknown) => Arc::new(Array::with_rest(unknown)),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {
            let reason = "a key is set of a value that is not an array".to_owned();
            *value = Value::Unknown(Unknown { line: entry.line, reason });
            return 0;
        }
    };
    let mut copied = if Arc::strong_count(&array) > 1 { array.entries().len() } else { 0 };
    let changed = Arc::make_mut(&mut array);
    match step {
        Step::Key(key) => changed.change(key.clone(), entry.line, |value| copied += set(value, steps, entry)),
        Step::Next => {
            let mut value = Value::Null;
            let line = entry.line;
            copied += set(&mut value, steps, entry);
            changed.push(ArrayEntry { line, value });
        }
        Step::Unknown(unknown) => changed.insert_unknown(unknown.clone()),
    }
    *value = Value::Array(array);
    copied
}
