//! The command line: clap definitions only.

mod compare;
mod contexts;
mod export;
mod items;
mod lint;
mod log_level;
mod notify;
mod output_format;
mod sandbox;
mod self_update;
mod support_bundle;
mod verify;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{ColorWhen, ThemeName};
use crate::domain::{Environment, Feed};
use crate::feeds::source::IdKind;

pub use compare::{CompareCommand, DataSpacesArgs};
pub use contexts::ContextsCommand;
pub use export::{ExportCommand, FeedChoice, LedgerCommand, RetryArgs, RunArgs, SendingArgs, SetArgs, WatchArgs};
pub use items::{ItemArgs, ItemsArgs, OrderChoice, StateChoice};
pub use lint::LintArgs;
pub use log_level::LogLevel;
pub use notify::{ChannelChoice, NotifyCommand};
pub use output_format::OutputFormat;
pub use sandbox::{DemoArgs, EditionChoice, SandboxArgs};
pub use self_update::SelfUpdateArgs;
pub use support_bundle::SupportBundleArgs;
pub use verify::VerifyArgs;

/// Connect Adobe Commerce or Magento Open Source to Adobe's Commerce Services, and keep the data flowing.
///
/// Without a command, opens the screen.
#[derive(Debug, Parser)]
#[command(name = "commerce-connector", version, max_term_width = 100)]
#[command(
    after_help = "Topics: `help feeds`, `help states`, `help exit-codes`.\n\nExit codes: 0 done, 1 other, 2 usage, 3 some items need attention, 4 keys or sign-in refused, \
5 temporary failure, 6 another run holds the lock, 7 refused by a guard, 130 interrupted."
)]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do; default: the screen.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags of every command.
#[derive(Debug, Clone, Default, Args)]
pub struct Global {
    /// The configuration file [default: commerce-connector/config.toml in the XDG config directory]
    #[arg(long, value_name = "FILE", global = true, env = "COMMERCE_CONNECTOR_CONFIG")]
    pub config: Option<PathBuf>,
    /// Directory for ledger, locks and logs [default: commerce-connector in the XDG state directory]
    #[arg(long, value_name = "DIR", global = true, env = "COMMERCE_CONNECTOR_STATE_DIR")]
    pub state_dir: Option<PathBuf>,
    /// Shop to use, one of `contexts list`; --config and --state-dir win over it, an empty name means none
    #[arg(long, value_name = "NAME", global = true, env = "COMMERCE_CONNECTOR_CONTEXT", overrides_with = "context")]
    pub context: Option<String>,
    /// Extra CA certificates (PEM)
    #[arg(long, value_name = "FILE", global = true)]
    pub ca_file: Option<PathBuf>,
    /// Refuse every change; the screen remembers it until opened with --read-only=false
    #[arg(long, value_name = "BOOL", global = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub read_only: Option<bool>,
    /// Colour theme of the screen (remembered)
    #[arg(long, value_name = "NAME", global = true, value_parser = ThemeName::NAMES)]
    pub theme: Option<String>,
    /// When to use colours [default: auto; `NO_COLOR` and `CLICOLOR` are respected]
    #[arg(long, value_name = "WHEN", global = true, value_parser = ColorWhen::NAMES)]
    pub color: Option<String>,
    /// Plain line output, for screen readers and logs
    #[arg(long, global = true)]
    pub linear: bool,
    /// How much is logged [default: info; -v: debug, -vv: trace]
    #[arg(long, value_name = "LEVEL", global = true, value_enum)]
    pub log_level: Option<LogLevel>,
    /// Log more, and print the log to standard error as well; twice: everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Print JSON lines, each with "schema" and "type"; the same as --output json
    #[arg(long, global = true, conflicts_with = "output")]
    pub json: bool,
    /// How to print: json and csv are for scripts, csv is for lists only [default: table]
    #[arg(long, value_name = "FORMAT", global = true, value_enum)]
    pub output: Option<OutputFormat>,
}

