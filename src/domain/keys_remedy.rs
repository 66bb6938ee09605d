//! What to do about keys that the gateway refuses.

use serde::{Deserialize, Serialize};

use crate::remedy::{Hint, Remedy};

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
    /// What to do, to which more can be added.
    pub fn hint(self) -> Hint {
        match self {
            KeysRemedy::SetClock => "set this server's clock (`timedatectl set-ntp true`)".into(),
            KeysRemedy::CheckKeys => Remedy::VerifyKeys.into(),
        }
    }
}
