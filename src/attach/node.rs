//! Runs of other nodes, seen and controlled through the database that they share.

use std::time::Duration;

use super::wire::About;
use crate::cluster::{Cluster, RENEW_EVERY, WorkerKind, WorkerRow};
use crate::domain::{DataSpaceId, Feed};
use crate::error::{Exit, Problem};
use crate::export::control::Command;
use crate::export::nodes::Order;
use crate::export::owner::Owner;
use crate::export::progress::{Progress, RunReport};

/// How long a worker may take to see what is asked of it: it looks each time that it renews its lease.
const PATIENCE: Duration = Duration::from_secs(5 * RENEW_EVERY.as_secs());

/// The way to a run of another node.
#[derive(Debug)]
pub(super) struct NodeLink {
    cluster: Cluster,
    worker: u64,
}

/// How a run of another node stands.
pub(super) enum Standing {
    /// It runs, and is so far.
    Running(Box<Progress>),
    /// It ended like this.
    Ended(Box<RunReport>),
    /// It ended, and nobody knows how.
    Gone,
}

/// The runs into a data space that are at work, of this node and of others, oldest first.
///
/// # Errors
/// A [`Problem`] if the database cannot be asked.
pub(super) async fn find(
    cluster: &Cluster,
    data_space: &DataSpaceId,
) -> Result<Vec<(About, Progress, NodeLink)>, Problem> {
    let workers = cluster.workers(data_space).await.map_err(|error| Problem::of(&error))?;
    let is_run = |worker: &WorkerRow| worker.kind == WorkerKind::Run && !worker.has_ended;
    let found = workers.into_iter().filter(is_run).filter_map(|worker| {
        let owner: Owner = serde_json::from_str(&worker.owner).ok()?;
        // A worker that has only just begun has none.
        let progress: Progress = serde_json::from_str(worker.progress.as_deref()?).ok()?;
        let feeds: Vec<Feed> = progress.feeds.iter().map(|feed| feed.feed).collect();
        let about = About { owner, request: worker.request, data_space: data_space.clone(), feeds };
        Some((about, progress, NodeLink { cluster: cluster.clone(), worker: worker.id }))
    });
    Ok(found.collect())
}

impl NodeLink {
    /// Asks something of the run, and waits until it has seen that.
    ///
    /// # Errors
    /// A [`Problem`] if the database cannot be written, or the run does not look.
    pub async fn tell(&self, about: &About, command: Command) -> Result<(), Problem> {
        let by = Owner::this_process().name().into();
        let order = Order { number: fastrand::u64(..), commands: vec![command], by };
        // Numbers and words always serialize.
        let order = serde_json::to_string(&order).unwrap_or_default();
        let problem = |error| Problem::of(&error);
        self.cluster.want(self.worker, &order).await.map_err(problem)?;
        let taken = tokio::time::timeout(PATIENCE, async {
            while !self.cluster.has_seen(self.worker, &order).await.map_err(problem)? {
                tokio::time::sleep(RENEW_EVERY / 8).await;
            }
            Ok(())
        });
        taken.await.unwrap_or_else(|_| {
            Err(Problem::new(Exit::TryAgain, format!("the run of {} does not respond", about.owner.name())))
        })
    }

    /// How the run stands.
    ///
    /// # Errors
    /// A [`Problem`] if the database cannot be read.
    pub async fn look(&self) -> Result<Standing, Problem> {
        let Some(worker) = self.cluster.worker(self.worker).await.map_err(|error| Problem::of(&error))? else {
            return Ok(Standing::Gone);
        };
        let report = worker.report.and_then(|report| serde_json::from_str(&report).ok());
        let progress = worker.progress.filter(|_| !worker.has_ended);
        let progress = progress.and_then(|progress| serde_json::from_str(&progress).ok());
        Ok(match (report, progress) {
            (Some(report), _) => Standing::Ended(report),
            (None, Some(progress)) => Standing::Running(progress),
            (None, None) => Standing::Gone,
        })
    }
}
