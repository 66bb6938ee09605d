//! The bodies of failures, as the contract words them (protocol page §1).

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Says why a token was refused; the documented body does not. A header of this sandbox only.
const REASON: HeaderName = HeaderName::from_static("x-sandbox-reason");

/// A failure with a JSON body.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    /// HTTP status.
    pub(super) status: StatusCode,
    /// The whole body.
    pub(super) body: Value,
    /// Another header and its value.
    header: Option<(HeaderName, HeaderValue)>,
}

impl Failure {
    /// A status with the body that the contract documents for it.
    pub(super) fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, header: None }
    }

    /// A top-level `message`, as the registry and everything without a documented body put it.
    pub(super) fn message(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, json!({ "message": message.into() }))
    }

    /// 413.
    pub(super) fn too_large() -> Self {
        Self::message(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large")
    }

    /// No `x-api-key`.
    pub(super) fn client_id_missing() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            json!({"error": {
                "code": "Forbidden", "message": "Client ID is missing", "details": {"error_code": "403000"}
            }}),
        )
    }

    /// An API key that this gateway does not know, or two that differ.
    pub(super) fn client_id_invalid() -> Self {
        Self::new(StatusCode::FORBIDDEN, json!({"error": {"message": "Client ID is invalid"}}))
    }

    /// An API key that is not registered for a service.
    pub(super) fn not_registered() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            json!({"error": {
                "code": "Forbidden", "message": "Client ID is invalid", "details": {"error_code": "403003"}
            }}),
        )
    }

    /// A token that is not accepted. `reason` goes into a header, because the documented body does not tell.
    pub(super) fn jwt_invalid(reason: &'static str) -> Self {
        let body = json!({"error_code": "403053", "message": "JWT is invalid"});
        Self { header: Some((REASON, HeaderValue::from_static(reason))), ..Self::new(StatusCode::FORBIDDEN, body) }
    }

    /// 429, with `Retry-After` unless it is to be left out.
    pub(super) fn too_many_requests(retry_after_seconds: Option<u64>) -> Self {
        let body = json!({"error_code": "429050", "message": "Too many requests"});
        let header = retry_after_seconds.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds)));
        Self { header, ..Self::new(StatusCode::TOO_MANY_REQUESTS, body) }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// What a feed route answers, before it is written out.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

/// A refused item, named by its place.
pub(super) fn by_index(index: usize, code: &str, message: &str) -> Value {
    json!({"itemIndex": index, "code": code, "message": message})
}
