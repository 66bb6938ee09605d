//! What a client asks for when it sends a person to sign in.

use axum::http::Uri;
use serde::Deserialize;

use super::super::gateway::Gateway;

/// What a client asks for when it sends a person to sign in.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Authorize {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    #[serde(default)]
    pub(super) scope: String,
    #[serde(default)]
    pub(super) response_type: String,
    pub(super) state: Option<String>,
    pub(super) code_challenge: Option<String>,
    pub(super) code_challenge_method: Option<String>,
}

impl Authorize {
    /// Every field with its name, to be sent again by the form.
    pub(super) fn fields(&self) -> [(&'static str, Option<&str>); 7] {
        [
            ("client_id", Some(&self.client_id)),
            ("redirect_uri", Some(&self.redirect_uri)),
            ("scope", Some(&self.scope)),
            ("response_type", Some(&self.response_type)),
            ("state", self.state.as_deref()),
            ("code_challenge", self.code_challenge.as_deref()),
            ("code_challenge_method", self.code_challenge_method.as_deref()),
        ]
    }

    /// What must be right before anybody is sent anywhere.
    pub(super) fn check(&self, gateway: &Gateway) -> Result<(), &'static str> {
        let is_uri = self.redirect_uri.parse::<Uri>().is_ok_and(|uri| uri.scheme().is_some() && uri.host().is_some());
        if gateway.tenant(&self.client_id).is_none() {
            Err("unknown client_id: the sandbox uses its API keys as client ids")
        } else if !is_uri {
            Err("redirect_uri is not an absolute URL")
        } else if self.response_type != "code" {
            Err("response_type must be code")
        } else if self.code_challenge.is_some() && self.code_challenge_method.as_deref() != Some("S256") {
            // The default method is plain, which proves nothing to whoever reads the address bar.
            Err("code_challenge_method must be S256")
        } else {
            Ok(())
        }
    }
}
