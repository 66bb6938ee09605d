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
mod documentation;
mod failures;
mod health;
mod ims;
mod output;
mod reports;
mod sandbox;
#[path = "../support/mod.rs"]
mod support;
mod sweep;
mod twins;
mod verify;
