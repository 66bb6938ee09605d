//! Running exports, in this process or in another one of the same user.

use super::Connector;
use crate::attach::{About, Found, FoundWatch, WatchStatus, find, find_watches};
use crate::error::Problem;
use crate::export::Run;
use crate::export::control::Command;
use crate::remedy::{Hint, Remedy};

impl Connector {
    /// The running exports into the chosen data space, the oldest first; none if none is chosen.
    pub async fn live_runs(&self) -> Vec<Found> {
        let Some(data_space) = self.config().saas.environment_id else { return Vec::new() };
        let mut found = find(&self.shared.state_dir).await;
        found.retain(|run| run.about.data_space == data_space);
        found
    }

    /// The oldest of them, as if it was a run of this process.
    pub async fn attach(&self) -> Option<(About, Run)> {
        let found = self.live_runs().await.into_iter().next()?;
        Some((found.about.clone(), found.attach()))
    }

    /// The watches on the chosen data space, the oldest first; none if none is chosen.
    pub async fn watches(&self) -> Vec<FoundWatch> {
        let Some(data_space) = self.config().saas.environment_id else { return Vec::new() };
        let mut found = find_watches(&self.shared.state_dir).await;
        found.retain(|watch| watch.status.data_space == data_space);
        found
    }

    /// Stops every watch on the chosen data space and every run into it, after the batches in flight; which those are. A pass ends
    /// with its watch, so it is not named as a run.
    ///
    /// # Errors
    /// A [`Problem`] if there is none, or one does not take it.
    pub async fn stop_exports(&self) -> Result<(Vec<WatchStatus>, Vec<About>), Problem> {
        let mut watches = Vec::new();
        for mut watch in self.watches().await {
            watch.stop().await?;
            watches.push(watch.status);
        }
        let is_pass = |about: &About| {
            let of_run = &about.owner;
            watches.iter().any(|WatchStatus { owner, .. }| {
                (&owner.host, owner.pid, owner.process_start) == (&of_run.host, of_run.pid, of_run.process_start)
            })
        };
        let mut runs = Vec::new();
        for mut run in self.live_runs().await.into_iter().filter(|run| !is_pass(&run.about)) {
            run.tell(Command::Stop).await?;
            runs.push(run.about);
        }
        if watches.is_empty() && runs.is_empty() { Err(no_run()) } else { Ok((watches, runs)) }
    }

    /// Tells every run into the chosen data space what to do; which those are.
    ///
    /// # Errors
    /// A [`Problem`] if there is none, or one refuses.
    pub async fn tell_runs(&self, commands: &[Command]) -> Result<Vec<About>, Problem> {
        let mut reported = Vec::new();
        for mut run in self.live_runs().await {
            for command in commands {
                run.tell(command.clone()).await?;
            }
            reported.push(run.about);
        }
        if reported.is_empty() { Err(no_run()) } else { Ok(reported) }
    }
}

/// There is nothing to follow, and nothing to tell.
fn no_run() -> Problem {
    Problem::new(crate::error::Exit::Other, "no export is running")
        .hint(Hint::from(Remedy::Status).and(" shows each feed"))
}
