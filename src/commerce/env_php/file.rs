//! One of the two files, read as a whole, and what is asked of it.

use std::path::{Path, PathBuf};

use super::parser::{self, Entry, Value};
use super::{EnvPhpError, settings};
use crate::commerce::database::DatabaseSettings;
use crate::secret::Secret;
use crate::untrusted::SafeText;

/// No installation's file is larger, in bytes; whatever is, is the wrong file.
const SIZE_LIMIT: u64 = 8 * 1024 * 1024;

/// A file that returns an array of literals.
#[derive(Clone)]
pub struct LiteralFile {
    full_path: PathBuf,
    path: &'static str,
    content: Entry,
}

/// Without the values: most of them are secrets.
impl std::fmt::Debug for LiteralFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LiteralFile({})", self.full_path.display())
    }
}

impl LiteralFile {
    /// Reads the file at `path` (such as [`super::PATH`]) below the installation's `root`. Blocking.
    ///
    /// # Errors
    /// [`EnvPhpError`] if it is absent or is not literal PHP, with the line.
    pub fn read(root: &Path, path: &'static str) -> Result<Self, EnvPhpError> {
        let full_path = root.join(path);
        let bytes = read_limited(&full_path).map_err(|error| fail(&full_path, None, &error.to_string()))?;
        Self::parse(full_path, path, bytes)
    }

    /// The file with these bytes.
    pub(crate) fn parse(full_path: PathBuf, path: &'static str, bytes: Vec<u8>) -> Result<Self, EnvPhpError> {
        let fail = |line, reason: &str| fail(&full_path, line, reason);
        if bytes.len() as u64 > SIZE_LIMIT {
            return Err(fail(None, "it is too large to be a configuration"));
        }
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = valid.split(|byte| *byte == b'\n').count();
                return Err(fail(Some(line), "it is not UTF-8 text"));
            }
        };
        let content = parser::parse(&text).map_err(|error| fail(Some(error.line), &error.reason))?;
        Ok(Self { full_path, path, content })
    }

    /// The same for a file that need not be there.
    ///
    /// # Errors
    /// [`EnvPhpError`] as [`Self::read`].
    pub fn read_if_there(root: &Path, path: &'static str) -> Result<Option<Self>, EnvPhpError> {
        if root.join(path).exists() { Self::read(root, path).map(Some) } else { Ok(None) }
    }

    /// Its path below the root.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The plain value at the end of these keys as PHP writes it into text, and its line, from 1. `None` where there is nothing,
    /// `null` or an array.
    #[must_use]
    pub fn text(&self, keys: impl IntoIterator<Item = impl AsRef<str>>) -> Option<(String, usize)> {
        let entry = keys.into_iter().try_fold(&self.content, |entry, key| entry.get_any(key.as_ref()))?;
        let text = match &entry.value {
            Value::Text(text) => text.clone(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Bool(true) => "1".to_owned(),
            Value::Bool(false) => String::new(),
            Value::Null | Value::Array(_) => return None,
        };
        Some((text, entry.line))
    }

    /// `crypt.key`: one or several keys with white space between them.
    #[must_use]
    pub fn crypt_key(&self) -> Option<Secret> {
        self.text(["crypt", "key"]).map(|(key, _)| Secret::new(key))
    }

    /// The default database connection (`db.connection.default`, protocol page §5).
    ///
    /// # Errors
    /// [`EnvPhpError`] if the file names no database.
    pub fn database_settings(&self) -> Result<DatabaseSettings, EnvPhpError> {
        settings(&self.content).map_err(|error| fail(&self.full_path, error.line, &error.reason))
    }
}

fn read_limited(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(SIZE_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn fail(path: &Path, line: Option<usize>, reason: &str) -> EnvPhpError {
    EnvPhpError { path: SafeText::new(&path.to_string_lossy()), line, reason: SafeText::new(reason) }
}
