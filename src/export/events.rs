//! Lifecycle changes on their way out.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::progress::RunEvent;

/// How many events may wait to be read. A run whose events nobody reads stands still when they do, until it is stopped
/// or the receiver is dropped: an event that does not arrive would be a failure that nobody hears of.
const WAITING: usize = 256;

/// Where events go.
#[derive(Debug, Clone)]
pub(super) struct Events {
    sender: mpsc::Sender<RunEvent>,
    stop: CancellationToken,
}

impl Events {
    /// A channel that stops waiting for its reader once `stop` is cancelled.
    pub fn channel(stop: CancellationToken) -> (Self, mpsc::Receiver<RunEvent>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self { sender, stop }, receiver)
    }

    /// Tells an event, waiting for room if there is none.
    pub async fn tell(&self, event: RunEvent) {
        tokio::select! {
            biased;
            room = self.sender.reserve() => {
                if let Ok(room) = room {
                    room.send(event);
                }
            }
            // Whoever stops a run may wait for its end without reading on.
            () = self.stop.cancelled() => drop(self.sender.try_send(event)),
        }
    }
}
