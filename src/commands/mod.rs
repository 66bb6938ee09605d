//! The headless twins of everything the screen can do: one small file per command group.
//!
//! stdout is data, stderr is talk. A command never draws and never asks.

pub mod access;
pub mod config;
pub mod data_spaces;
pub mod demo;
pub mod doctor;
pub mod export;
pub mod feeds;
pub mod findings;
pub mod health;
mod ids;
pub mod ims;
mod items;
pub mod keys;
mod ledger;
pub mod linear;
mod live;
pub mod output;
pub mod projects;
pub mod sandbox;
pub mod services;
mod standing;
pub mod status;
mod watch;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::{Cli, Command, Global};
use crate::config::store::{ConfigError, FlagValue, Store};
use crate::connector::Connector;
use crate::error::{Exit, Problem};
use crate::waiting;
use output::{Output, talk};
use tokio_util::task::AbortOnDropHandle;

/// How long the first picture may wait for Commerce's settings.
const SETTINGS_PATIENCE: Duration = Duration::from_millis(150);

/// What a command is run with: where configuration and state are, and where answers go.
pub struct Setting {
    /// The flags of every command.
    pub global: Global,
    /// The environment's variables.
    pub variables: Vec<(String, String)>,
}

/// The environment may hold passwords.
impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting").finish_non_exhaustive()
    }
}

impl Setting {
    /// The config file: `--config`, else `commerce-connector/config.toml` in the XDG config directory.
    #[must_use]
    pub fn config_path(&self) -> PathBuf {
        self.global.config.clone().unwrap_or_else(|| self.xdg("XDG_CONFIG_HOME", ".config").join("config.toml"))
    }

    /// The state directory that a loaded configuration leads to.
    #[must_use]
    pub fn state_dir(&self, store: &Store) -> PathBuf {
        match &store.config().state.directory {
            Some(directory) => store.resolve(directory),
            None => self.default_state_dir(),
        }
    }

    /// `commerce-connector` in the XDG state directory.
    #[must_use]
    pub fn default_state_dir(&self) -> PathBuf {
        self.xdg("XDG_STATE_HOME", ".local/state")
    }

    fn xdg(&self, variable: &str, under_home: &str) -> PathBuf {
        let value = |name: &str| self.variables.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        // The XDG specification: a relative path in a variable is invalid and is to be ignored.
        let base = value(variable).map(PathBuf::from).filter(|path| path.is_absolute()).unwrap_or_else(|| {
            value("HOME").map(PathBuf::from).or_else(std::env::home_dir).unwrap_or_default().join(under_home)
        });
        base.join("commerce-connector")
    }

    /// Loads the configuration; a file that `--config` names must exist.
    ///
    /// # Errors
    /// A usage [`Problem`] with file, line and key.
    pub fn load(&self) -> Result<Store, Problem> {
        let mut flags: Vec<FlagValue> = Vec::new();
        let current = std::env::current_dir().unwrap_or_default();
        if let Some(path) = &self.global.state_dir {
            flags.push(("state.directory", "--state-dir", current.join(path).display().to_string()));
        }
        if let Some(path) = &self.global.ca_file {
            flags.push(("gateway.ca_file", "--ca-file", current.join(path).display().to_string()));
        }
        flags.extend(self.screen_flags());
        let must_exist = self.global.config.is_some();
        Store::load(self.config_path(), must_exist, self.variables.clone(), flags).map_err(|error| Problem::of(&error))
    }

    /// What the flags say about the screen.
    fn screen_flags(&self) -> Vec<FlagValue> {
        let theme = self.global.theme.clone().map(|theme| ("ui.theme", "--theme", theme));
        let read_only = self.global.read_only.map(|value| ("ui.read_only", "--read-only", value.to_string()));
        theme.into_iter().chain(read_only).collect()
    }

    /// Saves what the flags say about the screen, for the next time it is opened without them.
    ///
    /// # Errors
    /// A [`Problem`]; the flags hold all the same.
    fn remember_screen_flags(&self, in_force: &Store) -> Result<(), Problem> {
        let explained = |error: ConfigError| Problem::of(&error);
        let mut file = Store::load(self.config_path(), false, [], Vec::new()).map_err(explained)?;
        let changes: Vec<_> = self.screen_flags().into_iter().map(|(key, _, value)| (key, Some(value))).collect();
        if changes.is_empty() || file.config().ui == in_force.config().ui {
            return Ok(());
        }
        file.save(&changes).map_err(explained)
    }

