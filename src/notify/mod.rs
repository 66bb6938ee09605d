//! Telling people how exports go: what is told, when, and over which channel.
//!
//! `decide` says what is due, `memory` keeps what was told, `message` words it, `deliver` hands it to the channels: `webhook`, and
//! `mail` and a command by `program`. Nothing here may hold up or fail a run: every attempt has a time limit, and there are few.

mod decide;
pub mod deliver;
mod mail;
mod memory;
pub mod message;
mod program;
mod webhook;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::NotifySection;
use crate::error::Problem;
use crate::secret::Secret;
use crate::untrusted::SafeText;

pub use decide::{Due, Look};
pub use memory::Memory;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A run or a pass failed.
    Failure,
    /// The first success after a failure that was told.
    Recovery,
    /// Items need a fix.
    NeedsFix,
    /// How things stand, once a day.
    Digest,
    /// A person tries the channels.
    Test,
}

impl Event {
    /// Its name in JSON and in headers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Event::Failure => "failure",
            Event::Recovery => "recovery",
            Event::NeedsFix => "needs_fix",
            Event::Digest => "digest",
            Event::Test => "test",
        }
    }
}

/// A way to tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A program that reads it on standard input.
    Command,
    /// A URL that it is posted to.
    Webhook,
    /// A mail, by the server's own mail program.
    Sendmail,
    /// A URL that is fetched after each success.
    Ping,
}

impl Channel {
    /// All of them.
    pub const ALL: [Channel; 4] = [Channel::Command, Channel::Webhook, Channel::Sendmail, Channel::Ping];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Channel::Command => "command",
            Channel::Webhook => "webhook",
            Channel::Sendmail => "sendmail",
            Channel::Ping => "ping",
        }
    }

    /// The key of the configuration that turns it on.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Channel::Command => "notify.command",
            Channel::Webhook => "notify.webhook_url",
            Channel::Sendmail => "notify.sendmail_to",
            Channel::Ping => "notify.ping_url",
        }
    }
}

/// Where a webhook is, and what signs it.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The whole URL.
    pub url: Secret,
    /// The secret of the signature, or why it cannot be read; `None` = not signed.
    pub secret: Option<Result<Secret, Problem>>,
}

/// How a mail is sent.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The program, as `sendmail`.
    pub program: PathBuf,
    /// Whom it is for; at least one.
    pub to: Vec<String>,
    /// Whom it is from; `None` = the program's user.
    pub from: Option<String>,
}

/// The channels as they are configured.
#[derive(Debug, Clone, Default)]
pub struct Channels {
    /// The program that reads each message.
    pub command: Option<PathBuf>,
    /// Where each message is posted.
    pub webhook: Option<Webhook>,
    /// How each message is mailed.
    pub mail: Option<Mail>,
    /// What is fetched after each success.
    pub ping: Option<Secret>,
    /// Further certificate authorities, PEM.
    pub ca_file: Option<PathBuf>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// The waits before the second and the third attempt.
    pub pauses: [Duration; 2],
}

/// The waits between attempts: a restart of a service at the other end takes seconds.
pub const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

impl Channels {
    /// Those that are configured.
    pub fn configured(&self) -> impl Iterator<Item = Channel> + '_ {
        Channel::ALL.into_iter().filter(|channel| match channel {
            Channel::Command => self.command.is_some(),
            Channel::Webhook => self.webhook.is_some(),
            Channel::Sendmail => self.mail.is_some(),
            Channel::Ping => self.ping.is_some(),
        })
    }
}

/// Whether `[notify]` names a channel at all: without one, nothing is looked at.
#[must_use]
pub fn is_configured(section: &NotifySection) -> bool {
    section.command.is_some()
        || section.webhook_url.is_some()
        || section.sendmail_to.is_some()
        || section.ping_url.is_some()
}

/// How a run or a pass ended, as far as somebody wants to be told.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// All was gone through; single items may have failed.
    Success,
    /// It was not.
    Failure(Problem),
}

/// Why a channel did not take a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// One clause, without a secret.
    pub what: SafeText,
    /// Whether another attempt may do better.
    pub is_temporary: bool,
}

impl Failed {
    fn for_good(what: impl Into<SafeText>) -> Self {
        Self { what: what.into(), is_temporary: false }
    }

    fn for_now(what: impl Into<SafeText>) -> Self {
        Self { what: what.into(), is_temporary: true }
    }
}
