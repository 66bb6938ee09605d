//! Every action of the program, once: the screen and the commands are two ways to call them.
//!
//! It ties configuration, keys, client, sources and export together. It must never know how anything is shown.

mod attach;
pub mod checklist;
pub mod compare;
pub mod completion;
pub mod confinement;
pub mod csv;
pub mod data_spaces;
mod database;
pub mod doctor;
pub mod estimate;
pub mod explain;
pub mod finding;
pub mod guard;
pub mod health;
mod ims;
pub mod item_report;
pub mod items;
mod items_csv;
mod launch;
pub mod ledger;
pub mod lint;
mod metrics;
mod models;
mod names;
mod nodes;
pub mod notify;
mod pairs;
mod pick;
pub mod preview;
mod reading;
mod resume;
mod sending;
pub mod services;
pub mod setup;
mod stored;
mod storefront;
pub mod support_bundle;
mod temporary;
pub mod unsaved;
pub mod verify;
mod watch;
pub mod watching;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use crate::client::{Client, ClientError, ClientSettings, ConnectorMetadata};
use crate::commerce::edition;
use crate::config::store::Store;
use crate::config::{Config, SourceKind};
use crate::domain::{DataSpace, DataSpaceId, DataSpaceKind, Environment, Feed, Project, ProjectId};
use crate::error::{Explain, Problem};
use crate::export::ledger::{FeedSummary, LedgerReader, PastRun, RollingSummary, RunHistory};
use crate::export::progress::ItemFailure;
use crate::feeds::source::Source;
use crate::feeds::source::commerce::{Commerce, InForce, Installation};
use crate::feeds::source::files::Files;
use crate::format::counted;
use crate::ims::TokenStore;
use crate::keys::{ApiKey, KeyPair};
use crate::secret::Secret;
use crate::settings::{Layers, RouteOrigin, Saved, Setting, SettingStore as _};
use crate::untrusted::SafeText;

pub use ims::ClientSecret;
pub use launch::{Processes, RunPlace, ScreenJob, this_program};
pub use metrics::{Format as MetricsFormat, MetricsEndpoint};
pub use models::{ExportRequest, Half, Limits, Overview, PairStatus, SettingsOverview, Setup, SourceFeeds};
pub use names::{check_name, check_project_name};
pub use pairs::after_rotation;
pub use watch::{Watch, WatchNews};

/// The actions. Clones share everything.
#[derive(Debug, Clone)]
pub struct Connector {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// The configuration and, once they were read, Commerce's own settings.
    layers: RwLock<Layers>,
    /// What the last save left for the person to do.
    note: Mutex<Option<SafeText>>,
    /// Whether Commerce's settings were looked at. Held while they are read or written, so that one waits for the other.
    turn: tokio::sync::Mutex<bool>,
    state_dir: PathBuf,
    /// Made at the first use and thrown away when keys or gateway change.
    client: Mutex<Option<Client>>,
    /// The tokens of who is signed in. Held while they are used, so that no two renew them at once.
    tokens: tokio::sync::Mutex<TokenStore>,
    /// The source, where it is not the configured one.
    fixed_source: Option<Source>,
    /// What this process has of the nodes that share a ledger.
    nodes: Mutex<nodes::Shared>,
    tally: Mutex<metrics::Tally>,
}

