//! The one thing that is written into a Commerce database: settings for the whole installation.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, Transaction, TxOpts};

use super::Database;
use super::connections::CONNECT_TIMEOUT;
use super::error::{DatabaseError, grant, words};
use crate::error::{Exit, Explain};
use crate::remedy::Hint;
use crate::untrusted::SafeText;

/// The table of settings.
const TABLE: &str = "core_config_data";
/// The user may not do this with the table, or with a column of it (`ER_TABLEACCESS_DENIED_ERROR`,
/// `ER_COLUMNACCESS_DENIED_ERROR`).
const WRITE_DENIED: [u16; 2] = [1142, 1143];

/// Why settings were not written. Every old value is then still there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The user may read settings but not write them.
    #[error("the database user {user:?} may not write to the table {table}; nothing was saved: {reason}")]
    Denied {
        /// The table, with its prefix.
        table: SafeText,
        /// The database user.
        user: SafeText,
        /// The server's words.
        reason: SafeText,
        /// The statement that would allow it.
        grant: SafeText,
    },
    /// A value does not read back as it was written.
    #[error("{path} reads back from {TABLE} differently; nothing was saved")]
    NotKept {
        /// The setting's path.
        path: SafeText,
    },
    /// The database itself.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Explain for WriteError {
    fn exit(&self) -> Exit {
        match self {
            WriteError::Denied { .. } => Exit::Usage,
            WriteError::NotKept { .. } => Exit::Other,
            WriteError::Database(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            WriteError::Denied { grant, .. } => Some(
                format!(
                    "ask a database administrator to run `{grant}`, or set instance.settings = \"file\" to keep \
                     settings in the configuration file"
                )
                .into(),
            ),
            WriteError::NotKept { .. } => Some("check for a trigger, a missing unique key or a short column".into()),
            WriteError::Database(error) => error.hint(),
        }
    }
}

impl Database {
    /// Writes settings (path, value) into `core_config_data` for the scope default: all of them or none.
    ///
    /// On a connection of its own, for those of the pool only read. Before the transaction is committed, every value is read
    /// back and compared.
    ///
    /// # Errors
    /// [`WriteError::Denied`] if the user may not, with the GRANT that helps, and the others. Then every old value is still there.
    pub async fn write_settings(&self, values: &[(&str, String)]) -> Result<(), WriteError> {
        let mut connection = match tokio::time::timeout(CONNECT_TIMEOUT, self.connections.open()).await {
            Ok(connection) => connection?,
            Err(_) => return Err(DatabaseError::timed_out(self.settings(), CONNECT_TIMEOUT.as_secs()).into()),
        };
        let result = self.write_on(&mut connection, values).await;
        // Whatever was not committed is rolled back when the connection goes.
        if let Err(error) = connection.disconnect().await {
            tracing::debug!(%error, "the write connection was not closed cleanly");
        }
        result
    }

    async fn write_on(&self, connection: &mut Conn, values: &[(&str, String)]) -> Result<(), WriteError> {
        let querying = |error: &Error| DatabaseError::querying(self.settings(), "", error);
        let user: Option<String> =
            connection.query_first("SELECT CURRENT_USER()").await.map_err(|error| querying(&error))?;
        let failed = |error: &Error| match error {
            Error::Server(server) if WRITE_DENIED.contains(&server.code) => {
                self.write_denied(user.as_deref().unwrap_or_default(), error)
            }
            error => querying(error).into(),
        };
        let mut transaction = connection.start_transaction(TxOpts::default()).await.map_err(|error| failed(&error))?;
        let table = self.table(TABLE);
        let upsert = format!(
            "INSERT INTO {table} (scope, scope_id, path, value) VALUES ('default', 0, ?, ?) \
             ON DUPLICATE KEY UPDATE value = VALUES(value)"
        );
        for (path, value) in values {
            transaction.exec_drop(&upsert, (*path, value)).await.map_err(|error| failed(&error))?;
        }
        self.check_written(&mut transaction, values).await?;
        transaction.commit().await.map_err(|error| failed(&error))
    }

    /// Each path has one row, and it holds what was written.
    async fn check_written(
        &self,
        transaction: &mut Transaction<'_>,
        values: &[(&str, String)],
    ) -> Result<(), WriteError> {
        let read =
            format!("SELECT value FROM {} WHERE scope = 'default' AND scope_id = 0 AND path = ?", self.table(TABLE));
        for (path, value) in values {
            let found: Vec<Option<String>> = transaction
                .exec(&read, (*path,))
                .await
                .map_err(|error| DatabaseError::querying(self.settings(), "", &error))?;
            if found.as_slice() != [Some(value.clone())] {
                return Err(WriteError::NotKept { path: SafeText::new(path) });
            }
        }
        Ok(())
    }

    fn write_denied(&self, account: &str, error: &Error) -> WriteError {
        let user = account.rsplit_once('@').map_or(self.settings().user.as_str(), |(user, _)| user);
        let table = format!("{}{TABLE}", self.settings().table_prefix);
        WriteError::Denied {
            table: SafeText::new(&table),
            user: SafeText::new(user),
            reason: words(error),
            grant: grant(self.settings(), account, "INSERT, UPDATE", Some(&table)),
        }
    }
}
