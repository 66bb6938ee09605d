//! The installation's settings, read with Commerce's own precedence (protocol page §5):
//! `CONFIG__DEFAULT__…` variables → env.php `system` → config.php `system` → `core_config_data` (scope default).
//!
//! What a variable or a file sets is locked: Commerce itself would not read another value from the database. This room must
//! never know what a setting is used for.

mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::crypt::{CryptError, CryptKeys};
use super::database::{Database, DatabaseError};
use super::env_php::{self, EnvPhpError, LiteralFile};
use crate::error::{Exit, Explain};
use crate::secret::Secret;
use crate::untrusted::SafeText;

pub use write::{Saved, save};

/// The table of settings, without the prefix.
pub const TABLE: &str = "core_config_data";
/// What the variables begin with that set a value for the whole installation.
const VARIABLE_PREFIX: &str = "CONFIG__DEFAULT__";
/// The variable that wins over env.php's entry of the same name.
const MODE: &str = "MAGE_MODE";

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An environment variable.
    Variable(String),
    /// A file of the installation.
    File {
        /// Its path below the root: `app/etc/env.php` or `app/etc/config.php`.
        path: &'static str,
        /// The line, from 1.
        line: usize,
    },
    /// The table `core_config_data`.
    Database,
}

impl Origin {
    /// Whether Commerce would ignore another value in the database.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        *self != Origin::Database
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Variable(name) => f.write_str(name),
            Origin::File { path, line } => write!(f, "{path} line {line}"),
            Origin::Database => f.write_str(TABLE),
        }
    }
}

/// A value and where it was set. It is as it stands there: an encrypted one is still encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// The value; it may be a secret, and it may be hostile text.
    pub value: String,
    /// Where it was set.
    pub origin: Origin,
    /// Whether a value in the database would be ignored.
    pub locked: bool,
}

/// Without the value: it may be a secret.
impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Found(from {})", self.origin)
    }
}

/// A secret that cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {verb} {name}{}", self.because())]
pub struct SecretError {
    verb: &'static str,
    name: SafeText,
    /// What is wrong with its encryption.
    pub reason: CryptError,
    origin: Option<Origin>,
}

impl SecretError {
    fn because(&self) -> String {
        let file = env_php::PATH;
        let place = self.origin.as_ref().map(|origin| format!(" of {origin}")).unwrap_or_default();
        match &self.reason {
            CryptError::NoKeyFits(1) => format!(" with the only key in {file}"),
            CryptError::NoKeyFits(count) => format!(" with any of the {count} keys in {file}"),
            CryptError::NoKeys | CryptError::BadKey { .. } | CryptError::NoSuchKey { .. } => {
                format!("{place}: {} in {file}", self.reason)
            }
            _ => format!("{place}: {}", self.reason),
        }
    }
}

impl Explain for SecretError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(match &self.reason {
            CryptError::NoKeyFits(_) | CryptError::NoSuchKey { .. } => {
                "restore the crypt/key of the installation that saved it, or save the key again with `commerce-connector keys set`"
                    .to_owned()
            }
            CryptError::NoKeys | CryptError::BadKey { .. } => format!("check crypt/key in {}", env_php::PATH),
            CryptError::NotEncrypted | CryptError::Legacy(_) | CryptError::UnknownCipher(_) => {
                "save it again with `commerce-connector keys set`, or in the Admin".to_owned()
            }
            CryptError::NotSealed(_) => return None,
        })
    }
}

/// Why the settings cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// One of the two files.
    #[error(transparent)]
    File(#[from] EnvPhpError),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Explain for SettingsError {
    fn exit(&self) -> Exit {
        match self {
            SettingsError::File(_) => Exit::Usage,
            SettingsError::Database(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            SettingsError::File(_) => Some("check instance.root, and the file".to_owned()),
            SettingsError::Database(error) => error.hint(),
        }
    }
}

/// Every setting of an installation that is set for the whole of it.
#[derive(Clone)]
pub struct Settings {
    root: PathBuf,
    /// The variables that set something, by name.
    variables: BTreeMap<String, String>,
    env: LiteralFile,
    config: Option<LiteralFile>,
    rows: BTreeMap<String, String>,
    mode: Option<SafeText>,
}

/// Without the values.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Settings(of {})", self.root.display())
    }
}

impl Settings {
    /// Reads all of them: variables, files, and the database if there is one to ask.
    ///
    /// # Errors
    /// [`SettingsError`]
    pub async fn load(
        root: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
        database: Option<&Database>,
    ) -> Result<Self, SettingsError> {
        let mut settings = Self::of_files(root, variables)?;
        if let Some(database) = database {
            settings.read_database(database).await?;
        }
        Ok(settings)
    }

