//! Whether a token in `x-gw-signature` is good (protocol page §1): RS256 by the registered key, and short-lived.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::signature::Verifier as _;
use serde::Deserialize;
use sha2::Sha256;

/// The longest life of a token, in seconds (`exp` − `iat`).
const MAX_LIFETIME: f64 = 300.0;
/// How far two clocks may be apart, in seconds.
const LEEWAY: f64 = 5.0;

#[derive(Deserialize)]
struct Header {
    alg: String,
}

/// The two claims that are checked; a `NumericDate` may have a fraction (RFC 7519 §2).
#[derive(Deserialize)]
struct Claims {
    iat: f64,
    exp: f64,
}

/// Checks a token at the time `now` (seconds since 1970).
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(token: &str, key: &VerifyingKey<Sha256>, now: f64) -> Result<(), &'static str> {
    let (signed, signature) = token.rsplit_once('.').ok_or("the token does not have three parts")?;
    let (header, claims) = signed.split_once('.').ok_or("the token does not have three parts")?;
    let header: Header = part(header).ok_or("the header is not base64url JSON with alg")?;
    if header.alg != "RS256" {
        return Err("alg is not RS256");
    }
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .ok()
        .and_then(|bytes| Signature::try_from(bytes.as_slice()).ok())
        .ok_or("the signature is not base64url")?;
    key.verify(signed.as_bytes(), &signature).map_err(|_| "the signature is not by the registered key")?;
    let claims: Claims = part(claims).ok_or("the claims are not base64url JSON with iat and exp")?;
    if claims.exp <= now {
        Err("the token has expired")
    } else if claims.iat > now + LEEWAY {
        Err("iat is in the future")
    } else if claims.exp - claims.iat > MAX_LIFETIME + LEEWAY {
        Err("the token lives longer than 300 seconds")
    } else {
        Ok(())
    }
}

fn part<T: serde::de::DeserializeOwned>(base64url: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(base64url).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use rsa::RsaPrivateKey;
    use rsa::pkcs1v15::SigningKey;
    use rsa::signature::{SignatureEncoding as _, Signer as _};
    use serde_json::{Value, json};

    use super::*;

    const NOW: f64 = 1_800_000_000.0;

    static KEY: LazyLock<SigningKey<Sha256>> =
        LazyLock::new(|| SigningKey::new(RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 1024).expect("a key")));

    fn encode(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    fn token(header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(KEY.sign(signed.as_bytes()).to_bytes());
        format!("{signed}.{signature}")
    }

    fn checked(token: &str) -> Result<(), &'static str> {
        check(token, &VerifyingKey::new(KEY.as_ref().to_public_key()), NOW)
    }

    fn with_claims(iat: f64, exp: f64) -> Result<(), &'static str> {
        checked(&token(&json!({"alg": "RS256", "typ": "JWT"}), &json!({"iat": iat, "exp": exp, "iss": "any"})))
    }

    #[test]
    fn a_fresh_token_of_300_seconds_is_good() {
        assert_eq!(with_claims(NOW, NOW + 300.0), Ok(()));
        assert_eq!(with_claims(NOW + LEEWAY, NOW + 300.0), Ok(()));
    }

    #[test]
    fn times_are_checked() {
        assert_eq!(with_claims(NOW - 300.0, NOW), Err("the token has expired"));
        assert_eq!(with_claims(NOW + 6.0, NOW + 300.0), Err("iat is in the future"));
        assert_eq!(with_claims(NOW, NOW + 306.0), Err("the token lives longer than 300 seconds"));
    }

    #[test]
    fn no_other_algorithm_is_let_in() {
        let claims = json!({"iat": NOW, "exp": NOW + 300.0});
        for alg in ["none", "HS256", "rs256", "RS512"] {
            assert_eq!(checked(&token(&json!({ "alg": alg }), &claims)), Err("alg is not RS256"));
        }
        let unsigned = format!("{}.{}.", encode(&json!({"alg": "RS256"})), encode(&claims));
        assert!(checked(&unsigned).is_err());
    }

    #[test]
    fn a_changed_claim_breaks_the_signature() {
        let good = token(&json!({"alg": "RS256"}), &json!({"iat": NOW, "exp": NOW + 300.0}));
        let forged = encode(&json!({"iat": NOW, "exp": NOW + 299.0}));
        let parts: Vec<&str> = good.split('.').collect();
        let changed = format!("{}.{forged}.{}", parts[0], parts[2]);
        assert_eq!(checked(&changed), Err("the signature is not by the registered key"));
    }

    #[test]
    fn nonsense_is_refused_without_a_panic() {
        for nonsense in ["", ".", "..", "a.b.c", "....", "e30.e30.", "é.é.é"] {
            assert!(checked(nonsense).is_err(), "{nonsense}");
        }
    }
}
