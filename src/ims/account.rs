//! What IMS tells about who is signed in: the user, the organizations; and taking a token back.
//!
//! It must never know how a token was come by.

use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::ImsError;
use super::models::{Organization, OrganizationId};
use super::tokens::Credentials;
use crate::http::answer::{MESSAGE_LIMIT, is_html, words};
use crate::http::wire::{Broken, Reply, Wire};
use crate::secret::Secret;
use crate::untrusted::SafeText;

/// The longest answer that is read, in bytes: some thousand organizations with all their groups.
const ANSWER_LIMIT: usize = 8 << 20;
/// The most characters of a name that are kept.
const NAME_LIMIT: usize = 200;

/// Who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: SafeText,
    pub(super) email: Option<SafeText>,
}

#[derive(Deserialize)]
struct UserAnswer {
    sub: Option<String>,
    name: Option<String>,
    email: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrganizationAnswer {
    org_name: String,
    org_ref: OrganizationRef,
    #[serde(default)]
    org_type: serde_json::Value,
    #[serde(default)]
    country_code: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrganizationRef {
    ident: String,
    auth_src: String,
}

/// Who a token belongs to.
pub(super) async fn user(wire: &Wire, token: &Secret) -> Result<User, ImsError> {
    let answer: UserAnswer = get(wire, "ims/userinfo/v2", token, "an object with name and email").await?;
    let text = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let email = text(answer.email).map(|email| SafeText::limited(&email, NAME_LIMIT));
    let name = text(answer.name).map(|name| SafeText::limited(&name, NAME_LIMIT));
    let name =
        name.or_else(|| email.clone()).or_else(|| text(answer.sub).map(|sub| SafeText::limited(&sub, NAME_LIMIT)));
    Ok(User { name: name.unwrap_or_else(|| "an Adobe ID".into()), email })
}

/// The organizations of whom a token belongs to, by name.
pub(super) async fn organizations(wire: &Wire, token: &Secret) -> Result<Vec<Organization>, ImsError> {
    let what = "a list of organizations with orgName and orgRef";
    let answer: Vec<OrganizationAnswer> = get(wire, "ims/organizations/v6", token, what).await?;
    let optional = |value: serde_json::Value| {
        value.as_str().filter(|text| !text.is_empty()).map(|text| SafeText::limited(text, NAME_LIMIT))
    };
    let mut organizations: Vec<Organization> = answer
        .into_iter()
        .map(|found| Organization {
            id: OrganizationId::new(&found.org_ref.ident, &found.org_ref.auth_src),
            name: SafeText::limited(&found.org_name, NAME_LIMIT),
            kind: optional(found.org_type),
            country: optional(found.country_code),
        })
        .collect();
    organizations.sort_by_cached_key(|organization| organization.name.as_str().to_lowercase());
    Ok(organizations)
}

/// Makes a token worthless.
pub(super) async fn revoke(wire: &Wire, credentials: &Credentials, token: &Secret) -> Result<(), ImsError> {
    let form = [("token", token.expose()), ("client_id", credentials.client_id.as_str())];
    let mut request = wire.request(Method::POST, wire.url(&["ims/revoke"])).form(&form);
    if let Some(secret) = &credentials.secret {
        request = request.basic_auth(&credentials.client_id, Some(secret.expose()));
    }
    let reply = send(wire, request).await?;
    if (200..300).contains(&reply.status) { Ok(()) } else { Err(refused_by(wire, &reply)) }
}

async fn get<T: DeserializeOwned>(wire: &Wire, path: &str, token: &Secret, what: &str) -> Result<T, ImsError> {
    let reply = send(wire, wire.request(Method::GET, wire.url(&[path])).bearer_auth(token.expose())).await?;
    match reply.status {
        200 => serde_json::from_slice(&reply.body).map_err(|_| ImsError::NotUnderstood {
            host: wire.host().clone(),
            status: 200,
            message: SafeText::new(&format!("expected {what}")),
        }),
        401 => Err(ImsError::TokenRefused { host: wire.host().clone() }),
        _ => Err(refused_by(wire, &reply)),
    }
}

/// Sends a request. What cannot be an answer of IMS is an error: none at all, a page, a redirect, a server in trouble.
pub(super) async fn send(wire: &Wire, request: RequestBuilder) -> Result<Reply, ImsError> {
    let host = || wire.host().clone();
    let passing =
        |message: String| ImsError::Passing { host: host(), message: SafeText::limited(&message, MESSAGE_LIMIT) };
    let reply = match wire.send(request, ANSWER_LIMIT).await {
        Ok(reply) => reply,
        Err(Broken::Connection { message, .. }) => return Err(ImsError::Passing { host: host(), message }),
        Err(Broken::Unreadable { status, message }) => {
            return Err(ImsError::NotUnderstood { host: host(), status, message });
        }
    };
    match reply.status {
        429 => Err(passing("rate limit reached (HTTP status 429)".to_owned())),
        500.. => Err(passing(format!("HTTP status {}: {}", reply.status, words(&reply.body)))),
        300..400 => Err(ImsError::NotUnderstood {
            host: host(),
            status: reply.status,
            message: "redirect not followed; secrets are sent to the configured host only".into(),
        }),
        status if is_html(&reply.body) => {
            Err(ImsError::NotUnderstood { host: host(), status, message: words(&reply.body) })
        }
        _ => Ok(reply),
    }
}

/// A refusal in IMS's own words.
pub(super) fn refused_by(wire: &Wire, reply: &Reply) -> ImsError {
    let words = SafeText::limited(&format!("{} (HTTP status {})", words(&reply.body), reply.status), MESSAGE_LIMIT);
    ImsError::Refused { host: wire.host().clone(), words }
}
