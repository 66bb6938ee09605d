//! One request and its response: TLS, time-outs, proxy, size limits, error bodies.
//!
//! It must never know what a request is about, or whom it is for.

pub(crate) mod answer;
mod error;
mod failure;
pub mod proxy;
pub(crate) mod wire;

pub use error::HttpError;
pub use failure::Failure;
