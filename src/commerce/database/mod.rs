//! The Commerce database: a small pool of read-only connections, and one consistent snapshot at a time.
//!
//! It knows MySQL and MariaDB, table prefixes and the shape of a Commerce schema. It must never write but for settings that a
//! person saves, never take a lock that a shop would feel, and never know what a feed is.

mod connections;
mod decode;
mod error;
mod schema;
mod session;
mod settings;
mod snapshot;
mod tls;
mod write;

use std::sync::Arc;

use connections::Connections;
pub use decode::Decode;
pub use error::DatabaseError;
pub use schema::{LinkColumn, Schema};
pub use settings::{Address, DEFAULT_PORT, DatabaseSettings, SettingsError};
pub use snapshot::{Snapshot, in_list};
pub use tls::{ClientCertificate, Tls, TlsVerify};
pub use write::WriteError;

/// A connected Commerce database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Database {
    connections: Arc<Connections>,
    schema: Schema,
}

impl Database {
    /// Connects, and finds out what kind of Commerce schema this is.
    ///
    /// # Errors
    /// [`DatabaseError::Unreachable`] if nobody lets us in, [`DatabaseError::NotCommerce`] if the tables of a Commerce
    /// catalogue are missing.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, DatabaseError> {
        Self::look_at(Arc::new(Connections::new(settings))).await
    }

    /// The same database with its schema as it is now: an upgrade, an indexer or an administrator may have changed it.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn looked_at_again(&self) -> Result<Self, DatabaseError> {
        Self::look_at(Arc::clone(&self.connections)).await
    }

    async fn look_at(connections: Arc<Connections>) -> Result<Self, DatabaseError> {
        let mut snapshot = Snapshot::start(&connections).await?;
        let schema = Schema::detect(&mut snapshot, connections.settings()).await?;
        snapshot.end().await;
        Ok(Self { connections, schema })
    }

    /// Opens a snapshot: everything read from it is of one moment.
    ///
    /// # Errors
    /// [`DatabaseError::Unreachable`] if the server does not let us in any more.
    pub async fn snapshot(&self) -> Result<Snapshot, DatabaseError> {
        Snapshot::start(&self.connections).await
    }

    /// The full name of a table, quoted: `table("store")` is `` `shop_store` `` with the prefix `shop_`.
    ///
    /// `name` is one of the program's own words, never text from outside.
    #[must_use]
    pub fn table(&self, name: &str) -> String {
        self.settings().table(name)
    }

    /// What kind of Commerce schema this is.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What it is connected to.
    #[must_use]
    pub fn settings(&self) -> &DatabaseSettings {
        self.connections.settings()
    }
}
