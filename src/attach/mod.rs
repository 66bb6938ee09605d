//! Running exports, reachable from other processes of the same user: who runs them, their counters and events, and commands.
//!
//! [`publish`] is the side of the process that runs; [`find`] is the side of who looks; `watching` is both for a watch between its
//! passes, and `start` for a run that is started in a process of its own. Between them is a Unix socket in the state directory, with
//! one JSON object a line. A run of another node is seen through the database that nodes share (`node`). It must never know what a run does, nor who looks; and nobody who looks can slow a run down.

mod client;
mod events;
mod lines;
mod node;
mod server;
mod socket;
mod start;
mod together;
mod watching;
mod wire;

pub use client::{Found, find, find_on_nodes};
pub use server::publish;
pub use start::{Starter, start};
pub use together::together;
pub use watching::{FoundWatch, find_watches, publish_watch};
pub use wire::{About, PassEnd, WatchStatus};
