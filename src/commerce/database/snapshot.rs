//! One consistent, read-only view of the database.

use std::sync::Arc;

use mysql_async::prelude::{Protocol, Queryable};
use mysql_async::{Conn, Params, QueryResult, Row};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::connections::{Begun, Connections, View};
use super::decode::{self, Decode};
use super::error::DatabaseError;
use super::session::ANSWER_TIMEOUT;
use crate::untrusted::SafeText;
use crate::waiting;

/// A connection inside a read-only transaction: everything it reads is of the moment in which it was opened.
///
/// No read takes a lock. It should be short-lived all the same: while it is open, the server keeps old row versions.
/// Dropped without [`Self::end`], its connection is closed.
#[derive(Debug)]
pub struct Snapshot {
    connection: Conn,
    connections: Arc<Connections>,
    /// The connection did not answer, or said that it is lost.
    is_broken: bool,
    _place: OwnedSemaphorePermit,
}

/// Why there are no rows.
enum Failure {
    Driver(mysql_async::Error),
    Undecodable(DatabaseError),
}

impl Snapshot {
    pub(super) async fn start(connections: &Arc<Connections>, view: View) -> Result<Self, DatabaseError> {
        let Begun { connection, place } = connections.begin(view).await?;
        Ok(Self { connection, connections: Arc::clone(connections), is_broken: false, _place: place })
    }

    /// The rows of a query that holds no text from outside: one round trip.
    ///
    /// # Errors
    /// [`DatabaseError`] with the server's words; [`DatabaseError::Undecodable`] if a column is not of the type asked for.
    pub async fn rows<T: Decode>(&mut self, sql: &str) -> Result<Vec<T>, DatabaseError> {
        let (connections, id) = (Arc::clone(&self.connections), self.connection.id());
        let mut rows = Vec::new();
        let read = async { convert(self.connection.query_iter(sql).await, |row| rows.push(row)).await };
        let answer = in_time(&connections, id, sql, read).await;
        self.settle(answer).await.map(|()| rows)
    }

    /// The rows of a query with parameters: text from outside goes here, never into the query.
    pub async fn rows_with<T: Decode>(
        &mut self,
        sql: &str,
        parameters: impl Into<Params> + Send,
    ) -> Result<Vec<T>, DatabaseError> {
        let mut rows = Vec::new();
        self.each_row(sql, parameters, |row| rows.push(row)).await.map(|()| rows)
    }

    /// The same, row by row: for many, of which less is kept than a row takes.
    pub async fn each_row<T: Decode>(
        &mut self,
        sql: &str,
        parameters: impl Into<Params> + Send,
        take: impl FnMut(T) + Send,
    ) -> Result<(), DatabaseError> {
        let (connections, id) = (Arc::clone(&self.connections), self.connection.id());
        let read = async { convert(self.connection.exec_iter(sql, parameters).await, take).await };
        let answer = in_time(&connections, id, sql, read).await;
        self.settle(answer).await
    }

    /// Whether there was an answer, or why not: `None` is none in time.
    async fn settle(&mut self, answer: Option<Result<(), Failure>>) -> Result<(), DatabaseError> {
        let error = match answer {
            Some(Ok(())) => return Ok(()),
            Some(Err(Failure::Undecodable(error))) => error,
            Some(Err(Failure::Driver(error))) => {
                let settings = self.connections.settings().clone();
                match DatabaseError::querying(&settings, "", &error) {
                    DatabaseError::Denied { .. } => {
                        let account = self.connection.query_first("SELECT CURRENT_USER()").await.ok().flatten();
                        let account: String = account.unwrap_or_default();
                        DatabaseError::querying(&settings, &account, &error)
                    }
                    error => error,
                }
            }
            None => DatabaseError::unanswered(ANSWER_TIMEOUT.as_secs()),
        };
        self.is_broken |= error.is_passing();
        Err(error)
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

    /// Ends it. The server has nothing to lose if it cannot be known, so this cannot fail.
    pub async fn end(mut self) {
        if self.is_broken {
            return;
        }
        match self.connection.query_drop("COMMIT").await {
            Ok(()) => self.connections.take_back(self.connection),
            Err(error) => tracing::debug!(%error, "a read-only snapshot was not ended cleanly"),
        }
    }
}

/// Waits for an answer (in a box: futures within futures have a limit), and tells after a while what the server is doing. `None` if there is none in time.
async fn in_time<T>(connections: &Connections, id: u32, sql: &str, read: impl Future<Output = T>) -> Option<T> {
    let words = async {
        let state = connections.state_of(id).await;
        let doing =
            state.map_or_else(|| "no response yet".to_owned(), |state| format!("the server says {:?}", state.as_str()));
        let tables = tables_in(sql).join(", ");
        let of = connections.settings().address_text();
        SafeText::from(format!("waiting for the database at {of}: a query of {tables}, {doing}"))
    };
    let begun = Instant::now();
    let answer = waiting::announced(words, tokio::time::timeout(ANSWER_TIMEOUT, Box::pin(read))).await.ok();
    connections.count_since(begun);
    answer
}

/// The names in backquotes: those of tables, in the order of the query, each once.
fn tables_in(sql: &str) -> Vec<&str> {
    let mut tables: Vec<&str> = Vec::new();
    for name in sql.split('`').skip(1).step_by(2) {
        if !tables.contains(&name) {
            tables.push(name);
        }
    }
    tables
}

/// Hands over the rows of an answer, each converted as it arrives. The driver's own conversion panics on a value of another type.
async fn convert<T: Decode, P: Protocol>(
    answer: Result<QueryResult<'_, 'static, P>, mysql_async::Error>,
    mut take: impl FnMut(T),
) -> Result<(), Failure> {
    let mut undecodable = None;
    let take = |row: Row| match T::from_row_opt(row) {
        Ok(row) => take(row),
        Err(error) if undecodable.is_none() => undecodable = Some(decode::undecodable::<T>(&error.0)),
        Err(_) => {}
    };
    let read = match answer {
        Ok(answer) => answer.for_each_and_drop(take).await,
        Err(error) => Err(error),
    };
    read.map_err(Failure::Driver)?;
    undecodable.map_or(Ok(()), |error| Err(Failure::Undecodable(error)))
}

/// Numbers for an `IN (…)` list, which must not be empty for the server.
///
/// Ids are numbers from the database itself, so they can stand in the query as they are; a list without entries becomes
/// `NULL`, which nothing is in.
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
