//! Where the database is, and who we are there.

use std::path::PathBuf;

use crate::domain::TlsVerify;
use crate::secret::Secret;
use crate::untrusted::SafeText;

/// A client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate and what leads to its CA, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// An encrypted connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// The CA of the server's certificate, PEM; without one, the public CAs.
    pub ca_file: Option<PathBuf>,
    /// What we show the server.
    pub client: Option<ClientCertificate>,
    /// How its certificate is verified.
    pub verify: TlsVerify,
}

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
        port: u16,
    },
    /// A Unix socket.
    Socket(PathBuf),
}

impl Address {
    /// Reads `host`, `host:port`, `[v6]:port`, a bare v6 address, or the path of a socket, which begins with a slash.
    ///
    /// # Errors
    /// [`SettingsError`] if there is no host or the port is not a port.
    pub fn from_host(text: &str) -> Result<Self, SettingsError> {
        // Not repeated: what stands before it may be a password.
        if text.contains('@') {
            return Err(SettingsError::new("the database host contains an @; set user and password separately"));
        }
        if text.starts_with('/') {
            return Ok(Self::Socket(PathBuf::from(text)));
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(bracketed) => {
                let (host, after) = bracketed.split_once(']').ok_or_else(|| {
                    SettingsError::new("the database host has an opening bracket without a closing one")
                })?;
                (host, after.strip_prefix(':'))
            }
            // More than one colon without brackets is a v6 address without a port.
            None if text.matches(':').count() > 1 => (text, None),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        if host.is_empty() {
            return Err(SettingsError::new("the database host is missing"));
        }
        let port =
            match port {
                None => DEFAULT_PORT,
                // Not repeated: who wrote `user:password@host` where a host belongs has a password here.
                Some(text) => text.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
                    SettingsError::new("the port of the database host is not a number from 1 to 65535")
                })?,
            };
        Ok(Self::Tcp { host: host.to_owned(), port })
    }
}

/// What a connection is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// Where the server listens.
    pub address: Address,
    pub user: String,
    /// Its password; may be empty.
    pub password: Secret,
    /// Database name.
    pub database: String,
    /// Prefix of every table name; may be empty.
    pub table_prefix: String,
    /// Whether the connection is encrypted, and how the server is verified. A socket never is.
    pub tls: Option<Tls>,
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
    pub fn from_url(url: &str, table_prefix: &str, tls: Option<Tls>) -> Result<Self, SettingsError> {
        let rest = url
            .strip_prefix("mysql://")
            .or_else(|| url.strip_prefix("mariadb://"))
            .ok_or_else(|| SettingsError::new("the database URL must begin with mysql://"))?;
        // Found here, so that no later error repeats what is the rest of a password.
        if rest.contains('@') && !rest.split(['/', '?']).next().is_some_and(|authority| authority.contains('@')) {
            return Err(SettingsError::new(
                "the database URL has a / or a ? before its @; in a password, write %2F and %3F",
            ));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let user = decode(user, "user")?;
        let database = decode(database, "database name")?;
        if user.is_empty() || database.is_empty() {
            return Err(SettingsError::new("the database URL needs a user and a database: mysql://user@host/database"));
        }
        let address = match socket(query)? {
            Some(socket) => Address::Socket(socket),
            None => Address::from_host(host)?,
        };
        let password = Secret::new(decode(password, "password")?);
        let settings = Self { address, user, password, database, table_prefix: table_prefix.to_owned(), tls };
        settings.check()?;
        Ok(settings)
    }

    /// Refuses a table prefix that is not made of letters, digits and underscores: it becomes part of every query. And a user or
    /// a host with an `@`: it is shown in messages, and who wrote `user:password@host` there has a password in it.
    ///
    /// # Errors
    /// [`SettingsError`] if it is not; nothing of the user or the host is repeated.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.user.contains(['@', ':']) {
            return Err(SettingsError::new(
                "the database user contains an @ or a colon; set password and host separately",
            ));
        }
        if let Address::Tcp { host, .. } = &self.address
            && host.contains(['@', '/'])
        {
            return Err(SettingsError::new(
                "the database host contains an @ or a slash; set user and password separately",
            ));
        }
        if self.table_prefix.len() < IDENTIFIER_LIMIT && self.table_prefix.bytes().all(is_identifier) {
            Ok(())
        } else {
            Err(SettingsError::new("the table prefix may only have letters, digits and underscores, at most 63"))
        }
    }

    /// The address as a person writes it: `db.example:3306`, `/run/mysqld/mysqld.sock`.
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

/// The `socket` of a URL's query, if it has one. Any other parameter is refused rather than ignored: it may have been meant to
/// make the connection safe.
fn socket(query: &str) -> Result<Option<PathBuf>, SettingsError> {
    let mut socket = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("socket", path) if !path.is_empty() => socket = Some(PathBuf::from(decode(path, "socket")?)),
            ("socket", _) => return Err(SettingsError::new("the socket of the database URL is empty")),
            (name, _) => {
                let text = format!("the database URL has an unknown parameter {name:?}; only socket is supported");
                return Err(SettingsError::new(&text));
            }
        }
    }
    Ok(socket)
}

