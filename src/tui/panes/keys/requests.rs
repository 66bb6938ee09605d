//! What the pane asks of the connector about key pairs, and what comes back.

use std::path::PathBuf;

use crate::connector::{Connector, Overview, PairStatus};
use crate::domain::Environment;
use crate::error::Problem;
use crate::keys::{KeyPair, PrivateKey};
use crate::settings::Saved;
use crate::tui::panes::{Answers, Reply, blocking};

/// What can be asked: each is one call of the connector.
#[derive(Debug)]
pub enum KeysWork {
    /// Look at both key pairs.
    LoadPairs,
    /// Ask the gateway about the saved pair.
    Verify(Environment),
    /// Ask the gateway about a pair that is not saved yet.
    VerifyPair(Environment, KeyPair),
    /// Read a private key from a file.
    ReadKey(Environment, PathBuf),
    SavePair(Environment, KeyPair),
    /// Replace a pair by a new one, once the gateway accepts it; with the name of the data space in use, if that was typed.
    RotatePair(Environment, KeyPair, Option<String>),
    /// Use this environment from now on.
    SetEnvironment(Environment),
}

/// What comes back.
#[derive(Debug)]
pub enum KeysReply {
    /// What is known of both key pairs.
    Pairs([PairStatus; 2]),
    /// Whether the gateway accepts a pair.
    Verified {
        /// Which pair.
        environment: Environment,
        /// The gateway's answer.
        result: Result<(), Problem>,
    },
    /// A private key was read from a file.
    KeyRead {
        /// For which pair.
        environment: Environment,
        /// The key, or why it cannot be used.
        result: Result<PrivateKey, Problem>,
    },
    /// A pair was saved.
    Saved {
        /// Which pair.
        environment: Environment,
        /// Where it is now.
        result: Result<Saved, Problem>,
    },
    /// A pair was replaced by a new one, or the old one is still there.
    Rotated {
        /// Which pair.
        environment: Environment,
        /// Where the new one is now.
        result: Result<Saved, Problem>,
    },
    /// The environment in use was changed.
    EnvironmentSet(Result<Overview, Problem>),
}

/// Does it, and says what came of it. `was_loaded`: Commerce's settings had been read before this work.
pub async fn perform(connector: Connector, work: KeysWork, was_loaded: bool, answers: &Answers) -> KeysReply {
    match work {
        KeysWork::LoadPairs => {
            if was_loaded {
                connector.load().await;
            }
            answers.tell(Reply::Overview(connector.overview())).await;
            KeysReply::Pairs(blocking(move || connector.pairs()).await)
        }
        KeysWork::Verify(environment) => {
            KeysReply::Verified { environment, result: connector.verify(environment).await }
        }
        KeysWork::VerifyPair(environment, pair) => {
            KeysReply::Verified { environment, result: connector.verify_pair(environment, pair).await }
        }
        KeysWork::ReadKey(environment, path) => {
            let read = move || PrivateKey::read(&path).map_err(|error| Problem::of(&error));
            KeysReply::KeyRead { environment, result: blocking(read).await }
        }
        KeysWork::SavePair(environment, pair) => {
            let result = connector.save_pair(environment, &pair).await;
            // The first save makes the config file.
            answers.tell(Reply::Overview(connector.overview())).await;
            KeysReply::Saved { environment, result }
        }
        KeysWork::RotatePair(environment, pair, typed) => {
            let result = connector.rotate_pair(environment, &pair, typed.as_deref()).await;
            answers.tell(Reply::Overview(connector.overview())).await;
            KeysReply::Rotated { environment, result }
        }
        KeysWork::SetEnvironment(environment) => {
            KeysReply::EnvironmentSet(connector.set_environment(environment).await.map(|()| connector.overview()))
        }
    }
}
