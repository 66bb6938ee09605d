//! What is configured, read and saved where it lives: the config file, or Commerce's own settings.

use std::sync::{Arc, PoisonError, RwLockReadGuard};

use super::{Connector, SettingsOverview, Setup, database, explained};
use crate::commerce::database::DatabaseSettings;
use crate::commerce::settings::TABLE;
use crate::config::changes::{self, Change};
use crate::config::store::{ConfigError, Store};
use crate::config::{Config, Saas, UiSection};
use crate::error::Problem;
use crate::private_file::safe;
use crate::secret::Secret;
use crate::settings::{CommerceStore, Layers, Saved, Setting, SettingStore as _, lives_in_commerce};
use crate::untrusted::SafeText;

/// What a run is made by: whether it changed since the last look.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct InUse {
    config: Config,
    /// The API key and the fingerprint of the private key; `None` if there is no usable pair.
    keys: Option<(Secret, String)>,
    /// `None` for another source, or where nothing says where the database is.
    database: Option<DatabaseSettings>,
}

impl InUse {
    /// What is different now, in words; empty = nothing.
    pub fn changes(&self, now: &InUse) -> Vec<String> {
        let (before, after) = (&self.config, &now.config);
        let mut changes = Vec::new();
        if self.keys != now.keys || before.gateway.environment != after.gateway.environment {
            changes.push(match &now.keys {
                Some((api_key, _)) => format!("keys: the pair with the API key {}", api_key.masked()),
                None => "keys: no usable pair".to_owned(),
            });
        }
        if before.saas.environment_id != after.saas.environment_id {
            let name = |saas: &Saas| {
                let id = saas.environment_id.as_ref().map(ToString::to_string);
                saas.environment_name.clone().or(id).unwrap_or_else(|| "none".to_owned())
            };
            changes.push(format!("data space: {} instead of {}", name(&after.saas), name(&before.saas)));
        }
        if self.database != now.database || before.source != after.source {
            changes.push("source".to_owned());
        }
        if before.gateway != after.gateway {
            changes.push("gateway".to_owned());
        }
        let is_other = |config: &Config| (config.export.clone(), config.feeds.clone(), config.instance.clone());
        if is_other(before) != is_other(after) {
            changes.push("export settings".to_owned());
        }
        if before.notify != after.notify {
            changes.push("notifications".to_owned());
        }
        if before.metrics != after.metrics {
            changes.push("metrics".to_owned());
        }
        if before.state != after.state {
            changes.push("state directory (in use after a restart)".to_owned());
        }
        changes
    }
}

/// The configuration with what the installation says as it is now.
async fn layers_of(file: Store) -> Layers {
    let installation = match file.config().instance.root.as_deref().map(|root| file.resolve(root)) {
        Some(root) => {
            let address = database::main_settings(&file);
            Some(Arc::new(CommerceStore::load(root, file.environment().clone(), address).await))
        }
        None => None,
    };
    let commerce = installation.clone().filter(|_| lives_in_commerce(&file));
    Layers { file, commerce, installation }
}

impl Connector {
    /// Reads Commerce's own settings, if settings live there. What cannot be read is a problem of the [`super::Overview`], not of
    /// this call. Front ends call it before anything else.
    pub async fn load(&self) {
        let mut is_loaded = self.shared.turn.lock().await;
        self.read_commerce().await;
        *is_loaded = true;
    }

    /// The same, unless it was done already. Gives whether it was.
    pub async fn ensure_loaded(&self) -> bool {
        let mut is_loaded = self.shared.turn.lock().await;
        let was_loaded = *is_loaded;
        if !was_loaded {
            self.read_commerce().await;
            *is_loaded = true;
        }
        was_loaded
    }

    /// Reads the configuration and Commerce's settings again, and puts them in force; see [`InUse`].
    ///
    /// # Errors
    /// A [`Problem`] if one of them cannot be read, and could be before: what was in force still is.
    pub(super) async fn read_again(&self) -> Result<(), Problem> {
        let _turn = self.shared.turn.lock().await;
        let before = self.settings();
        let file = before.file.read_again().map_err(explained)?;
        let layers = layers_of(file).await;
        let problem = |layers: &Layers| layers.commerce.as_deref().and_then(CommerceStore::problem).cloned();
        if let (Some(problem), None) = (problem(&layers), problem(&before)) {
            return Err(problem);
        }
        *self.shared.layers.write().unwrap_or_else(PoisonError::into_inner) = layers;
        Ok(())
    }

