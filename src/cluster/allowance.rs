//! The allowance: when the next request of any node may leave.
//!
//! One row holds the moment at which the next request is free. A request takes its turn by moving that moment on, in one statement, by
//! the database's clock; so all nodes together send no faster than one would.

use std::time::Duration;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error};

use super::connections::{Cluster, persist};
use super::error::ClusterError;
use crate::domain::DataSpaceId;

impl Cluster {
    /// Takes the next free moment of a data space, and says how long it is until then. The one after it is free an `interval` later.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written.
    pub async fn take_turn(&self, data_space: &DataSpaceId, interval: Duration) -> Result<Duration, ClusterError> {
        let wait = persist!(self, connection => take_turn_on(&mut connection, data_space.as_str(), micros(interval)))?;
        Ok(Duration::from_micros(wait))
    }

    /// Nobody may leave before this has passed: the gateway asked for it.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written.
    pub async fn rest(&self, data_space: &DataSpaceId, length: Duration) -> Result<(), ClusterError> {
        let sql = "INSERT INTO allowance (name, free_at) VALUES (?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND)
                   ON DUPLICATE KEY UPDATE free_at = GREATEST(free_at, VALUES(free_at))";
        persist!(self, connection => connection.exec_drop(sql, (data_space.as_str(), micros(length))))
    }
}

async fn take_turn_on(connection: &mut Conn, name: &str, interval: u64) -> Result<u64, Error> {
    // How far ahead the moment was, in microseconds, is handed out with the update; one that has passed is now.
    let update = "UPDATE allowance SET free_at = GREATEST(free_at, UTC_TIMESTAMP(6))
                      + INTERVAL (? + 0 * LAST_INSERT_ID(
                          GREATEST(0, TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), free_at)))) MICROSECOND
                  WHERE name = ?";
    loop {
        connection.exec_drop(update, (interval, name)).await?;
        let wait = connection.last_insert_id().unwrap_or_default();
        if connection.affected_rows() > 0 {
            return Ok(wait);
        }
        // There is no row yet; or without an interval, a moment that is ahead stays as it is.
        let insert = "INSERT IGNORE INTO allowance (name, free_at) VALUES (?, UTC_TIMESTAMP(6))";
        connection.exec_drop(insert, (name,)).await?;
        if connection.affected_rows() == 0 {
            return Ok(wait);
        }
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}
