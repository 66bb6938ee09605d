//! A gateway, registry and IMS whose every word is hostile: names, messages, codes and request ids with what a terminal obeys.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::routing::{any, get};
use serde_json::{Value, json};

use super::HOSTILE;

/// The data space that it knows.
pub const DATA_SPACE: &str = "11111111-2222-4333-8444-555555555555";
const PROJECT: &str = "01234567-89ab-4cde-8f01-23456789abcd";

/// Serves on a free port of loopback until the runtime ends. Its address.
pub async fn serve() -> String {
    let routes = Router::new()
        .route("/merchant-registry/v1/ping", get(|| async { axum::Json(json!({})) }))
        .route("/merchant-registry/v1/registry", any(rows))
        .route("/merchant-registry/v1/registry/{*rest}", any(row))
        .route("/feeds/{*route}", any(refuse))
        .fallback(|| async { (StatusCode::BAD_GATEWAY, HOSTILE) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}")
}

fn data_space() -> Value {
    json!({
        "projectId": PROJECT, "projectName": format!("P{HOSTILE}"),
        "environmentId": DATA_SPACE, "environmentName": format!("E{HOSTILE}"), "environmentType": "Testing",
    })
}

async fn rows() -> axum::Json<Value> {
    axum::Json(json!({"results": [data_space()]}))
}

async fn row(Path(rest): Path<String>) -> axum::Json<Value> {
    if rest.starts_with("environments/") { axum::Json(data_space()) } else { rows().await }
}

/// Refuses the first item of a batch, or the whole batch, by turns of the route.
async fn refuse(Path(route): Path<String>) -> (StatusCode, HeaderMap, axum::Json<Value>) {
    let mut headers = HeaderMap::new();
    // A header cannot hold C0; bidi and C1 come as bytes above ASCII.
    headers.insert("x-request-id", HeaderValue::from_bytes("id\u{202e}\u{9b}31m".as_bytes()).expect("obs-text"));
    let item = json!({"itemIndex": 0, "code": HOSTILE, "message": HOSTILE});
    if route.starts_with("catalog") {
        (StatusCode::OK, headers, axum::Json(json!({"feedItemReceivedCount": 10_000, "invalidFeedItems": [item]})))
    } else {
        (StatusCode::BAD_REQUEST, headers, axum::Json(json!({"message": HOSTILE, "invalidFeedItems": [item]})))
    }
}
