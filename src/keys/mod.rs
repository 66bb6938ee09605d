//! Key pairs: what people paste, checked before anything is done with it.
//!
//! This room must never know where keys are kept or to whom they are sent.

mod der;
mod error;
mod file;
mod pasted;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, PrivateKeyInfo};
use rsa::rand_core::{OsRng, RngCore as _};
use rsa::sha2::{Digest as _, Sha256};
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{BigUint, RsaPrivateKey};
use zeroize::Zeroizing;

use self::der::KeyFormat;
pub use self::error::KeyError;
use crate::private_file::Secrecy;
use crate::secret::Secret;
use crate::untrusted::SafeText;

/// The least RSA key that Adobe's gateway and good sense accept, in bits.
pub const MIN_BITS: usize = 2048;

/// The largest RSA key that is accepted, in bits: a larger one takes too long to sign each token, and verifiers refuse it.
pub const MAX_BITS: usize = 4096;

/// The most text or file that is looked at, in bytes; a 4096-bit key is 3 KiB, with a certificate chain around it 20 KiB.
pub const MAX_INPUT_BYTES: usize = 64 * 1024;

/// The longest API key, in characters; Adobe's are 32 hexadecimal digits.
const API_KEY_LIMIT: usize = 128;
/// The shortest text that is told to be an API key, in characters.
const LEAST_API_KEY: usize = 16;
/// The longest word of a PEM label, in letters; `CERTIFICATE` has 11.
const LONGEST_WORD: usize = 12;
/// The longest PEM label.
const LONGEST_LABEL: usize = 40;

/// A public API key (the `x-api-key` header): a client id, not a PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey(Secret);

/// An RSA private key that was parsed and checked. Clones share one copy, which is wiped when the last one is dropped.
#[derive(Clone)]
pub struct PrivateKey(Arc<Parts>);

struct Parts {
    /// Wipes the key when dropped.
    signing: SigningKey<Sha256>,
    /// The public half, `SubjectPublicKeyInfo` DER.
    public_der: Vec<u8>,
}

/// Both halves.
#[derive(Debug, Clone)]
pub struct KeyPair {
    /// The public API key.
    pub api_key: ApiKey,
    pub private_key: PrivateKey,
}

impl ApiKey {
    /// Checks what was pasted: quotes, white space and line ends around it are taken off.
    pub fn parse(pasted: &str) -> Result<Self, KeyError> {
        if pasted.len() > MAX_INPUT_BYTES {
            return Err(KeyError::TooLong);
        }
        let text = pasted::unwrapped(pasted);
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        if text.contains("-----") || text.starts_with("MII") && text.len() > API_KEY_LIMIT {
            return Err(KeyError::PemAsApiKey);
        }
        if pasted::is_database_value(text) {
            return Err(KeyError::DatabaseValue);
        }
        if text.chars().any(char::is_whitespace) {
            return Err(KeyError::ApiKeySpace);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(KeyError::ApiKeyCharacter);
        }
        if text.len() > API_KEY_LIMIT {
            return Err(KeyError::ApiKeyTooLong { length: text.len(), limit: API_KEY_LIMIT });
        }
        Ok(Self(Secret::new(text)))
    }

    /// The key, for the request header only.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// `••••` and the last four characters.
    pub fn masked(&self) -> String {
        self.0.masked()
    }
}

/// A pasted text as it was before mails, pages and shells had it.
fn tidied(pasted: &str) -> Zeroizing<String> {
    pasted::tidied(&pasted::with_real_line_ends(pasted::unwrapped(pasted)))
}

impl PrivateKey {
    /// Whether a text is meant to be a private key, by the words of its frame; whether it is one, [`Self::parse`] says.
    pub fn is_meant(pasted: &str) -> bool {
        const FRAME: &str = "PRIVATE KEY-----";
        pasted.contains(FRAME) || pasted.len() <= MAX_INPUT_BYTES && tidied(pasted).contains(FRAME)
    }

    /// Parses a private key in every shape people paste it: CRLF, indentation, literal `\n`, quotes, `> ` of a quotation, line
    /// numbers, `<br>`, other blanks and dashes, no END line, all on one line, other text around it, or only the base64 body.
    pub fn parse(pasted: &str) -> Result<Self, KeyError> {
        if pasted.len() > MAX_INPUT_BYTES {
            return Err(KeyError::TooLong);
        }
        let text = tidied(pasted);
        let text = pasted::unwrapped(&text);
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        let blocks = pasted::blocks(text)?;
        if blocks.is_empty() {
            return Self::from_bare_text(text);
        }
        let is_private = |block: &&pasted::Block<'_>| block.label.ends_with("PRIVATE KEY");
        match blocks.iter().filter(is_private).count() {
            0 => Self::from_block(&blocks[0]),
            1 => blocks.iter().find(is_private).map_or(Err(KeyError::Unrecognised), Self::from_block),
            count => Err(KeyError::SeveralKeys { count }),
        }
    }

