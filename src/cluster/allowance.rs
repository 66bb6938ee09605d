//! The allowance: when the next request of any node may leave.
//!
//! One row holds the moment at which the next request is free. A request takes its turn by moving that moment on, in one statement, by
//! the database's clock; so all nodes together send no faster than one would.

use std::time::Duration;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error};

use super::connections::{Cluster, persist};
use super::error::ClusterError;

impl Cluster {
    /// Takes the next turn, of which there are so many a second; returns how long to wait for it. A turn that nobody took is
    /// lost, but for a few that may follow each other at once (`burst`).
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written.
    pub async fn take_turn(&self, name: &str, per_second: f64, burst: u32) -> Result<Duration, ClusterError> {
        let interval = Duration::from_secs_f64(1.0 / per_second);
        persist!(self, connection => take_turn_on(&mut connection, name, interval, burst))
    }

    /// Nobody sends for so long: the gateway asked for it.
    ///
    /// # Errors
    /// [`ClusterError`] if the database cannot be written.
    pub async fn rest(&self, name: &str, length: Duration) -> Result<(), ClusterError> {
        let sql = "INSERT INTO allowance (name, free_at) VALUES (?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND)
                   ON DUPLICATE KEY UPDATE free_at = GREATEST(free_at, VALUES(free_at))";
        let micros = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        persist!(self, connection => connection.exec_drop(sql, (name, micros)))
    }
}

async fn take_turn_on(connection: &mut Conn, name: &str, interval: Duration, burst: u32) -> Result<Duration, Error> {
    let interval = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX);
    let saved = interval.saturating_mul(u64::from(burst));
    connection.exec_drop("INSERT IGNORE INTO allowance (name, free_at) VALUES (?, UTC_TIMESTAMP(6))", (name,)).await?;
    // What the row held before is handed out with the update, in microseconds from now; a moment that has passed is none.
    let update = "UPDATE allowance SET free_at =
                      GREATEST(free_at, UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND)
                          + INTERVAL (? + 0 * LAST_INSERT_ID(
                              GREATEST(0, TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), free_at)))) MICROSECOND
                  WHERE name = ?";
    connection.exec_drop(update, (saved, interval, name)).await?;
    let wait: Option<u64> = connection.query_first("SELECT LAST_INSERT_ID()").await?;
    Ok(Duration::from_micros(wait.unwrap_or_default()))
}
