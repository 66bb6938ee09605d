//! Everything that happens to the screen, as one type and so in one order.
//!
//! Times come in from outside with each event, so that the state never reads a clock.

mod ims;
mod items;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{Timestamp, Zoned};
use ratatui::crossterm::event::KeyEvent;

use crate::attach::About;
use crate::connector::doctor::Check;
use crate::connector::estimate::Estimate;
use crate::connector::health::Health;
use crate::connector::preview::RunPreview;
use crate::connector::services::Services;
use crate::connector::{Overview, PairStatus, SourceFeeds};
use crate::domain::{DataSpaceId, Environment, Project};
use crate::error::Problem;
use crate::export::ledger::FeedSummary;
use crate::export::progress::{ItemFailure, Progress, RunEvent, RunReport};
use crate::keys::PrivateKey;
use crate::secret::Secret;
use crate::settings::Saved;
use crate::tui::clipboard::{Path, TooLong};

pub use ims::ImsReply;
pub use items::ItemsReply;

/// The two clocks, read once for each event.
#[derive(Debug, Clone)]
pub struct Now {
    /// Local time with its zone, for showing.
    pub wall: Zoned,
    /// Since the screen began; never goes back.
    pub uptime: Duration,
}

/// What can happen.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted. It may be a key, so it is treated as one.
    Paste(Secret),
    /// A second went by while a run is active.
    Clock,
    /// SIGTERM or SIGINT: stop gracefully and leave.
    Terminate,
    /// A worker is done with something.
    Reply(Reply),
    /// Newer counters of the run.
    Progress(Progress),
    /// Lifecycle news of the run, oldest first.
    Run {
        /// The news.
        news: Vec<RunEvent>,
        /// How many refused items are not among them, because they came faster than they could be taken.
        skipped: u64,
    },
    /// The run ended.
    RunEnded(Result<RunReport, Problem>),
    /// A text was handed to the terminal for the clipboard.
    Copied {
        /// What it is.
        name: String,
        /// By which way it went; [`TooLong`] if it did not.
        result: Result<Path, TooLong>,
    },
    /// An effect could not be handed over: too much is waiting already.
    Busy,
    /// A worker broke; the sentence is for a person.
    WorkerBroke,
}

/// What a worker answers.
#[derive(Debug)]
pub enum Reply {
    /// What is configured, now that Commerce's settings were read.
    Overview(Overview),
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
    /// A configuration was written.
    ConfigMade(Result<Overview, Problem>),
    /// Items come from another source.
    SourceSet(Result<Overview, Problem>),
    /// The environment in use was changed.
    EnvironmentSet(Result<Overview, Problem>),
    /// The projects that the keys see.
    Projects {
        /// Whose keys.
        environment: Environment,
        /// The projects.
        result: Result<Vec<Project>, Problem>,
    },
    /// When each data space last received anything from here.
    LastReceived(Result<BTreeMap<DataSpaceId, Timestamp>, Problem>),
    /// What exports into a data space would be.
    Foreseen {
        /// Which data space.
        space: DataSpaceId,
        /// What lies ahead.
        result: Result<RunPreview, Problem>,
    },
    /// A project was created.
    ProjectCreated(Result<Project, Problem>),
    /// A project or data space has a new name.
    Renamed(Result<Overview, Problem>),
    /// A data space was chosen.
    Selected(Result<Overview, Problem>),
    /// The feeds of the source with their source records, and those that it cannot give.
    Counts(Result<SourceFeeds, Problem>),
    /// What the ledger knows of the chosen data space.
    Ledger(Result<(Vec<FeedSummary>, Vec<ItemFailure>), Problem>),
    /// How every feed is.
    Health(Result<Health, Problem>),
    /// What a full export would take.
    Estimate(Result<Estimate, Problem>),
    /// The next check of the doctor is done.
    Checked(Check),
    /// The doctor is done.
    Diagnosed,
    /// The services that the connector serves.
    Services(Services),
    /// An export was started, or could not be.
    RunStarted(Result<(), Problem>),
    /// An export of another process is running, and is followed from now on.
    Attached(Box<About>),
    /// About signing in and organizations.
    Ims(ImsReply),
    /// About the items of the ledger.
    Items(ItemsReply),
}
