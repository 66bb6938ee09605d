//! `export …`: what to send, control of running exports, and the ledger.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ItemArgs, ItemsArgs};
use crate::bounds::{MOST_ITEMS, MOST_THREADS};
use crate::config::LedgerPlace;
use crate::config::time_span::TimeSpan;
use crate::domain::{Feed, Most};
use crate::feeds::source::IdKind;

/// `export …`
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Send new, changed and deleted items
    Run(RunArgs),
    /// Retry failed items, even if unchanged (same as `run --retry`)
    Retry(RetryArgs),
    /// Send changes as they happen, until stopped (for a service)
    Watch(WatchArgs),
    /// Estimate a full export without reading items
    Estimate {
        /// Feeds, comma-separated, or `all`
        #[arg(long, value_name = "FEEDS", value_delimiter = ',', default_value = "all")]
        feed: Vec<FeedChoice>,
    },
    /// Show each feed in the selected data space with its coverage, running exports and watches
    Status {
        /// Follow the running export, as a table on a terminal, else line by line, and exit with its code; interrupting does not stop it
        #[arg(long)]
        watch: bool,
    },
    /// List past runs: when, who, how long, what was sent, and how each ended
    Runs {
        /// At most this many, newest first
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
        limit: u16,
    },
    /// Pause the running export after in-flight batches
    Pause,
    /// Resume a paused export
    Resume,
    /// Stop the running export, and a watch, after in-flight batches
    Stop,
    /// Change threads and batch size of the running export
    Set(SetArgs),
    /// List items in the ledger: which were sent, which failed and why
    Items(ItemsArgs),
    /// Show one item: history with request ids, data last sent, data to send now
    Item(ItemArgs),
    /// Check, repair, move or back up the ledger of the selected data space
    #[command(subcommand)]
    Ledger(LedgerCommand),
}

/// `export set`
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Requests in flight at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=MOST_THREADS.into()))]
    pub threads: Option<u8>,
    /// Items in one request, for new batches
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_ITEMS.into()))]
    pub batch_size: Option<u16>,
    /// Feeds of the batch size, comma-separated [default: all of the run]
    #[arg(long, value_name = "FEEDS", value_delimiter = ',', requires = "batch_size")]
    pub feed: Vec<Feed>,
}

/// `export ledger …`
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Verify the ledger
    Check,
    /// Rebuild a damaged ledger from what is readable; the next run then resends every item
    Repair {
        /// Rebuild from this backup instead
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Rebuild even if no damage is found: after a disk or machine was rolled back
        #[arg(long, conflicts_with = "from")]
        distrust: bool,
    },
    /// Move it into the database that several nodes share, or back into a file of this server
    Move {
        /// Where it goes: database or file
        #[arg(long, value_name = "PLACE")]
        to: LedgerPlace,
    },
    /// Bring it to the format of this version; from format 7 on
    Migrate {
        /// Only say which format it has, and whether anything would be changed
        #[arg(long)]
        dry_run: bool,
    },
    /// Copy it to a new file, even during an export
    Backup {
        /// The file [default: a new one in backups in the state directory]
        file: Option<PathBuf>,
    },
}

