//! Connections to the shared database, and how often something is tried again.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mysql_async::{Conn, Error};

use super::connect::connect;
use super::error::{ClusterError, is_collision};
use super::schema;
use crate::commerce::database::{DatabaseError, DatabaseSettings};
use crate::untrusted::SafeText;
use crate::waiting;

/// How often a collision with another node is tried again, each time after a moment.
const MOST_COLLISIONS: u32 = 50;

/// The longest moment after a collision, in milliseconds.
const AFTER_COLLISION: u64 = 40;

/// Pauses before something is tried again that the server interrupted: one that restarts is back within a minute.
const PAUSES: [Duration; 7] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(30),
];

/// The shared database. Clones share its connections.
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
}

struct Inner {
    settings: DatabaseSettings,
    lease: Duration,
    idle: Mutex<Vec<Conn>>,
    /// Which database this is: made with its tables.
    id: String,
}

/// The settings hold the password.
impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("id", &self.inner.id).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Connects, and makes the database and its tables where they are missing. After `lease` without a word from a worker, others take
    /// over.
    ///
    /// # Errors
    /// [`ClusterError::Unusable`], with the `GRANT` that helps where rights are missing.
    pub async fn open(settings: &DatabaseSettings, lease: Duration) -> Result<Self, ClusterError> {
        if let Some(tls) = &settings.tls {
            let refused = |error: DatabaseError| {
                let hint = "check [state.database] tls_ca_file; without [state.database] url, [source.commerce] and env.php say \
                            which files";
                ClusterError::new(settings, &error.to_string(), hint)
            };
            tls.check_files().await.map_err(refused)?;
        }
        let mut tries = Tries::brief();
        let (connection, id) = loop {
            match Box::pin(schema::prepare(settings)).await {
                Ok(Ok(prepared)) => break prepared,
                Ok(Err(refused)) => return Err(refused),
                Err(error) => tries.pause(settings, &error).await?,
            }
        };
        let idle = Mutex::new(vec![connection]);
        Ok(Self { inner: Arc::new(Inner { settings: settings.clone(), lease, idle, id }) })
    }

    /// Which database this is: a name that was made with its tables, so that a copy of its ledger knows where it belongs.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    pub(super) fn lease(&self) -> Duration {
        self.inner.lease
    }

    pub(super) fn settings(&self) -> &DatabaseSettings {
        &self.inner.settings
    }

    /// A connection on which nothing is going on.
    pub(super) async fn take(&self) -> Result<Conn, Error> {
        let idle = self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(connection) => Ok(connection),
            None => connect(&self.inner.settings, true).await,
        }
    }

    /// Takes it back. After an error it is closed instead, and what was not committed is rolled back.
    pub(super) fn give_back(&self, connection: Conn) {
        self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// How many of the pauses are taken while somebody waits for the program to begin.
const BRIEF: usize = 3;

/// How often something was tried.
#[derive(Debug)]
pub(super) struct Tries {
    collisions: u32,
    pauses: std::slice::Iter<'static, Duration>,
}

impl Tries {
    /// For about a minute.
    pub fn persistent() -> Self {
        Self { collisions: 0, pauses: PAUSES.iter() }
    }

    /// For a few seconds.
    fn brief() -> Self {
        Self { collisions: 0, pauses: PAUSES[..BRIEF].iter() }
    }

    /// Waits before the next try.
    ///
    /// # Errors
    /// If the error will not pass, or was met too often.
    pub async fn pause(&mut self, settings: &DatabaseSettings, error: &Error) -> Result<(), ClusterError> {
        let failure = ClusterError::of_driver(settings, error);
        if is_collision(error) && self.collisions < MOST_COLLISIONS {
            self.collisions += 1;
            tokio::time::sleep(Duration::from_millis(fastrand::u64(1..AFTER_COLLISION))).await;
            return Ok(());
        }
        let Some(pause) = self.pauses.next().filter(|_| failure.is_passing()) else { return Err(failure) };
        if *pause >= Duration::from_secs(1) {
            waiting::tell(SafeText::from(format!("{failure}; trying again in {} s", pause.as_secs())));
        }
        tokio::time::sleep(*pause).await;
        Ok(())
    }
}

/// Does something on a connection, again and again while it fails in a way that passes. What is done must be one transaction, or
/// harmless when it is done twice.
macro_rules! persist {
    ($cluster:expr, $connection:ident => $work:expr) => {{
        let mut tries = $crate::cluster::connections::Tries::persistent();
        loop {
            let failed = match $cluster.take().await {
                Ok(mut $connection) => match $work.await {
                    Ok(done) => {
                        $cluster.give_back($connection);
                        break Ok(done);
                    }
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if let Err(error) = tries.pause($cluster.settings(), &failed).await {
                break Err(error);
            }
        }
    }};
}
pub(super) use persist;
