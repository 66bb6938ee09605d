//! A few connections to one server, kept for the next snapshot.
//!
//! A connection comes back only from a snapshot that ended well. Whatever else happened to it (an error of the network, a
//! statement without an answer, a task that was dropped in the middle), it is closed.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::error::{DatabaseError, is_interruption};
use super::session;
use super::settings::DatabaseSettings;
use crate::untrusted::SafeText;
use crate::waiting;

/// Connections at most: one reads a feed, the others count and preview. A shop's own connections are not crowded out.
const MOST: usize = 4;
/// How long a server may take to let us in; a person is waiting for the answer.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
/// After how long an idle connection is not used again: proxies and firewalls forget them.
const FRESH: Duration = Duration::from_secs(30);

/// What a snapshot shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// What was committed when it began.
    OneMoment,
    /// Everything that was written, committed or not.
    Dirty,
}

impl View {
    /// The statements that begin it. Nothing is locked by them, and it ends with the page.
    fn begin(self) -> [&'static str; 2] {
        match self {
            // Below this level a server would give every query a view of its own, and an item could be made of two moments.
            View::OneMoment => [
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
            ],
            View::Dirty => ["SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED", "START TRANSACTION READ ONLY"],
        }
    }
}

/// Connections to one server.
pub(super) struct Connections {
    settings: DatabaseSettings,
    options: Opts,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<(Conn, Instant)>>,
    /// How long the server took for all queries together, in microseconds.
    spent: AtomicU64,
}

/// The options hold the password.
impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("to", &self.settings.address_text()).finish_non_exhaustive()
    }
}

/// A connection within a snapshot, and its place among the few.
pub(super) struct Begun {
    pub connection: Conn,
    pub place: OwnedSemaphorePermit,
}

impl Connections {
    pub(super) fn new(settings: &DatabaseSettings) -> Self {
        Self {
            settings: settings.clone(),
            options: session::options(settings),
            places: Arc::new(Semaphore::new(MOST)),
            idle: Mutex::default(),
            spent: AtomicU64::default(),
        }
    }

    pub(super) fn settings(&self) -> &DatabaseSettings {
        &self.settings
    }

    /// Counts the time of a query that began then.
    pub(super) fn count_since(&self, begun: Instant) {
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.spent.fetch_add(micros, Ordering::Relaxed);
    }

    /// How long the server took for all queries so far, one connection beside the other.
    pub(super) fn query_time(&self) -> Duration {
        Duration::from_micros(self.spent.load(Ordering::Relaxed))
    }

    /// Begins a snapshot, on a connection that is there or a new one.
    pub(super) async fn begin(&self, view: View) -> Result<Begun, DatabaseError> {
        // The semaphore is never closed.
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| DatabaseError::lost(&self.settings))?;
        let settings = &self.settings;
        let begun = async {
            while let Some(mut connection) = self.take_idle() {
                match begin_on(&mut connection, view).await {
                    Ok(()) => return Ok(connection),
                    // It was closed in the meantime, and so may be the others.
                    Err(error) if is_interruption(&error) => {}
                    Err(error) => return Err(DatabaseError::querying(settings, "", &error)),
                }
            }
            let mut connection = self.open().await?;
            begin_on(&mut connection, view).await.map_err(|error| DatabaseError::connecting(settings, &error))?;
            Ok(connection)
        };
        let words = async { SafeText::from(format!("waiting for the database at {}", settings.address_text())) };
        match waiting::announced(words, tokio::time::timeout(CONNECT_TIMEOUT, Box::pin(begun))).await {
            Ok(connection) => Ok(Begun { connection: connection?, place }),
            Err(_) => Err(DatabaseError::timed_out(settings, CONNECT_TIMEOUT.as_secs())),
        }
    }

    /// A connection of its own.
    pub(super) async fn open(&self) -> Result<Conn, DatabaseError> {
        if let Some(tls) = &self.settings.tls {
            tls.check_files().await?;
        }
        Conn::new(self.options.clone()).await.map_err(|error| DatabaseError::connecting(&self.settings, &error))
    }

    /// Takes back a connection on which nothing is going on.
    pub(super) fn take_back(&self, connection: Conn) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((connection, Instant::now()));
    }

    fn take_idle(&self) -> Option<Conn> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < FRESH);
        idle.pop().map(|(connection, _)| connection)
    }

    /// What the server says that a connection of ours is doing: `Waiting for table metadata lock`. Every user may see that.
    pub(super) async fn state_of(&self, id: u32) -> Option<SafeText> {
        let ask = async {
            let mut connection = Conn::new(self.options.clone()).await.ok()?;
            let rows: Vec<mysql_async::Row> = connection.query("SHOW PROCESSLIST").await.ok()?;
            let _ = connection.disconnect().await;
            let of_it = rows.iter().find(|row| row.get_opt::<u32, _>("Id").is_some_and(|found| found == Ok(id)))?;
            of_it.get_opt::<String, _>("State")?.ok()
        };
        let state = tokio::time::timeout(CONNECT_TIMEOUT, ask).await.ok()??;
        Some(SafeText::new(&state)).filter(|state| !state.as_str().is_empty())
    }
}

async fn begin_on(connection: &mut Conn, view: View) -> Result<(), mysql_async::Error> {
    for statement in view.begin() {
        connection.query_drop(statement).await?;
    }
    Ok(())
}