    /// What variables and files set. Blocking.
    ///
    /// # Errors
    /// [`EnvPhpError`], with file and line.
    pub fn of_files(root: &Path, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, EnvPhpError> {
        let variables: BTreeMap<String, String> = variables.into_iter().filter(|(name, _)| is_variable(name)).collect();
        let env = LiteralFile::read(root, env_php::PATH)?;
        let config = LiteralFile::read_if_there(root, env_php::CONFIG_PATH)?;
        let mode = variables.get(MODE).cloned().or_else(|| env.text([MODE]).map(|(mode, _)| mode));
        let mode = mode.filter(|mode| !mode.is_empty()).map(|mode| SafeText::new(&mode));
        Ok(Self { root: root.to_owned(), variables, env, config, rows: BTreeMap::new(), mode })
    }

    /// Takes in what the database has.
    ///
    /// # Errors
    /// [`DatabaseError`]; what was known before still is.
    pub async fn read_database(&mut self, database: &Database) -> Result<(), DatabaseError> {
        let mut snapshot = database.snapshot().await?;
        let sql = format!(
            "SELECT path, value FROM {} WHERE scope = 'default' AND scope_id = 0 AND value IS NOT NULL",
            database.table(TABLE)
        );
        let rows: Vec<(String, String)> = snapshot.rows(&sql).await?;
        snapshot.end().await;
        self.rows = rows.into_iter().collect();
        Ok(())
    }

    /// The installation's root directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `app/etc/env.php`.
    #[must_use]
    pub fn env(&self) -> &LiteralFile {
        &self.env
    }

    /// `MAGE_MODE`: `default`, `developer`, `production` or `maintenance`; `None` if nobody set it, which Commerce reads as `default`.
    #[must_use]
    pub fn mage_mode(&self) -> Option<&SafeText> {
        self.mode.as_ref()
    }

    /// The setting at a path such as `web/unsecure/base_url`, as it stands where it was set.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Found> {
        let found = |value: String, origin: Origin| Found { value, locked: origin.is_locked(), origin };
        let name = variable(path);
        if let Some(value) = self.variables.get(&name) {
            return Some(found(value.clone(), Origin::Variable(name)));
        }
        let keys = || ["system", "default"].into_iter().chain(path.split('/'));
        for file in std::iter::once(&self.env).chain(&self.config) {
            if let Some((value, line)) = file.text(keys()) {
                return Some(found(value, Origin::File { path: file.path(), line }));
            }
        }
        self.rows.get(path).map(|value| found(value.clone(), Origin::Database))
    }

    /// An encrypted setting, decrypted; in a variable it is plain. Nothing and an empty text are the same: not set.
    ///
    /// # Errors
    /// [`SecretError`]: never an empty secret in place of one that cannot be decrypted.
    pub fn secret(&self, path: &str) -> Result<Option<(Secret, Origin)>, SecretError> {
        let Some(found) = self.get(path).filter(|found| !found.value.trim().is_empty()) else { return Ok(None) };
        if matches!(found.origin, Origin::Variable(_)) {
            return Ok(Some((Secret::new(found.value.trim()), found.origin)));
        }
        let decrypted = self.crypt_keys().and_then(|keys| keys.decrypt(&found.value));
        match decrypted {
            Ok(secret) if secret.is_empty() => Ok(None),
            Ok(secret) => Ok(Some((secret, found.origin))),
            Err(reason) => Err(SecretError {
                verb: "decrypt",
                name: SafeText::new(name_of(path)),
                reason,
                origin: Some(found.origin),
            }),
        }
    }

    /// A secret as it is written into the database.
    ///
    /// # Errors
    /// [`SecretError`] if env.php has no usable key.
    pub fn encrypted(&self, path: &str, plain: &Secret) -> Result<String, SecretError> {
        self.crypt_keys().and_then(|keys| keys.encrypt(plain)).map_err(|reason| SecretError {
            verb: "encrypt",
            name: SafeText::new(name_of(path)),
            reason,
            origin: None,
        })
    }

    fn crypt_keys(&self) -> Result<CryptKeys, CryptError> {
        CryptKeys::parse(&self.env.crypt_key().ok_or(CryptError::NoKeys)?)
    }
}

/// Whether Commerce takes a setting from an environment variable of this name.
#[must_use]
pub fn is_variable(name: &str) -> bool {
    name.starts_with(VARIABLE_PREFIX) || name == MODE
}

/// The variable that sets a path: `web/unsecure/base_url` is `CONFIG__DEFAULT__WEB__UNSECURE__BASE_URL`.
fn variable(path: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", path.replace('/', "__").to_uppercase())
}

/// The last part of a path, which people know a setting by.
fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests;
