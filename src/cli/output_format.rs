//! `--output`

use clap::ValueEnum;

/// How answers are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Text and tables, for people.
    #[default]
    Table,
    /// JSON lines.
    Json,
    /// Comma-separated values with a header.
    Csv,
}
