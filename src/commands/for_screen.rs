//! `export run --for-screen`: an export that a screen started, in a process of its own.

use rustix::process::setsid;
use tracing_appender::non_blocking::WorkerGuard;

use super::linear::{self, Voice};
use super::output::Output;
use super::{Invocation, access};
use crate::connector::{Connector, ScreenJob};
use crate::error::{Exit, Problem};
use crate::export::Run;
use crate::export::report_text::closing_line;

/// Runs what the screen wants to its end. If that does not begin, the screen is told why.
pub async fn run(setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    // A session without a terminal: neither a hang-up nor Ctrl-Z of the screen's reaches this process. It is refused to who leads a
    // process group, as a command that a person types, and no screen starts.
    let _ = setsid();
    let mut job = ScreenJob::receive().await?;
    let (connector, run, _log) = match begin(&mut job, setting).await {
        Ok(begun) => begun,
        Err(problem) => {
            job.refuse(&problem).await;
            return Err(problem.into());
        }
    };
    let serving = connector.serve_metrics().await;
    if let Err(problem) = &serving {
        tracing::warn!(%problem, "metrics not served");
    }
    let report = linear::follow_to_end(run, Voice::Quiet, output).await?;
    drop(serving);
    tracing::info!("{}", closing_line(&report));
    if let Err(problem) = connector.write_metrics().await {
        tracing::warn!(%problem, "metrics not written");
    }
    Ok(linear::conclude(&report)?)
}

async fn begin(job: &mut ScreenJob, setting: &Invocation) -> Result<(Connector, Run, WorkerGuard), Problem> {
    access::permit_change(setting)?;
    let connector = setting.connector().await?;
    let log = crate::logging::start(&connector.overview().state_dir)?;
    let run = connector.start_job(job).await?;
    Ok((connector, run, log))
}
