//! The sandbox gateway over real HTTP, driven by a plain client and tokens made by hand: nothing of our own client.

// Helpers outside of #[test] functions fail a test the same way as those inside.
#![allow(clippy::expect_used, clippy::panic)]

#[path = "sandbox/kit.rs"]
mod kit;

#[path = "sandbox/access.rs"]
mod access;
#[path = "sandbox/feeds.rs"]
mod feeds;
#[path = "sandbox/rehearsal.rs"]
mod rehearsal;
#[path = "sandbox/sign_in.rs"]
mod sign_in;
