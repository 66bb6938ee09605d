//! What IMS grants, and how secrets of it are written into a file.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// Who the client is.
#[derive(Debug, Clone)]
pub(super) struct Credentials {
    pub(super) client_id: String,
    pub(super) secret: Option<Secret>,
}

/// Tokens, and until when the access token is good.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Tokens {
    #[serde(with = "kept")]
    pub(super) access: Secret,
    #[serde(with = "kept_if_any")]
    pub(super) refresh: Option<Secret>,
    pub(super) until: Timestamp,
}

/// A secret in a private file. [`Secret`] itself cannot be serialized; here, and only here, it is written down on purpose.
pub(super) mod kept {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::secret::Secret;

    pub fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

/// The same, where there may be none.
pub(super) mod kept_if_any {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use crate::secret::Secret;

    #[allow(clippy::ref_option, reason = "serde gives it so")]
    pub fn serialize<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Secret::expose).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
        Option::<String>::deserialize(deserializer).map(|text| text.map(Secret::new))
    }
}
