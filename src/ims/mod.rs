//! Adobe IMS: signing in with an Adobe ID on a server without a browser, and the organizations of that person.
//!
//! It knows OAuth 2.0 and where tokens are kept, and must never know the gateway, the ledger or a screen.

pub mod models;
