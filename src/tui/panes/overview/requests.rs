//! What the pane asks of the connector, and what comes back.

use std::path::PathBuf;

use crate::connector::completion::{self, Completion};
use crate::connector::{Connector, Overview};
use crate::error::Problem;
use crate::tui::panes::blocking;

/// What can be asked: each is one call of the connector.
#[derive(Debug)]
pub enum OverviewWork {
    /// Write a configuration with every key explained.
    MakeConfig,
    /// Take items from here from now on.
    SetSource(PathBuf),
    /// See how a path that is being typed can go on.
    CompletePath(String),
}

/// What comes back.
#[derive(Debug)]
pub enum OverviewReply {
    /// A configuration was written.
    ConfigMade(Result<Overview, Problem>),
    /// Items come from another source.
    SourceSet(Result<Overview, Problem>),
    /// How it can.
    PathCompleted {
        /// What was typed.
        typed: String,
        completion: Completion,
    },
}

/// Does it, and says what came of it.
pub async fn perform(connector: Connector, work: OverviewWork) -> OverviewReply {
    match work {
        OverviewWork::MakeConfig => OverviewReply::ConfigMade(blocking(move || connector.make_config()).await),
        OverviewWork::SetSource(place) => OverviewReply::SourceSet(connector.set_source(&place).await),
        OverviewWork::CompletePath(typed) => {
            blocking(move || {
                let completion = completion::complete(&typed, std::env::home_dir().as_deref());
                OverviewReply::PathCompleted { typed, completion }
            })
            .await
        }
    }
}
