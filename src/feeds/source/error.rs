//! Why a source cannot be read, in words.

use crate::commerce::database::DatabaseError;
use crate::domain::Feed;
use crate::error::{Exit, Explain};
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The database refused the connection or does not answer, or holds no Commerce schema.
    #[error(transparent)]
    Database(DatabaseError),
    /// A feed cannot be read.
    #[error("{}", words_of(*feed, error))]
    Reading {
        /// The feed that was being read.
        feed: Feed,
        /// Why.
        error: DatabaseError,
    },
    /// What a feed is made of is not there any more, so that items only look deleted or changed.
    #[error("{feed} is incomplete: {name}, which had items at the last compare, {}", if *is_missing { "is missing" } else { "is empty" })]
    Incomplete {
        feed: Feed,
        /// The file.
        name: SafeText,
        /// Whether it is gone altogether.
        is_missing: bool,
    },
    /// A setting of the shop is not known.
    #[error(transparent)]
    Setting(super::commerce::SettingError),
    /// This source does not have this feed.
    #[error("{feed} cannot be exported from {source_name}: {reason}")]
    NoSuchFeed {
        feed: Feed,
        /// The source, as a person would call it.
        source_name: SafeText,
        /// Why not.
        reason: SafeText,
    },
    /// A file or directory cannot be read.
    #[error("{path}: {reason}")]
    File {
        path: SafeText,
        /// The system's words.
        reason: SafeText,
    },
}

impl Explain for SourceError {
    fn exit(&self) -> Exit {
        match self {
            SourceError::NoSuchFeed { .. } => Exit::Usage,
            SourceError::Incomplete { .. } => Exit::Guarded,
            SourceError::Database(error) | SourceError::Reading { error, .. } => error.exit(),
            SourceError::Setting(error) => error.exit(),
            SourceError::File { .. } => Exit::Other,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            SourceError::Database(error) | SourceError::Reading { error, .. } => error.hint(),
            SourceError::Incomplete { .. } => {
                Some(Hint::from("restore the file; if it is meant to be empty, ").and(Remedy::AcceptEmpty))
            }
            SourceError::Setting(error) => error.hint(),
            SourceError::File { .. } | SourceError::NoSuchFeed { .. } => None,
        }
    }
}

impl SourceError {
    /// The table (or file) that had something in it at the last compare and has nothing now, if that is what is wrong.
    pub fn emptied(&self) -> Option<&str> {
        match self {
            SourceError::Reading { error: DatabaseError::Emptied { name, .. }, .. } => Some(name),
            SourceError::Incomplete { name, .. } => Some(name.as_str()),
            _ => None,
        }
    }
}

/// What failed, without saying again that something did.
fn words_of(feed: Feed, error: &DatabaseError) -> String {
    match error {
        DatabaseError::Query { reason } => format!("cannot read {feed} from the database: {reason}"),
        DatabaseError::Emptied { .. } => {
            format!("{feed} is incomplete: {error}; its items are neither sent nor deleted")
        }
        error => format!("cannot read {feed} from the database: {error}"),
    }
}
