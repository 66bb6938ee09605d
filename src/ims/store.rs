//! Where tokens and a half-done sign-in are kept: two files in the state directory, for its users only, or memory only.
//!
//! It must never know what a token is for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::ImsError;
use super::models::SignedInAs;
use super::tokens::{Tokens, kept};
use crate::private_file::{PrivateFileError, safe};
use crate::secret::Secret;
use crate::state_files;
use crate::untrusted::SafeText;

/// The file of the tokens, and the file of what was begun.
const TOKENS: &str = "tokens.json";
const PENDING: &str = "pending.json";

/// Where they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// In files of this directory.
    Files(PathBuf),
    /// Nowhere but here.
    Memory,
}

/// Who signed in, with the tokens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) kind: SignedInAs,
    pub(super) client_id: String,
    pub(super) name: SafeText,
    pub(super) email: Option<SafeText>,
    pub(super) tokens: Tokens,
}

/// What was begun, and what it was begun with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) url: String,
    #[serde(with = "kept")]
    pub(super) state: Secret,
    #[serde(with = "kept")]
    pub(super) verifier: Secret,
    pub(super) since: Timestamp,
    pub(super) host: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
}

/// The tokens. Clones share what is in memory.
#[derive(Debug, Clone)]
pub struct TokenStore {
    keep: Keep,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    session: Option<Session>,
    pending: Option<Pending>,
    /// The state of what this process began.
    begun_here: Option<Secret>,
}

impl TokenStore {
    /// An empty memory, or what is in the files.
    #[must_use]
    pub fn new(keep: Keep) -> Self {
        Self { keep, memory: Arc::default() }
    }

    /// Where tokens are and whether they are encrypted, for a person.
    pub(super) fn describe(&self) -> SafeText {
        match &self.keep {
            Keep::Files(directory) => {
                let path = safe(&directory.join(TOKENS));
                SafeText::new(&format!("in {path}, unencrypted, readable only by its owner (mode 0600)"))
            }
            Keep::Memory => "in memory only, until this program ends".into(),
        }
    }

    pub(super) fn session(&self) -> Result<Option<Session>, ImsError> {
        match &self.keep {
            Keep::Files(directory) => read(&directory.join(TOKENS)),
            Keep::Memory => Ok(self.memory().session.clone()),
        }
    }

    pub(super) fn keep(&self, session: &Session) -> Result<(), ImsError> {
        match &self.keep {
            Keep::Files(directory) => write(&directory.join(TOKENS), session)?,
            Keep::Memory => self.memory().session = Some(session.clone()),
        }
        Ok(())
    }

    pub(super) fn pending(&self) -> Result<Option<Pending>, ImsError> {
        match &self.keep {
            Keep::Files(directory) => read(&directory.join(PENDING)),
            Keep::Memory => Ok(self.memory().pending.clone()),
        }
    }

    pub(super) fn remember(&self, pending: &Pending) -> Result<(), ImsError> {
        match &self.keep {
            Keep::Files(directory) => write(&directory.join(PENDING), pending)?,
            Keep::Memory => self.memory().pending = Some(pending.clone()),
        }
        self.memory().begun_here = Some(pending.state.clone());
        Ok(())
    }

    pub(super) fn was_begun_here(&self, pending: &Pending) -> bool {
        self.memory().begun_here.as_ref() == Some(&pending.state)
    }

    pub(super) fn forget_pending(&self) -> Result<(), ImsError> {
        let mut memory = self.memory();
        (memory.pending, memory.begun_here) = (None, None);
        match &self.keep {
            Keep::Files(directory) => remove(&directory.join(PENDING)),
            Keep::Memory => Ok(()),
        }
    }

    pub(super) fn forget(&self) -> Result<(), ImsError> {
        self.forget_pending()?;
        self.memory().session = None;
        match &self.keep {
            Keep::Files(directory) => remove(&directory.join(TOKENS)),
            Keep::Memory => Ok(()),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Whole values only are put in, so a panic elsewhere leaves nothing half done.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, ImsError> {
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let text = Zeroizing::new(state_files::read(path)?);
    serde_json::from_str(&text).map(Some).map_err(|error| {
        // Only where it is wrong: serde's words may repeat a token.
        let reason = SafeText::new(&format!("line {}, column {}", error.line(), error.column()));
        ImsError::Nonsense { path: safe(path), reason }
    })
}

fn write<T: Serialize>(path: &Path, record: &T) -> Result<(), ImsError> {
    let nonsense = |error: serde_json::Error| ImsError::Nonsense { path: safe(path), reason: error.to_string().into() };
    let text = Zeroizing::new(serde_json::to_string(record).map_err(nonsense)?);
    Ok(state_files::write(path, text.as_bytes())?)
}

fn remove(path: &Path) -> Result<(), ImsError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(PrivateFileError::Io { path: safe(path), reason: SafeText::new(&error.to_string()) }.into())
        }
        _ => Ok(()),
    }
}
