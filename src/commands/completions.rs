//! What shells and `man` know of the command line, made from its definitions.

use std::path::Path;
use std::time::Duration;

use clap::CommandFactory as _;
use clap_complete::Shell;
use tokio::time::timeout;

use super::output::Output;
use super::{Invocation, completed_values};
use crate::cli::{Cli, CompletedValues, ShellChoice};
use crate::domain::Feed;
use crate::error::{Exit, Problem};
use crate::private_file::safe;

/// The name of the program, as it is called.
const NAME: &str = "commerce-connector";

/// Nobody waits longer for a completion.
const PATIENCE: Duration = Duration::from_secs(3);

/// `completions`: a script for the shell to read.
pub fn script(shell: ShellChoice, output: &mut Output) -> anyhow::Result<Exit> {
    let shell = match shell {
        ShellChoice::Bash => Shell::Bash,
        ShellChoice::Fish => Shell::Fish,
        ShellChoice::Zsh => Shell::Zsh,
    };
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut text);
    // clap_complete 4.6.11 names a program with a hyphen in two ways in bash, so no subcommand would be completed.
    let text = String::from_utf8_lossy(&text).replace("commerce__subcmd__connector", "commerce__connector");
    let text = completed_values::asked_for(shell, &text);
    output.text(text.trim_end())?;
    Ok(Exit::Done)
}

/// `complete-values`: what a script asks for. A shell that completes has no use for an error.
pub async fn values(of: CompletedValues, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let values: Vec<String> = match of {
        CompletedValues::Feeds => Feed::ALL.iter().map(ToString::to_string).collect(),
        CompletedValues::Contexts => {
            let contexts = setting.contexts();
            contexts.map(|contexts| contexts.all().map(|context| context.name).collect()).unwrap_or_default()
        }
        CompletedValues::DataSpaces => {
            let asked = async { setting.connector().await?.projects().await };
            let projects = timeout(PATIENCE, asked).await.ok().and_then(Result::ok).unwrap_or_default();
            projects.iter().flat_map(|project| &project.data_spaces).map(|space| space.id.to_string()).collect()
        }
    };
    values.iter().try_for_each(|value| output.line(value))?;
    Ok(Exit::Done)
}

/// `man`: the pages of the program and of each of its commands.
pub fn man_pages(directory: &Path, output: &mut Output) -> anyhow::Result<Exit> {
    let failed = |error: std::io::Error| {
        Problem::new(Exit::Other, format!("the man pages cannot be written to {}: {error}", safe(directory)))
            .hint("name a directory that you may write")
    };
    std::fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), directory).map_err(failed)?;
    output.text(&format!("Man pages written to {}", safe(directory)))?;
    Ok(Exit::Done)
}
