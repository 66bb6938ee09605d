//! IMS over HTTP (protocol page §4).

use std::sync::Arc;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::Failure;
use super::super::auth::bearer;
use super::authorize::Authorize;
use super::page;
use crate::sandbox::gateway::{Gateway, Tenant};
use crate::sandbox::tokens::{ACCESS_LIFE, AUTH_SRC, Granted, InvalidGrant, ORGANIZATIONS};

/// The person that always signs in.
const USER_NAME: &str = "Alex Harbour";
/// Their address; `.example` is nobody's.
const USER_EMAIL: &str = "alex@harbour.example";

/// The routes below `/ims`.
pub(in super::super) fn routes() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/ims/authorize/v2", get(ask).post(decide))
        .route("/ims/signed-in", get(sent_back))
        .route("/ims/token/v3", post(token))
        .route("/ims/userinfo/v2", get(user))
        .route("/ims/organizations/v6", get(organizations))
        .route("/ims/revoke", post(revoke))
}

#[derive(Deserialize)]
struct Decision {
    decision: String,
    #[serde(flatten)]
    request: Authorize,
}

async fn ask(State(gateway): State<Arc<Gateway>>, query: Result<Query<Authorize>, QueryRejection>) -> Response {
    let request = match query {
        Ok(Query(request)) => request,
        Err(rejection) => return refused(&rejection.body_text()),
    };
    match request.check(&gateway) {
        Ok(()) => Html(page::sign_in(&request, USER_NAME)).into_response(),
        Err(reason) => refused(reason),
    }
}

async fn decide(State(gateway): State<Arc<Gateway>>, form: Result<Form<Decision>, FormRejection>) -> Response {
    let Decision { decision, request } = match form {
        Ok(Form(decision)) => decision,
        Err(rejection) => return refused(&rejection.body_text()),
    };
    if let Err(reason) = request.check(&gateway) {
        return refused(reason);
    }
    let answer = if decision == "allow" {
        let challenge = request.code_challenge.clone();
        ("code", gateway.ims.issue_code(&request.client_id, &request.scope, &request.redirect_uri, challenge))
    } else {
        ("error", "access_denied".to_owned())
    };
    let state = request.state.map(|state| ("state", state));
    send_back(&request.redirect_uri, [Some(answer), state])
}

async fn sent_back(headers: HeaderMap, uri: Uri) -> Html<String> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_allowed = uri.query().is_some_and(|query| query.split('&').any(|field| field.starts_with("code=")));
    Html(page::sent_back(&format!("http://{host}{uri}"), is_allowed))
}

fn refused(reason: &str) -> Response {
    (StatusCode::BAD_REQUEST, Html(page::refusal(reason))).into_response()
}

fn send_back(redirect_uri: &str, answers: [Option<(&str, String)>; 2]) -> Response {
    let mut location = redirect_uri.to_owned();
    for (name, value) in answers.into_iter().flatten() {
        location.push(if location.contains('?') { '&' } else { '?' });
        location.push_str(name);
        location.push('=');
        location.push_str(&percent_encoded(&value));
    }
    match HeaderValue::try_from(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => refused("redirect_uri is not an absolute URL"),
    }
}

/// Everything but the unreserved characters of RFC 3986 as `%XX`.
fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[derive(Deserialize)]
struct TokenForm {
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    code: Option<String>,
    code_verifier: Option<String>,
    redirect_uri: Option<String>,
    refresh_token: Option<String>,
    scope: Option<String>,
}

/// An OAuth error (RFC 6749 §5.2).
fn oauth_error(status: StatusCode, error: &str, description: &str) -> Failure {
    Failure::new(status, json!({"error": error, "error_description": description}))
}

fn invalid_request(description: &str) -> Failure {
    oauth_error(StatusCode::BAD_REQUEST, "invalid_request", description)
}

