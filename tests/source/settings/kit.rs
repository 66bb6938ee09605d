//! An installation's root in a temporary directory, its database, and a home from which the program is run.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

use super::support::home::{Home, stderr};
use super::support::mariadb::{Server, TestDatabase};

/// The keys of the protocol page.
pub const KEY_A: &str = "0123456789abcdef0123456789abcdef";
pub const KEY_B: &str = "fedcba9876543210fedcba9876543210";
/// The plain text of its vectors, and the vectors.
pub const PLAIN: &str = "example-secret-value";
pub const BY_KEY_A: &str = "0:3:AAECAwQFBgcICQoLnUc1VRcvmobkd5r5UPx8sFGiJxfD/yRQFUS/nkVMeZ5TN0pC";
pub const BY_KEY_B: &str = "1:3:AAECAwQFBgcICQoLIvnU5WouZww0Au6mDebJpGITecWUnu8Hr/vPOMIpSCNsMeIx";

/// Where Commerce keeps the keys.
pub const KEYS: &str = "services_connector/services_connector_integration";
/// Where Commerce keeps project and data space.
pub const IDS: &str = "services_connector/services_id";

/// The private key that is saved in the tests.
pub const PRIVATE_KEY: &str = include_str!("../../../src/keys/fixtures/rsa-2048.pem");

pub struct Shop {
    pub database: TestDatabase,
    pub home: Home,
    /// The user that env.php names.
    user: (String, String),
    crypt_key: String,
    system: String,
}

impl Shop {
    pub fn new() -> Self {
        let shop = Self {
            database: Server::shared().small_shop(),
            home: Home::new(),
            user: ("root".to_owned(), String::new()),
            crypt_key: format!("{KEY_A}\\n{KEY_B}"),
            system: String::new(),
        };
        fs::create_dir_all(shop.root().join("app/etc")).expect("made");
        fs::create_dir_all(shop.home.path("programs")).expect("made");
        shop.write_env();
        shop.configure("");
        shop
    }

    pub fn root(&self) -> PathBuf {
        self.home.path("shop root")
    }

    /// The configuration: the installation, and what else is given.
    pub fn configure(&self, more: &str) {
        self.home.write_config(&format!("{more}\n[instance]\nroot = \"{}\"\n", self.root().display()));
    }

    pub fn with_user(mut self, name: &str, password: &str) -> Self {
        self.user = (name.to_owned(), password.to_owned());
        self.write_env();
        self
    }

    pub fn with_crypt_key(mut self, key: &str) -> Self {
        key.clone_into(&mut self.crypt_key);
        self.write_env();
        self
    }

    /// What env.php sets in `system/default`, from line 13 on.
    pub fn with_system(mut self, system: &str) -> Self {
        system.clone_into(&mut self.system);
        self.write_env();
        self
    }

    fn write_env(&self) {
        let settings = self.database.settings();
        let text = format!(
            "<?php\nreturn [\n    'crypt' => ['key' => \"{key}\"],\n    'db' => [\n        'table_prefix' => '',\n        'connection' => ['default' => [\n            \
             'host' => '{host}', 'dbname' => '{name}', 'username' => '{user}', 'password' => '{password}',\n        ]],\n    ],\n    \
             'MAGE_MODE' => 'production',\n    'system' => [\n        'default' => [\n{system}\n        ],\n    ],\n];\n",
            key = self.crypt_key,
            host = settings.address_text(),
            name = settings.database,
            user = self.user.0,
            password = self.user.1,
            system = self.system,
        );
        fs::write(self.root().join("app/etc/env.php"), text).expect("written");
    }

    pub fn write_config_php(&self, system: &str) {
        let text = format!("<?php\nreturn [\n'system' => ['default' => [\n{system}\n]],\n];\n");
        fs::write(self.root().join("app/etc/config.php"), text).expect("written");
    }

    /// A `php` that appends where and with what it was run to a file, then does this.
    pub fn with_php(self, then: &str) -> Self {
        fs::create_dir_all(self.root().join("bin")).expect("made");
        fs::write(self.root().join("bin/magento"), "#!/usr/bin/env php\n").expect("written");
        let php = self.home.path("programs/php");
        let calls = self.home.path("php-calls");
        fs::write(&php, format!("#!/bin/sh\necho \"$(pwd) $*\" >>'{}'\n{then}\n", calls.display())).expect("written");
        fs::set_permissions(&php, fs::Permissions::from_mode(0o755)).expect("chmod");
        self
    }

    /// Each run of `php`, as directory and arguments.
    pub fn php_calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.home.path("php-calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The program, where the only other programs are those of [`Self::with_php`].
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.home.command(args);
        command.env("PATH", self.home.path("programs"));
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program runs")
    }

    pub fn ok(&self, args: &[&str]) -> Output {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?} ended with {}: {}", output.status, stderr(&output));
        output
    }

    /// Saves a sandbox pair with this API key.
    pub fn set_keys(&self, api_key: &str) -> Output {
        self.set_pair("sandbox", api_key)
    }

    /// Saves a pair with this API key.
    pub fn set_pair(&self, environment: &str, api_key: &str) -> Output {
        let (api_key_file, private_key_file) = (self.home.path("api-key.txt"), self.home.path("private.pem"));
        fs::write(&api_key_file, api_key).expect("written");
        fs::write(&private_key_file, PRIVATE_KEY).expect("written");
        fs::set_permissions(&private_key_file, fs::Permissions::from_mode(0o600)).expect("chmod");
        let (api_key_file, private_key_file) =
            (api_key_file.display().to_string(), private_key_file.display().to_string());
        let files = ["--api-key-file", &api_key_file, "--private-key-file", &private_key_file];
        self.run(&[&["keys", "set", "--environment", environment], &files[..]].concat())
    }

    /// `config show`: value and origin of each key that has one.
    pub fn shown(&self) -> BTreeMap<String, (String, String)> {
        shown(&mut self.command(&["config", "show", "--json"]))
    }

    /// A row of `core_config_data`, by MariaDB's own client.
    pub fn row(&self, path: &str) -> Option<String> {
        let rows = self.database.query(&format!(
            "SELECT value FROM core_config_data WHERE scope = 'default' AND scope_id = 0 AND path = '{path}'"
        ));
        assert!(rows.len() <= 1, "one row for each path: {rows:?}");
        rows.into_iter().next().map(|mut row| row.remove(0))
    }

    pub fn set_row(&self, path: &str, value: &str) {
        self.database.execute(&format!(
            "REPLACE INTO core_config_data (scope, scope_id, path, value) VALUES ('default', 0, '{path}', '{value}')"
        ));
    }
}

pub fn shown(command: &mut Command) -> BTreeMap<String, (String, String)> {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a JSON line"))
        .filter_map(|line| {
            let text = |name: &str| line[name].as_str().map(str::to_owned);
            Some((text("key")?, (text("value")?, text("origin")?)))
        })
        .collect()
}

/// Decrypts a value as the protocol page says, by a library that the program does not use for it.
pub fn decrypted(value: &str, key: &str) -> Option<String> {
    let bytes = STANDARD.decode(value.rsplit(':').next().expect("data")).expect("base64");
    let (nonce, sealed) = bytes.split_at(12);
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key.as_bytes()).expect("a key"));
    let mut sealed = sealed.to_vec();
    let plain = key
        .open_in_place(Nonce::try_assume_unique_for_key(nonce).expect("a nonce"), Aad::from(nonce), &mut sealed)
        .ok()?;
    Some(String::from_utf8(plain.to_vec()).expect("text"))
}
