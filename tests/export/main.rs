//! Exports from the source to the gateway: runs, changes, the ledger, and what kills and faults do to them.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, also where a helper notices; those that measure print figures"
)]

mod changes;
mod commerce;
mod guard;
mod kill;
mod ledger;
mod nodes;
mod run;
mod scale;
mod soak;
#[path = "../support/mod.rs"]
mod support;
