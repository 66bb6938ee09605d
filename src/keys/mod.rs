//! Key pairs: what people paste, checked before anything is done with it.
//!
//! This room must never know where keys are kept or to whom they are sent.

use std::path::Path;

use crate::error::{Exit, Explain};
use crate::secret::Secret;
use crate::untrusted::SafeText;

/// The least RSA key that Adobe's gateway and good sense accept, in bits.
pub const MIN_BITS: usize = 2048;

/// A public API key (the `x-api-key` header): a client id, not a PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey(Secret);

/// An RSA private key that was parsed and checked.
#[derive(Clone)]
pub struct PrivateKey {}

/// Both halves.
#[derive(Debug, Clone)]
pub struct KeyPair {
    /// The public API key.
    pub api_key: ApiKey,
    /// The private key.
    pub private_key: PrivateKey,
}

impl ApiKey {
    /// Checks what was pasted: quotes, white space and line ends around it are taken off.
    ///
    /// # Errors
    /// [`KeyError`], with a sentence that names the mistake.
    pub fn parse(_pasted: &str) -> Result<Self, KeyError> {
        unimplemented!()
    }

    /// The key, for the request header only.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// `••••` and the last four characters.
    #[must_use]
    pub fn masked(&self) -> String {
        self.0.masked()
    }
}

impl PrivateKey {
    /// Parses a private key in every shape people paste it (CRLF, indentation, literal `\n`, quotes, no last newline).
    ///
    /// # Errors
    /// [`KeyError`], with a sentence that names the mistake.
    pub fn parse(_pasted: &str) -> Result<Self, KeyError> {
        unimplemented!()
    }

    /// Reads a private key from a file that only its owner may read.
    ///
    /// # Errors
    /// [`KeyError`] if the file cannot be read, is open to others, is a symlink or foreign-owned, or holds no usable key.
    pub fn read(_path: &Path) -> Result<Self, KeyError> {
        unimplemented!()
    }

    /// Generates a new key of [`MIN_BITS`] bits, for the sandbox gateway.
    ///
    /// # Errors
    /// [`KeyError::Generate`] if the system gives no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        unimplemented!()
    }

    /// The size of the modulus, in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        unimplemented!()
    }

    /// `SHA256:` and the base64 (no padding) SHA-256 of the public half's `SubjectPublicKeyInfo` DER.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        unimplemented!()
    }

    /// PKCS#8 PEM with `\n` line ends, for keeping.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] if it cannot be encoded.
    pub fn to_pem(&self) -> Result<Secret, KeyError> {
        unimplemented!()
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 over `message` (RS256).
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] if the key cannot sign.
    pub fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, KeyError> {
        unimplemented!()
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

/// What is wrong with a key. More kinds are added where a sentence of its own helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The key cannot be read at all.
    #[error("the key cannot be read: {0}")]
    Unreadable(SafeText),
    /// The system gives no randomness.
    #[error("a key cannot be generated: {0}")]
    Generate(SafeText),
}

impl Explain for KeyError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }
}
