//! A running sandbox and a client that signs by hand.

use std::io::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use commerce_connector::domain::Feed;
use commerce_connector::sandbox::{ReadyPair, Sandbox, SandboxSettings};
use reqwest::{Method, RequestBuilder, Response};
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// A sandbox, its directory, and one project.
pub struct Kit {
    pub sandbox: Sandbox,
    pub directory: tempfile::TempDir,
    pub http: reqwest::Client,
    production: SigningKey<Sha256>,
    pub data_space: String,
}

impl Kit {
    /// A sandbox without a rate limit, with one project.
    pub async fn new() -> Self {
        Self::with(|settings| settings.requests_per_second = None).await
    }

    /// A sandbox with a fault script and without a rate limit.
    pub async fn with_faults(script: &str) -> Self {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), script).expect("written");
        Self::with(|settings| {
            settings.requests_per_second = None;
            settings.faults = Some(file.path().to_owned());
        })
        .await
    }

    pub async fn with(change: impl FnOnce(&mut SandboxSettings)) -> Self {
        // Whoever comes first wins; all install the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = tempfile::tempdir().expect("a directory");
        let mut settings = SandboxSettings::new(directory.path().join("keys"));
        settings.projects.push("Shop".to_owned());
        change(&mut settings);
        let sandbox = Sandbox::start(settings).await.expect("a sandbox");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let production = signing_key(&sandbox.ready.production.private_key_file);
        let mut kit = Self { sandbox, directory, http, production, data_space: String::new() };
        let rows = body(kit.registry(Method::GET, "registry").send().await.expect("an answer")).await;
        rows["results"][0]["environmentId"].as_str().expect("an id").clone_into(&mut kit.data_space);
        kit
    }

    pub fn pair(&self) -> &ReadyPair {
        &self.sandbox.ready.production
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.sandbox.ready.url)
    }

    /// A token by the production key.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        sign(&self.production, header, claims)
    }

    pub fn fresh_token(&self) -> String {
        let now = seconds_now();
        self.token(&json!({"alg": "RS256", "typ": "JWT"}), &json!({"iat": now, "exp": now + 300}))
    }

    /// A request with the production keys.
    pub fn signed(&self, method: Method, url: String) -> RequestBuilder {
        let api_key = &self.pair().api_key;
        self.http
            .request(method, url)
            .header("x-api-key", api_key)
            .header("magento-api-key", api_key)
            .header("x-gw-signature", self.fresh_token())
    }

    pub fn registry(&self, method: Method, path: &str) -> RequestBuilder {
        self.signed(method, self.url(&format!("merchant-registry/v1/{path}")))
    }

    pub fn feed_url(&self, feed: Feed) -> String {
        self.url(&format!("{}/{}", feed.route(), self.data_space))
    }

    /// Posts items as gzip, as our exporter and Adobe's do.
    pub fn feed(&self, feed: Feed, items: &Value) -> RequestBuilder {
        self.signed(Method::POST, self.feed_url(feed))
            .header("content-type", "application/json")
            .header("content-encoding", "gzip")
            .body(gzip(items.to_string().as_bytes()))
    }

    pub async fn post(&self, feed: Feed, items: &Value) -> (u16, Value) {
        let response = self.feed(feed, items).send().await.expect("an answer");
        (response.status().as_u16(), body(response).await)
    }

    /// What arrived in a feed.
    pub async fn arrived(&self, feed: Feed, query: &str) -> Value {
        let url = self.url(&format!("sandbox/v1/data-spaces/{}/{feed}?{query}", self.data_space));
        body(self.http.get(url).send().await.expect("an answer")).await
    }

    /// The numbers of a data space.
    pub async fn summary(&self) -> Value {
        let url = self.url(&format!("sandbox/v1/data-spaces/{}", self.data_space));
        body(self.http.get(url).send().await.expect("an answer")).await
    }
}

pub async fn body(response: Response) -> Value {
    let text = response.text().await.expect("a body");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("compressed");
    encoder.finish().expect("compressed")
}

pub fn signing_key(file: &Path) -> SigningKey<Sha256> {
    let pem = pem::parse(std::fs::read(file).expect("a key file")).expect("PEM");
    SigningKey::new(rsa::RsaPrivateKey::from_pkcs8_der(pem.contents()).expect("a key"))
}

pub fn sign(key: &SigningKey<Sha256>, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).to_bytes());
    format!("{signed}.{signature}")
}

pub fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}
