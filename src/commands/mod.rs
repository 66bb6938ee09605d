//! The headless twins of everything the screen can do: one small file per command group.
//!
//! stdout is data, stderr is talk. A command never draws and never asks.

pub mod access;
mod attach;
mod compare;
mod compare_data_spaces;
mod completed_values;
mod completions;
pub mod config;
mod config_edit;
mod contexts;
mod customised;
pub mod data_spaces;
mod day_after;
pub mod demo;
pub mod doctor;
mod explain;
pub mod export;
pub mod feeds;
mod for_screen;
pub mod health;
mod ids;
pub mod ims;
mod items;
pub mod keys;
mod ledger;
pub mod linear;
mod lint;
mod lists;
mod logs;
mod metrics;
mod notify;
pub mod output;
mod progress_table;
pub mod projects;
pub mod report;
mod runs;
pub mod sandbox;
mod self_update;
mod service_manager;
pub mod services;
pub mod status;
mod summary;
mod support_bundle;
pub mod topics;
mod verify;
mod watch;
mod whoami;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::{Cli, Command, Global, OutputFormat};
use crate::config::contexts::Context;
use crate::config::store::{ConfigError, FlagValue, Store};
use crate::connector::{Connector, Processes, RunPlace, confinement};
use crate::error::{Exit, Problem};
use crate::{hardening, logging, state_files, waiting};
use output::{Form, Output, WhenClosed, talk};
use report::Printer;
use tokio_util::task::AbortOnDropHandle;

/// How long the first picture may wait for Commerce's settings.
const SETTINGS_PATIENCE: Duration = Duration::from_millis(150);

/// What a command is run with: where configuration and state are, and where answers go.
pub struct Invocation {
    /// The flags of every command.
    pub global: Global,
    /// The environment's variables; some hold secrets.
    pub variables: Vec<(String, String)>,
    /// The context in use.
    pub context: Option<Context>,
}

/// Without the environment.
impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting").field("global", &self.global).finish_non_exhaustive()
    }
}

impl Invocation {
    /// The config file: `--config`, else that of the context, else `commerce-connector/config.toml` in the XDG config directory.
    pub fn config_path(&self) -> PathBuf {
        let chosen = self.global.config.as_ref().or_else(|| self.context.as_ref().map(|context| &context.config));
        chosen.cloned().unwrap_or_else(|| self.default_config_path())
    }

    fn default_config_path(&self) -> PathBuf {
        self.place(Purpose::Configuration).join("config.toml")
    }

    /// The state directory that a loaded configuration leads to.
    pub fn state_dir(&self, store: &Store) -> PathBuf {
        match &store.config().state.directory {
            Some(directory) => store.resolve(directory),
            None => self.default_state_dir(),
        }
    }

    /// The service's state directory where that is shared with a group that this user is in, or else this user's own.
    pub fn default_state_dir(&self) -> PathBuf {
        let of_service = PathBuf::from(Purpose::State.of_system()).join("commerce-connector");
        let is_own =
            |(name, value): &(String, String)| name == Purpose::State.variable() && Path::new(value).is_absolute();
        if state_files::is_shared(&of_service) && !self.variables.iter().any(is_own) {
            of_service
        } else {
            self.own_state_dir()
        }
    }

    /// `commerce-connector` in the XDG state directory: for what other users have nothing to do with, too.
    pub fn own_state_dir(&self) -> PathBuf {
        self.place(Purpose::State)
    }

