//! Values of the PHP that a configuration file is made of, with those that cannot be known without running it.

use std::sync::Arc;

/// Arrays in arrays, at most: real files have about six levels, and each costs stack.
pub(super) const DEPTH_LIMIT: usize = 64;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    Text(String),
    /// An array. Shared, because a variable may stand in many places.
    Array(Arc<Array>),
    /// Something that is not set here: falsy, and unknown where it is used.
    Unset(Unset),
    /// Something that only PHP could tell.
    Unknown(Unknown),
}

/// Why a value is unknown, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unknown {
    /// The line, from 1.
    pub line: usize,
    /// Why; it begins with a noun (`the function foo() …`) and never holds a value of the file.
    pub reason: String,
}

/// A variable, environment variable or array key that is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unset {
    /// What is said where it is needed all the same.
    pub unknown: Unknown,
    /// PHP's value of it: `null`, or else `false` as `getenv()` gives it.
    pub is_null: bool,
    /// The environment variable, if it is one.
    pub variable: Option<String>,
}

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ArrayEntry {
    /// The line, from 1.
    pub line: usize,
    pub value: Value,
}

/// The key of an array's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// A whole number, written or counted.
    Number(i64),
    Text(String),
}

impl Key {
    /// A text as a key: PHP turns a whole number into that number.
    pub(super) fn of_text(text: &str) -> Key {
        match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => Key::Number(number),
            _ => Key::Text(text.to_owned()),
        }
    }

    /// What PHP makes of a value that is a key.
    pub(super) fn of(value: &Value, line: usize) -> Result<Key, Unknown> {
        match value {
            Value::Text(text) => Ok(Key::of_text(text)),
            Value::Int(number) => Ok(Key::Number(*number)),
            #[expect(clippy::cast_possible_truncation, reason = "PHP cuts the fraction off, too")]
            Value::Float(number) if number.abs() < 9e15 => Ok(Key::Number(*number as i64)),
            Value::Bool(flag) => Ok(Key::Number(i64::from(*flag))),
            Value::Null => Ok(Key::Text(String::new())),
            Value::Unset(unset) => Err(unset.unknown.clone()),
            Value::Unknown(unknown) => Err(unknown.clone()),
            Value::Float(_) | Value::Array(_) => {
                Err(Unknown { line, reason: "a key must be text or a whole number".to_owned() })
            }
        }
    }
}

impl Value {
    /// How many arrays lie in each other here.
    fn depth(&self) -> usize {
        if let Value::Array(array) = self { array.depth } else { 0 }
    }

    /// The value if it is known: what is not set counts as unknown.
    pub(super) fn known(&self) -> Result<&Value, &Unknown> {
        match self {
            Value::Unknown(unknown) => Err(unknown),
            Value::Unset(unset) => Err(&unset.unknown),
            value => Ok(value),
        }
    }

    /// As PHP writes it into text.
    pub(super) fn text(&self, line: usize) -> Result<String, Unknown> {
        match self.known().map_err(Clone::clone)? {
            Value::Text(text) => Ok(text.clone()),
            Value::Int(number) => Ok(number.to_string()),
            Value::Float(number) => Ok(number.to_string()),
            Value::Bool(true) => Ok("1".to_owned()),
            Value::Bool(false) | Value::Null => Ok(String::new()),
            _ => Err(Unknown { line, reason: "expected text, but found an array".to_owned() }),
        }
    }

    /// Whether PHP takes it for true.
    pub(super) fn truth(&self) -> Result<bool, Unknown> {
        Ok(match self {
            Value::Null | Value::Unset(_) => false,
            Value::Bool(flag) => *flag,
            Value::Int(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Text(text) => !matches!(text.as_str(), "" | "0"),
            Value::Array(array) => match &array.rest {
                Some(unknown) if array.entries.is_empty() => return Err(unknown.clone()),
                _ => !array.entries.is_empty(),
            },
            Value::Unknown(unknown) => return Err(unknown.clone()),
        })
    }

    /// What stands under a key of it.
    pub(super) fn at(&self, key: &Key, line: usize) -> ArrayEntry {
        let absent = |what: String| {
            let unknown = Unknown { line, reason: format!("the array key {what} is not set") };
            ArrayEntry { line, value: Value::Unset(Unset { unknown, is_null: true, variable: None }) }
        };
        let named = match key {
            Key::Number(number) => number.to_string(),
            Key::Text(text) => name_in_words(text),
        };
        match self {
            Value::Array(array) => match (array.get(key), &array.rest) {
                (Some(entry), _) => entry.clone(),
                (None, Some(unknown)) => ArrayEntry { line, value: Value::Unknown(unknown.clone()) },
                (None, None) => absent(named),
            },
            Value::Null => absent(named),
            Value::Unset(_) | Value::Unknown(_) => ArrayEntry { line, value: self.clone() },
            _ => ArrayEntry {
                line,
                value: Value::Unknown(Unknown {
                    line,
                    reason: "a key is read of a value that is not an \
                                                               array"
                        .to_owned(),
                }),
            },
        }
    }
}

impl ArrayEntry {
    /// The entry at the end of these keys as a person writes them; `None` where there is nothing.
    pub(super) fn find<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> Result<Option<&ArrayEntry>, &Unknown> {
        let mut entry = self;
        for key in keys {
            match &entry.value {
                Value::Array(array) => match (array.get(&Key::of_text(key)), &array.rest) {
                    (Some(found), _) => entry = found,
                    (None, Some(unknown)) => return Err(unknown),
                    (None, None) => return Ok(None),
                },
                value => {
                    value.known()?;
                    return Ok(None);
                }
            }
        }
        Ok(Some(entry))
    }
}

/// An array: keys and entries in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Array {
    /// A key that occurs twice has both, and the last counts.
    entries: Vec<(Key, ArrayEntry)>,
    /// The key that the next entry without one gets.
    next: i64,
    /// Set where other keys may be there that nobody knows.
    rest: Option<Unknown>,
    depth: usize,
}

