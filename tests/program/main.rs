//! The program from outside: commands, keys, gateway, sign-in, diagnosis.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, also where a helper notices; those that measure print figures"
)]

mod attach;
mod cli;
mod client;
mod completions;
mod config_edit;
mod confinement;
mod contexts;
mod credentials;
mod data_spaces;
mod documentation;
mod failures;
mod file_shop;
mod health;
mod ims;
mod ledger_formats;
mod metrics;
mod notify;
mod output;
mod reports;
mod sandbox;
mod schemas;
mod self_update;
mod service_manager;
mod shared_rate;
#[path = "../support/mod.rs"]
mod support;
mod support_bundle;
mod sweep;
mod twins;
mod verify;
