//! The ledger: what the service has of each item, and how the last attempt went. Embedded SQLite, one file per data space.
//!
//! The promise of the export rests on one order of things, and this room keeps it: what is about to be sent is on disk
//! as *unknown* before it leaves, and only a recorded answer makes it known. Whatever dies in between, the next run finds
//! it unknown and sends it again.
//!
//! # What a run asks of it
//!
//! All of it goes through `writer::Ledger::call`: what a call wrote is on disk when it returns, all of it or nothing; calls that
//! come together share a commit. A store for other places than this disk has to keep the same promises.
//!
//! | call | what is true once it returned |
//! |---|---|
//! | `begin_feed` | nothing of the feed is seen or chosen; what left without an answer, before, is marked as having left |
//! | `choose_*`, `name_keys` | beside the file, and forgotten with the run: nothing depends on it |
//! | `compare` | each item of the page that must be sent has a row and is *unknown*; the others are as they were |
//! | `count_changed`, `count_gone` | nothing is written |
//! | `sweep` | each item that is gone and may be in the service is *unknown*, as a deletion; what never left is forgotten |
//! | `journal` | the rows of a request are written down as leaving; only then may it leave |
//! | `record` | the rows of an answer have their state, in one piece with the answer; only then do they count as sent |
//! | `finish_*`, `finish_round`, `keep_round` | the position in the change logs is the one that was read before the first record |
//! | `rule`, `found_empty`, `remember_filled` | what holds a feed back is known to every later run |
//! | `begin_run`, `end_run` | the run is in the history; without an end it died |
//! | `learned_size`, `remember_shown` | hints: losing them costs requests, never items |
//!
//! A dry run calls the same, and writes nothing.
//!
//! # Rooms
//!
//! `status` says what the codes of items mean, `schema` opens and describes the file, `store` holds a connection and its
//! run-local state, `identity` (with `identity_table` and `bloom_filter`) finds the row of an item, `fingerprints` are what a dry run remembers instead, `compare`, `sweep`,
//! `chosen` (a part of a feed), `follow` (change logs), `recheck` (what is compared again), `rolling` (the rolling compare),
//! `journal`, `held`, `history`, `batch_sizes`, `runs` (the run history) and `hours` (what was sent in each) are what a run does
//! with it, `replica` (with `capture` and `entry`) keeps a copy together with the database that nodes share, `adopt` takes over what another exporter has sent, `writer` is the one thread that writes, `slow_disk` notices what it waits for, `reader`, `sent`, `listing`
//! (pages of `items`) and `detail` (one of them) look on from outside. None of them may know of sources, clients or screens.

mod adopt;
mod backup;
mod batch_sizes;
mod bitmap;
mod bloom_filter;
mod capture;
mod check;
mod chosen;
mod compare;
mod coverage;
mod detail;
mod entry;
mod filled;
mod fingerprints;
mod follow;
mod held;
mod history;
mod hours;
mod identity;
mod identity_table;
mod items;
mod journal;
mod listing;
mod migrate;
mod moving;
mod owner;
mod paths;
mod pending;
mod reader;
mod received;
mod recheck;
mod repair;
mod replica;
mod rolling;
mod runs;
mod schema;
mod sent;
mod slow_disk;
pub(super) mod status;
mod store;
mod sweep;
mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

pub use adopt::{CountsAs, Taken};
pub use backup::{Backup, back_up};
pub use check::{Checkup, Flaw, check, size};
pub(super) use chosen::Reach;
pub(super) use compare::{Compared, Contested, LedgerEntry, Outgoing, Why};
pub use coverage::Coverage;
pub(super) use follow::{Followed, FollowedLog, Gap, Position};
pub(super) use held::{Measure, Ruling};
pub use hours::{HOURS, SentPerHour};
pub use items::{
    FieldChange, ItemAttempt, ItemDetail, ItemNumber, ItemOrder, ItemPage, ItemQuery, ItemRow, LastRequest, PageFrom,
};
pub(super) use journal::{Answer, Attempt, BatchOutcome, Kept};
pub use migrate::{Formats, migrate};
pub(super) use moving::{to_database, to_file};
pub use owner::Installation;
pub use paths::{file_system, network_name};
pub use reader::{FeedSummary, LedgerReader};
pub use received::last_received;
pub(super) use recheck::{Group, Marks, Recheck};
pub(super) use repair::repair;
pub use repair::{RepairFrom, Repaired};
pub use replica::refresh;
pub use rolling::RollingSummary;
pub(super) use rolling::{Round, Rounds};
pub use runs::{PastEnd, PastRun, RunCounts, RunHistory};
pub use sent::SentItem;
pub use slow_disk::slow_save;
pub use status::state_of_status;
pub(super) use store::{Resend, Store};
pub(super) use sweep::SweepScope;
pub(super) use writer::Ledger;

