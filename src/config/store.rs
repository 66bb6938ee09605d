//! The configuration as it is in force: loaded in layers, with the origin of each value, and saved without losing a comment.
//!
//! Nothing here knows what a value is used for.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::Table;

use super::changes::{DATABASE_URLS, SECRET_URLS};
use super::credentials::CREDENTIALS;
use super::keys::{KEYS, Key, VARIABLE_PREFIX, ValueKind, nearest};
use super::{Config, redact};
use crate::error::{Exit, Explain};
use crate::private_file::{self, PrivateFileError, Secrecy, safe};
use crate::remedy::{Hint, Remedy};
use crate::secret::Secret;
use crate::untrusted::SafeText;
use crate::variables::Variables;

/// Variables that clap reads itself.
const FLAG_VARIABLES: [&str; 3] =
    ["COMMERCE_CONNECTOR_CONFIG", "COMMERCE_CONNECTOR_CONTEXT", "COMMERCE_CONNECTOR_STATE_DIR"];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The config file.
    File,
    /// This credential of the service manager.
    Credential(&'static str),
    /// This environment variable.
    Environment(String),
    /// This flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File => f.write_str("file"),
            Origin::Credential(name) => write!(f, "credential {name}"),
            Origin::Environment(variable) => f.write_str(variable),
            Origin::Flag(flag) => f.write_str(flag),
        }
    }
}

impl Origin {
    /// Whether it wins over the file, so that a value there has no effect.
    pub fn is_over_file(&self) -> bool {
        matches!(self, Origin::Credential(_) | Origin::Environment(_) | Origin::Flag(_))
    }
}

/// A value that a flag gave: key, flag, value.
pub type FlagValue = (&'static str, &'static str, String);

/// The configuration in force.
#[derive(Clone)]
pub struct Store {
    path: PathBuf,
    exists: bool,
    config: Config,
    origins: BTreeMap<&'static str, Origin>,
    flags: Vec<FlagValue>,
    /// Those of our own keys. A database URL may hold a password.
    variables: Vec<(String, Secret)>,
    environment: Variables,
}

/// Flags and variables may hold passwords, as the database URL does.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.path).field("exists", &self.exists).finish_non_exhaustive()
    }
}

/// Why the configuration cannot be used or saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// `--config` names a file that is not there.
    #[error("configuration {path} not found")]
    Absent {
        /// The file.
        path: SafeText,
    },
    /// The file itself cannot be used.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// A mistake in it.
    #[error("{place}: {reason}")]
    Mistake {
        /// File and line, or the name of an environment variable or flag.
        place: SafeText,
        /// What is wrong, with the key.
        reason: SafeText,
        /// The nearest known key.
        suggestion: Option<String>,
    },
    /// A value that was set elsewhere cannot be changed in the file.
    #[error("{key} is set by {origin}, so a value in the configuration file has no effect")]
    Locked {
        /// The key.
        key: String,
        /// Variable or flag.
        origin: SafeText,
    },
}

impl Explain for ConfigError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            ConfigError::Absent { path } => Some(Remedy::InitConfig { path: path.clone() }.into()),
            ConfigError::File(error) => error.hint(),
            ConfigError::Mistake { suggestion, .. } => {
                suggestion.as_ref().map(|key| format!("did you mean {key}?").into())
            }
            ConfigError::Locked { origin, .. } => Some(format!("remove {origin} first").into()),
        }
    }
}

impl Store {
    /// Loads the file at `path` (which need not exist unless `must_exist`), then the environment, then the flags over it.
    ///
    /// # Errors
    /// [`ConfigError`] with file, line, key and the nearest known key.
    pub fn load(
        path: PathBuf,
        must_exist: bool,
        variables: impl IntoIterator<Item = (String, String)>,
        flags: Vec<FlagValue>,
    ) -> Result<Self, ConfigError> {
        let (variables, others): (Vec<_>, Vec<_>) =
            variables.into_iter().partition(|(name, _)| name.starts_with(VARIABLE_PREFIX));
        let environment = others.into_iter().collect();
        let exists = path.symlink_metadata().is_ok();
        if must_exist && !exists {
            return Err(ConfigError::Absent { path: safe(&path) });
        }
        let text = if exists { private_file::read(&path, Secrecy::Open)? } else { String::new() };
        if holds_a_secret(&parse_file(&path, &text)?) {
            private_file::read(&path, Secrecy::Secret)?;
        }
        Self::layered(path, exists, &text, variables, environment, flags)
    }