impl Global {
    /// How to print.
    pub fn format(&self) -> OutputFormat {
        if self.json { OutputFormat::Json } else { self.output.unwrap_or_default() }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check or save key pairs
    #[command(subcommand)]
    Keys(KeysCommand),
    /// List, create and rename SaaS projects
    #[command(subcommand)]
    Projects(ProjectsCommand),
    /// Select and rename data spaces
    #[command(subcommand)]
    DataSpaces(DataSpacesCommand),
    /// Show what is done and the next step: shop, credentials, SaaS configuration, export, services
    ///
    /// Changes and sends nothing; makes one gateway request. Exit codes: 0 setup complete, 3 steps left or attention needed,
    /// 4 keys refused, 5 gateway not responding.
    Status,
    /// Show which shop, project, data space and environment this installation uses
    ///
    /// Reads settings only and asks nobody.
    Whoami,
    /// Sign in with an Adobe ID and select the IMS organization; optional, not needed for exports
    #[command(subcommand)]
    Ims(ImsCommand),
    /// List feeds, check their health, preview items
    #[command(subcommand)]
    Feeds(FeedsCommand),
    /// Run and manage exports
    #[command(subcommand)]
    Export(ExportCommand),
    /// Compare what was sent with what the storefront services show
    ///
    /// Asks Catalog Service, and with --live-search Live Search, with the public API key. Changes and sends nothing. Exit codes:
    /// 0 all as it should be, 3 something is missing, older or still there, 4 API key refused, 5 service not responding.
    Verify(VerifyArgs),
    /// Run a local test gateway with the public API
    Sandbox(SandboxArgs),
    /// Try everything locally: no account, database or config
    Demo(DemoArgs),
    /// Create, show or locate the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Use several shops from one account, each with its own configuration and state
    #[command(subcommand)]
    Contexts(ContextsCommand),
    /// Diagnose problems between the shop and Adobe
    ///
    /// Changes and sends nothing. Exit codes: 0 no problems (warnings allowed), 3 problems found, 4 only refused keys,
    /// 5 only temporary problems, such as a gateway that does not respond.
    Doctor,
    /// List services and their feeds, and whether each module is installed
    Services,
    /// Compare our items with those of Adobe's exporter, or what two data spaces show
    #[command(subcommand)]
    Compare(CompareCommand),
    /// Explain why a product is or is not on the storefront
    ///
    /// Looks at the shop, at what would be sent and at the ledger; changes and sends nothing. Exit codes: 0 nothing hides it in any
    /// store view, 3 something does.
    Explain {
        /// The product
        sku: String,
    },
    /// Find mistakes in the catalogue before anything is sent
    ///
    /// Reads the items that would be sent; changes and sends nothing. Exit codes: 0 no errors (warnings allowed), 3 errors found.
    Lint(LintArgs),
    /// Print figures for a monitoring system, in the text format of Prometheus
    Metrics,
    /// Try the notifications of `[notify]`
    #[command(subcommand)]
    Notify(NotifyCommand),
    /// Print the log of this program; the newest lines last
    Logs(LogsArgs),
    /// Write an archive for a support ticket: versions, settings with secrets masked, checks, runs, errors
    ///
    /// Holds no secrets and no customer data; orders are left out. Lists its files, and asks before it writes.
    SupportBundle(SupportBundleArgs),
    /// Replace this program with a newer version, after checking its signature
    ///
    /// Reads what `scripts/package` writes: SHA256SUMS, its signature, and the archive for this machine. The old program stays beside
    /// the new one. Not for packages: their package manager updates them.
    SelfUpdate(SelfUpdateArgs),
    /// Print a completion script for a shell
    ///
    /// bash: commerce-connector completions bash > /etc/bash_completion.d/commerce-connector
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: ShellChoice,
    },
    /// Print the values that a shell completes, one a line
    #[command(hide = true)]
    CompleteValues {
        /// Of what
        #[arg(value_enum)]
        of: CompletedValues,
    },
    /// Write the man pages into a directory, one for each command
    Man {
        /// The directory; created if it is missing
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

/// `logs`
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// How many of the newest lines
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
    pub lines: usize,
    /// Keep printing new lines until interrupted
    #[arg(long, short)]
    pub follow: bool,
}

/// A shell with a completion script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShellChoice {
    /// bash.
    Bash,
    /// fish.
    Fish,
    /// zsh.
    Zsh,
}

