//! Why the database cannot be used, with the server's own words.

use mysql_async::{DriverError, Error, IoError};

use super::settings::{Address, DatabaseSettings};
use crate::error::{Exit, Explain};
use crate::untrusted::SafeText;

/// Wrong user or password (`ER_ACCESS_DENIED_ERROR`, its variant for accounts without a password, and that for accounts
/// which only the system's own user of that name may use).
const ACCESS_DENIED: [u16; 3] = [1045, 1698, 1251];
/// The user may not use this database (`ER_DBACCESS_DENIED_ERROR`).
const DATABASE_DENIED: u16 = 1044;
/// There is no such database (`ER_BAD_DB_ERROR`).
const UNKNOWN_DATABASE: u16 = 1049;
/// The user may not read this table (`ER_TABLEACCESS_DENIED_ERROR`).
const TABLE_DENIED: u16 = 1142;
/// How much of a server's message is kept, in characters: a query's error can quote the whole query.
const MESSAGE_LIMIT: usize = 400;

/// Why the database cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// The server is not there, refuses the user, or has no such database.
    #[error("the database at {address} cannot be reached as user {user:?}: {reason}")]
    Unreachable {
        /// Host and port, or socket path.
        address: SafeText,
        /// The database user.
        user: SafeText,
        /// The server's or the system's words.
        reason: SafeText,
        /// What to check.
        hint: String,
    },
    /// The database is there, but it holds no Commerce schema.
    #[error("the database {database:?} at {address} is not a Commerce database: {reason}")]
    NotCommerce {
        /// Host and port, or socket path.
        address: SafeText,
        /// The database name.
        database: SafeText,
        /// What is missing.
        reason: SafeText,
    },
    /// A query failed.
    #[error("a query failed: {reason}")]
    Query {
        /// The server's words.
        reason: SafeText,
    },
}

impl DatabaseError {
    /// What the driver says while it connects.
    pub(super) fn connecting(settings: &DatabaseSettings, error: &Error) -> Self {
        Self::Unreachable {
            address: settings.address_text(),
            user: SafeText::new(&settings.user),
            reason: words(error),
            hint: hint(settings, error),
        }
    }

    /// Nobody answered in time.
    pub(super) fn timed_out(settings: &DatabaseSettings, seconds: u64) -> Self {
        Self::Unreachable {
            address: settings.address_text(),
            user: SafeText::new(&settings.user),
            reason: SafeText::new(&format!("no answer within {seconds} s")),
            hint: not_listening(settings),
        }
    }

    /// A row is not made as expected. Its values stay unnamed: they may be a customer's data.
    pub(super) fn unexpected() -> Self {
        Self::Query { reason: SafeText::new("a column holds a value of an unexpected type") }
    }

    /// What the driver says about a query.
    pub(super) fn querying(error: &Error) -> Self {
        Self::Query { reason: words(error) }
    }
}

impl Explain for DatabaseError {
    fn exit(&self) -> Exit {
        Exit::Other
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { hint, .. } => Some(hint.clone()),
            Self::NotCommerce { .. } => Some("check the database name and the table prefix".to_owned()),
            Self::Query { .. } => None,
        }
    }
}

/// The words of the server or of the system, without the driver's frame around them.
pub(super) fn words(error: &Error) -> SafeText {
    let text = match error {
        Error::Server(server) => format!("{} (error {})", server.message, server.code),
        Error::Io(IoError::Io(io)) => io.to_string(),
        Error::Driver(DriverError::ConnectionClosed) => "the server closed the connection".to_owned(),
        other => other.to_string(),
    };
    SafeText::limited(&text, MESSAGE_LIMIT)
}

fn hint(settings: &DatabaseSettings, error: &Error) -> String {
    match error {
        Error::Server(server) if ACCESS_DENIED.contains(&server.code) => {
            "check the user and the password, and that the server lets this user in from this host".to_owned()
        }
        Error::Server(server) if server.code == UNKNOWN_DATABASE => {
            "check the database name; SHOW DATABASES lists those the user may see".to_owned()
        }
        Error::Server(server) if matches!(server.code, DATABASE_DENIED | TABLE_DENIED) => {
            format!("grant the user SELECT on the database {}", SafeText::new(&settings.database))
        }
        Error::Io(IoError::Tls(_)) => {
            "check that the server offers TLS, that its certificate names this host, and that the CA file signed it"
                .to_owned()
        }
        _ => not_listening(settings),
    }
}

fn not_listening(settings: &DatabaseSettings) -> String {
    match settings.address {
        Address::Tcp { .. } => {
            "check the host and the port, that the server runs and listens there, and that no firewall is between"
                .into()
        }
        Address::Socket(_) => "check the socket's path, that the server runs, and that this user may open it".into(),
    }
}
