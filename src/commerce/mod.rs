//! The Commerce installation on this server: `env.php`, the database, the edition, its kind, its settings, its health.
//!
//! This room must never know what a feed item or a gateway is.

pub mod cache;
pub mod crypt;
pub mod database;
pub mod deployment;
pub mod edition;
pub mod env_php;
pub mod exporter_log;
pub mod extensions;
pub mod feed_rows;
pub mod health;
pub mod kind;
pub mod modules;
pub mod settings;
pub mod triggers;
mod xml;
