//! `verify`.

use clap::{Args, value_parser};

use crate::domain::Feed;

/// `verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The feed; products are compared with their prices
    #[arg(long, value_name = "FEED", default_value_t = Feed::Products)]
    pub feed: Feed,
    /// Check this many at random [default: as many as rule out that 0.3 % are wrong]
    #[arg(long, value_name = "N", conflicts_with_all = ["ids", "all"], value_parser = value_parser!(u64).range(1..))]
    pub sample: Option<u64>,
    /// Check these SKUs, comma-separated
    #[arg(long, value_name = "SKUS", value_delimiter = ',', conflicts_with = "all")]
    pub ids: Vec<String>,
    /// Check everything; an interrupted check is resumed
    #[arg(long)]
    pub all: bool,
    /// Only this store view [default: all]
    #[arg(long, value_name = "CODE")]
    pub store_view: Option<String>,
    /// Id of the customer group whose prices are compared; 0 = not logged in
    #[arg(long, value_name = "ID", default_value_t = 0)]
    pub group: u64,
    /// Also check that Live Search finds what is displayable
    #[arg(long)]
    pub live_search: bool,
    /// Minutes after which an accepted item should be visible
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = value_parser!(u32).range(..=10_080))]
    pub within: u32,
}
