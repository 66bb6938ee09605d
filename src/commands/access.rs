//! What changes something, and is therefore refused where the installation is read-only: the commands' side of it.
//!
//! Every match here names every command, so that whoever adds one must decide. The screen's side is in [`crate::tui::model::permission`].

use super::Invocation;
use crate::cli::{
    Command, CompareCommand, ConfigCommand, ContextsCommand, DataSpacesCommand, ExportCommand, ImsCommand, KeysCommand,
    LedgerCommand, ProjectsCommand,
};
use crate::error::{Exit, Problem};

impl Command {
    /// Whether a screen started it.
    pub(super) fn is_of_screen(&self) -> bool {
        matches!(self, Command::Export(ExportCommand::Run(args)) if args.for_screen)
    }

    /// Whether it uses the configuration and state of a context. The list itself can be changed while it names one that is gone.
    pub(super) fn is_in_context(&self) -> bool {
        !matches!(self, Command::Contexts(_) | Command::Demo(_) | Command::Completions { .. } | Command::Man { .. })
    }

    /// Whether it is an export that gives up writing anywhere but where it must.
    pub(super) fn is_confined(&self) -> bool {
        matches!(self, Command::Export(ExportCommand::Run(_) | ExportCommand::Retry(_) | ExportCommand::Watch(_)))
    }

    /// Whether it writes a log in the state directory.
    pub(super) fn logs(&self) -> bool {
        matches!(self, Command::Demo(_)) || self.is_confined()
    }

    /// Whether it changes keys, settings, projects, or what is in a data space.
    pub fn changes(&self) -> bool {
        match self {
            Command::Keys(KeysCommand::Set(_) | KeysCommand::Rotate(_))
            | Command::Projects(ProjectsCommand::Create { .. } | ProjectsCommand::Rename { .. })
            | Command::DataSpaces(DataSpacesCommand::Select { .. } | DataSpacesCommand::Rename { .. })
            | Command::Ims(ImsCommand::Login(_) | ImsCommand::Select { .. } | ImsCommand::Logout)
            | Command::Export(
                ExportCommand::Watch(_)
                | ExportCommand::Pause
                | ExportCommand::Resume
                | ExportCommand::Stop
                | ExportCommand::Set(_)
                | ExportCommand::Ledger(
                    LedgerCommand::Repair { .. } | LedgerCommand::Move { .. } | LedgerCommand::Migrate { dry_run: false }
                ),
            )
            | Command::Config(
                ConfigCommand::Init | ConfigCommand::Source { .. } | ConfigCommand::Edit | ConfigCommand::Set { .. },
            )
            | Command::SelfUpdate(_)
            | Command::Contexts(
                ContextsCommand::Use { .. } | ContextsCommand::Add { .. } | ContextsCommand::Remove { .. },
            ) => true,
            Command::Compare(CompareCommand::Exporter { adopt, .. }) => *adopt,
            Command::Export(ExportCommand::Run(args)) => !args.sending.dry_run,
            Command::Export(ExportCommand::Retry(args)) => !args.sending.dry_run,
            // The sandbox and the demo change nothing but what is their own.
            Command::Sandbox(_)
            | Command::Demo(_)
            | Command::Keys(KeysCommand::Verify { .. })
            | Command::Projects(ProjectsCommand::List)
            | Command::DataSpaces(DataSpacesCommand::List)
            | Command::Ims(ImsCommand::Status | ImsCommand::Organizations)
            | Command::Feeds(_)
            | Command::Export(
                ExportCommand::Estimate { .. }
                | ExportCommand::Status { .. }
                | ExportCommand::Runs { .. }
                | ExportCommand::Items(_)
                | ExportCommand::Item(_)
                | ExportCommand::Ledger(
                    LedgerCommand::Check | LedgerCommand::Backup { .. } | LedgerCommand::Migrate { dry_run: true },
                ),
            )
            | Command::Config(ConfigCommand::Show { .. } | ConfigCommand::Path | ConfigCommand::Validate { .. })
            | Command::Contexts(ContextsCommand::List)
            | Command::Doctor
            | Command::Status
            | Command::Verify(_)
            | Command::Whoami
            | Command::Compare(CompareCommand::DataSpaces(_))
            | Command::Explain { .. }
            | Command::Lint(_)
            | Command::Services
            | Command::Metrics
            | Command::Notify(_)
            | Command::Logs(_)
            // What the next one writes is new, and the person's own; so is the CSV of lint.
            | Command::SupportBundle(_)
            | Command::Completions { .. }
            | Command::CompleteValues { .. }
            | Command::Man { .. } => false,
        }
    }
}

/// Lets a command through, unless it changes something where nothing may be changed.
///
/// # Errors
/// A [`Problem`] of a guard.
pub fn permit(command: &Command, setting: &Invocation) -> Result<(), Problem> {
    match command {
        // It asks by itself, so that the screen is told.
        Command::Export(ExportCommand::Run(args)) if args.for_screen => Ok(()),
        command if command.changes() => permit_change(setting),
        _ => Ok(()),
    }
}

/// Lets a change through, unless nothing may be changed.
///
/// # Errors
/// A [`Problem`] of a guard.
pub fn permit_change(setting: &Invocation) -> Result<(), Problem> {
    let where_from = match setting.global.read_only {
        Some(false) => return Ok(()),
        Some(true) => "--read-only".to_owned(),
        None => match setting.load() {
            Ok(store) if store.config().ui.read_only => {
                format!("ui.read_only, {}", store.place_of("ui.read_only"))
            }
            // A configuration that cannot be read is the command's own matter.
            Ok(_) | Err(_) => return Ok(()),
        },
    };
    Err(Problem::new(Exit::Guarded, format!("this installation is read-only ({where_from}); nothing was changed"))
        .hint("add --read-only=false; opening the screen with it turns read-only off"))
}
