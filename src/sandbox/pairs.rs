//! The two key pairs of a sandbox, and the files from which a client reads its halves.

use std::path::Path;

use rsa::RsaPublicKey;
use rsa::pkcs1v15::VerifyingKey;
use rsa::pkcs8::DecodePublicKey as _;
use sha2::Sha256;
use uuid::Uuid;

use super::{ReadyPair, SandboxError};
use crate::keys::PrivateKey;
use crate::private_file;
use crate::secret::Secret;
use crate::untrusted::SafeText;

/// The gateway's half of a pair.
#[derive(Debug)]
pub(super) struct Registered {
    /// The public API key; it is the IMS client id, too.
    pub(super) api_key: String,
    /// What signatures are checked with.
    pub(super) public_key: VerifyingKey<Sha256>,
    /// The secret of the IMS client.
    pub(super) client_secret: Secret,
}

/// Makes a pair and writes the client's half to `<name>.pem` and `<name>.client-secret` in a directory. Blocking.
///
/// # Errors
/// [`SandboxError::Keys`] if no key can be made, [`SandboxError::File`] if a file cannot be written.
pub(super) fn make(directory: &Path, name: &str) -> Result<(Registered, ReadyPair), SandboxError> {
    let private_key = PrivateKey::generate().map_err(failed)?;
    let public_key = registered_half(&private_key)?;
    let client_secret = Secret::new(format!("sandbox-{}", Uuid::new_v4().simple()));
    let pair = ReadyPair {
        api_key: Uuid::new_v4().simple().to_string(),
        private_key_file: directory.join(format!("{name}.pem")),
        client_secret_file: directory.join(format!("{name}.client-secret")),
    };
    private_file::create_dir(directory)?;
    private_file::write(&pair.private_key_file, private_key.to_pem().map_err(failed)?.expose().as_bytes())?;
    private_file::write(&pair.client_secret_file, client_secret.expose().as_bytes())?;
    Ok((Registered { api_key: pair.api_key.clone(), public_key, client_secret }, pair))
}

fn registered_half(private_key: &PrivateKey) -> Result<VerifyingKey<Sha256>, SandboxError> {
    let public = pem::parse(private_key.public_key_pem()).map_err(failed)?;
    RsaPublicKey::from_public_key_der(public.contents()).map(VerifyingKey::new).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> SandboxError {
    SandboxError::Keys(SafeText::new(&error.to_string()))
}
