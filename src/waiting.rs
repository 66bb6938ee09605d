//! What the program waits for, reported after three seconds, so that nobody wonders whether it hangs.
//!
//! Whoever waits for another machine wraps the wait in [`announced`]; whoever can informs a person listens with [`Listener`]. This file
//! must never know what is waited for.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::untrusted::SafeText;

/// How long a wait may take in silence.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// Those who listen, the innermost last.
static LISTENERS: Mutex<Vec<mpsc::UnboundedSender<SafeText>>> = Mutex::new(Vec::new());

/// Hears what is waited for. Of several listeners the newest hears it: a run within a command.
#[derive(Debug)]
pub struct Listener(mpsc::UnboundedReceiver<SafeText>);

impl Listener {
    /// Listens from now on, until it is dropped.
    #[must_use]
    pub fn new() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        LISTENERS.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        Self(receiver)
    }

    /// The next words.
    pub async fn next(&mut self) -> SafeText {
        match self.0.recv().await {
            Some(words) => words,
            // The sender stays in the list for as long as the receiver lives.
            None => std::future::pending().await,
        }
    }
}

impl Default for Listener {
    fn default() -> Self {
        Self::new()
    }
}

/// Tells words to the innermost listener, and writes them into the log.
pub fn tell(words: SafeText) {
    tracing::info!("{words}");
    let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
    listeners.retain(|listener| !listener.is_closed());
    if let Some(listener) = listeners.last() {
        // It may have been dropped since; then nobody listens.
        let _ = listener.send(words);
    }
}

/// Waits, and tells after [`PATIENCE`] what for. `words` is only made then; it may ask what the other side is doing.
pub async fn announced<T>(words: impl Future<Output = SafeText>, wait: impl Future<Output = T>) -> T {
    let mut wait = pin!(wait);
    if let Ok(done) = tokio::time::timeout(PATIENCE, &mut wait).await {
        return done;
    }
    tokio::select! {
        biased;
        done = &mut wait => return done,
        words = words => tell(words),
    }
    wait.await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn slow(seconds: u64) -> u64 {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        seconds
    }

    /// One test, for the listeners are those of the whole program.
    #[tokio::test(start_paused = true)]
    async fn a_long_wait_is_told_once_to_the_innermost_listener_and_a_short_one_is_not() {
        let mut outer = Listener::new();
        let mut inner = Listener::new();
        let words = |text: &'static str| async move { SafeText::from(text) };
        assert_eq!(announced(words("a short wait"), slow(2)).await, 2);
        assert_eq!(announced(words("a long wait"), slow(9)).await, 9);
        assert_eq!(inner.next().await.as_str(), "a long wait");
        drop(inner);
        assert_eq!(announced(words("another"), slow(4)).await, 4);
        assert_eq!(outer.next().await.as_str(), "another");
        assert!(outer.0.try_recv().is_err(), "each is told once");
    }
}
