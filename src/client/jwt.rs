//! The JWT of `x-gw-signature`: signed with the private key, reused until shortly before it expires (protocol page §1).
//!
//! It must never know to whom the token is sent.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::HeaderValue;
use serde_json::{Map, Value, json};

use crate::keys::{KeyError, PrivateKey};

/// How long a token is valid, in seconds: what the gateway documents; it refuses longer ones.
pub(super) const LIFETIME: i64 = 300;

/// How long before its end a token is no longer used, in seconds: a request may be slow, and clocks differ.
pub(super) const RENEW_BEFORE: i64 = 30;

/// The claims that this file sets itself.
pub(super) const OWN_CLAIMS: [&str; 2] = ["iat", "exp"];

/// Signs tokens, and keeps the newest.
pub(super) struct TokenSource {
    key: PrivateKey,
    claims: BTreeMap<String, String>,
    newest: Mutex<Newest>,
}

#[derive(Default)]
struct Newest {
    token: Option<Token>,
    /// How often a token was given up before its time.
    renewals: u64,
}

struct Token {
    header: HeaderValue,
    signed_at: i64,
}

impl Token {
    /// Not usable before it was signed either: then the clock was set back, and the gateway would refuse its `iat`.
    fn is_usable(&self, now: i64) -> bool {
        (self.signed_at..self.signed_at + LIFETIME - RENEW_BEFORE).contains(&now)
    }
}

impl TokenSource {
    /// `claims` are added to [`OWN_CLAIMS`].
    pub(super) fn new(key: PrivateKey, claims: BTreeMap<String, String>) -> Self {
        Self { key, claims, newest: Mutex::default() }
    }

    /// The header value to use at `now` (Unix time, seconds), marked as sensitive.
    ///
    /// Signing takes a few milliseconds, once in four and a half minutes. It is done under the lock and on the calling
    /// thread: workers that come at the same time wait that long instead of all signing a token of their own.
    pub(super) fn header(&self, now: i64) -> Result<HeaderValue, KeyError> {
        let mut newest = self.newest();
        if let Some(token) = newest.token.as_ref().filter(|token| token.is_usable(now)) {
            return Ok(token.header.clone());
        }
        let header = self.sign(now)?;
        newest.token = Some(Token { header: header.clone(), signed_at: now });
        Ok(header)
    }

    /// How often [`TokenSource::renew`] has given a token up.
    pub(super) fn number(&self) -> u64 {
        self.newest().renewals
    }

    /// Gives the newest token up, if it is still the one of this number: somebody refused it.
    pub(super) fn renew(&self, number: u64) {
        let mut newest = self.newest();
        if newest.renewals == number {
            *newest = Newest { token: None, renewals: number + 1 };
        }
    }

    fn newest(&self) -> MutexGuard<'_, Newest> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sign(&self, now: i64) -> Result<HeaderValue, KeyError> {
        let mut claims: Map<String, Value> =
            self.claims.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        claims.insert("iat".to_owned(), Value::from(now));
        claims.insert("exp".to_owned(), Value::from(now + LIFETIME));
        let mut token = format!("{}.{}", part(&json!({"alg": "RS256", "typ": "JWT"})), part(&Value::Object(claims)));
        let signature = self.key.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        let mut header = HeaderValue::try_from(token).map_err(|error| KeyError::Unusable(error.to_string().into()))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSource(…)")
    }
}

#[cfg(test)]
mod tests {
    use rsa::RsaPublicKey;
    use rsa::pkcs1v15::{Signature, VerifyingKey};
    use rsa::pkcs8::DecodePublicKey as _;
    use rsa::sha2::Sha256;
    use rsa::signature::Verifier as _;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn source() -> TokenSource {
        let claims = BTreeMap::from([("iss".to_owned(), "someone".to_owned())]);
        TokenSource::new(PrivateKey::parse(include_str!("../keys/fixtures/rsa-2048.pem")).expect("a key"), claims)
    }

    #[test]
    fn the_token_is_what_the_gateway_documents_and_its_signature_verifies() {
        let source = source();
        let header = source.header(NOW).expect("a token");
        let parts: Vec<&str> = header.to_str().expect("ASCII").split('.').collect();
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).expect("base64url");
        let json = |part: &str| serde_json::from_slice::<Value>(&decode(part)).expect("JSON");
        assert_eq!(json(parts[0]), json!({"alg": "RS256", "typ": "JWT"}));
        assert_eq!(json(parts[1]), json!({"iat": NOW, "exp": NOW + 300, "iss": "someone"}));

        let public = pem::parse(source.key.public_key_pem()).expect("PEM");
        let public = RsaPublicKey::from_public_key_der(public.contents()).expect("a public key");
        let signature = Signature::try_from(decode(parts[2]).as_slice()).expect("a signature");
        let signed = format!("{}.{}", parts[0], parts[1]);
        VerifyingKey::<Sha256>::new(public).verify(signed.as_bytes(), &signature).expect("it verifies");
    }

    #[test]
    fn a_token_is_reused_until_30_seconds_before_its_end() {
        let source = source();
        let first = source.header(NOW).expect("a token");
        assert_eq!(source.header(NOW + 269).expect("a token"), first);
        let second = source.header(NOW + 270).expect("a token");
        assert_ne!(second, first);
        assert_eq!(source.header(NOW + 300).expect("a token"), second);
    }

    #[test]
    fn a_token_that_was_refused_is_given_up_once_however_many_tell_of_it() {
        let source = source();
        let first = source.header(NOW).expect("a token");
        let number = source.number();
        source.renew(number);
        let second = source.header(NOW + 1).expect("a token");
        assert_ne!(second, first);
        source.renew(number);
        assert_eq!(source.header(NOW + 2).expect("a token"), second);
    }

    #[test]
    fn a_clock_that_was_set_back_gets_a_new_token() {
        let source = source();
        let first = source.header(NOW).expect("a token");
        assert_ne!(source.header(NOW - 1).expect("a token"), first);
    }

    #[test]
    fn neither_key_nor_token_is_printed() {
        let source = source();
        let header = source.header(NOW).expect("a token");
        assert_eq!(format!("{source:?} {header:?}"), "TokenSource(…) Sensitive");
    }
}
