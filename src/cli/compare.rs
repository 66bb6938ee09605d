//! The arguments of `compare`.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};

use crate::domain::{Environment, Feed};

/// `compare …`
#[derive(Debug, Subcommand)]
pub enum CompareCommand {
    /// Compare our items with those of Adobe's own exporter, field by field
    ///
    /// Reads Adobe's feed tables, where `PERSIST_EXPORTED_FEED` kept the items whole, or a file that Adobe's exporter made. Sends
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
    /// Compare what two data spaces show, SKU by SKU
    ///
    /// Asks Catalog Service with public API keys; sends and changes nothing. SKUs come from the source. Exit codes: 0 the same, 3
    /// something differs, 4 API key refused, 5 service not responding.
    DataSpaces(DataSpacesArgs),
}

/// `compare data-spaces`
#[derive(Debug, Args)]
pub struct DataSpacesArgs {
    /// One data space: its id or name, or the beginning of one
    pub a: String,
    /// The other one
    pub b: String,
    /// Compare this many at random [default: as many as rule out that 0.3 % differ]
    #[arg(long, value_name = "N", conflicts_with_all = ["ids", "all"], value_parser = value_parser!(u64).range(1..))]
    pub sample: Option<u64>,
    /// Compare everything; an interrupted comparison is resumed
    #[arg(long)]
    pub all: bool,
    /// Compare these SKUs, comma-separated
    #[arg(long, value_name = "SKUS", value_delimiter = ',', conflicts_with = "all")]
    pub ids: Vec<String>,
    /// Take the SKUs from Live Search of both (10,000 in each store view), not from the source
    #[arg(long, conflicts_with = "ids")]
    pub search: bool,
    /// Only this store view: its code, or WEBSITE/STORE/VIEW where the source does not know it [default: all]
    #[arg(long, value_name = "CODE")]
    pub store_view: Option<String>,
    /// The key pair to ask the first with, production or sandbox [default: by its type]
    #[arg(long, value_name = "PAIR")]
    pub pair_a: Option<Environment>,
    /// The same for the second
    #[arg(long, value_name = "PAIR")]
    pub pair_b: Option<Environment>,
}
