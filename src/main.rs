//! Parses the command line, runs the screen or one command, and turns an error into words and an exit code.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ColorChoice, CommandFactory as _, FromArgMatches as _};
use commerce_connector::cli::{Cli, OutputFormat};
use commerce_connector::commands;
use commerce_connector::commands::output::{Form, Output, WhenClosed, error_lines, problem_of, talk};
use commerce_connector::commands::topics;
use commerce_connector::error::Exit;
use commerce_connector::hardening::harden;
use commerce_connector::version;
use serde_json::json;
use tikv_jemallocator::Jemalloc;

/// Why not the system's: see Cargo.toml.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    harden();
    if let Some(text) = topic() {
        // That nobody reads the help is not a failure.
        let _ = writeln!(std::io::stdout(), "{text}");
        return Exit::Done.into();
    }
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => {
            // That nobody reads the help is not a failure.
            let _ = match error.kind() {
                ErrorKind::DisplayVersion => print_version(),
                _ => error.print(),
            };
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done.into(),
                _ => Exit::Usage.into(),
            };
        }
    };
    let json = cli.global.format() == OutputFormat::Json;
    // Variables that are not UTF-8 cannot hold a setting of ours.
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    match commands::run(cli, variables.collect()) {
        Ok(exit) => exit.into(),
        Err(error) => tell(&error, json).into(),
    }
}

/// The help topic that is asked for, if it is one: `help states`.
fn topic() -> Option<String> {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    match words.as_slice() {
        [help, topic] if help == "help" => topics::text(topic.to_str()?),
        _ => None,
    }
}

/// Parses the command line; help and errors have colours as `--color` in it says.
fn parse() -> Result<Cli, clap::Error> {
    let mut command = Cli::command().color(color_asked_for(std::env::args_os()));
    let mut matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// What `--color` says, looked up before the rest is understood: it may be what is wrong.
fn color_asked_for(arguments: impl Iterator<Item = OsString>) -> ColorChoice {
    let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        let value = match argument.as_str() {
            "--color" => arguments.next(),
            other => other.strip_prefix("--color=").map(str::to_owned),
        };
        match value.as_deref() {
            Some("always") => return ColorChoice::Always,
            Some("never") => return ColorChoice::Never,
            _ => {}
        }
    }
    ColorChoice::Auto
}

/// What `--version` prints: more than the number, since that is what a ticket needs.
fn print_version() -> std::io::Result<()> {
    let args: Vec<_> = std::env::args_os().collect();
    let is_asked_for = |words: &[&str]| args.windows(words.len()).any(|args| args == words);
    let is_json = [&["--json"][..], &["--output=json"], &["--output", "json"]].into_iter().any(is_asked_for);
    if is_json {
        // That nobody reads it is not a failure.
        let _ = Output::new(Form::Json, WhenClosed::End).record("version", version::json());
        return Ok(());
    }
    writeln!(std::io::stdout(), "{}", version::text())
}

/// Tells a person (or a script) what went wrong, and says how to end.
fn tell(error: &anyhow::Error, json: bool) -> Exit {
    let problem = problem_of(error);
    // Whoever read the output has seen enough.
    if problem.exit == Exit::Done {
        return Exit::Done;
    }
    if json {
        let fields = json!({"message": problem.what, "hint": problem.hint, "exit": problem.exit as u8});
        // stdout is gone, and with it whoever would have read this.
        let _ = Output::new(Form::Json, WhenClosed::End).record("error", fields);
    }
    for line in error_lines(&problem) {
        talk(&line);
    }
    problem.exit
}
