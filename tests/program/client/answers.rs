//! What the client sends, and what it makes of every answer.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use commerce_connector::client::models::{FeedOutcome, RefusedItem};
use commerce_connector::client::{Client, ClientError, ClientSettings};
use commerce_connector::domain::{DataSpaceId, DataSpaceKind, ProjectId};
use commerce_connector::error::{Exit, Explain as _};
use commerce_connector::http::Failure;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey as _;
use rsa::sha2::Sha256;
use rsa::signature::Verifier as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{API_KEY, Gateway, answer, client, json_answer, keys, settings, with_header};

const PUBLIC_KEY: &str = include_str!("../../../src/keys/fixtures/public.pem");
/// For servers that never answer.
const IMPATIENCE: Duration = Duration::from_millis(150);

fn data_space() -> DataSpaceId {
    "space-1".parse().expect("an id")
}

fn project_id(id: &str) -> ProjectId {
    id.parse().expect("an id")
}

fn gzipped(json: &Value) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(json.to_string().as_bytes()).expect("written");
    encoder.finish().expect("finished")
}

/// A server that sends these bytes to whoever connects and writes something, and closes the connection.
async fn raw_server(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(bytes).await;
            });
        }
    });
    url
}

fn claims_of_verified(token: &str) -> Value {
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let public = RsaPublicKey::from_public_key_der(pem::parse(PUBLIC_KEY).expect("PEM").contents()).expect("a key");
    let signature = Signature::try_from(signature.as_slice()).expect("a signature");
    VerifyingKey::<Sha256>::new(public).verify(signed.as_bytes(), &signature).expect("it verifies");
    let (_, claims) = signed.split_once('.').expect("two parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn ping_carries_both_api_key_headers_and_a_signature_that_verifies() {
    let gateway = Gateway::start([answer(200, ""), answer(200, "pong")]).await;
    let client = client(&gateway.url);
    client.ping().await.expect("accepted");
    client.clone().ping().await.expect("accepted");

    let seen = gateway.seen();
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("GET", "/merchant-registry/v1/ping"));
    assert_eq!(seen[0].header("x-api-key"), API_KEY);
    assert_eq!(seen[0].header("magento-api-key"), API_KEY);
    assert_eq!(seen[0].header("user-agent"), concat!("commerce-connector/", env!("CARGO_PKG_VERSION")));
    let claims = claims_of_verified(seen[0].header("x-gw-signature"));
    let issued = claims["iat"].as_i64().expect("a number");
    assert!((jiff::Timestamp::now().as_second() - issued).abs() < 60);
    assert_eq!(claims, json!({"iat": issued, "exp": issued + 300, "iss": "shop"}));
    assert_eq!(seen[0].header("x-gw-signature"), seen[1].header("x-gw-signature"), "clones share the token");
}

fn row(project: &str, environment: &str, kind: &str) -> Value {
    json!({"projectId": project, "projectName": format!("{project}\u{1b}"), "environmentId": environment,
           "environmentName": environment, "environmentType": kind})
}

#[tokio::test]
async fn the_registry_is_asked_by_the_documented_calls() {
    let rows = json!({"results": [row("p", "e1", "Production"), row("p", "e2", "Testing")]});
    let gateway = Gateway::start([
        json_answer(200, &rows),
        json_answer(200, &rows),
        json_answer(200, &row("p", "e2", "Testing")),
        json_answer(201, &rows),
        json_answer(200, &rows),
        json_answer(200, &row("p", "e2", "Testing")),
    ])
    .await;
    let client = client(&format!("{}/", gateway.url));
    let (p, e2) = (project_id("p"), "e2".parse::<DataSpaceId>().expect("an id"));

    let projects = client.projects().await.expect("projects");
    assert_eq!(projects.len(), 1);
    assert_eq!(projects[0].name.as_str(), "p\\x1b");
    assert_eq!(projects[0].data_spaces[0].kind, DataSpaceKind::Production);
    assert_eq!(client.project(&p).await.expect("a project").data_spaces.len(), 2);
    let (project, data_space) = client.data_space(&e2).await.expect("a data space");
    assert_eq!((project.id, data_space.id), (p.clone(), e2.clone()));
    assert_eq!(client.create_project("new shop").await.expect("created").id, p);
    assert_eq!(client.rename_project(&p, "other").await.expect("renamed").id, p);
    assert_eq!(client.rename_data_space(&e2, "stage").await.expect("renamed").id, e2);

    let seen = gateway.seen();
    let calls: Vec<_> = seen.iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect();
    assert_eq!(
        calls,
        [
            "GET /merchant-registry/v1/registry",
            "GET /merchant-registry/v1/registry/projects/p",
            "GET /merchant-registry/v1/registry/environments/e2",
            "POST /merchant-registry/v1/registry/initialize",
            "PATCH /merchant-registry/v1/registry/projects/p",
            "PATCH /merchant-registry/v1/registry/environments/e2",
        ]
    );
    assert_eq!(seen[3].json(), json!({"projectName": "new shop"}));
    assert_eq!(seen[4].json(), json!({"projectName": "other"}));
    assert_eq!(seen[5].json(), json!({"environmentName": "stage"}));
}

