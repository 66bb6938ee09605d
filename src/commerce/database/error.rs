//! Why the database cannot be used, with the server's own words.

use mysql_async::{DriverError, Error, IoError};

use super::settings::{Address, DatabaseSettings};
use crate::error::{Exit, Explain};
use crate::hardening;
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// Wrong user or password (`ER_ACCESS_DENIED_ERROR`, its variant for accounts without a password, and that for accounts
/// which only the system's own user of that name may use).
const ACCESS_DENIED: [u16; 3] = [1045, 1698, 1251];
/// The user may not use this database (`ER_DBACCESS_DENIED_ERROR`).
const DATABASE_DENIED: u16 = 1044;
/// There is no such database (`ER_BAD_DB_ERROR`).
const UNKNOWN_DATABASE: u16 = 1049;
/// The user may not read this table, or a column of it (`ER_TABLEACCESS_DENIED_ERROR`, `ER_COLUMNACCESS_DENIED_ERROR`).
const TABLE_DENIED: [u16; 2] = [1142, 1143];
/// The server lets nobody in without TLS (`ER_SECURE_TRANSPORT_REQUIRED`).
const TLS_REQUIRED: u16 = 3159;
/// A lock was waited for too long (`ER_LOCK_WAIT_TIMEOUT`).
const LOCK_TIMEOUT: u16 = 1205;
/// A statement took longer than our session allows (`ER_STATEMENT_TIMEOUT` of MariaDB, `ER_QUERY_TIMEOUT` of MySQL).
const STATEMENT_TIMEOUT: [u16; 2] = [1969, 3024];
/// What passes: too many connections (1040, 1203, 1226), a Galera node that is not ready (1047), a server that shuts down or closes
/// a connection (1053, 1079, 1080, 1152, 1158 to 1161, 1184, 1927, 3168, 3169, 4031), a deadlock (1213), a killed statement (1317),
/// a table that was altered within a snapshot (1412), a table that has to be opened again (1615).
const PASSING: [u16; 21] = [
    1040, 1047, 1053, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1213, 1226, 1317, 1412, 1615, 1927, 3168,
    3169, 4031,
];
/// How much of a server's message is kept, in characters: a query's error can quote the whole query.
const MESSAGE_LIMIT: usize = 400;

/// Why the database cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// The server is not there, refuses the user, or has no such database.
    #[error("cannot connect to the database at {address} as user {user:?}: {reason}")]
    Unreachable {
        /// Host and port, or socket path.
        address: SafeText,
        /// The database user.
        user: SafeText,
        /// The server's or the system's words.
        reason: SafeText,
        /// What to check.
        hint: String,
        /// Whether it may be otherwise in a moment: a server that starts, not a wrong password.
        is_passing: bool,
    },
    /// A file of the encrypted connection cannot be used.
    #[error("the {what} of the database connection, {path}: {reason}")]
    TlsFile {
        what: &'static str,
        path: SafeText,
        /// The system's words.
        reason: SafeText,
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
    /// The user may not read a table.
    #[error("the database user may not read the table {table}: {reason}")]
    Denied {
        /// The table, with its prefix.
        table: SafeText,
        /// The server's words.
        reason: SafeText,
        /// The statement that would allow it.
        grant: SafeText,
    },
    /// A table that had rows at the last compare has none, or is gone.
    #[error(
        "the table {table} had rows at the last compare and {} now",
        if *is_missing { "is missing" } else { "is empty" }
    )]
    Emptied {
        /// The table, without its prefix.
        name: String,
        /// The table, with its prefix.
        table: SafeText,
        /// Whether it is gone altogether.
        is_missing: bool,
    },
    /// The server ended a query or a connection, or did not answer: the same query may succeed later.
    #[error("a query was interrupted: {reason}")]
    Interrupted {
        /// The server's or the system's words.
        reason: SafeText,
        /// What to check, if it happens again.
        hint: String,
    },
    /// A value is not of the type that its column should have. The value stays unnamed: it may be a customer's data.
    #[error("{table}.{column} holds a value of an unexpected type in the row with {key}")]
    Undecodable {
        /// The table, with its prefix.
        table: SafeText,
        column: SafeText,
        /// The row: its first column, and the value of it.
        key: SafeText,
    },
    /// Values were asked for that the shop has not.
    #[error("no attribute with values has the code {code}")]
    NoAttribute { code: SafeText },
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
            reason: connecting_words(settings, error),
            hint: hint(settings, error),
            is_passing: is_interruption(error),
        }
    }

    /// Nobody let us in in time.
    pub(super) fn timed_out(settings: &DatabaseSettings, seconds: u64) -> Self {
        Self::Unreachable {
            address: settings.address_text(),
            user: SafeText::new(&settings.user),
            reason: SafeText::new(&format!("no response within {seconds} s")),
            hint: not_listening(settings),
            is_passing: true,
        }
    }

    /// The connection is gone.
    pub(super) fn lost(settings: &DatabaseSettings) -> Self {
        Self::Interrupted { reason: "the connection is closed".into(), hint: not_listening(settings) }
    }

    /// No answer to a query.
    pub(super) fn unanswered(seconds: u64) -> Self {
        Self::Interrupted {
            reason: SafeText::new(&format!("no response within {seconds} s")),
            hint: "check the network to the database server, and its load (`SHOW PROCESSLIST`)".to_owned(),
        }
    }

    /// A table was exchanged while it was read.
    pub(super) fn exchanged(table: &str) -> Self {
        Self::Interrupted {
            reason: SafeText::new(&format!("the table {table} was replaced meanwhile")),
            hint: "wait for Commerce's indexers to finish (`bin/magento indexer:status`)".to_owned(),
        }
    }

    /// What the driver says about a query. `account` is who asks, as the server names it; where it is not known, the settings'.
    pub(super) fn querying(settings: &DatabaseSettings, account: &str, error: &Error) -> Self {
        let reason = words(error);
        match error {
            Error::Server(server) if TABLE_DENIED.contains(&server.code) => {
                let table = denied_table(&server.message);
                let grant = grant(settings, account, "SELECT", Some(&table));
                Self::Denied { table: SafeText::new(&table), reason, grant }
            }
            error if is_interruption(error) => Self::Interrupted { reason, hint: interruption_hint(settings, error) },
            _ => Self::Query { reason },
        }
    }

    /// Whether the same may succeed in a moment.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Interrupted { .. } => true,
            Self::Unreachable { is_passing, .. } => *is_passing,
            _ => false,
        }
    }
}

