//! Health of the feeds, the doctor and the services: the real binary, a real database, a real sandbox gateway, and one trouble each.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, also where a helper notices")]

#[path = "../support/mod.rs"]
mod support;

mod database_tls;
mod doctor_gateway;
mod doctor_here;
mod feeds;
mod kit;
mod services;
