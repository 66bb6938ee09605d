//! config.toml as types. Loading with the origin of each value, and saving, are in the rooms below.
//!
//! Precedence: flag > environment (`COMMERCE_CONNECTOR_…`) > credential of the service manager > config file > default; what Commerce's own settings add between
//! the last two is in [`crate::settings`]. These types must never do I/O.

pub mod changes;
pub mod contexts;
mod credentials;
mod feed_decision;
mod hidden;
pub mod keys;
mod metrics;
mod notify;
mod redact;
mod rules;
mod source;
mod state;
pub mod store;
pub mod time_span;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::{
    DataSpaceId, DataSpaceKind, Edition, Environment, Feed, InstallationKind, Most, ProjectId, ThreadCount,
};
use time_span::TimeSpan;

pub use feed_decision::{FeedDecision, WhenCustomised};
pub use hidden::Hidden;
pub use metrics::MetricsAddress;
pub use notify::{DailyTime, NotifySection, mailboxes};
pub use source::{CommerceConnection, CommerceSection, FilesSection, SourceKind, SourceSection};
pub use state::{LedgerPlace, StateDatabase, StateSection};

/// The whole configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[gateway]`
    pub gateway: GatewaySection,
    /// `[credentials.production]` and `[credentials.sandbox]`
    pub credentials: Credentials,
    /// `[saas]`
    pub saas: Saas,
    /// `[ims]`
    pub ims: ImsSection,
    /// `[source]`
    pub source: SourceSection,
    /// `[instance]`
    pub instance: Instance,
    /// `[export]`
    pub export: ExportSection,
    /// `[feeds.<feed>]`
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub feeds: BTreeMap<Feed, FeedDecision>,
    /// `[state]`
    pub state: StateSection,
    /// `[metrics]`
    pub metrics: MetricsSection,
    /// `[notify]`
    pub notify: NotifySection,
    /// `[update]`
    pub update: UpdateSection,
    /// `[ui]`
    pub ui: UiSection,
}

/// `[gateway]`: which gateway, and how to reach it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewaySection {
    /// Which key pair and gateway are used.
    pub environment: Environment,
    pub production_url: String,
    pub sandbox_url: String,
    /// The registry's path.
    pub registry_path: String,
    /// Further certificate authorities, PEM, relative to the config file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Seconds to make a connection.
    pub connect_timeout_seconds: u64,
    /// Seconds the gateway may be silent.
    pub read_timeout_seconds: u64,
    /// Seconds for one request in all.
    pub total_timeout_seconds: u64,
    /// The most requests a second (Adobe's guardrail is about 2); 0 = no limit.
    pub requests_per_second: f64,
    /// The GraphQL endpoint of Catalog Service and Live Search; Adobe's for the pair in use if it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graphql_url: Option<String>,
    /// The most requests a second to that endpoint; 0 = no limit.
    pub graphql_requests_per_second: f64,
    /// Further claims of the JWT.
    pub jwt_claims: BTreeMap<String, String>,
}

impl Default for GatewaySection {
    fn default() -> Self {
        Self {
            environment: Environment::Production,
            production_url: "https://commerce.adobe.io".to_owned(),
            sandbox_url: "https://commerce-beta.adobe.io".to_owned(),
            registry_path: "/merchant-registry/v1".to_owned(),
            ca_file: None,
            connect_timeout_seconds: 10,
            read_timeout_seconds: 60,
            total_timeout_seconds: 120,
            requests_per_second: 2.0,
            graphql_url: None,
            graphql_requests_per_second: 5.0,
            jwt_claims: BTreeMap::new(),
        }
    }
}

/// `[credentials]`: one section per environment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Credentials {
    pub production: PairSetting,
    pub sandbox: PairSetting,
}

impl Credentials {
    /// Where one of the pairs is.
    pub fn pair(&self, environment: Environment) -> &PairSetting {
        match environment {
            Environment::Production => &self.production,
            Environment::Sandbox => &self.sandbox,
        }
    }
}

/// Where a key pair is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PairSetting {
    /// The public API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Hidden>,
    /// The private key's file, 0600, relative to the config file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_key_file: Option<PathBuf>,
}

/// `[saas]`: the chosen project and data space. Names and type are labels from the registry, kept for showing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Saas {
    /// The project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    /// Its name when it was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_name: Option<String>,
    /// The data space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_id: Option<DataSpaceId>,
    /// Its name when it was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_name: Option<String>,
    /// Production or Testing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_type: Option<DataSpaceKind>,
    /// The IMS organization, `ident@authSrc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ims_organization_id: Option<String>,
}

/// `[ims]`: signing in with an Adobe ID.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImsSection {
    pub host: String,
    /// The client id of the OAuth credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The file of its secret, 0600, relative to the config file; only a Web App and a service have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// Where IMS sends the person afterwards; nothing needs to listen there.
    pub redirect_uri: String,
    /// What is asked for.
    pub scopes: String,
    /// Where tokens are kept.
    pub token_store: TokenHome,
}

impl Default for ImsSection {
    fn default() -> Self {
        Self {
            host: "https://ims-na1.adobelogin.com".to_owned(),
            client_id: None,
            client_secret_file: None,
            redirect_uri: "https://localhost/".to_owned(),
            scopes: "openid,AdobeID,email,profile,read_organizations".to_owned(),
            token_store: TokenHome::default(),
        }
    }
}

/// Where the tokens of a sign-in are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenHome {
    /// In a 0600 file of the state directory.
    #[default]
    File,
    /// In the memory of the program, until it ends.
    Memory,
}