    /// The text of the file, the environment and the flags over each other.
    fn layered(
        path: PathBuf,
        exists: bool,
        text: &str,
        variables: Vec<(String, String)>,
        environment: Variables,
        flags: Vec<FlagValue>,
    ) -> Result<Self, ConfigError> {
        let mut table = parse_file(&path, text)?;
        let mut origins: BTreeMap<&'static str, Origin> =
            KEYS.iter().filter(|key| get(&table, key.path).is_some()).map(|key| (key.path, Origin::File)).collect();
        for (name, value) in &variables {
            if FLAG_VARIABLES.contains(&name.as_str()) {
                continue;
            }
            let key = key_of_variable(name)?;
            overlay(&mut table, key, value, name)?;
            origins.insert(key.path, Origin::Environment(name.clone()));
        }
        for (path, flag, value) in &flags {
            if let Some(key) = KEYS.iter().find(|key| key.path == *path) {
                overlay(&mut table, key, value, flag)?;
                origins.insert(key.path, Origin::Flag(flag));
            }
        }
        overlay_credentials(&mut table, &mut origins, &environment)?;
        let config = table_as_config(table)?;
        let variables = variables.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
        let store = Self { path, exists, config, origins, flags, variables, environment };
        store.check()?;
        Ok(store)
    }

    /// The variables of the environment that are none of this program's own: Commerce and its files may ask for any of them.
    pub fn environment(&self) -> &Variables {
        &self.environment
    }

    /// The configuration in force.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The file, which may not exist yet.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file exists.
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// Where the value of a key (see [`KEYS`]) came from.
    pub fn origin(&self, key: &str) -> &Origin {
        self.origins.get(key).unwrap_or(&Origin::Default)
    }

    /// How private the file must be that this key names.
    pub fn secrecy_of(&self, key: &str) -> Secrecy {
        if matches!(self.origin(key), Origin::Credential(_)) { Secrecy::Credential } else { Secrecy::Secret }
    }

    /// A path from the configuration, relative to the directory of its file.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        match path.strip_prefix("~") {
            Ok(rest) => std::env::home_dir().unwrap_or_default().join(rest),
            Err(_) => self.directory().join(path),
        }
    }

    /// The directory of the config file.
    pub fn directory(&self) -> &Path {
        self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// Saves new values (`None` takes a key out) into the file, keeping its comments, and puts them in force.
    ///
    /// # Errors
    /// [`ConfigError`]; file and memory are then as before.
    pub fn save<K: AsRef<str>>(&mut self, changes: &[(K, Option<String>)]) -> Result<(), ConfigError> {
        for (key, _) in changes {
            let key = key.as_ref();
            let origin = self.origin(key);
            if origin.is_over_file() {
                return Err(ConfigError::Locked { key: key.to_owned(), origin: SafeText::new(&origin.to_string()) });
            }
        }
        let text = if self.exists { private_file::read(&self.path, Secrecy::Open)? } else { String::new() };
        let mut document = text.parse::<toml_edit::DocumentMut>().map_err(|error| ConfigError::Mistake {
            place: place(&self.path, &text, error.span()),
            reason: SafeText::new(error.message()),
            suggestion: None,
        })?;
        for (key, value) in changes {
            set(&mut document, key.as_ref(), value.as_deref());
        }
        self.replace(&document.to_string())
    }

    /// Puts this text in place of the file, and in force.
    ///
    /// # Errors
    /// [`ConfigError`] if it would not load again; file and memory are then as before.
    pub fn replace(&mut self, text: &str) -> Result<(), ConfigError> {
        let checked = self.with_text(text)?;
        private_file::write(&self.path, text.as_bytes())?;
        *self = checked;
        Ok(())
    }

    /// What would be in force if the file had this text. Nothing is written.
    ///
    /// # Errors
    /// [`ConfigError`] with line, key and the nearest known key.
    pub fn with_text(&self, text: &str) -> Result<Self, ConfigError> {
        let own = self.variables.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect();
        Self::layered(self.path.clone(), true, text, own, self.environment.clone(), self.flags.clone())
    }

    /// The configuration as the file has it now, with the same variables and flags.
    ///
    /// # Errors
    /// [`ConfigError`], also if the file was there and is not any more.
    pub fn read_again(&self) -> Result<Self, ConfigError> {
        let own = self.variables.iter().map(|(name, value)| (name.clone(), value.expose().to_owned()));
        let others = self.environment.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let variables: Vec<_> = own.chain(others).collect();
        Self::load(self.path.clone(), self.exists, variables, self.flags.clone())
    }

    /// Where a key is set, for a sentence: the file, the variable or the flag.
    pub fn place_of(&self, key: &str) -> SafeText {
        match self.origin(key) {
            Origin::Default | Origin::File => safe(&self.path),
            elsewhere => SafeText::new(&elsewhere.to_string()),
        }
    }

    pub(super) fn mistake(&self, key: &str, rule: &str) -> ConfigError {
        let place = self.place_of(key);
        ConfigError::Mistake { place, reason: SafeText::new(&format!("{key} {rule}")), suggestion: None }
    }
}

