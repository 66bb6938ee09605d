//! A run outlives its screen, and is followed and told what to do from elsewhere: the real program, several at a time.
#![allow(clippy::expect_used, reason = "a test fails by panicking, also where a helper notices")]

mod attach;
mod hang_up;
mod kit;
mod ssh;
#[path = "../support/mod.rs"]
mod support;
