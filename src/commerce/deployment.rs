//! What the installation was deployed with: `env.php` and `config.php`, and the environment variables that take the place of parts of
//! them, in Commerce's own order.
//!
//! A value is looked for in `MAGENTO_DC_…`, then in `MAGENTO_DC__OVERRIDE`, then in env.php, then in config.php. This file must never know what
//! a setting is used for.

use std::path::{Path, PathBuf};

use super::database::DatabaseSettings;
use super::env_php::{self, EnvPhpError, PhpFile, Plain};
use crate::secret::Secret;
use crate::untrusted::SafeText;
use crate::variables::Variables;

mod connection;

pub use connection::Connection;

/// What a variable begins with that takes the place of a value: `MAGENTO_DC_CRYPT__KEY` for `crypt/key`.
const VARIABLE_PREFIX: &str = "MAGENTO_DC_";
/// The variable that takes the place of whole sections, as JSON.
const OVERRIDE: &str = "MAGENTO_DC__OVERRIDE";
/// The variable that wins over env.php's entry of the same name.
const MODE: &str = "MAGE_MODE";

/// What the installation was deployed with.
#[derive(Debug, Clone)]
pub struct Deployment {
    root: PathBuf,
    environment: Variables,
    /// `MAGENTO_DC__OVERRIDE`
    overriding: Option<PhpFile>,
    env: Option<PhpFile>,
    config: Option<PhpFile>,
}

/// A value and where it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Deployed {
    /// As PHP writes it into text; `null` and an empty text are the same.
    pub text: String,
    /// The file or variable.
    pub place: String,
    /// The line in a file, from 1.
    pub line: Option<usize>,
}

impl Deployment {
    /// Reads both files. Blocking.
    ///
    /// # Errors
    /// [`EnvPhpError`] if there is no env.php, or if a file or `MAGENTO_DC__OVERRIDE` cannot be understood.
    pub fn read(root: &Path, environment: Variables) -> Result<Self, EnvPhpError> {
        let env = PhpFile::read(root, env_php::PATH, &environment)?;
        Self::with_env(root, environment, Some(env))
    }

    /// The same where env.php need not be there. Blocking.
    ///
    /// # Errors
    /// [`EnvPhpError`] if a file or `MAGENTO_DC__OVERRIDE` cannot be understood.
    pub fn read_if_there(root: &Path, environment: Variables) -> Result<Self, EnvPhpError> {
        let env = PhpFile::read_if_there(root, env_php::PATH, &environment)?;
        Self::with_env(root, environment, env)
    }

