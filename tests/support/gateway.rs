//! A sandbox gateway in this process, a client that it knows, and what became of the runs between them.

use std::collections::BTreeMap;
use std::time::Duration;

use commerce_connector::bounds::DEFAULT_BATCH_BYTES;
use commerce_connector::client::{Client, ClientSettings, ConnectorMetadata};
use commerce_connector::domain::Feed;
use commerce_connector::domain::{DataSpaceId, Environment, ThreadCount};
use commerce_connector::export::ledger::{FeedSummary, LedgerReader};
use commerce_connector::export::progress::{RunEvent, RunReport};
use commerce_connector::export::{ExportError, FeedPlan, Plan, Run, SyncMode, start};
use commerce_connector::feeds::source::Source;
use commerce_connector::keys::{ApiKey, KeyPair, PrivateKey};
use commerce_connector::private_file;
use commerce_connector::sandbox::{Sandbox, SandboxSettings};
use serde_json::Value;
use tempfile::TempDir;

/// The private key of both pairs: making keys would be the slowest part of many tests.
const KEY: &[u8] = include_bytes!("../../src/keys/fixtures/rsa-2048.pem");

/// A gateway without a rate limit, a client for it, and a directory for what the runs keep.
pub struct Gateway {
    pub directory: TempDir,
    pub sandbox: Sandbox,
    pub client: Client,
    pub space: DataSpaceId,
}

impl Gateway {
    /// A gateway that follows this fault script.
    pub async fn with_faults(faults: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let script = directory.path().join("faults.toml");
        std::fs::write(&script, faults).expect("written");
        let keys_dir = directory.path().join("keys");
        private_file::create_dir(&keys_dir).expect("made");
        for name in ["production.pem", "sandbox.pem"] {
            private_file::write(&keys_dir.join(name), KEY).expect("written");
        }
        let mut settings = SandboxSettings::new(keys_dir);
        settings.requests_per_second = None;
        settings.projects = vec!["Shop".to_owned()];
        settings.faults = Some(script);
        let sandbox = Sandbox::start(settings).await.expect("a sandbox");
        let client = client(&sandbox.ready.url, keys(&sandbox));
        let projects = client.projects().await.expect("projects");
        let space = projects[0].data_spaces[0].id.clone();
        Self { directory, sandbox, client, space }
    }

    pub async fn new() -> Self {
        Self::with_faults("").await
    }

    /// The same gateway, reached at another address, which may be a bad one.
    pub fn client_at(&self, url: &str) -> Client {
        self.client_with(|settings| url.clone_into(&mut settings.gateway))
    }

    /// A client with other settings.
    pub fn client_with(&self, change: impl FnOnce(&mut ClientSettings)) -> Client {
        let pair = &self.sandbox.ready.production;
        let keys = KeyPair {
            api_key: ApiKey::parse(&pair.api_key).expect("an API key"),
            private_key: PrivateKey::read(&pair.private_key_file).expect("a private key"),
        };
        let mut settings = settings(&self.sandbox.ready.url);
        change(&mut settings);
        Client::new(settings, keys).expect("a client")
    }

    /// The same gateway, and a client with another private key, which the gateway does not know.
    pub fn with_wrong_keys(mut self) -> Self {
        let api_key = ApiKey::parse(&self.sandbox.ready.production.api_key).expect("an API key");
        let private_key = PrivateKey::generate().expect("a key");
        self.client = client(&self.sandbox.ready.url, KeyPair { api_key, private_key });
        self
    }

    /// A client that knows the same keys, and sends to another gateway.
    pub fn with_other_gateway(mut self, url: &str) -> Self {
        self.client = client(url, keys(&self.sandbox));
        self
    }

    /// A configuration of the program for this gateway and its data space, and what else it shall say.
    pub fn config(&self, more: &str) -> String {
        let ready = &self.sandbox.ready;
        format!(
            "[gateway]\nproduction_url = \"{url}\"\nrequests_per_second = 0\n[credentials.production]\napi_key = \"{api_key}\"\n\
             private_key_file = \"{key}\"\n[saas]\nenvironment_id = \"{space}\"\n[instance]\nkind = \"production\"\n{more}\n",
            url = ready.url,
            api_key = ready.production.api_key,
            key = ready.production.private_key_file.display(),
            space = self.space,
        )
    }

    /// A run of these feeds, with one request at a time.
    pub fn plan(&self, feeds: Vec<FeedPlan>) -> Plan {
        Plan {
            feeds,
            mode: SyncMode::Full,
            request: "Export".into(),
            skip_locked: false,
            sender: None,
            data_space: self.space.clone(),
            thread_count: ThreadCount::Fixed(1),
            max_batch_bytes: DEFAULT_BATCH_BYTES,
            keep_payloads: true,
            keep_deletions: std::time::Duration::from_hours(7 * 24),
            accept_empty: false,
            dry_run: false,
            state_dir: self.directory.path().join("state"),
            worker: None,
            absent: Vec::new(),
            left_out: Vec::new(),
        }
    }

