//! The question whether what Adobe's exporter has sent counts as sent.

use tokio_util::sync::{CancellationToken, DropGuard};

use crate::connector::compare::PlannedAdoption;

/// The question. No run can begin while it is open. Closing it, however that is done, ends that.
#[derive(Debug)]
pub struct Adopting {
    /// What would become of every item; `None` while that is found out.
    pub plan: Option<Box<PlannedAdoption>>,
    /// Ends the finding out.
    _stop: DropGuard,
}

impl Adopting {
    /// Nothing is known yet; dropped, it cancels `stop`.
    #[must_use]
    pub fn begin(stop: CancellationToken) -> Self {
        Self { plan: None, _stop: stop.drop_guard() }
    }
}
