//! What is known of an installation of Commerce.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of installation this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InstallationKind {
    /// The shop that customers use.
    Production,
    /// A copy for trying changes before they go live.
    Staging,
    /// A developer's copy.
    Development,
}

impl InstallationKind {
    /// `production`, `staging` or `development`.
    pub fn name(self) -> &'static str {
        match self {
            InstallationKind::Production => "production",
            InstallationKind::Staging => "staging",
            InstallationKind::Development => "development",
        }
    }
}

impl fmt::Display for InstallationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An edition, as the `service-connector-metadata` header names it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edition {
    /// Magento Open Source.
    #[default]
    Ce,
    /// Adobe Commerce.
    Ee,
    /// Adobe Commerce with the B2B extension.
    B2b,
}

impl Edition {
    /// `ce`, `ee` or `b2b`.
    pub fn code(self) -> &'static str {
        match self {
            Edition::Ce => "ce",
            Edition::Ee => "ee",
            Edition::B2b => "b2b",
        }
    }
}

/// How the server's certificate is verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsVerify {
    /// It must be signed by the CA, and name the host.
    #[default]
    Full,
    /// It must be signed by the CA. Certificates that MySQL makes for itself name no host.
    Ca,
}
