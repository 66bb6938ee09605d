//! Where a setting lives: in the config file, or where Commerce itself reads it. One trait, two stores, and the layers of both.
//!
//! Precedence: flag > environment > config file > Commerce settings > default. This room must never know how a setting is shown
//! or what the gateway thinks of it.

mod commerce;
mod file;
mod layers;

use std::fmt;
use std::future::Future;
use std::path::PathBuf;

use crate::commerce::settings as installation;
use crate::config::store as configuration;
use crate::domain::Environment;
use crate::error::Problem;
use crate::keys::PrivateKey;
use crate::private_file::safe;
use crate::secret::Secret;
use crate::untrusted::SafeText;

pub use commerce::CommerceStore;
pub use layers::{Layers, RouteOrigin, lives_in_commerce};

/// A setting that may live in either store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// Which pair and gateway are used: `production` or `sandbox`.
    Environment,
    /// The public API key of a pair.
    ApiKey(Environment),
    /// The private key of a pair, as PEM text.
    PrivateKey(Environment),
    /// The SaaS project's id.
    ProjectId,
    /// Its name when it was chosen.
    ProjectName,
    /// The data space's id.
    DataSpaceId,
    /// Its name when it was chosen.
    DataSpaceName,
    /// Its type when it was chosen: `Production` or `Testing`.
    DataSpaceType,
    /// The IMS organization's id, `ident@authSrc`.
    Organization,
}

impl Setting {
    /// All of them.
    pub const ALL: [Setting; 11] = [
        Setting::Environment,
        Setting::ApiKey(Environment::Production),
        Setting::PrivateKey(Environment::Production),
        Setting::ApiKey(Environment::Sandbox),
        Setting::PrivateKey(Environment::Sandbox),
        Setting::ProjectId,
        Setting::ProjectName,
        Setting::DataSpaceId,
        Setting::DataSpaceName,
        Setting::DataSpaceType,
        Setting::Organization,
    ];

    /// Its key in config.toml. That of a private key names the file that holds it.
    pub fn key(self) -> &'static str {
        use Environment::{Production, Sandbox};
        match self {
            Setting::Environment => "gateway.environment",
            Setting::ApiKey(Production) => "credentials.production.api_key",
            Setting::ApiKey(Sandbox) => "credentials.sandbox.api_key",
            Setting::PrivateKey(Production) => "credentials.production.private_key_file",
            Setting::PrivateKey(Sandbox) => "credentials.sandbox.private_key_file",
            Setting::ProjectId => "saas.project_id",
            Setting::ProjectName => "saas.project_name",
            Setting::DataSpaceId => "saas.environment_id",
            Setting::DataSpaceName => "saas.environment_name",
            Setting::DataSpaceType => "saas.environment_type",
            Setting::Organization => "saas.ims_organization_id",
        }
    }

    /// Its path in Commerce (protocol page §5).
    pub fn path(self) -> &'static str {
        use Environment::{Production, Sandbox};
        match self {
            Setting::Environment => "magento_saas/environment",
            Setting::ApiKey(Production) => "services_connector/services_connector_integration/production_api_key",
            Setting::ApiKey(Sandbox) => "services_connector/services_connector_integration/sandbox_api_key",
            Setting::PrivateKey(Production) => {
                "services_connector/services_connector_integration/production_private_key"
            }
            Setting::PrivateKey(Sandbox) => "services_connector/services_connector_integration/sandbox_private_key",
            Setting::ProjectId => "services_connector/services_id/project_id",
            Setting::ProjectName => "services_connector/services_id/project_name",
            Setting::DataSpaceId => "services_connector/services_id/environment_id",
            Setting::DataSpaceName => "services_connector/services_id/environment_name",
            // Inferred: the path is Adobe's, but that it holds the data space's type is not said anywhere public.
            Setting::DataSpaceType => "services_connector/services_id/environment",
            Setting::Organization => "services_connector/services_id/ims_organization_id",
        }
    }

    /// Whether Commerce keeps it encrypted.
    pub fn is_secret(self) -> bool {
        matches!(self, Setting::ApiKey(_) | Setting::PrivateKey(_))
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The configuration: a file, or a variable or flag over it.
    Configuration {
        layer: configuration::Origin,
        /// The file: the config file, or the key's own.
        file: PathBuf,
    },
    Commerce(installation::Origin),
}

impl Origin {
    /// Whether both are of the same place, so that one value can be a label of the other.
    fn is_beside(&self, other: &Origin) -> bool {
        use installation::Origin as Commerce;
        match (self, other) {
            (Origin::Configuration { layer: a, .. }, Origin::Configuration { layer: b, .. }) => {
                std::mem::discriminant(a) == std::mem::discriminant(b)
            }
            (Origin::Commerce(Commerce::File { path: a, .. }), Origin::Commerce(Commerce::File { path: b, .. })) => {
                a == b
            }
            (Origin::Commerce(a), Origin::Commerce(b)) => std::mem::discriminant(a) == std::mem::discriminant(b),
            _ => false,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Configuration { layer: configuration::Origin::File, file } => safe(file).fmt(f),
            Origin::Configuration { layer, .. } => layer.fmt(f),
            Origin::Commerce(origin) => origin.fmt(f),
        }
    }
}

/// A value and where it came from.
#[derive(Debug, Clone)]
pub struct Located<T> {
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

/// What became of a save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Where the values are now: the config file, or Commerce's table.
    pub where_to: SafeText,
    /// The file of the private key, where one was written.
    pub private_key_file: Option<PathBuf>,
    /// What the person still has to know or to do.
    pub note: Option<SafeText>,
}

/// A place where settings live.
pub trait SettingStore {
    /// A setting as text; nothing and an empty text are the same. Of a private key see [`Self::private_key`]. May block.
    ///
    /// # Errors
    /// A [`Problem`], such as a secret that cannot be decrypted.
    fn text(&self, setting: Setting) -> Result<Option<Located<Secret>>, Problem>;

    /// The private key of a pair. May block.
    ///
    /// # Errors
    /// A [`Problem`], such as a file that others may read.
    fn private_key(&self, environment: Environment) -> Result<Option<Located<PrivateKey>>, Problem>;

    /// Where a setting is set such that saving it here would change nothing; `None` if it can be saved.
    fn lock(&self, setting: Setting) -> Option<Origin>;

    /// Saves all of these or none, and puts them in force. What was saved before stays until the new is in. May block.
    ///
    /// # Errors
    /// A [`Problem`]; every old value is then still there.
    fn save(&mut self, changes: &[(Setting, Secret)]) -> impl Future<Output = Result<Saved, Problem>> + Send;
}
