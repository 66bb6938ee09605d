//! One ping, looked at from every side: where on the way it broke, what the gateway's clock says, what it thinks of the keys.
//!
//! It must never decide whether what it saw is good or bad.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;

use super::registry::ANSWER_LIMIT;
use super::{Client, ClientError};
use crate::http::Failure;
use crate::http::wire::Broken;
use crate::untrusted::SafeText;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreached {
    /// Where on the way.
    pub failure: Failure,
    /// What happened, as a person can act on it.
    pub message: SafeText,
}

/// What an answer tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// How long it took.
    pub took: Duration,
    /// How far this server's clock is ahead of the gateway's; `None` if its answer has no `Date`. `Date` has whole seconds.
    pub ahead: Option<SignedDuration>,
    /// Whether it accepts the keys.
    pub keys: Result<(), ClientError>,
}

impl Client {
    /// Pings once, and tells what it saw on the way.
    ///
    /// # Errors
    /// [`Unreached`] if there was no answer at all.
    pub async fn probe(&self) -> Result<Probe, Unreached> {
        let headers = match self.key_headers() {
            Ok(headers) => headers,
            // Making the client has signed once; only a key that broke since leads here.
            Err(error) => return Ok(Probe { took: Duration::ZERO, ahead: None, keys: Err(error) }),
        };
        let request =
            self.wire().request(Method::GET, self.wire().url(&[self.registry_path(), "ping"])).headers(headers);
        let start = Instant::now();
        let reply = match self.wire().send(request, ANSWER_LIMIT).await {
            Ok(reply) => reply,
            Err(Broken::Connection { message, failure }) => return Err(Unreached { failure, message }),
            Err(Broken::Unreadable { message, .. }) => return Err(Unreached { failure: Failure::Other, message }),
        };
        let took = start.elapsed();
        // The gateway looked at its clock somewhere between asking and hearing: the middle is the best guess.
        let middle = Timestamp::now() - SignedDuration::try_from(took / 2).unwrap_or_default();
        let ahead = reply.date().map(|date| middle.duration_since(date));
        Ok(Probe { took, ahead, keys: self.checked(reply).and_then(|reply| self.not_a_page(&reply)) })
    }
}
