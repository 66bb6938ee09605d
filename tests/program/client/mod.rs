//! The real client against small servers on loopback: what it sends, and what it makes of every answer and failure.

mod answers;
mod trust;

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, Uri};
use commerce_connector::client::{Client, ClientSettings, ConnectorMetadata};
use commerce_connector::domain::Environment;
use commerce_connector::keys::{ApiKey, KeyPair, PrivateKey};
use serde_json::Value;
use tokio::net::TcpListener;

const KEY: &str = include_str!("../../../src/keys/fixtures/rsa-2048.pem");
const API_KEY: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

/// Long enough for a loaded machine to answer, so that only what never answers runs into it.
const PATIENCE: Duration = Duration::from_secs(30);
fn settings(gateway: &str) -> ClientSettings {
    ClientSettings {
        environment: Environment::Sandbox,
        gateway: gateway.to_owned(),
        registry_path: "/merchant-registry/v1".to_owned(),
        ca_file: None,
        connect_timeout: PATIENCE,
        read_timeout: PATIENCE,
        total_timeout: PATIENCE * 2,
        requests_per_second: None,
        jwt_claims: BTreeMap::from([("iss".to_owned(), "shop".to_owned())]),
        metadata: ConnectorMetadata { commerce_edition: "ee".to_owned(), commerce_version: "2.4.7".to_owned() },
    }
}

fn keys() -> KeyPair {
    KeyPair {
        api_key: ApiKey::parse(API_KEY).expect("an API key"),
        private_key: PrivateKey::parse(KEY).expect("a private key"),
    }
}

fn client(gateway: &str) -> Client {
    Client::new(settings(gateway), keys()).expect("a client")
}

/// A request as it arrived.
struct Seen {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// A gateway that keeps what it gets and answers from a list.
struct Gateway {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Gateway {
    async fn start(answers: impl IntoIterator<Item = Response<Body>>) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answers = Arc::new(Mutex::new(answers.into_iter().collect::<VecDeque<_>>()));
        let keep = Arc::clone(&seen);
        let handler = async move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            keep.lock().expect("no panic").push(Seen { method, path: uri.path().to_owned(), headers, body });
            let next = answers.lock().expect("no panic").pop_front();
            // Nothing left to say: silence.
            match next {
                Some(answer) => answer,
                None => pending().await,
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
        Self { url, seen }
    }

    fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().expect("no panic"))
    }
}

fn answer(status: u16, body: impl Into<Body>) -> Response<Body> {
    Response::builder().status(status).body(body.into()).expect("an answer")
}

fn json_answer(status: u16, body: &Value) -> Response<Body> {
    answer(status, body.to_string())
}

fn with_header(mut answer: Response<Body>, name: &'static str, value: &str) -> Response<Body> {
    answer.headers_mut().insert(name, value.parse().expect("a value"));
    answer
}