impl Array {
    pub(super) fn values(&self) -> impl Iterator<Item = &ArrayEntry> {
        self.entries.iter().map(|(_, entry)| entry)
    }

    pub(super) fn entries(&self) -> &[(Key, ArrayEntry)] {
        &self.entries
    }

    /// Why keys may be there that nobody knows; `None` if every key is known.
    pub(super) fn rest(&self) -> Option<&Unknown> {
        self.rest.as_ref()
    }

    pub(super) fn get(&self, key: &Key) -> Option<&ArrayEntry> {
        self.entries.iter().rev().find(|(found, _)| found == key).map(|(_, entry)| entry)
    }

    /// Puts an entry under a key; nothing that is deeper than [`DEPTH_LIMIT`].
    pub(super) fn insert(&mut self, key: Key, entry: ArrayEntry) {
        if let Key::Number(number) = key {
            self.next = self.next.max(number.saturating_add(1));
        }
        let entry = self.not_too_deep(entry);
        self.entries.push((key, entry));
    }

    /// Puts an entry under the next number.
    pub(super) fn push(&mut self, entry: ArrayEntry) {
        // Among keys that nobody knows, the next number is not known either.
        if self.rest.is_none() {
            let entry = self.not_too_deep(entry);
            self.entries.push((Key::Number(self.next), entry));
            self.next = self.next.saturating_add(1);
        }
    }

    /// Puts an entry under a key that nobody knows: it may be any of those that are there.
    pub(super) fn insert_unknown(&mut self, unknown: Unknown) {
        self.entries.clear();
        self.rest = Some(unknown);
    }

    /// The same for keys that may be there besides.
    pub(super) fn with_rest(unknown: Unknown) -> Self {
        Self { rest: Some(unknown), ..Self::default() }
    }

    /// Changes the entry under a key, which is made if it is not there.
    pub(super) fn change(&mut self, key: Key, line: usize, change: impl FnOnce(&mut Value)) {
        let at = self.entries.iter().rposition(|(found, _)| *found == key);
        let mut entry = match (at, &self.rest) {
            (Some(at), _) => self.entries.swap_remove(at).1,
            (None, Some(unknown)) => ArrayEntry { line, value: Value::Unknown(unknown.clone()) },
            (None, None) => ArrayEntry { line, value: Value::Null },
        };
        change(&mut entry.value);
        entry.line = line;
        self.insert(key, entry);
        if let Some(at) = at {
            // Back to its place: the order decides which of two numbers comes first.
            let last = self.entries.len() - 1;
            self.entries.swap(at, last);
        }
    }

    fn not_too_deep(&mut self, entry: ArrayEntry) -> ArrayEntry {
        let depth = entry.value.depth() + 1;
        if depth >= DEPTH_LIMIT {
            let reason = format!("arrays are nested deeper than {DEPTH_LIMIT} levels");
            return ArrayEntry { line: entry.line, value: Value::Unknown(Unknown { line: entry.line, reason }) };
        }
        self.depth = self.depth.max(depth);
        entry
    }
}

/// A name from the file as it may stand in a sentence. Names in capitals are those of constants and environment variables;
/// anything else may be a password that lacks its quotes, and is shortened or left out.
pub(super) fn name_in_words(name: &str) -> String {
    const SHOWN: usize = 20;
    const LONGEST: usize = 100;
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_\\-/.".contains(&byte));
    let is_in_capitals = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && name.contains('_');
    match name.len() {
        _ if !is_name => "(unnamed)".to_owned(),
        length if length <= SHOWN || (is_in_capitals && length <= LONGEST) => name.to_owned(),
        _ => format!("{}…", &name[..SHOWN]),
    }
}
