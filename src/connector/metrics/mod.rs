//! Figures for a monitoring system: printed, as a file for `node_exporter`'s textfile collector, and at an endpoint.

mod endpoint;
mod tally;
mod text;

use std::path::{Path, PathBuf};

use super::{Connector, explained};
use crate::error::{Exit, Problem};
use crate::export::ledger;
use crate::private_file::safe;
pub(super) use endpoint::Endpoint;
pub(super) use tally::Tally;
pub use text::Format;
use text::{Figures, RunState};

impl Connector {
    /// All figures of the data space in use. Makes no request.
    ///
    /// # Errors
    /// A [`Problem`] if the ledger is there and cannot be read.
    pub async fn metrics(&self, format: Format) -> Result<String, Problem> {
        let runs = self.live_runs().await;
        let state = match runs.first().map(|run| &run.progress) {
            None => RunState::Idle,
            Some(progress) if progress.stopping => RunState::Stopping,
            Some(progress) if progress.paused.is_some() => RunState::Paused,
            Some(_) => RunState::Running,
        };
        let this = self.clone();
        let read = tokio::task::spawn_blocking(move || this.figures(runs.len(), state)).await;
        let figures =
            read.map_err(|error| Problem::new(Exit::Other, format!("the metrics could not be read: {error}")))?;
        Ok(text::write(&figures?, format))
    }

    /// Writes them to `[metrics] file`, if that is set: whole, or not at all.
    ///
    /// # Errors
    /// A [`Problem`] that names the file.
    pub async fn write_metrics(&self) -> Result<(), Problem> {
        let store = self.store();
        let Some(file) = store.config().metrics.file.as_deref().map(|file| store.resolve(file)) else { return Ok(()) };
        let text = self.metrics(Format::Prometheus).await?;
        let shown = safe(&file);
        write(file, text).await.map_err(|error| {
            Problem::new(Exit::Other, format!("the metrics file {shown} cannot be written: {error}"))
                .hint("let this user write its directory, or change metrics.file")
        })
    }

    /// Answers at `[metrics] listen`, if that is set, for as long as the result is kept. While a watch of this installation does so,
    /// nothing else does.
    ///
    /// # Errors
    /// A [`Problem`] that names the address or the socket: a run goes on without it.
    pub async fn serve_metrics(&self) -> Result<Option<MetricsEndpoint>, Problem> {
        let is_served = self.config().metrics.listen.is_none() || !self.watches().await.is_empty();
        if is_served {
            return Ok(None);
        }
        let mut endpoint = Endpoint::default();
        endpoint.keep(self).await?;
        Ok(Some(MetricsEndpoint { _endpoint: endpoint }))
    }

    fn figures(&self, runs: usize, state: RunState) -> Result<Figures, Problem> {
        let overview = self.overview();
        let space = overview.data_space.map(|(id, ..)| id);
        let (feeds, pending) = match self.ledger()? {
            Some(ledger) => (ledger.summary().map_err(explained)?, ledger.oldest_pending().map_err(explained)?),
            None => Default::default(),
        };
        let allowed = self.config().gateway.requests_per_second;
        let tally = self.tally();
        let (requests, allowance) = (tally.requests(), tally.allowance_used(allowed));
        drop(tally);
        Ok(Figures {
            environment: overview.environment,
            ledger_bytes: space.as_ref().map(|space| ledger::size(&self.shared.state_dir, space)),
            data_space: space,
            runs,
            state,
            feeds,
            pending,
            requests,
            allowance,
        })
    }
}

/// The endpoint of a run; it closes when this is dropped.
#[derive(Debug)]
pub struct MetricsEndpoint {
    _endpoint: Endpoint,
}

/// Beside the file first, then in its place, so that nobody reads half of it. Others may read it: it holds no secret.
async fn write(file: PathBuf, text: String) -> std::io::Result<()> {
    let new = beside(&file);
    tokio::fs::write(&new, text).await?;
    let renamed = tokio::fs::rename(&new, &file).await;
    if renamed.is_err() {
        // What is left would be read as another file by some collectors.
        let _ = tokio::fs::remove_file(&new).await;
    }
    renamed
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    file.with_file_name(name)
}
