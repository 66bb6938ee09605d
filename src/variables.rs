//! The environment variables of this process, which an installation's files may ask for.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::secret::Secret;

/// Environment variables by name. Clones share them. Some hold secrets.
#[derive(Clone, Default)]
pub struct Variables(Arc<BTreeMap<String, Secret>>);

/// Without the values.
impl std::fmt::Debug for Variables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Variables({})", self.0.len())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(variables: T) -> Self {
        Self(Arc::new(variables.into_iter().map(|(name, value)| (name.into(), Secret::new(value))).collect()))
    }
}

impl Variables {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::expose)
    }

    /// Every variable whose name begins so, with the rest of its name.
    pub fn beginning_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.expose())))
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.expose()))
    }
}
