//! What a DER text is, seen from its outline, so that a wrong one can be named.
//!
//! Only the first level of the structure is read here; the keys themselves are parsed by `rsa`.

/// What the outline looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyFormat {
    /// `PrivateKeyInfo`: a private key of any algorithm.
    Pkcs8,
    /// `RSAPrivateKey`.
    Pkcs1,
    /// `ECPrivateKey`.
    Sec1,
    /// `SubjectPublicKeyInfo` or `RSAPublicKey`.
    PublicKey,
    /// `EncryptedPrivateKeyInfo`.
    Encrypted,
    /// A certificate or a certificate request.
    Certificate,
    /// It ends before it says it does.
    CutShort,
    /// Nothing of these.
    Other,
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// How many elements are enough to tell the kinds apart.
const OUTLINE: usize = 4;

/// What `der` is, as far as its outline shows.
pub(super) fn kind(der: &[u8]) -> KeyFormat {
    let Some((SEQUENCE, content, _)) = element(der) else {
        return if der.first() == Some(&SEQUENCE) { KeyFormat::CutShort } else { KeyFormat::Other };
    };
    let mut tags = Vec::with_capacity(OUTLINE);
    let mut rest = content;
    while !rest.is_empty() && tags.len() < OUTLINE {
        let Some((tag, _, after)) = element(rest) else { return KeyFormat::Other };
        tags.push(tag);
        rest = after;
    }
    match tags.as_slice() {
        [INTEGER, SEQUENCE, OCTET_STRING, ..] => KeyFormat::Pkcs8,
        [INTEGER, INTEGER, INTEGER, INTEGER] => KeyFormat::Pkcs1,
        [INTEGER, OCTET_STRING, ..] => KeyFormat::Sec1,
        [INTEGER, INTEGER] | [SEQUENCE, BIT_STRING] => KeyFormat::PublicKey,
        [SEQUENCE, OCTET_STRING] => KeyFormat::Encrypted,
        [SEQUENCE, SEQUENCE, BIT_STRING] => KeyFormat::Certificate,
        _ => KeyFormat::Other,
    }
}

/// The first element: tag, content, and what follows it. `None` if it is not complete.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = digits.iter().try_fold(0_usize, |sum, &digit| sum.checked_mul(256)?.checked_add(digit.into()))?;
        (length, rest)
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

/// The name of a private key's algorithm, with its article, from the dotted object identifier.
pub(super) fn algorithm_name(oid: &str) -> String {
    match oid {
        "1.2.840.10045.2.1" => "an elliptic curve (EC) key".to_owned(),
        "1.3.101.110" => "an X25519 key".to_owned(),
        "1.3.101.112" => "an Ed25519 key".to_owned(),
        "1.3.101.113" => "an Ed448 key".to_owned(),
        "1.2.840.10040.4.1" => "a DSA key".to_owned(),
        "1.2.840.113549.1.1.10" => "an RSASSA-PSS key, which cannot sign RS256".to_owned(),
        other => format!("a key of algorithm {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_are_told_apart() {
        assert_eq!(kind(&[0x30, 6, 2, 1, 0, 4, 1, 9]), KeyFormat::Sec1);
        assert_eq!(kind(&[0x30, 6, 2, 1, 7, 2, 1, 3]), KeyFormat::PublicKey);
        assert_eq!(kind(&[0x30, 4, 0x30, 0, 4, 0]), KeyFormat::Encrypted);
        assert_eq!(kind(&[0x30, 6, 0x30, 0, 0x30, 0, 3, 0]), KeyFormat::Certificate);
        assert_eq!(kind(&[0x30, 7, 2, 1, 0, 0x30, 0, 4, 0]), KeyFormat::Pkcs8);
    }

    #[test]
    fn lengths_that_lie_are_cut_short_and_never_a_panic() {
        assert_eq!(kind(&[0x30, 0x82, 0xff, 0xff, 2]), KeyFormat::CutShort);
        assert_eq!(kind(&[0x30, 0xff, 1, 2, 3]), KeyFormat::CutShort);
        assert_eq!(kind(&[0x30]), KeyFormat::CutShort);
        assert_eq!(kind(&[0x30, 3, 2, 9, 0]), KeyFormat::Other);
        assert_eq!(kind(b"hello"), KeyFormat::Other);
        assert_eq!(kind(&[]), KeyFormat::Other);
    }
}