/// `export run`
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct RunArgs {
    /// Feeds, comma-separated, or `all` [default: all]
    #[arg(long, value_name = "FEEDS", value_delimiter = ',')]
    pub feed: Vec<FeedChoice>,
    /// Only changes in Commerce's change logs since the last sync [default: compare every record]
    #[arg(long, group = "mode")]
    pub partial: bool,
    /// With --partial: compare the whole shop within this time, a part per run, such as 30m, 1h or off [default: `export.full_within`]
    #[arg(long, value_name = "TIME", requires = "partial")]
    pub full_within: Option<TimeSpan>,
    /// With --partial: maximum share of the database's time for this, in % [default: `export.database_share`]
    #[arg(long, value_name = "PERCENT", requires = "partial", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub database_share: Option<u8>,
    /// Resend these records, changed or not: ids or SKUs, comma-separated; @FILE or - (standard input) for one per line
    #[arg(long, value_name = "IDS", value_delimiter = ',', group = "mode", requires = "feed")]
    pub by_ids: Vec<String>,
    /// Type of the ids: sku or id [default: a number is a SKU if a product has it, else an id]
    #[arg(long, value_name = "TYPE", requires = "by_ids")]
    pub id_type: Option<IdKind>,
    /// Retry failed items, even if unchanged
    #[arg(long, group = "mode")]
    pub retry: bool,
    /// Reset feeds: forget what was sent and resend everything; items deleted from the shop then stay in the service
    #[arg(long, group = "mode", requires = "feed")]
    pub cleanup_feed: bool,
    /// The name of each feed to reset, typed again; without it, only a preview is printed
    #[arg(long, value_name = "FEEDS", value_delimiter = ',', requires = "cleanup_feed")]
    pub confirm: Vec<Feed>,
    /// Take what to send from the screen at standard input, instead of from the flags
    #[arg(long, hide = true)]
    pub for_screen: bool,
    /// How it is sent.
    #[command(flatten)]
    pub sending: SendingArgs,
}

/// `export retry`
#[derive(Debug, Args)]
pub struct RetryArgs {
    /// Feeds, comma-separated, or `all` [default: all]
    #[arg(long, value_name = "FEEDS", value_delimiter = ',')]
    pub feed: Vec<FeedChoice>,
    /// Only items whose error text or code contains this [default: all]
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub error: String,
    /// How it is sent.
    #[command(flatten)]
    pub sending: SendingArgs,
}

/// How a run sends what it found.
#[derive(Debug, Clone, Default, Args)]
pub struct SendingArgs {
    /// Requests in flight at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=MOST_THREADS.into()))]
    pub thread_count: Option<u8>,
    /// Items in one request
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_ITEMS.into()))]
    pub batch_size: Option<u16>,
    /// Compare and estimate, but send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Accept tables that are empty now but had rows at the last compare
    #[arg(long)]
    pub accept_empty: bool,
    /// Send even if a guard refuses: the name of the data space, typed in full
    #[arg(long, value_name = "DATA_SPACE_NAME")]
    pub i_know: Option<String>,
    /// Maximum items of a feed to delete: 10%, 500 or none [default: as configured, else 10% and more than 100]
    #[arg(long, value_name = "MOST")]
    pub max_delete: Option<Most>,
    /// Maximum changed items of a feed to send: 50%, 500 or none [default: as configured, else none]
    #[arg(long, value_name = "MOST")]
    pub max_change: Option<Most>,
    /// Print nothing unless attention is needed (for cron)
    #[arg(long, short)]
    pub quiet: bool,
}

/// `export watch`
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Feeds, comma-separated, or `all` [default: all]
    #[arg(long, value_name = "FEEDS", value_delimiter = ',')]
    pub feed: Vec<FeedChoice>,
    /// Seconds from the end of one pass to the start of the next
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub every: u32,
    /// Compare the whole shop within this time, a part per pass, such as 30m, 1h or off [default: `export.full_within`]
    #[arg(long, value_name = "TIME")]
    pub full_within: Option<TimeSpan>,
    /// Maximum share of the database's time for this, in % [default: `export.database_share`]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub database_share: Option<u8>,
    /// Hours between two full compares of a feed that can neither be followed nor compared in parts
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=8_760))]
    pub full_every: u32,
    /// Send even if a guard refuses: the name of the data space, typed in full
    #[arg(long, value_name = "DATA_SPACE_NAME")]
    pub i_know: Option<String>,
}

/// A feed, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedChoice {
    /// Every feed of the source.
    All,
    /// One feed.
    One(Feed),
}

impl std::str::FromStr for FeedChoice {
    type Err = crate::domain::UnknownFeed;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word.trim() {
            "all" => Ok(FeedChoice::All),
            name => name.parse().map(FeedChoice::One),
        }
    }
}