/// Values that only this installation knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompletedValues {
    /// Feeds.
    Feeds,
    /// Ids of data spaces, if the gateway answers.
    DataSpaces,
    /// Contexts.
    Contexts,
}

/// `keys …`
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Check that the gateway accepts the saved pair
    Verify {
        /// Which pair [default: the one in use]
        #[arg(long, value_name = "ENVIRONMENT")]
        environment: Option<Environment>,
    },
    /// Save a pair; `-` reads one of the files from standard input
    Set(PairArgs),
    /// Replace a pair with a new one, once the gateway has accepted it
    Rotate(PairArgs),
}

/// A pair in two files.
#[derive(Debug, Args)]
pub struct PairArgs {
    /// Which pair: production or sandbox
    #[arg(long, value_name = "ENVIRONMENT")]
    pub environment: Environment,
    /// File that holds the public API key
    #[arg(long, value_name = "FILE")]
    pub api_key_file: PathBuf,
    /// File that holds the RSA private key
    #[arg(long, value_name = "FILE")]
    pub private_key_file: PathBuf,
    /// Replace a pair even if the new one has no access to the data space in use: that data space's name, in full
    #[arg(long, value_name = "DATA_SPACE_NAME")]
    pub i_know: Option<String>,
}

/// `projects …`
#[derive(Debug, Subcommand)]
pub enum ProjectsCommand {
    /// List projects visible to these keys, with their data spaces
    List,
    /// Create a project
    Create {
        /// Its name
        name: String,
    },
    /// Rename a project (a label only)
    Rename {
        /// The project: its id, name, the beginning of either, or its number in `projects list`
        project: String,
        /// Its new name
        name: String,
    },
}

/// `data-spaces …`
#[derive(Debug, Subcommand)]
pub enum DataSpacesCommand {
    /// List data spaces visible to these keys
    List,
    /// Export to this data space
    Select {
        /// The data space: its id, name, the beginning of either, or its number in `data-spaces list`
        data_space: String,
        /// Select a production data space for a copy of the shop: its name, in full [default: prompt on a terminal]
        #[arg(long, value_name = "DATA_SPACE_NAME")]
        i_know: Option<String>,
    },
    /// Rename a data space (a label only)
    Rename {
        /// The data space: its id, name, the beginning of either, or its number in `data-spaces list`
        data_space: String,
        /// Its new name
        name: String,
    },
}

/// `ims …`
#[derive(Debug, Subcommand)]
pub enum ImsCommand {
    /// Sign in: open the printed URL in any browser, then paste the URL you were redirected to
    ///
    /// An unfinished sign-in is resumed. Exit code 4 if the sign-in is refused.
    Login(LoginArgs),
    /// Show the signed-in account; exit code 4 if not signed in
    Status,
    /// List the organizations of your account
    Organizations,
    /// Save the organization of this installation
    Select {
        /// Its id, such as 0123456789ABCDEF01234567@AdobeOrg
        id: String,
    },
    /// Sign out: revoke and forget the tokens
    Logout,
}

/// `ims login`
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// File with the URL you were redirected to; `-` is standard input [default: prompt]
    #[arg(long, value_name = "FILE", conflicts_with = "client_credentials")]
    pub url: Option<PathBuf>,
    /// Sign in as a service, with client id and client secret
    #[arg(long)]
    pub client_credentials: bool,
    /// File that holds the client id of the service; `-` is standard input [default: `ims.client_id`]
    #[arg(long, value_name = "FILE", requires = "client_credentials")]
    pub client_id_file: Option<PathBuf>,
    /// File that holds the client secret, mode 0600; `-` is standard input [default: `ims.client_secret_file`]
    #[arg(long, value_name = "FILE", requires = "client_credentials")]
    pub client_secret_file: Option<PathBuf>,
}

