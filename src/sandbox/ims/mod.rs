//! Adobe IMS in small: sign-in with PKCE, tokens, the user and the organizations (protocol page §4).
//!
//! The API keys of the sandbox are the client ids. Where a client secret is given, the client counts as a Web App;
//! without one it is a Native App, which must use PKCE and gets no refresh token.

mod page;
mod routes;
mod tokens;

pub(super) use routes::routes;
pub(super) use tokens::Ims;

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

#[cfg(test)]
mod tests {
    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        let challenge = super::s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
