//! `app/etc/env.php` read as data: literals only, never executed, anything else refused with its line.

use std::path::Path;

use super::database::DatabaseSettings;
use crate::untrusted::SafeText;

/// Why env.php cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}{}: {reason}", line.map(|line| format!(" line {line}")).unwrap_or_default())]
pub struct EnvPhpError {
    /// The file.
    pub path: SafeText,
    /// The line, from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: SafeText,
}

/// The default database connection of the installation at `root` (`db.connection.default`, protocol page §5).
///
/// # Errors
/// [`EnvPhpError`] if the file is absent, is not literal PHP, or names no database.
pub fn database_settings(_root: &Path) -> Result<DatabaseSettings, EnvPhpError> {
    unimplemented!()
}
