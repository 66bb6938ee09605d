//! Why a storefront service cannot be asked.

use std::time::Duration;

use crate::client::error::after;
use crate::error::{Exit, Explain};
use crate::http::HttpError;
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// A failed question to Catalog Service or Live Search.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorefrontError {
    /// A setting that no request can be made with.
    #[error("{setting}: {reason}")]
    Setting {
        /// The configuration key, or what else was to be sent.
        setting: &'static str,
        /// What is wrong with it.
        reason: SafeText,
    },
    /// A URL, a CA file, a proxy.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// 403003.
    #[error(
        "{service} does not accept this API key (403003): it is not registered for this service, or belongs to the other pair"
    )]
    NoService {
        /// The service's host.
        service: SafeText,
    },
    /// Any other 401 or 403.
    #[error("{service} refused the API key: {message}")]
    KeyRefused {
        /// The service's host.
        service: SafeText,
        /// Its own words.
        message: SafeText,
    },
    /// Live Search has no index of this store view.
    #[error("Live Search has no index for this store view")]
    NoIndex,
    /// An error of GraphQL or another refusal.
    #[error("{service} refused: {message}")]
    Refused {
        /// The service's host.
        service: SafeText,
        /// Its own words.
        message: SafeText,
    },
    /// 429.
    #[error("rate limit of {service} reached{}", after(*.retry_after))]
    SlowDown {
        /// The service's host.
        service: SafeText,
        /// How long to wait, if it said so.
        retry_after: Option<Duration>,
    },
    /// 5xx, reset, timeout, DNS, TLS.
    #[error("no usable response from {service}: {message}")]
    Passing {
        /// The service's host.
        service: SafeText,
        /// What happened.
        message: SafeText,
    },
    /// An answer outside the contract.
    #[error("unexpected response from {service}: {message}")]
    NotUnderstood {
        /// The service's host.
        service: SafeText,
        /// What came, shortened.
        message: SafeText,
    },
}

impl Explain for StorefrontError {
    fn exit(&self) -> Exit {
        match self {
            Self::Setting { .. } | Self::Http(_) => Exit::Usage,
            Self::NoService { .. } | Self::KeyRefused { .. } => Exit::Refused,
            Self::NoIndex | Self::Refused { .. } | Self::NotUnderstood { .. } => Exit::Other,
            Self::SlowDown { .. } | Self::Passing { .. } => Exit::TryAgain,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Http(error) => error.hint(),
            Self::NoService { .. } | Self::KeyRefused { .. } => Some(
                Hint::from("check that the pair in use has the API key of this data space's environment (")
                    .and(Remedy::VerifyKeys)
                    .and(")"),
            ),
            Self::Passing { .. } => Some("check DNS, proxy and firewall, then try again".into()),
            Self::SlowDown { .. } => Some("wait, or lower gateway.graphql_requests_per_second".into()),
            Self::Setting { .. } | Self::NoIndex | Self::Refused { .. } | Self::NotUnderstood { .. } => None,
        }
    }
}
