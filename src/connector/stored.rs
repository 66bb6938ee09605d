//! What is configured, read and saved where it lives: the config file, or Commerce's own settings.

use std::sync::{Arc, PoisonError, RwLockReadGuard};

use super::{Connector, SettingsOverview, Setup, database, explained};
use crate::commerce::settings::TABLE;
use crate::config::store::{ConfigError, Store};
use crate::config::{Config, Theme};
use crate::error::Problem;
use crate::private_file::safe;
use crate::secret::Secret;
use crate::settings::{CommerceStore, Layers, Saved, Setting, SettingStore as _, lives_in_commerce};
use crate::untrusted::SafeText;

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

    async fn read_commerce(&self) {
        let store = self.store();
        let installation = match store.config().instance.root.as_deref().map(|root| store.resolve(root)) {
            Some(root) => {
                let address = database::main_settings(&store);
                Some(Arc::new(CommerceStore::load(root, store.environment().clone(), address).await))
            }
            None => None,
        };
        let mut layers = self.shared.layers.write().unwrap_or_else(PoisonError::into_inner);
        layers.commerce = installation.clone().filter(|_| lives_in_commerce(&store));
        layers.installation = installation;
        drop(layers);
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
    #[must_use]
    pub fn settings(&self) -> Layers {
        self.layers().clone()
    }

    /// The colours that the screen is drawn in.
    #[must_use]
    pub fn theme(&self) -> Theme {
        self.layers().file.config().ui.theme
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
