//! The question whether what Adobe's exporter has sent counts as sent.

use tokio::sync::oneshot;

use crate::connector::compare::AdoptionCounts;

/// The question. A worker holds what it is about, with the locks of every feed, until it is answered: a yes is sent, and closing
/// the question, however that is done, is a no.
#[derive(Debug)]
pub struct Adopting {
    /// What would become of every item; `None` while that is found out.
    pub counts: Option<AdoptionCounts>,
    yes: oneshot::Sender<()>,
}

impl Adopting {
    /// Nothing is known yet. The worker gets the other end.
    #[must_use]
    pub fn begin() -> (Self, oneshot::Receiver<()>) {
        let (yes, answer) = oneshot::channel();
        (Self { counts: None, yes }, answer)
    }

    /// Answers with yes. A worker that is gone keeps nothing.
    pub fn accept(self) {
        let _ = self.yes.send(());
    }
}
