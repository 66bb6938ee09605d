//! Keys that were pasted and not saved when the screen ended: kept in a private file until the next screen asks about them.
//!
//! Adobe shows a private key once. Whatever ends the screen, a signal or a terminal that is gone, must not take the only copy along.
//! The files are in `unsaved/` of the state directory, 0600, unencrypted like every private key file of this program.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Connector, explained};
use crate::domain::Environment;
use crate::error::{Exit, Problem};
use crate::private_file::{self, PrivateFileError, Secrecy, is_trusted, safe};
use crate::secret::Secret;
use crate::state_files;

/// The directory of the files, in the state directory.
pub(in crate::connector) const DIRECTORY: &str = "unsaved";

/// Which half of a pair a text is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HalfName {
    /// The public API key.
    ApiKey,
    PrivateKey,
}

/// A text that was pasted or typed for half of a pair, whole or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsavedHalf {
    /// For which pair.
    pub environment: Environment,
    pub half: HalfName,
    pub text: Secret,
}

impl UnsavedHalf {
    /// What it is, for a person: `the private key of the sandbox pair`.
    pub fn name(&self) -> String {
        let half = match self.half {
            HalfName::ApiKey => "API key",
            HalfName::PrivateKey => "private key",
        };
        format!("the {half} of the {} pair", self.environment)
    }
}

/// What an earlier screen left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptKeys {
    pub file: PathBuf,
    pub since: Timestamp,
    /// What was not saved.
    pub halves: Vec<UnsavedHalf>,
}

/// The file, as JSON. Secrets are written down on purpose here, and nowhere else.
#[derive(Serialize, Deserialize)]
struct Written<Text> {
    since: Timestamp,
    halves: Vec<WrittenHalf<Text>>,
}

#[derive(Serialize, Deserialize)]
struct WrittenHalf<Text> {
    environment: Environment,
    half: HalfName,
    text: Text,
}

impl Connector {
    /// Keeps what was not saved, in `file` if it was kept there before. Returns where it is. Blocking.
    ///
    /// # Errors
    /// A [`Problem`] if the state directory is not ours alone, or cannot be written.
    pub fn keep_unsaved(&self, halves: &[UnsavedHalf], file: Option<&Path>) -> Result<PathBuf, Problem> {
        let directory = state_files::own_dir(&self.shared.state_dir, DIRECTORY).map_err(explained)?;
        let since = Timestamp::now();
        // A name of its own, so that what another screen left is never overwritten; names sort by age.
        let own = || directory.join(format!("{:015}.{}.json", since.as_millisecond(), std::process::id()));
        let file = file.map_or_else(own, Path::to_owned);
        let halves = halves.iter().map(|half| WrittenHalf {
            environment: half.environment,
            half: half.half,
            text: half.text.expose(),
        });
        let text = serde_json::to_string(&Written { since, halves: halves.collect() }).map(Zeroizing::new);
        let text = text.map_err(|error| Problem::new(Exit::Other, format!("cannot store unsaved keys: {error}")))?;
        private_file::write(&file, text.as_bytes()).map_err(explained)?;
        Ok(file)
    }

    /// The oldest of what earlier screens left. Blocking.
    pub fn kept_unsaved(&self) -> Result<Option<KeptKeys>, Problem> {
        let directory = self.shared.state_dir.join(DIRECTORY);
        if fs::symlink_metadata(&directory).is_err() {
            return Ok(None);
        }
        let directory = state_files::own_dir(&self.shared.state_dir, DIRECTORY).map_err(explained)?;
        let entries = fs::read_dir(&directory).map_err(|error| explained(PrivateFileError::io(&directory, &error)))?;
        // What other users of a shared state directory left is for them only.
        let own = entries.flatten().filter(|entry| entry.metadata().is_ok_and(|meta| is_trusted(meta.uid())));
        let paths = own.map(|entry| entry.path());
        let Some(file) = paths.filter(|path| path.extension().is_some_and(|end| end == "json")).min() else {
            return Ok(None);
        };
        let text = Zeroizing::new(private_file::read(&file, Secrecy::Secret).map_err(explained)?);
        // Not serde's words: they may repeat what is in the file.
        let written: Written<String> = serde_json::from_str(&text).map_err(|_| {
            Problem::new(Exit::Other, format!("{} was not written by this program", safe(&file)))
                .hint("check it, then delete it")
        })?;
        let halves = written.halves.into_iter().map(|half| UnsavedHalf {
            environment: half.environment,
            half: half.half,
            text: Secret::new(half.text),
        });
        Ok(Some(KeptKeys { since: written.since, halves: halves.collect(), file }))
    }

    /// Deletes what was kept: it is saved, or nobody wants it. Blocking.
    pub fn forget_unsaved(&self, file: &Path) -> Result<(), Problem> {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(explained(PrivateFileError::io(file, &error))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::config::store::Store;

    fn connector(state: &Path) -> Connector {
        let store = Store::load(state.join("config.toml"), false, [], Vec::new()).expect("nothing is configured");
        Connector::new(store, state.join("state"), None)
    }

    fn half(text: &str) -> UnsavedHalf {
        UnsavedHalf { environment: Environment::Sandbox, half: HalfName::PrivateKey, text: Secret::new(text) }
    }

    #[test]
    fn what_is_kept_comes_back_oldest_first_and_is_private() {
        let dir = tempfile::tempdir().expect("a directory");
        let connector = connector(dir.path());
        assert_eq!(connector.kept_unsaved().expect("readable"), None);
        let first = connector.keep_unsaved(&[half("one")], None).expect("kept");
        let other = first.with_file_name("999999999999999.1.json");
        connector.keep_unsaved(&[half("two")], Some(&other)).expect("kept");
        connector.keep_unsaved(&[half("one more")], Some(&first)).expect("kept in the same place");
        assert_eq!(fs::metadata(&first).expect("there").permissions().mode() & 0o777, 0o600);
        let kept = connector.kept_unsaved().expect("readable").expect("kept");
        assert_eq!((&kept.file, &kept.halves), (&first, &vec![half("one more")]));
        connector.forget_unsaved(&first).expect("forgotten");
        assert_eq!(connector.kept_unsaved().expect("readable").expect("kept").halves, [half("two")]);
        assert!(!format!("{kept:?}").contains("one more"));
    }

    #[test]
    fn what_others_could_have_written_is_refused_and_never_repeated() {
        let dir = tempfile::tempdir().expect("a directory");
        let connector = connector(dir.path());
        let file = connector.keep_unsaved(&[half("canary")], None).expect("kept");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("chmod");
        assert!(connector.kept_unsaved().expect_err("exposed").what.contains("mode 0644"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("chmod");
        fs::write(&file, "{\"since\": \"canary\"}").expect("written");
        assert!(!connector.kept_unsaved().expect_err("nonsense").what.contains("canary"));
        fs::remove_file(&file).expect("removed");
        std::os::unix::fs::symlink("/etc/hostname", &file).expect("a link");
        assert!(connector.kept_unsaved().expect_err("a link").what.contains("symbolic link"));
    }
}
