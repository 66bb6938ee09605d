//! A shop made of feed files, a sandbox gateway and a client between them, for the tests of the pipeline.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use commerce_connector::client::models::{DataSpaceId, Environment};
use commerce_connector::client::{Client, ClientSettings, ConnectorMetadata};
use commerce_connector::export::ledger::{FeedSummary, LedgerReader};
use commerce_connector::export::progress::{RunEvent, RunReport};
use commerce_connector::export::{DEFAULT_MAX_BATCH_BYTES, ExportError, Plan, Run, start};
use commerce_connector::feeds::Feed;
use commerce_connector::feeds::source::Source;
use commerce_connector::feeds::source::files::Files;
use commerce_connector::feeds::source::generated::Generated;
use commerce_connector::keys::{ApiKey, KeyPair, PrivateKey};
use commerce_connector::sandbox::{Sandbox, SandboxSettings};
use serde_json::Value;
use tempfile::TempDir;

/// Items in one request: small, so that few items make many requests.
pub const BATCH: usize = 10;

pub struct Shop {
    pub directory: TempDir,
    pub sandbox: Sandbox,
    pub client: Client,
    pub space: DataSpaceId,
    pub plan: Plan,
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

impl Shop {
    /// A shop whose gateway follows this fault script.
    pub async fn with_faults(faults: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let script = directory.path().join("faults.toml");
        std::fs::write(&script, faults).expect("written");
        std::fs::create_dir(directory.path().join("feeds")).expect("made");
        let mut settings = SandboxSettings::new(directory.path().join("keys"));
        settings.requests_per_second = None;
        settings.projects = vec!["Shop".to_owned()];
        settings.faults = Some(script);
        let sandbox = Sandbox::start(settings).await.expect("a sandbox");
        let pair = &sandbox.ready.production;
        let keys = KeyPair {
            api_key: ApiKey::parse(&pair.api_key).expect("an API key"),
            private_key: PrivateKey::read(&pair.private_key_file).expect("a private key"),
        };
        let client = client(&sandbox.ready.url, keys);
        let projects = client.projects().await.expect("projects");
        let space = projects[0].data_spaces[0].id.clone();
        let plan = Plan {
            feeds: Plan::feed_plans(&[Feed::Products], |_| Some(BATCH), &BTreeMap::new()),
            data_space: space.clone(),
            thread_count: 1,
            max_batch_bytes: DEFAULT_MAX_BATCH_BYTES,
            dry_run: false,
            state_dir: directory.path().join("state"),
        };
        Self { directory, sandbox, client, space, plan }
    }

    pub async fn new() -> Self {
        Self::with_faults("").await
    }

    /// The same shop with another private key, which the gateway does not know.
    pub fn with_wrong_keys(mut self) -> Self {
        let api_key = ApiKey::parse(&self.sandbox.ready.production.api_key).expect("an API key");
        let private_key = PrivateKey::generate().expect("a key");
        self.client = client(&self.sandbox.ready.url, KeyPair { api_key, private_key });
        self
    }

    pub fn write(&self, feed: Feed, lines: &[String]) {
        let path = self.directory.path().join(format!("feeds/{feed}.ndjson"));
        std::fs::write(path, lines.join("\n")).expect("written");
    }

    pub fn start(&self) -> Result<Run, ExportError> {
        let source = Source::Files(Files { directory: self.directory.path().join("feeds") });
        start(self.plan.clone(), source, self.client.clone())
    }

    /// A run of every feed of a made-up catalogue.
    pub async fn run_generated(&mut self, products: u64) -> Ended {
        let source = Generated { products };
        self.plan.feeds = Plan::feed_plans(&source.feeds(), |_| None, &BTreeMap::new());
        finish(start(self.plan.clone(), Source::Generated(source), self.client.clone()).expect("a run")).await
    }

    pub async fn run(&self) -> Ended {
        finish(self.start().expect("a run")).await
    }

    pub fn ledger(&self) -> Vec<FeedSummary> {
        let reader = LedgerReader::open(&self.plan.state_dir, &self.space).expect("readable").expect("there");
        reader.summary().expect("a summary")
    }

    /// What the gateway received of a feed: key → (deliveries, deleted, item).
    pub async fn received(&self, feed: Feed) -> BTreeMap<String, Received> {
        let mut received = BTreeMap::new();
        for deleted in [false, true] {
            let url = format!(
                "{}/sandbox/v1/data-spaces/{}/{feed}?limit=10000&deleted={deleted}",
                self.sandbox.ready.url, self.space
            );
            let body = reqwest::get(url).await.expect("an answer").bytes().await.expect("a body");
            let page: Value = serde_json::from_slice(&body).expect("JSON");
            for item in page["items"].as_array().expect("items") {
                received.insert(
                    item["key"].as_str().expect("a key").to_owned(),
                    Received {
                        deliveries: item["deliveries"].as_u64().expect("a count"),
                        deleted,
                        item: item["item"].clone(),
                    },
                );
            }
        }
        received
    }

    /// Feed requests that the gateway counted, by what became of them.
    pub async fn requests(&self) -> u64 {
        let url = format!("{}/sandbox/v1/data-spaces/{}", self.sandbox.ready.url, self.space);
        let body = reqwest::get(url).await.expect("an answer").bytes().await.expect("a body");
        let page: Value = serde_json::from_slice(&body).expect("JSON");
        page["requests"].as_object().map_or(0, |counts| counts.values().filter_map(Value::as_u64).sum())
    }
}

#[derive(Debug)]
pub struct Received {
    pub deliveries: u64,
    pub deleted: bool,
    pub item: Value,
}

pub fn client(url: &str, keys: KeyPair) -> Client {
    let settings = ClientSettings {
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
    };
    Client::new(settings, keys).expect("a client")
}

/// Reads a run to its end.
pub async fn finish(mut run: Run) -> Ended {
    let mut events = Vec::new();
    while let Some(event) = run.events.recv().await {
        events.push(event);
    }
    Ended { report: run.report.await.expect("no panic"), events }
}

/// A product as a line of a feed file, with the fields that the gateway asks for.
pub fn product(number: usize, name: &str) -> String {
    serde_json::json!({
        "sku": format!("SKU-{number:04}"),
        "storeViewCode": "default",
        "storeCode": "main",
        "websiteCode": "base",
        "productId": number.to_string(),
        "name": name,
        "type": "simple",
        "status": "Enabled",
        "visibility": "Catalog, Search",
        "createdAt": "2026-01-01 00:00:00",
        "updatedAt": "2026-01-01 00:00:00",
    })
    .to_string()
}

pub fn products(count: usize) -> Vec<String> {
    (1..=count).map(|number| product(number, "plain")).collect()
}

/// A category as a line of a feed file.
pub fn category(id: usize, path: &str) -> String {
    serde_json::json!({
        "categoryId": id.to_string(),
        "storeViewCode": "default",
        "storeCode": "main",
        "websiteCode": "base",
        "name": path,
        "path": format!("1/2/{id}"),
        "urlPath": path,
        "urlKey": path,
        "isActive": 1,
        "level": 2,
        "position": 1,
        "parentId": "2",
    })
    .to_string()
}

/// A ledger file of a shop.
pub fn ledger_path(state_dir: &Path, space: &DataSpaceId) -> std::path::PathBuf {
    state_dir.join(format!("ledger/{space}.sqlite3"))
}