    /// Parses what was pasted, or reads the file if a path was pasted: one line that begins with `/`, `~/`, `./` or `../`,
    /// or that names an existing file. Reads files: blocking.
    ///
    /// # Errors
    /// As [`Self::parse`] and [`Self::read`].
    pub fn parse_or_read(pasted: &str) -> Result<Self, KeyError> {
        match file::pasted_path(pasted) {
            Some(path) => Self::read(&path),
            None => Self::parse(pasted),
        }
    }

    /// Reads a private key, PEM or DER, from a file that only its owner may read. Blocking.
    ///
    /// # Errors
    /// [`KeyError`] if the file cannot be read, is open to others, is a symlink or foreign-owned, or holds no usable key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        Self::read_as(path, Secrecy::Secret)
    }

    /// The same from a file that is as private as this says.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_as(path: &Path, secrecy: Secrecy) -> Result<Self, KeyError> {
        let bytes = file::read(path, secrecy)?;
        if let Some(text) = file::utf16(&bytes) {
            return Self::parse(&text);
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) => Self::parse(text),
            Err(_) => Self::from_der(&bytes),
        }
    }

    /// Generates a new key of [`MIN_BITS`] bits, for the sandbox gateway. Takes up to a second: blocking.
    ///
    /// # Errors
    /// [`KeyError::Generate`] if the system gives no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let key = RsaPrivateKey::new(&mut randomness()?, MIN_BITS)
            .map_err(|error| KeyError::Generate(SafeText::new(&error.to_string())))?;
        Self::new(key)
    }

    /// The size of the modulus, in bits.
    pub fn bits(&self) -> usize {
        self.rsa().n().bits()
    }

    /// `SHA256:` and the base64 (no padding) SHA-256 of the public half's `SubjectPublicKeyInfo` DER.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&self.0.public_der)))
    }

    /// The public half: `SubjectPublicKeyInfo` PEM (label `PUBLIC KEY`) with `\n` line ends.
    pub fn public_key_pem(&self) -> String {
        pem::encode_config(&pem::Pem::new("PUBLIC KEY", self.0.public_der.as_slice()), pem_layout())
    }

    /// PKCS#8 PEM with `\n` line ends, for keeping.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] if it cannot be encoded.
    pub fn to_pem(&self) -> Result<Secret, KeyError> {
        let der = self.rsa().to_pkcs8_der().map_err(|error| unusable(&error))?;
        Ok(Secret::new(pem::encode_config(&pem::Pem::new("PRIVATE KEY", der.as_bytes()), pem_layout())))
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 over `message` (RS256), blinded, so that its timing tells nothing of the key.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] if the key cannot sign, [`KeyError::Generate`] if the system gives no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature =
            self.0.signing.try_sign_with_rng(&mut randomness()?, message).map_err(|error| unusable(&error))?;
        Ok(signature.to_vec())
    }

    fn rsa(&self) -> &RsaPrivateKey {
        self.0.signing.as_ref()
    }

    fn new(key: RsaPrivateKey) -> Result<Self, KeyError> {
        let public_der = key.to_public_key().to_public_key_der().map_err(|error| unusable(&error))?.into_vec();
        Ok(Self(Arc::new(Parts { signing: SigningKey::new(key), public_der })))
    }

    fn from_block(block: &pasted::Block<'_>) -> Result<Self, KeyError> {
        if block.is_encrypted() {
            return Err(KeyError::Encrypted);
        }
        match block.label {
            "PRIVATE KEY" | "RSA PRIVATE KEY" => Self::from_der(&block.decode()?),
            "EC PRIVATE KEY" => Err(KeyError::NotRsa { algorithm: "an elliptic curve (EC) key".to_owned() }),
            "DSA PRIVATE KEY" => Err(KeyError::NotRsa { algorithm: "a DSA key".to_owned() }),
            "OPENSSH PRIVATE KEY" => Err(KeyError::OpenSsh),
            label if label.ends_with("PUBLIC KEY") => Err(KeyError::PublicKey),
            label if label.contains("CERTIFICATE") => Err(KeyError::Certificate),
            label if is_a_name(label) => Err(KeyError::OtherPem { label: SafeText::new(label) }),
            // Not repeated: where a paste lost a line end, the label has a part of the key in it.
            _ => Err(KeyError::Damaged("its first line is not -----BEGIN PRIVATE KEY-----".into())),
        }
    }

    /// Text without PEM lines: a base64 body, or something else that has a name.
    fn from_bare_text(text: &str) -> Result<Self, KeyError> {
        if pasted::is_database_value(text) {
            return Err(KeyError::DatabaseValue);
        }
        if text.starts_with("ssh-") || text.starts_with("ecdsa-") {
            return Err(KeyError::PublicKey);
        }
        let body: Zeroizing<String> = Zeroizing::new(text.split_whitespace().collect());
        if let Ok(bytes) = STANDARD.decode(body.as_bytes()).map(Zeroizing::new)
            && der::kind(&bytes) != KeyFormat::Other
        {
            return Self::from_der(&bytes);
        }
        if looks_like_api_key(text) {
            return Err(KeyError::ApiKeyAsPrivateKey);
        }
        // A body that lost its tail is no longer base64, but it begins as every DER key of this size does.
        if text.starts_with("MII") {
            return Err(KeyError::Truncated("its base64 text is incomplete"));
        }
        Err(KeyError::Unrecognised)
    }

    fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let damaged = |_| KeyError::Damaged("it does not have the structure of a private key".into());
        match der::kind(der) {
            KeyFormat::Pkcs8 => {
                let info = PrivateKeyInfo::try_from(der).map_err(damaged)?;
                if info.algorithm.oid != rsa::pkcs1::ALGORITHM_OID {
                    return Err(KeyError::NotRsa { algorithm: der::algorithm_name(&info.algorithm.oid.to_string()) });
                }
                Self::from_pkcs1(info.private_key)
            }
            KeyFormat::Pkcs1 => Self::from_pkcs1(der),
            KeyFormat::Sec1 => Err(KeyError::NotRsa { algorithm: "an elliptic curve (EC) key".to_owned() }),
            KeyFormat::PublicKey => Err(KeyError::PublicKey),
            KeyFormat::Encrypted => Err(KeyError::Encrypted),
            KeyFormat::Certificate => Err(KeyError::Certificate),
            KeyFormat::CutShort => Err(KeyError::Truncated("it ends before its last part")),
            KeyFormat::Other => Err(KeyError::Damaged("it does not have the structure of a private key".into())),
        }
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        let parts = rsa::pkcs1::RsaPrivateKey::try_from(der)
            .map_err(|_| KeyError::Damaged("its numbers cannot be read".into()))?;
        // Before any arithmetic: its cost grows with the cube of the size.
        let modulus = BigUint::from_bytes_be(parts.modulus.as_bytes());
        let bits = modulus.bits();
        if bits < MIN_BITS {
            return Err(KeyError::TooSmall { bits });
        }
        if bits > MAX_BITS {
            return Err(KeyError::TooLarge { bits });
        }
        let number = |bytes: rsa::pkcs8::der::asn1::UintRef<'_>| BigUint::from_bytes_be(bytes.as_bytes());
        let primes = vec![number(parts.prime1), number(parts.prime2)];
        let key = RsaPrivateKey::from_components(
            modulus,
            number(parts.public_exponent),
            number(parts.private_exponent),
            primes,
        )
        .map_err(|_| KeyError::Damaged("its values don't match".into()))?;
        Self::new(key)
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

/// The system's randomness, asked once first: inside of `rsa` its failure would be a panic.
fn randomness() -> Result<OsRng, KeyError> {
    OsRng.try_fill_bytes(&mut [0_u8; 16]).map_err(|error| KeyError::Generate(SafeText::new(&error.to_string())))?;
    Ok(OsRng)
}

/// Whether a PEM label is one that names a kind of thing, such as `X509 CRL`.
fn is_a_name(label: &str) -> bool {
    let is_word = |word: &str| word.len() <= LONGEST_WORD && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    label.len() <= LONGEST_LABEL && label.split(' ').all(is_word)
}

/// Whether a text looks like an API key, and not like a word, a path or an address. Adobe's are 32 hexadecimal digits.
fn looks_like_api_key(text: &str) -> bool {
    (LEAST_API_KEY..=API_KEY_LIMIT).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && text.bytes().any(|b| b.is_ascii_digit())
}

fn unusable(error: &dyn std::error::Error) -> KeyError {
    KeyError::Unusable(SafeText::new(&error.to_string()))
}

fn pem_layout() -> pem::EncodeConfig {
    pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF)
}