/// Where keys, project, data space, organization and environment are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingsHome {
    /// In Commerce, if the installation is known and its env.php is there; otherwise in the config file.
    #[default]
    Auto,
    /// In the config file, whatever else is known.
    File,
    Commerce,
}

/// `[instance]`: the Commerce installation on this server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Instance {
    /// Its root directory; reads `app/etc/env.php` when `[source.commerce]` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<PathBuf>,
    /// Where settings are kept: `auto`, `file` or `commerce`.
    pub settings: SettingsHome,
    /// What the header of the screen calls it; the host name if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `production`, `staging` or `development`; concluded from the installation if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<InstallationKind>,
    /// `ce`, `ee` or `b2b`; from composer.lock under the root if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edition: Option<Edition>,
    /// Such as `2.4.8`; from composer.lock under the root if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// As Adobe's own tables do (protocol page §3).
const KEEP_DELETIONS_DAYS: u16 = 7;

/// `[export]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExportSection {
    /// Requests in flight at a time.
    pub thread_count: ThreadCount,
    /// The largest uncompressed body of a request, in bytes.
    pub max_batch_bytes: usize,
    /// Whether a run with `--quiet` is silent and ends with 0 if another one does the same work.
    pub quiet_if_running: bool,
    /// Whether a run or a watch gives up writing and connecting anywhere but where it must, where the kernel has Landlock.
    pub landlock: bool,
    /// Whether the ledger keeps what was sent of each item.
    pub keep_payloads: bool,
    /// How many items of a feed a run may delete.
    pub max_delete: Most,
    /// How many items of a feed a run may send changed.
    pub max_change: Most,
    /// For how many days the ledger remembers deletions that the service has taken.
    pub keep_deletions_days: u16,
    /// Within which time partial syncs compare the whole shop, a piece each; `off` = only what change logs name.
    pub full_within: TimeSpan,
    /// The most of the database's time that this may take, in percent; 100 = no bound.
    pub database_share: u8,
    /// `[export.feeds.<feed>]`
    pub feeds: BTreeMap<Feed, FeedSection>,
    /// `[export.routes]`: feed → route.
    pub routes: BTreeMap<Feed, String>,
}

impl Default for ExportSection {
    fn default() -> Self {
        Self {
            thread_count: ThreadCount::Auto,
            max_batch_bytes: crate::bounds::DEFAULT_BATCH_BYTES,
            quiet_if_running: true,
            landlock: true,
            keep_payloads: true,
            max_delete: crate::domain::MAX_DELETE,
            max_change: Most::NoLimit,
            keep_deletions_days: KEEP_DELETIONS_DAYS,
            full_within: TimeSpan::hours(1),
            database_share: 10,
            feeds: BTreeMap::new(),
            routes: BTreeMap::new(),
        }
    }
}

/// `[export.feeds.<feed>]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeedSection {
    /// Items in one request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// How many of its items a run may delete, instead of `[export] max_delete`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_delete: Option<Most>,
    /// How many of its items a run may send changed, instead of `[export] max_change`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_change: Option<Most>,
}

/// The colours of the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeName {
    /// The sixteen colours of the terminal, by role.
    #[default]
    Default,
    /// Nothing dim, and colours only as backgrounds.
    HighContrast,
    /// No colours.
    Mono,
}

impl ThemeName {
    /// The names of all of them.
    pub const NAMES: [&str; 3] = ["default", "high-contrast", "mono"];
}

/// `[metrics]`: figures for a monitoring system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsSection {
    /// The file that is written after each run and each pass of a watch, relative to the config file; not set = none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Where a watch or a run answers `GET /metrics`; not set = nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<MetricsAddress>,
}

/// `[update]`: where newer versions of this program are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpdateSection {
    /// A directory or an https URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The publisher's public key, PEM, relative to the config file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR`, `CLICOLOR=0` or `TERM=dumb` say otherwise.
    #[default]
    Auto,
    Always,
    Never,
}

impl ColorWhen {
    /// The names of all of them.
    pub const NAMES: [&str; 3] = ["auto", "always", "never"];
}

/// Whether output keeps to ASCII.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ascii {
    /// Unless the locale (`LC_ALL`, `LC_CTYPE`, `LANG`) is UTF-8.
    #[default]
    Auto,
    Always,
    /// Never: for a terminal that shows UTF-8 although no locale says so, as over SSH.
    Never,
}

impl Ascii {
    fn name(self) -> &'static str {
        match self {
            Ascii::Auto => "auto",
            Ascii::Always => "true",
            Ascii::Never => "false",
        }
    }
}

impl Serialize for Ascii {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// `true` and `false` with or without quotes, since both are what people write.
impl<'de> Deserialize<'de> for Ascii {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Ascii;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"auto\", true or false")
            }

            fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Ascii, E> {
                Ok(if value { Ascii::Always } else { Ascii::Never })
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Ascii, E> {
                [Ascii::Auto, Ascii::Always, Ascii::Never]
                    .into_iter()
                    .find(|ascii| ascii.name() == value)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(value), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// `[ui]`: the screen; what its flags say is saved here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UiSection {
    /// Its colours.
    pub theme: ThemeName,
    /// When there are colours at all, on the screen and in reports.
    pub color: ColorWhen,
    /// Whether the screen and reports keep to ASCII.
    pub ascii: Ascii,
    /// Whether the screen takes clicks and the wheel of the mouse; then the terminal selects text with Shift only.
    pub mouse: bool,
    /// Whether everything that changes something is refused, on the screen and as a command.
    pub read_only: bool,
}
