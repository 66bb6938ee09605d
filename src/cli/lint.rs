//! The arguments of `lint`.

use std::path::PathBuf;

use clap::Args;

use crate::domain::{Feed, LintRule};

/// `lint`
#[derive(Debug, Args)]
pub struct LintArgs {
    /// Only these rules, comma-separated [default: all]
    #[arg(long = "rule", value_name = "RULE", value_delimiter = ',')]
    pub rules: Vec<LintRule>,
    /// Read only these feeds, comma-separated [default: all that the rules need]
    #[arg(long = "feed", value_name = "FEED", value_delimiter = ',')]
    pub feeds: Vec<Feed>,
    /// Write every hit to this file, as CSV
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}
