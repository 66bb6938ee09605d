//! The arguments of `export items` and `export item`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::domain::Feed;

/// `export items`
#[derive(Debug, Args)]
pub struct ItemsArgs {
    /// Only this feed [default: all]
    #[arg(long, value_name = "FEED")]
    pub feed: Option<Feed>,
    /// Only items whose label (SKU and store view, or the equivalent) contains this, or whose source id is this
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub search: String,
    /// Only items in this state [default: any]
    #[arg(long, value_name = "STATE", value_enum)]
    pub state: Option<StateChoice>,
    /// Only items whose error text or code contains this
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub error: String,
    /// Sort order, within a feed
    #[arg(long, value_name = "ORDER", value_enum, default_value_t = OrderChoice::Item)]
    pub order: OrderChoice,
    /// At most this many items
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: u64,
    /// Start after this item: the last number of the previous list
    #[arg(long, value_name = "NUMBER")]
    pub after: Option<i64>,
    /// Write every item to this new file instead, as CSV
    #[arg(long, value_name = "FILE", conflicts_with_all = ["limit", "after"])]
    pub csv: Option<PathBuf>,
}

/// `export item`
#[derive(Debug, Args)]
pub struct ItemArgs {
    /// The feed
    #[arg(long, value_name = "FEED")]
    pub feed: Feed,
    /// The item: its SKU, its source id, or its label as `export items` prints it
    #[arg(value_name = "ITEM")]
    pub item: String,
}

/// The state of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StateChoice {
    /// No response recorded
    Awaiting,
    /// Accepted by the gateway
    Submitted,
    /// A temporary failure
    WillRetry,
    /// A failure that needs a fix
    NeedsAttention,
}

/// The order of a list of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OrderChoice {
    /// By SKU and store view, or the equivalent
    Item,
    /// By source id
    Id,
    /// By the request in which they were sent last, newest first
    Newest,
}