impl Explain for DatabaseError {
    fn exit(&self) -> Exit {
        match self {
            Self::TlsFile { .. } | Self::NoAttribute { .. } => Exit::Usage,
            Self::Emptied { .. } => Exit::Guarded,
            error if error.is_passing() => Exit::TryAgain,
            _ => Exit::Other,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Unreachable { hint, .. } | Self::Interrupted { hint, .. } => Some(hint.as_str().into()),
            Self::TlsFile { .. } => Some(
                "check [source.commerce] tls_ca_file, tls_cert_file and tls_key_file, or driver_options in env.php"
                    .into(),
            ),
            Self::NotCommerce { .. } => Some(
                "check the database name and the table prefix (table_prefix in [source.commerce] or env.php)".into(),
            ),
            Self::Denied { grant, .. } => Some(format!("ask a database administrator to run `{grant}`").into()),
            Self::Undecodable { .. } => Some("correct the value in that row; other items are not affected".into()),
            Self::Emptied { .. } => {
                let text = "restore the table or run `bin/magento indexer:reindex`; if it is meant to be empty, ";
                Some(Hint::from(text).and(Remedy::AcceptEmpty))
            }
            Self::NoAttribute { .. } => {
                Some("in [[feeds.products.attributes]], correct the code, or add a value, a column or a table".into())
            }
            Self::Query { .. } => None,
        }
    }
}

/// The words of the server or of the system, without the driver's frame around them.
pub fn words(error: &Error) -> SafeText {
    let text = match error {
        Error::Server(server) => format!("{} (error {})", server.message, server.code),
        Error::Io(IoError::Io(io)) => io.to_string(),
        Error::Driver(DriverError::ConnectionClosed) => "the server closed the connection".to_owned(),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => "the server offers no TLS".to_owned(),
        other => other.to_string(),
    };
    SafeText::limited(&text, MESSAGE_LIMIT)
}

/// The same of a connection that could not be made; of a port that this process gave up, what that means.
pub fn connecting_words(settings: &DatabaseSettings, error: &Error) -> SafeText {
    given_up(settings, error).map_or_else(|| words(error), |why| SafeText::new(&why))
}

fn given_up(settings: &DatabaseSettings, error: &Error) -> Option<String> {
    match (error, &settings.address) {
        (Error::Io(IoError::Io(io)), Address::Tcp { port, .. }) => hardening::gave_up(io, *port),
        _ => None,
    }
}

/// Whether an error may pass by itself: the connection was lost, or the server was busy with something else.
pub fn is_interruption(error: &Error) -> bool {
    match error {
        Error::Server(server) => {
            server.code == LOCK_TIMEOUT || STATEMENT_TIMEOUT.contains(&server.code) || PASSING.contains(&server.code)
        }
        Error::Io(IoError::Io(io)) => !is_tls(io),
        Error::Driver(driver) => matches!(
            driver,
            DriverError::ConnectionClosed | DriverError::PoolDisconnected | DriverError::PacketOutOfOrder
        ),
        _ => false,
    }
}

