//! The Commerce database: a small pool of read-only connections, and one consistent snapshot at a time.
//!
//! It knows MySQL and MariaDB, table prefixes and the shape of a Commerce schema. It must never write but for settings that a
//! person saves, never take a lock that a shop would feel, and never know what a feed is. What it knows of connecting and of a server's
//! words is there for `cluster` as well, whose database is this program's own.

mod connections;
mod decode;
mod error;
mod schema;
mod session;
mod settings;
mod snapshot;
mod tables;
mod tls;
mod write;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

pub use connections::CONNECT_TIMEOUT;
use connections::{Connections, View};
pub use decode::Decode;
pub use error::{DatabaseError, connecting_words, grant, is_interruption, words};
pub use schema::{LinkColumn, Schema};
pub use session::connect_plain;
pub use settings::{Address, ClientCertificate, DEFAULT_PORT, DatabaseSettings, SettingsError, Tls};
pub use snapshot::{Snapshot, in_list};
use tables::Tables;
pub use write::WriteError;

use crate::untrusted::SafeText;
use crate::waiting;

/// A connected Commerce database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Database {
    connections: Arc<Connections>,
    /// The tables without which it is not the database that was meant.
    required: &'static [&'static str],
    schema: Arc<Schema>,
    /// The tables of what is read with this.
    tables: Arc<Tables>,
}

/// Pauses before a reading that was interrupted is tried again: a server that restarts is back within a minute.
const PAUSES: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(30),
];

/// How often the list of tables is read again because it lacks one that is there.
const MOST_SWAPS: u32 = 5;

impl Database {
    /// Connects, and finds out what kind of Commerce schema this is.
    ///
    /// # Errors
    /// [`DatabaseError::Unreachable`] if nobody lets us in, [`DatabaseError::NotCommerce`] if the tables of a Commerce
    /// catalogue are missing.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, DatabaseError> {
        Self::connect_to(settings, schema::OF_A_SHOP).await
    }

    /// Connects to a database that holds a part of a shop: these tables.
    ///
    /// # Errors
    /// As [`Self::connect`]; [`DatabaseError::NotCommerce`] if one of the tables is missing.
    pub async fn connect_to(
        settings: &DatabaseSettings,
        required: &'static [&'static str],
    ) -> Result<Self, DatabaseError> {
        Self::look_at(Arc::new(Connections::new(settings)), required, BTreeSet::new(), &[]).await
    }

    /// The same database with its schema as it is now: an upgrade, an indexer or an administrator may have changed it. What is
    /// read with it depends on `expected`, names of tables that must have rows. That one of these or of `needed` is missing is
    /// believed only if a query finds it so: what a reindex renames in is not on MariaDB's list for a moment.
    pub async fn look_again(&self, expected: BTreeSet<String>, needed: &[&str]) -> Result<Self, DatabaseError> {
        self.persist(|| Self::look_at(Arc::clone(&self.connections), self.required, expected.clone(), needed)).await
    }

    async fn look_at(
        connections: Arc<Connections>,
        required: &'static [&'static str],
        expected: BTreeSet<String>,
        needed: &[&str],
    ) -> Result<Self, DatabaseError> {
        let mut snapshot = Box::pin(Snapshot::start(&connections, View::OneMoment)).await?;
        let settings = connections.settings();
        let mut schema = Schema::detect(&mut snapshot, settings, required).await?;
        let wanted = || expected.iter().map(String::as_str).chain(needed.iter().copied());
        for _ in 0..MOST_SWAPS {
            let mut is_swapped = false;
            for table in wanted().filter(|table| !schema.has(table)) {
                is_swapped |= schema::readable(&mut snapshot, &settings.table(table)).await.is_ok();
            }
            if !is_swapped {
                break;
            }
            schema = Schema::detect(&mut snapshot, settings, required).await?;
        }
        snapshot.end().await;
        let schema = Arc::new(schema);
        Ok(Self { connections, required, schema, tables: Arc::new(Tables::expecting(expected)) })
    }

    /// Tries something again, a few times within about a minute, while the database interrupts it or is not there; says so each
    /// time.
    ///
    /// # Errors
    /// What the last attempt said, or the first that is not passing.
    pub async fn persist<T, F, A>(&self, attempt: A) -> Result<T, DatabaseError>
    where
        F: Future<Output = Result<T, DatabaseError>>,
        A: Fn() -> F,
    {
        for pause in PAUSES {
            match Box::pin(attempt()).await {
                Err(error) if error.is_passing() => {
                    let seconds = pause.as_secs();
                    waiting::tell(SafeText::from(format!("{error}; trying again in {seconds} s")));
                    tokio::time::sleep(pause).await;
                }
                done => return done,
            }
        }
        Box::pin(attempt()).await
    }

    /// Opens a snapshot: everything read from it is of one moment.
    ///
    /// # Errors
    /// [`DatabaseError::Unreachable`] if the server does not let us in any more.
    pub async fn snapshot(&self) -> Result<Snapshot, DatabaseError> {
        Box::pin(Snapshot::start(&self.connections, View::OneMoment)).await
    }

    /// Opens a view that also shows what is not committed yet: for looking whether something is under way, never for items.
    ///
    /// # Errors
    /// [`DatabaseError::Unreachable`] if the server does not let us in any more.
    pub async fn dirty_snapshot(&self) -> Result<Snapshot, DatabaseError> {
        Box::pin(Snapshot::start(&self.connections, View::Dirty)).await
    }

    /// How long the server took for all queries of this program so far, one connection beside the other.
    pub fn query_time(&self) -> Duration {
        self.connections.query_time()
    }

    /// The full name of a table, quoted: `table("store")` is `` `shop_store` `` with the prefix `shop_`.
    ///
    /// `name` is one of the program's own words, never text from outside.
    pub fn table(&self, name: &str) -> String {
        self.tables.use_table(name);
        self.settings().table(name)
    }

    /// Whether there is such a table or view; the name is without the prefix.
    pub fn has(&self, table: &str) -> bool {
        let is_there = self.schema.has(table);
        if !is_there {
            self.tables.miss_table(table);
        }
        is_there
    }

    /// What kind of Commerce schema this is.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What it is connected to.
    pub fn settings(&self) -> &DatabaseSettings {
        self.connections.settings()
    }
}
