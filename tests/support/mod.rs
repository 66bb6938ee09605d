//! What several whole-program tests share.
#![allow(dead_code, reason = "each test program uses another part of it")]

pub mod mariadb;
pub mod products;
