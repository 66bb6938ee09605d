//! The Commerce database: a small pool of read-only connections, and one consistent snapshot at a time.
//!
//! It knows MySQL and MariaDB, table prefixes and the shape of a Commerce schema. It must never write but for settings that a
//! person saves, never take a lock that a shop would feel, and never know what a feed is.

mod error;
mod schema;
mod settings;
mod snapshot;
mod write;

use std::time::Duration;

use mysql_async::{OptsBuilder, Pool, PoolConstraints, PoolOpts, SslOpts};

pub use error::DatabaseError;
pub use schema::{LinkColumn, Schema};
pub use settings::{Address, DEFAULT_PORT, DatabaseSettings, SettingsError};
pub use snapshot::{Snapshot, in_list};
pub use write::WriteError;

/// Connections at most: one reads a feed, the others count and preview. A shop's own connections are not crowded out.
const POOL_SIZE: usize = 4;
/// How long a server may take to let us in; a person is waiting for the answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
/// How often an idle TCP connection proves that the other end is still there: less than what firewalls allow.
const KEEPALIVE: Duration = Duration::from_mins(1);
/// What every session is set to before its first query, as Commerce does it (protocol page §5).
const SESSION: [&str; 2] = ["SET SQL_MODE=''", "SET time_zone='+00:00'"];

/// A connected Commerce database. Clones share the pool.
#[derive(Debug, Clone)]
pub struct Database {
    pool: Pool,
    settings: DatabaseSettings,
    schema: Schema,
}

impl Database {
    /// Connects, and finds out what kind of Commerce schema this is.
    ///
    /// # Errors
    /// [`DatabaseError::Unreachable`] if nobody lets us in, [`DatabaseError::NotCommerce`] if the tables of a Commerce
    /// catalogue are missing.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, DatabaseError> {
        let pool = Pool::new(options(settings));
        let mut snapshot = Snapshot::start(&pool, settings).await?;
        let schema = Schema::detect(&mut snapshot, settings).await?;
        snapshot.end().await;
        Ok(Self { pool, settings: settings.clone(), schema })
    }

    /// Opens a snapshot: everything read from it is of one moment.
    ///
    /// # Errors
    /// [`DatabaseError::Unreachable`] if the server does not let us in any more.
    pub async fn snapshot(&self) -> Result<Snapshot, DatabaseError> {
        Snapshot::start(&self.pool, &self.settings).await
    }

    /// The full name of a table, quoted: `table("store")` is `` `shop_store` `` with the prefix `shop_`.
    ///
    /// `name` is one of the program's own words, never text from outside.
    #[must_use]
    pub fn table(&self, name: &str) -> String {
        self.settings.table(name)
    }

    /// What kind of Commerce schema this is.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What it is connected to.
    #[must_use]
    pub fn settings(&self) -> &DatabaseSettings {
        &self.settings
    }
}

fn options(settings: &DatabaseSettings) -> OptsBuilder {
    let pool = PoolOpts::default()
        .with_constraints(PoolConstraints::new(0, POOL_SIZE).unwrap_or_default())
        .with_inactive_connection_ttl(KEEPALIVE);
    let options = OptsBuilder::default()
        .user(Some(settings.user.clone()))
        .pass(Some(settings.password.expose().to_owned()))
        .db_name(Some(settings.database.clone()))
        // The driver would otherwise leave the configured address for the server's socket on loopback.
        .prefer_socket(false)
        .tcp_keepalive(Some(KEEPALIVE))
        // Set again after each reset of a pooled connection, unlike `init`.
        .setup(SESSION.to_vec())
        .pool_opts(pool);
    match &settings.address {
        Address::Tcp { host, port } => {
            let tls = settings
                .tls_ca_file
                .clone()
                .map(|file| SslOpts::default().with_root_certs(vec![file.into()]).with_disable_built_in_roots(true));
            options.ip_or_hostname(host.clone()).tcp_port(*port).ssl_opts(tls)
        }
        Address::Socket(path) => options.socket(Some(path.to_string_lossy().into_owned())),
    }
}
