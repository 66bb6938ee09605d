//! Commerce's encryption of settings: ChaCha20-Poly1305 with the keys of `crypt/key` (protocol page §5).
//!
//! A value is `keyIndex:cipher:base64`, where the bytes are a 12-byte nonce, the ciphertext and a 16-byte tag, and the nonce
//! is the additional data as well. This file must never know which setting it works on, or where it is kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, Generate as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::untrusted::SafeText;

/// The bytes of a key.
const KEY_BYTES: usize = 32;
/// The bytes of a nonce.
const NONCE_BYTES: usize = 12;
/// Commerce's number for ChaCha20-Poly1305; those below it are legacy ciphers.
const CHACHA20_POLY1305: u32 = 3;
/// What a key of Commerce 2.4.7 and later may begin with; the rest is base64.
const BASE64_MARK: &str = "base64";

/// Why a value cannot be encrypted or decrypted. It never holds a key or a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CryptError {
    /// `crypt/key` is empty.
    #[error("no key in crypt/key")]
    NoKeys,
    /// A key that is not made of 32 bytes.
    #[error(
        "key {number} of crypt/key is invalid: it must be 32 characters, or the word base64 and 32 bytes in base64"
    )]
    BadKey {
        /// Its position, from 1.
        number: usize,
    },
    /// Not of the form `keyIndex:cipher:base64`.
    #[error("the value is not in Commerce's encrypted format")]
    NotEncrypted,
    /// Encrypted by a cipher that Commerce no longer writes.
    #[error("the value is encrypted with a legacy cipher ({0}), which is not supported")]
    Legacy(&'static str),
    /// A cipher that is not known.
    #[error("the value is encrypted with the unknown cipher {0}")]
    UnknownCipher(u32),
    /// A key that is not there.
    #[error("the value is encrypted with key {wanted}, but there {}", only(*.present))]
    NoSuchKey {
        /// The key's position, from 1.
        wanted: usize,
        /// How many there are.
        present: usize,
    },
    /// No key fits, or the value is damaged.
    #[error("the value cannot be decrypted with {}", match .0 { 1 => "the only key".to_owned(), count => format!("any of the {count} keys") })]
    NoKeyFits(usize),
    /// A value that could not be encrypted.
    #[error("the value cannot be encrypted: {0}")]
    NotSealed(SafeText),
}

fn only(count: usize) -> String {
    if count == 1 { "is only 1 key".to_owned() } else { format!("are only {count} keys") }
}

/// The keys of an installation. The last one encrypts.
#[derive(Clone)]
pub struct CryptKeys(Vec<Zeroizing<[u8; KEY_BYTES]>>);

impl std::fmt::Debug for CryptKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CryptKeys({} keys)", self.0.len())
    }
}

impl CryptKeys {
    /// Reads `crypt/key`: keys with white space between them.
    ///
    /// # Errors
    /// [`CryptError::NoKeys`] and [`CryptError::BadKey`].
    pub fn parse(text: &Secret) -> Result<Self, CryptError> {
        let keys = text
            .expose()
            .split_whitespace()
            .enumerate()
            .map(|(at, key)| key_of(key).ok_or(CryptError::BadKey { number: at + 1 }))
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(CryptError::NoKeys) } else { Ok(Self(keys)) }
    }

    /// How many keys there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Decrypts a value. What is decrypted is trimmed, as Commerce does it.
    ///
    /// The key that the value names is tried first. The others are tried as well: a wrong key cannot go unnoticed, and a key
    /// list that was reordered by hand still holds the right one.
    pub fn decrypt(&self, value: &str) -> Result<Secret, CryptError> {
        let (index, data) = parts(value)?;
        let named = self.0.get(index).ok_or(CryptError::NoSuchKey { wanted: index + 1, present: self.count() })?;
        let bytes = STANDARD.decode(data).map_err(|_| CryptError::NotEncrypted)?;
        let Some((nonce, sealed)) = bytes.split_first_chunk::<NONCE_BYTES>() else {
            return Err(CryptError::NoKeyFits(self.count()));
        };
        let others = self.0.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, key)| key);
        let plain = std::iter::once(named)
            .chain(others)
            .find_map(|key| open(key, nonce, sealed))
            .ok_or(CryptError::NoKeyFits(self.count()))?;
        // Commerce's values are text; other bytes are as good as undecrypted.
        let text = std::str::from_utf8(&plain).map_err(|_| CryptError::NoKeyFits(self.count()))?;
        Ok(Secret::new(text.trim_matches(|c: char| c.is_whitespace() || c == '\0')))
    }

    /// Encrypts a value with the last key, under a nonce that is used once.
    ///
    /// # Errors
    /// [`CryptError::NotSealed`], if the system gives no randomness.
    pub fn encrypt(&self, plain: &Secret) -> Result<String, CryptError> {
        let nonce = Nonce::try_generate().map_err(|error| CryptError::NotSealed(SafeText::new(&error.to_string())))?;
        self.seal(plain, nonce)
    }

    fn seal(&self, plain: &Secret, nonce: Nonce) -> Result<String, CryptError> {
        let (index, key) = self.0.iter().enumerate().next_back().ok_or(CryptError::NoKeys)?;
        let payload = Payload { msg: plain.expose().as_bytes(), aad: &nonce };
        let sealed =
            cipher(key).encrypt(&nonce, payload).map_err(|_| CryptError::NotSealed("it is too long".into()))?;
        Ok(format!("{index}:{CHACHA20_POLY1305}:{}", STANDARD.encode([nonce.as_slice(), &sealed].concat())))
    }
}

