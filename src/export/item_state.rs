//! The states of an item, with Adobe's words.

use serde::{Deserialize, Serialize};

use crate::report::Tone;

/// The four item states of Adobe's status page, with its words (protocol page §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Nothing recorded yet.
    Awaiting,
    /// The gateway accepted it.
    Submitted,
    /// 429, 5xx, no answer, refused keys, or refused for now: nothing was found wrong with the item.
    WillRetry,
    /// 400, or refused inside a 200: not sent again until it changes. Or a broken record.
    NeedsAttention,
}

impl ItemState {
    /// The words of Adobe's status page.
    pub fn words(self) -> &'static str {
        match self {
            ItemState::Awaiting => "Awaiting submission",
            ItemState::Submitted => "Submitted to service",
            ItemState::WillRetry => "Failed, will retry",
            ItemState::NeedsAttention => "Failed, requires attention",
        }
    }

    /// This program's own word, as on the screen.
    pub fn short(self) -> &'static str {
        match self {
            ItemState::Awaiting => "not sent",
            ItemState::Submitted => "sent",
            ItemState::WillRetry => "will retry",
            ItemState::NeedsAttention => "needs a fix",
        }
    }

    /// How it is reported.
    pub fn tone(self) -> Tone {
        match self {
            ItemState::Awaiting => Tone::Busy,
            ItemState::Submitted => Tone::Good,
            ItemState::WillRetry => Tone::Warning,
            ItemState::NeedsAttention => Tone::Danger,
        }
    }

    /// What it means, in a sentence or two.
    pub fn meaning(self) -> &'static str {
        match self {
            ItemState::Awaiting => "No response recorded; the service may or may not have it.",
            ItemState::Submitted => "The gateway accepted it; services may show it later.",
            ItemState::WillRetry => "Temporary failure; the item is fine.",
            ItemState::NeedsAttention => "The service refuses this item until the shop's data or the feed changes.",
        }
    }
}
