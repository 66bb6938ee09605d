//! Handing a message to the channels, all at once: three attempts each at most.

use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::message::Message;
use super::webhook::{self, Way};
use super::{Channel, Channels, Failed, mail, program};
use crate::error::{Exit, Problem};
use crate::untrusted::SafeText;

/// What became of a message on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub channel: Channel,
    /// Whom it goes to, as it may be shown.
    pub target: SafeText,
    /// How long all attempts took.
    pub took: Duration,
    /// Why it was not taken, by the last attempt.
    pub failed: Option<Failed>,
}

impl Delivery {
    /// The failure as one sentence; `None` if it was taken.
    pub fn problem(&self) -> Option<Problem> {
        let failed = self.failed.as_ref()?;
        let exit = if failed.is_temporary { Exit::TryAgain } else { Exit::Other };
        Some(Problem::new(exit, format!("notification by {}: {}", self.channel.name(), failed.what)))
    }
}

impl Channels {
    /// Hands it to these channels, as far as they are configured. Ends after three attempts of each.
    pub async fn deliver(&self, message: &Message, channels: &[Channel]) -> Vec<Delivery> {
        let configured = self.configured().filter(|channel| channels.contains(channel));
        join_all(configured.map(|channel| self.deliver_by(channel, message))).await
    }

    /// Fetches the ping's URL, if there is one. Ends after three attempts.
    pub async fn ping(&self) -> Delivery {
        self.timed(Channel::Ping, || self.fetch()).await
    }

    async fn deliver_by(&self, channel: Channel, message: &Message) -> Delivery {
        self.timed(channel, || self.attempt(channel, message)).await
    }

    async fn timed<F: Future<Output = Result<(), Failed>>>(
        &self,
        channel: Channel,
        attempt: impl FnMut() -> F,
    ) -> Delivery {
        let begun = Instant::now();
        let failed = retried(&self.pauses, attempt).await.err();
        Delivery { channel, target: self.target(channel), took: begun.elapsed(), failed }
    }

    async fn attempt(&self, channel: Channel, message: &Message) -> Result<(), Failed> {
        match (channel, &self.command, &self.webhook, &self.mail) {
            (Channel::Command, Some(path), ..) => {
                program::run(path, &[], message.json().to_string().as_bytes(), self.timeout).await
            }
            (Channel::Webhook, _, Some(webhook), _) => webhook::post(webhook, message, self.way()).await,
            (Channel::Sendmail, .., Some(mail)) => mail::send(mail, message, self.timeout).await,
            (Channel::Ping, ..) => self.fetch().await,
            // Only those that are configured are attempted.
            _ => Ok(()),
        }
    }

    async fn fetch(&self) -> Result<(), Failed> {
        match &self.ping {
            Some(url) => webhook::ping(url, self.way()).await,
            None => Ok(()),
        }
    }

    fn way(&self) -> Way<'_> {
        Way { ca_file: self.ca_file.as_ref(), timeout: self.timeout }
    }

    fn target(&self, channel: Channel) -> SafeText {
        match channel {
            Channel::Command => self.command.as_deref().map(crate::private_file::safe).unwrap_or_default(),
            Channel::Webhook => self.webhook.as_ref().map(|webhook| webhook::host(&webhook.url)).unwrap_or_default(),
            Channel::Sendmail => self.mail.as_ref().map(|mail| SafeText::from(mail.to.join(", "))).unwrap_or_default(),
            Channel::Ping => self.ping.as_ref().map(webhook::host).unwrap_or_default(),
        }
    }
}

/// Attempts it until it succeeds, fails for good, or there is no further pause.
async fn retried<F: Future<Output = Result<(), Failed>>>(
    pauses: &[Duration],
    mut attempt: impl FnMut() -> F,
) -> Result<(), Failed> {
    let mut pauses = pauses.iter();
    loop {
        match (attempt().await, pauses.as_slice()) {
            (Err(failed), [pause, ..]) if failed.is_temporary => {
                tokio::time::sleep(*pause).await;
                pauses.next();
            }
            (ended, _) => return ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::PAUSES;
    use super::*;

    #[tokio::test]
    async fn a_webhook_that_never_answers_is_given_up() {
        // The system accepts the connection, and nobody reads it.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/canary", silent.local_addr().expect("an address"));
        let channels = Channels {
            webhook: Some(super::super::Webhook { url: crate::secret::Secret::new(url), secret: None }),
            timeout: Duration::from_millis(50),
            ..Channels::default()
        };
        let message = super::super::tests::failure();
        let deliveries = channels.deliver(&message, &Channel::ALL).await;
        let [delivery] = deliveries.as_slice() else { panic!("{deliveries:?}") };
        let problem = delivery.problem().expect("nobody took it");
        assert!(problem.what.starts_with("notification by webhook: 127.0.0.1: no "), "{problem}");
        assert!(!problem.what.contains("canary"), "{problem}");
        assert_eq!(problem.exit, Exit::TryAgain);
    }

    /// What comes of attempts that end like this, how many there were, and the seconds they took.
    async fn tried(ends: &[Result<(), Failed>]) -> (Result<(), Failed>, usize, u64) {
        let begun = Instant::now();
        let mut number = 0;
        let ended = retried(&PAUSES, || {
            let end = ends[number].clone();
            number += 1;
            async { end }
        })
        .await;
        (ended, number, begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_tried_three_times_and_anything_else_once() {
        let (down, wrong) = (|| Err(Failed::for_now("down")), || Err(Failed::for_good("wrong")));
        assert_eq!(tried(&[down(), down(), down()]).await, (down(), 3, 6));
        assert_eq!(tried(&[down(), Ok(())]).await, (Ok(()), 2, 1));
        assert_eq!(tried(&[wrong()]).await, (wrong(), 1, 0));
    }
}
