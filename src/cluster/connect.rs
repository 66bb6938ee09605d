//! One connection to the shared database.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error};

use crate::commerce::database::{self, CONNECT_TIMEOUT, DatabaseSettings};

/// Waits for something of the database, where blocking is allowed.
pub fn blocking<T>(work: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work))
}

/// Connects, with the database chosen or without one.
pub(super) async fn connect(settings: &DatabaseSettings, with_database: bool) -> Result<Conn, Error> {
    let connecting = database::connect_plain(settings, with_database);
    let mut connection = match tokio::time::timeout(CONNECT_TIMEOUT, Box::pin(connecting)).await {
        Ok(connection) => connection?,
        Err(_) => return Err(no_answer()),
    };
    // Where another node of a Galera cluster has written, this one shows it before it answers. Elsewhere there is nothing to set.
    if let Ok(Some(1)) = connection.query_first::<i64, _>("SELECT @@wsrep_on").await {
        connection.query_drop("SET SESSION wsrep_sync_wait = 7").await?;
    }
    Ok(connection)
}

fn no_answer() -> Error {
    let text = format!("no response within {} s", CONNECT_TIMEOUT.as_secs());
    std::io::Error::new(std::io::ErrorKind::TimedOut, text).into()
}