fn cipher(key: &[u8; KEY_BYTES]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(key.into())
}

fn open(key: &[u8; KEY_BYTES], nonce: &[u8; NONCE_BYTES], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    cipher(key).decrypt(nonce.into(), Payload { msg: sealed, aad: nonce }).ok().map(Zeroizing::new)
}

/// A key in either of its two forms.
fn key_of(text: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let encoded = text.strip_prefix(BASE64_MARK).and_then(|rest| STANDARD.decode(rest).ok()).map(Zeroizing::new);
    let bytes = encoded.as_ref().map(|bytes| bytes.as_slice()).filter(|bytes| bytes.len() == KEY_BYTES);
    <[u8; KEY_BYTES]>::try_from(bytes.unwrap_or(text.as_bytes())).ok().map(Zeroizing::new)
}

/// The key's index and the data of an encrypted value.
fn parts(value: &str) -> Result<(usize, &str), CryptError> {
    let parts: Vec<&str> = value.trim().split(':').collect();
    let number = |text: &str| text.parse::<u32>().ok();
    let (index, cipher, data) = match parts.as_slice() {
        [index, cipher, data] => (number(index), number(cipher), *data),
        // The legacy form with an initialization vector of its own.
        [index, cipher, _, data] => (number(index), number(cipher).filter(|cipher| *cipher < CHACHA20_POLY1305), *data),
        _ => return Err(CryptError::NotEncrypted),
    };
    let (Some(index), Some(cipher)) = (index, cipher) else { return Err(CryptError::NotEncrypted) };
    match cipher {
        0 => Err(CryptError::Legacy("Blowfish")),
        1 => Err(CryptError::Legacy("Rijndael-128")),
        2 => Err(CryptError::Legacy("Rijndael-256")),
        CHACHA20_POLY1305 => Ok((usize::try_from(index).unwrap_or(usize::MAX), data)),
        other => Err(CryptError::UnknownCipher(other)),
    }
}

#[cfg(test)]
mod tests {
    use ring::aead::{Aad, CHACHA20_POLY1305 as RING_CHACHA, LessSafeKey, Nonce as RingNonce, UnboundKey};

    use super::*;

    const KEY_A: &str = "0123456789abcdef0123456789abcdef";
    const KEY_B: &str = "fedcba9876543210fedcba9876543210";
    const KEY_C: &str = "base6435j3/Lp3lLxkfZqTGpgOPReWR2deRiJQ9tdwBzNDKbo=";
    const NONCE: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    const PLAIN: &str = "example-secret-value";
    const VALUE_A: &str = "0:3:AAECAwQFBgcICQoLnUc1VRcvmobkd5r5UPx8sFGiJxfD/yRQFUS/nkVMeZ5TN0pC";
    const VALUE_B: &str = "1:3:AAECAwQFBgcICQoLIvnU5WouZww0Au6mDebJpGITecWUnu8Hr/vPOMIpSCNsMeIx";
    const VALUE_C: &str = "0:3:AAECAwQFBgcICQoLemp70VKdLDyygPJ08iwlxoo8UYqKgDXHe4RRmGdyh3MI7QTg";
    const VALUE_D: &str = "0:3:AAECAwQFBgcICQoLjEQcuFsDU0gUB+89Rw66sw==";

    fn keys(text: &str) -> CryptKeys {
        CryptKeys::parse(&Secret::new(text)).expect("keys")
    }

    fn decrypt(text: &str, value: &str) -> Result<String, CryptError> {
        keys(text).decrypt(value).map(|plain| plain.expose().to_owned())
    }

    /// By another library: what it says is not what this file believes.
    fn opened_by_ring(key: &[u8], value: &str, aad: Option<&[u8]>) -> Option<String> {
        let bytes = STANDARD.decode(value.rsplit(':').next().expect("data")).expect("base64");
        let (nonce, sealed) = bytes.split_at(12);
        let key = LessSafeKey::new(UnboundKey::new(&RING_CHACHA, key).expect("a key"));
        let mut sealed = sealed.to_vec();
        let number = RingNonce::try_assume_unique_for_key(nonce).expect("a nonce");
        let plain = key.open_in_place(number, Aad::from(aad.unwrap_or(nonce)), &mut sealed).ok()?;
        Some(String::from_utf8(plain.to_vec()).expect("text"))
    }

