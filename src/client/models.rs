//! What the gateway answers, as types.

use std::time::Duration;

use crate::domain::KeysRemedy;
use crate::http::Failure;
use crate::untrusted::SafeText;

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

impl RefusedItem {
    /// Whether it may be sent again later as it is.
    pub fn is_retryable(&self) -> bool {
        self.code.as_str() == RETRYABLE_ITEM_CODE
    }
}

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
    /// 404, 405 or a redirect: there is no such feed at this address, whatever is sent there.
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
