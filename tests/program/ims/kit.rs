//! The real program beside a sandbox that plays IMS, and a browser in three lines.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use commerce_connector::private_file;
use commerce_connector::sandbox::{Sandbox, SandboxSettings};
use serde_json::Value;

use crate::support::browser::{browser, sent_back};
use crate::support::home::{Home, stderr};

/// The private key of both pairs: making keys would be the slowest part of many tests.
const KEY: &[u8] = include_bytes!("../../../src/keys/fixtures/rsa-2048.pem");

/// A home directory whose configuration leads to a sandbox.
pub struct Kit {
    pub home: Home,
    pub sandbox: Sandbox,
}

impl Kit {
    /// With further lines in `[ims]`.
    pub async fn with(more: &str) -> Self {
        let home = Home::new();
        let keys = home.path("keys");
        private_file::create_dir(&keys).expect("made");
        for name in ["production.pem", "sandbox.pem"] {
            private_file::write(&keys.join(name), KEY).expect("written");
        }
        let sandbox = Sandbox::start(SandboxSettings::new(keys)).await.expect("a sandbox");
        let kit = Self { home, sandbox };
        kit.configure(&kit.sandbox.ready.url, more);
        kit
    }

    pub async fn new() -> Self {
        Self::with("").await
    }

    pub fn configure(&self, host: &str, more: &str) {
        let client_id = &self.sandbox.ready.production.api_key;
        self.home.write_config(&format!("[ims]\nhost = \"{host}\"\nclient_id = \"{client_id}\"\n{more}"));
    }

    /// A command with something on its standard input.
    pub fn run(&self, args: &[&str], input: &str) -> Output {
        let mut command = self.home.command(args);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the program starts");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("taken");
        child.wait_with_output().expect("it ends")
    }

    /// Begins to sign in, and gives the address to open.
    pub fn begin(&self) -> String {
        let output = self.run(&["ims", "login"], "");
        assert_eq!(output.status.code(), Some(2), "nothing came back yet: {}", stderr(&output));
        let address = String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned();
        assert!(address.contains("/ims/authorize/v2?"), "{address}");
        address
    }

    /// Signs in to the end.
    pub async fn sign_in(&self) {
        let back = sent_back(&self.begin(), "allow").await;
        let output = self.run(&["ims", "login", "--url", "-"], &back);
        assert!(output.status.success(), "{}", stderr(&output));
    }

    pub fn tokens_file(&self) -> PathBuf {
        self.home.path(".local/state/commerce-connector/ims/tokens.json")
    }

    pub fn tokens(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.tokens_file()).expect("tokens")).expect("JSON")
    }

    /// Makes the access token one that ended long ago, as far as the program knows.
    pub fn end_token(&self) {
        let mut tokens = self.tokens();
        tokens["tokens"]["until"] = "2026-01-01T00:00:00Z".into();
        private_file::write(&self.tokens_file(), tokens.to_string().as_bytes()).expect("written");
    }

    pub fn secret_file(&self) -> &Path {
        &self.sandbox.ready.production.client_secret_file
    }

    /// Whether IMS takes this access token.
    pub async fn takes(&self, token: &str) -> bool {
        let url = format!("{}/ims/userinfo/v2", self.sandbox.ready.url);
        browser().get(url).bearer_auth(token).send().await.expect("an answer").status() == 200
    }
}
