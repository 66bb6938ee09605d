//! OAuth 2.0 as IMS speaks it (protocol page §4), by the `oauth2` crate over the program's own HTTP client.
//!
//! It must never know where tokens are kept.

use std::pin::Pin;

use jiff::{SignedDuration, Timestamp};
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicErrorResponseType as Kind, BasicTokenResponse};
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RequestTokenError, Scope, TokenResponse as _, TokenUrl,
};
use reqwest::Url;

use super::ImsSettings;
use super::account::refused_by;
use super::error::ImsError;
use super::tokens::{Credentials, Tokens};
use crate::http::answer::MESSAGE_LIMIT;
use crate::http::wire::Wire;
use crate::secret::Secret;
use crate::untrusted::SafeText;

/// What a token is believed to live if IMS does not say: short, so that it is renewed or asked for rather than relied on.
const UNSAID_LIFE: u64 = 3600;
/// The longest life that is believed, in seconds. IMS gives 24 h; more is a mistake, and must not overflow a date.
const LONGEST_LIFE: u64 = 30 * 24 * 3600;

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// A sign-in that begins.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) url: String,
    pub(super) state: Secret,
    pub(super) verifier: Secret,
}

/// The grants, for one client.
#[derive(Debug)]
pub(super) struct Oauth<'a> {
    wire: &'a Wire,
    client: Client,
}

impl<'a> Oauth<'a> {
    /// For these credentials; nothing is sent yet.
    ///
    /// # Errors
    /// [`ImsError::Setting`] if the redirect address is none.
    pub(super) fn new(wire: &'a Wire, credentials: &Credentials, settings: &ImsSettings) -> Result<Self, ImsError> {
        let redirect = Url::parse(&settings.redirect_uri).ok().filter(|url| url.host_str().is_some());
        let redirect = redirect.and_then(|_| RedirectUrl::new(settings.redirect_uri.clone()).ok());
        let redirect = redirect.ok_or_else(|| ImsError::Setting {
            setting: "ims.redirect_uri",
            reason: SafeText::limited(
                &format!("{:?} is not an absolute URL, such as https://localhost/", settings.redirect_uri),
                MESSAGE_LIMIT,
            ),
        })?;
        let mut client = BasicClient::new(ClientId::new(credentials.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(wire.url(&["ims/authorize/v2"])))
            .set_token_uri(TokenUrl::from_url(wire.url(&["ims/token/v3"])))
            .set_redirect_uri(redirect);
        if let Some(secret) = &credentials.secret {
            client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
        }
        Ok(Self { wire, client })
    }

    /// The address to open, with a state and a PKCE verifier of its own.
    pub(super) fn begin(&self, scopes: &str) -> Begun {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state) = self
            .client
            .authorize_url(CsrfToken::new_random)
            .add_scope(Scope::new(scopes.to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Begun {
            url: url.into(),
            state: Secret::new(state.into_secret()),
            verifier: Secret::new(verifier.into_secret()),
        }
    }

    /// Exchanges a code. A client with a secret proves itself by HTTP Basic.
    pub(super) async fn exchange(&self, code: &Secret, verifier: &Secret, now: Timestamp) -> Result<Tokens, ImsError> {
        let answer = self
            .client
            .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()))
            .request_async(&Http(self.wire))
            .await;
        self.tokens(answer, now)
    }

    /// Renews by a refresh token. IMS may give another one; otherwise the old one stays good.
    pub(super) async fn refresh(&self, token: &Secret, now: Timestamp) -> Result<Tokens, ImsError> {
        let old = RefreshToken::new(token.expose().to_owned());
        let answer = self.client.exchange_refresh_token(&old).request_async(&Http(self.wire)).await;
        let tokens = self.tokens(answer, now)?;
        Ok(Tokens { refresh: tokens.refresh.or_else(|| Some(token.clone())), ..tokens })
    }

    /// Signs in as a service: id and secret go into the form.
    pub(super) async fn as_service(&self, scopes: &str, now: Timestamp) -> Result<Tokens, ImsError> {
        let client = self.client.clone().set_auth_type(AuthType::RequestBody);
        let answer = client
            .exchange_client_credentials()
            .add_scope(Scope::new(scopes.to_owned()))
            .request_async(&Http(self.wire))
            .await;
        self.tokens(answer, now)
    }

    fn tokens(
        &self,
        answer: Result<BasicTokenResponse, RequestTokenError<ImsError, BasicErrorResponse>>,
        now: Timestamp,
    ) -> Result<Tokens, ImsError> {
        let answer = answer.map_err(|error| self.explain(error))?;
        let life = answer.expires_in().map_or(UNSAID_LIFE, |life| life.as_secs()).min(LONGEST_LIFE);
        Ok(Tokens {
            access: Secret::new(answer.access_token().secret().as_str()),
            refresh: answer.refresh_token().map(|token| Secret::new(token.secret().as_str())),
            until: now + SignedDuration::from_secs(life.cast_signed()),
        })
    }

    fn explain(&self, error: RequestTokenError<ImsError, BasicErrorResponse>) -> ImsError {
        let host = self.wire.host().clone();
        let response = match error {
            RequestTokenError::Request(error) => return error,
            RequestTokenError::ServerResponse(response) => response,
            // Whatever it holds, it may hold a token as well.
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                let message = "neither a token nor an OAuth error".into();
                return ImsError::NotUnderstood { host, status: 200, message };
            }
        };
        let words = match response.error_description() {
            Some(description) => format!("{}: {description}", response.error().as_ref()),
            None => response.error().as_ref().to_owned(),
        };
        let words = SafeText::limited(&words, MESSAGE_LIMIT);
        match response.error() {
            Kind::InvalidGrant => ImsError::Grant { host, words },
            Kind::InvalidClient | Kind::UnauthorizedClient => {
                ImsError::Client { host, client_id: SafeText::new(self.client.client_id()), words }
            }
            _ => ImsError::Refused { host, words },
        }
    }
}

/// The program's own HTTP client, as the `oauth2` crate wants one.
struct Http<'w>(&'w Wire);

impl<'c> AsyncHttpClient<'c> for Http<'_> {
    type Error = ImsError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, ImsError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(send(self.0, request))
    }
}

/// Sends a request of the `oauth2` crate. What is not an answer of OAuth ends here, so that the crate never quotes it.
async fn send(wire: &Wire, request: HttpRequest) -> Result<HttpResponse, ImsError> {
    let (parts, body) = request.into_parts();
    let unusable = |message: String| ImsError::NotUnderstood {
        host: wire.host().clone(),
        status: 0,
        message: SafeText::limited(&message, MESSAGE_LIMIT),
    };
    let url = Url::parse(&parts.uri.to_string()).map_err(|error| unusable(error.to_string()))?;
    let reply = super::account::send(wire, wire.request(parts.method, url).headers(parts.headers).body(body)).await?;
    let has_oauth_error = serde_json::from_slice::<serde_json::Value>(&reply.body)
        .is_ok_and(|body| body.get("error").is_some_and(serde_json::Value::is_string));
    if reply.status != 200 && !has_oauth_error {
        return Err(refused_by(wire, &reply));
    }
    let mut response = HttpResponse::new(reply.body);
    *response.status_mut() =
        reqwest::StatusCode::from_u16(reply.status).map_err(|error| unusable(error.to_string()))?;
    *response.headers_mut() = reply.headers;
    Ok(response)
}
