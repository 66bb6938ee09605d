//! The arguments of `compare`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::domain::Feed;

/// `compare …`
#[derive(Debug, Subcommand)]
pub enum CompareCommand {
    /// Compare our items with those of Adobe's own exporter, field by field
    ///
    /// Reads Adobe's feed tables, where PERSIST_EXPORTED_FEED kept the items whole, or a file that Adobe's exporter made. Sends
    /// nothing; without --adopt, changes nothing. Exit codes: 0 equal, 3 something differs or could not be compared.
    Exporter {
        /// Their items: NDJSON, a JSON array, or a log with payloads; may be gzip [default: Adobe's feed tables]
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Only this feed [default: every feed that is found]
        #[arg(long, value_name = "FEED")]
        feed: Option<Feed>,
        /// Count as sent what Adobe's exporter has sent and is equal; the next sync sends the rest
        #[arg(long, conflicts_with = "from")]
        adopt: bool,
        /// Do not ask before the ledger is changed
        #[arg(long, requires = "adopt")]
        yes: bool,
    },
}
