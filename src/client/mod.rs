//! THE client: one `reqwest::Client` behind one type, used by every pane and every command.
//!
//! The storefront services, which need the public key alone, are asked by [`storefront`].
//!
//! It must never know about the ledger, the configuration file or the screen: it is given settings and keys.

pub mod error;
mod feeds;
mod jwt;
pub mod models;
pub mod pace;
mod probe;
mod registry;
pub mod retry;
pub mod storefront;

#[cfg(any(test, fuzzing))]
pub(crate) use self::{feeds::shown_of_answer as shown_of_feed_answer, registry::shown_of_answer as shown_of_registry};

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

pub use self::error::ClientError;
use self::jwt::{OWN_CLAIMS, TokenSource};
use self::pace::Pace;
pub use self::probe::{Probe, Unreached};
use self::retry::RetryBudget;
use crate::domain::Environment;
pub use crate::http::Failure;
use crate::http::wire::{Wire, WireSettings};
use crate::keys::KeyPair;
use crate::untrusted::SafeText;

/// A clock that is off by more makes every token too old, or not valid yet, when it arrives: they live 300 seconds (protocol
/// page §1), and some of that is spent on the way and while one is used again.
pub const SKEW_WRONG: SignedDuration = SignedDuration::from_secs(240);

/// What a client is made of, besides the keys.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientSettings {
    /// Which pair the keys are, for messages.
    pub environment: Environment,
    /// The gateway, such as `https://commerce.adobe.io`; `http` only to loopback.
    pub gateway: String,
    /// The registry's path, such as `/merchant-registry/v1`.
    pub registry_path: String,
    /// Further certificate authorities, PEM.
    pub ca_file: Option<PathBuf>,
    /// How long a connection may take to be made, with DNS and TLS. Short: a firewall that drops packets answers never, and
    /// nothing was sent yet, so trying again costs nothing.
    pub connect_timeout: Duration,
    /// How long the gateway may be silent, before its answer and within it. Longer: it works on a batch before it answers,
    /// and giving up too early sends the batch twice. Before
    /// the answer it counts from the start of the request, so the time to upload a batch is in it.
    pub read_timeout: Duration,
    /// How long one request may take in all, from connecting to the last byte of the answer. A gateway that answers one byte
    /// a minute is never silent, but it must not hold a worker forever.
    pub total_timeout: Duration,
    /// The most requests a second; the pace goes below it after a 429, never above. `None` = no limit (benches).
    pub requests_per_second: Option<f64>,
    /// Further claims of the JWT (protocol page §1).
    pub jwt_claims: BTreeMap<String, String>,
    /// The `service-connector-metadata` header of feed requests (protocol page §1).
    pub metadata: ConnectorMetadata,
}

/// What the installation is, as feed requests tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorMetadata {
    /// `ce`, `ee` or `b2b`.
    pub commerce_edition: String,
    /// Such as `2.4.7`.
    pub commerce_version: String,
}

/// The client. Clones share the connection pool, the token, the pace and the retry budget.
#[derive(Debug, Clone)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    environment: Environment,
    registry_path: String,
    wire: Wire,
    tokens: TokenSource,
    /// Marked as sensitive.
    api_key: HeaderValue,
    metadata: HeaderValue,
    pace: Pace,
    budget: RetryBudget,
}

impl Client {
    /// Makes a client; nothing is sent yet. Reads the CA file and the system's roots: blocking for some milliseconds.
    ///
    /// # Errors
    /// [`ClientError::Setting`] if a setting cannot work.
    pub fn new(settings: ClientSettings, keys: KeyPair) -> Result<Self, ClientError> {
        let wire = Wire::new(&WireSettings {
            setting: match settings.environment {
                Environment::Production => "gateway.production_url",
                Environment::Sandbox => "gateway.sandbox_url",
            },
            url: settings.gateway,
            ca_file: settings.ca_file,
            connect_timeout: settings.connect_timeout,
            read_timeout: settings.read_timeout,
            total_timeout: settings.total_timeout,
        })?;
        if let Some(name) = OWN_CLAIMS.iter().find(|name| settings.jwt_claims.contains_key(**name)) {
            return Err(ClientError::Setting {
                setting: "gateway.jwt_claims",
                reason: SafeText::new(&format!("{name} is set by this program")),
            });
        }
        let unusable = |setting, error: &dyn std::fmt::Display| ClientError::Setting {
            setting,
            reason: SafeText::new(&error.to_string()),
        };
        let mut api_key = HeaderValue::from_str(keys.api_key.expose()).map_err(|error| unusable("api_key", &error))?;
        api_key.set_sensitive(true);
        let metadata = json!({
            "commerceEdition": settings.metadata.commerce_edition,
            "commerceVersion": settings.metadata.commerce_version,
        });
        let metadata =
            HeaderValue::from_str(&metadata.to_string()).map_err(|error| unusable("Commerce edition", &error))?;
        let client = Self(Arc::new(Shared {
            environment: settings.environment,
            registry_path: settings.registry_path,
            wire,
            tokens: TokenSource::new(keys.private_key, settings.jwt_claims),
            api_key,
            metadata,
            pace: Pace::new(settings.requests_per_second, fastrand::Rng::new()),
            budget: RetryBudget::new(),
        }));
        // A key that cannot sign is a setting to mend, not a failure to retry during a run.
        client.key_headers()?;
        Ok(client)
    }

    /// The gateway's host, for messages and the header of the screen.
    pub fn gateway_host(&self) -> &str {
        self.0.wire.host().as_str()
    }

    /// The shared pace, for showing what limits a run.
    pub fn pace(&self) -> &Pace {
        &self.0.pace
    }

    /// After how long without an answer a request is given up.
    pub fn answer_timeout(&self) -> Duration {
        self.wire().answer_timeout()
    }

    /// The shared retry budget.
    pub fn retry_budget(&self) -> &RetryBudget {
        &self.0.budget
    }

    /// Which token requests carry now; it changes with [`Client::renew_token`].
    pub fn token_number(&self) -> u64 {
        self.0.tokens.number()
    }

    /// Has a new token signed for the next request, unless that was done since the one with this number.
    pub fn renew_token(&self, number: u64) {
        self.0.tokens.renew(number);
    }

    /// The headers of every call (protocol page §1).
    fn key_headers(&self) -> Result<HeaderMap, ClientError> {
        let token = self.0.tokens.header(jiff::Timestamp::now().as_second()).map_err(|error| ClientError::Setting {
            setting: "private_key_file",
            reason: SafeText::new(&error.to_string()),
        })?;
        Ok(HeaderMap::from_iter([
            (HeaderName::from_static("x-api-key"), self.0.api_key.clone()),
            (HeaderName::from_static("magento-api-key"), self.0.api_key.clone()),
            (HeaderName::from_static("x-gw-signature"), token),
        ]))
    }

    fn metadata_header(&self) -> HeaderValue {
        self.0.metadata.clone()
    }

    fn wire(&self) -> &Wire {
        &self.0.wire
    }

    fn environment(&self) -> Environment {
        self.0.environment
    }

    fn registry_path(&self) -> &str {
        &self.0.registry_path
    }
}
