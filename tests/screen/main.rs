//! The screen: frames, a real terminal, and what any sequence of keys leaves.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, also where a helper notices; those that measure print figures"
)]

mod frames;
mod pictures;
mod properties;
mod pty;
mod pty_habits;
mod pty_panes;
mod pty_runs;
mod pty_sign_in;
mod pty_unsaved;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
