//! commerce-connector: connects Adobe Commerce and Magento Open Source to Adobe's Commerce Services.
//!
//! The map of the house; arrows point down, and nothing knows what is above it. ARCHITECTURE.md has the whole table, which
//! `tests/architecture.rs` holds.
//!
//! ```text
//!   tui (the screen)      commands (its headless twins)
//!            └──────┬───────────┘
//!               connector          every action of the program, once
//!        ┌──────────┼────────────┬────────┐
//!    settings     attach        ims    sandbox (a gateway for rehearsal, used by `demo` and tests)
//!     │    │        │            │
//!  config  │      export         │
//!     │    │     ┌──┴────┐       │
//!     │    │   feeds   client ───┤
//!     │    └──┐  │      │  └── keys  notify (who is told)
//!     │     commerce    └────── http    one request and its response
//!     └─────────┴── domain             the nouns that all share
//! ```

pub mod attach;
pub mod bounds;
pub mod cli;
pub mod client;
pub mod cluster;
pub mod commands;
pub mod commerce;
pub mod config;
pub mod connector;
pub mod domain;
pub mod error;
pub mod export;
pub mod feeds;
pub mod format;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod hardening;
pub mod http;
pub mod ims;
pub mod keys;
pub mod logging;
pub mod masked;
pub mod notify;
pub mod private_file;
pub mod remedy;
pub mod report;
pub mod sandbox;
pub mod secret;
pub mod settings;
pub mod state_files;
pub mod tui;
pub mod untrusted;
pub mod update;
pub mod variables;
pub mod version;
pub mod waiting;
