//! Health of the feeds, the doctor and the services: the real binary, a real database, a real sandbox gateway, and one trouble each.

mod customised;
mod database_tls;
mod doctor_gateway;
mod doctor_here;
mod feeds;
mod kit;
mod services;

use crate::support;
