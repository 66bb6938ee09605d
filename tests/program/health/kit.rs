//! A shop that is set up as it should be, for tests that then break one thing.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use commerce_connector::private_file;
use serde_json::Value;

use super::support::gateway::Gateway;
use super::support::home::{Home, stdout};
use super::support::mariadb::{Server, TestDatabase};

/// Adobe's export beside the very small shop, all of it well.
const HEALTH: &str = include_str!("../../fixtures/health.sql");

/// A home, a database and a gateway, with a configuration that joins them.
pub struct Shop {
    pub home: Home,
    database: Option<TestDatabase>,
    pub gateway: Gateway,
    /// What differs from a healthy configuration.
    pub changes: Changes,
}

/// What differs from a healthy configuration; absent = as it should be.
#[derive(Default)]
pub struct Changes {
    pub gateway_url: Option<String>,
    pub data_space: Option<String>,
    pub private_key: Option<PathBuf>,
    /// More lines of `[gateway]`.
    pub more_gateway: String,
}

impl Shop {
    pub async fn healthy() -> Self {
        let database = Server::shared().shop_with(&[HEALTH]);
        database.watch_idly();
        Self::with(database).await
    }

    /// The same without a database, for what needs none: starting a server is the slowest part of a test.
    pub async fn without_database() -> Self {
        Self { home: Home::new(), database: None, gateway: Gateway::new().await, changes: Changes::default() }
    }

    /// The same with another database.
    pub async fn with(database: TestDatabase) -> Self {
        let shop = Self { database: Some(database), ..Self::without_database().await };
        let root = shop.root();
        fs::create_dir_all(root.join("app/etc")).expect("made");
        let env_php = format!(
            "<?php\nreturn [\n    'db' => ['connection' => ['default' => [\n        'host' => 'localhost',\n        \
             'unix_socket' => '{}', 'username' => 'root', 'password' => '', 'dbname' => '{}',\n    ]]],\n];\n",
            Server::shared().socket().display(),
            shop.database().name
        );
        fs::write(root.join("app/etc/env.php"), env_php).expect("written");
        shop.write_lock(&[("magento/product-enterprise-edition", "2.4.8")]);
        shop
    }

    pub fn database(&self) -> &TestDatabase {
        self.database.as_ref().expect("a shop with a database")
    }

    pub fn root(&self) -> PathBuf {
        self.home.path("shop")
    }

    pub fn write_lock(&self, packages: &[(&str, &str)]) {
        let packages: Vec<Value> =
            packages.iter().map(|(name, version)| serde_json::json!({"name": name, "version": version})).collect();
        let lock = serde_json::json!({ "packages": packages }).to_string();
        fs::write(self.root().join("composer.lock"), lock).expect("written");
    }

    /// The private key of the production pair, in a place of its own that a test may open to others.
    pub fn private_key(&self) -> PathBuf {
        self.home.path("production.pem")
    }

    /// Writes the configuration as it is now.
    pub fn configure(&self) {
        let ready = &self.gateway.sandbox.ready;
        let pem = fs::read(&ready.production.private_key_file).expect("a key");
        if !self.private_key().exists() {
            private_file::write(&self.private_key(), &pem).expect("written");
        }
        let key = self.changes.private_key.clone().unwrap_or_else(|| self.private_key());
        let url = self.changes.gateway_url.clone().unwrap_or_else(|| ready.url.clone());
        let space = self.changes.data_space.clone().unwrap_or_else(|| self.gateway.space.to_string());
        let mut config = format!("[gateway]\nproduction_url = \"{url}\"\nsandbox_url = \"{}\"\n", ready.url);
        let _ = writeln!(config, "{}", self.changes.more_gateway);
        let pair = |name: &str, api_key: &str, file: &Path| {
            format!("[credentials.{name}]\napi_key = \"{api_key}\"\nprivate_key_file = \"{}\"\n", file.display())
        };
        config.push_str(&pair("production", &ready.production.api_key, &key));
        config.push_str(&pair("sandbox", &ready.sandbox.api_key, &ready.sandbox.private_key_file));
        let _ = writeln!(
            config,
            "[saas]\nenvironment_id = \"{space}\"\nenvironment_name = \"Live\"\nenvironment_type = \"Production\""
        );
        match self.database {
            Some(_) => writeln!(config, "[instance]\nroot = \"{}\"", self.root().display()).expect("memory"),
            None => config.push_str("[source]\nkind = \"files\"\n"),
        }
        self.home.write_config(&config);
    }

    pub fn command(&self, args: &[&str]) -> Command {
        self.configure();
        self.home.command(args)
    }

    pub fn doctor(&self) -> Told {
        Told::by(&mut self.command(&["doctor"]))
    }

    pub fn feeds_health(&self) -> Told {
        Told::by(&mut self.command(&["feeds", "health"]))
    }
}

/// What a command told, as text.
pub struct Told {
    pub code: i32,
    pub text: String,
}

impl Told {
    pub fn by(command: &mut Command) -> Self {
        let output: Output = command.output().expect("the program runs");
        let code = output.status.code().expect("a code");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(stderr, "", "nothing goes to stderr");
        Self { code, text: stdout(&output) }
    }

    /// The line of a check, such as `+ ok      Database        …`.
    pub fn check(&self, name: &str) -> &str {
        // Shape, word and blanks take ten cells; the shape may take several bytes.
        let is_it = |line: &&str| {
            let rest: String = line.chars().skip(10).collect();
            rest.strip_prefix(name).is_some_and(|after| after.starts_with(' '))
        };
        self.text.lines().find(is_it).unwrap_or_else(|| panic!("no check {name:?} in:\n{}", self.text))
    }

    /// The findings: what each says, and its next step.
    pub fn findings(&self) -> Vec<(&str, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let begins = |at: &usize| lines.get(at + 1).is_some_and(|line| line.starts_with("  why: "));
        let finding = |at: usize| (lines[at], lines[at + 2].strip_prefix("  fix: ").expect("a next step"));
        // A test's state is in a temporary directory, which the doctor rightly finds, and which is nobody's mistake here.
        (0..lines.len()).filter(begins).map(finding).filter(|(what, _)| !what.contains("may not last")).collect()
    }

    /// Asserts that there is just one finding, with these words and this next step, and this exit code.
    pub fn assert_only(&self, words: &[&str], next: &str, code: i32) {
        let findings = self.findings();
        let [(what, step)] = findings[..] else { panic!("one finding expected in:\n{}", self.text) };
        for word in words {
            assert!(what.contains(word), "{word:?} is missing in: {what}");
        }
        assert!(step.contains(next), "{next:?} is missing in: {step}");
        assert_eq!(self.code, code, "{}", self.text);
    }
}

/// An address on which nobody listens.
pub fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

pub fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}
