//! Who is calling: an API key with a signature, or an IMS token with an organization (protocol page §1).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::answer::Failure;
use super::gateway::{Gateway, Tenant};
use super::jwt;
use super::shared::seconds_now;

/// Whoever sent a request and proved it.
pub(super) struct Caller(pub(super) Arc<Tenant>);

impl FromRequestParts<Arc<Gateway>> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Failure> {
        let headers = &parts.headers;
        let api_key = text(headers, "x-api-key").ok_or_else(Failure::client_id_missing)?;
        let tenant = gateway.tenant(api_key).ok_or_else(Failure::client_id_invalid)?;
        if let Some(token) = text(headers, "x-gw-signature") {
            let second_key = text(headers, "magento-api-key").ok_or_else(Failure::client_id_missing)?;
            if second_key != api_key {
                return Err(Failure::client_id_invalid());
            }
            jwt::check(token, &tenant.keys.public_key, seconds_now()).map_err(Failure::jwt_invalid)?;
        } else {
            check_bearer(gateway, tenant, headers)?;
        }
        Ok(Self(Arc::clone(tenant)))
    }
}

fn check_bearer(gateway: &Gateway, tenant: &Tenant, headers: &HeaderMap) -> Result<(), Failure> {
    let token = bearer(headers).ok_or_else(|| Failure::jwt_invalid("neither x-gw-signature nor a Bearer token"))?;
    let organization = text(headers, "x-gw-ims-org-id")
        .ok_or_else(|| Failure::message(StatusCode::FORBIDDEN, "x-gw-ims-org-id is missing"))?;
    gateway.ims.check_bearer(token, &tenant.keys.api_key, organization)
}

/// The token of `Authorization: Bearer …`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, header::AUTHORIZATION.as_str())?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
}
