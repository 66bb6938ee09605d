//! Adobe IMS in small: sign-in with PKCE, tokens, the user and the organizations (protocol page §4).
//!
//! The API keys of the sandbox are the client ids. Where a client secret is given, the client counts as a Web App;
//! without one it is a Native App, which must use PKCE and gets no refresh token.

mod authorize;
mod page;
mod routes;

pub(super) use routes::routes;
