//! What the actions take and give, besides the words of the rooms below.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::{DataSpaceId, DataSpaceKind, Environment, Feed, Most, ProjectId, ThreadCount};
use crate::error::Problem;
use crate::export::SyncMode;
use crate::export::held::Held;
use crate::format::counted;
use crate::untrusted::SafeText;

use super::guard::customised::Customised;

/// The most characters of an error text that name a retry.
const MOST_ERROR: usize = 40;

/// What the header of the screen shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// What this installation is called.
    pub installation: SafeText,
    /// Which key pair and gateway are used.
    pub environment: Environment,
    /// The gateway's host.
    pub gateway: SafeText,
    /// The chosen project and its name.
    pub project: Option<(ProjectId, SafeText)>,
    /// The chosen data space, its name and kind.
    pub data_space: Option<(DataSpaceId, SafeText, DataSpaceKind)>,
    /// Where items come from, such as `database shop at /run/mysqld/mysqld.sock`.
    pub source: SafeText,
    /// The IMS organization.
    pub organization: Option<SafeText>,
    /// The config file.
    pub config_path: PathBuf,
    /// Where keys, project and data space are kept. Boxed: every event carries an overview, and few look at this.
    pub settings: Box<SettingsOverview>,
    /// Where ledger, locks and logs are kept.
    pub state_dir: PathBuf,
}

/// Where keys, project and data space are kept, and what stands in the way of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SettingsOverview {
    /// Where keys, project and data space are kept: the config file, or Commerce's table.
    pub home: SafeText,
    /// Why Commerce's settings could not be read, or not all of them; what is known is in force.
    pub problem: Option<Problem>,
    /// What is still to be done about what was saved last, such as cleaning Commerce's cache.
    pub note: Option<SafeText>,
    /// What sets the environment so that it cannot be changed here, such as `app/etc/env.php line 12`.
    pub environment_locked: Option<SafeText>,
    /// What sets the data space so that no other can be chosen here.
    pub data_space_locked: Option<SafeText>,
    /// How far setting up has come.
    pub setup: Setup,
    /// What sets the IMS organization so that no other can be chosen here.
    pub organization_locked: Option<SafeText>,
    /// Whether the screen must change nothing.
    pub read_only: bool,
    /// How fast a run may send.
    pub limits: Limits,
}

/// How fast a run sends by default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// Requests a second; `None` = no limit.
    pub requests_per_second: Option<f64>,
    /// Requests in flight at a time.
    pub thread_count: ThreadCount,
    /// Items in one request of each feed.
    pub batch_sizes: Vec<(Feed, usize)>,
}

impl Limits {
    /// Items in one request of a feed.
    pub fn batch_size(&self, feed: Feed) -> Option<usize> {
        self.batch_sizes.iter().find(|(of, _)| *of == feed).map(|(_, size)| *size)
    }
}

/// How far setting up has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Setup {
    /// Whether keys and choices are kept where Commerce itself reads them.
    pub in_commerce: bool,
    /// Whether there is no configuration file yet.
    pub without_file: bool,
    /// Whether nothing says yet where items come from.
    pub without_source: bool,
}

/// What is known of a key pair without asking the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairStatus {
    pub environment: Environment,
    /// The API key, masked.
    pub api_key: Half,
    /// The private key: bits and fingerprint.
    pub private_key: Half,
}

impl PairStatus {
    /// Whether both halves are there and usable.
    pub fn is_complete(&self) -> bool {
        [&self.api_key, &self.private_key].into_iter().all(|half| matches!(half, Half::Present { .. }))
    }
}

/// One half of a key pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Half {
    /// Not there.
    Missing,
    /// There, and as far as can be seen here, good.
    Present {
        /// How it may be shown: `••••3f9a`, or `RSA 2048 bits SHA256:…`.
        shown: SafeText,
        /// Where it came from: a path or a setting.
        origin: SafeText,
        /// What sets it so that it cannot be changed here, such as `app/etc/env.php line 12`.
        locked: Option<SafeText>,
    },
    /// There, but it cannot be used.
    Unusable {
        /// Why, in one sentence.
        reason: SafeText,
    },
}

/// What the source has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceFeeds {
    /// Its feeds with their source records, where these can be counted.
    pub counts: Vec<(Feed, Option<u64>)>,
    /// The feeds that it cannot give because something is missing, and why: one sentence each.
    pub absent: Vec<(Feed, SafeText)>,
    /// What somebody changed of them in Adobe's exporter.
    pub customised: Vec<Customised>,
}

/// What to export.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRequest {
    /// Feeds; empty = all that the source has.
    pub feeds: Vec<Feed>,
    /// How they are gone through.
    pub mode: SyncMode,
    /// Requests in flight, instead of the configured.
    pub thread_count: Option<usize>,
    /// Items in one request, instead of the configured.
    pub batch_size: Option<usize>,
    /// Count only.
    pub dry_run: bool,
    /// Believe that tables which had rows at the last compare are empty on purpose.
    pub accept_empty: bool,
    /// The data space's name, typed by a person to pass the guard.
    pub typed_name: Option<String>,
    /// How many items of a feed may be deleted, instead of the configured.
    pub max_delete: Option<Most>,
    /// How many items of a feed may be sent changed, instead of the configured.
    pub max_change: Option<Most>,
    /// What of it a person was asked about and allows, feed by feed.
    pub allowed: Vec<Held>,
}

impl ExportRequest {
    /// What is asked for, in a few words: `Partial sync of products`.
    pub fn words(&self) -> String {
        let of = match self.feeds.as_slice() {
            [feed] => format!(" of {feed}"),
            _ => String::new(),
        };
        match &self.mode {
            SyncMode::Full if self.dry_run => format!("Dry run{of}"),
            SyncMode::Full => format!("Export{of}"),
            SyncMode::Partial(_) => format!("Partial sync{of}"),
            SyncMode::Retry { error } if error.is_empty() => format!("Retry of failed items{of}"),
            SyncMode::Retry { error } => format!("Retry{of}: “{}”", SafeText::limited(error, MOST_ERROR)),
            SyncMode::ByIds { words, .. } => {
                format!("{}{of} by id", counted(u64::try_from(words.len()).unwrap_or(u64::MAX), "record"))
            }
            SyncMode::Cleanup => format!("Clean-up{of}"),
        }
    }
}
