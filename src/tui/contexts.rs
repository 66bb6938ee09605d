//! What the screen knows of contexts: the one in use, and whether it can be opened in another.

use std::fmt;
use std::sync::Arc;

use crate::error::Problem;

/// What the screen knows of contexts.
#[derive(Debug, Clone, Default)]
pub struct ScreenContexts {
    /// The one in use.
    pub current: Option<String>,
    /// All of them, as they were when the screen was opened.
    pub names: Vec<String>,
    pub check: ContextCheck,
}

type Check = dyn Fn(&str) -> Result<(), Problem> + Send + Sync;

/// Whether the screen can be opened in a context. Reads files: blocking.
#[derive(Clone)]
pub struct ContextCheck(Arc<Check>);

impl ContextCheck {
    pub fn new(check: impl Fn(&str) -> Result<(), Problem> + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }

    /// Asks it.
    ///
    /// # Errors
    /// A [`Problem`] that says why not.
    pub fn ask(&self, name: &str) -> Result<(), Problem> {
        (self.0)(name)
    }
}

/// Where there are no contexts, as in the demo.
impl Default for ContextCheck {
    fn default() -> Self {
        Self::new(|_| Err(Problem::usage("the demo has no contexts")))
    }
}

impl fmt::Debug for ContextCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContextCheck")
    }
}