use crate::cluster::ClusterError;
use crate::domain::{DataSpaceId, Feed};
use crate::error::{Exit, Explain};
use crate::private_file;
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// The ledger file of a data space.
fn path_of(state_dir: &Path, data_space: &DataSpaceId) -> PathBuf {
    directory_of(state_dir).join(format!("{data_space}.sqlite3"))
}

/// Where all ledgers are.
fn directory_of(state_dir: &Path) -> PathBuf {
    state_dir.join("ledger")
}

/// Versions are unsigned 32-bit numbers in Commerce, far below SQLite's limit.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The number that stands for a feed in the file. These never change; a new feed gets a new number.
fn feed_code(feed: Feed) -> i64 {
    match feed {
        Feed::ScopesWebsite => 1,
        Feed::ScopesCustomerGroup => 2,
        Feed::ProductAttributes => 3,
        Feed::Categories => 4,
        Feed::Products => 5,
        Feed::Prices => 6,
        Feed::Variants => 7,
        Feed::ProductOverrides => 8,
        Feed::InventoryStockStatus => 9,
        Feed::CategoryPermissions => 10,
        Feed::Orders => 11,
    }
}

fn feed_of_code(code: i64) -> Option<Feed> {
    Feed::ALL.into_iter().find(|&feed| feed_code(feed) == code)
}

/// Why the ledger cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The database that nodes share.
    #[error(transparent)]
    Shared(#[from] ClusterError),
    /// It cannot be opened, read or written.
    #[error("the ledger {path}: {reason}")]
    Unusable {
        path: SafeText,
        /// The system's words.
        reason: SafeText,
        /// What to do.
        hint: Hint,
    },
    /// What is in the file is not what was written.
    #[error("the ledger {path} is damaged: {reason}")]
    Damaged {
        path: SafeText,
        /// SQLite's words.
        reason: SafeText,
    },
}

impl LedgerError {
    fn new(path: &Path, reason: &str, hint: impl Into<Hint>) -> Self {
        LedgerError::Unusable {
            path: SafeText::new(&path.to_string_lossy()),
            reason: SafeText::new(reason),
            hint: hint.into(),
        }
    }

    /// SQLite's words, and what they mean for the person.
    fn of_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        if check::is_damage(error) {
            return LedgerError::Damaged { path: private_file::safe(path), reason: SafeText::new(&error.to_string()) };
        }
        let hint = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => "free disk space, then run again to resume; nothing recorded is lost",
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                "check who owns it and its directory, or set another directory with --state-dir"
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                "another program locks it: end that program, then run again"
            }
            _ => "check the disk, then run again to resume",
        };
        Self::new(path, &error.to_string(), hint)
    }

    pub(super) fn of_io(path: &Path, error: &std::io::Error) -> Self {
        Self::new(
            path,
            &error.to_string(),
            "check that its directory exists and can be written, or set another directory with --state-dir",
        )
    }
}

impl Explain for LedgerError {
    fn exit(&self) -> Exit {
        match self {
            LedgerError::Shared(error) => error.exit(),
            LedgerError::Unusable { .. } | LedgerError::Damaged { .. } => Exit::Other,
        }
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            LedgerError::Shared(error) => return error.hint(),
            LedgerError::Unusable { hint, .. } => hint.clone(),
            LedgerError::Damaged { .. } => {
                let what = ": it recovers readable items; the next run resends them";
                Hint::from("run ").and(Remedy::RepairLedger).and(what)
            }
        })
    }
}
