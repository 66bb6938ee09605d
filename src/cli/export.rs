//! `export …`: what a run sends, how it is told what to do, and what becomes of its ledger.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ItemArgs, ItemsArgs};
use crate::bounds::{MOST_ITEMS, MOST_THREADS};
use crate::config::time_span::TimeSpan;
use crate::export::hold::Most;
use crate::feeds::Feed;
use crate::feeds::source::IdKind;

/// `export …`
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Send what is new, changed or deleted
    Run(RunArgs),
    /// Send again what failed, even if it did not change (the same as `run --retry`)
    Retry(RetryArgs),
    /// Send changes as they happen, until it is told to stop (for a service)
    Watch(WatchArgs),
    /// Count what a full export would take, before anything is read
    Estimate {
        /// Feeds, comma-separated, or `all`
        #[arg(long, value_name = "FEEDS", value_delimiter = ',', default_value = "all")]
        feed: Vec<FeedChoice>,
    },
    /// Show how each feed stands in the chosen data space, and the runs that go on
    Status {
        /// Follow the run that goes on, line by line, and end as it does; interrupting this leaves the run alone
        #[arg(long)]
        watch: bool,
    },
    /// Pause the run that goes on: the batches in flight are finished, and nothing more is sent
    Pause,
    /// Let a paused run go on
    Resume,
    /// Stop the run that goes on, after the batches in flight
    Stop,
    /// Change threads and batch size of the run that goes on
    Set(SetArgs),
    /// List items as the ledger knows them: which were sent, which failed and why
    Items(ItemsArgs),
    /// Show one item: its states with request ids, what was sent last, and what would be sent now
    Item(ItemArgs),
    /// Check, repair or back up what this program remembers of the chosen data space
    #[command(subcommand)]
    Ledger(LedgerCommand),
}

/// `export set`
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Requests in flight at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=MOST_THREADS.into()))]
    pub threads: Option<u8>,
    /// Items in one request, for the batches that are made from now on
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_ITEMS.into()))]
    pub batch_size: Option<u16>,
    /// Feeds whose batch size it is, comma-separated [default: all of the run]
    #[arg(long, value_name = "FEEDS", value_delimiter = ',', requires = "batch_size")]
    pub feed: Vec<Feed>,
}

/// `export ledger …`
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Read all of it, and say whether it can be believed
    Check,
    /// Make a new one from what can be read of a damaged one; the next run then sends every item once more
    Repair {
        /// Make it from this backup instead
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Make a new one although nothing is wrong: after a disk or a machine was set back to an earlier state
        #[arg(long, conflicts_with = "from")]
        distrust: bool,
    },
    /// Copy it to a new file, also while a run goes on
    Backup {
        /// The file [default: a new one in backups in the state directory]
        file: Option<PathBuf>,
    },
}

/// `export run`
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Feeds, comma-separated, or `all` [default: all]
    #[arg(long, value_name = "FEEDS", value_delimiter = ',')]
    pub feed: Vec<FeedChoice>,
    /// Only what Commerce's change logs name since the last sync [default: compare every record]
    #[arg(long, group = "mode")]
    pub partial: bool,
    /// With --partial: compare the whole shop within this time, a piece each run, such as 30m, 1h or off [default: `export.full_within`]
    #[arg(long, value_name = "TIME", requires = "partial")]
    pub full_within: Option<TimeSpan>,
    /// With --partial: the most of the database's time that this may take, in percent [default: `export.database_share`]
    #[arg(long, value_name = "PERCENT", requires = "partial", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub database_share: Option<u8>,
    /// Send these records again, changed or not: ids or SKUs, comma-separated; @FILE or - (standard input) for one a line
    #[arg(long, value_name = "IDS", value_delimiter = ',', group = "mode", requires = "feed")]
    pub by_ids: Vec<String>,
    /// What the ids are: sku or id [default: a number is an id if there is such a record]
    #[arg(long, value_name = "TYPE", requires = "by_ids")]
    pub id_type: Option<IdKind>,
    /// Send again what failed, even if it did not change
    #[arg(long, group = "mode")]
    pub retry: bool,
    /// Forget what was sent of these feeds, and send all of it again; items that the shop no longer has then stay in the service
    #[arg(long, group = "mode", requires = "feed")]
    pub cleanup_feed: bool,
    /// The name of each feed to clean up, typed once more; without it, only what would happen is printed
    #[arg(long, value_name = "FEEDS", value_delimiter = ',', requires = "cleanup_feed")]
    pub confirm: Vec<Feed>,
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
    /// Compare and count, say what it would take, but send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Tables that had rows at the last compare and are empty now are empty on purpose: go on without them
    #[arg(long)]
    pub accept_empty: bool,
    /// Send although a guard would refuse: the name of the data space, typed in full
    #[arg(long, value_name = "DATA_SPACE_NAME")]
    pub i_know: Option<String>,
    /// The most items of a feed to delete: 10%, 500 or none [default: as configured, else 10% and more than 100]
    #[arg(long, value_name = "MOST")]
    pub max_delete: Option<Most>,
    /// The most items of a feed to send changed: 50%, 500 or none [default: as configured, else none]
    #[arg(long, value_name = "MOST")]
    pub max_change: Option<Most>,
    /// Print nothing unless something needs a person (for cron)
    #[arg(long, short)]
    pub quiet: bool,
}

/// `export watch`
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Feeds, comma-separated, or `all` [default: all]
    #[arg(long, value_name = "FEEDS", value_delimiter = ',')]
    pub feed: Vec<FeedChoice>,
    /// Seconds from the end of one pass to the beginning of the next
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub every: u32,
    /// Compare the whole shop within this time, a piece each pass, such as 30m, 1h or off [default: `export.full_within`]
    #[arg(long, value_name = "TIME")]
    pub full_within: Option<TimeSpan>,
    /// The most of the database's time that this may take, in percent [default: `export.database_share`]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub database_share: Option<u8>,
    /// Hours between two full compares of a feed that can neither be followed nor compared a piece at a time
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=8_760))]
    pub full_every: u32,
    /// Send although a guard would refuse: the name of the data space, typed in full
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
    type Err = crate::feeds::UnknownFeed;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word.trim() {
            "all" => Ok(FeedChoice::All),
            name => name.parse().map(FeedChoice::One),
        }
    }
}
