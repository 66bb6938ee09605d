//! Where a key pair is kept, and what can be said of it without asking the gateway.

use std::path::{Path, PathBuf};

use super::{Half, PairStatus};
use crate::client::models::Environment;
use crate::config::store::{Origin, Store};
use crate::config::{Config, PairSetting};
use crate::keys::{ApiKey, PrivateKey};
use crate::private_file::safe;
use crate::untrusted::SafeText;

/// Where the configuration has a pair.
pub fn setting(config: &Config, environment: Environment) -> &PairSetting {
    match environment {
        Environment::Production => &config.credentials.production,
        Environment::Sandbox => &config.credentials.sandbox,
    }
}

/// Named after the key itself, so that saving a new pair never writes over the file that is still in force.
pub fn new_file_name(environment: Environment, key: &PrivateKey) -> PathBuf {
    let tail: String =
        key.fingerprint().chars().filter(char::is_ascii_alphanumeric).skip("SHA256".len()).take(8).collect();
    PathBuf::from(format!("{environment}-{tail}.pem"))
}

/// Whether this program made the file: only such a one is taken away when a new pair replaces it.
pub fn is_own_file(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let stem = Environment::ALL.iter().find_map(|environment| name.strip_prefix(&format!("{environment}-")));
    stem.and_then(|stem| stem.strip_suffix(".pem"))
        .is_some_and(|tail| tail.len() == 8 && tail.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// What is known of a pair without asking the gateway. Reads the key file.
pub fn status(store: &Store, environment: Environment) -> PairStatus {
    let pair = setting(store.config(), environment);
    let api_key = match pair.api_key.as_deref().map(ApiKey::parse) {
        None => Half::Missing,
        Some(Ok(key)) => Half::Present {
            shown: SafeText::new(&key.masked()),
            origin: SafeText::new(&match store.origin(&format!("credentials.{environment}.api_key")) {
                Origin::File => store.path().display().to_string(),
                elsewhere => elsewhere.to_string(),
            }),
        },
        Some(Err(error)) => Half::Unusable { reason: SafeText::new(&error.to_string()) },
    };
    let private_key = match pair.private_key_file.as_deref().map(|path| store.resolve(path)) {
        None => Half::Missing,
        Some(path) => match PrivateKey::read(&path) {
            Ok(key) => Half::Present {
                shown: SafeText::new(&format!("RSA {} bits {}", key.bits(), key.fingerprint())),
                origin: safe(&path),
            },
            Err(error) => Half::Unusable { reason: SafeText::new(&error.to_string()) },
        },
    };
    PairStatus { environment, api_key, private_key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_key_files_are_taken_away() {
        assert!(is_own_file(Path::new("production-Ab12Cd34.pem")));
        assert!(!is_own_file(Path::new("production.pem")));
        assert!(!is_own_file(Path::new("/etc/ssl/production-Ab12Cd34.pem")));
        assert!(!is_own_file(Path::new("sandbox-backup.pem")));
    }
}
