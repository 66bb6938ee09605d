//! What is wrong with a key, each mistake in a sentence of its own. It must never hold a part of a key.

use super::{MAX_BITS, MAX_INPUT_BYTES, MIN_BITS};
use crate::error::{Exit, Explain};
use crate::private_file::PrivateFileError;
use crate::remedy::Hint;
use crate::untrusted::SafeText;

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing, or only white space and quotes.
    #[error("no key: the text is empty")]
    Empty,
    /// More text than any key has.
    #[error("this is not a key: it is longer than {} KiB", MAX_INPUT_BYTES / 1024)]
    TooLong,
    /// A good key of another algorithm.
    #[error("this is not an RSA key but {algorithm}")]
    NotRsa {
        /// With its article, such as `an Ed25519 key`.
        algorithm: String,
    },
    /// A public key where the private one belongs.
    #[error("this is a public key; the private key is needed here")]
    PublicKey,
    /// An RSA key that is too small.
    #[error("the RSA key has {bits} bits; at least {MIN_BITS} are needed")]
    TooSmall {
        /// Size of its modulus, in bits.
        bits: usize,
    },
    /// An RSA key that is larger than what signs in reasonable time.
    #[error("the RSA key has {bits} bits; at most {MAX_BITS} are accepted")]
    TooLarge {
        /// Size of its modulus, in bits.
        bits: usize,
    },
    /// PKCS#8 or legacy encryption.
    #[error("the private key is encrypted with a passphrase")]
    Encrypted,
    /// The OpenSSH format, which no gateway uses.
    #[error("this is a key in the format of OpenSSH, not PKCS#8 or PKCS#1")]
    OpenSsh,
    /// A certificate or a certificate request.
    #[error("this is a certificate, which holds only a public key; the private key is needed here")]
    Certificate,
    /// A value of Commerce's database, encrypted with its `crypt/key` (protocol page §5).
    #[error("this is an encrypted value of the Commerce database, not a key: it would be encrypted twice")]
    DatabaseValue,
    /// A part is missing.
    #[error("the key is cut off: {0}")]
    Truncated(&'static str),
    /// Several private keys at once.
    #[error("the text has {count} private keys; enter only one")]
    SeveralKeys {
        /// How many.
        count: usize,
    },
    /// The other half in the private field.
    #[error("this looks like an API key; the private key is a PEM text that begins with -----BEGIN PRIVATE KEY-----")]
    ApiKeyAsPrivateKey,
    /// A PEM text that holds something else.
    #[error("this is not a private key but a PEM text labelled {label:?}")]
    OtherPem {
        /// The label as given.
        label: SafeText,
    },
    /// It claims to be a key, but it is not a consistent one.
    #[error("the key is corrupt: {0}")]
    Damaged(SafeText),
    /// No kind of key.
    #[error("this is not a key: neither a PEM text nor its base64 body")]
    Unrecognised,
    /// A private key, certificate or public key in the API key field.
    #[error("this is a PEM text; the API key is the short text beside it, without BEGIN and END lines")]
    PemAsApiKey,
    /// White space within an API key.
    #[error("the API key contains white space")]
    ApiKeySpace,
    /// What cannot be part of an HTTP header.
    #[error("the API key has a character that is not visible ASCII")]
    ApiKeyCharacter,
    /// Longer than any API key.
    #[error("the API key has {length} characters; at most {limit} are expected")]
    ApiKeyTooLong {
        /// Characters given.
        length: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// The key file cannot be read, or is not its owner's alone.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The key cannot be encoded, or cannot sign.
    #[error("the key cannot be used: {0}")]
    Unusable(SafeText),
    /// The system gives no randomness.
    #[error("no randomness from the system: {0}")]
    Generate(SafeText),
}

impl Explain for KeyError {
    fn exit(&self) -> Exit {
        match self {
            KeyError::Generate(_) | KeyError::Unusable(_) => Exit::Other,
            _ => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            KeyError::Encrypted => "remove the passphrase: `openssl pkcs8 -topk8 -nocrypt -in FILE -out NEW-FILE`",
            KeyError::OpenSsh => "if it belongs to a gateway pair, convert a copy: `ssh-keygen -p -m PKCS8 -f COPY`",
            KeyError::Truncated(_) | KeyError::Damaged(_) => {
                "copy the whole text again, from -----BEGIN to the END line"
            }
            KeyError::DatabaseValue => {
                "paste the key as the API portal showed it; a value from core_config_data cannot be used here"
            }
            KeyError::File(error) => return error.hint(),
            KeyError::NotRsa { .. } | KeyError::PublicKey | KeyError::Certificate | KeyError::TooSmall { .. } => {
                "the private key was downloaded when the pair was generated in the API portal; if you lost it, \
                 generate a new pair"
            }
            _ => return None,
        };
        Some(text.into())
    }
}
