//! What ends a feed early: the person, or the first of its stages that cannot continue.

use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::ledger::LedgerError;
use crate::domain::KeysRemedy;
use crate::error::Problem;
use crate::untrusted::SafeText;

/// Why no further batch may leave.
#[derive(Debug)]
pub(super) enum Cause {
    /// The gateway refused the keys: nothing gets better by itself.
    KeysRefused {
        /// Its own words.
        message: SafeText,
        /// The next step.
        remedy: KeysRemedy,
        request_id: Option<SafeText>,
    },
    /// What cannot be recorded must not be sent.
    Ledger(LedgerError),
    /// Sending this feed makes no sense now.
    Failure(Problem),
}

/// Stops all stages of a feed, once, and remembers why. It is also pulled, without a cause, when the run is stopped.
#[derive(Debug)]
pub(super) struct Cancel {
    pulled: CancellationToken,
    cause: Mutex<Option<Cause>>,
}

impl Cancel {
    /// Cancelled by `stop` as well.
    pub fn new(stop: &CancellationToken) -> Self {
        Self { pulled: stop.child_token(), cause: Mutex::new(None) }
    }

    /// Pulls it. The first cause is the one that counts; what comes after is its consequence.
    pub fn pull(&self, cause: Cause) {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(cause);
        self.pulled.cancel();
    }

    /// Whether it is pulled.
    pub fn is_pulled(&self) -> bool {
        self.pulled.is_cancelled()
    }

    /// Returns when it is pulled.
    pub async fn pulled(&self) {
        self.pulled.cancelled().await;
    }

    /// Why it was pulled; `None` if it was not, or by the person.
    pub fn take_cause(&self) -> Option<Cause> {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
