//! `[state]`: where the ledger and everything else of this program's own is kept.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::bounds::DEFAULT_LEASE_SECONDS;

/// `[state]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StateSection {
    /// Where ledger, locks and logs live; default: `commerce-connector` in the XDG state directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// Where the ledger is.
    pub ledger: LedgerPlace,
    /// `[state.database]`
    pub database: StateDatabase,
}

/// Where the ledger is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerPlace {
    /// In a file of the state directory.
    #[default]
    File,
    /// In a database that several nodes share; the file is this node's copy.
    Database,
}

impl FromStr for LedgerPlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "file" => Ok(Self::File),
            "database" => Ok(Self::Database),
            _ => Err("must be database or file"),
        }
    }
}

/// `[state.database]`: the database of the shared ledger; by default the shop's server, database `commerce_connector`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StateDatabase {
    /// `mysql://user[:password]@host[:port]/database[?socket=/path]`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A CA file, PEM: the connection then uses TLS and is verified against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_ca_file: Option<PathBuf>,
    /// After how many seconds of silence of a node the others take over from it.
    pub lease_seconds: u16,
}

impl Default for StateDatabase {
    fn default() -> Self {
        Self { url: None, tls_ca_file: None, lease_seconds: DEFAULT_LEASE_SECONDS }
    }
}

/// The URL may hold a password.
impl fmt::Debug for StateDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateDatabase")
            .field("has_url", &self.url.is_some())
            .field("tls_ca_file", &self.tls_ca_file)
            .field("lease_seconds", &self.lease_seconds)
            .finish_non_exhaustive()
    }
}
