//! `contexts …`

use clap::Subcommand;

/// `contexts …`
#[derive(Debug, Subcommand)]
pub enum ContextsCommand {
    /// List the contexts; `*` marks the one in use
    List,
    /// Use a context from now on, wherever neither --context nor --config says otherwise
    Use {
        /// The context
        #[arg(required_unless_present = "none")]
        name: Option<String>,
        /// Use none: the default configuration and state
        #[arg(long, conflicts_with = "name")]
        none: bool,
    },
    /// Add a context: with --config and --state-dir those, else places of its own
    Add {
        /// Its name, such as luma
        name: String,
    },
    /// Remove a context from the list; its configuration and state stay
    Remove {
        /// The context
        name: String,
    },
}
