//! `sandbox` and `demo`

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `sandbox`
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Address to listen on; loopback only, port 0 = any free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Write one JSON object here when ready: url, public API keys, paths of the private keys
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Directory for its keys; missing ones are created [default: sandbox/keys in the state directory]
    #[arg(long, value_name = "DIR")]
    pub keys_dir: Option<PathBuf>,
    /// Edition to use: 3 data spaces per project (commerce) or 1 (opensource)
    #[arg(long, value_enum, default_value_t = EditionChoice::Commerce)]
    pub edition: EditionChoice,
    /// Script of faults to simulate, TOML
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// Feed requests per second; 0 = no limit
    #[arg(long, value_name = "N", default_value_t = 2.0)]
    pub requests_per_second: f64,
    /// Feed requests allowed at once
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub burst: u32,
    /// Seconds until a received item is visible to `verify`
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub visible_after: u32,
}

/// Which edition the sandbox uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EditionChoice {
    /// Adobe Commerce.
    Commerce,
    /// Magento Open Source.
    #[value(name = "opensource")]
    OpenSource,
}

/// `demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Number of products in the sample catalogue
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub products: u64,
    /// Script of faults to simulate, TOML (see `sandbox --faults`)
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}
