//! The Commerce database: where it is, and a connection to it.

use std::path::PathBuf;

use crate::secret::Secret;

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
