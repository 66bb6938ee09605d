//! The ids of projects and data spaces.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::untrusted::SafeText;

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
