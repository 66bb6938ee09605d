//! Why a call to the gateway failed (feeds answer with a [`super::models::FeedOutcome`] instead).

use std::time::Duration;

use crate::domain::Environment;
use crate::error::{Exit, Explain};
use crate::http::HttpError;
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// A failed call to the registry, or a client that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// A setting the client cannot work with.
    #[error("{setting}: {reason}")]
    Setting {
        /// The configuration key or flag.
        setting: &'static str,
        /// What is wrong with it.
        reason: SafeText,
    },
    /// A setting that no request can be made with: a URL, a CA file, a proxy.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// No usable key pair for this environment.
    #[error("no {environment} key pair: {missing} missing")]
    NoKeys {
        /// Which pair.
        environment: Environment,
        /// `the API key is`, `the private key is`, `both keys are`.
        missing: &'static str,
    },
    /// 401 or 403.
    #[error("the gateway {gateway} refused the {environment} keys: {message}")]
    KeysRefused {
        /// Which pair.
        environment: Environment,
        /// The gateway's host.
        gateway: SafeText,
        /// Its own words.
        message: SafeText,
        /// Its request id.
        request_id: Option<SafeText>,
    },
    /// The gateway understood and said no.
    #[error("the gateway {gateway} refused: {message}")]
    Refused {
        /// HTTP status; 200 is possible, since the registry puts failures into 200 as well.
        status: u16,
        /// The gateway's host.
        gateway: SafeText,
        /// Its own words.
        message: SafeText,
        /// Its request id.
        request_id: Option<SafeText>,
    },
    /// 429.
    #[error("rate limit of the gateway {gateway} reached{}", after(*.retry_after))]
    SlowDown {
        /// The gateway's host.
        gateway: SafeText,
        /// How long to wait, if it said so.
        retry_after: Option<Duration>,
    },
    /// 5xx, reset, timeout, DNS, TLS: no usable answer.
    #[error("no usable response from the gateway {gateway}: {message}")]
    Passing {
        /// The gateway's host.
        gateway: SafeText,
        /// What happened.
        message: SafeText,
    },
    /// An answer outside the contract.
    #[error("unexpected response from the gateway {gateway}: {message}")]
    NotUnderstood {
        /// HTTP status.
        status: u16,
        /// The gateway's host.
        gateway: SafeText,
        /// What came, shortened.
        message: SafeText,
    },
}

/// When to try again, for the end of a sentence; empty if nobody said.
pub(super) fn after(wait: Option<Duration>) -> String {
    wait.map(|wait| format!(": try again in {} s", wait.as_secs())).unwrap_or_default()
}

impl Explain for ClientError {
    fn exit(&self) -> Exit {
        match self {
            ClientError::Setting { .. } | ClientError::Http(_) | ClientError::NoKeys { .. } => Exit::Usage,
            ClientError::KeysRefused { .. } => Exit::Refused,
            ClientError::Refused { .. } | ClientError::NotUnderstood { .. } => Exit::Other,
            ClientError::SlowDown { .. } | ClientError::Passing { .. } => Exit::TryAgain,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            ClientError::NoKeys { environment, .. } => {
                Some(Remedy::AddKeys { environment: environment.name().into() }.into())
            }
            ClientError::KeysRefused { environment, .. } => Some(
                format!(
                    "check that both keys belong to one {environment} pair and that this server's clock is right; if \
                     you lost the private key, generate a new pair in the API portal"
                )
                .into(),
            ),
            ClientError::Http(error) => error.hint(),
            ClientError::Passing { .. } => Some("check DNS, proxy and firewall, then try again".into()),
            ClientError::SlowDown { .. } => Some("wait, then try again".into()),
            ClientError::Setting { .. } | ClientError::Refused { .. } | ClientError::NotUnderstood { .. } => None,
        }
    }
}
