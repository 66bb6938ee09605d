//! Why the shared database cannot be used, with the server's own words.

use mysql_async::Error;

use crate::commerce::database::{self, DatabaseSettings};
use crate::error::{Exit, Explain};
use crate::remedy::Hint;
use crate::untrusted::SafeText;

/// The user may not do this: with the database, a table, or at all (`ER_DBACCESS_DENIED_ERROR`, `ER_TABLEACCESS_DENIED_ERROR`,
/// `ER_SPECIFIC_ACCESS_DENIED_ERROR`).
const DENIED: [u16; 3] = [1044, 1142, 1227];
/// The server accepts no writes (`ER_OPTION_PREVENTS_STATEMENT`, `ER_READ_ONLY_MODE`,
/// `ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION`).
const READ_ONLY: [u16; 3] = [1290, 1836, 1792];
/// There is no room (`ER_DISK_FULL`, `ER_RECORD_FILE_FULL`).
const FULL: [u16; 2] = [1021, 1114];
/// An entry is larger than the server takes (`ER_NET_PACKET_TOO_LARGE`, `ER_TOO_LONG_KEY`).
const TOO_LARGE: u16 = 1153;
/// A deadlock, which is what Galera calls two nodes that changed the same row (`ER_LOCK_DEADLOCK`).
const DEADLOCK: u16 = 1213;

/// What a transaction came to is not known (`ER_ERROR_DURING_COMMIT`): a Galera node that has lost its cluster says so.
const COMMIT_FAILED: u16 = 1180;

/// Why the shared database cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// It cannot be reached, or refuses what is asked.
    #[error("the ledger's database {place}: {reason}")]
    Unusable {
        /// Server and database.
        place: SafeText,
        /// The server's or the system's words.
        reason: SafeText,
        /// What to do.
        hint: Hint,
        /// Whether the same may succeed in a moment.
        is_passing: bool,
    },
    /// The lease ran out, and another node has taken over.
    #[error("another node has taken over: this process was not heard of for longer than its lease")]
    Lost,
    /// What this node would have to apply first is not in the log any more.
    #[error("this node's copy of the ledger is older than the log")]
    Behind,
}

impl ClusterError {
    pub(super) fn new(settings: &DatabaseSettings, reason: &str, hint: impl Into<Hint>) -> Self {
        Self::Unusable { place: place(settings), reason: SafeText::new(reason), hint: hint.into(), is_passing: false }
    }

    /// The driver's words, and what they mean for the person.
    pub(super) fn of_driver(settings: &DatabaseSettings, error: &Error) -> Self {
        let hint = match error {
            Error::Server(server) if DENIED.contains(&server.code) => {
                let grant = database::grant(settings, "", "ALL PRIVILEGES", None);
                format!("ask a database administrator to run `{grant}`")
            }
            Error::Server(server) if READ_ONLY.contains(&server.code) => {
                "the server is read-only, as a replica is: set [state.database] url to the primary".to_owned()
            }
            Error::Server(server) if FULL.contains(&server.code) => {
                "free disk space on the database server, then run again to resume; nothing recorded is lost".to_owned()
            }
            Error::Server(server) if server.code == TOO_LARGE => {
                "set max_allowed_packet of the database server to at least 16 MB".to_owned()
            }
            Error::Server(_) => "check the database server's log, then run again to resume".to_owned(),
            _ => "check [state.database] url, and that the database server runs; then run again to resume".to_owned(),
        };
        Self::Unusable {
            place: place(settings),
            reason: database::connecting_words(settings, error),
            hint: hint.into(),
            is_passing: database::is_interruption(error) || is_without_outcome(error),
        }
    }

    /// Whether the same may succeed in a moment.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unusable { is_passing: true, .. })
    }
}

/// Whether two nodes changed the same row, so that the same succeeds at once.
pub(super) fn is_collision(error: &Error) -> bool {
    matches!(error, Error::Server(server) if server.code == DEADLOCK)
}

/// Whether a commit may have been done. What is written is a transaction that knows when it is done twice, or harmless then.
fn is_without_outcome(error: &Error) -> bool {
    matches!(error, Error::Server(server) if server.code == COMMIT_FAILED)
}

fn place(settings: &DatabaseSettings) -> SafeText {
    SafeText::from(format!("{} at {}", settings.database, settings.address_text()))
}

impl Explain for ClusterError {
    fn exit(&self) -> Exit {
        // Who has lost the work to another node takes part again when it is run again.
        if self.is_passing() || *self == Self::Lost { Exit::TryAgain } else { Exit::Other }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Unusable { hint, .. } => Some(hint.clone()),
            Self::Lost => Some("run again to resume; what was in flight is sent again".into()),
            Self::Behind => Some(Hint::from("run again: the copy is made anew")),
        }
    }
}
