//! What the gateway is asked and what it answers, as types.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::probe::Failure;
use crate::untrusted::SafeText;

/// Which key pair and which gateway are used (`magento_saas/environment`, protocol page §1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// The production pair and gateway.
    #[default]
    Production,
    /// The sandbox pair and gateway.
    Sandbox,
}

impl Environment {
    /// Both, production first.
    pub const ALL: [Environment; 2] = [Environment::Production, Environment::Sandbox];

    /// `production` or `sandbox`.
    pub fn name(self) -> &'static str {
        match self {
            Environment::Production => "production",
            Environment::Sandbox => "sandbox",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Environment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Environment::ALL
            .into_iter()
            .find(|environment| environment.name() == text)
            .ok_or_else(|| format!("{text:?} is neither production nor sandbox"))
    }
}

/// The longest id that is accepted; Adobe's are UUIDs of 36 characters.
const ID_LIMIT: usize = 128;

/// An id is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{given:?} is not an id: expected letters, digits, '-', '_' and '.', as in 00000000-0000-0000-0000-000000000000"
)]
pub struct BadId {
    /// What was given, made safe.
    pub given: SafeText,
}

/// Ids become path segments of URLs and names of files, so nothing else is let in.
fn checked_id(text: &str) -> Result<String, BadId> {
    let text = text.trim();
    let is_ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > ID_LIMIT || text.starts_with('.') || !text.chars().all(is_ok) {
        return Err(BadId { given: SafeText::limited(text, 60) });
    }
    Ok(text.to_owned())
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                checked_id(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

id_type!(
    /// A SaaS project (`projectId` of the registry).
    ProjectId
);
id_type!(
    /// A data space (`environmentId` of the registry).
    DataSpaceId
);

/// What a data space is for; absent in the registry means testing (protocol page §2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataSpaceKind {
    /// A production shop lives on it.
    Production,
    /// Anything may be tried.
    #[default]
    Testing,
}

impl fmt::Display for DataSpaceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            DataSpaceKind::Production => "Production",
            DataSpaceKind::Testing => "Testing",
        })
    }
}

/// One data space of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSpace {
    /// Its id.
    pub id: DataSpaceId,
    /// Its label.
    pub name: SafeText,
    /// Production or testing.
    pub kind: DataSpaceKind,
}

/// A SaaS project with its data spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its label.
    pub name: SafeText,
    /// Its data spaces, in registry order: 3 for Adobe Commerce, 1 for Magento Open Source.
    pub data_spaces: Vec<DataSpace>,
}

/// A feed item that the gateway refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedItem {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// The server's code or field, such as `items_limit_exceeded` or `/2/updatedAt`; may be empty.
    pub code: SafeText,
    /// The server's own text.
    pub message: SafeText,
}

/// The code of a refused item that may be sent again later (protocol page §3).
pub const RETRYABLE_ITEM_CODE: &str = "items_limit_exceeded";

/// What one request to a feed route came to. Every answer and failure is one of these.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedOutcome {
    /// 200: every item was accepted but those listed.
    Accepted {
        /// The refused ones; empty = all accepted.
        refused: Vec<RefusedItem>,
    },
    /// 400 (or another 4xx that is about the request): no item was accepted; `refused` says why where the server does.
    Refused {
        /// HTTP status.
        status: u16,
        /// The refused items; may be empty or name only some.
        refused: Vec<RefusedItem>,
        /// The server's own text.
        message: SafeText,
    },
    /// 404, 405 or a redirect: there is not a such feed at this address, whatever is sent there.
    WrongAddress {
        /// HTTP status.
        status: u16,
        /// Which address, and what came from there.
        message: SafeText,
    },
    /// 401 or 403, as status or as the code in the body: nothing will get better by itself.
    KeysRefused {
        /// 401 or 403.
        status: u16,
        /// The server's own text with its error code, such as `JWT is invalid (403053)`.
        message: SafeText,
        /// The next step.
        remedy: KeysRemedy,
    },
    /// 429: the guardrail.
    SlowDown {
        /// How long the server asks to wait; `None` if it does not say.
        retry_after: Option<Duration>,
        /// That it asks so, and what is strange about it.
        message: SafeText,
    },
    /// 5xx, reset, timeout: passing.
    Passing {
        /// HTTP status; `None` if there was no answer.
        status: Option<u16>,
        /// What happened, with the server's own text where there is one.
        message: SafeText,
        /// Where on the way it broke, if there was no answer.
        failure: Option<Failure>,
    },
    /// An answer that is not what the contract says: HTML, broken JSON.
    NotUnderstood {
        /// HTTP status.
        status: u16,
        /// What came instead, shortened.
        message: SafeText,
    },
}

/// The next step against keys that are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeysRemedy {
    /// This server's clock is so wrong that every token is too old, or not valid yet.
    SetClock,
    /// The keys have to be looked at.
    CheckKeys,
}

impl KeysRemedy {
    /// What to do, as a hint that ends with a command.
    pub fn words(self) -> &'static str {
        match self {
            KeysRemedy::SetClock => "set this server's clock (`timedatectl set-ntp true`)",
            KeysRemedy::CheckKeys => "run `commerce-connector keys verify`",
        }
    }
}

/// An outcome with the id that the gateway gave the request.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedAnswer {
    /// What it came to.
    pub outcome: FeedOutcome,
    /// The gateway's request id, for Adobe's support.
    pub request_id: Option<SafeText>,
    /// How many items the gateway says that it took; `None` if it does not say.
    pub received: Option<u64>,
}

impl FeedAnswer {
    /// The same answer to a request of so many items: where it took fewer than it did not refuse, nobody knows which.
    #[must_use]
    pub fn counted(self, items: usize) -> Self {
        let (FeedOutcome::Accepted { refused }, Some(received)) = (&self.outcome, self.received) else { return self };
        let expected = items.saturating_sub(refused.iter().filter(|item| item.index < items).count()) as u64;
        if received >= expected {
            return self;
        }
        let message = format!("the gateway received {received} of {expected} items; unknown which");
        let outcome = FeedOutcome::NotUnderstood { status: 200, message: SafeText::from(message) };
        Self { outcome, ..self }
    }
}
