//! Text that may leave the screen.

use crate::untrusted::SafeText;

/// A text that may leave the screen: lines that were made safe. A [`crate::secret::Secret`] cannot become one unseen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copyable {
    name: String,
    lines: Vec<SafeText>,
}

impl Copyable {
    /// One line, however long. `name` says what it is, such as `the data space id`.
    #[must_use]
    pub fn line(name: impl Into<String>, line: impl Into<SafeText>) -> Self {
        Self::lines(name, vec![line.into()])
    }

    /// Several lines.
    #[must_use]
    pub fn lines(name: impl Into<String>, lines: Vec<SafeText>) -> Self {
        Self { name: name.into(), lines }
    }

    /// What it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text with `end` between its lines.
    pub fn joined(&self, end: &str) -> String {
        self.lines.iter().map(SafeText::as_str).collect::<Vec<_>>().join(end)
    }
}