    pub fn start(&self, plan: &Plan, source: Source) -> Result<Run, ExportError> {
        start(plan.clone(), source, self.client.clone())
    }

    pub async fn run(&self, plan: &Plan, source: Source) -> Ended {
        finish(self.start(plan, source).expect("a run")).await
    }

    /// What the program itself recorded.
    pub fn ledger(&self) -> Vec<FeedSummary> {
        let state_dir = self.directory.path().join("state");
        let reader = LedgerReader::open(&state_dir, &self.space).expect("readable").expect("there");
        reader.summary().expect("a summary")
    }

    async fn ask(&self, path: &str) -> Value {
        let url = format!("{}/sandbox/v1/data-spaces/{}{path}", self.sandbox.ready.url, self.space);
        let body = reqwest::get(url).await.expect("an answer").bytes().await.expect("a body");
        serde_json::from_slice(&body).expect("JSON")
    }

    /// What the gateway received of a feed, by the gateway's own keys.
    pub async fn received(&self, feed: Feed) -> BTreeMap<String, Received> {
        let mut received = BTreeMap::new();
        for deleted in [false, true] {
            let page = self.ask(&format!("/{feed}?limit=10000&deleted={deleted}")).await;
            assert_eq!(page.get("next"), None, "all of it is on one page");
            for item in page["items"].as_array().expect("items") {
                received.insert(
                    item["key"].as_str().expect("a key").to_owned(),
                    Received {
                        deliveries: item["deliveries"].as_u64().expect("a count"),
                        changes: item["changes"].as_u64().expect("a count"),
                        deleted,
                        item: item["item"].clone(),
                    },
                );
            }
        }
        received
    }

    /// Feed requests that the gateway answered with this status.
    pub async fn requests_answered(&self, status: &str) -> u64 {
        self.ask("").await["requests"][status].as_u64().unwrap_or_default()
    }

    /// Feed requests that the gateway counted.
    pub async fn requests(&self) -> u64 {
        let page = self.ask("").await;
        page["requests"].as_object().map_or(0, |counts| counts.values().filter_map(Value::as_u64).sum())
    }
}

/// An item as the gateway has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    pub deliveries: u64,
    /// How often it was received with other content than the time before.
    pub changes: u64,
    pub deleted: bool,
    pub item: Value,
}

/// How a run ended, and everything that it told.
#[derive(Debug)]
pub struct Ended {
    pub report: Result<RunReport, ExportError>,
    pub events: Vec<RunEvent>,
}

impl Ended {
    pub fn report(&self) -> &RunReport {
        self.report.as_ref().expect("the run came to a report")
    }

    pub fn notes(&self) -> Vec<&str> {
        let note = |event: &RunEvent| matches!(event, RunEvent::Note { .. });
        let notes = self.events.iter().filter(|event| note(event));
        notes
            .filter_map(|event| if let RunEvent::Note { text, .. } = event { Some(text.as_str()) } else { None })
            .collect()
    }

    pub fn failures(&self) -> Vec<(&str, &str)> {
        let failures = self.events.iter().filter_map(|event| match event {
            RunEvent::ItemFailed(failure) => Some((failure.label.as_str(), failure.message.as_str())),
            _ => None,
        });
        failures.collect()
    }
}

/// The pair that the gateway knows.
fn keys(sandbox: &Sandbox) -> KeyPair {
    let pair = &sandbox.ready.production;
    KeyPair {
        api_key: ApiKey::parse(&pair.api_key).expect("an API key"),
        private_key: PrivateKey::read(&pair.private_key_file).expect("a private key"),
    }
}

fn client(url: &str, keys: KeyPair) -> Client {
    Client::new(settings(url), keys).expect("a client")
}

fn settings(url: &str) -> ClientSettings {
    ClientSettings {
        environment: Environment::Production,
        gateway: url.to_owned(),
        registry_path: "/merchant-registry/v1".to_owned(),
        ca_file: None,
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_secs(10),
        total_timeout: Duration::from_secs(20),
        requests_per_second: None,
        jwt_claims: BTreeMap::new(),
        metadata: ConnectorMetadata { commerce_edition: "ce".to_owned(), commerce_version: "2.4.8".to_owned() },
    }
}

/// Reads a run to its end.
pub async fn finish(mut run: Run) -> Ended {
    let mut events = Vec::new();
    while let Some(event) = run.events.recv().await {
        events.push(event);
    }
    Ended { report: run.report.await.expect("no panic"), events }
}
