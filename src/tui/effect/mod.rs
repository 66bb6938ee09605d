//! What the program must do because of an event. The state says what; workers and the loop do it.

mod ims;
mod items;

use std::path::PathBuf;

pub use ims::ImsWork;
pub use items::ItemsWork;

use crate::connector::ExportRequest;
use crate::domain::{DataSpace, DataSpaceId, Environment, ProjectId};
use crate::export::control::Command;
use crate::keys::KeyPair;
use crate::tui::clipboard::Copyable;

/// Something to do.
#[derive(Debug)]
pub enum Effect {
    /// For a worker, by the bounded queue.
    Work(Work),
    /// Tell the running export, or that is being started, what to do. Never queued.
    Run(Command),
    /// Leave the screen. Never queued.
    Quit,
    /// Leave the screen, and let the run of this process continue without it. Never queued.
    LeaveRunning,
    /// Hand the terminal back to the shell until the person returns.
    Suspend,
    /// Draw everything again.
    Repaint,
    /// Put a text on the clipboard of the person's own computer. Answered by [`super::event::Event::Copied`].
    Copy(Copyable),
    /// Show a text without the screen around it, until a key is pressed, so that it can be selected whole.
    ShowPlain(Copyable),
}

/// What a worker can do: each is one call of the connector.
#[derive(Debug)]
pub enum Work {
    /// Look at both key pairs.
    LoadPairs,
    /// Ask the gateway about the saved pair.
    Verify(Environment),
    /// Ask the gateway about a pair that is not saved yet.
    VerifyPair(Environment, KeyPair),
    /// Read a private key from a file.
    ReadKey(Environment, PathBuf),
    /// Save a pair.
    SavePair(Environment, KeyPair),
    /// Replace a pair by a new one, once the gateway accepts it; with the name of the data space in use, if that was typed.
    RotatePair(Environment, KeyPair, Option<String>),
    /// Write a configuration with every key explained.
    MakeConfig,
    /// Take items from here from now on.
    SetSource(PathBuf),
    /// Use this environment from now on.
    SetEnvironment(Environment),
    /// List the projects.
    LoadProjects,
    /// Create a project.
    CreateProject(String),
    /// Rename a project.
    RenameProject(ProjectId, String),
    /// Rename a data space.
    RenameDataSpace(DataSpaceId, String),
    /// Look when each data space last received anything from here.
    LoadLastReceived,
    /// Look ahead to exports into this data space.
    Foresee(DataSpace),
    /// Choose a data space; with its name, if that was typed.
    SelectDataSpace(DataSpaceId, Option<String>),
    /// Count the source records.
    LoadCounts,
    /// Read the ledger.
    LoadLedger,
    /// Read the health of every feed.
    LoadHealth,
    /// Estimate what a full export would take.
    Estimate,
    /// Check the whole way from the shop to the service.
    Diagnose,
    /// Look at the services that the connector serves.
    LoadServices,
    /// Follow the running export in another process, if there is one.
    Attach,
    /// Start an export.
    StartExport(ExportRequest),
    /// About signing in and organizations.
    Ims(ImsWork),
    /// About the items of the ledger.
    Items(ItemsWork),
}