/// The statement that gives an account a right on a table, or on the whole database.
pub fn grant(settings: &DatabaseSettings, account: &str, right: &str, table: Option<&str>) -> SafeText {
    let (user, host) = account.rsplit_once('@').unwrap_or((&settings.user, "%"));
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    let named = |name: &str| {
        let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_plain { name.to_owned() } else { format!("`{}`", name.replace('`', "``")) }
    };
    let table = table.filter(|table| !table.is_empty()).map_or_else(|| "*".to_owned(), named);
    SafeText::new(&format!(
        "GRANT {right} ON {}.{table} TO {}@{}",
        named(&settings.database),
        quoted(user),
        quoted(host)
    ))
}

/// The table in the server's words: `… denied to user 'u'@'h' for table 'store'` (MySQL), `` … for table `shop`.`store` ``
/// (MariaDB); empty if they are others.
fn denied_table(message: &str) -> String {
    let after = ["for table ", "in table "].iter().find_map(|word| message.split_once(word).map(|(_, after)| after));
    let name = after.unwrap_or_default().split(' ').next().unwrap_or_default();
    let last = name.rsplit('.').next().unwrap_or_default();
    last.trim_matches(['\'', '`', '"']).to_owned()
}

fn hint(settings: &DatabaseSettings, error: &Error) -> String {
    match error {
        Error::Server(server) if ACCESS_DENIED.contains(&server.code) => {
            let tls = match (&settings.address, &settings.tls) {
                (Address::Tcp { .. }, None) => "; the account may require TLS ([source.commerce] tls_ca_file)",
                _ => "",
            };
            format!("check the user and the password, and that the server lets this user in from this host{tls}")
        }
        Error::Server(server) if server.code == UNKNOWN_DATABASE => {
            "check the database name; SHOW DATABASES lists those the user may see".to_owned()
        }
        Error::Server(server) if server.code == DATABASE_DENIED || TABLE_DENIED.contains(&server.code) => {
            format!("ask a database administrator to run `{}`", grant(settings, "", "SELECT", None))
        }
        Error::Server(server) if server.code == TLS_REQUIRED => {
            "the server requires TLS: set [source.commerce] tls_ca_file to the CA of its certificate, or \
             driver_options 1009 in \
             env.php"
                .to_owned()
        }
        Error::Io(IoError::Tls(_)) => not_trusted(),
        Error::Io(IoError::Io(io)) if is_tls(io) => not_trusted(),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            "enable TLS on the server, or remove tls_ca_file from the configuration".to_owned()
        }
        Error::Driver(DriverError::UnknownAuthPlugin { .. }) => {
            "give the user a supported authentication plugin: mysql_native_password or caching_sha2_password".to_owned()
        }
        Error::Server(_) => "check the database server's log, and whether it is starting or overloaded".to_owned(),
        error if given_up(settings, error).is_some() => {
            "restart the watch or the run; [export] landlock = false lets it connect anywhere".to_owned()
        }
        _ => not_listening(settings),
    }
}

/// Whether an error of the connection is one of TLS: the library tells them as data that it does not accept.
fn is_tls(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::InvalidData
}

fn not_trusted() -> String {
    "check that the CA file signed the server's certificate and that it names this host; where it names none, set \
     [source.commerce] tls_verify = \"ca\""
        .to_owned()
}

fn interruption_hint(settings: &DatabaseSettings, error: &Error) -> String {
    match error {
        Error::Server(server) if server.code == LOCK_TIMEOUT => {
            "a table is locked by ALTER TABLE or LOCK TABLES: see `SHOW PROCESSLIST`".to_owned()
        }
        Error::Server(server) if STATEMENT_TIMEOUT.contains(&server.code) => {
            "the database server is overloaded: check its load (`SHOW PROCESSLIST`)".to_owned()
        }
        Error::Server(_) => "check the database server's log".to_owned(),
        _ => not_listening(settings),
    }
}

fn not_listening(settings: &DatabaseSettings) -> String {
    match settings.address {
        Address::Tcp { .. } => "check host and port, that the server is running, and that no firewall blocks it".into(),
        Address::Socket(_) => "check the socket's path, that the server runs, and that this user may open it".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::denied_table;

    #[test]
    fn the_table_is_found_in_the_words_of_each_server() {
        for (message, table) in [
            ("SELECT command denied to user 'few'@'localhost' for table 'store'", "store"),
            ("SELECT command denied to user 'few'@'localhost' for table `shop`.`m2_store`", "m2_store"),
            (
                "SELECT command denied to user 'a'@'b' for column 'value' in table 'core_config_data'",
                "core_config_data",
            ),
            ("something else", ""),
        ] {
            assert_eq!(denied_table(message), table, "{message}");
        }
    }
}
