//! Codes and tokens: who got which, for how long, and what it is good for.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::time::Instant;
use uuid::Uuid;

use super::answer::Failure;
use super::shared::lock;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// An organization of the person that signs in.
pub(super) struct Organization {
    pub(super) name: &'static str,
    pub(super) ident: &'static str,
}

/// Where every organization id of the sandbox comes from; an id is `ident@authSrc`.
pub(super) const AUTH_SRC: &str = "AdobeOrg";

/// The organizations; two, so that choosing can be rehearsed.
pub(super) const ORGANIZATIONS: [Organization; 2] = [
    Organization { name: "Harbour & Sons Trading", ident: "5A9D0C1E6B2F4873A1C0D2E4" },
    Organization { name: "Sandbox Academy", ident: "7F31B2C45D6E8A90B1C2D3E4" },
];

/// The challenge of a PKCE verifier by `S256` (RFC 7636 §4.2).
fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// How long a code may be exchanged; it works once.
const CODE_LIFE: Duration = Duration::from_mins(5);
/// How long an access token lives (protocol page §4: 24 h).
pub(super) const ACCESS_LIFE: Duration = Duration::from_hours(24);
/// How long a refresh token lives (protocol page §4: 14 days).
const REFRESH_LIFE: Duration = Duration::from_hours(14 * 24);

/// Every code and token that is out.
#[derive(Debug, Default)]
pub(super) struct Ims {
    issued: Mutex<HashMap<String, Issued>>,
}

/// A code or a token.
#[derive(Debug, Clone)]
struct Issued {
    what: What,
    client_id: String,
    scope: String,
    expires_at: Instant,
}

#[derive(Debug, Clone)]
enum What {
    Code { redirect_uri: String, challenge: Option<String> },
    Access,
    Refresh,
}

/// Tokens in answer to a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Granted {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
}

/// A code that does not exist, is used, is of another client, or whose verifier is wrong: RFC 6749 tells them not apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InvalidGrant(pub(super) &'static str);

impl Ims {
    /// Gives a code that the client can exchange once.
    pub(super) fn issue_code(
        &self,
        client_id: &str,
        scope: &str,
        redirect_uri: &str,
        challenge: Option<String>,
    ) -> String {
        let what = What::Code { redirect_uri: redirect_uri.to_owned(), challenge };
        self.issue(what, client_id, scope, CODE_LIFE)
    }

    /// Exchanges a code. `redirect_uri` and `verifier` are what the client sent, if anything.
    ///
    /// # Errors
    /// [`InvalidGrant`]; the code is used up in any case.
    pub(super) fn exchange(
        &self,
        code: &str,
        client_id: &str,
        has_secret: bool,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
    ) -> Result<Granted, InvalidGrant> {
        let is_code = |issued: &Issued| matches!(issued.what, What::Code { .. });
        let issued = self.take(code, client_id, is_code).ok_or(InvalidGrant("the code is unknown, used or expired"))?;
        let What::Code { redirect_uri: expected_uri, challenge } = issued.what else {
            return Err(InvalidGrant("the code is unknown, used or expired"));
        };
        if redirect_uri.is_some_and(|given| given != expected_uri) {
            return Err(InvalidGrant("redirect_uri is not the one of the authorization"));
        }
        match (challenge, verifier) {
            (Some(challenge), Some(verifier)) if s256(verifier) == challenge => {}
            (Some(_), _) => return Err(InvalidGrant("code_verifier does not match code_challenge")),
            (None, _) if has_secret => {}
            (None, _) => return Err(InvalidGrant("a client without a secret must use code_challenge")),
        }
        Ok(self.grant(client_id, &issued.scope, has_secret))
    }

    /// Exchanges a refresh token for new tokens; the old one is used up.
    ///
    /// # Errors
    /// [`InvalidGrant`] if it is unknown, used, expired or of another client.
    pub(super) fn refresh(&self, token: &str, client_id: &str) -> Result<Granted, InvalidGrant> {
        let is_refresh = |issued: &Issued| matches!(issued.what, What::Refresh);
        let issued = self
            .take(token, client_id, is_refresh)
            .ok_or(InvalidGrant("the refresh token is unknown, used or expired"))?;
        Ok(self.grant(client_id, &issued.scope, true))
    }

    /// Tokens for a client that proved itself; a refresh token only for a Web App that asked for `offline_access`.
    pub(super) fn grant(&self, client_id: &str, scope: &str, may_refresh: bool) -> Granted {
        let wants_refresh = scope.split([',', ' ']).any(|word| word == "offline_access");
        Granted {
            access_token: self.issue(What::Access, client_id, scope, ACCESS_LIFE),
            refresh_token: (may_refresh && wants_refresh)
                .then(|| self.issue(What::Refresh, client_id, scope, REFRESH_LIFE)),
        }
    }

