//! What the nodes of a shop share in a database: the log of the ledger, who works, and the allowance.
//!
//! Each node keeps a copy of the ledger in a file; the truth is here. What a commit of the ledger changed is one entry of its log
//! (`log`), written under the lock of one row, so that entries have one order and no gaps. A node applies the entries of the others
//! before it builds on them. When the log has grown, a copy of all rows replaces what is behind (`snapshot`).
//!
//! A process that may write is a worker (`workers`): its row is its lease, its number is its fencing number. Whoever finds the
//! lease run out ends the worker and takes over its claims; from then on nothing that it appends is accepted. What is taken is
//! decided by the database's clock and by atomic updates; nothing waits for a lock that is held between two statements.
//!
//! It must never know what a ledger row means, or what a feed is.

mod allowance;
mod claims;
mod connect;
mod connections;
mod error;
mod exports;
mod log;
mod schema;
mod snapshot;
mod workers;

pub use claims::{Claimed, Holder};
pub use connect::blocking;
pub use connections::Cluster;
pub use error::ClusterError;
pub use exports::{Part, PartState, SharedExport};
pub use log::{Entries, Head};
pub use snapshot::SnapshotWriter;
pub use workers::{RENEW_EVERY, Renewed, Worker, WorkerKind, WorkerRow};