    /// One file that was read already, as the fuzz target has it.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of_file(env: PhpFile, environment: Variables) -> Self {
        Self { env: Some(env), ..Self::of_variables(environment) }
    }

    /// Variables alone, where no installation is known.
    #[must_use]
    pub fn of_variables(environment: Variables) -> Self {
        Self { root: PathBuf::new(), environment, overriding: None, env: None, config: None }
    }

    fn with_env(root: &Path, environment: Variables, env: Option<PhpFile>) -> Result<Self, EnvPhpError> {
        let config = PhpFile::read_if_there(root, env_php::CONFIG_PATH, &environment)?;
        let overriding = match environment.get(OVERRIDE).filter(|json| !matches!(*json, "" | "0")) {
            None => None,
            Some(json) => Some(PhpFile::of_json(OVERRIDE, json, &environment)?),
        };
        Ok(Self { root: root.to_owned(), environment, overriding, env, config })
    }

    /// The installation's root directory; empty without one.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The environment variables of this process.
    pub fn environment(&self) -> &Variables {
        &self.environment
    }

    /// The files that say something of this section, the strongest first.
    fn files(&self, section: &str) -> Result<impl Iterator<Item = &PhpFile>, EnvPhpError> {
        let overriding = match &self.overriding {
            Some(file) if file.has([section])? => Some(file),
            _ => None,
        };
        // A section that is overridden is not merged with the files' own.
        let files = if overriding.is_some() { [None, None] } else { [self.env.as_ref(), self.config.as_ref()] };
        Ok(overriding.into_iter().chain(files.into_iter().flatten()))
    }

    /// The value at a path such as `db/connection/default/host`; `None` where there is nothing.
    ///
    /// # Errors
    /// [`EnvPhpError`] if it is there and cannot be known.
    pub fn value(&self, path: &str) -> Result<Option<Deployed>, EnvPhpError> {
        let variable = format!("{VARIABLE_PREFIX}{}", path.replace('/', "__").to_uppercase());
        if let Some(value) = self.environment.get(&variable) {
            let text = match value {
                "true" | "TRUE" => "1",
                "false" | "FALSE" => "",
                value => value,
            };
            return Ok(Some(Deployed { text: text.to_owned(), place: variable, line: None }));
        }
        for file in self.files(path.split('/').next().unwrap_or_default())? {
            if let Some(plain) = file.plain(path.split('/'))? {
                let line = file.line_of(&plain);
                let text = plain.text.unwrap_or_default();
                return Ok(Some(Deployed { text, place: file.path().to_owned(), line }));
            }
        }
        Ok(None)
    }

    /// Whether anything stands at a path or below it.
    fn has(&self, path: &str) -> Result<bool, EnvPhpError> {
        let variable = format!("{VARIABLE_PREFIX}{}", path.replace('/', "__").to_uppercase());
        if self.environment.beginning_with(&variable).any(|(rest, _)| rest.is_empty() || rest.starts_with("__")) {
            return Ok(true);
        }
        for file in self.files(path.split('/').next().unwrap_or_default())? {
            if file.has(path.split('/'))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A system setting (`system/<scope>/…`), which files have and `MAGENTO_DC_…` has not, and the file.
    pub(super) fn system(&self, keys: &[&str]) -> Result<Option<(Plain, &'static str)>, EnvPhpError> {
        for file in self.files("system")? {
            if let Some(plain) = file.plain(std::iter::once("system").chain(keys.iter().copied()))? {
                return Ok(Some((plain, file.path())));
            }
        }
        Ok(None)
    }

    /// The codes that `system/websites` or `system/stores` has settings for.
    pub(super) fn system_codes(&self, scope: &str) -> Result<Vec<String>, EnvPhpError> {
        let mut codes = Vec::new();
        for file in self.files("system")? {
            codes.extend(file.keys(["system", scope])?);
        }
        Ok(codes)
    }

    /// The names right below a path of `system/default`.
    pub(super) fn system_keys(&self, path: &str) -> Result<Vec<String>, EnvPhpError> {
        let mut names = Vec::new();
        for file in self.files("system")? {
            names.extend(file.keys(["system", "default"].into_iter().chain(path.split('/')))?);
        }
        Ok(names)
    }

    /// Whether config.php has a module switched on; `None` where it does not list modules.
    pub fn enabled_modules(&self) -> Result<Option<Vec<String>>, EnvPhpError> {
        let Some(config) = &self.config else { return Ok(None) };
        if !config.has(["modules"])? {
            return Ok(None);
        }
        let mut enabled = Vec::new();
        for name in config.keys_in_order(["modules"])? {
            let is_on = config.plain(["modules", &name])?.and_then(|plain| plain.text);
            if is_on.is_some_and(|text| !matches!(text.as_str(), "" | "0")) {
                enabled.push(name);
            }
        }
        Ok(Some(enabled))
    }

    /// `crypt/key`: one or several keys with white space between them.
    pub fn crypt_key(&self) -> Result<Option<(Secret, SafeText)>, EnvPhpError> {
        let key = self.value("crypt/key")?;
        Ok(key.map(|key| (Secret::new(key.text), SafeText::new(&key.place))))
    }

    /// `MAGE_MODE`: `default`, `developer`, `production` or `maintenance`; `None` if nobody set it, which Commerce reads as `default`.
    pub fn mage_mode(&self) -> Result<Option<SafeText>, EnvPhpError> {
        let mode = match self.environment.get(MODE).filter(|mode| !mode.is_empty()) {
            Some(mode) => Some(mode.to_owned()),
            None => self.value(MODE)?.map(|mode| mode.text),
        };
        Ok(mode.filter(|mode| !mode.is_empty()).map(|mode| SafeText::new(&mode)))
    }

    /// What a connection of this name is made of.
    ///
    /// # Errors
    /// [`EnvPhpError`] if there is none, or if it cannot be understood.
    pub fn database_settings(&self, connection: &Connection) -> Result<DatabaseSettings, EnvPhpError> {
        connection::settings(self, connection)
    }

    /// The connection that a resource such as `sales` uses in a split database; `None` where it is the default one.
    pub fn connection_of(&self, resource: &str) -> Result<Option<Connection>, EnvPhpError> {
        let name = self.value(&format!("resource/{resource}/connection"))?.map(|name| name.text);
        Ok(name.filter(|name| !matches!(name.as_str(), "" | "default")).map(Connection::Named))
    }

    /// The environment variables that the files ask for, that are not set and that they have nothing in place of: file, line, name.
    pub fn missing_variables(&self) -> Vec<(&'static str, usize, &str)> {
        let files = self.env.iter().chain(&self.config);
        files
            .flat_map(|file| file.missing_variables().iter().map(|(name, line)| (file.path(), *line, name.as_str())))
            .collect()
    }

    /// A mistake at the place of a value.
    fn mistake(&self, at: &Deployed, reason: &str) -> EnvPhpError {
        let path =
            if at.line.is_some() { self.root.join(&at.place).to_string_lossy().into_owned() } else { at.place.clone() };
        EnvPhpError { path: SafeText::new(&path), line: at.line, reason: SafeText::new(reason) }
    }

    /// Something that is missing in env.php.
    fn lacks(&self, reason: &str) -> EnvPhpError {
        let path = self.root.join(env_php::PATH);
        EnvPhpError { path: SafeText::new(&path.to_string_lossy()), line: None, reason: SafeText::new(reason) }
    }
}

#[cfg(test)]
mod tests;
