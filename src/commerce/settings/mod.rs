//! The installation's settings, read with Commerce's own precedence (protocol page §5):
//! `CONFIG__…` variables → env.php `system` → config.php `system` → `core_config_data` → the modules' `etc/config.xml`.
//!
//! What a variable or a file sets is locked: Commerce itself would not read another value from the database. This room must
//! never know what a setting is used for.

mod modules;
mod sources;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::crypt::{CryptError, CryptKeys};
use super::database::{Database, DatabaseError};
use super::deployment::Deployment;
use super::env_php::{self, EnvPhpError};
use crate::error::{Exit, Explain};
use crate::remedy::{Hint, Remedy};
use crate::secret::Secret;
use crate::untrusted::SafeText;
use crate::variables::Variables;

pub use sources::{Scope, Sources};
pub use write::{Saved, save};

/// The table of settings, without the prefix.
pub const TABLE: &str = "core_config_data";

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An environment variable.
    Variable(String),
    /// A file of the installation.
    File {
        /// Its path below the root: `app/etc/env.php` or `app/etc/config.php`.
        path: String,
        /// The line, from 1.
        line: usize,
    },
    /// The table `core_config_data`.
    Database,
    /// A module's `etc/config.xml`; its path below the root.
    Module(String),
}

impl Origin {
    /// Whether Commerce would ignore another value in the database.
    pub fn is_locked(&self) -> bool {
        matches!(self, Origin::Variable(_) | Origin::File { .. })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Variable(name) => f.write_str(name),
            Origin::File { path, line } => write!(f, "{path} line {line}"),
            Origin::Database => f.write_str(TABLE),
            Origin::Module(path) => f.write_str(path),
        }
    }
}

/// A value and where it was set. It is as it stands there: an encrypted one is still encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// The value; it may be a secret, and it may be hostile text. `None` is a value that was set to nothing (`null`, `NULL`).
    pub value: Option<String>,
    /// Where it was set.
    pub origin: Origin,
    /// Whether a value in the database would be ignored.
    pub locked: bool,
}

impl Found {
    fn new(value: Option<String>, origin: Origin) -> Self {
        Self { value, locked: origin.is_locked(), origin }
    }

    /// The value; nothing is an empty text.
    pub fn text(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }
}

/// Without the value: it may be a secret.
impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Found(from {})", self.origin)
    }
}

/// A secret that cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It, or the key that it needs, is in a file that cannot be understood there.
    #[error(transparent)]
    File(#[from] EnvPhpError),
    /// Its encryption.
    #[error("cannot {verb} {name}{}", because(reason, keys_in, origin.as_ref()))]
    Crypt {
        /// `encrypt` or `decrypt`.
        verb: &'static str,
        /// The setting's name.
        name: SafeText,
        /// What is wrong with its encryption.
        reason: CryptError,
        keys_in: SafeText,
        /// Where the secret is.
        origin: Option<Origin>,
    },
}

fn because(reason: &CryptError, keys_in: &SafeText, origin: Option<&Origin>) -> String {
    let place = origin.map(|origin| format!(" of {origin}")).unwrap_or_default();
    match reason {
        CryptError::NoKeyFits(1) => format!(" with the only key in {keys_in}"),
        CryptError::NoKeyFits(count) => format!(" with any of the {count} keys in {keys_in}"),
        CryptError::NoKeys | CryptError::BadKey { .. } | CryptError::NoSuchKey { .. } => {
            format!("{place}: {reason} in {keys_in}")
        }
        _ => format!("{place}: {reason}"),
    }
}

impl Explain for SecretError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<Hint> {
        let (reason, keys_in) = match self {
            SecretError::File(_) => {
                return Some("write the value into the file as plain text or as a variable that is set".into());
            }
            SecretError::Crypt { reason, keys_in, .. } => (reason, keys_in),
        };
        Some(match reason {
            CryptError::NoKeyFits(_) | CryptError::NoSuchKey { .. } => {
                Hint::from("restore the crypt/key of the installation that saved it, or save the key again ")
                    .and(Remedy::SaveKeys)
            }
            CryptError::NoKeys | CryptError::BadKey { .. } => format!("check crypt/key in {keys_in}").into(),
            CryptError::NotEncrypted | CryptError::Legacy(_) | CryptError::UnknownCipher(_) => {
                Hint::from("save it again ").and(Remedy::SaveKeys).and(", or in the Admin")
            }
            CryptError::NotSealed(_) => return None,
        })
    }
}

/// Every setting of an installation that is set for the whole of it.
#[derive(Clone)]
pub struct Settings {
    sources: Arc<Sources>,
    rows: BTreeMap<String, Option<String>>,
}

/// Without the values.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Settings(of {})", self.root().display())
    }
}

impl Settings {
    /// What variables and files set. Blocking.
    pub fn of_files(root: &Path, environment: Variables) -> Result<Self, EnvPhpError> {
        Ok(Self { sources: Arc::new(Sources::read(root, environment)?), rows: BTreeMap::new() })
    }