    /// Where something is by default: as the XDG specification says, or where the user has no home, where a system has it.
    fn place(&self, purpose: Purpose) -> PathBuf {
        let variable = purpose.variable();
        let value = |name: &str| self.variables.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        // The XDG specification: a relative path in a variable is invalid and is to be ignored.
        let absolute = |name: &str| value(name).map(PathBuf::from).filter(|path| path.is_absolute());
        if let Some(base) = absolute(variable) {
            return base.join("commerce-connector");
        }
        let home = absolute("HOME").or_else(std::env::home_dir).filter(|home| home.is_absolute());
        // On Adobe Commerce on cloud the home is the application itself, of which only a few directories can be written; of these
        // only var/ is not a place for a web server or for Commerce's own configuration.
        let is_cloud = value("MAGENTO_CLOUD_PROJECT").or_else(|| value("PLATFORM_PROJECT")).is_some();
        let application = absolute("MAGENTO_CLOUD_APP_DIR").or_else(|| absolute("PLATFORM_APP_DIR"));
        let application = application.unwrap_or_else(|| PathBuf::from("/app"));
        let is_application = home.as_ref().is_none_or(|home| home.starts_with(&application));
        match home {
            _ if is_cloud && is_application && application.join("var").is_dir() => {
                application.join("var/commerce-connector").join(purpose.in_var())
            }
            Some(home) => home.join(purpose.under_home()).join("commerce-connector"),
            // A user without a home, as in many containers.
            None => PathBuf::from(purpose.of_system()).join("commerce-connector"),
        }
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
        } else if let Some(path) = self.context.as_ref().and_then(|context| context.state_directory.as_ref()) {
            flags.push(("state.directory", "--context", path.display().to_string()));
        }
        if let Some(path) = &self.global.ca_file {
            flags.push(("gateway.ca_file", "--ca-file", current.join(path).display().to_string()));
        }
        flags.extend(self.flags_of_screen());
        let must_exist = self.global.config.is_some();
        Store::load(self.config_path(), must_exist, self.variables.clone(), flags).map_err(|error| Problem::of(&error))
    }

    /// Sets how much is logged. With `-v`, it is on stderr as well, unless that is the screen.
    fn say_how_much(&self, command: Option<&Command>) {
        let verbose = self.global.verbose;
        let level = match (self.global.log_level, verbose) {
            (Some(level), _) => level.into(),
            (None, 0) => tracing::Level::INFO,
            (None, 1) => tracing::Level::DEBUG,
            (None, _) => tracing::Level::TRACE,
        };
        // Of an export that a screen started, stderr is the log already.
        let is_of_screen = command.is_none_or(Command::is_of_screen);
        logging::set(level, verbose > 0 && !is_of_screen);
        // These start a log in the state directory, which is shown then.
        if !command.is_none_or(Command::logs) {
            logging::show();
        }
    }

    /// How reports are printed; as the environment alone says where the configuration cannot be read.
    #[must_use]
    pub fn printer(&self, output: &Output) -> Printer {
        Printer::new(&self.load().map(|store| store.config().ui.clone()).unwrap_or_default(), output)
    }

    /// What all flags say about the screen.
    fn flags_of_screen(&self) -> Vec<FlagValue> {
        let color = self.global.color.clone().map(|when| ("ui.color", "--color", when));
        color.into_iter().chain(self.screen_flags()).collect()
    }

    /// What the flags say about the screen that is remembered.
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

/// What a default place is for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Configuration,
    State,
}

impl Purpose {
    /// The variable of the XDG specification that names another place.
    fn variable(self) -> &'static str {
        match self {
            Purpose::Configuration => "XDG_CONFIG_HOME",
            Purpose::State => "XDG_STATE_HOME",
        }
    }

    fn under_home(self) -> &'static str {
        match self {
            Purpose::Configuration => ".config",
            Purpose::State => ".local/state",
        }
    }

    fn in_var(self) -> &'static str {
        match self {
            Purpose::Configuration => "",
            Purpose::State => "state",
        }
    }

    fn of_system(self) -> &'static str {
        match self {
            Purpose::Configuration => "/etc",
            Purpose::State => "/var/lib",
        }
    }
}

/// What to run first.
pub fn nothing_configured(store: &Store) -> Problem {
    Problem::usage(format!("no configuration at {}", crate::private_file::safe(store.path())))
        .hint("run `commerce-connector config init`, or `commerce-connector demo` to try it without an account")
}

