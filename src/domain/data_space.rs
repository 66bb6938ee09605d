//! Projects and their data spaces, as the registry lists them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DataSpaceId, ProjectId};
use crate::untrusted::SafeText;

/// What a data space is for; absent in the registry means testing (protocol page §2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataSpaceKind {
    /// A production shop lives on it.
    Production,
    /// Anything may be tried.
    #[default]
    Testing,
}

impl fmt::Display for DataSpaceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            DataSpaceKind::Production => "Production",
            DataSpaceKind::Testing => "Testing",
        })
    }
}

/// One data space of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSpace {
    pub id: DataSpaceId,
    /// Its label.
    pub name: SafeText,
    /// Production or testing.
    pub kind: DataSpaceKind,
}

/// A SaaS project with its data spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub id: ProjectId,
    /// Its label.
    pub name: SafeText,
    /// Its data spaces, in registry order: 3 for Adobe Commerce, 1 for Magento Open Source.
    pub data_spaces: Vec<DataSpace>,
}
