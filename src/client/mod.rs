//! THE client: one `reqwest::Client` behind one type, used by every pane and every command.
//!
//! It must never know about the ledger, the configuration file or the screen: it is given settings and keys.

pub mod error;
pub mod models;
pub mod pace;
pub mod retry;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub use error::ClientError;
use models::{DataSpace, DataSpaceId, Environment, FeedAnswer, Project, ProjectId};

use crate::keys::KeyPair;

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
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long the gateway may be silent.
    pub read_timeout: Duration,
    /// How long one request may take in all.
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
pub struct Client {}

impl Client {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`ClientError::Setting`] if a setting cannot work.
    pub fn new(_settings: ClientSettings, _keys: KeyPair) -> Result<Self, ClientError> {
        unimplemented!()
    }

    /// The gateway's host, for messages and the header of the screen.
    #[must_use]
    pub fn gateway_host(&self) -> &str {
        unimplemented!()
    }

    /// Checks the keys: GET `ping`.
    ///
    /// # Errors
    /// [`ClientError::KeysRefused`] if they are not accepted; any other [`ClientError`] if that cannot be known.
    pub async fn ping(&self) -> Result<(), ClientError> {
        unimplemented!()
    }

    /// The projects that the keys see: GET `registry`, rows grouped by project.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn projects(&self) -> Result<Vec<Project>, ClientError> {
        unimplemented!()
    }

    /// One project: GET `registry/projects/{id}`.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn project(&self, _id: &ProjectId) -> Result<Project, ClientError> {
        unimplemented!()
    }

    /// One data space and the project it belongs to: GET `registry/environments/{id}`.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn data_space(&self, _id: &DataSpaceId) -> Result<(Project, DataSpace), ClientError> {
        unimplemented!()
    }

    /// Creates a project with its data spaces: POST `registry/initialize`.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn create_project(&self, _name: &str) -> Result<Project, ClientError> {
        unimplemented!()
    }

    /// Renames a project; a label only: PATCH `registry/projects/{id}`.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn rename_project(&self, _id: &ProjectId, _name: &str) -> Result<Project, ClientError> {
        unimplemented!()
    }

    /// Renames a data space; a label only: PATCH `registry/environments/{id}`.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn rename_data_space(&self, _id: &DataSpaceId, _name: &str) -> Result<DataSpace, ClientError> {
        unimplemented!()
    }

    /// Sends one gzipped JSON array to `route`/`data_space`, waiting for the pace first. One request, no retry.
    pub async fn send_feed(&self, _route: &str, _data_space: &DataSpaceId, _gzipped: Vec<u8>) -> FeedAnswer {
        unimplemented!()
    }

    /// The shared pace, for showing what limits a run.
    #[must_use]
    pub fn pace(&self) -> &pace::Pace {
        unimplemented!()
    }

    /// The shared retry budget.
    #[must_use]
    pub fn retry_budget(&self) -> &retry::RetryBudget {
        unimplemented!()
    }
}