#[tokio::test]
async fn every_failure_of_the_registry_is_told_apart() {
    let gateway = Gateway::start([
        with_header(json_answer(200, &json!({"message": "not entitled", "status": 500})), "x-request-id", "r-1"),
        json_answer(200, &json!({"error_code": 403_053, "message": "JWT is invalid"})),
        json_answer(403, &json!({"error": {"message": "Client ID is invalid"}})),
        with_header(answer(429, ""), "retry-after", "9"),
        answer(503, "<html><title>Down</title></html>"),
        answer(404, "no such thing"),
        answer(200, "<html><title>Sign in</title></html>"),
        json_answer(200, &json!({"results": [{"projectId": "p"}]})),
        answer(200, vec![b' '; 17 * 1024 * 1024]),
    ])
    .await;
    let client = client(&gateway.url);
    let mut told = Vec::new();
    for _ in 0..9 {
        let error = client.projects().await.expect_err("a failure");
        told.push((error.to_string().replace(client.gateway_host(), "G"), error.exit()));
    }
    let expected = [
        ("the gateway G refused: not entitled (500)", Exit::Other),
        ("the gateway G refused the sandbox keys: JWT is invalid (403053)", Exit::Refused),
        ("the gateway G refused the sandbox keys: Client ID is invalid", Exit::Refused),
        ("rate limit of the gateway G reached: try again in 9 s", Exit::TryAgain),
        (
            "no usable response from the gateway G: HTTP status 503: an HTML page with the title \"Down\"",
            Exit::TryAgain,
        ),
        ("the gateway G refused: no such thing", Exit::Other),
        ("unexpected response from the gateway G: an HTML page with the title \"Sign in\"", Exit::Other),
        ("unexpected response from the gateway G: row 1 has no environmentId", Exit::Other),
        ("unexpected response from the gateway G: response larger than 16 MiB", Exit::Other),
    ];
    assert_eq!(told, expected.map(|(text, exit)| (text.to_owned(), exit)));
}

#[tokio::test]
async fn a_sign_in_page_does_not_count_as_accepted_keys() {
    let gateway = Gateway::start([answer(200, "\n<!doctype html>"), answer(401, "")]).await;
    let client = client(&gateway.url);
    assert!(matches!(client.ping().await, Err(ClientError::NotUnderstood { status: 200, .. })));
    assert!(matches!(client.ping().await, Err(ClientError::KeysRefused { .. })));
}

#[tokio::test]
async fn an_answer_about_another_project_is_not_taken() {
    let gateway = Gateway::start([json_answer(200, &row("other", "e", "Testing"))]).await;
    let error = client(&gateway.url).project(&project_id("p")).await.expect_err("another");
    assert!(matches!(error, ClientError::NotUnderstood { .. }), "{error}");
}