    /// Reads the configuration again and puts it in force, if it changed; what a run has begun with, it keeps. Gives what changed.
    ///
    /// # Errors
    /// A [`Problem`] if it cannot be used: what was in force still is.
    pub async fn reload(&self) -> Result<Vec<Change>, Problem> {
        let _turn = self.shared.turn.lock().await;
        let before = self.store();
        let file = before.read_again().map_err(explained)?;
        let changes = changes::between(before.config(), file.config());
        if !changes.is_empty() {
            let layers = layers_of(file).await;
            *self.shared.layers.write().unwrap_or_else(PoisonError::into_inner) = layers;
            self.forget_client();
        }
        Ok(changes)
    }

    /// What a run is made by. Reads the key's file: blocking.
    pub(super) fn in_use(&self) -> InUse {
        let config = self.config();
        let keys = self.read_pair(config.gateway.environment).ok();
        let keys = keys.map(|pair| (Secret::new(pair.api_key.expose()), pair.private_key.fingerprint()));
        InUse { database: database::settings(&self.store()).ok(), keys, config }
    }

    async fn read_commerce(&self) {
        let layers = layers_of(self.store()).await;
        *self.shared.layers.write().unwrap_or_else(PoisonError::into_inner) = layers;
        self.forget_client();
    }

    pub(super) fn layers(&self) -> RwLockReadGuard<'_, Layers> {
        // A panic while the lock was held left whole layers behind: they are only ever replaced, never half changed.
        self.shared.layers.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn store(&self) -> Store {
        self.layers().file.clone()
    }

    /// The configuration with what Commerce adds to it.
    pub(super) fn config(&self) -> Config {
        self.layers().effective()
    }

    /// Saves where settings live, and uses the new values from now on.
    pub(super) async fn save(&self, changes: &[(Setting, Secret)]) -> Result<Saved, Problem> {
        let _turn = self.shared.turn.lock().await;
        let mut layers = self.layers().clone();
        let saved = layers.save(changes).await?;
        *self.shared.layers.write().unwrap_or_else(PoisonError::into_inner) = layers;
        self.shared.note.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&saved.note);
        self.forget_client();
        Ok(saved)
    }

    /// Changes the configuration file, and uses what is in it from now on. Blocking.
    pub(super) fn change_store(
        &self,
        change: impl FnOnce(&mut Store) -> Result<(), ConfigError>,
    ) -> Result<(), Problem> {
        let mut layers = self.shared.layers.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut layers.file).map_err(explained)?;
        drop(layers);
        self.forget_client();
        Ok(())
    }

    /// A label from the registry is saved where it can be; where it is locked, whoever locked it keeps the old one.
    pub(super) async fn save_label(&self, setting: Setting, label: &SafeText) -> Result<(), Problem> {
        if self.layers().lock(setting).is_none() {
            self.save(&[(setting, Secret::new(label.as_str()))]).await?;
        }
        Ok(())
    }

    /// Configuration and Commerce's settings over each other, as they are now.
    pub fn settings(&self) -> Layers {
        self.layers().clone()
    }

    /// How the screen and reports are drawn.
    pub fn ui(&self) -> UiSection {
        self.layers().file.config().ui.clone()
    }

    /// Where settings are kept, and what stands in the way of it.
    pub(super) fn settings_overview(&self, layers: &Layers) -> SettingsOverview {
        SettingsOverview {
            home: match &layers.commerce {
                Some(_) => TABLE.into(),
                None => safe(layers.file.path()),
            },
            problem: layers.commerce.as_ref().and_then(|commerce| commerce.problem().cloned()),
            note: self.shared.note.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            environment_locked: layers.locked_by(Setting::Environment),
            data_space_locked: layers.locked_by(Setting::DataSpaceId),
            setup: Setup {
                in_commerce: layers.commerce.is_some(),
                without_file: !layers.file.exists(),
                without_source: self.is_without_source(&layers.file),
            },
            organization_locked: layers.locked_by(Setting::Organization),
            limits: super::sending::limits(layers.file.config()),
            read_only: layers.file.config().ui.read_only,
        }
    }
}
