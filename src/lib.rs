//! commerce-connector: connects Adobe Commerce and Magento Open Source to Adobe's Commerce Services.

pub mod cli;
pub mod client;
pub mod commands;
pub mod commerce;
pub mod config;
pub mod connector;
pub mod error;
pub mod export;
pub mod feeds;
pub mod hardening;
pub mod keys;
pub mod logging;
pub mod private_file;
pub mod sandbox;
pub mod secret;
pub mod tui;
pub mod untrusted;
