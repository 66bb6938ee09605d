//! Which path leads to which room, and what every request passes.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use uuid::Uuid;

use super::answer::Failure;
use super::gateway::Gateway;
use super::{graphql, ingest, inspect, registry_routes};

/// The largest body as it is sent, in bytes. Adobe does not publish one; this stands in.
const MAX_BODY: usize = 16 << 20;
/// Where the id of a request is reported; it changes with every answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// All routes.
pub(super) fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .merge(registry_routes::routes())
        .merge(ingest::routes())
        .merge(graphql::routes())
        .merge(inspect::routes())
        .merge(super::ims::routes())
        .fallback(async || Failure::message(StatusCode::NOT_FOUND, "There is nothing at this path"))
        // The body limit is that of `read_body`, for every route.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(read_body))
        .layer(middleware::from_fn(add_request_id))
        .with_state(gateway)
}

/// Reads the body before anybody answers: who refuses a request half-way makes the client see a broken connection
/// instead of the refusal.
async fn read_body(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match to_bytes(body, MAX_BODY).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(_) => Failure::too_large().into_response(),
    }
}

async fn add_request_id(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Ok(id) = HeaderValue::try_from(Uuid::new_v4().to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
