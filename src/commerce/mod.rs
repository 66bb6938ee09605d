//! The Commerce installation on this server: `env.php`, the database, the edition, its kind.
//!
//! This room must never know what a feed item or a gateway is.

pub mod database;
pub mod edition;
pub mod env_php;
pub mod health;
pub mod kind;
