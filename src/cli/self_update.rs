//! `self-update`

use std::path::PathBuf;

use clap::Args;

/// `self-update`
#[derive(Debug, Args)]
pub struct SelfUpdateArgs {
    /// Directory or https URL with the packages [default: `update.from`]
    pub from: Option<String>,
    /// The publisher's public key, PEM [default: `update.key_file`]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Also take an older version, or this one again
    #[arg(long)]
    pub force: bool,
}