impl Connector {
    /// The actions over a loaded configuration. `fixed_source` takes the place of the configured one (the demo's).
    #[must_use]
    pub fn new(store: Store, state_dir: PathBuf, fixed_source: Option<Source>) -> Self {
        let tokens = tokio::sync::Mutex::new(ims::token_store(&store, &state_dir));
        let shared = Shared {
            layers: RwLock::new(Layers { file: store, commerce: None, installation: None }),
            note: Mutex::new(None),
            turn: tokio::sync::Mutex::new(false),
            state_dir,
            client: Mutex::new(None),
            tokens,
            fixed_source,
            nodes: Mutex::default(),
            tally: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The requests of all runs of this process.
    fn tally(&self) -> MutexGuard<'_, metrics::Tally> {
        self.shared.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_client(&self) {
        *self.shared.client.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What is configured now. No I/O but the host name.
    pub fn overview(&self) -> Overview {
        let layers = self.layers();
        let config = layers.effective();
        let store = &layers.file;
        let named = |name: &Option<String>, id: &str| SafeText::new(name.as_deref().unwrap_or(id));
        let saas = &config.saas;
        Overview {
            installation: SafeText::new(&config.instance.name.clone().unwrap_or_else(host_name)),
            environment: config.gateway.environment,
            gateway: SafeText::new(host_of(gateway_url(&config, config.gateway.environment))),
            project: saas.project_id.clone().map(|id| (id.clone(), named(&saas.project_name, id.as_str()))),
            data_space: saas.environment_id.clone().map(|id| {
                // Not every module of Commerce saves the type: then the dangerous one is shown, and the guard asks the registry.
                let unknown = layers.commerce.as_ref().map(|_| DataSpaceKind::Production).unwrap_or_default();
                (id.clone(), named(&saas.environment_name, id.as_str()), saas.environment_type.unwrap_or(unknown))
            }),
            organization: saas.ims_organization_id.as_deref().map(SafeText::new),
            source: self.describe_source(store),
            config_path: store.path().to_owned(),
            settings: Box::new(self.settings_overview(&layers)),
            state_dir: self.shared.state_dir.clone(),
        }
    }

    fn describe_source(&self, store: &Store) -> SafeText {
        if let Some(Source::Sample(sample)) = &self.shared.fixed_source {
            return SafeText::new(&format!("sample catalogue ({})", counted(sample.products, "product")));
        }
        let config = store.config();
        match config.source.kind {
            SourceKind::Files => {
                SafeText::new(&format!("files in {}", store.resolve(&config.source.files.directory).display()))
            }
            SourceKind::Commerce => match &config.instance.root {
                Some(root) if !config.source.commerce.names_a_database() => {
                    SafeText::new(&format!("the database of {}", root.display()))
                }
                _ => "the Commerce database".into(),
            },
        }
    }

    /// What is known of both pairs, production first. Reads key files: blocking.
    pub fn pairs(&self) -> [PairStatus; 2] {
        let layers = self.layers().clone();
        Environment::ALL.map(|environment| pairs::status(&layers, environment))
    }

    /// Asks the gateway whether it accepts the saved pair.
    pub async fn verify(&self, environment: Environment) -> Result<(), Problem> {
        let pair = self.read_pair(environment)?;
        self.verify_pair(environment, pair).await
    }

    /// Asks the gateway whether it accepts a pair that is not saved yet.
    pub async fn verify_pair(&self, environment: Environment, pair: KeyPair) -> Result<(), Problem> {
        self.make_client(environment, pair)?.ping().await.map_err(explained)
    }

    /// Saves a pair where settings live: encrypted in Commerce, or the API key in the config file and the private key in a
    /// 0600 file beside it.
    ///
    /// # Errors
    /// A [`Problem`]; what was saved before is still there.
    pub async fn save_pair(&self, environment: Environment, pair: &KeyPair) -> Result<Saved, Problem> {
        let pem = pair.private_key.to_pem().map_err(explained)?;
        let api_key = Secret::new(pair.api_key.expose());
        self.save(&[(Setting::ApiKey(environment), api_key), (Setting::PrivateKey(environment), pem)]).await
    }

    /// Uses the other pair and gateway from now on, and saves that.
    ///
    /// # Errors
    /// A [`Problem`]; what was saved before is still there.
    pub async fn set_environment(&self, environment: Environment) -> Result<(), Problem> {
        self.save(&[(Setting::Environment, Secret::new(environment.name()))]).await.map(drop)
    }

    /// The client for the environment in use; made once and shared.
    ///
    /// # Errors
    /// A [`Problem`] if there are no usable keys or settings.
    pub fn client(&self) -> Result<Client, Problem> {
        let mut shared = self.shared.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*shared {
            return Ok(client.clone());
        }
        let environment = self.config().gateway.environment;
        let client = self.make_client(environment, self.read_pair(environment)?)?;
        *shared = Some(client.clone());
        Ok(client)
    }

    fn make_client(&self, environment: Environment, pair: KeyPair) -> Result<Client, Problem> {
        let store = self.store();
        let config = self.config();
        let gateway = &config.gateway;
        let settings = ClientSettings {
            environment,
            gateway: gateway_url(&config, environment).to_owned(),
            registry_path: gateway.registry_path.clone(),
            ca_file: gateway.ca_file.as_deref().map(|path| store.resolve(path)),
            connect_timeout: Duration::from_secs(gateway.connect_timeout_seconds),
            read_timeout: Duration::from_secs(gateway.read_timeout_seconds),
            total_timeout: Duration::from_secs(gateway.total_timeout_seconds),
            requests_per_second: (gateway.requests_per_second > 0.0).then_some(gateway.requests_per_second),
            jwt_claims: gateway.jwt_claims.clone(),
            metadata: metadata(&store),
        };
        Client::new(settings, pair).map_err(explained)
    }

    fn read_pair(&self, environment: Environment) -> Result<KeyPair, Problem> {
        let layers = self.layers().clone();
        let api_key = layers.text(Setting::ApiKey(environment))?;
        let private_key = layers.private_key(environment)?;
        let missing = match (api_key, private_key) {
            (Some(api_key), Some(private_key)) => {
                let api_key = ApiKey::parse(api_key.value.expose()).map_err(explained)?;
                return Ok(KeyPair { api_key, private_key: private_key.value });
            }
            (None, Some(_)) => "the API key is",
            (Some(_), None) => "the private key is",
            (None, None) => "both keys are",
        };
        // The keys may well be there, where nobody can look at the moment.
        match layers.commerce.as_ref().and_then(|commerce| commerce.problem()) {
            Some(problem) => Err(problem.clone()),
            None => Err(explained(ClientError::NoKeys { environment, missing })),
        }
    }

    /// The projects that the keys see.
    pub async fn projects(&self) -> Result<Vec<Project>, Problem> {
        self.client()?.projects().await.map_err(explained)
    }

    /// Creates a project.
    ///
    /// # Errors
    /// A [`Problem`]: bad name, or the registry's own words.
    pub async fn create_project(&self, name: &str) -> Result<Project, Problem> {
        self.client()?.create_project(check_project_name(name)?).await.map_err(explained)
    }

    /// Renames a project; a label only.
    ///
    /// # Errors
    /// A [`Problem`]: bad name, or the registry's own words.
    pub async fn rename_project(&self, id: &ProjectId, name: &str) -> Result<Project, Problem> {
        let project = self.client()?.rename_project(id, check_project_name(name)?).await.map_err(explained)?;
        if self.config().saas.project_id.as_ref() == Some(id) {
            self.save_label(Setting::ProjectName, &project.name).await?;
        }
        Ok(project)
    }

    /// Renames a data space; a label only.
    ///
    /// # Errors
    /// A [`Problem`]: bad name, or the registry's own words.
    pub async fn rename_data_space(&self, id: &DataSpaceId, name: &str) -> Result<DataSpace, Problem> {
        let data_space = self.client()?.rename_data_space(id, check_name(name)?).await.map_err(explained)?;
        if self.config().saas.environment_id.as_ref() == Some(id) {
            self.save_label(Setting::DataSpaceName, &data_space.name).await?;
        }
        Ok(data_space)
    }

    /// Chooses a data space: checked with the registry, then saved with project, names and kind. `typed` is its name, which a
    /// copy of a shop needs for a production data space.
    ///
    /// # Errors
    /// A [`Problem`]; what was saved before is still there.
    pub async fn select_data_space(&self, id: &DataSpaceId, typed: Option<&str>) -> Result<Overview, Problem> {
        let (project, data_space) = self.client()?.data_space(id).await.map_err(explained)?;
        self.pass_choice(&data_space, typed).await?;
        self.save(&[
            (Setting::ProjectId, Secret::new(project.id.as_str())),
            (Setting::ProjectName, Secret::new(project.name.as_str())),
            (Setting::DataSpaceId, Secret::new(data_space.id.as_str())),
            (Setting::DataSpaceName, Secret::new(data_space.name.as_str())),
            (Setting::DataSpaceType, Secret::new(data_space.kind.to_string())),
        ])
        .await?;
        Ok(self.overview())
    }

    /// The configured source, connected.
    pub async fn source(&self) -> Result<Source, Problem> {
        if let Some(source) = &self.shared.fixed_source {
            return Ok(source.clone());
        }
        let store = self.store();
        match store.config().source.kind {
            SourceKind::Files => Ok(Source::Files(Files::new(store.resolve(&store.config().source.files.directory)))),
            SourceKind::Commerce => {
                let config = store.config();
                let attributes = config.feeds.get(&Feed::Products).map(|decision| decision.attributes.clone());
                let commerce = self.commerce(&store).await?.with_attributes(attributes.unwrap_or_default());
                Ok(Source::Commerce(commerce.with_order_days(config.source.commerce.order_days)))
            }
        }
    }

    /// The configured shop, with what counts beside its database: that of its orders, if they have one of their own, and the files
    /// and variables of the installation.
    async fn commerce(&self, store: &Store) -> Result<Commerce, Problem> {
        let (main, orders) = database::settings_with_orders(store)?;
        let mut commerce = Commerce::connect(&main).await.map_err(explained)?;
        if let Some(orders) = orders {
            commerce = commerce.with_orders_in(&orders).await.map_err(explained)?;
        }
        let root = store.config().instance.root.as_deref().map(|root| store.resolve(root));
        Ok(commerce.with_installation(Installation { root, variables: store.environment().clone() }))
    }

    /// The shop's settings that shape items, as they are in force.
    ///
    /// # Errors
    /// A [`Problem`]: items do not come from a shop, it cannot be reached, or a setting cannot be known.
    pub async fn commerce_settings(&self) -> Result<Vec<InForce>, Problem> {
        match self.source().await? {
            Source::Commerce(commerce) => commerce.settings_in_force().await.map_err(explained),
            Source::Files(_) | Source::Sample(_) => {
                Err(Problem::usage("items do not come from a shop, so no shop settings apply"))
            }
        }
    }

    /// The feeds of the source with their source records, and those that it cannot give.
    pub async fn source_feeds(&self) -> Result<SourceFeeds, Problem> {
        let source = self.source().await?;
        let mut counts = Vec::new();
        for feed in source.feeds().await.map_err(explained)? {
            counts.push((feed, source.count(feed).await.map_err(explained)?));
        }
        let customised = self.customisations(&source).await?.found;
        Ok(SourceFeeds { counts, absent: source.absent(), customised })
    }

    /// The route of a feed, and where it came from.
    pub fn route(&self, feed: Feed) -> (String, RouteOrigin) {
        self.layers().route(feed)
    }

    /// Items in one request of a feed: configured, or Adobe's.
    pub fn batch_size(&self, feed: Feed) -> usize {
        sending::configured_batch_size(self.layers().file.config(), feed).unwrap_or_else(|| feed.batch_size())
    }

    /// What the ledger knows of the chosen data space; empty if nothing was ever sent. Blocking.
    pub fn ledger_summary(&self) -> Result<Vec<FeedSummary>, Problem> {
        match self.ledger()? {
            Some(ledger) => ledger.summary().map_err(explained),
            None => Ok(Vec::new()),
        }
    }

    /// The newest runs into the chosen data space, newest first. Blocking.
    pub fn runs(&self, limit: usize) -> Result<Vec<PastRun>, Problem> {
        match self.ledger()? {
            Some(ledger) => ledger.runs(limit).map_err(explained),
            None => Ok(Vec::new()),
        }
    }

    /// The same, and what was sent in each of the last hours. Blocking.
    pub fn history(&self, limit: usize) -> Result<RunHistory, Problem> {
        match self.ledger()? {
            Some(ledger) => {
                let sent_per_hour = ledger.sent_per_hour(jiff::Timestamp::now()).map_err(explained)?;
                Ok(RunHistory { runs: ledger.runs(limit).map_err(explained)?, sent_per_hour })
            }
            None => Ok(RunHistory::default()),
        }
    }

    /// Where the rolling compare of each feed of the chosen data space stands. Blocking.
    pub fn rolling_summary(&self) -> Result<Vec<RollingSummary>, Problem> {
        match self.ledger()? {
            Some(ledger) => ledger.rolling().map_err(explained),
            None => Ok(Vec::new()),
        }
    }

    /// Up to which version each feed has followed its change log. Blocking.
    fn cursors(&self) -> Result<Vec<(Feed, u64)>, Problem> {
        match self.ledger()? {
            Some(ledger) => ledger.cursors().map_err(explained),
            None => Ok(Vec::new()),
        }
    }

    /// The newest failed items of the chosen data space. Blocking.
    pub fn failures(&self, feed: Option<Feed>, limit: usize) -> Result<Vec<ItemFailure>, Problem> {
        match self.ledger()? {
            Some(ledger) => ledger.failures(feed, limit).map_err(explained),
            None => Ok(Vec::new()),
        }
    }

    fn ledger(&self) -> Result<Option<LedgerReader>, Problem> {
        let Some(data_space) = self.config().saas.environment_id else { return Ok(None) };
        self.refresh_copy(&data_space)?;
        LedgerReader::open(&self.shared.state_dir, &data_space).map_err(explained)
    }
}

/// A typed error in its final form.
#[allow(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn explained(error: impl Explain) -> Problem {
    Problem::of(&error)
}

fn gateway_url(config: &Config, environment: Environment) -> &str {
    match environment {
        Environment::Production => &config.gateway.production_url,
        Environment::Sandbox => &config.gateway.sandbox_url,
    }
}

fn metadata(store: &Store) -> ConnectorMetadata {
    let instance = &store.config().instance;
    let installed = || instance.root.as_deref().and_then(|root| edition::installed(&store.resolve(root)));
    let (edition, version) = match (instance.edition, instance.version.clone()) {
        (Some(edition), Some(version)) => (edition, version),
        (edition, version) => {
            let found = installed();
            (
                edition.or(found.as_ref().map(|found| found.edition)).unwrap_or_default(),
                version.or(found.map(|found| found.version)).unwrap_or_default(),
            )
        }
    };
    ConnectorMetadata { commerce_edition: edition.code().to_owned(), commerce_version: version }
}

fn host_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    after_scheme.split('/').next().unwrap_or(after_scheme)
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
