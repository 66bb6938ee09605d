//! One ping, looked at from every side: where on the way it broke, what the gateway's clock says, what it thinks of the keys.
//!
//! It must never decide whether what it saw is good or bad.

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;

use super::registry::ANSWER_LIMIT;
use super::wire::Broken;
use super::{Client, ClientError};
use crate::untrusted::SafeText;

/// Where on the way a request broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The name cannot be resolved.
    Name,
    /// Nobody accepts the connection.
    Connection,
    /// The proxy asks for a login: HTTP status 407.
    ProxyLogin,
    /// The proxy does not let the connection through.
    Proxy,
    /// TLS: a certificate that is not trusted, or no common version.
    Tls,
    /// No answer in time.
    Time,
    /// Anything else, such as a connection that broke.
    Other,
}

impl Failure {
    /// Whether somebody has to change a setting before it gets better.
    #[must_use]
    pub fn is_setting(self) -> bool {
        matches!(self, Failure::ProxyLogin | Failure::Proxy | Failure::Tls)
    }

    /// What to do about it, after which a run can be started again.
    pub fn remedy(self) -> &'static str {
        match self {
            Failure::Name => "check the name servers of this server (`commerce-connector doctor`)",
            Failure::ProxyLogin => "put user and password into HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT)",
            Failure::Proxy => "allow the gateway's host in the proxy, or correct HTTPS_PROXY",
            Failure::Tls => "if you trust its certificate, set its CA as gateway.ca_file",
            Failure::Connection | Failure::Time | Failure::Other => "diagnose it (`commerce-connector doctor`)",
        }
    }

    /// Found from the causes of an error.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        match error.source().and_then(Self::of_cause) {
            Some(failure) => failure,
            None if error.is_dns() => Self::Name,
            None if error.is_timeout() => Self::Time,
            None if error.is_connect() => Self::Connection,
            None => Self::Other,
        }
    }

    fn of_cause(cause: &(dyn Error + 'static)) -> Option<Self> {
        if cause.is::<rustls::Error>() {
            return Some(Self::Tls);
        }
        // The proxy's error has no public type, only these words; a test holds them in place.
        let text = cause.to_string();
        if text.contains("proxy authorization required") {
            return Some(Self::ProxyLogin);
        }
        if text.starts_with("tunnel error") {
            return Some(Self::Proxy);
        }
        let io = cause.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused) {
            return Some(Self::Connection);
        }
        // What was put into an I/O error is not its source, but the source's source.
        let inside = io.and_then(|io| io.get_ref()).and_then(|inside| Self::of_cause(inside));
        inside.or_else(|| cause.source().and_then(Self::of_cause))
    }
}

/// Why there is not a answer.
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
