//! What several whole-program tests share.
#![allow(dead_code, reason = "each test program uses another part of it")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, also where a helper notices")]

use commerce_connector::domain::Feed;

pub mod browser;
pub mod edited;
pub mod gateway;
pub mod home;
pub mod mariadb;
pub mod network;
pub mod prices;
pub mod process;
pub mod products;
pub mod terminal;

/// The feeds that every Commerce has, orders last.
pub const FEEDS: [Feed; 9] = [
    Feed::ScopesWebsite,
    Feed::ScopesCustomerGroup,
    Feed::ProductAttributes,
    Feed::Categories,
    Feed::Products,
    Feed::Prices,
    Feed::Variants,
    Feed::InventoryStockStatus,
    Feed::Orders,
];
