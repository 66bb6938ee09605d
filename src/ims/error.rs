//! Why signing in, or asking IMS, failed. No sentence here ever holds a code, a token or a secret.

use jiff::Timestamp;

use super::pasted::PasteError;
use crate::error::{Exit, Explain};
use crate::http::HttpError;
use crate::private_file::PrivateFileError;
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImsError {
    /// A setting that cannot work.
    #[error("{setting}: {reason}")]
    Setting {
        /// The configuration key.
        setting: &'static str,
        /// What is wrong with it.
        reason: SafeText,
    },
    /// A setting that no request can be made with.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// There is no client to sign in with.
    #[error("cannot sign in: ims.client_id is not set")]
    NoClient,
    /// What was pasted back is not what IMS sends people to.
    #[error(transparent)]
    Pasted(#[from] PasteError),
    /// Nothing waits for an address.
    #[error("no sign-in pending: start one first")]
    NothingPending,
    /// A code or refresh token that IMS does not take.
    #[error("IMS ({host}) refused this code: it has expired or was already used ({words})")]
    Grant {
        /// IMS.
        host: SafeText,
        /// Its own words.
        words: SafeText,
    },
    /// A client that IMS does not know, or a wrong secret.
    #[error("IMS ({host}) refused the client {client_id}: {words}")]
    Client {
        /// IMS.
        host: SafeText,
        client_id: SafeText,
        /// Its own words.
        words: SafeText,
    },
    /// Anything else that IMS says no to.
    #[error("IMS ({host}) refused: {words}")]
    Refused {
        /// IMS.
        host: SafeText,
        /// Its own words.
        words: SafeText,
    },
    /// An access token that IMS does not take.
    #[error("IMS ({host}) refused the stored token")]
    TokenRefused {
        /// IMS.
        host: SafeText,
    },
    /// Not signed in.
    #[error("not signed in")]
    Out,
    /// The token expired and cannot be renewed.
    #[error("the sign-in of {name} expired at {at:.0}: sign in again")]
    Expired {
        /// Who it was.
        name: SafeText,
        /// Since when.
        at: Timestamp,
    },
    /// No usable answer.
    #[error("no usable response from IMS ({host}): {message}")]
    Passing {
        /// IMS.
        host: SafeText,
        /// What happened.
        message: SafeText,
    },
    /// An answer outside the contract.
    #[error("unexpected response from IMS ({host}) (HTTP status {status}): {message}")]
    NotUnderstood {
        /// IMS.
        host: SafeText,
        /// HTTP status.
        status: u16,
        /// What came; never the text of an answer that may hold a token.
        message: SafeText,
    },
    /// A file of tokens, or of a secret, cannot be used.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// A file of tokens holds something else.
    #[error("{path} was not written by this program ({reason})")]
    Nonsense {
        /// The file.
        path: SafeText,
        /// What is wrong with it.
        reason: SafeText,
    },
}

impl Explain for ImsError {
    fn exit(&self) -> Exit {
        match self {
            ImsError::Setting { .. }
            | ImsError::Http(_)
            | ImsError::NoClient
            | ImsError::NothingPending
            | ImsError::File(_)
            | ImsError::Nonsense { .. } => Exit::Usage,
            ImsError::Pasted(error) => error.exit(),
            ImsError::Grant { .. }
            | ImsError::Client { .. }
            | ImsError::Refused { .. }
            | ImsError::TokenRefused { .. }
            | ImsError::Out
            | ImsError::Expired { .. } => Exit::Refused,
            ImsError::Passing { .. } => Exit::TryAgain,
            ImsError::NotUnderstood { .. } => Exit::Other,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            ImsError::NoClient => {
                "create an OAuth credential in the Adobe Developer Console with the redirect URI of ims.redirect_uri, \
                 and set ims.client_id to its client id"
            }
            ImsError::Pasted(error) => return error.hint(),
            ImsError::File(error) => return error.hint(),
            ImsError::Grant { .. } => {
                "open the sign-in URL again, sign in, and paste the new URL soon: a code works once, for a few minutes"
            }
            ImsError::Client { .. } => "check the client id and its secret; only a Web App credential needs a secret",
            ImsError::NothingPending | ImsError::Out | ImsError::Expired { .. } | ImsError::TokenRefused { .. } => {
                return Some(Remedy::SignIn.into());
            }
            ImsError::Passing { .. } => "check DNS, proxy and firewall, then try again",
            ImsError::Nonsense { path, .. } => return Some(format!("delete {path} and sign in again").into()),
            ImsError::Http(error) => return error.hint(),
            ImsError::Setting { .. } | ImsError::Refused { .. } | ImsError::NotUnderstood { .. } => return None,
        };
        Some(text.into())
    }
}