#[tokio::test]
async fn a_feed_request_is_the_documented_one() {
    let refusal =
        json!({"feedItemReceivedCount": 1, "invalidFeedItems": [{"itemIndex": "1", "code": "c", "message": "m"}]});
    let gateway = Gateway::start([with_header(json_answer(200, &refusal), "x-request-id", "r-7")]).await;
    let items = json!([{"sku": "ä"}, {"sku": "b"}]);
    let client = client(&gateway.url);
    let answer = client.send_feed(client.depart().await, "feeds/things/v1", &data_space(), gzipped(&items)).await;

    let refused = vec![RefusedItem { index: 1, code: "c".into(), message: "m".into() }];
    assert_eq!(answer.outcome, FeedOutcome::Accepted { refused });
    assert_eq!(answer.request_id.expect("an id").as_str(), "r-7");
    let seen = gateway.seen().remove(0);
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/feeds/things/v1/space-1"));
    for (name, value) in [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
        ("x-api-key", API_KEY),
        ("magento-api-key", API_KEY),
        ("service-connector-metadata", r#"{"commerceEdition":"ee","commerceVersion":"2.4.7"}"#),
    ] {
        assert_eq!(seen.header(name), value, "{name}");
    }
    claims_of_verified(seen.header("x-gw-signature"));
    let mut body = String::new();
    GzDecoder::new(&seen.body[..]).read_to_string(&mut body).expect("gzip");
    assert_eq!(serde_json::from_str::<Value>(&body).expect("JSON"), items);
}

#[tokio::test]
async fn a_strange_route_cannot_lead_away_from_the_gateway() {
    let gateway = Gateway::start([answer(200, ""), answer(200, "")]).await;
    let client = client(&gateway.url);
    for route in ["http://elsewhere.example/?x#y", "../../a b"] {
        client.send_feed(client.depart().await, route, &data_space(), gzipped(&json!([]))).await;
    }
    let paths: Vec<_> = gateway.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, ["/http:/elsewhere.example/%3Fx%23y/space-1", "/a%20b/space-1"]);
}

async fn outcome_of(client: &Client) -> FeedOutcome {
    client.send_feed(client.depart().await, "feeds/things/v1", &data_space(), gzipped(&json!([{}]))).await.outcome
}

