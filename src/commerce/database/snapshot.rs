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

    /// The number that the next row of a table gets; `table` is a quoted name.
    ///
    /// # Errors
    /// [`DatabaseError::Query`] with the server's words, also if there is no such table.
    pub async fn next_auto_increment(&mut self, table: &str) -> Result<u64, DatabaseError> {
        // Not information_schema: MySQL 8 answers from statistics there that may be a day old.
        let definitions: Vec<(String, String)> = self.rows(&format!("SHOW CREATE TABLE {table}")).await?;
        Ok(definitions.first().map_or(1, |(_, definition)| auto_increment(definition)))
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

/// The `AUTO_INCREMENT` of a table's definition, which leaves it out while it is 1. It stands among the table's options, after
/// the last of the lines that describe columns and keys, and before the table's comment.
fn auto_increment(definition: &str) -> u64 {
    const OPTION: &str = "AUTO_INCREMENT=";
    let options = definition.rsplit_once("\n)").map_or(definition, |(_, options)| options);
    let number = options.split_once(OPTION).map(|(_, after)| after);
    let digits = number.map(|after| after.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::auto_increment;

    #[test]
    fn the_next_number_is_read_from_the_options_of_a_definition() {
        let columns = "CREATE TABLE `a_cl` (\n  `version_id` int unsigned NOT NULL AUTO_INCREMENT COMMENT 'AUTO_INCREMENT=7',\n  \
                       PRIMARY KEY (`version_id`)\n)";
        let next = |options: &str| auto_increment(&format!("{columns} ENGINE=InnoDB{options}"));
        assert_eq!(next(" AUTO_INCREMENT=1234 DEFAULT CHARSET=utf8mb4"), 1234);
        assert_eq!(next(" DEFAULT CHARSET=utf8mb4 COMMENT='a_cl'"), 1);
        assert_eq!(next(" AUTO_INCREMENT=12 COMMENT='AUTO_INCREMENT=3'"), 12);
    }
}
