//! The arguments of `compare`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::domain::Feed;

/// `compare …`
#[derive(Debug, Subcommand)]
pub enum CompareCommand {
    /// Compare our items with those of Adobe's own exporter, field by field
    ///
    /// Reads a file that Adobe's exporter made; without --from, prints the command to make it. Changes and sends nothing. Exit
    /// codes: 0 equal, 3 something differs.
    Exporter {
        /// Their items: NDJSON, a JSON array, or a log with payloads; may be gzip
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Only this feed [default: every feed in the file]
        #[arg(long, value_name = "FEED")]
        feed: Option<Feed>,
    },
}
