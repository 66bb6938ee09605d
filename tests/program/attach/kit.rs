//! A shop of feed files, a gateway that takes its time, and the program in a home directory of its own.

use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use commerce_connector::domain::DataSpaceKind;
use commerce_connector::domain::Feed;
use serde_json::{Value, json};

use super::support::gateway::Gateway;
use super::support::home::{Home, stderr, stdout};
use super::support::terminal::{ORDINARY, Terminal, program_in};

/// Items of the shop. In batches of ten and one at a time, the gateway takes long enough for a run to be paused.
pub const PRODUCTS: usize = 400;
/// No step of a test takes longer, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

const SLOW: &str = "[[fault]]\nkind = \"slow\"\nseconds = 0.2\nshare = 1.0";

pub struct Shop {
    pub gateway: Gateway,
    pub home: Home,
}

impl Shop {
    pub async fn new() -> Self {
        let mut gateway = Gateway::with_faults(SLOW).await;
        let projects = gateway.client.projects().await.expect("projects");
        let spaces = &projects[0].data_spaces;
        gateway.space = spaces.iter().find(|space| space.kind == DataSpaceKind::Testing).expect("one").id.clone();
        let home = Home::new();
        let more = "[source]\nkind = \"files\"\n[export]\nthread_count = 1\n[export.feeds.products]\nbatch_size = 10";
        home.write_config(&gateway.config(more).replace("[saas]", "[saas]\nenvironment_type = \"Testing\""));
        let feeds = home.path(".config/commerce-connector/feeds");
        std::fs::create_dir(&feeds).expect("made");
        let lines: Vec<String> = (0..PRODUCTS).map(product).collect();
        std::fs::write(feeds.join("products.ndjson"), lines.join("\n")).expect("written");
        Self { gateway, home }
    }

    /// Starts an export without a terminal.
    pub fn export(&self) -> Child {
        let mut command = self.home.command(&["export", "run"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs")
    }

    /// The screen in a terminal of its own.
    pub fn screen(&self) -> Terminal {
        Terminal::start(program_in(self.home.dir.path(), &[]), ORDINARY)
    }

    /// The runs that go on.
    pub fn live_runs(&self) -> Vec<Value> {
        let status = self.home.run(&["export", "status", "--json"]);
        let lines =
            stdout(&status).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<Value>>();
        lines.into_iter().filter(|line| line["type"] == "live_run").collect()
    }

    /// Waits until the one run that goes on is as `is_so` wants it.
    pub fn wait_for_run(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let [run] = &self.live_runs()[..]
                && is_so(run)
            {
                return run.clone();
            }
            assert!(Instant::now() < deadline, "no run that {what}");
        }
    }

    /// Lets the paused run go on, as fast as can be.
    pub fn hurry(&self) {
        self.home.ok(&["export", "set", "--threads", "8", "--batch-size", "100"]);
        self.home.ok(&["export", "resume"]);
    }

    /// Every item arrived, and each once.
    pub async fn assert_all_arrived_once(&self) {
        let received = self.gateway.received(Feed::Products).await;
        assert_eq!(received.len(), PRODUCTS);
        assert!(received.values().all(|item| item.deliveries == 1), "an item came twice");
    }
}

/// A run outlives its screen, so also a test that failed.
impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.home.command(&["export", "stop"]).output();
    }
}

fn product(number: usize) -> String {
    json!({
        "sku": format!("SKU-{number:04}"),
        "storeViewCode": "default",
        "storeCode": "main",
        "websiteCode": "base",
        "productId": number.to_string(),
        "name": format!("Cup {number}"),
        "type": "simple",
        "status": "Enabled",
        "visibility": "Catalog, Search",
        "createdAt": "2026-01-01 00:00:00",
        "updatedAt": "2026-01-01 00:00:00",
    })
    .to_string()
}

/// Waits until no run goes on.
pub fn wait_for_end(shop: &Shop) {
    let deadline = Instant::now() + PATIENCE;
    while !shop.live_runs().is_empty() {
        assert!(Instant::now() < deadline, "the run does not end");
    }
}

/// How a child ended that does so by itself.
pub fn ended(child: Child) -> (Option<i32>, String) {
    let output: Output = child.wait_with_output().expect("it ends");
    (output.status.code(), stdout(&output) + &stderr(&output))
}
