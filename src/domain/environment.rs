//! Which of the two gateways is used.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which key pair and which gateway are used (`magento_saas/environment`, protocol page §1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// The production pair and gateway.
    #[default]
    Production,
    /// The sandbox pair and gateway.
    Sandbox,
}

impl Environment {
    /// Both, production first.
    pub const ALL: [Environment; 2] = [Environment::Production, Environment::Sandbox];

    /// `production` or `sandbox`.
    pub fn name(self) -> &'static str {
        match self {
            Environment::Production => "production",
            Environment::Sandbox => "sandbox",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Environment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Environment::ALL
            .into_iter()
            .find(|environment| environment.name() == text)
            .ok_or_else(|| format!("{text:?} is neither production nor sandbox"))
    }
}