#[tokio::test]
async fn a_redirect_is_named_and_not_followed() {
    let elsewhere = Gateway::start([answer(200, "")]).await;
    let to = |location: &str| with_header(answer(307, ""), "location", location);
    let gateway = Gateway::start([to(&elsewhere.url), to("https://evil.example/x")]).await;
    let client = client(&gateway.url);
    assert!(matches!(outcome_of(&client).await, FeedOutcome::WrongAddress { status: 307, .. }));
    let error = client.projects().await.expect_err("a redirect");
    assert!(error.to_string().contains("redirect to evil.example not followed; "), "{error}");
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_connection_that_breaks_is_passing_and_says_how() {
    let passing = |outcome| match outcome {
        FeedOutcome::Passing { status: None, message, .. } => message.to_string(),
        other => panic!("{other:?}"),
    };
    let closes = raw_server(b"").await;
    let message = passing(outcome_of(&client(&closes)).await);
    assert!(message.starts_with("connection lost: "), "{message}");

    let stops_within = raw_server(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"feed").await;
    let message = passing(outcome_of(&client(&stops_within)).await);
    assert!(message.starts_with("connection lost: "), "{message}");

    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let message = passing(outcome_of(&client(&format!("http://{free}"))).await);
    assert!(message.starts_with("no connection: Connection refused"), "{message}");
}

#[tokio::test]
async fn each_time_out_has_its_own_words() {
    let silent = Gateway::start([]).await;
    let read = ClientSettings { read_timeout: IMPATIENCE, ..settings(&silent.url) };
    let client = Client::new(read, keys()).expect("a client");
    let message = "no response for 0.15 s (read time-out)".into();
    let expected = FeedOutcome::Passing { status: None, message, failure: Some(Failure::Time) };
    assert_eq!(outcome_of(&client).await, expected);

    let total = ClientSettings { total_timeout: IMPATIENCE, ..settings(&silent.url) };
    let client = Client::new(total, keys()).expect("a client");
    let error = client.ping().await.expect_err("silence");
    assert!(error.to_string().ends_with("no complete response within 0.15 s (total time-out)"), "{error}");
}

#[tokio::test]
async fn garbage_is_not_understood_and_too_much_is_not_read() {
    let gateway = Gateway::start([answer(200, "<html>"), answer(200, vec![b'x'; 5 * 1024 * 1024])]).await;
    let client = client(&gateway.url);
    let message = |text: &str| FeedOutcome::NotUnderstood { status: 200, message: text.into() };
    assert_eq!(outcome_of(&client).await, message("an HTML page"));
    assert_eq!(outcome_of(&client).await, message("response larger than 4 MiB"));
    let no_http = raw_server(b"SSH-2.0-OpenSSH_9.2\r\n").await;
    assert!(matches!(outcome_of(&super::client(&no_http)).await, FeedOutcome::Passing { status: None, .. }));
}

#[tokio::test]
async fn an_answer_that_was_packed_unasked_is_unpacked_within_bounds_or_said_to_be_broken() {
    let body = json!({"feedItemReceivedCount": 1, "invalidFeedItems": []});
    let packed = gzipped(&body);
    let bomb = gzipped(&json!(" ".repeat(5 * 1024 * 1024)));
    let gzip = |body: Vec<u8>| with_header(answer(200, body), "content-encoding", "gzip");
    let gateway = Gateway::start([
        gzip(packed.clone()),
        gzip(packed[..packed.len() - 9].to_vec()),
        gzip(bomb),
        with_header(answer(200, "x"), "content-encoding", "br"),
    ])
    .await;
    let client = client(&gateway.url);
    assert_eq!(outcome_of(&client).await, FeedOutcome::Accepted { refused: vec![] });
    let mut words = Vec::new();
    for _ in 0..3 {
        let FeedOutcome::NotUnderstood { status: 200, message } = outcome_of(&client).await else { panic!("nonsense") };
        words.push(message.to_string());
    }
    assert!(words[0].starts_with("cannot unpack its gzip: "), "{words:?}");
    assert_eq!(words[1], "response larger than 4 MiB");
    assert_eq!(words[2], "unexpected response encoding \"br\"");
}

#[tokio::test]
async fn a_503_that_names_a_time_stalls_all_clones_and_costs_no_speed() {
    let gateway = Gateway::start([with_header(answer(503, ""), "retry-after", "30")]).await;
    let settings = ClientSettings { requests_per_second: Some(2.0), ..settings(&gateway.url) };
    let client = Client::new(settings, keys()).expect("a client");
    assert!(matches!(outcome_of(&client).await, FeedOutcome::Passing { status: Some(503), .. }));
    let reading = client.clone().pace().reading();
    assert_eq!(reading.requests_per_second, Some(2.0));
    assert!(reading.waiting.is_some_and(|wait| wait > Duration::from_secs(20)), "{reading:?}");
}

#[tokio::test]
async fn a_429_slows_all_clones_down() {
    let gateway = Gateway::start([with_header(answer(429, ""), "retry-after", "30")]).await;
    let settings = ClientSettings { requests_per_second: Some(2.0), ..settings(&gateway.url) };
    let client = Client::new(settings, keys()).expect("a client");
    let clone = client.clone();
    let wait = Some(Duration::from_secs(30));
    assert!(matches!(outcome_of(&client).await, FeedOutcome::SlowDown { retry_after, .. } if retry_after == wait));
    let reading = clone.pace().reading();
    assert!(reading.requests_per_second.is_some_and(|rate| rate < 1.5), "{reading:?}");
    assert!(reading.waiting.is_some_and(|wait| wait > Duration::from_secs(20)), "{reading:?}");
}

#[test]
fn settings_that_cannot_work_are_named() {
    let refused = |settings: ClientSettings| match Client::new(settings, keys()) {
        Err(error @ (ClientError::Setting { .. } | ClientError::Http(_))) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let gateway = |url: &str| refused(settings(url));
    for url in
        ["http://commerce.adobe.io", "http://10.0.0.1", "http://localhost.evil.example", "http://127.0.0.1.nip.io"]
    {
        let text = gateway(url);
        assert!(text.starts_with("gateway.sandbox_url: ") && text.contains("plain http"), "{text}");
    }
    assert!(gateway("commerce.adobe.io").contains("is not a URL"));
    assert!(gateway("ftp://commerce.adobe.io").contains("ftp is not https"));
    assert!(gateway("https://me:secret@commerce.adobe.io").contains("must not contain a user or a password"));
    assert!(!gateway("https://me:secret@commerce.adobe.io").contains("secret"));
    assert!(gateway("https://commerce.adobe.io/?a=b").contains("must end before"));

    let claims = BTreeMap::from([("exp".to_owned(), "never".to_owned())]);
    let text = refused(ClientSettings { jwt_claims: claims, ..settings("http://127.0.0.1:1") });
    assert_eq!(text, "gateway.jwt_claims: exp is set by this program");

    let ca_file =
        |path: &Path| refused(ClientSettings { ca_file: Some(path.to_owned()), ..settings("https://localhost:1") });
    let text = ca_file(Path::new("/no/such/ca.pem"));
    assert!(text.starts_with("gateway.ca_file: /no/such/ca.pem: No such file"), "{text}");
    let text = ca_file(Path::new("Cargo.toml"));
    assert!(text.ends_with("it has no certificate (-----BEGIN CERTIFICATE-----)"), "{text}");
}

#[test]
fn every_way_to_name_this_machine_may_be_plain_http() {
    for url in ["http://127.0.0.1:8080", "http://127.9.9.9", "http://[::1]:8080", "http://localhost:8080/"] {
        Client::new(settings(url), keys()).expect("a client");
    }
}
