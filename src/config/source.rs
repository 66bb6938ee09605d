//! `[source]`: where items come from.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::TlsVerify;

/// Where items come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// The Commerce database.
    #[default]
    Commerce,
    /// A directory of feed files.
    Files,
}

/// `[source]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceSection {
    /// Commerce or files.
    pub kind: SourceKind,
    /// `[source.files]`
    pub files: FilesSection,
    /// `[source.commerce]`
    pub commerce: CommerceSection,
}

/// `[source.files]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilesSection {
    /// The directory, relative to the config file.
    pub directory: PathBuf,
}

impl Default for FilesSection {
    fn default() -> Self {
        Self { directory: PathBuf::from("feeds") }
    }
}

/// Which of env.php's connections is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CommerceConnection {
    /// `db/connection/default`
    #[default]
    Default,
    /// `db/slave_connection/default`: a copy of the database for reading. What is saved goes to the default one.
    Slave,
}

/// `[source.commerce]`: the database, as a URL or in parts; when none of it is named, `app/etc/env.php` under `instance.root`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CommerceSection {
    /// `mysql://user[:password]@host[:port]/database[?socket=/path]`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Host name or address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// TCP port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Unix socket; wins over the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
    /// Database user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A file that holds the password, 0600, relative to the config file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// Database name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Prefix of every table name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_prefix: Option<String>,
    /// A CA file, PEM: the connection then uses TLS and is verified against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_ca_file: Option<PathBuf>,
    /// A client certificate, PEM, for a server that demands one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cert_file: Option<PathBuf>,
    /// The private key of the client certificate, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key_file: Option<PathBuf>,
    /// `full`: the server's certificate must be signed by the CA and name the host; `ca`: signed by the CA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_verify: Option<TlsVerify>,
    /// Which connection of `app/etc/env.php` is read: `default` or `slave`.
    pub connection: CommerceConnection,
    /// A full sync reads the orders that changed within so many days; 0 = all orders.
    pub order_days: u32,
}

/// The URL may hold a password; so may a host or a user that somebody filled in wrongly.
impl fmt::Debug for CommerceSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommerceSection")
            .field("has_url", &self.url.is_some())
            .field("port", &self.port)
            .field("socket", &self.socket)
            .field("database", &self.database)
            .field("table_prefix", &self.table_prefix)
            .field("order_days", &self.order_days)
            .finish_non_exhaustive()
    }
}

impl Default for CommerceSection {
    fn default() -> Self {
        Self {
            url: None,
            host: None,
            port: None,
            socket: None,
            user: None,
            password_file: None,
            database: None,
            table_prefix: None,
            tls_ca_file: None,
            tls_cert_file: None,
            tls_key_file: None,
            tls_verify: None,
            connection: CommerceConnection::Default,
            order_days: crate::bounds::DEFAULT_ORDER_DAYS,
        }
    }
}

impl CommerceSection {
    /// Whether it says anything of where the database is.
    pub fn names_a_database(&self) -> bool {
        *self != Self { order_days: self.order_days, connection: self.connection, ..Self::default() }
    }
}
