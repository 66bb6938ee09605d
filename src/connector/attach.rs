//! Running exports, in this process or in another one of the same user.

use std::collections::BTreeSet;

use super::{Connector, ExportRequest};
use crate::attach::{About, Found, FoundWatch, WatchStatus, find, find_on_nodes, find_watches, together};
use crate::domain::{DataSpaceId, Feed};
use crate::error::Problem;
use crate::export::control::Command;
use crate::export::{Run, SyncMode};
use crate::remedy::{Hint, Remedy};

impl Connector {
    /// The running exports into the chosen data space, the oldest first; none if none is chosen.
    pub async fn live_runs(&self) -> Vec<Found> {
        let Some(data_space) = self.config().saas.environment_id else { return Vec::new() };
        let mut found = find(&self.shared.state_dir).await;
        found.retain(|run| run.about.data_space == data_space);
        for run in self.runs_of_nodes(&data_space).await {
            if !found.iter().any(|here| here.about.owner.is_process_of(&run.about.owner)) {
                found.push(run);
            }
        }
        found.sort_by_key(|run| run.about.owner.since);
        found
    }

    /// The runs that other nodes see as well. Who looks on sees those of this node even if the database does not answer.
    async fn runs_of_nodes(&self, data_space: &DataSpaceId) -> Vec<Found> {
        let runs = match self.cluster().await {
            Ok(None) => return Vec::new(),
            Ok(Some(cluster)) => find_on_nodes(&cluster, data_space).await,
            Err(problem) => Err(problem),
        };
        runs.unwrap_or_else(|problem| {
            tracing::warn!(%problem, "the runs of other nodes cannot be seen");
            Vec::new()
        })
    }

    /// Whether running exports do already what is asked for: a full export does what a full or a partial one would, a retry what the
    /// same retry would. Connects to the source.
    ///
    /// # Errors
    /// A [`Problem`] if the source cannot say which feeds are meant.
    pub async fn is_done_by_others(&self, request: &ExportRequest) -> Result<bool, Problem> {
        let mode = match &request.mode {
            SyncMode::Full | SyncMode::Partial(_) => SyncMode::Full,
            retry @ SyncMode::Retry { .. } => retry.clone(),
            SyncMode::ByIds { .. } | SyncMode::Cleanup => return Ok(false),
        };
        let wanted = self.planned_feeds(&self.source().await?, &request.feeds).await?;
        let runs = self.live_runs().await;
        let done = runs.iter().filter(|run| does(&run.about, &mode)).flat_map(|run| &run.about.feeds);
        let done: BTreeSet<Feed> = done.copied().collect();
        Ok(wanted.iter().all(|feed| done.contains(feed)))
    }

    /// The oldest of them, as if it was a run of this process; with those of other nodes that share its export.
    pub async fn attach(&self) -> Option<(About, Run)> {
        let mut runs = self.live_runs().await;
        let about = runs.first()?.about.clone();
        runs.retain(|run| run.about.request == about.request);
        if self.has_shared_ledger() && runs.len() > 1 {
            return Some((about, together(runs)));
        }
        Some((about, runs.into_iter().next()?.attach()))
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
            watches.iter().any(|WatchStatus { owner, .. }| owner.is_process_of(of_run))
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

/// Whether a run goes through its feeds in this way: it says so in the words of its request.
fn does(about: &About, mode: &SyncMode) -> bool {
    let words = |feeds: &[Feed]| {
        ExportRequest { feeds: feeds.to_vec(), mode: mode.clone(), ..ExportRequest::default() }.words()
    };
    let of_one = about.feeds.len() == 1 && about.request.as_str() == words(&about.feeds);
    of_one || about.request.as_str() == words(&[])
}

/// There is nothing to follow, and nothing to tell.
fn no_run() -> Problem {
    Problem::new(crate::error::Exit::Other, "no export is running")
        .hint(Hint::from(Remedy::Status).and(" shows each feed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::owner::Owner;

    #[test]
    fn a_run_does_what_its_words_say_and_a_dry_or_another_run_does_not() {
        let about = |request: &str, feeds: &[Feed]| About {
            owner: Owner::this_process(),
            request: request.into(),
            data_space: "space".parse().expect("an id"),
            feeds: feeds.to_vec(),
        };
        let two = [Feed::Products, Feed::Prices];
        for (request, feeds, is_full, is_retry) in [
            ("Export", &two[..], true, false),
            ("Export of products", &two[..1], true, false),
            ("Export of prices", &two[..1], false, false),
            ("Partial sync", &two[..], false, false),
            ("Watch pass", &two[..], false, false),
            ("Retry of failed items", &two[..], false, true),
            ("Dry run", &two[..], false, false),
        ] {
            let about = about(request, feeds);
            assert_eq!(
                (does(&about, &SyncMode::Full), does(&about, &SyncMode::RETRY_ALL)),
                (is_full, is_retry),
                "{request}"
            );
        }
    }
}