    /// Whether a token is a valid access token.
    pub(super) fn is_access_token(&self, token: &str) -> bool {
        self.client_of(token).is_some()
    }

    /// Makes a token worthless; an unknown one already is (RFC 7009 §2.2).
    pub(super) fn revoke(&self, token: &str) {
        lock(&self.issued).remove(token);
    }

    /// Checks a Bearer token that comes in place of a signature.
    ///
    /// # Errors
    /// The [`Failure`] to answer with.
    pub(super) fn check_bearer(&self, token: &str, client_id: &str, organization: &str) -> Result<(), Failure> {
        if self.client_of(token).as_deref() != Some(client_id) {
            return Err(Failure::message(StatusCode::UNAUTHORIZED, "Oauth token is not valid"));
        }
        let is_member = ORGANIZATIONS.iter().any(|known| organization == format!("{}@{AUTH_SRC}", known.ident));
        if is_member { Ok(()) } else { Err(Failure::message(StatusCode::FORBIDDEN, "Unknown organization")) }
    }

    fn client_of(&self, token: &str) -> Option<String> {
        let issued = lock(&self.issued);
        let found = issued.get(token)?;
        let is_good = matches!(found.what, What::Access) && found.expires_at > Instant::now();
        is_good.then(|| found.client_id.clone())
    }

    fn issue(&self, what: What, client_id: &str, scope: &str, life: Duration) -> String {
        // 244 random bits: two version-4 UUIDs.
        let text = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let now = Instant::now();
        let entry = Issued { what, client_id: client_id.to_owned(), scope: scope.to_owned(), expires_at: now + life };
        let mut issued = lock(&self.issued);
        issued.retain(|_, old| old.expires_at > now);
        issued.insert(text.clone(), entry);
        text
    }

    /// Uses up a code or refresh token, if it is of this client.
    fn take(&self, text: &str, client_id: &str, is_it: impl Fn(&Issued) -> bool) -> Option<Issued> {
        let mut issued = lock(&self.issued);
        let found = issued.get(text)?;
        if found.client_id != client_id || !is_it(found) {
            return None;
        }
        issued.remove(text).filter(|issued| issued.expires_at > Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &str = "http://127.0.0.1:9/back";

    fn code(ims: &Ims) -> String {
        ims.issue_code("client", "openid,offline_access", URI, Some(s256("a verifier")))
    }

    #[tokio::test(start_paused = true)]
    async fn a_code_works_once_and_only_with_its_verifier() {
        let ims = Ims::default();
        let good = code(&ims);
        let granted = ims.exchange(&good, "client", false, Some(URI), Some("a verifier")).expect("tokens");
        assert!(ims.is_access_token(&granted.access_token));
        assert_eq!(granted.refresh_token, None, "a client without a secret gets no refresh token");
        assert!(ims.exchange(&good, "client", false, None, Some("a verifier")).is_err(), "used");
        for (client, uri, verifier) in [
            ("client", None, Some("another")),
            ("client", None, None),
            ("other", None, Some("a verifier")),
            ("client", Some("http://127.0.0.1:9/elsewhere"), Some("a verifier")),
        ] {
            assert!(ims.exchange(&code(&ims), client, false, uri, verifier).is_err(), "{client} {uri:?} {verifier:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn codes_and_tokens_expire() {
        let ims = Ims::default();
        let late = code(&ims);
        tokio::time::advance(CODE_LIFE).await;
        assert!(ims.exchange(&late, "client", true, None, Some("a verifier")).is_err());
        let granted = ims.grant("client", "openid offline_access", true);
        tokio::time::advance(ACCESS_LIFE).await;
        assert!(!ims.is_access_token(&granted.access_token));
        let refresh = granted.refresh_token.expect("a refresh token");
        assert!(!ims.is_access_token(&refresh), "a refresh token is no access token");
        let renewed = ims.refresh(&refresh, "client").expect("tokens");
        assert!(ims.is_access_token(&renewed.access_token));
        assert!(ims.refresh(&refresh, "client").is_err(), "used");
    }

    #[tokio::test(start_paused = true)]
    async fn a_bearer_token_is_for_its_client_and_a_known_organization() {
        let ims = Ims::default();
        let token = ims.grant("client", "openid", true).access_token;
        let organization = format!("{}@{AUTH_SRC}", ORGANIZATIONS[0].ident);
        assert!(ims.check_bearer(&token, "client", &organization).is_ok());
        assert!(ims.check_bearer(&token, "other", &organization).is_err());
        assert!(ims.check_bearer(&token, "client", "stale@AdobeOrg").is_err());
        ims.revoke(&token);
        assert!(ims.check_bearer(&token, "client", &organization).is_err());
    }

    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        let challenge = s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