/// `feeds …`
#[derive(Debug, Subcommand)]
pub enum FeedsCommand {
    /// List the feeds with route, batch size and source records
    List,
    /// Show the health of each feed: our export, Adobe's own, indexers, change logs, cron
    ///
    /// Exit code 0 if there are no problems (warnings allowed), else 3.
    Health,
    /// Print what would be sent, as one JSON object a line, without sending it
    Items {
        /// The feed
        feed: Feed,
        /// Only these source records: ids, comma-separated (products also by SKU)
        #[arg(long, value_name = "IDS", value_delimiter = ',')]
        ids: Vec<String>,
        /// Type of the ids: sku or id [default: a number is a SKU if a product has it, else an id]
        #[arg(long, value_name = "TYPE", requires = "ids")]
        id_type: Option<IdKind>,
        /// At most this many items
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
    },
}

/// `config …`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Write a configuration with every key explained
    Init,
    /// Set the source: a Commerce installation (with app/etc/env.php) or a directory of feed files
    Source {
        /// The directory, or one inside the installation
        #[arg(value_name = "DIR")]
        place: PathBuf,
    },
    /// Show every setting in effect and its origin
    Show {
        /// Show the shop's own settings that affect items instead: value, scope and origin of each
        #[arg(long)]
        commerce: bool,
    },
    /// Edit the configuration in `$VISUAL` or `$EDITOR`; checked before it replaces the file
    Edit,
    /// Set one key, keeping comments
    Set {
        /// The key, such as `export.thread_count`
        key: String,
        /// Its value
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Check a configuration without using it
    Validate {
        /// The file [default: the configuration in use]
        file: Option<PathBuf>,
    },
    /// Print the path of the configuration
    Path,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }

    /// The command lines of hints are written in `remedy`, far from these definitions.
    #[test]
    fn every_command_line_of_a_hint_is_one_of_the_program() {
        for remedy in crate::remedy::Remedy::all() {
            let text = remedy.command_line();
            let commands: Vec<&str> =
                text.split('`').filter_map(|part| Some(&part[part.find("commerce-connector ")?..])).collect();
            assert!(!commands.is_empty(), "{text}");
            for command in commands {
                let id = "30f2d4a7-8f3c-4f6e-9a51-0b8d5f4c9e21";
                let words = command.split(' ').map(|word| if word == "ID" { id } else { word });
                let parsed = Cli::try_parse_from(words).map_err(|error| error.kind());
                // A hint may name a command without what it needs.
                let is_one = matches!(parsed, Ok(_) | Err(clap::error::ErrorKind::MissingRequiredArgument));
                assert!(is_one, "{command}: {parsed:?}");
            }
        }
    }

    #[test]
    fn feeds_are_a_list_or_all() {
        let cli = Cli::try_parse_from(["c", "export", "run", "--feed", "products,prices"]).expect("parses");
        let Some(Command::Export(ExportCommand::Run(args))) = cli.command else { panic!("another command") };
        assert_eq!(args.feed, [FeedChoice::One(Feed::Products), FeedChoice::One(Feed::Prices)]);
        assert!(Cli::try_parse_from(["c", "export", "run", "--feed", "produkts"]).is_err());
    }

    #[test]
    fn a_run_has_one_mode_and_what_belongs_to_it() {
        let parse = |args: &str| {
            let words = ["c", "export", "run"].into_iter().chain(args.split_whitespace());
            Cli::try_parse_from(words).map_err(|error| error.kind())
        };
        for good in [
            "--partial",
            "--retry --feed prices",
            "--feed products --by-ids A,B --id-type sku --dry-run",
            "--feed products --by-ids -",
            "--feed products,prices --cleanup-feed --confirm products,prices",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for contradiction in
            ["--partial --retry", "--retry --feed products --by-ids 1", "--partial --feed all --cleanup-feed"]
        {
            assert_eq!(parse(contradiction).err(), Some(clap::error::ErrorKind::ArgumentConflict), "{contradiction}");
        }
        for incomplete in ["--by-ids 1", "--cleanup-feed", "--id-type sku", "--feed all --confirm products"] {
            assert_eq!(parse(incomplete).err(), Some(clap::error::ErrorKind::MissingRequiredArgument), "{incomplete}");
        }
    }
}
