//! What the shop's database gives: every feed, its settings and its servers.
#![allow(
    clippy::expect_used,
    clippy::format_push_string,
    clippy::module_inception,
    clippy::needless_for_each,
    clippy::panic,
    clippy::print_stdout,
    clippy::similar_names,
    clippy::unwrap_used,
    reason = "a test fails by panicking, also where a helper notices; those that measure print figures"
)]
// One order in full is one big `json!`.
#![recursion_limit = "512"]

mod database;
mod gold;
mod planted;
mod prices;
mod prices_luma;
mod products;
mod products_luma;
mod proof;
mod settings;
mod stock;
#[path = "../support/mod.rs"]
mod support;
mod variants;
