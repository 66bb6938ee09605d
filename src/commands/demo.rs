//! `demo`: everything on the embedded gateway, from keys to a live export, with a sample catalogue.
//!
//! Nothing is pretended: the real client signs with real keys, the real pipeline sends, and the gateway checks and counts.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;
use tracing_appender::non_blocking::WorkerGuard;

use super::linear::{self, Voice};
use super::output::{self, Output};
use super::{Invocation, projects, support_bundle};
use crate::cli::DemoArgs;
use crate::config::store::Store;
use crate::connector::{Connector, ExportRequest, Overview, Processes, RunPlace};
use crate::domain::{DataSpaceKind, Environment, Feed};
use crate::error::{Exit, Problem};
use crate::feeds::source::Source;
use crate::feeds::source::sample::Sample;
use crate::keys::{ApiKey, KeyPair, PrivateKey};
use crate::private_file::{self, safe};
use crate::sandbox::{Sandbox, SandboxSettings};
use crate::tui::Curtain;

/// The file that marks a directory as one that the next demo may empty.
const MARK: &str = ".commerce-connector-demo";
/// What the demo calls its project.
const PROJECT: &str = "Demo shop";

/// What the demo runs on, once all of it is ready.
struct Ready {
    connector: Connector,
    overview: Overview,
    _sandbox: Sandbox,
    _log: WorkerGuard,
}

/// Runs it: on the screen where there is a terminal, otherwise line by line.
pub async fn run(args: DemoArgs, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let directory = match &setting.global.state_dir {
        Some(directory) => directory.clone(),
        None => setting.own_state_dir(),
    }
    .join("demo");
    if output::no_terminal().is_none() && !output.is_json() && !setting.global.linear {
        let mut curtain = lower_curtain(setting)?;
        let Some(ready) = Box::pin(curtain.hold(prepare(args, &directory, setting, Teller { output: None }))).await
        else {
            return Ok(Exit::Interrupted);
        };
        let ready = ready?;
        let start_export = (!ready.overview.settings.read_only).then(ExportRequest::default);
        let options = crate::tui::Options {
            start_export,
            curtain: Some(curtain),
            ..crate::tui::Options::new(processes_of_screen(&directory))
        };
        return Ok(Box::pin(crate::tui::run(ready.connector.clone(), options)).await?.exit);
    }
    let ready = prepare(args, &directory, setting, Teller { output: Some(output) }).await?;
    let run = ready.connector.start_export(ExportRequest::default()).await?;
    let exit = linear::follow(run, Voice::Stdout, output).await?;
    output.text(&format!("The demo wrote only to {}. In a terminal it opens the screen.", safe(&directory)))?;
    Ok(exit)
}

/// What the screen starts in processes of their own: no exports, since the gateway ends with this process.
fn processes_of_screen(directory: &Path) -> Processes {
    let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let config = directory.join("config.toml");
    let flags = ["--config".into(), config.into(), "--state-dir".into(), directory.into()];
    let command = support_bundle::FOR_SCREEN.iter().map(OsString::from);
    Processes { runs: RunPlace::ThisProcess, bundle: flags.into_iter().chain(command).collect() }
}

/// Makes gateway, keys, project and data space.
async fn prepare(
    args: DemoArgs,
    directory: &Path,
    setting: &Invocation,
    mut teller: Teller<'_>,
) -> Result<Ready, Problem> {
    let fresh = fresh(directory)?;
    let sandbox =
        Sandbox::start(SandboxSettings { faults: args.faults, ..SandboxSettings::new(directory.join("gateway-keys")) })
            .await
            .map_err(|error| Problem::of(&error))?;
    let log = crate::logging::start(directory)?;
    let store = configure(directory, &sandbox, setting)?;
    let source = Source::Sample(Sample { products: args.products });
    let connector = Connector::new(store, directory.to_owned(), Some(source));

    teller.say(fresh, "state", json!({"directory": safe(directory)}))?;
    teller.say(
        &format!("1. Local gateway with the public API: {}.", sandbox.ready.url),
        "sandbox",
        json!({"url": sandbox.ready.url}),
    )?;
    let pair = KeyPair {
        api_key: ApiKey::parse(&sandbox.ready.sandbox.api_key).map_err(|error| Problem::of(&error))?,
        private_key: PrivateKey::read(&sandbox.ready.sandbox.private_key_file).map_err(|error| Problem::of(&error))?,
    };
    connector.save_pair(Environment::Sandbox, &pair).await?;
    connector.verify(Environment::Sandbox).await?;
    let fingerprint = pair.private_key.fingerprint();
    teller.say(
        &format!("2. The sandbox key pair is complete and accepted by the gateway: {fingerprint}."),
        "keys",
        json!({"environment": Environment::Sandbox, "accepted": true, "fingerprint": fingerprint}),
    )?;
    let project = connector.create_project(PROJECT).await?;
    let chosen = project
        .data_spaces
        .iter()
        .find(|data_space| data_space.kind == DataSpaceKind::Testing)
        .ok_or_else(|| Problem::new(Exit::Other, "the new project has no testing data space"))?;
    let overview = connector.select_data_space(&chosen.id, None).await?;
    if let (Some(output), Some((id, name, _))) = (&mut teller.output, &overview.data_space) {
        output.text(&format!("3. Created project {}; selected its data space {name}.", project.name))?;
        projects::print(std::slice::from_ref(&project), Some(id), output)?;
        output.text(&format!("4. Collecting, signing, compressing and sending: {}.", overview.source))?;
    }
    Ok(Ready { connector, overview, _sandbox: sandbox, _log: log })
}

