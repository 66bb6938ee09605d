//! A shop made of feed files and a gateway, for the tests of the pipeline.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;

use commerce_connector::client::Client;
use commerce_connector::domain::DataSpaceId;
use commerce_connector::domain::Feed;
use commerce_connector::export::{ExportError, Plan, Run, start};
use commerce_connector::feeds::source::Source;
use commerce_connector::feeds::source::files::Files;
use commerce_connector::feeds::source::sample::Sample;

use super::support::gateway::{Ended, Gateway, finish};

/// Items in one request: small, so that few items make many requests.
pub const BATCH: usize = 10;

pub struct Shop {
    pub gateway: Gateway,
    pub plan: Plan,
}

/// A test asks the shop for what its gateway has.
impl Deref for Shop {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.gateway
    }
}

impl Shop {
    /// A shop whose gateway follows this fault script.
    pub async fn with_faults(faults: &str) -> Self {
        let gateway = Gateway::with_faults(faults).await;
        std::fs::create_dir(gateway.directory.path().join("feeds")).expect("made");
        let plan = gateway.plan(Plan::feed_plans(&[Feed::Products], |_| Some(BATCH), &BTreeMap::new()));
        Self { gateway, plan }
    }

    pub async fn new() -> Self {
        Self::with_faults("").await
    }

    /// The same shop with another private key, which the gateway does not know.
    pub fn with_wrong_keys(self) -> Self {
        Self { gateway: self.gateway.with_wrong_keys(), ..self }
    }

    /// The same shop, which sends to another gateway.
    pub fn with_other_gateway(self, url: &str) -> Self {
        Self { gateway: self.gateway.with_other_gateway(url), ..self }
    }

    pub fn write(&self, feed: Feed, lines: &[String]) {
        let path = self.directory.path().join(format!("feeds/{feed}.ndjson"));
        std::fs::write(path, lines.join("\n")).expect("written");
    }

    pub fn start(&self) -> Result<Run, ExportError> {
        let source = Source::Files(Files::new(self.directory.path().join("feeds")));
        self.gateway.start(&self.plan, source)
    }

    /// A run of every feed of a made-up catalogue.
    pub async fn run_generated(&mut self, products: u64) -> Ended {
        let source = Sample { products };
        self.plan.feeds = Plan::feed_plans(&source.feeds(), |_| None, &BTreeMap::new());
        self.gateway.run(&self.plan, Source::Sample(source)).await
    }

    /// A run through another client.
    pub async fn run_with(&self, client: &Client) -> Ended {
        let source = Source::Files(Files::new(self.directory.path().join("feeds")));
        finish(start(self.plan.clone(), source, client.clone()).expect("a run")).await
    }

    pub async fn run(&self) -> Ended {
        finish(self.start().expect("a run")).await
    }
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