/// Whether the database URL in the file carries a password, or another URL is a secret.
fn holds_a_secret(table: &Table) -> bool {
    SECRET_URLS.iter().any(|key| get(table, key).is_some())
        || DATABASE_URLS.iter().any(|key| {
            get(table, key)
                .and_then(toml::Value::as_str)
                .and_then(|url| url.split_once("://")?.1.split_once('@'))
                .is_some_and(|(user, _)| user.contains(':'))
        })
}

pub(crate) fn parse_file(path: &Path, text: &str) -> Result<Table, ConfigError> {
    // First into the types, for mistakes with a place; then as a table, for the layers.
    toml::from_str::<Config>(text).map_err(|error| explain_mistake(path, text, &error))?;
    toml::from_str::<Table>(text).map_err(|error| explain_mistake(path, text, &error))
}

pub(super) fn explain_mistake(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let message = error.message();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown field").then(|| quoted.next()).flatten();
    let suggestion = unknown.and_then(|given| nearest(given, quoted)).map(str::to_owned);
    let key = error.span().and_then(|span| key_at(text, span.start));
    let value = error.span().and_then(|span| text.get(span)).unwrap_or_default();
    let message = &redact::without(message, value.trim_matches(['"', '\'']));
    let reason = match (unknown, key) {
        (Some(given), _) => format!("unknown key {given:?}"),
        (None, Some(key)) => format!("{key}: {message}"),
        (None, None) => message.to_owned(),
    };
    ConfigError::Mistake { place: place(path, text, error.span()), reason: SafeText::new(&reason), suggestion }
}

/// The key on the line at this offset.
fn key_at(text: &str, offset: usize) -> Option<&str> {
    let line_start = text.get(..offset)?.rfind('\n').map_or(0, |at| at + 1);
    let (key, _) = text[line_start..].lines().next()?.split_once('=')?;
    Some(key.trim())
}

fn place(path: &Path, text: &str, span: Option<std::ops::Range<usize>>) -> SafeText {
    let line = span.and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    SafeText::new(&match line {
        Some(line) => format!("{} line {line}", path.display()),
        None => path.display().to_string(),
    })
}

fn key_of_variable(name: &str) -> Result<&'static Key, ConfigError> {
    KEYS.iter().find(|key| key.variable() == name).ok_or_else(|| {
        let known: Vec<String> = KEYS.iter().map(Key::variable).collect();
        ConfigError::Mistake {
            place: "the environment".into(),
            reason: SafeText::new(&format!("{name} matches no configuration key")),
            suggestion: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
        }
    })
}

fn table_as_config(table: Table) -> Result<Config, ConfigError> {
    table.try_into::<Config>().map_err(|error| ConfigError::Mistake {
        place: "the environment".into(),
        reason: SafeText::new(error.message()),
        suggestion: None,
    })
}

/// Puts the credentials of the service manager over what the file has, where neither a variable nor a flag says otherwise.
fn overlay_credentials(
    table: &mut Table,
    origins: &mut BTreeMap<&'static str, Origin>,
    environment: &Variables,
) -> Result<(), ConfigError> {
    let config = table_as_config(table.clone())?;
    for credential in &CREDENTIALS {
        let is_of_use = match credential.key {
            // Without a database here, env.php has its password as well.
            "source.commerce.password_file" => config.source.commerce.names_a_database(),
            "notify.webhook_secret_file" => config.notify.webhook_url.is_some(),
            _ => true,
        };
        let is_over_file = origins.get(credential.key).is_some_and(Origin::is_over_file);
        let Some(file) = credential.file(environment).filter(|_| is_of_use && !is_over_file) else { continue };
        let origin = Origin::Credential(credential.name);
        let value = if credential.is_file() {
            file.display().to_string()
        } else {
            private_file::read(&file, Secrecy::Credential)?.trim().to_owned()
        };
        if let Some(key) = KEYS.iter().find(|key| key.path == credential.key) {
            overlay(table, key, &value, &origin.to_string())?;
            origins.insert(key.path, origin);
        }
    }
    Ok(())
}

