//! `app/etc/env.php` and `app/etc/config.php` read as data: literals only, never executed, anything else refused with its line.
//!
//! This room must never run PHP, and never put a value of the file into an error: most of them are secrets.

mod file;
mod parser;

use std::path::{Path, PathBuf};

use self::parser::{Entry, Value};
use super::database::{Address, ClientCertificate, DatabaseSettings, Tls, TlsVerify};
use crate::secret::Secret;
use crate::untrusted::SafeText;

pub use file::LiteralFile;

/// Where the file is, below the installation's root.
pub const PATH: &str = "app/etc/env.php";
/// Where the file is that comes with the code, below the installation's root; the same syntax.
pub const CONFIG_PATH: &str = "app/etc/config.php";
/// PDO's numbers for the options that name the client's key and certificate (`MYSQL_ATTR_SSL_KEY`, `MYSQL_ATTR_SSL_CERT`) and the
/// CA file (`MYSQL_ATTR_SSL_CA`, protocol page §5).
const OPTION_KEY: i64 = 1007;
const OPTION_CERT: i64 = 1008;
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
        tls: tls(connection)?,
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

/// An encrypted connection, if a file of it is named. Where the shop does not verify the server, its certificate must still be
/// signed by the CA: this program has no unverified connection.
fn tls(connection: &Entry) -> Result<Option<Tls>, Wrong> {
    let Some(options) = connection.get("driver_options") else { return Ok(None) };
    let file = |option: i64, what: &str| match options.get_number(option).map(|entry| (entry.line, &entry.value)) {
        None | Some((_, Value::Null)) => Ok(None),
        Some((_, Value::Text(path))) => Ok(Some(PathBuf::from(path)).filter(|path| !path.as_os_str().is_empty())),
        Some((line, _)) => Err(Wrong::new(Some(line), format!("the {what} ({option}) must be text"))),
    };
    let ca_file = file(OPTION_CA, "CA file")?;
    let client = match (file(OPTION_CERT, "client certificate")?, file(OPTION_KEY, "client key")?) {
        (Some(certificate), Some(key)) => Some(ClientCertificate { certificate, key }),
        (None, None) => None,
        _ => {
            return Err(Wrong::new(
                Some(connection.line),
                "client certificate (1008) and client key (1007) need each other",
            ));
        }
    };
    let is_off = options
        .get_number(OPTION_VERIFY)
        .is_some_and(|verify| matches!(verify.value, Value::Bool(false) | Value::Int(0)));
    let verify = if is_off { TlsVerify::Ca } else { TlsVerify::Full };
    Ok((ca_file.is_some() || client.is_some()).then_some(Tls { ca_file, client, verify }))
}

#[cfg(test)]
mod tests;
