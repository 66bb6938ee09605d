//! The config file as a store: an API key is a value in it, a private key is a file of its own beside it.

use std::path::{Path, PathBuf};

use super::{Located, Origin, Saved, Setting, SettingStore};
use crate::config::store::{Origin as Layer, Store};
use crate::domain::Environment;
use crate::error::Problem;
use crate::keys::PrivateKey;
use crate::private_file::{self, safe};
use crate::secret::Secret;

impl SettingStore for Store {
    fn text(&self, setting: Setting) -> Result<Option<Located<Secret>>, Problem> {
        let config = self.config();
        let saas = &config.saas;
        let value = match setting {
            Setting::Environment => {
                (*self.origin(setting.key()) != Layer::Default).then(|| config.gateway.environment.name().to_owned())
            }
            Setting::ApiKey(environment) => {
                self.config().credentials.pair(environment).api_key.as_deref().map(str::to_owned)
            }
            Setting::PrivateKey(environment) => match self.private_key(environment)? {
                Some(Located { value, origin }) => {
                    let pem = value.to_pem().map_err(|error| Problem::of(&error))?;
                    return Ok(Some(Located { value: pem, origin }));
                }
                None => None,
            },
            Setting::ProjectId => saas.project_id.as_ref().map(ToString::to_string),
            Setting::ProjectName => saas.project_name.clone(),
            Setting::DataSpaceId => saas.environment_id.as_ref().map(ToString::to_string),
            Setting::DataSpaceName => saas.environment_name.clone(),
            Setting::DataSpaceType => saas.environment_type.map(|kind| kind.to_string()),
            Setting::Organization => saas.ims_organization_id.clone(),
        };
        let origin = Origin::Configuration { layer: self.origin(setting.key()).clone(), file: self.path().to_owned() };
        Ok(value.filter(|value| !value.is_empty()).map(|value| Located { value: Secret::new(value), origin }))
    }

    fn private_key(&self, environment: Environment) -> Result<Option<Located<PrivateKey>>, Problem> {
        let Some(path) = self.config().credentials.pair(environment).private_key_file.as_deref() else {
            return Ok(None);
        };
        let path = self.resolve(path);
        let key = Setting::PrivateKey(environment).key();
        let value = PrivateKey::read_as(&path, self.secrecy_of(key)).map_err(|error| Problem::of(&error))?;
        // Which file holds the key says more than which variable names the file; a credential is known by its name.
        let layer = match self.origin(key) {
            layer @ Layer::Credential(_) => layer.clone(),
            _ => Layer::File,
        };
        Ok(Some(Located { value, origin: Origin::Configuration { layer, file: path } }))
    }

    fn lock(&self, setting: Setting) -> Option<Origin> {
        let layer = self.origin(setting.key());
        layer.is_over_file().then(|| Origin::Configuration { layer: layer.clone(), file: self.path().to_owned() })
    }

    async fn save(&mut self, changes: &[(Setting, Secret)]) -> Result<Saved, Problem> {
        save(self, changes)
    }
}

fn save(store: &mut Store, changes: &[(Setting, Secret)]) -> Result<Saved, Problem> {
    let mut values = Vec::with_capacity(changes.len());
    let mut replaced = Vec::new();
    let mut private_key_file = None;
    for (setting, value) in changes {
        let text = if let Setting::PrivateKey(environment) = setting {
            let key = PrivateKey::parse(value.expose()).map_err(|error| Problem::of(&error))?;
            // The old key file stays until the configuration names the new one, so that a crash in between loses neither.
            let name = new_file_name(*environment, &key);
            let path = store.directory().join(&name);
            private_file::write(&path, value.expose().as_bytes()).map_err(|error| Problem::of(&error))?;
            replaced.extend(
                store.config().credentials.pair(*environment).private_key_file.clone().filter(|old| *old != name),
            );
            private_key_file = Some(path);
            name.display().to_string()
        } else {
            value.expose().to_owned()
        };
        values.push((setting.key(), Some(text)));
    }
    Store::save(store, &values).map_err(|error| Problem::of(&error))?;
    for old in replaced.iter().filter(|old| is_own_file(old)) {
        // The pair is saved; a leftover of the old key is a matter of tidiness, and it is 0600 like the new one.
        let _ = std::fs::remove_file(store.resolve(old));
    }
    Ok(Saved { where_to: safe(store.path()), private_key_file, note: None })
}

/// Named after the key itself, so that saving a new pair never writes over the file that is still in force.
fn new_file_name(environment: Environment, key: &PrivateKey) -> PathBuf {
    let tail: String =
        key.fingerprint().chars().filter(char::is_ascii_alphanumeric).skip("SHA256".len()).take(8).collect();
    PathBuf::from(format!("{environment}-{tail}.pem"))
}

/// Whether this program made the file: only such a one is taken away when a new pair replaces it.
fn is_own_file(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let stem = Environment::ALL.iter().find_map(|environment| name.strip_prefix(&format!("{environment}-")));
    stem.and_then(|stem| stem.strip_suffix(".pem"))
        .is_some_and(|tail| tail.len() == 8 && tail.chars().all(|c| c.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_key_files_are_taken_away() {
        assert!(is_own_file(Path::new("production-Ab12Cd34.pem")));
        assert!(!is_own_file(Path::new("production.pem")));
        assert!(!is_own_file(Path::new("/etc/ssl/production-Ab12Cd34.pem")));
        assert!(!is_own_file(Path::new("sandbox-backup.pem")));
    }
}
