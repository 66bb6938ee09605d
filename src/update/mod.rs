//! A newer version of this program, from where its publisher puts packages: checked, and put in the place of the one that runs.
//!
//! It reads what `scripts/package` writes, as `scripts/install` does: SHA256SUMS, its signature, and the archive for this machine.

mod archive;
mod replace;
mod signature;
mod source;

use std::cmp::Ordering;
use std::env::consts::ARCH;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::error::{Exit, Explain};
use crate::private_file::{self, PrivateFileError, Secrecy};
use crate::remedy::Hint;
use crate::untrusted::SafeText;
pub use replace::{packaged_by, replace};
use source::Source;

/// The version that runs.
pub const CURRENT: &str = env!("CARGO_PKG_VERSION");

/// The list of packages with their checksums is not longer, in bytes.
const SUMS_LIMIT: usize = 64 * 1024;
/// An archive has 15 MB.
const ARCHIVE_LIMIT: usize = 200 * 1024 * 1024;

/// Why this program stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// The file of the publisher's key cannot be used.
    #[error(transparent)]
    Key(#[from] PrivateFileError),
    #[error("{path} is not a public key in PEM")]
    NoKey { path: SafeText },
    #[error("{file} cannot be read from {from}: {reason}")]
    Unreadable {
        file: SafeText,
        from: SafeText,
        reason: SafeText,
        /// Whether it may work later.
        may_pass: bool,
    },
    #[error("bad signature: SHA256SUMS in {from} was not signed with the private key of {key}")]
    Signature { from: SafeText, key: SafeText },
    #[error("{from} has no archive for this machine ({ARCH}), only: {others}")]
    Machine { from: SafeText, others: SafeText },
    #[error("{offered} is older than this version, {CURRENT}")]
    Older { offered: SafeText },
    #[error("wrong checksum: {file} is not the file that was published")]
    Checksum { file: SafeText },
    #[error("{file} cannot be used: {reason}")]
    Archive { file: SafeText, reason: SafeText },
    #[error("this program was installed as a package")]
    Packaged { by: &'static str },
    #[error("{path}: {reason}")]
    Io { path: SafeText, reason: SafeText },
}

impl Explain for UpdateError {
    fn exit(&self) -> Exit {
        match self {
            Self::Unreadable { may_pass: true, .. } => Exit::TryAgain,
            Self::Signature { .. } | Self::Checksum { .. } | Self::Older { .. } | Self::Packaged { .. } => {
                Exit::Guarded
            }
            Self::Key(_) | Self::NoKey { .. } | Self::Unreadable { .. } | Self::Machine { .. } => Exit::Usage,
            Self::Archive { .. } | Self::Io { .. } => Exit::Other,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Key(error) => error.hint(),
            Self::NoKey { .. } => Some("name the file that the publisher gave you".into()),
            Self::Signature { .. } | Self::Checksum { .. } => {
                Some("nothing was changed; ask the publisher, or fetch the packages again".into())
            }
            Self::Older { .. } => Some("add --force to go back to it".into()),
            Self::Packaged { by } => Some(format!("run `{by}`").into()),
            Self::Io { .. } => Some("run it as the user who owns the program".into()),
            Self::Unreadable { .. } | Self::Machine { .. } | Self::Archive { .. } => None,
        }
    }
}

/// A version that is offered for this machine, by a list that its publisher signed.
#[derive(Debug)]
pub struct Offer {
    source: Source,
    file: String,
    checksum: String,
    pub version: String,
}

/// Looks what is offered at `from`, a directory or a URL, and whether the holder of `key` signed it.
///
/// # Errors
/// [`UpdateError`]; nothing is changed.
pub async fn look(from: &str, key: PathBuf, ca_file: Option<PathBuf>) -> Result<Offer, UpdateError> {
    let shown = private_file::safe(&key);
    let pem = private_file::read(&key, Secrecy::Open)?;
    let key = signature::PublicKey::parse(&pem).ok_or(UpdateError::NoKey { path: shown.clone() })?;
    let source = Source::new(from, ca_file)?;
    let sums = source.read("SHA256SUMS", SUMS_LIMIT).await?;
    let signed = source.read("SHA256SUMS.sig", SUMS_LIMIT).await?;
    if !key.has_signed(&sums, &signed) {
        return Err(UpdateError::Signature { from: source.shown(), key: shown });
    }
    let sums = String::from_utf8_lossy(&sums).into_owned();
    let listed: Vec<(&str, &str)> = sums.lines().filter_map(listed).collect();
    let of_this_machine = |(checksum, file): &(&str, &str)| {
        let version = file.strip_prefix("commerce-connector-")?.strip_suffix(&format!("-{ARCH}-linux.tar.gz"))?;
        Some(((*checksum).to_owned(), (*file).to_owned(), version.to_owned()))
    };
    let newest = listed.iter().filter_map(of_this_machine).max_by(|a, b| compared(&a.2, &b.2));
    let Some((checksum, file, version)) = newest else {
        let others: Vec<&str> = listed.iter().map(|(_, file)| *file).collect();
        let others = SafeText::new(&if others.is_empty() { "nothing".to_owned() } else { others.join(", ") });
        return Err(UpdateError::Machine { from: source.shown(), others });
    };
    Ok(Offer { source, file, checksum, version })
}

/// A checksum and a file, from a line of `sha256sum`.
fn listed(line: &str) -> Option<(&str, &str)> {
    let (checksum, file) = line.split_once(' ')?;
    let file = file.trim_start().trim_start_matches('*');
    (!file.contains('/') && !file.starts_with('.')).then_some((checksum, file))
}

/// Which of two versions is newer, by its numbers.
fn compared(one: &str, other: &str) -> Ordering {
    let numbers = |version: &str| -> Vec<u64> {
        let version = version.split(['-', '+']).next().unwrap_or_default();
        version.split('.').map(|number| number.parse().unwrap_or(0)).collect()
    };
    numbers(one).cmp(&numbers(other))
}

impl Offer {
    /// Whether it is newer than the version that runs, the same or older.
    pub fn compared(&self) -> Ordering {
        compared(&self.version, CURRENT)
    }

    /// The program in it.
    ///
    /// # Errors
    /// [`UpdateError`] if it is not the file that was published.
    pub async fn program(&self) -> Result<Vec<u8>, UpdateError> {
        let bytes = self.source.read(&self.file, ARCHIVE_LIMIT).await?;
        let checksum = format!("{:x}", Sha256::digest(&bytes));
        if checksum != self.checksum {
            return Err(UpdateError::Checksum { file: SafeText::new(&self.file) });
        }
        archive::program(&bytes)
            .map_err(|reason| UpdateError::Archive { file: SafeText::new(&self.file), reason: SafeText::new(&reason) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert_eq!(compared("0.10.0", "0.9.9"), Ordering::Greater);
        assert_eq!(compared("1.0.0-rc1", "1.0.0"), Ordering::Equal);
        assert_eq!(compared("0.1", "0.1.1"), Ordering::Less);
        assert_eq!(listed("abc  *x.tar.gz"), Some(("abc", "x.tar.gz")));
        assert_eq!((listed("abc  ../x"), listed("abc")), (None, None));
    }
}
