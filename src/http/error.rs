//! What keeps a request from being made at all.

use super::proxy::UnusableProxy;
use crate::error::{Exit, Explain};
use crate::remedy::Hint;
use crate::untrusted::SafeText;

/// A setting that no request can be made with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// A URL or a CA file.
    #[error("{setting}: {reason}")]
    Setting {
        /// The configuration key or flag.
        setting: &'static str,
        /// What is wrong with it.
        reason: SafeText,
    },
    /// A proxy variable.
    #[error(transparent)]
    Proxy(#[from] UnusableProxy),
}

impl Explain for HttpError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            HttpError::Setting { .. } => None,
            HttpError::Proxy(unusable) => Some(format!("correct {}, or unset it", unusable.variable).into()),
        }
    }
}