/// Runs one command to its end, on a runtime of its own. So every future is compiled here, and not again in the program.
pub fn run(cli: Cli, variables: Vec<(String, String)>) -> anyhow::Result<Exit> {
    let mut setting = Invocation { global: cli.global, variables, context: None };
    if cli.command.as_ref().is_none_or(Command::is_in_context) {
        setting.context = setting.context_in_use()?;
    }
    // All that follows is before there is a second thread: each is bound by what binds the one that starts it.
    // Where the configuration cannot be read, the command says why.
    if let Ok(store) = setting.load() {
        let state_dir = setting.state_dir(&store);
        state_files::admit_group(&state_dir);
        if let Some(command) = cli.command.as_ref().filter(|command| command.is_confined())
            && access::permit(command, &setting).is_ok()
        {
            // Gives up writing and connecting anywhere but where an export must.
            hardening::remember(confinement::confine(&store, &state_dir));
        }
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run_one(cli.command, setting))
}

async fn run_one(command: Option<Command>, setting: Invocation) -> anyhow::Result<Exit> {
    setting.say_how_much(command.as_ref());
    let is_change = command.as_ref().is_some_and(Command::changes);
    let when_closed = if is_change { WhenClosed::Finish } else { WhenClosed::End };
    let form = match (setting.global.format(), command.as_ref().and_then(Command::list)) {
        (OutputFormat::Table, _) => Form::Text,
        (OutputFormat::Json, _) => Form::Json,
        (OutputFormat::Csv, Some(list)) => Form::Csv(list),
        (OutputFormat::Csv, None) => {
            return Err(Problem::usage("CSV is for lists, and this command prints none")
                .hint("use --output json")
                .into());
        }
    };
    let mut output = Output::new(form, when_closed);
    if let Some(command) = &command {
        access::permit(command, &setting)?;
    }
    // Besides the screen, which shows what a run waits for in its log, and the doctor, which waits by limits of its own.
    let is_told = !matches!(command, None | Some(Command::Doctor));
    let _waits = is_told.then(|| AbortOnDropHandle::new(tokio::spawn(tell_waits())));
    let exit = match command {
        None => Box::pin(screen(&setting, &mut output)).await,
        Some(Command::Keys(command)) => Box::pin(keys::run(command, &setting, &mut output)).await,
        Some(Command::Projects(command)) => projects::run(command, &setting, &mut output).await,
        Some(Command::DataSpaces(command)) => Box::pin(data_spaces::run(command, &setting, &mut output)).await,
        Some(Command::Status) => Box::pin(status::run(&setting, &mut output)).await,
        Some(Command::Ims(command)) => ims::run(command, &setting, &mut output).await,
        Some(Command::Feeds(command)) => Box::pin(feeds::run(command, &setting, &mut output)).await,
        Some(Command::Export(command)) => Box::pin(export::run(command, &setting, &mut output)).await,
        Some(Command::Verify(args)) => Box::pin(verify::run(args, &setting, &mut output)).await,
        Some(Command::Sandbox(args)) => sandbox::run(args, &setting, &mut output).await,
        Some(Command::Demo(args)) => Box::pin(demo::run(args, &setting, &mut output)).await,
        Some(Command::Config(command)) => config::run(&command, &setting, &mut output).await,
        Some(Command::Contexts(command)) => contexts::run(&command, &setting, &mut output),
        Some(Command::Doctor) => Box::pin(doctor::run(&setting, &mut output)).await,
        Some(Command::Whoami) => whoami::run(&setting, &mut output).await,
        Some(Command::Compare(command)) => Box::pin(compare::run(command, &setting, &mut output)).await,
        Some(Command::Explain { sku }) => Box::pin(explain::run(&sku, &setting, &mut output)).await,
        Some(Command::Lint(args)) => Box::pin(lint::run(args, &setting, &mut output)).await,
        Some(Command::Services) => Box::pin(services::run(&setting, &mut output)).await,
        Some(Command::Metrics) => metrics::run(&setting, &mut output).await,
        Some(Command::Notify(command)) => notify::run(command, &setting, &mut output).await,
        Some(Command::Logs(args)) => logs::run(&args, &setting, &mut output).await,
        Some(Command::SupportBundle(args)) => Box::pin(support_bundle::run(args, &setting, &mut output)).await,
        Some(Command::SelfUpdate(args)) => self_update::run(args, &setting, &mut output).await,
        Some(Command::Completions { shell }) => completions::script(shell, &mut output),
        Some(Command::CompleteValues { of }) => completions::values(of, &setting, &mut output).await,
        Some(Command::Man { directory }) => completions::man_pages(&directory, &mut output),
    }?;
    output.finish()?;
    Ok(exit)
}