    #[test]
    fn what_commerce_wrote_is_read() {
        let both = format!("{KEY_A}\n{KEY_B}");
        assert_eq!(decrypt(KEY_A, VALUE_A).as_deref(), Ok(PLAIN));
        assert_eq!(decrypt(&both, VALUE_B).as_deref(), Ok(PLAIN));
        assert_eq!(decrypt(&format!("  {KEY_C}\n"), VALUE_C).as_deref(), Ok(PLAIN));
        assert_eq!(decrypt(KEY_A, VALUE_D).as_deref(), Ok(""));
        assert_eq!(decrypt(&both, &format!(" {VALUE_A}\n")).as_deref(), Ok(PLAIN), "the older of two keys");
    }

    #[test]
    fn what_is_written_is_what_commerce_writes() {
        let seal = |key: &str, plain: &str| keys(key).seal(&Secret::new(plain), NONCE.into()).expect("encrypted");
        assert_eq!(seal(KEY_A, PLAIN), VALUE_A);
        assert_eq!(seal(&format!("{KEY_A} {KEY_B}"), PLAIN), VALUE_B);
        assert_eq!(seal(KEY_C, PLAIN), VALUE_C);
        assert_eq!(seal(KEY_A, ""), VALUE_D);
    }

    #[test]
    fn another_library_reads_what_is_written() {
        let plain = "two lines\nand ümläuts";
        let value = keys(&format!("{KEY_A}\n{KEY_B}")).encrypt(&Secret::new(plain)).expect("encrypted");
        assert!(value.starts_with("1:3:"), "the last key encrypts");
        assert_eq!(opened_by_ring(KEY_B.as_bytes(), &value, None).as_deref(), Some(plain));
        assert_eq!(opened_by_ring(KEY_B.as_bytes(), &value, Some(b"")), None, "the nonce is the additional data");
        assert_eq!(opened_by_ring(KEY_A.as_bytes(), &value, None), None);
        let again = keys(KEY_B).encrypt(&Secret::new(plain)).expect("encrypted");
        assert_ne!(value[4..20], again[4..20], "each value has a nonce of its own");
    }

    #[test]
    fn a_value_without_additional_data_and_any_flipped_byte_fail() {
        let key = LessSafeKey::new(UnboundKey::new(&RING_CHACHA, KEY_A.as_bytes()).expect("a key"));
        let mut sealed = PLAIN.as_bytes().to_vec();
        key.seal_in_place_append_tag(RingNonce::assume_unique_for_key(NONCE), Aad::empty(), &mut sealed)
            .expect("sealed");
        let without = format!("0:3:{}", STANDARD.encode([NONCE.as_slice(), &sealed].concat()));
        assert_eq!(decrypt(KEY_A, &without), Err(CryptError::NoKeyFits(1)));

        let bytes = STANDARD.decode(&VALUE_A[4..]).expect("base64");
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            let value = format!("0:3:{}", STANDARD.encode(flipped));
            assert_eq!(decrypt(KEY_A, &value), Err(CryptError::NoKeyFits(1)), "byte {at}");
        }
        assert_eq!(decrypt(KEY_A, "0:3:AAEC"), Err(CryptError::NoKeyFits(1)), "cut off");
    }

    #[test]
    fn each_mistake_has_its_sentence() {
        let words = |text: &str, value: &str| decrypt(text, value).expect_err("refused").to_string();
        let both = format!("{KEY_B} {KEY_C}");
        assert_eq!(words(&both, VALUE_A), "the value cannot be decrypted with any of the 2 keys");
        assert_eq!(words(KEY_B, VALUE_A), "the value cannot be decrypted with the only key");
        assert_eq!(words(KEY_A, VALUE_B), "the value is encrypted with key 2, but there is only 1 key");
        assert_eq!(
            words(KEY_A, "0:2:YWJj"),
            "the value is encrypted with a legacy cipher (Rijndael-256), which is not supported"
        );
        assert!(matches!(decrypt(KEY_A, "0:0:iv:YWJj"), Err(CryptError::Legacy("Blowfish"))));
        assert_eq!(decrypt(KEY_A, "0:9:YWJj"), Err(CryptError::UnknownCipher(9)));
        for plain in ["", "0123456789abcdef", "a:b:c", "0:3:not base64", "0:3:iv:YWJj"] {
            assert_eq!(decrypt(KEY_A, plain), Err(CryptError::NotEncrypted), "{plain}");
        }
        let refused = |text: &str| CryptKeys::parse(&Secret::new(text)).expect_err("refused");
        assert_eq!(refused(" \n"), CryptError::NoKeys);
        assert_eq!(refused(&format!("{KEY_A} short")), CryptError::BadKey { number: 2 });
        assert_eq!(refused("base64c2hvcnQ="), CryptError::BadKey { number: 1 });
        assert_eq!(format!("{:?}", keys(&both)), "CryptKeys(2 keys)");
    }
}
