//! The two key pairs of a sandbox, and the files from which a client reads its halves.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use rsa::pkcs1v15::VerifyingKey;
use rsa::pkcs8::EncodePrivateKey as _;
use sha2::Sha256;
use uuid::Uuid;

use super::{ReadyPair, SandboxError};
use crate::keys::MIN_BITS;
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

/// Makes a pair and writes the client's half to `<name>.pem` and `<name>.client-secret` in a directory.
///
/// # Errors
/// [`SandboxError::Keys`] if no key can be made or a file cannot be written.
pub(super) fn make(directory: &Path, name: &str) -> Result<(Registered, ReadyPair), SandboxError> {
    let failed = |path: &Path, reason: String| SandboxError::Keys {
        path: SafeText::new(&path.display().to_string()),
        reason: SafeText::new(&reason),
    };
    create_directory(directory).map_err(|error| failed(directory, error.to_string()))?;
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, MIN_BITS)
        .map_err(|error| failed(directory, error.to_string()))?;
    let der = key.to_pkcs8_der().map_err(|error| failed(directory, error.to_string()))?;
    let pem = Secret::new(pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_bytes())));
    let client_secret = Secret::new(format!("p8e-{}", Uuid::new_v4().simple()));
    let pair = ReadyPair {
        api_key: Uuid::new_v4().simple().to_string(),
        private_key_file: directory.join(format!("{name}.pem")),
        client_secret_file: directory.join(format!("{name}.client-secret")),
    };
    for (path, secret) in [(&pair.private_key_file, &pem), (&pair.client_secret_file, &client_secret)] {
        write_private(path, secret.expose().as_bytes()).map_err(|error| failed(path, error.to_string()))?;
    }
    let public_key = VerifyingKey::new(key.to_public_key());
    Ok((Registered { api_key: pair.api_key.clone(), public_key, client_secret }, pair))
}

fn create_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Writes a file that only its owner may read, whole or not at all: a temporary file beside it, then a rename.
///
/// # Errors
/// What the system says.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}", Uuid::new_v4().simple()));
    let temporary = Path::new(&temporary);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(temporary)
        .and_then(|mut file: File| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(temporary, path));
    if written.is_err() {
        // What failed is reported; that its leftover cannot be removed either adds nothing.
        let _ = std::fs::remove_file(temporary);
    }
    written
}
