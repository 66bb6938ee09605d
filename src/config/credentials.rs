//! Credentials that the service manager hands over as files (`LoadCredential` of systemd): which there are, and what each is for.

use std::path::{Path, PathBuf};

use crate::variables::Variables;

/// A credential by its name, and the key that it is the value of. Of a key that ends with `_file`, it is the file.
pub(super) struct Credential {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
}

/// Every credential. Others in the directory are somebody else's.
pub(super) const CREDENTIALS: [Credential; 6] = [
    Credential { name: "production-api-key", key: "credentials.production.api_key" },
    Credential { name: "production-private-key", key: "credentials.production.private_key_file" },
    Credential { name: "sandbox-api-key", key: "credentials.sandbox.api_key" },
    Credential { name: "sandbox-private-key", key: "credentials.sandbox.private_key_file" },
    Credential { name: "database-password", key: "source.commerce.password_file" },
    Credential { name: "webhook-secret", key: "notify.webhook_secret_file" },
];

impl Credential {
    /// Its file; `None` if it was not handed over.
    pub(super) fn file(&self, environment: &Variables) -> Option<PathBuf> {
        let directory = environment.get("CREDENTIALS_DIRECTORY").map(Path::new)?;
        let file = directory.join(self.name);
        (directory.is_absolute() && file.exists()).then_some(file)
    }

    /// Whether its value is the path of the file, and not what is in it.
    pub(super) fn is_file(&self) -> bool {
        self.key.ends_with("_file")
    }
}