async fn token(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Result<Json<Value>, Failure> {
    let Form(form) = form.map_err(|rejection| invalid_request(&rejection.body_text()))?;
    let (client, has_secret) = client(&gateway, &headers, form.client_id.as_deref(), form.client_secret.as_deref())?;
    let client_id = &client.keys.api_key;
    let needed = |value: Option<String>, name| value.ok_or_else(|| invalid_request(&format!("{name} is missing")));
    let granted = match form.grant_type.as_str() {
        "authorization_code" => {
            let code = needed(form.code, "code")?;
            let (uri, verifier) = (form.redirect_uri.as_deref(), form.code_verifier.as_deref());
            gateway.ims.exchange(&code, client_id, has_secret, uri, verifier).map_err(invalid_grant)?
        }
        "refresh_token" => {
            let token = needed(form.refresh_token, "refresh_token")?;
            gateway.ims.refresh(&token, client_id).map_err(invalid_grant)?
        }
        "client_credentials" if has_secret => {
            // A service has nobody who could be away, so it gets no refresh token.
            gateway.ims.grant(client_id, form.scope.as_deref().unwrap_or_default(), false)
        }
        "client_credentials" => return Err(invalid_client("client_secret is missing")),
        _ => {
            let description = "grant_type must be authorization_code, refresh_token or client_credentials";
            return Err(oauth_error(StatusCode::BAD_REQUEST, "unsupported_grant_type", description));
        }
    };
    Ok(Json(token_answer(&granted)))
}

fn token_answer(granted: &Granted) -> Value {
    let mut answer = json!({
        "access_token": granted.access_token,
        "token_type": "bearer",
        "expires_in": ACCESS_LIFE.as_secs(),
    });
    if let Some(refresh_token) = &granted.refresh_token {
        answer["refresh_token"] = json!(refresh_token);
    }
    answer
}

fn invalid_client(description: &str) -> Failure {
    oauth_error(StatusCode::UNAUTHORIZED, "invalid_client", description)
}

fn invalid_grant(InvalidGrant(description): InvalidGrant) -> Failure {
    oauth_error(StatusCode::BAD_REQUEST, "invalid_grant", description)
}

/// The client of a token request, by HTTP Basic or by the form, and whether it proved itself with its secret.
fn client<'a>(
    gateway: &'a Gateway,
    headers: &HeaderMap,
    form_id: Option<&str>,
    form_secret: Option<&str>,
) -> Result<(&'a Tenant, bool), Failure> {
    let basic = basic(headers);
    let (id, secret) = match &basic {
        Some((id, secret)) => (Some(id.as_str()), Some(secret.as_str())),
        None => (form_id, form_secret),
    };
    let id = id.ok_or_else(|| invalid_request("client_id is missing"))?;
    let tenant = gateway.tenant(id).ok_or_else(|| invalid_client("unknown client_id"))?;
    match secret {
        Some(secret) if secret == tenant.keys.client_secret.expose() => Ok((tenant, true)),
        Some(_) => Err(invalid_client("client_secret is wrong")),
        None => Ok((tenant, false)),
    }
}

/// User and password of HTTP Basic.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

fn signed_in(gateway: &Gateway, headers: &HeaderMap) -> Result<(), Failure> {
    match bearer(headers) {
        Some(token) if gateway.ims.is_access_token(token) => Ok(()),
        _ => Err(oauth_error(StatusCode::UNAUTHORIZED, "invalid_token", "the access token is missing or not valid")),
    }
}

async fn user(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Result<Json<Value>, Failure> {
    signed_in(&gateway, &headers)?;
    Ok(Json(json!({
        "sub": "A1B2C3D4E5F60718@AdobeID", "name": USER_NAME, "email": USER_EMAIL, "account_type": "type1",
    })))
}

async fn organizations(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Result<Json<Value>, Failure> {
    signed_in(&gateway, &headers)?;
    let organizations = ORGANIZATIONS.iter().map(|organization| {
        json!({
            "orgName": organization.name,
            "orgRef": {"ident": organization.ident, "authSrc": AUTH_SRC},
            "orgType": "Enterprise",
            "countryCode": "DE",
            "groups": [],
        })
    });
    Ok(Json(organizations.collect()))
}

#[derive(Deserialize)]
struct RevokeForm {
    token: String,
}

async fn revoke(
    State(gateway): State<Arc<Gateway>>,
    form: Result<Form<RevokeForm>, FormRejection>,
) -> Result<StatusCode, Failure> {
    let Form(form) = form.map_err(|rejection| invalid_request(&rejection.body_text()))?;
    gateway.ims.revoke(&form.token);
    Ok(StatusCode::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_cannot_smuggle_parameters_or_header_lines() {
        let answer = [Some(("code", "c".to_owned())), Some(("state", "a&b=c\r\nx: y ü".to_owned()))];
        let response = send_back("http://127.0.0.1:9/back?x=1", answer);
        let location = response.headers()[header::LOCATION].to_str().expect("ASCII");
        assert_eq!(location, "http://127.0.0.1:9/back?x=1&code=c&state=a%26b%3Dc%0D%0Ax%3A%20y%20%C3%BC");
    }

    #[test]
    fn basic_is_read_and_nonsense_is_not() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().expect("a header value"));
            basic(&headers)
        };
        assert_eq!(with("Basic aWQ6c2U6Y3JldA=="), Some(("id".to_owned(), "se:cret".to_owned())));
        assert_eq!(with("Bearer aWQ6c2U6Y3JldA=="), None);
        assert_eq!(with("Basic !!!"), None);
    }
}
