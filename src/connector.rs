//! Every action of the program, once: the screen and the commands are two ways to call them.
//!
//! It ties configuration, keys, client, sources and export together. It must never know how anything is shown.

use std::path::PathBuf;

use crate::client::Client;
use crate::client::models::{DataSpace, DataSpaceId, DataSpaceKind, Environment, Project, ProjectId};
use crate::error::Problem;
use crate::export::Run;
use crate::export::ledger::FeedSummary;
use crate::export::progress::ItemFailure;
use crate::feeds::Feed;
use crate::feeds::source::Source;
use crate::keys::KeyPair;
use crate::untrusted::SafeText;

/// The actions. Clones share everything.
#[derive(Debug, Clone)]
pub struct Connector {}

/// What the header of the screen shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// What this installation is called.
    pub installation: SafeText,
    /// Which key pair and gateway are used.
    pub environment: Environment,
    /// The gateway's host.
    pub gateway: SafeText,
    /// The chosen project and its name.
    pub project: Option<(ProjectId, SafeText)>,
    /// The chosen data space, its name and kind.
    pub data_space: Option<(DataSpaceId, SafeText, DataSpaceKind)>,
    /// Where items come from, such as `database shop at /run/mysqld/mysqld.sock`.
    pub source: SafeText,
    /// Where settings are kept.
    pub config_path: PathBuf,
    /// Where ledger, locks and logs are kept.
    pub state_dir: PathBuf,
}

/// What is known of a key pair without asking the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairStatus {
    /// Which pair.
    pub environment: Environment,
    /// The API key, masked.
    pub api_key: Half,
    /// The private key: bits and fingerprint.
    pub private_key: Half,
}

/// One half of a key pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Half {
    /// Not there.
    Missing,
    /// There, and as far as can be seen here, good.
    Present {
        /// How it may be shown: `••••3f9a`, or `RSA 2048 bits SHA256:…`.
        shown: SafeText,
        /// Where it came from: a path or a setting.
        origin: SafeText,
    },
    /// There, but it cannot be used.
    Unusable {
        /// Why, in one sentence.
        reason: SafeText,
    },
}

/// What to export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportRequest {
    /// Feeds; empty = all that the source has.
    pub feeds: Vec<Feed>,
    /// Requests in flight, instead of the configured.
    pub thread_count: Option<usize>,
    /// Items in one request, instead of the configured.
    pub batch_size: Option<usize>,
    /// Count only.
    pub dry_run: bool,
}

impl Connector {
    /// What is configured now. No I/O.
    #[must_use]
    pub fn overview(&self) -> Overview {
        unimplemented!()
    }

    /// What is known of both pairs, production first. Reads key files: blocking.
    #[must_use]
    pub fn pairs(&self) -> [PairStatus; 2] {
        unimplemented!()
    }

    /// Asks the gateway whether it accepts the saved pair.
    ///
    /// # Errors
    /// A [`Problem`] that says what to do.
    pub async fn verify(&self, _environment: Environment) -> Result<(), Problem> {
        unimplemented!()
    }

    /// Asks the gateway whether it accepts a pair that is not saved yet.
    ///
    /// # Errors
    /// A [`Problem`] that says what to do.
    pub async fn verify_pair(&self, _environment: Environment, _pair: KeyPair) -> Result<(), Problem> {
        unimplemented!()
    }

    /// Saves a pair: the private key to a 0600 file beside the config file, the API key into it. Blocking.
    /// Returns the private key's path.
    ///
    /// # Errors
    /// A [`Problem`]; what was saved before is still there.
    pub fn save_pair(&self, _environment: Environment, _pair: &KeyPair) -> Result<PathBuf, Problem> {
        unimplemented!()
    }

    /// Uses the other pair and gateway from now on, and saves that. Blocking.
    ///
    /// # Errors
    /// A [`Problem`]; what was saved before is still there.
    pub fn set_environment(&self, _environment: Environment) -> Result<(), Problem> {
        unimplemented!()
    }

    /// The client for the environment in use; made once and shared.
    ///
    /// # Errors
    /// A [`Problem`] if there are no usable keys or settings.
    pub fn client(&self) -> Result<Client, Problem> {
        unimplemented!()
    }

    /// The projects that the keys see.
    ///
    /// # Errors
    /// A [`Problem`] that says what to do.
    pub async fn projects(&self) -> Result<Vec<Project>, Problem> {
        unimplemented!()
    }

    /// Creates a project.
    ///
    /// # Errors
    /// A [`Problem`]: bad name, or the registry's own words.
    pub async fn create_project(&self, _name: &str) -> Result<Project, Problem> {
        unimplemented!()
    }

    /// Renames a project; a label only.
    ///
    /// # Errors
    /// A [`Problem`]: bad name, or the registry's own words.
    pub async fn rename_project(&self, _id: &ProjectId, _name: &str) -> Result<Project, Problem> {
        unimplemented!()
    }

    /// Renames a data space; a label only.
    ///
    /// # Errors
    /// A [`Problem`]: bad name, or the registry's own words.
    pub async fn rename_data_space(&self, _id: &DataSpaceId, _name: &str) -> Result<DataSpace, Problem> {
        unimplemented!()
    }

    /// Chooses a data space: checked with the registry, then saved with project, names and kind.
    ///
    /// # Errors
    /// A [`Problem`]; what was saved before is still there.
    pub async fn select_data_space(&self, _id: &DataSpaceId) -> Result<Overview, Problem> {
        unimplemented!()
    }

    /// The configured source, connected.
    ///
    /// # Errors
    /// A [`Problem`] that says what to check.
    pub async fn source(&self) -> Result<Source, Problem> {
        unimplemented!()
    }

    /// The feeds of the source with their source records, where these can be counted.
    ///
    /// # Errors
    /// A [`Problem`] that says what to check.
    pub async fn feed_counts(&self) -> Result<Vec<(Feed, Option<u64>)>, Problem> {
        unimplemented!()
    }

    /// What the ledger knows of the chosen data space; empty if nothing was ever sent. Blocking.
    ///
    /// # Errors
    /// A [`Problem`] if it cannot be read.
    pub fn ledger_summary(&self) -> Result<Vec<FeedSummary>, Problem> {
        unimplemented!()
    }

    /// The newest failed items of the chosen data space. Blocking.
    ///
    /// # Errors
    /// A [`Problem`] if the ledger cannot be read.
    pub fn failures(&self, _feed: Option<Feed>, _limit: usize) -> Result<Vec<ItemFailure>, Problem> {
        unimplemented!()
    }

    /// Starts an export into the chosen data space.
    ///
    /// # Errors
    /// A [`Problem`]: no data space chosen, no keys, no source, another run, a ledger that cannot be used.
    pub async fn start_export(&self, _request: ExportRequest) -> Result<Run, Problem> {
        unimplemented!()
    }
}
