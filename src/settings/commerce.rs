//! The Commerce installation as a store: read through Commerce's own precedence, written into `core_config_data`.

use std::path::PathBuf;

use super::{Located, Origin, Saved, Setting, SettingStore};
use crate::commerce::database::{Database, DatabaseSettings};
use crate::commerce::env_php::EnvPhpError;
use crate::commerce::settings::{self as installation, Found, Settings};
use crate::domain::Environment;
use crate::error::Problem;
use crate::keys::PrivateKey;
use crate::secret::Secret;
use crate::variables::Variables;

/// The settings of an installation, as far as they could be read.
#[derive(Debug, Clone)]
pub struct CommerceStore {
    root: PathBuf,
    variables: Variables,
    address: Result<DatabaseSettings, Problem>,
    settings: Result<Settings, Problem>,
    /// Why the database could not be asked.
    unread: Option<Problem>,
}

impl CommerceStore {
    /// Reads them. Whatever cannot be read is kept as [`Self::problem`], and what can be read is there.
    pub async fn load(root: PathBuf, variables: Variables, address: Result<DatabaseSettings, Problem>) -> Self {
        let mut settings = Settings::of_files_if_there(&root, variables.clone()).map_err(|error| {
            Problem::usage(error.to_string()).hint(
                "check the file and instance.root, or set instance.settings = \"file\" to keep settings in the configuration file",
            )
        });
        let unread = match &mut settings {
            Ok(settings) => read_rows(settings, &address).await.err(),
            Err(_) => None,
        };
        Self { root, variables, address, settings, unread }
    }

    /// What keeps settings from being read, if anything: a broken file, or a database that cannot be asked.
    pub fn problem(&self) -> Option<&Problem> {
        self.settings.as_ref().err().or(self.unread.as_ref())
    }

    /// The installation's settings, if its files can be read.
    pub fn installation(&self) -> Option<&Settings> {
        self.settings.as_ref().ok()
    }

    /// Any setting of the installation, as it stands where it was set.
    ///
    /// # Errors
    /// A [`Problem`] if a file sets it and only PHP could tell the value.
    pub fn get(&self, path: &str) -> Result<Option<Found>, Problem> {
        match self.installation() {
            Some(settings) => settings.get(path).map_err(|error| unclear(&error)),
            None => Ok(None),
        }
    }

    async fn write(&self, changes: &[(Setting, Secret)]) -> Result<Saved, Problem> {
        let settings = self.settings.as_ref().map_err(Clone::clone)?;
        let address = self.address.as_ref().map_err(Clone::clone)?;
        let mut values = Vec::with_capacity(changes.len());
        for (setting, value) in changes {
            let text = if setting.is_secret() {
                settings.encrypted(setting.path(), value).map_err(|error| Problem::of(&error))?
            } else {
                value.expose().to_owned()
            };
            values.push((setting.path(), text));
        }
        let database = Database::connect(address).await.map_err(|error| Problem::of(&error))?;
        let saved = installation::save(&self.root, &database, &values).await.map_err(|error| Problem::of(&error))?;
        Ok(Saved { where_to: saved.where_to, private_key_file: None, note: saved.note })
    }
}

/// A value that a file sets and that cannot be known.
pub(super) fn unclear(error: &EnvPhpError) -> Problem {
    Problem::usage(error.to_string())
        .hint("write the value into the file as plain text, or as a variable that is set for this program as well")
}

async fn read_rows(settings: &mut Settings, address: &Result<DatabaseSettings, Problem>) -> Result<(), Problem> {
    let address = address.as_ref().map_err(Clone::clone)?;
    let database = Database::connect(address).await.map_err(|error| Problem::of(&error))?;
    settings.read_database(&database).await.map_err(|error| Problem::of(&error))
}

impl SettingStore for CommerceStore {
    fn text(&self, setting: Setting) -> Result<Option<Located<Secret>>, Problem> {
        let Some(settings) = self.installation() else { return Ok(None) };
        let found = if setting.is_secret() {
            settings.secret(setting.path()).map_err(|error| Problem::of(&error))?
        } else {
            self.get(setting.path())?.map(|found| (Secret::new(found.text().trim()), found.origin))
        };
        let found = found.filter(|(value, _)| !value.is_empty());
        Ok(found.map(|(value, origin)| Located { value, origin: Origin::Commerce(origin) }))
    }

    fn private_key(&self, environment: Environment) -> Result<Option<Located<PrivateKey>>, Problem> {
        let Some(Located { value, origin }) = self.text(Setting::PrivateKey(environment))? else { return Ok(None) };
        let value = PrivateKey::parse(value.expose()).map_err(|error| {
            let problem = Problem::of(&error);
            Problem { what: format!("the {environment} private key from {origin}: {}", problem.what), ..problem }
        })?;
        Ok(Some(Located { value, origin }))
    }

    fn lock(&self, setting: Setting) -> Option<Origin> {
        self.installation()?.lock(setting.path()).map(Origin::Commerce)
    }

    async fn save(&mut self, changes: &[(Setting, Secret)]) -> Result<Saved, Problem> {
        let saved = self.write(changes).await?;
        // Read again as Commerce will: what is in force now is what it says.
        *self = Self::load(self.root.clone(), self.variables.clone(), self.address.clone()).await;
        Ok(saved)
    }
}
