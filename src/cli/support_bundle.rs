//! Arguments of `support-bundle`.

use std::path::PathBuf;

use clap::Args;

/// What `support-bundle` takes.
#[derive(Debug, Clone, Args)]
pub struct SupportBundleArgs {
    /// The archive [default: commerce-connector-support-TIME.tar.gz in the current directory]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Print all of it; write nothing
    #[arg(long, conflicts_with_all = ["file", "yes"])]
    pub print: bool,
    /// Write without asking
    #[arg(long)]
    pub yes: bool,
}
