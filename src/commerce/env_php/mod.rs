//! `app/etc/env.php` and `app/etc/config.php` read as data, never executed.
//!
//! What people write into these files is computed as far as the result is the same for everybody: literals, constants by name,
//! concatenation, environment variables and the like. Whatever else a value depends on makes that value *unknown with its line*; it is
//! refused only where it is needed.
//!
//! | file | for |
//! |---|---|
//! | `lexer`, `strings` | bytes → tokens |
//! | `parser`, `expression`, `lists` | tokens → what the file returns |
//! | `operators`, `functions`, `text` | what is computed |
//! | `scope` | what the file has set so far |
//! | `value` | values, and those that are unknown |
//! | `file` | one file, read as a whole, and what is asked of it |
//!
//! This room must never run PHP, and never put a value of the file into an error: most of them are secrets.

mod expression;
mod file;
mod functions;
mod lexer;
mod lists;
mod operators;
mod parser;
mod scope;
mod value;

use crate::untrusted::SafeText;

pub use file::{PhpFile, Plain};

/// Where the file is, below the installation's root.
pub const PATH: &str = "app/etc/env.php";
/// Where the file is that comes with the code, below the installation's root; the same syntax.
pub const CONFIG_PATH: &str = "app/etc/config.php";

/// Why a file, or a variable that stands for a part of it, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}{}: {reason}", line.map(|line| format!(" line {line}")).unwrap_or_default())]
pub struct EnvPhpError {
    /// The file or variable.
    pub path: SafeText,
    /// The line, from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: SafeText,
}

/// Why a text is not PHP that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ParseError {
    /// The line, from 1.
    line: usize,
    /// What is wrong; never a value of the file.
    reason: String,
}

#[cfg(test)]
mod tests;
