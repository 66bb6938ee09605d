//! One consistent, read-only view of the database.

use mysql_async::prelude::{FromRow, Protocol, Queryable};
use mysql_async::{IsolationLevel, Params, Pool, QueryResult, Row, Transaction, TxOpts, from_row_opt};

use super::CONNECT_TIMEOUT;
use super::error::DatabaseError;
use super::settings::DatabaseSettings;

/// A connection inside a read-only transaction: everything it reads is of the moment in which it was opened.
///
/// No read takes a lock. It should be short-lived all the same: while it is open, the server keeps old row versions.
/// Dropped without [`Self::end`], it is rolled back before the connection is used again.
#[derive(Debug)]
pub struct Snapshot {
    transaction: Transaction<'static>,
}

impl Snapshot {
    pub(super) async fn start(pool: &Pool, settings: &DatabaseSettings) -> Result<Self, DatabaseError> {
        let mut options = TxOpts::default();
        options
            // Below this level a server would give every query a view of its own.
            .with_isolation_level(IsolationLevel::RepeatableRead)
            .with_readonly(true)
            .with_consistent_snapshot(true);
        match tokio::time::timeout(CONNECT_TIMEOUT, pool.start_transaction(options)).await {
            Ok(Ok(transaction)) => Ok(Self { transaction }),
            Ok(Err(error)) => Err(DatabaseError::connecting(settings, &error)),
            Err(_) => Err(DatabaseError::timed_out(settings, CONNECT_TIMEOUT.as_secs())),
        }
    }

    /// The rows of a query that holds no text from outside: one round trip.
    ///
    /// # Errors
    /// [`DatabaseError::Query`] with the server's words, also if a column is not of the type asked for.
    pub async fn rows<T: FromRow + Send + 'static>(&mut self, sql: &str) -> Result<Vec<T>, DatabaseError> {
        convert(self.transaction.query_iter(sql).await).await
    }

    /// The rows of a query with parameters: text from outside goes here, never into the query.
    ///
    /// # Errors
    /// [`DatabaseError::Query`] with the server's words, also if a column is not of the type asked for.
    pub async fn rows_with<T: FromRow + Send + 'static>(
        &mut self,
        sql: &str,
        parameters: impl Into<Params> + Send,
    ) -> Result<Vec<T>, DatabaseError> {
        convert(self.transaction.exec_iter(sql, parameters).await).await
    }

    /// Ends it. The server has nothing to lose if it cannot be told, so this cannot fail.
    pub async fn end(self) {
        if let Err(error) = self.transaction.commit().await {
            tracing::debug!(%error, "a read-only snapshot was not ended cleanly");
        }
    }
}

/// The rows of an answer, each converted as it arrives. The driver's own conversion panics on a value of another type.
async fn convert<T: FromRow, P: Protocol>(
    answer: Result<QueryResult<'_, 'static, P>, mysql_async::Error>,
) -> Result<Vec<T>, DatabaseError> {
    let mut rows = Vec::new();
    let mut is_expected = true;
    let take = |row: Row| match from_row_opt(row) {
        Ok(row) => rows.push(row),
        Err(_) => is_expected = false,
    };
    let read = match answer {
        Ok(answer) => answer.for_each_and_drop(take).await,
        Err(error) => Err(error),
    };
    read.map_err(|error| DatabaseError::querying(&error))?;
    if is_expected { Ok(rows) } else { Err(DatabaseError::unexpected()) }
}

/// Numbers for an `IN (…)` list, which must not be empty for the server.
///
/// Ids are numbers from the database itself, so they can stand in the query as they are; a list without entries becomes
/// `NULL`, which nothing is in.
#[must_use]
pub fn in_list<T: std::fmt::Display>(numbers: impl IntoIterator<Item = T>) -> String {
    let mut list = String::new();
    for number in numbers {
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(&number.to_string());
    }
    if list.is_empty() { "NULL".to_owned() } else { list }
}