/// Prints what is waited for, line by line.
async fn tell_waits() {
    let mut waits = waiting::Listener::new();
    loop {
        talk(waits.next().await.as_str());
    }
}

/// Opens the screen; without a terminal, prints the same as plain lines.
async fn screen(setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let store = setting.load()?;
    let why_linear =
        if setting.global.linear || output.is_json() { Some("Plain output requested") } else { output::no_terminal() };
    if let Some(reason) = why_linear {
        return summary::run(reason, setting, output).await;
    }
    let state_dir = setting.state_dir(&store);
    let log = crate::logging::start(&state_dir)?;
    // What cannot be remembered holds for this time.
    let not_remembered = setting.remember_screen_flags(&store).err();
    let store = if not_remembered.is_none() { setting.load()? } else { store };
    let connector = Connector::new(store, state_dir, None);
    // A database that answers at once is waited for, so that the screen opens on the right pane. Otherwise a worker continues.
    let _ = tokio::time::timeout(SETTINGS_PATIENCE, connector.ensure_loaded()).await;
    let options = crate::tui::Options {
        problem: not_remembered,
        contexts: setting.contexts_of_screen(),
        ..crate::tui::Options::new(processes_of_screen(setting.context.as_ref()))
    };
    let closed = Box::pin(crate::tui::run(connector, options)).await?;
    drop(log);
    match closed.switch_to {
        None => Ok(closed.exit),
        Some(name) => Err(contexts::open_screen_in(&name).into()),
    }
}

/// What the screen starts in processes of their own, with its flags and environment, and in its context, also if another one is
/// made the current one meanwhile. Its command line has nothing but flags.
fn processes_of_screen(context: Option<&Context>) -> Processes {
    let context =
        OsString::from(format!("--context={}", context.map(|context| context.name.as_str()).unwrap_or_default()));
    let with = |command: &[&str]| {
        let words = command.iter().map(OsString::from);
        std::env::args_os().skip(1).chain([context.clone()]).chain(words).collect()
    };
    Processes {
        runs: RunPlace::OwnProcess { arguments: with(&["export", "run", "--for-screen"]) },
        bundle: with(support_bundle::FOR_SCREEN),
    }
}

/// The error when no data space is selected.
fn no_data_space() -> Problem {
    Problem::usage("no data space is selected").hint("run `commerce-connector data-spaces select ID`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(variables: &[(&str, &str)]) -> (PathBuf, PathBuf) {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let setting = Invocation { global: Global::default(), variables, context: None };
        (setting.config_path(), setting.default_state_dir())
    }

    #[test]
    fn configuration_and_state_have_a_place_for_every_kind_of_user() {
        let (config, state) = places(&[("HOME", "/home/ann")]);
        assert_eq!(config, PathBuf::from("/home/ann/.config/commerce-connector/config.toml"));
        assert_eq!(state, PathBuf::from("/home/ann/.local/state/commerce-connector"));
        let (_, state) = places(&[("HOME", "/home/ann"), ("XDG_STATE_HOME", "/data")]);
        assert_eq!(state, PathBuf::from("/data/commerce-connector"));

        // Adobe Commerce on cloud: the home is the application.
        let app = tempfile::tempdir().expect("a directory");
        let app_dir = app.path().display().to_string();
        let cloud =
            [("HOME", app_dir.as_str()), ("MAGENTO_CLOUD_PROJECT", "x"), ("MAGENTO_CLOUD_APP_DIR", app_dir.as_str())];
        assert_eq!(
            places(&cloud).1,
            app.path().join(".local/state/commerce-connector"),
            "without var/ there is nothing better"
        );
        std::fs::create_dir(app.path().join("var")).expect("made");
        let (config, state) = places(&cloud);
        assert_eq!(config, app.path().join("var/commerce-connector/config.toml"));
        assert_eq!(state, app.path().join("var/commerce-connector/state"));
        let elsewhere = [cloud[1], cloud[2], ("HOME", "/home/ann")];
        assert_eq!(places(&elsewhere).1, PathBuf::from("/home/ann/.local/state/commerce-connector"));
    }
}
