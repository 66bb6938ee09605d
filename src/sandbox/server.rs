//! What the routes share, and which path leads to which room.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

use super::answer::Failure;
use super::faults::Faults;
use super::ims::Ims;
use super::pairs::Registered;
use super::rate::{Bucket, Limit};
use super::registry::Registry;
use super::store::{Keep, Store};
use super::{Edition, ingest, inspect, registry_routes};

/// The largest body as it is sent, in bytes. Adobe does not publish one; this stands in.
const MAX_BODY: usize = 16 << 20;
/// Where the id of a request is reported; it changes with every answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Everything that a sandbox knows.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) edition: Edition,
    pub(super) keep: Keep,
    /// Production and sandbox, each with projects of its own.
    tenants: [Arc<Tenant>; 2],
    pub(super) ims: Ims,
    pub(super) faults: Mutex<Faults>,
    pub(super) store: Mutex<Store>,
}

/// One registered API key, and what belongs to it.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) keys: Registered,
    pub(super) registry: Mutex<Registry>,
    /// `None` = no limit.
    pub(super) bucket: Option<Mutex<Bucket>>,
}

impl Tenant {
    pub(super) fn new(keys: Registered, registry: Registry, limit: Option<Limit>) -> Self {
        let bucket = limit.map(|limit| Mutex::new(Bucket::new(limit, Instant::now())));
        Self { keys, registry: Mutex::new(registry), bucket }
    }
}

impl Gateway {
    pub(super) fn new(edition: Edition, keep: Keep, tenants: [Tenant; 2], faults: Faults) -> Self {
        Self {
            edition,
            keep,
            tenants: tenants.map(Arc::new),
            ims: Ims::default(),
            faults: Mutex::new(faults),
            store: Mutex::default(),
        }
    }

    /// The tenant with this API key.
    pub(super) fn tenant(&self, api_key: &str) -> Option<&Arc<Tenant>> {
        self.tenants.iter().find(|tenant| tenant.keys.api_key == api_key)
    }

    /// Whether any tenant has this data space.
    pub(super) fn has_data_space(&self, id: &str) -> bool {
        self.tenants.iter().any(|tenant| lock(&tenant.registry).data_space(id).is_some())
    }
}

/// Takes a lock; what a panicking request left behind is still good enough for a sandbox.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seconds since 1970.
pub(super) fn seconds_now() -> f64 {
    Timestamp::now().as_duration().as_secs_f64()
}

/// All routes.
pub(super) fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .merge(registry_routes::routes())
        .merge(ingest::routes())
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