/// Puts a value that was written as plain text over what the table has.
fn overlay(table: &mut Table, key: &Key, value: &str, origin: &str) -> Result<(), ConfigError> {
    let wrong = |expected: &str| ConfigError::Mistake {
        place: SafeText::new(origin),
        reason: SafeText::new(&format!("{}: expected {expected}, got {}", key.path, redact::shown(value))),
        suggestion: None,
    };
    let parsed = match key.kind {
        ValueKind::Text => toml::Value::String(value.to_owned()),
        ValueKind::Integer => toml::Value::Integer(value.trim().parse().map_err(|_| wrong("a whole number"))?),
        ValueKind::IntegerOrText => match value.trim().parse() {
            Ok(number) => toml::Value::Integer(number),
            Err(_) => toml::Value::String(value.trim().to_owned()),
        },
        ValueKind::Number => toml::Value::Float(value.trim().parse().map_err(|_| wrong("a number"))?),
        ValueKind::Boolean => toml::Value::Boolean(value.trim().parse().map_err(|_| wrong("true or false"))?),
    };
    let mut tables = key.path.split('.').collect::<Vec<_>>();
    let Some(last) = tables.pop() else { return Ok(()) };
    let mut at = &mut *table;
    for name in tables {
        let entry = at.entry(name).or_insert_with(|| toml::Value::Table(Table::new()));
        at = entry.as_table_mut().ok_or_else(|| wrong("a table"))?;
    }
    at.insert(last.to_owned(), parsed);
    // One key at a time, so that a value of the wrong form is blamed on the variable that holds it.
    table.clone().try_into::<Config>().map(drop).map_err(|error| ConfigError::Mistake {
        place: SafeText::new(origin),
        reason: SafeText::new(&format!("{}: {}", key.path, redact::without(error.message(), value))),
        suggestion: None,
    })
}

fn get<'a>(table: &'a Table, path: &str) -> Option<&'a toml::Value> {
    let mut parts = path.split('.');
    let mut value = table.get(parts.next()?)?;
    for part in parts {
        value = value.get(part)?;
    }
    Some(value)
}

/// A value as its key is written.
fn written(path: &str, value: &str) -> toml_edit::Value {
    // What does not have the form of its kind is written as it is, for the sentence that says so.
    let kind = KEYS.iter().find(|key| key.path == path).map(|key| key.kind);
    let is_size = kind.is_none() && path.ends_with(".batch_size");
    let parsed = match kind {
        Some(ValueKind::Boolean) => value.parse().map(|value: bool| value.into()).ok(),
        Some(ValueKind::Integer | ValueKind::IntegerOrText) => value.parse().map(|value: i64| value.into()).ok(),
        Some(ValueKind::Number) => value.parse().map(|value: f64| value.into()).ok(),
        _ if is_size => value.parse().map(|value: i64| value.into()).ok(),
        _ => None,
    };
    parsed.unwrap_or_else(|| toml_edit::Value::from(value))
}

/// Sets (or takes out) a value in a document, making the tables above it.
fn set(document: &mut toml_edit::DocumentMut, path: &str, value: Option<&str>) {
    let mut parts = path.split('.').collect::<Vec<_>>();
    let Some(last) = parts.pop() else { return };
    let mut at = document.as_table_mut();
    for name in parts {
        let entry = at.entry(name).or_insert_with(|| {
            let mut table = toml_edit::Table::new();
            // `[credentials.production]` without an empty `[credentials]` above it.
            table.set_implicit(true);
            toml_edit::Item::Table(table)
        });
        if !entry.is_table() {
            // An inline table says the same; as a full table it can take the key with its own line.
            let table = entry.as_inline_table().cloned().map(toml_edit::InlineTable::into_table).unwrap_or_default();
            *entry = toml_edit::Item::Table(table);
        }
        let Some(table) = entry.as_table_mut() else { return };
        at = table;
    }
    match value {
        Some(value) => {
            let decor = at.get(last).and_then(toml_edit::Item::as_value).map(|old| old.decor().clone());
            let mut new = written(path, value);
            if let Some(decor) = decor {
                *new.decor_mut() = decor;
            }
            at.insert(last, toml_edit::Item::Value(new));
        }
        None => {
            at.remove(last);
        }
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
