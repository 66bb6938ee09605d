//! The two key pairs of a sandbox, and the files from which a client reads its halves.

use std::path::Path;

use rsa::RsaPublicKey;
use rsa::pkcs1v15::VerifyingKey;
use rsa::pkcs8::DecodePublicKey as _;
use sha2::Sha256;
use uuid::Uuid;

use super::{ReadyPair, SandboxError};
use crate::keys::{ApiKey, PrivateKey};
use crate::private_file::{self, Secrecy, safe};
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

/// The pair of this name in a directory: `<name>.pem`, `<name>.api-key` and `<name>.client-secret`. What is already there
/// is kept, so that a client's configuration outlives a restart; the rest is made. Blocking.
///
/// # Errors
/// [`SandboxError::Keys`] if a key cannot be made or the one that is there cannot be used, [`SandboxError::File`] if a file
/// cannot be read or written.
pub(super) fn keep_or_make(directory: &Path, name: &str) -> Result<(Registered, ReadyPair), SandboxError> {
    private_file::create_dir(directory)?;
    let file = |end: &str| directory.join(format!("{name}.{end}"));
    let (private_key_file, api_key_file, client_secret_file) = (file("pem"), file("api-key"), file("client-secret"));

    let private_key = if private_key_file.exists() {
        PrivateKey::read(&private_key_file).map_err(|error| unusable(&private_key_file, error))?
    } else {
        let made = PrivateKey::generate().map_err(failed)?;
        private_file::write(&private_key_file, made.to_pem().map_err(failed)?.expose().as_bytes())?;
        made
    };
    let public_key = registered_half(&private_key)?;
    let api_key = kept_or(&api_key_file, || Uuid::new_v4().simple().to_string())?;
    let api_key = ApiKey::parse(&api_key).map_err(|error| unusable(&api_key_file, error))?.expose().to_owned();
    let client_secret = Secret::new(kept_or(&client_secret_file, || format!("sandbox-{}", Uuid::new_v4().simple()))?);
    let pair = ReadyPair { api_key: api_key.clone(), private_key_file, client_secret_file };
    Ok((Registered { api_key, public_key, client_secret }, pair))
}

/// The one line of a file, or if there is no file, something fresh, which is written to it.
fn kept_or(path: &Path, fresh: impl FnOnce() -> String) -> Result<String, SandboxError> {
    if path.exists() {
        return Ok(private_file::read(path, Secrecy::Secret)?.trim_end().to_owned());
    }
    let made = fresh();
    private_file::write(path, made.as_bytes())?;
    Ok(made)
}

fn registered_half(private_key: &PrivateKey) -> Result<VerifyingKey<Sha256>, SandboxError> {
    let public = pem::parse(private_key.public_key_pem()).map_err(failed)?;
    RsaPublicKey::from_public_key_der(public.contents()).map(VerifyingKey::new).map_err(failed)
}

fn unusable(path: &Path, error: impl std::fmt::Display) -> SandboxError {
    let path = safe(path);
    SandboxError::Keys(SafeText::new(&format!("{path}: {error}; move the file away to create another")))
}

fn failed(error: impl std::fmt::Display) -> SandboxError {
    SandboxError::Keys(SafeText::new(&error.to_string()))
}
