//! The two key pairs of a sandbox, and the files from which a client reads its halves.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use rsa::RsaPublicKey;
use rsa::pkcs1v15::VerifyingKey;
use rsa::pkcs8::DecodePublicKey as _;
use sha2::Sha256;
use uuid::Uuid;

use super::{ReadyPair, SandboxError};
use crate::keys::PrivateKey;
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
    let failed = |path: &Path, error: &dyn std::fmt::Display| SandboxError::Keys {
        path: SafeText::new(&path.display().to_string()),
        reason: SafeText::new(&error.to_string()),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|error| failed(directory, &error))?;
    let private_key = PrivateKey::generate().map_err(|error| failed(directory, &error))?;
    let private_pem = private_key.to_pem().map_err(|error| failed(directory, &error))?;
    let client_secret = Secret::new(format!("sandbox-{}", Uuid::new_v4().simple()));
    let pair = ReadyPair {
        api_key: Uuid::new_v4().simple().to_string(),
        private_key_file: directory.join(format!("{name}.pem")),
        client_secret_file: directory.join(format!("{name}.client-secret")),
    };
    for (path, secret) in [(&pair.private_key_file, &private_pem), (&pair.client_secret_file, &client_secret)] {
        write_private(path, secret.expose().as_bytes()).map_err(|error| failed(path, &error))?;
    }
    let public_der = pem::parse(private_key.public_key_pem()).map_err(|error| failed(directory, &error))?;
    let public_key =
        RsaPublicKey::from_public_key_der(public_der.contents()).map_err(|error| failed(directory, &error))?;
    let registered =
        Registered { api_key: pair.api_key.clone(), public_key: VerifyingKey::new(public_key), client_secret };
    Ok((registered, pair))
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
