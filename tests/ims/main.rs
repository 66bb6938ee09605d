//! Signing in with IMS: the real program over a sandbox that plays IMS, and over servers that play nothing well.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, also where a helper notices")]

mod browser;
mod kit;
mod login;
#[path = "../support/mod.rs"]
mod support;
mod trouble;