    /// The actions over the configuration, which must exist in a file or in the environment.
    ///
    /// # Errors
    /// A usage [`Problem`] that says what to run first.
    pub async fn connector(&self) -> Result<Connector, Problem> {
        let store = self.load()?;
        let is_configured = store.exists() || *store.config() != crate::config::Config::default();
        if !is_configured {
            return Err(nothing_configured(&store));
        }
        let connector = self.with_settings_of(store).await;
        if let Some(problem) = connector.overview().settings.problem {
            output::talk(&format!("Commerce's settings: {problem}"));
        }
        Ok(connector)
    }

    /// The actions, also where nothing is configured yet.
    ///
    /// # Errors
    /// A [`Problem`] if the configuration cannot be read.
    pub async fn opened(&self) -> Result<Connector, Problem> {
        Ok(self.with_settings_of(self.load()?).await)
    }

    async fn with_settings_of(&self, store: Store) -> Connector {
        let state_dir = self.state_dir(&store);
        let connector = Connector::new(store, state_dir, None);
        connector.load().await;
        connector
    }
}

/// What to run first.
#[must_use]
pub fn nothing_configured(store: &Store) -> Problem {
    Problem::usage(format!("there is no configuration at {}", crate::private_file::safe(store.path()))).hint(
        "run `commerce-connector demo` to see the whole journey without an account, or `commerce-connector config init` to begin",
    )
}

/// Runs one command.
///
/// # Errors
/// Whatever a person has to be told.
pub async fn run(cli: Cli, variables: Vec<(String, String)>) -> anyhow::Result<Exit> {
    let setting = Setting { global: cli.global, variables };
    let mut output = Output::new(setting.global.json);
    if let Some(command) = &cli.command {
        access::permit(command, &setting)?;
    }
    // Besides the screen, which shows what a run waits for in its log.
    let _waits = cli.command.is_some().then(|| AbortOnDropHandle::new(tokio::spawn(tell_waits())));
    match cli.command {
        None => screen(&setting, &mut output).await,
        Some(Command::Keys(command)) => keys::run(command, &setting, &mut output).await,
        Some(Command::Projects(command)) => projects::run(command, &setting, &mut output).await,
        Some(Command::DataSpaces(command)) => data_spaces::run(command, &setting, &mut output).await,
        Some(Command::Status) => status::run(&setting, &mut output).await,
        Some(Command::Ims(command)) => ims::run(command, &setting, &mut output).await,
        Some(Command::Feeds(command)) => feeds::run(command, &setting, &mut output).await,
        Some(Command::Export(command)) => export::run(command, &setting, &mut output).await,
        Some(Command::Sandbox(args)) => sandbox::run(args, &setting, &mut output).await,
        Some(Command::Demo(args)) => demo::run(args, &setting, &mut output).await,
        Some(Command::Config(command)) => config::run(&command, &setting, &mut output).await,
        Some(Command::Doctor) => doctor::run(&setting, &mut output).await,
        Some(Command::Services) => services::run(&setting, &mut output).await,
    }
}

/// Tells what is waited for, line by line.
async fn tell_waits() {
    let mut waits = waiting::Listener::new();
    loop {
        talk(waits.next().await.as_str());
    }
}

/// Opens the screen; where there is no terminal for it, says line by line what it would show.
async fn screen(setting: &Setting, output: &mut Output) -> anyhow::Result<Exit> {
    let store = setting.load()?;
    let why_linear = if setting.global.linear || output.is_json() {
        Some("Linear mode was asked for")
    } else {
        output::no_terminal()
    };
    if let Some(reason) = why_linear {
        return standing::run(reason, setting, output).await;
    }
    let state_dir = setting.state_dir(&store);
    let _log = crate::logging::start(&state_dir)?;
    // What cannot be remembered holds for this time.
    let not_remembered = setting.remember_screen_flags(&store).err();
    let store = if not_remembered.is_none() { setting.load()? } else { store };
    let connector = Connector::new(store, state_dir, None);
    // A database that answers at once is waited for, so that the screen opens on the right pane. Otherwise a worker goes on.
    let _ = tokio::time::timeout(SETTINGS_PATIENCE, connector.ensure_loaded()).await;
    Ok(crate::tui::run(connector, crate::tui::Options { problem: not_remembered, ..crate::tui::Options::default() })
        .await?)
}
