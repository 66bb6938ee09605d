//! Where on the way a request failed.

use std::error::Error;
use std::io;

use crate::remedy::{Hint, Remedy};

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
    pub fn is_setting(self) -> bool {
        matches!(self, Failure::ProxyLogin | Failure::Proxy | Failure::Tls)
    }

    /// What to do about it, after which a run can be started again.
    pub fn remedy(self) -> Hint {
        match self {
            Failure::Name => Hint::from("check the name servers of this server (").and(Remedy::Doctor).and(")"),
            Failure::ProxyLogin => "put user and password into HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT)".into(),
            Failure::Proxy => "allow the gateway's host in the proxy, or correct HTTPS_PROXY".into(),
            Failure::Tls => "if you trust its certificate, set its CA as gateway.ca_file".into(),
            Failure::Connection | Failure::Time | Failure::Other => {
                Hint::from("diagnose it (").and(Remedy::Doctor).and(")")
            }
        }
    }

    /// Found from the causes of an error.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
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