/// Finding the gateway's keys takes up to a second, and nobody should wonder meanwhile whether anything happens.
fn lower_curtain(setting: &Invocation) -> Result<Curtain, Problem> {
    let store =
        Store::load(PathBuf::new(), false, [], setting.flags_of_screen()).map_err(|error| Problem::of(&error))?;
    let text = "Starting a local gateway and making its keys…";
    Curtain::lower("commerce-connector demo", text, &store.config().ui)
        .map_err(|error| Problem::new(Exit::Other, format!("cannot open the screen: {error}")))
}

/// The lines of the demo; none while the screen shows it.
struct Teller<'a> {
    output: Option<&'a mut Output>,
}

impl Teller<'_> {
    fn say(&mut self, text: &str, kind: &str, fields: serde_json::Value) -> Result<(), Problem> {
        match &mut self.output {
            Some(output) => output.say(text, kind, fields),
            None => Ok(()),
        }
    }
}

/// An empty state directory for this demo: the last one's gateway is gone, and with it all that its ledger speaks of.
///
/// Only a directory that carries the demo's own mark is emptied.
fn fresh(directory: &Path) -> Result<&'static str, Problem> {
    let failed = |error: io::Error| {
        Problem::new(Exit::Other, format!("the demo's state directory {}: {error}", safe(directory)))
            .hint("set a writable directory with --state-dir")
    };
    let mark = directory.join(MARK);
    let is_empty = match std::fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(failed(error)),
    };
    let text = if is_empty {
        "First demo in this directory."
    } else if mark.exists() {
        std::fs::remove_dir_all(directory).map_err(failed)?;
        "Deleted the last demo's state."
    } else {
        return Err(Problem::usage(format!("{} contains files that are not a demo's", safe(directory)))
            .hint("set another directory with --state-dir"));
    };
    private_file::write(&mark, b"").map_err(|error| Problem::of(&error))?;
    Ok(text)
}

/// A configuration of the demo's own: the person's is neither read nor touched.
fn configure(directory: &Path, sandbox: &Sandbox, setting: &Invocation) -> Result<Store, Problem> {
    let mut store = Store::load(directory.join("config.toml"), false, [], setting.flags_of_screen())
        .map_err(|e| Problem::of(&e))?;
    let set = |key: &str, value: &str| (key.to_owned(), Some(value.to_owned()));
    // The demo's gateway takes every feed.
    let unrouted = Feed::ALL.into_iter().filter(|feed| !feed.route_is_public());
    let routes = unrouted.map(|feed| set(&format!("export.routes.{feed}"), feed.route()));
    let changes: Vec<_> = [
        set("gateway.environment", Environment::Sandbox.name()),
        set("gateway.sandbox_url", &sandbox.ready.url),
        set("gateway.production_url", &sandbox.ready.url),
        set("gateway.graphql_url", &format!("{}/graphql", sandbox.ready.url)),
        set("instance.name", "demo"),
        set("ims.host", &sandbox.ready.url),
        set("ims.client_id", &sandbox.ready.sandbox.api_key),
        set("ims.redirect_uri", &format!("{}/ims/signed-in", sandbox.ready.url)),
    ]
    .into_iter()
    .chain(routes)
    .collect();
    store.save(&changes).map_err(|error| Problem::of(&error))?;
    Ok(store)
}
