//! The publisher's key, and whether it signed something: RSA or EC with SHA-256, as `openssl dgst -sign` does.

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use rsa::pkcs8::der::Decode as _;
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;

/// A public key as it stands within its PEM.
pub(super) struct PublicKey(Vec<u8>);

impl PublicKey {
    /// `None` if the text is no public key in PEM.
    pub fn parse(text: &str) -> Option<Self> {
        let pem = pem::parse(text).ok().filter(|pem| pem.tag() == "PUBLIC KEY")?;
        let info = SubjectPublicKeyInfoRef::from_der(pem.contents()).ok()?;
        info.subject_public_key.as_bytes().map(|bytes| Self(bytes.to_vec()))
    }

    /// A key is of one kind, and no other kind of signature can be checked with it.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let kinds: [&dyn VerificationAlgorithm; 3] =
            [&ECDSA_P256_SHA256_ASN1, &ECDSA_P384_SHA256_ASN1, &RSA_PKCS1_2048_8192_SHA256];
        kinds.into_iter().any(|kind| UnparsedPublicKey::new(kind, &self.0).verify(message, signature).is_ok())
    }
}
