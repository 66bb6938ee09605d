//! Where figures are served: this machine only.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A loopback address with a port, or a Unix socket by its path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MetricsAddress {
    Tcp(SocketAddr),
    Socket(PathBuf),
}

/// A text that is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a loopback address with a port, such as 127.0.0.1:9464, or the absolute path of a socket")]
pub struct NoMetricsAddress;

impl TryFrom<String> for MetricsAddress {
    type Error = NoMetricsAddress;

    fn try_from(text: String) -> Result<Self, NoMetricsAddress> {
        if text.starts_with('/') {
            return Ok(Self::Socket(text.into()));
        }
        let address = text.parse::<SocketAddr>().ok().filter(|address| address.ip().is_loopback());
        address.map(Self::Tcp).ok_or(NoMetricsAddress)
    }
}

impl fmt::Display for MetricsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

impl From<MetricsAddress> for String {
    fn from(address: MetricsAddress) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stay_on_this_machine() {
        for good in ["127.0.0.1:9464", "[::1]:9464", "127.0.0.1:0", "/run/commerce-connector/metrics.sock"] {
            assert_eq!(MetricsAddress::try_from(good.to_owned()).expect("an address").to_string(), good);
        }
        for bad in ["0.0.0.0:9464", "192.0.2.1:9464", "localhost:9464", "127.0.0.1", "metrics.sock", ""] {
            assert_eq!(MetricsAddress::try_from(bad.to_owned()), Err(NoMetricsAddress), "{bad}");
        }
    }
}
