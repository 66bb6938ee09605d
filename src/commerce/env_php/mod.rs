//! `app/etc/env.php` and `app/etc/config.php` read as data: literals only, never executed, anything else refused with its line.
//!
//! This room must never run PHP, and never put a value of the file into an error: most of them are secrets.

mod file;
mod parser;

use std::path::{Path, PathBuf};

use self::parser::{Entry, Value};
use super::database::{Address, DatabaseSettings};
use crate::secret::Secret;
use crate::untrusted::SafeText;

pub use file::LiteralFile;

/// Where the file is, below the installation's root.
pub const PATH: &str = "app/etc/env.php";
/// Where the file is that comes with the code, below the installation's root; the same syntax.
pub const CONFIG_PATH: &str = "app/etc/config.php";
/// PDO's number for the option that names the CA file (`MYSQL_ATTR_SSL_CA`, protocol page §5).
const OPTION_CA: i64 = 1009;
/// PDO's number for the option that turns verification off (`MYSQL_ATTR_SSL_VERIFY_SERVER_CERT`).
const OPTION_VERIFY: i64 = 1014;

/// Why one of the two files cannot be used.
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
pub fn database_settings(root: &Path) -> Result<DatabaseSettings, EnvPhpError> {
    LiteralFile::read(root, PATH)?.database_settings()
}

/// What is wrong with the settings in a file that could be read.
struct Wrong {
    line: Option<usize>,
    reason: String,
}

impl Wrong {
    fn new(line: Option<usize>, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into() }
    }
}

fn settings(file: &Entry) -> Result<DatabaseSettings, Wrong> {
    let database = file.get("db").ok_or_else(|| Wrong::new(None, "it has no 'db' section"))?;
    let connection = database
        .get("connection")
        .and_then(|connections| connections.get("default"))
        .ok_or_else(|| Wrong::new(Some(database.line), "'db' has no connection named 'default'"))?;
    let text = |key: &str| match connection.get(key) {
        None => Ok(None),
        Some(entry) => match &entry.value {
            Value::Text(text) => Ok(Some((entry.line, text.clone()))),
            // A password of digits only may have been written without quotes.
            Value::Int(number) => Ok(Some((entry.line, number.to_string()))),
            Value::Null => Ok(None),
            _ => Err(Wrong::new(Some(entry.line), format!("'{key}' must be text"))),
        },
    };
    let needed = |key: &str| {
        text(key)?
            .filter(|(_, text)| !text.is_empty())
            .ok_or_else(|| Wrong::new(Some(connection.line), format!("the default connection has no '{key}'")))
    };
    let (host_line, host) = text("host")?.unwrap_or((connection.line, "localhost".to_owned()));
    let address = match text("unix_socket")?.filter(|(_, path)| !path.is_empty()) {
        Some((_, path)) => Address::Socket(PathBuf::from(path)),
        None => Address::from_host(&host).map_err(|error| Wrong::new(Some(host_line), error.to_string()))?,
    };
    let settings = DatabaseSettings {
        address,
        user: needed("username")?.1,
        password: Secret::new(text("password")?.unwrap_or_default().1),
        database: needed("dbname")?.1,
        table_prefix: table_prefix(database)?,
        tls_ca_file: tls_ca_file(connection)?,
    };
    settings.check().map_err(|error| Wrong::new(Some(database.line), error.to_string()))?;
    Ok(settings)
}

fn table_prefix(database: &Entry) -> Result<String, Wrong> {
    match database.get("table_prefix").map(|entry| (entry.line, &entry.value)) {
        None | Some((_, Value::Null)) => Ok(String::new()),
        Some((_, Value::Text(prefix))) => Ok(prefix.clone()),
        Some((line, _)) => Err(Wrong::new(Some(line), "'table_prefix' must be text")),
    }
}

/// The CA file of an encrypted connection. Whoever names one gets a verified connection, also where the shop itself does not
/// verify: this program has no unverified one.
fn tls_ca_file(connection: &Entry) -> Result<Option<PathBuf>, Wrong> {
    let Some(options) = connection.get("driver_options") else { return Ok(None) };
    let ca = match options.get_number(OPTION_CA).map(|entry| (entry.line, &entry.value)) {
        None | Some((_, Value::Null)) => None,
        Some((_, Value::Text(path))) => Some(PathBuf::from(path)).filter(|path| !path.as_os_str().is_empty()),
        Some((line, _)) => return Err(Wrong::new(Some(line), "the CA file (1009) must be text")),
    };
    if ca.is_some()
        && let Some(verify) = options.get_number(OPTION_VERIFY)
        && matches!(verify.value, Value::Bool(false) | Value::Int(0))
    {
        tracing::warn!(
            line = verify.line,
            "env.php turns the verification of the server off; it is verified all the same"
        );
    }
    Ok(ca)
}

#[cfg(test)]
mod tests;
