//! A home whose shop is a file of products and whose gateway is in this process, and the real program in it.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use commerce_connector::domain::Feed;
use serde_json::{Value, json};

use super::support::gateway::Gateway;
use super::support::home::{Home, stderr, stdout};

/// A user who is not root, and owns nothing.
const NOBODY: u32 = 65_534;

pub struct Shop {
    pub home: Home,
    pub gateway: Gateway,
}

/// What a command came to.
pub struct Told {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Shop {
    pub async fn new() -> Self {
        Self::with_faults("").await
    }

    pub async fn with_faults(faults: &str) -> Self {
        let gateway = Gateway::with_faults(faults).await;
        let home = Home::new();
        std::fs::create_dir(home.path("feeds")).expect("made");
        let feeds = home.path("feeds");
        let source = format!("[source]\nkind = \"files\"\n[source.files]\ndirectory = \"{}\"", feeds.display());
        home.write_config(&gateway.config(&source));
        Self { home, gateway }
    }

    /// Writes the products with these names.
    pub fn stock(&self, names: impl IntoIterator<Item = (usize, String)>) {
        let lines = names.into_iter().map(|(number, name)| {
            json!({
                "sku": format!("SKU-{number}"), "storeViewCode": "default", "storeCode": "main", "websiteCode": "base",
                "productId": number.to_string(), "name": name, "type": "simple",
            })
            .to_string()
        });
        let lines: Vec<String> = lines.collect();
        std::fs::write(self.home.path("feeds/products.ndjson"), lines.join("\n")).expect("written");
    }

    /// So many products of one name.
    pub fn stock_all(&self, products: usize, name: &str) {
        self.stock((0..products).map(|number| (number, name.to_owned())));
    }

    pub fn state(&self) -> PathBuf {
        self.home.path(".local/state/commerce-connector")
    }

    pub fn ledger(&self) -> PathBuf {
        self.state().join(format!("ledger/{}.sqlite3", self.gateway.space))
    }

    /// Runs a command of the program, without holding up the gateway in this process.
    pub async fn run(&self, args: &[&str]) -> Told {
        told(self.home.command(args)).await
    }

    /// Runs a command that must come to this exit code.
    pub async fn must(&self, code: i32, args: &[&str]) -> Told {
        let told = self.run(args).await;
        assert_eq!(told.code, Some(code), "{args:?}: {}{}", told.out, told.err);
        told
    }

    /// What the gateway has now, by SKU.
    pub async fn arrived(&self) -> BTreeMap<String, String> {
        let received = self.gateway.received(Feed::Products).await;
        let live = received.into_values().filter(|item| !item.deleted).map(|item| item.item);
        let text = |item: &Value, field: &str| item[field].as_str().unwrap_or_default().to_owned();
        live.map(|item| (text(&item, "sku"), text(&item, "name"))).collect()
    }

    /// A command of a user for whom permissions count: this one, or nobody where this one is root. `None`, and a line that says
    /// so, where that cannot be.
    pub fn as_ordinary_user(&self, args: &[&str]) -> Option<Command> {
        let mut command = self.home.command(args);
        if !rustix::process::geteuid().is_root() {
            return Some(command);
        }
        give_away(self.home.dir.path());
        give_away(&self.gateway.directory.path().join("keys"));
        let directory = self.gateway.directory.path();
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).expect("chmod");
        command.uid(NOBODY).gid(NOBODY);
        let mut probe = self.home.command(&["--version"]);
        if probe.uid(NOBODY).gid(NOBODY).output().is_ok_and(|output| output.status.success()) {
            return Some(command);
        }
        println!("skipped: the program stands where only root can run it, and for root permissions do not count");
        None
    }
}

/// Gives a directory and all in it to nobody.
fn give_away(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).expect("chown");
    if path.is_dir() {
        std::fs::read_dir(path).expect("readable").for_each(|entry| give_away(&entry.expect("an entry").path()));
    }
}

/// Runs a command to its end.
pub async fn told(mut command: Command) -> Told {
    let output: Output =
        tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("the program runs");
    Told { code: output.status.code(), out: stdout(&output), err: stderr(&output) }
}