/// Undoes percent-encoding. The text itself stays out of the error: it may be a password.
fn decode(text: &str, what: &str) -> Result<String, SettingsError> {
    let wrong = || SettingsError::new(&format!("the {what} in the database URL is not percent-encoded correctly"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next().ok_or_else(wrong)?, rest.next().ok_or_else(wrong)?];
        let digit = |digit: u8| char::from(digit).to_digit(16).ok_or_else(wrong);
        let value = digit(digits[0])? * 16 + digit(digits[1])?;
        bytes.push(u8::try_from(value).map_err(|_| wrong())?);
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<DatabaseSettings, String> {
        DatabaseSettings::from_url(url, "", None).map_err(|error| error.to_string())
    }

    #[test]
    fn a_url_in_full() {
        let settings = read("mysql://shop:p%2Fw%3a%C3%A4@db.example:3307/my%20shop").expect("settings");
        assert_eq!(settings.address, Address::Tcp { host: "db.example".to_owned(), port: 3307 });
        assert_eq!((settings.user.as_str(), settings.password.expose()), ("shop", "p/w:ä"));
        assert_eq!(settings.database, "my shop");
        assert_eq!(settings.address_text().as_str(), "db.example:3307");
    }

    #[test]
    fn a_url_with_a_socket() {
        let settings = read("mysql://root@localhost/shop?socket=/run/my%20sql.sock").expect("settings");
        assert_eq!(settings.address, Address::Socket(PathBuf::from("/run/my sql.sock")));
        assert!(settings.password.is_empty());
    }

    #[test]
    fn hosts_in_every_shape() {
        let tcp = |host: &str, port| Ok(Address::Tcp { host: host.to_owned(), port });
        assert_eq!(Address::from_host("db"), tcp("db", 3306));
        assert_eq!(Address::from_host("db:3307"), tcp("db", 3307));
        assert_eq!(Address::from_host("::1"), tcp("::1", 3306));
        assert_eq!(Address::from_host("[::1]:3307"), tcp("::1", 3307));
        assert_eq!(Address::from_host("/run/s.sock"), Ok(Address::Socket(PathBuf::from("/run/s.sock"))));
        assert!(Address::from_host("").is_err());
        assert!(Address::from_host("db:0").is_err());
        assert!(Address::from_host("db:70000").is_err());
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name_and_without_the_password() {
        assert!(read("postgres://u@h/d").expect_err("wrong scheme").contains("mysql://"));
        assert!(read("mysql://h/d").expect_err("no user").contains("user"));
        assert!(read("mysql://u@h").expect_err("no database").contains("database"));
        assert!(read("mysql://u@h/d?sslmode=off").expect_err("unknown").contains("\"sslmode\""));
        let error = read("mysql://u:sec%ret@h/d").expect_err("bad encoding");
        assert!(error.contains("password") && !error.contains("sec"), "{error}");
        for url in ["mysql://u:p?secret@h/d", "mysql://u:p/secret@h/d"] {
            let error = read(url).expect_err("no password");
            assert!(error.contains("%2F and %3F") && !error.contains("sec"), "{error}");
        }
        for host in ["u:secret@h", "shop:secret@db:3306", "secret@db", "/secret@db"] {
            let error = Address::from_host(host).expect_err("no host").to_string();
            assert!(error.contains('@') && !error.contains("sec"), "{error}");
        }
        let error = Address::from_host("db:secret").expect_err("no port").to_string();
        assert!(error.contains("1 to 65535") && !error.contains("sec"), "{error}");
    }

    #[test]
    fn a_user_or_host_that_may_hold_a_password_is_refused_without_repeating_it() {
        for url in ["mysql://shop%3Asecret%40db@h/d", "mysql://secret%40db@h/d"] {
            let settings = read(url);
            let error = settings.expect_err("refused");
            assert!(!error.contains("secret"), "{error}");
        }
        let mut settings = read("mysql://u@h/d").expect("settings");
        settings.address = Address::Tcp { host: "shop:secret@db".to_owned(), port: 1 };
        let error = settings.check().expect_err("refused").to_string();
        assert!(error.contains("host") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn a_table_prefix_is_a_plain_word() {
        assert!(DatabaseSettings::from_url("mysql://u@h/d", "shop_2", None).is_ok());
        assert!(DatabaseSettings::from_url("mysql://u@h/d", "a`; DROP", None).is_err());
    }

    #[test]
    fn a_table_name_cannot_leave_its_quotes() {
        let mut settings = read("mysql://u@h/d").expect("settings");
        settings.table_prefix = "x`y".to_owned();
        assert_eq!(settings.table("store"), "`xystore`");
    }
}