    /// The same where env.php need not be there. Blocking.
    pub fn of_files_if_there(root: &Path, environment: Variables) -> Result<Self, EnvPhpError> {
        Ok(Self { sources: Arc::new(Sources::read_if_there(Some(root), environment)?), rows: BTreeMap::new() })
    }

    /// Takes in what the database has.
    ///
    /// # Errors
    /// [`DatabaseError`]; what was known before still is.
    pub async fn read_database(&mut self, database: &Database) -> Result<(), DatabaseError> {
        let mut snapshot = database.snapshot().await?;
        let sql = format!("SELECT path, value FROM {} WHERE scope = 'default' AND scope_id = 0", database.table(TABLE));
        let rows: Vec<(String, Option<String>)> = snapshot.rows(&sql).await?;
        snapshot.end().await;
        self.rows = rows.into_iter().collect();
        Ok(())
    }

    /// The installation's root directory.
    pub fn root(&self) -> &Path {
        self.deployment().root()
    }

    /// What the installation was deployed with.
    pub fn deployment(&self) -> &Deployment {
        self.sources.deployment()
    }

    /// Where settings are set besides the database.
    pub fn sources(&self) -> &Arc<Sources> {
        &self.sources
    }

    /// The setting at a path such as `web/unsecure/base_url`, as it stands where it was set.
    ///
    /// # Errors
    /// [`EnvPhpError`] if a file sets it and only PHP could tell the value.
    pub fn get(&self, path: &str) -> Result<Option<Found>, EnvPhpError> {
        self.sources.merged(&Scope::Default, path, self.rows.get(path).cloned())
    }

    /// The first setting below a path that says something other than no, and where it was set. One that only PHP could tell counts.
    pub fn any_below(&self, path: &str) -> Option<(String, Origin)> {
        let begin = format!("{path}/");
        let of_rows = self.rows.keys().filter(|row| row.starts_with(&begin)).cloned();
        let paths: BTreeSet<String> = self.sources.paths_below(path).into_iter().chain(of_rows).collect();
        paths.into_iter().find_map(|path| match self.get(&path) {
            Ok(found) => found.filter(|found| !matches!(found.text(), "" | "0")).map(|found| (path, found.origin)),
            Err(error) => Some((path, Origin::File { path: error.path.to_string(), line: error.line.unwrap_or(1) })),
        })
    }

    /// Where a setting is set such that Commerce would not read it from the database.
    pub fn lock(&self, path: &str) -> Option<Origin> {
        match self.get(path) {
            Ok(found) => found.filter(|found| found.locked).map(|found| found.origin),
            Err(error) => Some(Origin::File { path: error.path.to_string(), line: error.line.unwrap_or(1) }),
        }
    }

    /// An encrypted setting, decrypted; in a variable it is plain. Nothing and an empty text are the same: not set.
    ///
    /// # Errors
    /// [`SecretError`]: never an empty secret in place of one that cannot be decrypted.
    pub fn secret(&self, path: &str) -> Result<Option<(Secret, Origin)>, SecretError> {
        let Some(found) = self.get(path)?.filter(|found| !found.text().trim().is_empty()) else { return Ok(None) };
        if matches!(found.origin, Origin::Variable(_)) {
            return Ok(Some((Secret::new(found.text().trim()), found.origin)));
        }
        let (keys, place) = self.crypt_keys("decrypt", path)?;
        match keys.decrypt(found.text()) {
            Ok(secret) if secret.is_empty() => Ok(None),
            Ok(secret) => Ok(Some((secret, found.origin))),
            Err(reason) => Err(SecretError::Crypt {
                verb: "decrypt",
                name: SafeText::new(name_of(path)),
                reason,
                keys_in: place,
                origin: Some(found.origin),
            }),
        }
    }

    /// A secret as it is written into the database.
    ///
    /// # Errors
    /// [`SecretError`] if the installation has no usable key.
    pub fn encrypted(&self, path: &str, plain: &Secret) -> Result<String, SecretError> {
        let (keys, place) = self.crypt_keys("encrypt", path)?;
        keys.encrypt(plain).map_err(|reason| SecretError::Crypt {
            verb: "encrypt",
            name: SafeText::new(name_of(path)),
            reason,
            keys_in: place,
            origin: None,
        })
    }

    /// The keys that Commerce encrypts with, and where they are.
    fn crypt_keys(&self, verb: &'static str, path: &str) -> Result<(CryptKeys, SafeText), SecretError> {
        let found = self.deployment().crypt_key()?;
        let place = found.as_ref().map_or_else(|| env_php::PATH.into(), |(_, place)| place.clone());
        let keys = found.ok_or(CryptError::NoKeys).and_then(|(key, _)| CryptKeys::parse(&key));
        keys.map(|keys| (keys, place.clone())).map_err(|reason| SecretError::Crypt {
            verb,
            name: SafeText::new(name_of(path)),
            reason,
            keys_in: place,
            origin: None,
        })
    }
}

/// The last part of a path, which people know a setting by.
fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests;
