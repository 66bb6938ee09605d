//! `sandbox`: the embedded gateway, on its own.

use std::time::Duration;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::Invocation;
use super::output::Output;
use crate::bounds::is_rate;
use crate::cli::{EditionChoice, SandboxArgs};
use crate::error::{Exit, Problem};
use crate::private_file::safe;
use crate::sandbox::{Edition, Sandbox, SandboxSettings};
use crate::state_files::is_shared;

/// Runs it until SIGINT or SIGTERM.
pub async fn run(args: SandboxArgs, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    if !is_rate(args.requests_per_second) {
        return Err(Problem::usage("--requests-per-second must be from 0.01 to 10000, or 0 for no limit").into());
    }
    let keys_dir = if let Some(directory) = args.keys_dir {
        directory
    } else {
        let state_dir = setting.state_dir(&setting.load()?);
        // The keys of a sandbox are its user's, also where the state is a group's.
        let directory = if is_shared(&state_dir) { setting.own_state_dir() } else { state_dir };
        directory.join("sandbox/keys")
    };
    let sandbox = Sandbox::start(SandboxSettings {
        listen: args.listen,
        edition: match args.edition {
            EditionChoice::Commerce => Edition::Commerce,
            EditionChoice::OpenSource => Edition::OpenSource,
        },
        requests_per_second: (args.requests_per_second > 0.0).then_some(args.requests_per_second),
        burst: args.burst,
        faults: args.faults,
        visible_after: Duration::from_secs(args.visible_after.into()),
        ..SandboxSettings::new(keys_dir)
    })
    .await
    .map_err(|error| Problem::of(&error))?;
    let ready = sandbox.ready.clone();
    if let Some(path) = &args.ready_file {
        ready.write(path).map_err(|error| Problem::of(&error))?;
    }
    output.say(
        &format!(
            "Sandbox gateway listening on {url}\n\
             production: API key {}, private key {}\n\
             sandbox:    API key {}, private key {}\n\
             Received items: {url}/sandbox/v1/data-spaces/{{id}}/{{feed}}",
            ready.production.api_key,
            safe(&ready.production.private_key_file),
            ready.sandbox.api_key,
            safe(&ready.sandbox.private_key_file),
            url = ready.url,
        ),
        "sandbox",
        json!(ready),
    )?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        () = sandbox.wait() => Err(Problem::new(Exit::Other, "the sandbox gateway stopped listening").into()),
        _ = interrupt.recv() => Ok(Exit::Interrupted),
        _ = terminate.recv() => Ok(Exit::Done),
    }
}
