//! Keys, tokens and the registry.

use std::os::unix::fs::PermissionsExt as _;

use commerce_connector::domain::Feed;
use commerce_connector::sandbox::{Edition, Ready, Sandbox, SandboxError, SandboxSettings};
use reqwest::Method;
use serde_json::json;

use crate::sandbox::kit::{Kit, body, seconds_now, sign, signing_key};

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let mut settings = SandboxSettings::new("/nowhere");
    settings.listen = "0.0.0.0:0".parse().expect("an address");
    let error = Sandbox::start(settings).await.expect_err("refused");
    assert!(matches!(error, SandboxError::NotLoopback(_)), "{error}");
}

#[tokio::test]
async fn keys_and_the_ready_file_are_private() {
    let kit = Kit::new().await;
    let ready = kit.directory.path().join("ready.json");
    kit.sandbox.ready.write(&ready).expect("written");
    let read: Ready = serde_json::from_slice(&std::fs::read(&ready).expect("a file")).expect("JSON");
    assert_eq!(read, kit.sandbox.ready);
    let pairs = [&read.production, &read.sandbox];
    assert_ne!(pairs[0].api_key, pairs[1].api_key);
    for file in pairs.into_iter().flat_map(|pair| [&pair.private_key_file, &pair.client_secret_file]).chain([&ready]) {
        let mode = std::fs::metadata(file).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    let mode = std::fs::metadata(kit.directory.path().join("keys")).expect("a directory").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn keys_that_are_there_are_kept_and_others_are_made() {
    let directory = tempfile::tempdir().expect("a directory");
    let start = async || Sandbox::start(SandboxSettings::new(directory.path())).await;
    let key = |name: &str| std::fs::read(directory.path().join(name)).expect("a key");
    let first = start().await.expect("a sandbox").ready.clone();
    let keys = [key("production.pem"), key("sandbox.pem"), key("sandbox.client-secret")];
    let second = start().await.expect("a sandbox").ready.clone();
    assert_eq!((&second.production, &second.sandbox), (&first.production, &first.sandbox));
    assert_eq!([key("production.pem"), key("sandbox.pem"), key("sandbox.client-secret")], keys);

    std::fs::remove_file(directory.path().join("production.api-key")).expect("removed");
    let third = start().await.expect("a sandbox").ready.clone();
    assert_ne!(third.production.api_key, first.production.api_key);
    assert_eq!((&third.sandbox, key("production.pem")), (&first.sandbox, keys[0].clone()));

    std::fs::write(directory.path().join("sandbox.pem"), "no key").expect("written");
    let error = start().await.expect_err("no key").to_string();
    assert!(error.contains("sandbox.pem") && error.contains("move the file away"), "{error}");
    assert_eq!(key("sandbox.pem"), b"no key", "a person's file is not written over");
}

#[tokio::test]
async fn a_signed_request_is_let_in_and_every_answer_has_an_id() {
    let kit = Kit::new().await;
    let response = kit.registry(Method::GET, "ping").send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let first = response.headers()["x-request-id"].clone();
    let response = kit.http.get(kit.url("nothing")).send().await.expect("an answer");
    assert_eq!(response.status(), 404);
    assert_ne!(response.headers()["x-request-id"], first);
}

#[tokio::test]
async fn bad_keys_get_the_documented_bodies() {
    let kit = Kit::new().await;
    let key = kit.pair().api_key.clone();
    let other = kit.sandbox.ready.sandbox.api_key.clone();
    let missing =
        json!({"error": {"code": "Forbidden", "message": "Client ID is missing", "details": {"error_code": "403000"}}});
    let invalid = json!({"error": {"message": "Client ID is invalid"}});
    for (first, second, expected) in [
        (None, Some(&key), &missing),
        (Some(&key), None, &missing),
        (Some(&"unknown".to_owned()), Some(&"unknown".to_owned()), &invalid),
        (Some(&key), Some(&other), &invalid),
    ] {
        let mut request =
            kit.http.get(kit.url("merchant-registry/v1/ping")).header("x-gw-signature", kit.fresh_token());
        for (name, value) in [("x-api-key", first), ("magento-api-key", second)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 403);
        assert_eq!(&body(response).await, expected, "{first:?} {second:?}");
    }
}

#[tokio::test]
async fn bad_tokens_are_refused_on_registry_and_feeds() {
    let kit = Kit::new().await;
    let now = seconds_now();
    let (rs256, claims) = (json!({"alg": "RS256"}), json!({"iat": now, "exp": now + 300}));
    let unsigned = kit.token(&json!({"alg": "none"}), &claims);
    let unsigned = format!("{}.", unsigned.rsplit_once('.').expect("three parts").0);
    let foreign = signing_key(&kit.sandbox.ready.sandbox.private_key_file);
    for token in [
        kit.token(&rs256, &json!({"iat": now - 301, "exp": now - 1})),
        kit.token(&rs256, &json!({"iat": now, "exp": now + 3600})),
        kit.token(&rs256, &json!({"iat": now + 100, "exp": now + 300})),
        sign(&foreign, &rs256, &claims),
        unsigned,
        "nonsense".to_owned(),
    ] {
        for (method, url) in
            [(Method::GET, kit.url("merchant-registry/v1/ping")), (Method::POST, kit.feed_url(Feed::Products))]
        {
            let request = kit.http.request(method, url).header("x-api-key", &kit.pair().api_key);
            let request = request.header("magento-api-key", &kit.pair().api_key).header("x-gw-signature", &token);
            let response = request.send().await.expect("an answer");
            assert_eq!(response.status(), 403, "{token}");
            assert!(response.headers().contains_key("x-sandbox-reason"));
            assert_eq!(body(response).await, json!({"error_code": "403053", "message": "JWT is invalid"}));
        }
    }
}

#[tokio::test]
async fn projects_are_created_read_and_renamed() {
    let kit = Kit::with(|settings| settings.edition = Edition::OpenSource).await;
    let create = |name: &'static str| {
        let request = kit.registry(Method::POST, "registry/initialize").json(&json!({"projectName": name}));
        async { request.send().await.expect("an answer") }
    };
    let rows = body(create("Second").await).await["results"].clone();
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "Open Source gets one data space: {rows}");
    assert_eq!(rows[0]["environmentType"], "Production");
    let (project, space) = (rows[0]["projectId"].as_str().expect("an id"), rows[0]["environmentId"].as_str());
    let space = space.expect("an id");

    let rename = kit.registry(Method::PATCH, &format!("registry/projects/{project}"));
    let renamed = body(rename.json(&json!({"projectName": "New"})).send().await.expect("an answer")).await;
    assert_eq!(renamed["results"][0]["projectName"], "New");
    let rename = kit.registry(Method::PATCH, &format!("registry/environments/{space}"));
    let row = body(rename.json(&json!({"environmentName": "Live"})).send().await.expect("an answer")).await;
    assert_eq!((&row["environmentName"], &row["projectName"]), (&json!("Live"), &json!("New")));
    let read = kit.registry(Method::GET, &format!("registry/environments/{space}"));
    assert_eq!(body(read.send().await.expect("an answer")).await, row);
    let read = kit.registry(Method::GET, &format!("registry/projects/{project}"));
    assert_eq!(body(read.send().await.expect("an answer")).await["results"], json!([row]));

    let empty = create(" ").await;
    assert_eq!(empty.status(), 200, "the registry puts a failure into a 200");
    assert!(body(empty).await["message"].is_string());
    let service = create("Live Search EU").await;
    assert_eq!(service.status(), 400);
    assert!(body(service).await["message"].as_str().is_some_and(|message| message.contains("live search")));
    let unknown = kit.registry(Method::GET, "registry/environments/none").send().await.expect("an answer");
    assert_eq!(unknown.status(), 404);
    let list = body(kit.registry(Method::GET, "registry").send().await.expect("an answer")).await;
    assert_eq!(list["results"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn the_sandbox_stops_when_it_is_dropped() {
    let kit = Kit::new().await;
    let url = kit.url("ims/userinfo/v2");
    let Kit { sandbox, http, directory: _directory, .. } = kit;
    assert_eq!(http.get(&url).send().await.expect("an answer").status(), 401);
    drop(sandbox);
    // The accepting task needs a turn to see it; each failing or refused connection gives it one.
    let fresh = || reqwest::Client::builder().no_proxy().build().expect("a client");
    let mut is_gone = false;
    for _ in 0..1000 {
        if fresh().get(&url).send().await.is_err() {
            is_gone = true;
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(is_gone, "it still listens");
}
